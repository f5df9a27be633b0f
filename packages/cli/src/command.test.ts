// The command as people use it: options, streams, signals.

import { readFileSync } from 'node:fs';
import { expertProblems, itWithTshark, tshark } from '@netarium/node/testing/tshark';
import { readCapture } from '@netarium/stack/inspect/capture-reader';
import { afterAll, describe, it } from 'vitest';
import { CAMPUS, Folder, netarium, Running } from './testing/command.ts';

const folder = new Folder();
afterAll(() => folder.remove());

/** Two hosts; bob says hello to alice every second, in virtual time. */
const CHATTY = `
nodes:
  alice: { kind: host, interfaces: { eth0: 10.0.0.1/24 } }
  bob:   { kind: host, interfaces: { eth0: 10.0.0.2/24 } }
links:
  - { endpoints: [alice, bob], rate: 10Mbit, delay: 1ms, jitter: 1ms }
services:
  - { node: bob, run: "ping -c 5 alice" }
`;

const fingerprint = (out: string) => /^fingerprint +([0-9a-f]{16})$/m.exec(out)?.[1];

describe.concurrent('run', () => {
  it('runs the services, and tells what it came to', async ({ expect }) => {
    const { code, out, err } = await netarium(['run', folder.file('chatty.yaml', CHATTY)]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^bob: PING alice \(10\.0\.0\.1\)/);
    expect(out).toContain('bob: 5 packets transmitted, 5 received, 0% packet loss');
    expect(out).toMatch(/^time +\d\.\d+s of the network in \d/m);
    expect(out).toMatch(/^deliveries +\d+ frames$/m);
    expect(out).toMatch(/^drops +none$/m);
    expect(fingerprint(out)).toBeDefined();
  });

  it('the same seed gives the same bytes at the same times, another seed others', async ({ expect }) => {
    const file = folder.file('seeds.yaml', CHATTY);
    const seeds = ['1', '1', '2', 'two', 'two'];
    const outputs = await Promise.all([
      netarium(['run', file]),
      ...seeds.map((seed) => netarium(['run', file, '--seed', seed])),
    ]);
    const [own, one, again, two, text, textAgain] = outputs.map(({ out }) => fingerprint(out));
    expect([own, again, textAgain]).toEqual([one, one, text]);
    expect(new Set([one, two, text]).size).toBe(3);
  });

  it('--for ends it, in network time, which need not take real time', async ({ expect }) => {
    const { code, out } = await netarium(['run', CAMPUS, '--for', '2h']);
    expect(code).toBe(0);
    expect(out).toMatch(/^time +2h of the network/m);
  });

  it('--speed paces it', async ({ expect }) => {
    const file = folder.file('paced.yaml', CHATTY);
    const from = process.hrtime.bigint();
    const { code, out } = await netarium(['run', file, '--speed', '10x']);
    const seconds = Number(process.hrtime.bigint() - from) / 1e9;
    expect(code).toBe(0);
    expect(out).toContain('5 packets transmitted, 5 received');
    expect(seconds).toBeGreaterThan(0.4);
  });

  it('a service that fails is told with its node and exit code; the rest goes on', async ({ expect }) => {
    const file = folder.file(
      'failing.yaml',
      `${CHATTY}  - { node: alice, run: "htpd /srv" }\n  - { node: alice, run: "nc bob 9", at: 1s }\n  - { node: bob, run: "echo done", at: 2s }\n`,
    );
    const { code, out, err } = await netarium(['run', file]);
    expect(code).toBe(1);
    expect(err.split('\n')).toEqual([
      'alice: htpd: command not found; did you mean httpd?',
      'netarium: alice: htpd /srv: ended with exit code 127',
      expect.stringMatching(/^alice: nc: .*Connection refused$/),
      'netarium: alice: nc bob 9: ended with exit code 1',
      '',
    ]);
    expect(out).toContain('bob: done\n');
    expect(out).toContain('bob: 5 packets transmitted, 5 received');
    expect(out).toMatch(/^time/m);
  });

  it('says how a network ends in which something always happens', async ({ expect }) => {
    const file = folder.file(
      'leases.yaml',
      'nodes: { a: { kind: host, interfaces: { eth0: dhcp } }, b: { kind: host, interfaces: { eth0: { address: 10.0.0.2/24, dhcp: true } } } }\nlinks: [{ endpoints: [a, b] }]\n',
    );
    const running = new Running(['run', file]);
    await running.until(/never rest: this ends with Ctrl-C, or with --for/);
    running.kill('SIGINT');
    expect((await running.ended).code).toBe(0);
  });

  it('drops are told with their reasons', async ({ expect }) => {
    const file = folder.file(
      'lossy.yaml',
      CHATTY.replace('jitter: 1ms', 'name: bad, loss: 40%').replace('-c 5', '-c 50'),
    );
    const { out } = await netarium(['run', file]);
    expect(out).toMatch(/^drops +\d+ at link bad: lost on the line \(the scenario says so\)$/m);
  });
});

