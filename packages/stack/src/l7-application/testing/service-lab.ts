import { utf8Decode, utf8Encode } from '../../base/utf8.ts';
import type { Host } from '../../host/host.ts';
import { MemoryFiles } from '../../host/memory-files.ts';
import type { Process } from '../../host/process.ts';
import type { LinkDescription } from '../../network/description.ts';
import { Network } from '../../network/network.ts';
import { FakePlatform } from '../../network/testing/fake-platform.ts';

/** What a command said and how it ended. */
export interface Ran {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

/**
 * A server and two clients on one switch, with IPv4 and IPv6:
 *
 *     server 10.0.0.1, 2001:db8::1 --- sw --- alice 10.0.0.2, 2001:db8::2
 *                                        '--- bob   10.0.0.3, 2001:db8::3
 */
export class ServiceLab {
  readonly network: Network;
  readonly server: Host;
  readonly alice: Host;
  readonly bob: Host;
  /** What the server's programs said, of both kinds. */
  said = '';

  constructor(
    files: Readonly<Record<string, string | Uint8Array>> = {},
    line: Omit<LinkDescription, 'endpoints'> = { delay: '1ms' },
    seed: number | string = 1,
  ) {
    const network = new Network({ platform: new FakePlatform(), seed });
    this.network = network;
    network.pool.track();
    network.switch('sw');
    const hosts = ['server', 'alice', 'bob'].map((name, index) => {
      const eth0 = { address: [`10.0.0.${index + 1}/24`, `2001:db8::${index + 1}/64`] };
      const host = network.host(name, { interfaces: { eth0 } });
      network.link([`${name}:eth0`, 'sw'], name === 'server' ? line : { delay: '1ms' });
      host.files.mount('/', new MemoryFiles(name === 'server' ? files : {}));
      return host;
    });
    [this.server, this.alice, this.bob] = hosts as [Host, Host, Host];
  }

  /** Starts a program that serves. */
  serve(command: string): Process {
    const write = (bytes: Uint8Array): void => void (this.said += utf8Decode(bytes));
    return this.server.start(command, { stdout: { write }, stderr: { write } });
  }

  /** Runs a command to its end, with these lines typed at once. */
  async run(host: 'server' | 'alice' | 'bob', command: string, input = ''): Promise<Ran> {
    let out = '';
    let err = '';
    let left: Uint8Array | null = input === '' ? null : utf8Encode(input);
    const code = await this.network.run(
      () =>
        this.network.hostNamed(host).start(command, {
          stdin: {
            read: async () => {
              const bytes = left;
              left = null;
              return bytes;
            },
          },
          stdout: { write: (bytes) => void (out += utf8Decode(bytes)) },
          stderr: { write: (bytes) => void (err += utf8Decode(bytes)) },
        }).exited,
    );
    return { out, err, code };
  }

  /** Lets time pass. */
  async pass(seconds: number): Promise<void> {
    await this.network.run({ for: seconds });
  }
}
