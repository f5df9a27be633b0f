// TFTP, FTP and the small services: Debian's clients against our servers.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Lab, sha256 } from '../lab.mjs';
import { soundCapture } from '../tshark.mjs';

const BOX = '10.82.0.2';
const BOX6 = '[2001:db8:82::2]';
const LOSSY = '10.82.0.3';

/** A program that must end with 0. */
async function well(lab, program, args, options) {
  const result = await lab.run(program, args, options);
  assert.equal(result.code, 0, `${program} ${args.join(' ')}: ${result.out}${result.err}`);
  return result;
}

async function python(lab, text) {
  return (await well(lab, 'python3', ['-c', text])).out;
}

const curl = (lab, ...args) => well(lab, 'curl', ['-sS', '--max-time', 30, ...args], { binary: true });

/** Fetches the random file by TFTP, stores it under another name, fetches that, and compares. */
async function both(lab, host, words) {
  const got = lab.path('got');
  await well(lab, 'tftp', ['-m', 'binary', ...words, host, '-c', 'get', 'srv/random.bin', got]);
  assert.equal(sha256(readFileSync(got)), sha256(lab.random));
  await well(lab, 'tftp', ['-m', 'binary', ...words, host, '-c', 'put', got, 'pub/put.bin']);
  await well(lab, 'tftp', ['-m', 'binary', ...words, host, '-c', 'get', 'pub/put.bin', lab.path('back')]);
  assert.equal(sha256(readFileSync(lab.path('back'))), sha256(lab.random));
}

