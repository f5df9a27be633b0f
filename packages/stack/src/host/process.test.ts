import { beforeEach, describe, expect, it } from 'vitest';
import { Errno, NetError } from '../base/errors.ts';
import { utf8Decode, utf8Encode } from '../base/utf8.ts';
import { Network } from '../network/network.ts';
import { FakePlatform } from '../network/testing/fake-platform.ts';
import type { Host } from './host.ts';
import type { Process, Signal } from './process.ts';
import { type ByteInput, type Program, UsageError } from './program.ts';

let network: Network;
let host: Host;
let output: string[];

beforeEach(() => {
  network = new Network({ platform: new FakePlatform() });
  host = network.host('alice', { interfaces: { eth0: '10.0.0.1/24' } });
  network.link(['alice', network.hub('hub').name]);
  output = [];
});

const stream = (name: string) => ({ write: (bytes: Uint8Array) => void output.push(`${name}: ${utf8Decode(bytes)}`) });

function start(main: Program['main'], args: string[] = [], stdin?: ByteInput): Process {
  const program = { name: 'prog', summary: 'a test', usage: 'usage: prog', main };
  const streams = { stdout: stream('out'), stderr: stream('err') };
  return host.begin(program, args, stdin === undefined ? streams : { ...streams, stdin });
}

const ended = (process: Process) => network.run(() => process.exited);

/** Sends a signal at a time, in seconds. */
const signalAt = (process: Process, seconds: number, signal?: Signal) =>
  network.queue.at(seconds * 1e9, { run: () => process.kill(signal) }, 0);

describe("a program's end", () => {
  it('its value is the exit code; its descriptors are closed', async () => {
    const process = start(
      async ({ sockets, args, print }) => {
        sockets.socket();
        return args.length + Number(print === undefined);
      },
      ['a', 'b', 'c'],
    );
    expect([process.pid, host.processes.get(process.pid)]).toEqual([1, process]);
    expect(await ended(process)).toBe(3);
    expect(process.sockets.descriptors.numbers()).toEqual([]);
    expect([host.processes.size, host.failures]).toEqual([0, 1]);
    expect(await ended(start(async () => 0))).toBe(0);
    expect(host.failures).toBe(1);
  });

  it('what it throws is told in words, with the code that they have in a shell', async () => {
    const thrown = async (error: unknown) => {
      output = [];
      const code = await ended(
        start(async () => {
          throw error;
        }),
      );
      return [code, output.join('')];
    };
    expect(await thrown(new NetError(Errno.ECONNREFUSED, 'connect', '10.0.0.9:80'))).toEqual([
      1,
      'err: prog: connect ECONNREFUSED 10.0.0.9:80: Connection refused\n',
    ]);
    expect(await thrown(new UsageError('no such option'))).toEqual([
      2,
      "err: prog: no such option\nTry 'prog --help'.\n",
    ]);
    const [code, text] = await thrown(new TypeError('a bug'));
    expect(code).toBe(70);
    expect(text).toMatch(/^err: prog: TypeError: a bug\n {4}at .*process\.test\.ts/);
    expect(await thrown('a text')).toEqual([70, 'err: prog: a text\n']);
  });

  it('--help prints how it is used, and does not run it', async () => {
    const process = start(async () => {
      throw new Error('it ran');
    }, ['--help']);
    expect(await ended(process)).toBe(0);
    expect(output).toEqual(['out: usage: prog\n']);
  });

  it('the caller has the process before the program starts', async () => {
    let started = false;
    const process = start(async () => {
      started = true;
      return 0;
    });
    expect(started).toBe(false);
    await ended(process);
    expect(started).toBe(true);
  });
});

