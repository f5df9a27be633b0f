import { describe, expect, it } from 'vitest';
import { latin1Decode } from '../../base/utf8.ts';
import { AF_INET, SOCK_STREAM } from '../../l5-session/constants.ts';
import type { Socket } from '../../l5-session/socket.ts';
import { expectNoLeaks } from '../../testing/test-node.ts';
import { ServiceLab } from '../testing/service-lab.ts';
import { COMMANDS } from './commands.ts';

const bytes = (size: number) => new Uint8Array(size).map((_, i) => (i * 31 + (i >> 8)) & 0xff);
const FILES = {
  '/srv/hello.txt': 'hello\nworld\n',
  '/srv/sub/big.bin': bytes(60_000),
  '/srv/sub/a b.txt': 'x',
  '/home/alice/mine': 'mine',
  '/secret': 'not for you',
};

function lab(words = '-v -w -u alice:pa:/home/alice', line = {}): ServiceLab {
  const made = new ServiceLab(FILES, { delay: '1ms', ...line });
  made.serve(`ftpd ${words} /srv`);
  return made;
}

describe('ftp and ftpd', () => {
  it('fetch and store files: passive and active, over both families', async () => {
    const here = lab();
    for (const to of ['10.0.0.1', '2001:db8::1']) {
      for (const mode of ['', '-A']) {
        const got = await here.run('alice', `ftp ${mode} -s ${to} get sub/big.bin big`);
        expect(got, `${to} ${mode}`).toEqual({ out: '', err: '', code: 0 });
        expect(await here.alice.files.read('/big')).toEqual(bytes(60_000));
        expect((await here.run('alice', `ftp ${mode} -s ${to} put big new.bin`)).err).toBe('');
        expect(await here.server.files.read('/srv/new.bin')).toEqual(bytes(60_000));
        await here.server.files.write('/srv/new.bin', bytes(1));
      }
    }
    expect(here.said).toContain('ftpd: 10.0.0.2 anonymous: /sub/big.bin (60000 bytes): 226 Transfer complete\n');
    await here.pass(10);
    expectNoLeaks(here.network.pool);
  });

  it('shows the dialogue', async () => {
    const here = lab();
    const { out, err, code } = await here.run('alice', 'ftp -v 10.0.0.1', 'pwd\ncd sub\nls\nsize big.bin\nquit\n');
    expect([out, code]).toEqual(['a b.txt\r\nbig.bin\r\n', 0]);
    expect(err.replace(/\|\|\|[0-9]+\|/, '|||P|')).toBe(`220 server FTP server (netarium) ready
---> USER anonymous
331 Any password will do, your address for instance
---> PASS ****
230 Logged in
---> PWD
257 "/" is the current directory
---> CWD sub
250 Directory changed
---> TYPE I
200 Type is I
---> EPSV
229 Entering Extended Passive Mode (|||P|)
---> NLST
150 Opening BINARY mode data connection for list of /sub
226 Transfer complete
---> SIZE big.bin
213 60000
---> QUIT
221 Goodbye
`);
  });

  it('lists in every form', async () => {
    const here = lab();
    const says = async (command: string) => (await here.run('alice', `ftp -s 10.0.0.1 ${command}`)).out;
    expect(await says('dir')).toBe(
      '-rw-r--r--    1 ftp      ftp              12 Jan 01 00:00 hello.txt\r\n'.replace('Jan 01', 'Jan  1') +
        'drwxr-xr-x    1 ftp      ftp               0 Jan  1 00:00 sub\r\n',
    );
    expect(await says('mls')).toBe('type=file;size=12;perm=raw; hello.txt\r\ntype=dir;perm=elc; sub\r\n');
    expect(await says('ls *.txt')).toBe('hello.txt\r\n');
    expect(await says('ls sub/b*')).toBe('sub/big.bin\r\n');
    expect((await here.run('alice', 'ftp -s 10.0.0.1', 'dir -la\n')).out).toContain('hello.txt');
    expect((await here.run('alice', 'ftp 10.0.0.1 ls nothing')).err).toContain(
      '550 /nothing: No such file or directory\n',
    );
  });

  it('translates text, and sizes follow', async () => {
    const here = lab();
    const said = await here.run(
      'alice',
      'ftp 10.0.0.1',
      'ascii\nget hello.txt\nput hello.txt back.txt\nsize hello.txt\n',
    );
    expect(said.code).toBe(0);
    expect(said.err).toContain('213 14\n');
    for (const [host, path] of [
      ['alice', '/hello.txt'],
      ['server', '/srv/back.txt'],
    ] as const) {
      expect(latin1Decode(await here[host].files.read(path))).toBe('hello\nworld\n');
    }
  });

  it('goes on where it broke off, in both directions', async () => {
    const here = lab();
    await here.alice.files.write('/big', bytes(20_000));
    const got = await here.run('alice', 'ftp 10.0.0.1 reget sub/big.bin big');
    expect(got.err).toContain('(40000 bytes)');
    expect(await here.alice.files.read('/big')).toEqual(bytes(60_000));
    await here.server.files.write('/srv/part', bytes(12_345));
    expect((await here.run('alice', 'ftp 10.0.0.1 reput big part')).code).toBe(0);
    expect(await here.server.files.read('/srv/part')).toEqual(bytes(60_000));
    await here.run('alice', 'ftp 10.0.0.1 append big part');
    expect(await here.server.files.read('/srv/part')).toHaveLength(120_000);
  });

  it('knows users and their passwords, and what is theirs', async () => {
    const here = lab('-v -u alice:pa:/home/alice');
    const mine = await here.run('alice', 'ftp -s -u alice:pa 10.0.0.1 get mine -');
    expect(mine).toEqual({ out: 'mine', err: '', code: 0 });
    expect((await here.run('alice', 'ftp -u alice:no 10.0.0.1 pwd')).err).toMatch(/530 Login incorrect\n$/);
    expect((await here.run('alice', 'ftp -u nobody:x 10.0.0.1 pwd')).err).toMatch(/530 Login incorrect\n$/);
    // Without -w anonymous only reads; nobody leaves the root.
    await here.alice.files.write('/x', bytes(1));
    expect((await here.run('alice', 'ftp 10.0.0.1 put x')).err).toContain('553 /x: Permission denied\n');
    expect((await here.run('alice', 'ftp 10.0.0.1 get ../../secret')).err).toContain('550 /secret: No such file');
    expect(here.said).not.toContain('pa\n');
    expect((await here.run('server', 'ftpd -A -u x')).err).toContain('NAME:PASSWORD');
    expect((await here.run('server', 'ftpd /nowhere')).err).toBe('ftpd: /nowhere: No such file or directory\n');
    expect((await here.run('server', 'ftpd')).err).toContain('EADDRINUSE');
    expect((await here.run('alice', 'ftp 10.0.0.3')).err).toContain('ECONNREFUSED');
  });

  it('makes a directory to write to, where there is none', async () => {
    const here = new ServiceLab();
    here.serve('ftpd -w /pub');
    here.serve('tftpd -c /up');
    await here.alice.files.write('/x', bytes(9));
    expect((await here.run('alice', 'ftp -s 10.0.0.1 put x')).err).toBe('');
    expect((await here.run('alice', 'tftp 10.0.0.1 put x')).err).toBe('');
    for (const path of ['/pub/x', '/up/x']) expect(await here.server.files.read(path)).toEqual(bytes(9));
  });

  it('carries files whole over a line that loses and reorders', async () => {
    const here = lab('-w', { loss: '3%', reordering: '5%' });
    expect((await here.run('alice', 'ftp -s 10.0.0.1 get sub/big.bin big')).code).toBe(0);
    expect(await here.alice.files.read('/big')).toEqual(bytes(60_000));
    expect((await here.run('alice', 'ftp -s -A 10.0.0.1 put big big2')).code).toBe(0);
    expect(await here.server.files.read('/srv/big2')).toEqual(bytes(60_000));
  });
});