describe.concurrent('captures', () => {
  itWithTshark('--pcap: each packet once, and tshark finds nothing wrong', async ({ expect }) => {
    const path = folder.file('origin.pcapng');
    const { code, out } = await netarium(['exec', CAMPUS, 'carol', '--pcap', path, '--', 'get', 'http://web/']);
    expect(code).toBe(0);
    expect(out).toContain('<h1>It works</h1>');
    expect(expertProblems(path)).toEqual([]);
    expect(tshark(path, ['-Y', 'http.request'])).toHaveLength(1);
    const interfaces = tshark(path, ['-Y', 'http', '-T', 'fields', '-e', 'frame.interface_name']);
    expect(interfaces).toEqual(['carol:eth0', 'web:eth0']);
  });

  it('--every-hop and --interface', async ({ expect }) => {
    const every = folder.file('every.pcapng');
    const one = folder.file('one.pcapng');
    const ping = ['--', 'ping', '-c', '1', 'web'];
    await Promise.all([
      netarium(['exec', CAMPUS, 'carol', '--pcap', every, '--every-hop', ...ping]),
      netarium(['exec', CAMPUS, 'carol', '--pcap', one, '--interface', 'r1:eth1', ...ping]),
    ]);
    const echoes = (path: string) =>
      readCapture(readFileSync(path)).packets.filter(
        ({ bytes }) => bytes[12] === 8 && bytes[13] === 0 && bytes[23] === 1,
      );
    // carol - sw1 - r1 - sw2 - web: four links, there and back; and two of them are the router's eth1.
    expect(echoes(every)).toHaveLength(8);
    expect(echoes(one)).toHaveLength(2);
  });

  it('is on the disk when the run is interrupted', async ({ expect }) => {
    const path = folder.file('interrupted.pcapng');
    const file = folder.file('endless.yaml', CHATTY.replace('-c 5 ', ''));
    const running = new Running(['run', file, '--speed', '20x', '--pcap', path]);
    await running.until(/icmp_seq=3/);
    running.kill('SIGINT');
    const { code, out } = await running.ended;
    expect(code).toBe(0);
    expect(out).toContain(`capture      ${path}`);
    const capture = readCapture(readFileSync(path));
    expect(capture.problems).toEqual([]);
    expect(capture.packets.length).toBeGreaterThan(6);
  });
});

describe.concurrent('check', () => {
  it('says what there is', async ({ expect }) => {
    expect(await netarium(['check', CAMPUS])).toEqual({
      code: 0,
      out: `${CAMPUS}: 9 nodes, 8 links, 1 service; nothing wrong\n`,
      err: '',
    });
  });

  it('tells each warning once', async ({ expect }) => {
    const file = folder.file(
      'odd.yaml',
      CHATTY.replace('kind: host, interfaces', 'kind: host, gateway: 10.0.0.99, interfaces'),
    );
    for (const command of ['check', 'run']) {
      const { code, err } = await netarium([command, file]);
      expect(code).toBe(0);
      expect(err.match(/no node has the address of the gateway/g)).toHaveLength(1);
      expect(err).toContain(`${file}:3:`);
    }
    expect((await netarium(['check', file])).out).toMatch(/; 1 warning\n$/);
  });

  it('knows the programs that services name', async ({ expect }) => {
    const file = folder.file('unknown.yaml', CHATTY.replace('ping -c 5 alice', 'pong alice'));
    const { code, out, err } = await netarium(['check', file]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/:8:23: there is no program "pong"; expected one of .*ping.*\. Did you mean "ping"\?\n/);
  });

  it('knows what stands beside the file, and how a command line is written', async ({ expect }) => {
    const text = CHATTY.replace('services:', 'files: [{ node: bob, path: /srv, from: ./nowhere }]\nservices:');
    const { code, err } = await netarium(['check', folder.file('beside.yaml', text)]);
    expect(code).toBe(2);
    expect(err).toMatch(/:7:40: there is no directory "\.\/nowhere"; expected a directory, seen from that of .*beside/);
    const open = await netarium(['check', folder.file('open.yaml', CHATTY.replace('ping -c 5 alice', "echo 'x"))]);
    expect(open.code).toBe(2);
    expect(open.err).toMatch(/:8:23: a quote is not closed; expected a second one like it\n/);
  });
});