describe('a signal', () => {
  it('ends a sleep', async () => {
    const process = start(async (self) => {
      self.print(`${await self.sleep(1)} `);
      self.print(`${await self.sleep(1000)} at ${network.now / 1e9}`);
      self.print(` ${await self.sleep(1)}`);
      return 0;
    });
    signalAt(process, 3, 'SIGINT');
    expect(await ended(process)).toBe(0);
    expect(output.join('')).toBe('out: true out: false at 3out:  false');
    // And the sleep's event is gone: nothing is left to happen.
    expect(network.queue.pending).toBe(0);
  });

  it.each<[Signal, number]>([
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGKILL', 137],
  ])('%s ends a program that is blocked in accept: %i', async (signal, code) => {
    const process = start(async ({ sockets }) => {
      const s = sockets.socket();
      s.bind(['', 80]);
      s.listen();
      await s.accept();
      return 0;
    });
    signalAt(process, 5, signal);
    expect(await ended(process)).toBe(code);
    expect([network.now, output]).toEqual([5e9, []]);
    // The port is free again.
    const again = host.sockets.create_server(['', 80]);
    again.close();
  });

  it('lets a program say its last words, and give its own exit code', async () => {
    const process = start(async (self) => {
      let count = 0;
      while (await self.sleep(1)) count++;
      self.print(`${count} done, ${self.signalled}`);
      return 4;
    });
    signalAt(process, 3.5, 'SIGINT');
    expect(await ended(process)).toBe(4);
    expect(output).toEqual(['out: 3 done, SIGINT']);
  });

  it('ends the input that it reads from', async () => {
    const never: ByteInput = { read: () => new Promise(() => {}) };
    const process = start(
      async (self) => {
        self.print(`${await self.stdin.read()} ${await self.stdin.read()}`);
        return 0;
      },
      [],
      never,
    );
    signalAt(process, 1);
    expect(await ended(process)).toBe(0);
    expect(output).toEqual(['out: null null']);
  });

  it('comes once, but for SIGKILL, which no program outlives', async () => {
    const process = start(async ({ sockets, print }) => {
      await sockets.sleep(1e6).then(() => print('too late'));
      return 0;
    });
    signalAt(process, 1, 'SIGINT');
    signalAt(process, 2, 'SIGTERM');
    signalAt(process, 3, 'SIGKILL');
    expect(await ended(process)).toBe(137);
    expect([network.now, process.signalled, host.processes.size]).toEqual([3e9, 'SIGKILL', 0]);
    process.kill('SIGKILL');
    expect(await network.run()).toBe('idle');
    expect(output).toEqual([]);
  });

  it('tells who asked, until they no longer want to know', async () => {
    const told: string[] = [];
    const process = start(async (self) => {
      self.onSignal(() => told.push('first'));
      self.onSignal(() => told.push('second'))();
      await self.untilSignal();
      told.push('third');
      await self.untilSignal();
      return 0;
    });
    signalAt(process, 1);
    expect(await ended(process)).toBe(0);
    expect(told).toEqual(['first', 'third']);
  });

  it('before the program has begun keeps it from beginning', async () => {
    let begun = false;
    const process = start(async () => {
      begun = true;
      return 0;
    });
    process.kill('SIGTERM');
    expect(await ended(process)).toBe(143);
    expect(begun).toBe(false);
  });

  it('after its end changes nothing', async () => {
    const process = start(async () => 0);
    await ended(process);
    process.kill('SIGKILL');
    expect(process.signalled).toBe(null);
    expect(host.failures).toBe(0);
  });
});

describe('standard streams', () => {
  it('without any there is no input, and output goes nowhere', async () => {
    const program: Program = {
      name: 'p',
      summary: '',
      usage: '',
      main: async (self) => {
        self.print('x');
        self.complain('y');
        return (await self.stdin.read()) === null ? 0 : 1;
      },
    };
    expect(await ended(host.begin(program))).toBe(0);
  });

  it('input comes as it is given, then its end', async () => {
    const chunks = [utf8Encode('a'), utf8Encode('b'), null, null];
    const process = start(
      async (self) => {
        for (let chunk = await self.stdin.read(); chunk !== null; chunk = await self.stdin.read()) {
          self.stdout.write(chunk);
        }
        return 0;
      },
      [],
      { read: async () => chunks.shift()! },
    );
    expect(await ended(process)).toBe(0);
    expect(output).toEqual(['out: a', 'out: b']);
  });

  it('input that fails is an error of the program', async () => {
    const failing: ByteInput = { read: () => Promise.reject(new NetError(Errno.EIO, 'read')) };
    const process = start(async (self) => ((await self.stdin.read()) === null ? 0 : 1), [], failing);
    expect(await ended(process)).toBe(1);
    expect(output).toEqual(['err: prog: read EIO: Input/output error\n']);
  });
});
