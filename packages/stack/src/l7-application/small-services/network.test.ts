import { describe, expect, it } from 'vitest';
import { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_STREAM } from '../../l5-session/constants.ts';
import { expectNoLeaks } from '../../testing/test-node.ts';
import { ServiceLab } from '../testing/service-lab.ts';
import { chargenLines, daytimeText, readTime } from './answers.ts';
import { SMALL_SERVICE_LIMITS } from './limits.ts';

function lab(command = 'inetd -v -e 2026-11-21T12:00:00Z'): ServiceLab {
  const made = new ServiceLab();
  made.serve(command);
  return made;
}

/** What comes back over UDP for each of these datagrams, null for silence. */
async function ask(lab: ServiceLab, port: number, questions: (string | Uint8Array)[], from = 0) {
  return lab.network.run(async () => {
    const sockets = lab.alice.newSockets();
    const socket = sockets.socket(AF_INET, SOCK_DGRAM);
    socket.bind(['', from]);
    socket.settimeout(2);
    const answers: (Uint8Array | null)[] = [];
    for (const question of questions) {
      await socket.sendto(question, ['10.0.0.1', port]);
      answers.push(await socket.recv(65_535).catch(() => null));
    }
    sockets.closeAll();
    return answers;
  });
}

describe('inetd', () => {
  it('echoes, over TCP of both families and over UDP', async () => {
    const here = lab();
    const text = 'hello\r\n\0\xff'.repeat(5000);
    for (const to of ['10.0.0.1', '2001:db8::1']) {
      const echoed = await here.run('alice', `nc ${to} echo`, text);
      expect(echoed).toEqual({ out: text, err: '', code: 0 });
    }
    const big = new Uint8Array(60_000).fill(7);
    expect(await ask(here, 7, ['x', '', big])).toEqual([Uint8Array.of(0x78), new Uint8Array(0), big]);
    await here.pass(1);
    expect(here.said).toBe('echo/tcp: connection from 10.0.0.2\necho/tcp: connection from 2001:db8::2\n');
    expectNoLeaks(here.network.pool);
  });

  it('discards', async () => {
    const here = lab();
    expect(await here.run('alice', 'nc 10.0.0.1 discard', 'x'.repeat(100_000))).toEqual({ out: '', err: '', code: 0 });
    expect(await ask(here, 9, ['x'])).toEqual([null]);
  });

  it("tells the date: the epoch that it was given, and the network's clock", async () => {
    const here = lab();
    expect((await here.run('alice', 'nc 10.0.0.1 daytime')).out).toBe('Sat Nov 21 12:00:00 2026\r\n');
    await here.pass(3600);
    expect((await here.run('alice', 'nc 10.0.0.1 daytime')).out).toMatch(/^Sat Nov 21 13:00:0[0-9] 2026\r\n$/);
    const [text] = await ask(here, 13, ['']);
    expect(text).toEqual(daytimeText(1_795_262_400 + Math.floor(here.network.now / 1e9)));
    const [time] = await ask(here, 37, ['']);
    expect(readTime(time!)).toBe(1_795_262_400 + Math.floor(here.network.now / 1e9));
  });

  it('tells the time over TCP: four bytes, and the end', async () => {
    const here = lab('inetd time/tcp');
    const bytes = await here.network.run(async () => {
      const socket = here.alice.newSockets().socket(AF_INET6, SOCK_STREAM);
      await socket.connect(['2001:db8::1', 37]);
      const all = [...(await socket.recv(100)), ...(await socket.recv(100))];
      socket.close();
      return all;
    });
    expect(bytes).toEqual([0x83, 0xaa, 0x7e, 0x80]);
    // Only what was asked for is served.
    expect((await here.run('alice', 'nc 10.0.0.1 daytime')).err).toContain('Connection refused');
    expect(await ask(here, 37, [''])).toEqual([null]);
  });

  it('generates characters until the peer has enough; the rest is not held', async () => {
    const here = lab();
    await here.network.run(async () => {
      const socket = here.alice.newSockets().socket(AF_INET, SOCK_STREAM);
      await socket.connect(['10.0.0.1', 19]);
      await socket.sendall('thrown away');
      let got = new Uint8Array(0);
      while (got.length < 74_000) {
        const piece = await socket.recv(4096);
        const more = new Uint8Array(got.length + piece.length);
        more.set(got);
        more.set(piece, got.length);
        got = more;
      }
      expect(got.subarray(0, 74_000)).toEqual(chargenLines(0, 1000));
      socket.close();
    });
    await here.pass(5);
    expectNoLeaks(here.network.pool);
    const answers = await ask(here, 19, ['', '', '', '', '']);
    for (const answer of answers) expect(answer!.length).toBeLessThanOrEqual(512);
    expect(new Set(answers.map((answer) => answer!.length)).size).toBeGreaterThan(1);
  });

  it('does not answer other servers, which might answer back', async () => {
    const here = lab();
    expect(await ask(here, 7, ['x'], 19)).toEqual([null]);
    expect(here.said).toBe("echo/udp: 10.0.0.2 port 19 is a server's: no answer\n");
  });

  it('answers each client so often in a second and no more', async () => {
    const here = lab();
    const most = SMALL_SERVICE_LIMITS.datagramsPerSecond;
    await ask(here, 7, ['so that ARP is done']);
    await here.pass(1);
    const answers = await here.network.run(async () => {
      const socket = here.alice.newSockets().socket(AF_INET, SOCK_DGRAM);
      for (let i = 0; i < most + 50; i++) await socket.sendto('x', ['10.0.0.1', 7]);
      socket.settimeout(0.5);
      let count = 0;
      while ((await socket.recv(10).catch(() => null)) !== null) count++;
      socket.close();
      return count;
    });
    expect(answers).toBe(most);
    expect(here.said).toBe('echo/udp: 10.0.0.2 asks too often: no answers for this second\n');
    await here.pass(1);
    expect(await ask(here, 7, ['again'])).not.toEqual([null]);
  });

  it('closes connections that rest, and holds so many of one client', async () => {
    const here = lab();
    await here.network.run(async () => {
      const sockets = here.alice.newSockets();
      const open = [];
      for (let i = 0; i <= SMALL_SERVICE_LIMITS.connectionsPerClient; i++) {
        const socket = sockets.socket(AF_INET, SOCK_STREAM);
        await socket.connect(['10.0.0.1', 9]);
        open.push(socket);
      }
      expect(await open.at(-1)!.recv(1)).toHaveLength(0);
      expect(await open[0]!.recv(1)).toHaveLength(0); // when nothing was said for ten minutes
      sockets.closeAll();
    });
    expect(here.network.now / 1e9).toBeGreaterThan(SMALL_SERVICE_LIMITS.idleSeconds - 1);
    expect((await here.run('bob', 'nc 10.0.0.1 echo', 'x')).out).toBe('x');
  });

  it('ends when it is told to, and gives its ports back', async () => {
    const here = new ServiceLab();
    const process = here.serve('inetd echo/udp');
    await here.pass(1);
    process.kill();
    await here.pass(1);
    here.serve('inetd echo');
    await here.pass(1);
    expect(await here.run('server', 'inetd')).toMatchObject({ code: 1, err: expect.stringContaining('EADDRINUSE') });
  });

  it('says what was wrong with its words', async () => {
    const here = new ServiceLab();
    const errors: [string, string][] = [
      ['inetd ecko', "no service 'ecko'; did you mean echo?"],
      ['inetd echo/sctp', "'echo/sctp': a service is over tcp or udp, like echo/udp"],
      ['inetd -e tomorrow', '-e: "tomorrow" is no date like 2026-11-21T12:00:00Z'],
    ];
    for (const [line, error] of errors) {
      expect(await here.run('server', line)).toEqual({
        out: '',
        err: `inetd: ${error}\nTry 'inetd --help'.\n`,
        code: 2,
      });
    }
    expect((await here.run('server', 'inetd --help')).out).toMatch(/^usage: inetd/);
  });
});