describe.concurrent('exec', () => {
  it("connects a program's streams with the terminal's", async ({ expect }) => {
    const request = 'GET /primes.txt HTTP/1.0\r\nHost: web\r\n\r\n';
    const { code, out, err } = await netarium(['exec', CAMPUS, 'alice', '--', 'nc', 'web', '80'], request);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^HTTP\/1\.[01] 200 OK\r\n/);
    expect(out.length).toBeGreaterThan(1 << 20);
  });

  it('begins when the services are ready', async ({ expect }) => {
    const { out } = await netarium(['exec', CAMPUS, 'web', '--', 'netstat', '-an']);
    expect(out).toMatch(/^tcp .* 0\.0\.0\.0:80 .* LISTEN/m);
  });

  it('waits for a pipe that takes its time, and takes more than one piece of it', async ({ expect }) => {
    const running = new Running(['exec', CAMPUS, 'alice', '--', 'cat']);
    running.child.stdin.write('one\n');
    await running.until(/one/);
    await new Promise((resolve) => setTimeout(resolve, 400));
    running.child.stdin.write('two\n');
    await running.until(/two/);
    running.child.stdin.end();
    expect(await running.ended).toEqual({ code: 0, out: 'one\ntwo\n', err: '' });
  });

  it('options stand before --, on either side of file and node', async ({ expect }) => {
    const outcomes = await Promise.all([
      netarium(['exec', '--seed', '3', CAMPUS, 'alice', '--', 'ping', '-c', '1', 'web']),
      netarium(['exec', CAMPUS, 'alice', '--seed', '3', '--', 'ping', '-c', '1', 'web']),
      netarium(['exec', CAMPUS, 'alice', '--seed', '3', 'hostname']),
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(outcomes[0]!.out).toBe(outcomes[1]!.out);
    expect(outcomes[2]!.out).toBe('alice\n');
  });

  it('tells where an option belongs that it does not know', async ({ expect }) => {
    const bare = await netarium(['exec', CAMPUS, 'alice', 'ping', '-c', '1', 'web']);
    expect(bare.err).toMatch(/unknown option '-c'\n\(put -- in front of the command/);
    const before = await netarium(['exec', '--for', '5s', CAMPUS, 'alice', '--', 'hostname']);
    expect(before.err).toMatch(/unknown option '--for'\n\(netarium exec --help lists what may stand before --/);
  });

  it('a reader that goes away is no error', async ({ expect }) => {
    const running = new Running(['exec', CAMPUS, 'alice', '--', 'get', 'http://web/primes.txt']);
    running.child.stdin.end();
    running.child.stdout.once('data', () => running.child.stdout.destroy());
    expect(await running.ended).toMatchObject({ code: 0, err: '' });
  });
});

describe.concurrent('Ctrl-C', () => {
  it("is the program's, which says its last words", async ({ expect }) => {
    const running = new Running(['exec', CAMPUS, 'alice', '--speed', '20x', '--', 'ping', 'web']);
    await running.until(/icmp_seq=3/);
    running.kill('SIGINT');
    const { code, out } = await running.ended;
    expect(code).toBe(0);
    expect(out).toMatch(/\d+ packets transmitted, \d+ received, \d+% packet loss/);
  });

  it('ends a program that is blocked, with the code that a shell gives', async ({ expect }) => {
    const running = new Running(['exec', CAMPUS, 'alice', '--speed', '1x', '--', 'nc', '-lv', '7']);
    await running.until(/Listening on 0\.0\.0\.0 7/); // the web server's word comes before
    running.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
  });

  it('ends a program that waits for input that does not come', async ({ expect }) => {
    const running = new Running(['exec', CAMPUS, 'alice', '--', 'cat']);
    running.child.stdin.write('x');
    await running.until(/x/);
    await new Promise((resolve) => setTimeout(resolve, 100));
    running.kill('SIGINT');
    expect((await running.ended).code).toBeOneOf([0, 130]);
  });

  it('ends a run, which still tells what it came to', async ({ expect }) => {
    const running = new Running(['run', folder.file('forever.yaml', CHATTY.replace('-c 5 ', ''))]);
    await running.until(/icmp_seq=3/);
    running.kill('SIGINT');
    const { code, out } = await running.ended;
    expect(code).toBe(0);
    expect(out).toMatch(/^fingerprint/m);
  });
});