/** A client by hand. */
class Hand {
  readonly here: ServiceLab;
  readonly sockets;
  control!: Socket;

  constructor(here: ServiceLab) {
    this.here = here;
    this.sockets = here.alice.newSockets();
  }

  async open(login = true): Promise<this> {
    this.control = await this.connect(21);
    await this.says();
    if (login) {
      await this.says('USER ftp');
      await this.says('PASS x');
    }
    return this;
  }

  async connect(port: number): Promise<Socket> {
    const socket = this.sockets.socket(AF_INET, SOCK_STREAM);
    await socket.connect(['10.0.0.1', port]);
    socket.settimeout(400);
    return socket;
  }

  /** What the server says to this line (or by itself), up to a last line; `END` at the end. */
  async says(line?: string | Uint8Array): Promise<string> {
    if (line !== undefined) await this.control.sendall(typeof line === 'string' ? `${line}\r\n` : line);
    let text = '';
    while (!/^[0-9]{3} .*\r\n$/m.test(text)) {
      const piece = await this.control.recv(4096);
      if (piece.length === 0) return `${text}END`;
      text += latin1Decode(piece);
    }
    return text;
  }

  async passive(): Promise<Socket> {
    const [, port] = /\|\|\|([0-9]+)\|/.exec(await this.says('EPSV'))!;
    return this.connect(Number(port));
  }
}

