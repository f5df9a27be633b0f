import { utf8Decode, utf8Encode } from '@netarium/stack/base/utf8';
import type { Process } from '@netarium/stack/host/process';
import type { ByteInput } from '@netarium/stack/host/program';
import { Network } from '../network.ts';

/** What a command said and how it ended. */
export interface Ran {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

/** A process under way, with what it has said so far. */
export interface Started {
  readonly process: Process;
  out: string;
  err: string;
  /** Types into it; null ends the input. */
  type(text: string | null): void;
}

/**
 *     alice 10.0.1.10 --.
 *                        sw --- r 10.0.1.1 / 10.0.2.1 --- web 10.0.2.10
 *     bob   10.0.1.20 --'
 */
export class SmallLab {
  readonly network = new Network({ seed: 1 });

  constructor() {
    const { network } = this;
    network.host('alice', { interfaces: { eth0: '10.0.1.10/24' }, gateway: '10.0.1.1' });
    network.host('bob', { interfaces: { eth0: '10.0.1.20/24' }, gateway: '10.0.1.1' });
    network.host('web', { interfaces: { eth0: '10.0.2.10/24' }, gateway: '10.0.2.1' });
    network.router('r', { interfaces: { eth0: '10.0.1.1/24', eth1: '10.0.2.1/24' } });
    network.switch('sw');
    network.link(['alice:eth0', 'sw:1']);
    network.link(['bob:eth0', 'sw:2']);
    network.link(['r:eth0', 'sw:3']);
    network.link(['r:eth1', 'web:eth0'], { delay: '1ms', name: 'far' });
  }

  /** Starts a command line; its input stays open until it is ended, if it is given any. */
  start(host: string, line: string, input?: string, terminal = false): Started {
    const stdin = new TypedInput(terminal);
    if (input !== undefined) stdin.push(input);
    const started: Started = {
      process: null as unknown as Process,
      out: '',
      err: '',
      type: (text) => stdin.push(text),
    };
    const process = this.network.hostNamed(host).start(line, {
      stdin,
      stdout: { write: (bytes) => (started.out += utf8Decode(bytes)) },
      stderr: { write: (bytes) => (started.err += utf8Decode(bytes)) },
    });
    return Object.assign(started, { process });
  }

  /** Runs a command line to its end, with `input` and no more on its stdin. */
  async run(host: string, line: string, input = ''): Promise<Ran> {
    const started = this.start(host, line, input);
    started.type(null);
    return this.end(started);
  }

  /** Lets time run until a process has ended. */
  async end(started: Started): Promise<Ran> {
    const code = await this.network.run(() => started.process.exited);
    return { out: started.out, err: started.err, code };
  }

  async pass(seconds: number): Promise<void> {
    await this.network.run({ for: seconds });
  }
}

class TypedInput implements ByteInput {
  private readonly pieces: (Uint8Array | null)[] = [];
  private waiting: ((bytes: Uint8Array | null) => void) | null = null;
  readonly terminal: boolean;

  constructor(terminal: boolean) {
    this.terminal = terminal;
  }

  push(text: string | null): void {
    this.pieces.push(text === null ? null : utf8Encode(text));
    const { waiting } = this;
    if (waiting === null) return;
    this.waiting = null;
    waiting(this.pieces.shift()!);
  }

  read(): Promise<Uint8Array | null> {
    const first = this.pieces[0];
    if (first === null) return Promise.resolve(null);
    if (first !== undefined) return Promise.resolve(this.pieces.shift()!);
    return new Promise((resolve) => {
      this.waiting = resolve;
    });
  }
}