export default {
  name: 'files',
  open: () =>
    Lab.open({
      scenario: 'files.yaml',
      wires: [{ at: 'sw', tap: { device: 'tap0', offload: false } }],
      addresses: ['10.82.0.1/24', '2001:db8:82::1/64 nodad'],
      serving: ['box', 'lossy'],
      ipv6: true,
      capture: true,
    }),
  checks: [
    {
      name: 'tftp-hpa fetches and stores 1 MiB, over IPv6 too',
      needs: ['ip', 'tftp'],
      async run(lab) {
        await both(lab, BOX, []);
        await both(lab, '2001:db8:82::2', ['-6']);
      },
    },
    {
      name: 'tftp-hpa over a line that loses and doubles',
      needs: ['ip', 'tftp'],
      async run(lab) {
        const got = lab.path('ten');
        for (let i = 0; i < 5; i++) {
          await well(lab, 'tftp', ['-m', 'binary', LOSSY, '-c', 'get', 'srv/sub/ten.txt', got]);
          assert.equal(readFileSync(got, 'utf8'), '0123456789');
        }
        const middle = lab.path('middle');
        writeFileSync(middle, lab.random.subarray(0, 40_000));
        await well(lab, 'tftp', ['-m', 'binary', LOSSY, '-c', 'put', middle, 'pub/middle.bin']);
        await well(lab, 'tftp', ['-m', 'binary', LOSSY, '-c', 'get', 'pub/middle.bin', got]);
        assert.equal(sha256(readFileSync(got)), sha256(lab.random.subarray(0, 40_000)));
      },
    },
    {
      name: 'tftp-hpa and curl are told what cannot be',
      needs: ['ip', 'tftp', 'curl'],
      async run(lab) {
        const { out, err } = await lab.run('tftp', [BOX, '-c', 'get', 'nothing', lab.path('nothing')]);
        assert.match(out + err, /Error code 1: File not found/);
        assert.equal((await lab.run('curl', ['-sS', `tftp://${BOX}/../secret`, '--path-as-is'])).code, 69);
      },
    },
    {
      name: 'curl by TFTP, with blksize and tsize',
      needs: ['ip', 'curl'],
      async run(lab) {
        for (const block of ['512', '8192', '65464']) {
          const { out } = await curl(lab, '--tftp-blksize', block, `tftp://${BOX}/srv/random.bin`);
          assert.equal(sha256(out), sha256(lab.random), block);
        }
      },
    },
    {
      name: 'curl by FTP: passive, active, PASV, ranges, both families, storing, going on',
      needs: ['ip', 'curl'],
      quick: true,
      async run(lab) {
        for (const words of [
          [],
          ['--disable-epsv'],
          ['-P', '-'],
          ['-P', '-', '--disable-eprt'],
          ['-u', 'alice:wonder'],
        ]) {
          const { out } = await curl(lab, ...words, `ftp://${BOX}/srv/random.bin`);
          assert.equal(sha256(out), sha256(lab.random), words.join(' '));
        }
        for (const words of [[], ['-P', '-']]) {
          const { out } = await curl(lab, ...words, `ftp://${BOX6}/srv/random.bin`);
          assert.equal(sha256(out), sha256(lab.random), `IPv6 ${words}`);
        }
        assert.equal((await curl(lab, '-r', '2-5', `ftp://${BOX}/srv/sub/ten.txt`)).out.toString(), '2345');
        assert.match((await curl(lab, `ftp://${BOX}/srv/`)).out.toString(), /^-rw.* 1048576 .* random\.bin\r?$/m);
        const local = lab.path('up.bin');
        writeFileSync(local, lab.random);
        const half = lab.path('half.bin');
        writeFileSync(half, lab.random.subarray(0, 500_000));
        await curl(lab, '-T', half, `ftp://${BOX}/pub/up.bin`);
        await curl(lab, '-C', '-', '-T', local, `ftp://${BOX}/pub/up.bin`);
        assert.equal(sha256((await curl(lab, `ftp://${BOX}/pub/up.bin`)).out), sha256(lab.random));
        assert.equal((await lab.run('curl', ['-sS', '-u', 'alice:no', `ftp://${BOX}/`])).code, 67);
      },
    },
    {
      name: 'lftp mirrors a directory (MLSD, MDTM, SIZE), and puts a file',
      needs: ['ip', 'lftp'],
      async run(lab) {
        const commands = `set net:max-retries 1; set net:timeout 10; set ssl:verify-certificate no; mirror /srv ${lab.path('mirror')}; put ${lab.path('site/sub/ten.txt')} -o pub/lftp.txt; cat pub/lftp.txt; bye`;
        const { out } = await well(lab, 'lftp', ['-c', `open ftp://${BOX}; ${commands}`]);
        assert.equal(sha256(readFileSync(lab.path('mirror/random.bin'))), sha256(lab.random));
        assert.ok(existsSync(lab.path('mirror/sub/ten.txt')));
        assert.match(out, /0123456789/);
      },
    },
    {
      name: "Python's ftplib: text, listings, facts, ABOR",
      needs: ['ip', 'python3'],
      async run(lab) {
        const out = await python(
          lab,
          `import ftplib
f = ftplib.FTP('${BOX}', timeout=10)
f.login()
f.cwd('/srv')
print(sorted(f.nlst('sub')), f.size('random.bin') if f.voidcmd('TYPE I') else 0)
print({n: d['type'] for n, d in f.mlsd() if n in ('sub', 'random.bin')})
f.retrlines('RETR index.html', print)
s = f.transfercmd('RETR random.bin')
s.recv(10)
print(f.abort())
s.close()`,
        );
        assert.equal(
          out,
          `['ten.txt'] 1048576\n{'random.bin': 'file', 'sub': 'dir'}\n<!doctype html>\n<title>netarium</title>\n` +
            '426 Transfer aborted\n',
        );
      },
    },
    {
      name: 'small services, over TCP and UDP',
      needs: ['ip', 'python3'],
      quick: true,
      async run(lab) {
        const out = await python(
          lab,
          `import socket
def tcp(port, text=b'', size=10):
    s = socket.create_connection(('${BOX}', port), 5)
    s.sendall(text)
    data = s.recv(size, socket.MSG_WAITALL)
    s.close()
    return data
def udp(port, text=b''):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.sendto(text, ('${BOX}', port))
    return s.recv(9999)
print(tcp(7, b'0123456789'), udp(7, b'x' * 3000) == b'x' * 3000)
print(tcp(13, size=16), udp(13)[:16])
print(tcp(19, size=740000)[72:76], len(udp(19)) <= 512)
for data in tcp(37, size=4), udp(37): print(int.from_bytes(data, 'big') - 2208988800 - 1795262400 < 3600)`,
        );
        assert.match(
          out,
          /^b'0123456789' True\nb'Sat Nov 21 12:0.' b'Sat Nov 21 12:0.'\nb'\\r\\n!"' True\nTrue\nTrue\n$/,
        );
      },
    },
    soundCapture(),
  ],
};