function byHand(here: ServiceLab, talk: (hand: Hand) => Promise<void>, login = true): Promise<void> {
  return here.network.run(async () => {
    const hand = await new Hand(here).open(login);
    await talk(hand);
    hand.sockets.closeAll();
  });
}

describe('a server', () => {
  it('answers every command that there is', async () => {
    const here = lab();
    await byHand(here, async (hand) => {
      for (const verb of COMMANDS.keys()) {
        if (verb === 'QUIT') continue;
        for (const argument of ['', ' x', ' /', ' \xff\x01', ' 1,2,3,4,5,6']) {
          const said = await hand.says(`${verb}${argument}`);
          expect(said, `${verb}${argument}`).toMatch(/^[1-5][0-9]{2}[ -]/);
          if (verb === 'REIN' || verb === 'USER' || verb === 'PASS') {
            if (said.startsWith('421')) throw new Error('too many logins');
            await hand.says('USER ftp');
            await hand.says('PASS x');
          }
          if (/^150.*\r\n$/.test(said)) expect(await hand.says()).toMatch(/^[245]/);
        }
      }
      expect(await hand.says('QUIT')).toBe('221 Goodbye\r\n');
      expect(await hand.says()).toBe('END');
    });
  });

  it('says what it is asked', async () => {
    const here = lab();
    const table: [string, string][] = [
      ['SYST', '215 UNIX Type: L8\r\n'],
      ['XYZZY', "500 'XYZZY': command not understood\r\n"],
      ['', "500 '': command not understood\r\n"],
      ['x'.repeat(3000), '500 The line is too long\r\n'],
      ['RETR', '501 RETR needs an argument\r\n'],
      ['RETR hello.txt', '425 Use PASV, EPSV, PORT or EPRT first\r\n'],
      ['TYPE E', '504 Type E is not for us\r\n'],
      ['TYPE Q', '501 Type Q is not for us\r\n'],
      ['MODE B', '504 The mode is S: a stream\r\n'],
      ['STRU R', '504 The structure is F: a file of bytes\r\n'],
      ['PORT 10,0,0,3,19,137', '504 Data goes to 10.0.0.2 only\r\n'],
      ['PORT 10,0,0,2,0,80', '504 Data does not go to ports below 1024\r\n'],
      ['EPRT |2|2001:db8::2|5000|', '522 Network protocol not supported, use (1)\r\n'],
      ['EPSV 2', '522 Network protocol not supported, use (1)\r\n'],
      ['REST x', '501 REST needs a number of bytes\r\n'],
      ['MDTM hello.txt', '550 /hello.txt: not known\r\n'],
      ['MLST hello.txt', '250-Listing /hello.txt\r\n type=file;size=12;perm=raw; /hello.txt\r\n250 End\r\n'],
      ['OPTS MLST size;', '200 MLST OPTS size;\r\n'],
      ['MLST hello.txt', '250-Listing /hello.txt\r\n size=12; /hello.txt\r\n250 End\r\n'],
      ['DELE hello.txt', '502 Not implemented: files can be read and written here, not removed, renamed or moved\r\n'],
      ['EPSV ALL', '200 EPSV only from now on\r\n'],
      ['PASV', '501 After EPSV ALL there is only EPSV\r\n'],
    ];
    await byHand(here, async (hand) => {
      for (const [line, answer] of table) expect(await hand.says(line), line).toBe(answer);
      expect(await hand.says('FEAT')).toContain(' MLST type;size*;modify;perm;\r\n');
    });
  });

  it('lets nobody in without a name, and few wrong passwords', async () => {
    const here = lab();
    await byHand(
      here,
      async (hand) => {
        expect(await hand.says('PWD')).toBe('530 Please log in with USER and PASS\r\n');
        expect(await hand.says('PASS x')).toBe('503 Say USER first\r\n');
        for (const answer of [
          '530 Login incorrect\r\n',
          '530 Login incorrect\r\n',
          '421 Login incorrect too often: closing\r\n',
        ]) {
          await hand.says('USER alice');
          expect(await hand.says('PASS wrong')).toBe(answer);
        }
        expect(await hand.says()).toBe('END');
      },
      false,
    );
  });

  it('aborts a transfer when it is told to, with Telnet around it, and goes on', async () => {
    const here = lab('-v');
    await byHand(here, async (hand) => {
      await hand.says('TYPE I');
      const data = await hand.passive();
      expect(await hand.says('RETR sub/big.bin')).toMatch(/^150 /);
      expect(await hand.says('STAT')).toContain('Carrying /sub/big.bin');
      let said = await hand.says(Uint8Array.of(255, 244, 255, 242, 0x41, 0x42, 0x4f, 0x52, 13, 10));
      if (!said.includes('226')) said += await hand.says();
      expect(said).toBe('426 Transfer aborted\r\n226 Nothing is being carried\r\n');
      data.close();
      expect(await hand.says('ABOR')).toBe('226 Nothing is being carried\r\n');
      const again = await hand.passive();
      await hand.says('REST 59999');
      expect(await hand.says('RETR sub/big.bin')).toMatch(/\(1 bytes\)/);
      expect(await again.recv(10)).toEqual(bytes(60_000).subarray(59_999));
      again.close();
      expect(await hand.says()).toBe('226 Transfer complete\r\n');
    });
    await here.pass(10);
    expectNoLeaks(here.network.pool);
  });

  it('gives a data connection to nobody but its client', async () => {
    const here = lab();
    await byHand(here, async (hand) => {
      const [, port] = /\|\|\|([0-9]+)\|/.exec(await hand.says('EPSV'))!;
      const stranger = here.bob.newSockets().socket(AF_INET, SOCK_STREAM);
      await stranger.connect(['10.0.0.1', Number(port)]);
      await hand.says('RETR hello.txt');
      expect(await stranger.recv(100)).toHaveLength(0);
      stranger.close();
      const data = await hand.connect(Number(port));
      expect(latin1Decode(await data.recv(100))).toBe('hello\r\nworld\r\n');
      data.close();
      expect(await hand.says()).toBe('226 Transfer complete\r\n');
    });
  });

  it('leaves nothing of clients that go away: in a transfer, in an upload, or that rest', async () => {
    const here = lab('-w');
    await byHand(here, async (hand) => {
      const data = await hand.passive();
      await hand.says('STOR half');
      await data.sendall(bytes(1000));
      data.setsockopt(1, 13, [1, 0]); // SO_LINGER 0: a reset
      await hand.sockets.sleep(100);
      data.close();
      expect(await hand.says()).toBe('426 Transfer aborted: what came is kept\r\n');
      const more = await hand.passive();
      await hand.says('RETR sub/big.bin');
      void more;
      hand.control.close();
    });
    expect((await here.server.files.stat('/srv/half'))?.size).toBeGreaterThan(0);
    await here.pass(100);
    await byHand(here, async (hand) => {
      expect(await hand.says()).toBe('421 No command for 300 seconds: closing\r\n');
      expect(await hand.says('NOOP').catch(() => 'END')).toBe('END');
    });
    // No data connection comes.
    await byHand(here, async (hand) => {
      await hand.says('EPSV');
      await hand.says('LIST');
      expect(await hand.says()).toMatch(/^425 Cannot open data connection/);
    });
    await here.pass(100);
    expectNoLeaks(here.network.pool);
  });

  it('survives garbage', async () => {
    const here = lab();
    await byHand(here, async (hand) => {
      await hand.control.sendall(bytes(200_000));
      await hand.control.sendall('\r\nQUIT\r\n');
      let text = '';
      for (let piece = await hand.control.recv(65_536); piece.length > 0; piece = await hand.control.recv(65_536)) {
        text += latin1Decode(piece);
      }
      expect(text).toMatch(/221 Goodbye\r\n$/);
    });
    expect((await here.run('bob', 'ftp -s 10.0.0.1 get hello.txt -')).out).toBe('hello\nworld\n');
    expect(here.said).not.toContain('bug');
  });
});
