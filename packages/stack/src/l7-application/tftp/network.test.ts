import { describe, expect, it } from 'vitest';
import { AF_INET, SOCK_DGRAM } from '../../l5-session/constants.ts';
import { expectNoLeaks } from '../../testing/test-node.ts';
import { ServiceLab } from '../testing/service-lab.ts';
import { ackPacket, dataPacket, parseTftp, requestPacket, type TftpPacket } from './packet.ts';

const bytes = (size: number) => new Uint8Array(size).map((_, i) => (i * 31 + (i >> 8)) & 0xff);
const FILES = {
  '/srv/hello.txt': 'hello\nworld\n',
  '/srv/sub/big.bin': bytes(100_000),
  '/srv/empty': '',
  '/secret': 'not for you',
};

function lab(command = 'tftpd -cv /srv', line = {}): ServiceLab {
  const made = new ServiceLab(FILES, { delay: '1ms', ...line });
  made.serve(command);
  return made;
}

async function file(of: ServiceLab, host: 'alice' | 'server', path: string): Promise<Uint8Array> {
  return of[host].files.read(path);
}

describe('tftp and tftpd', () => {
  it('fetch files, over both families, with and without options', async () => {
    const here = lab();
    for (const to of ['10.0.0.1', '2001:db8::1', 'server']) {
      expect(await here.run('alice', `tftp ${to} get hello.txt -`)).toEqual({
        out: 'hello\nworld\n',
        err: '',
        code: 0,
      });
    }
    for (const words of ['', '-b 1428', '-b 1428 -w 16', '-b 8 -w 65535 -t 2', '-b 65464 -w 4']) {
      const { err, code } = await here.run('alice', `tftp -v ${words} 10.0.0.1 get sub/big.bin got`);
      expect([err, code]).toEqual([
        expect.stringMatching(/^Received 100000 bytes in [0-9.]+ seconds, 0 timeouts\n$/),
        0,
      ]);
      expect(await file(here, 'alice', '/got')).toEqual(bytes(100_000));
    }
    expect((await here.run('alice', 'tftp 10.0.0.1 get /empty')).code).toBe(0);
    expect(await file(here, 'alice', '/empty')).toHaveLength(0);
    expectNoLeaks(here.network.pool);
  });

  it('store files, text translated on its way', async () => {
    const here = lab('tftpd -cov /srv');
    await here.run('alice', 'tftp 10.0.0.1 get sub/big.bin big');
    for (const words of ['', '-b 1024 -w 7']) {
      expect(await here.run('alice', `tftp ${words} 10.0.0.1 put big new.bin`)).toEqual({ out: '', err: '', code: 0 });
      expect(await file(here, 'server', '/srv/new.bin')).toEqual(bytes(100_000));
    }
    expect(await here.run('alice', 'tftp -a 10.0.0.1 put big text')).toMatchObject({ code: 0 });
    expect(await file(here, 'server', '/srv/text')).toEqual(bytes(100_000));
    expect((await here.run('alice', 'tftp -a -b 100 10.0.0.1 get text -')).code).toBe(0);
    expect(here.said).toContain('tftpd: WRQ from 10.0.0.2 filename new.bin\n');
    expect(here.said).toContain('tftpd: got new.bin from 10.0.0.2: 100000 bytes, 0 timeouts\n');
  });

  it('say what cannot be', async () => {
    const here = lab('tftpd /srv');
    here.alice.files.write('/x', bytes(10));
    const table: [string, string][] = [
      ['get nothing', 'Error code 1: File not found'],
      ['get sub', 'Error code 2: Not a file'],
      ['get ../secret', 'Error code 2: Access violation'],
      ['get sub/../../secret', 'Error code 2: Access violation'],
      ['get hello.txt/x', 'Error code 1: File not found'],
      ['put x', 'Error code 2: No new files here'],
      ['put x hello.txt', 'Error code 6: File already exists'],
      ['put nothing', 'open ENOENT /nothing: No such file or directory'],
    ];
    for (const [words, error] of table) {
      expect(await here.run('alice', `tftp 10.0.0.1 ${words}`), words).toEqual({
        out: '',
        err: `tftp: ${error}\n`,
        code: 1,
      });
    }
    expect((await here.run('alice', 'tftp 10.0.0.1 get /../secret')).code).toBe(1);
    // Nobody there.
    expect(await here.run('alice', 'tftp 10.0.0.3 get x')).toEqual({
      out: '',
      err: 'tftp: Transfer timed out\n',
      code: 1,
    });
    for (const line of ['tftp', 'tftp h', 'tftp h take x', 'tftp h get', 'tftp -b 7 h get x', 'tftpd a b']) {
      expect((await here.run('alice', line)).code, line).toBe(2);
    }
    expect((await here.run('alice', 'tftpd /nowhere')).err).toBe('tftpd: /nowhere: No such file or directory\n');
    expect((await here.run('server', 'tftpd')).err).toContain('EADDRINUSE');
  });

  it('carry files whole over lines that lose, double and reorder', async () => {
    const line = { loss: '10%', duplication: '10%', reordering: '10%' };
    for (const words of ['', '-b 1024 -w 8', '-t 1']) {
      const here = lab('tftpd -cv /srv', line);
      const got = await here.run('alice', `tftp ${words} -v 10.0.0.1 get sub/big.bin big`);
      expect(got).toMatchObject({ code: 0, err: expect.stringMatching(/^Received 100000 bytes/) });
      expect(await file(here, 'alice', '/big')).toEqual(bytes(100_000));
      expect((await here.run('alice', `tftp ${words} 10.0.0.1 put big back`)).code).toBe(0);
      expect(await file(here, 'server', '/srv/back')).toEqual(bytes(100_000));
      await here.pass(60);
      expectNoLeaks(here.network.pool);
    }
  });

  it('fetch again when the last acknowledgement is lost: the client waits a while', async () => {
    // Whatever is lost between the two, neither says that it failed.
    for (let seed = 1; seed <= 20; seed++) {
      const here = new ServiceLab(FILES, { delay: '1ms', loss: '10%' }, seed);
      here.serve('tftpd -v /srv');
      expect((await here.run('alice', 'tftp 10.0.0.1 get hello.txt -')).out, `seed ${seed}`).toBe('hello\nworld\n');
      await here.pass(60);
      expect(here.said, `seed ${seed}`).toMatch(/sent hello\.txt/);
    }
  });
});

