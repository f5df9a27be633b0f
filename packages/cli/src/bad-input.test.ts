// What is wrong is told with its place, in words, with what would be right; and the exit code says whose fault it is.

import { existsSync } from 'node:fs';
import { afterAll, describe, it } from 'vitest';
import { CAMPUS, Folder, netarium, type Outcome } from './testing/command.ts';

const folder = new Folder();
afterAll(() => folder.remove());

describe.concurrent('a scenario that is wrong: file, line, column, what to write instead; 2', () => {
  it.for<[string, string, string]>([
    [
      'an unknown kind',
      'nodes:\n  sw1:\n    kind: swich\n',
      ':3:11: unknown kind "swich"; expected one of host, router, gateway, switch, hub. Did you mean "switch"?',
    ],
    [
      'an address that is used twice',
      'nodes:\n  a: { kind: host, interfaces: { eth0: 10.0.0.1/24 } }\n  b: { kind: host, interfaces: { eth0: 10.0.0.1/24 } }\n',
      ':3:40: 10.0.0.1 is the address of "a:eth0" already (line 2); expected an address of its own. Did you mean "10.0.0.2/24"?',
    ],
    [
      'a link to a port that is missing',
      'nodes:\n  a: { kind: host, interfaces: { eth0: 10.0.0.1/24 } }\n  sw: { kind: switch, ports: 4 }\nlinks:\n  - endpoints: [a:eth0, sw:5]\n',
      ':5:25: the switch "sw" has no port "5"; expected a port from 1 to 4',
    ],
    [
      'a link to an interface that is missing',
      'nodes:\n  a: { kind: host, interfaces: { eth0: 10.0.0.1/24 } }\n  h: { kind: hub }\nlinks:\n  - endpoints: [a:eth1, h]\n',
      ':5:17: "a" has no interface "eth1"; expected eth0. Did you mean "a:eth0"?',
    ],
    [
      'an impossible unit',
      'nodes:\n  a: { kind: hub }\n  b: { kind: hub }\nlinks:\n  - endpoints: [a, b]\n    delay: 10 furlongs\n',
      ':6:12: ',
    ],
    ['what is not YAML', 'nodes: [a, b\nlinks:\n', ':'],
    ['nothing at all', '', ':1:1: '],
  ])('%s', async ([name, text, expected], { expect }) => {
    const file = folder.file(`${name.replaceAll(' ', '-')}.yaml`, text);
    const { code, out, err } = await netarium(['check', file]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(file + expected);
    expect(err).toMatch(/:\d+:\d+: .*; expected .+/);
  });

  it('whichever command reads it', async ({ expect }) => {
    const file = folder.file('bad.yaml', 'nodes: 5\n');
    const outcomes = await Promise.all([
      netarium(['check', file]),
      netarium(['run', file]),
      netarium(['exec', file, 'a', '--', 'ping']),
    ]);
    for (const { code, out, err } of outcomes) {
      expect([code, out, err]).toEqual([2, '', outcomes[0]!.err]);
      expect(err).toContain(`${file}:1:8: `);
    }
  });
});

describe.concurrent('a command line that is wrong: 2', () => {
  it.for<[string[], RegExp]>([
    [[], /Usage: netarium/],
    [['frob'], /unknown command 'frob'/],
    [['run'], /missing required argument 'file'/],
    [['run', CAMPUS, '--sped', '1x'], /unknown option '--sped'\n\(Did you mean .*--speed\?\)/],
    [['run', CAMPUS, '--for', '5 apples'], /--for: "5 apples" has no unit of time that is known .*write it like 5ms/],
    [['run', CAMPUS, '--speed', '0'], /write 1x, 0\.1x, 10x or max/],
    [['run', CAMPUS, '--speed', 'fast'], /write 1x, 0\.1x, 10x or max/],
    [
      ['run', CAMPUS, '--interface', 'alice:eth0'],
      /--interface is about a capture: say where to write it, --pcap FILE/,
    ],
    [['run', CAMPUS, '--every-hop'], /--every-hop is about a capture/],
    [['run', 'no/such/file.yaml'], /netarium: no\/such\/file\.yaml: No such file or directory; give the path/],
    [['run', '/tmp'], /netarium: \/tmp: Is a directory/],
    [
      ['exec', CAMPUS, 'alice'],
      /say what to run on alice: netarium exec examples\/campus\.yaml alice -- ping -c 3 web/,
    ],
    [['exec', CAMPUS, 'alice', 'ping', '-c', '1', 'web'], /unknown option '-c'\n.*--/],
    [['exec', CAMPUS, 'alice', '--', 'ping', '-c', 'many', 'web'], /^ping: invalid argument: 'many'/],
  ])('%j', async ([args, message], { expect }) => {
    const { code, err } = await netarium(args);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });
});

describe.concurrent('what fails while it runs: in the words of POSIX; 1', () => {
  const on = (node: string, ...command: string[]) => ['exec', CAMPUS, node, '--', ...command];

  it.for<[string, string[], RegExp]>([
    [
      'an unknown node',
      on('nobody', 'ping', 'web'),
      /^netarium: nobody: Name or service not known; .* the hosts are alice, /,
    ],
    [
      'a node without programs',
      on('sw1', 'ping', 'web'),
      /^netarium: sw1: Operation not supported; there are no programs on sw1/,
    ],
    ['a port in use', on('web', 'httpd', '/srv'), /^httpd: .*Address already in use\n$/],
    ['a refused connection', on('alice', 'get', 'http://bob/'), /^get: .*Connection refused\n$/],
    ['an unreachable network', on('alice', 'nc', '192.168.7.7', '80'), /^nc: .*Network is unreachable\n$/],
    ['a host that is not there', on('alice', 'nc', '10.0.1.77', '80'), /^nc: .*No route to host\n$/],
    ['an unknown name', on('alice', 'get', 'http://nowhere/'), /^get: .*Name or service not known\n$/],
    [
      'an unknown interface',
      ['run', CAMPUS, '--pcap', folder.file('x.pcapng'), '--interface', 'alice:eth7'],
      /^netarium: alice:eth7: No such device; the interfaces of alice are eth0\n$/,
    ],
  ])('%s', async ([, args, message], { expect }) => {
    const { code, err } = await netarium(args);
    expect(err).toMatch(message);
    expect(code).toBe(1);
  });

  it('a capture file that cannot be written; the rest goes on', async ({ expect }) => {
    const outcomes: Outcome[] = await Promise.all([
      netarium(['exec', CAMPUS, 'alice', '--pcap', '/nonexistent/x.pcapng', '--', 'ping', '-c', '1', 'web']),
      netarium(['run', CAMPUS, '--for', '1s', '--pcap', folder.path]),
    ]);
    expect(outcomes[0]).toMatchObject({
      code: 1,
      err: 'netarium: cannot write /nonexistent/x.pcapng: No such file or directory; going on without it\n',
    });
    expect(outcomes[0]!.out).toContain('1 packets transmitted, 1 received');
    expect(outcomes[1]).toMatchObject({
      code: 1,
      err: `netarium: cannot write ${folder.path}: Is a directory; going on without it\n`,
    });
    expect(outcomes[1]!.out).toMatch(/^time +1s/);
    expect(outcomes[1]!.out).not.toContain('capture');
  });

  it('a disk that is full', async ({ expect, skip }) => {
    if (!existsSync('/dev/full')) skip('needs /dev/full');
    const { code, err } = await netarium(['run', CAMPUS, '--for', '1s', '--pcap', '/dev/full']);
    expect(err).toBe('netarium: cannot write /dev/full: No space left on device; going on without it\n');
    expect(code).toBe(1);
  });

  it("a command's own exit code is the command's", async ({ expect }) => {
    expect(await netarium(on('alice', 'nonesuch'))).toMatchObject({
      code: 127,
      err: expect.stringMatching(/^nonesuch: command not found; there are .*httpd/),
    });
    expect((await netarium(on('alice', 'ping', '-c', '1', '-W', '1', '10.0.1.77'))).code).toBe(1);
  });

  it('a program that would wait for ever is ended, and that is told', async ({ expect }) => {
    expect(await netarium(on('alice', 'nc', '-l', '7'))).toEqual({
      code: 137,
      out: '',
      err: 'netarium: nothing is left to happen, and nc would wait for ever; it is ended\n',
    });
  });
});