/** A client by hand: sends packets, and tells what comes. */
async function byHand(
  here: ServiceLab,
  talk: (
    send: (packet: Uint8Array, port?: number) => Promise<unknown>,
    next: (seconds?: number) => Promise<[packet: TftpPacket | null, port: number]>,
  ) => Promise<void>,
): Promise<void> {
  await here.network.run(async () => {
    const sockets = here.alice.newSockets();
    const socket = sockets.socket(AF_INET, SOCK_DGRAM);
    socket.bind(['', 5000]);
    await talk(
      (packet, port = 69) => socket.sendto(packet, ['10.0.0.1', port]),
      async (seconds = 0.5) => {
        socket.settimeout(seconds);
        const came = await socket.recvfrom(65_535).catch(() => null);
        return came === null ? [null, 0] : [parseTftp(came[0]) as TftpPacket, came[1]![1]];
      },
    );
    sockets.closeAll();
  });
}

describe('a server', () => {
  const rrq = (file: string, mode = 'octet', options = new Map<string, string>()) =>
    requestPacket(1, file, mode, options)!;

  it('answers from a port of its own, once for a request that comes twice', async () => {
    const here = lab();
    await byHand(here, async (send, next) => {
      await send(rrq('sub/big.bin'));
      await send(rrq('sub/big.bin'));
      const [first, port] = await next();
      expect(first).toMatchObject({ op: 3, block: 1 });
      expect(port).not.toBe(69);
      expect(await next(0.9)).toEqual([null, 0]);
      expect(await next(0.2)).toMatchObject([{ op: 3, block: 1 }, port]); // a second later, again
      await send(ackPacket(1), port);
      expect(await next()).toMatchObject([{ op: 3, block: 2 }, port]);
      await send(ackPacket(1), port);
      expect(await next(0.9)).toEqual([null, 0]);
    });
    // The client has gone: the server is told, or gives up.
    await here.pass(60);
    expect(here.said).toContain('Transfer timed out');
    expectNoLeaks(here.network.pool);
  });

  it('tells a stranger that this is not its transfer, and goes on', async () => {
    const here = lab();
    await byHand(here, async (send, next) => {
      await send(rrq('sub/big.bin'));
      const [, port] = await next();
      const stranger = here.bob.newSockets().socket(AF_INET, SOCK_DGRAM);
      await stranger.sendto(ackPacket(1), ['10.0.0.1', port]);
      expect(parseTftp(await stranger.recv(100))).toEqual({ op: 5, code: 5, message: 'Unknown transfer ID' });
      stranger.close();
      await send(ackPacket(1), port);
      expect(await next()).toMatchObject([{ op: 3, block: 2 }, port]);
    });
  });

  it('refuses what is not TFTP, and does not answer errors', async () => {
    const here = lab();
    await byHand(here, async (send, next) => {
      await send(Uint8Array.of(0, 9, 1));
      expect((await next())[0]).toEqual({ op: 5, code: 4, message: 'Malformed request: opcode 9' });
      await send(rrq('hello.txt', 'mail'));
      expect((await next())[0]).toEqual({ op: 5, code: 4, message: 'Unsupported mode' });
      await send(rrq('a\nb'));
      expect((await next())[0]).toEqual({ op: 5, code: 2, message: 'Not a file name' });
      for (const packet of [ackPacket(1), dataPacket(1, bytes(1)), Uint8Array.of(0, 5, 0, 1, 0)]) {
        await send(packet);
        expect(await next()).toEqual([null, 0]);
      }
      await send(requestPacket(2, 'new', 'octet', new Map([['tsize', String(1 << 30)]]))!);
      expect((await next())[0]).toEqual({ op: 5, code: 3, message: 'File too large' });
      await send(requestPacket(2, 'new', 'octet', new Map())!);
      const [, port] = await next();
      await send(dataPacket(1, bytes(513)), port);
      expect((await next())[0]).toEqual({ op: 5, code: 4, message: 'A block of 513 bytes' });
    });
    await expect(here.server.files.stat('/srv/new')).resolves.toBeNull();
  });

  it('acknowledges options, and takes ACK 0 for the beginning (RFC 2347)', async () => {
    const here = lab();
    await byHand(here, async (send, next) => {
      const options = new Map([
        ['BLKSIZE', '1000'],
        ['tsize', '0'],
        ['unheard', 'of'],
      ]);
      await send(rrq('sub/big.bin', 'OCTET', options));
      const [oack, port] = await next();
      expect(oack).toEqual({
        op: 6,
        options: new Map([
          ['blksize', '1000'],
          ['tsize', '100000'],
        ]),
      });
      expect(await next(1.1)).toEqual([oack, port]);
      await send(ackPacket(0), port);
      const [data] = await next();
      expect(data).toMatchObject({ op: 3, block: 1 });
      // Whoever breaks off says so, and nothing more comes.
      await send(Uint8Array.of(0, 5, 0, 0, 0x62, 0x79, 0x65, 0), port);
      expect(await next(10)).toEqual([null, 0]);
    });
    expect(here.said).toContain('client says: bye');
  });

  it('carries so many at once for one client, and the others get theirs', async () => {
    const here = lab();
    await here.network.run(async () => {
      const sockets = here.alice.newSockets();
      const all = Array.from({ length: 33 }, () => sockets.socket(AF_INET, SOCK_DGRAM));
      await all[0]!.sendto(rrq('sub/big.bin'), ['10.0.0.1', 69]);
      await all[0]!.recv(1000);
      for (const socket of all.slice(1)) await socket.sendto(rrq('sub/big.bin'), ['10.0.0.1', 69]);
      for (const [index, socket] of all.entries()) {
        socket.settimeout(0.5);
        if (index > 0)
          expect(await socket.recv(1000).catch(() => null), `${index}`).toEqual(index < 32 ? expect.anything() : null);
      }
      sockets.closeAll();
    });
    expect((await here.run('bob', 'tftp 10.0.0.1 get hello.txt -')).out).toBe('hello\nworld\n');
    await here.pass(120);
    expectNoLeaks(here.network.pool);
  });
});
