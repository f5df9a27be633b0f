import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { FAR, KERNEL, openCampus, WEB } from '../campus.mjs';
import { sha256, until } from '../lab.mjs';
import { soundCapture } from '../tshark.mjs';

const needs = ['ip', 'curl'];
const URL = `http://${WEB}`;

/** curl that fails loudly, in silence otherwise. */
async function curl(lab, args, options) {
  const result = await lab.run('curl', ['-sS', '--max-time', 20, ...args], options);
  assert.equal(result.code, 0, `curl ${args.join(' ')}: ${result.err}`);
  return result;
}

export default {
  name: 'http',
  open: () => openCampus({ capture: true }),
  checks: [
    {
      name: 'curl fetches 1 MiB, sha256 as it should be',
      needs,
      quick: true,
      async run(lab) {
        const { out, seconds } = await curl(lab, [`${URL}/random.bin`], { binary: true });
        assert.equal(sha256(out), sha256(lab.random));
        return `${(1.048576 / seconds).toFixed(0)} MB/s with curl's start`;
      },
    },
    {
      name: 'wget fetches 1 MiB, two routers away',
      needs: ['ip', 'wget'],
      quick: true,
      async run(lab) {
        const { code, out, err } = await lab.run('wget', ['-nv', '-T', 20, '-O', '-', `http://${FAR}/random.bin`], {
          binary: true,
        });
        assert.equal(code, 0, err);
        assert.equal(sha256(out), sha256(lab.random));
      },
    },
    {
      name: 'curl keeps its connection for the next request',
      needs,
      quick: true,
      async run(lab) {
        const words = '%{num_connects} %{http_code}\\n';
        const urls = ['/', '/random.bin', '/sub/ten.txt', '/'].flatMap((path) => ['-o', '/dev/null', URL + path]);
        const { out } = await curl(lab, ['-w', words, ...urls]);
        assert.deepEqual(out.trim().split('\n'), ['1 200', '0 200', '0 200', '0 200']);
      },
    },
    {
      name: 'curl --head',
      needs,
      async run(lab) {
        const { out } = await curl(lab, ['-I', `${URL}/random.bin`]);
        assert.match(out, /^HTTP\/1\.1 200 OK\r\n/);
        assert.match(out, /^content-length: 1048576\r$/im);
      },
    },
    {
      name: 'curl asks for ranges',
      needs,
      async run(lab) {
        for (const [range, expected] of [
          ['2-5', '2345'],
          ['7-', '789'],
          ['-2', '89'],
          ['0-99', '0123456789'],
        ]) {
          const { out } = await curl(lab, ['-w', ' %{http_code}', '-r', range, `${URL}/sub/ten.txt`]);
          assert.equal(out, `${expected} 206`, range);
        }
        const { out } = await curl(lab, ['-o', '/dev/null', '-w', '%{http_code}', '-r', '10-', `${URL}/sub/ten.txt`]);
        assert.equal(out, '416');
      },
    },
    {
      name: 'wget goes on with a file that it has the first half of',
      needs: ['ip', 'wget'],
      async run(lab) {
        const half = lab.path('half.bin');
        writeFileSync(half, lab.random.subarray(0, 500_000));
        const { code, err } = await lab.run('wget', ['-nv', '-c', '-O', half, `${URL}/random.bin`]);
        assert.equal(code, 0, err);
        assert.equal(sha256(readFileSync(half)), sha256(lab.random));
      },
    },
    {
      name: 'what is not there is 404, what may not be is 405, a folder is redirected',
      needs,
      async run(lab) {
        const status = async (...args) => (await curl(lab, ['-o', '/dev/null', '-w', '%{http_code}', ...args])).out;
        assert.equal(await status(`${URL}/none`), '404');
        assert.equal(await status('-d', 'x=1', `${URL}/`), '405');
        assert.equal(await status(`${URL}/sub`), '301');
        assert.equal(await status('-L', `${URL}/sub`), '200');
        assert.equal(await status('--path-as-is', `${URL}/../../etc/passwd`), '404');
      },
    },
    {
      name: 'HTTP/1.0, and a request of many pieces',
      needs: ['ip', 'curl', 'python3'],
      async run(lab) {
        const { out } = await curl(lab, ['-0', '-w', ' %{http_version}', `${URL}/sub/ten.txt`]);
        assert.match(out, /^0123456789 1\.[01]$/);
        const slowly = await lab.run('python3', [
          '-c',
          `import socket, time
s = socket.create_connection(("${WEB}", 80))
for byte in b"GET /sub/ten.txt HTTP/1.1\\r\\nHost: web\\r\\nConnection: close\\r\\n\\r\\n":
    s.send(bytes([byte])); time.sleep(0.005)
data = b""
while True:
    piece = s.recv(4096)
    if not piece: break
    data += piece
print(data.decode())`,
        ]);
        assert.match(slowly.out, /200 OK[\s\S]*0123456789/, slowly.err);
      },
    },
    {
      name: 'curl -Z with 40 connections at once',
      needs,
      patience: 60,
      async run(lab) {
        const urls = Array.from({ length: 40 }, (_, i) => ['-o', lab.path(`z${i}`), `${URL}/random.bin`]).flat();
        const { seconds } = await curl(lab, ['-Z', '--parallel-immediate', '--parallel-max', 40, ...urls], {
          timeout: 50,
        });
        for (let i = 0; i < 40; i++) assert.equal(sha256(readFileSync(lab.path(`z${i}`))), sha256(lab.random), `${i}`);
        return `${((40 * 1.048576) / seconds).toFixed(0)} MB/s`;
      },
    },
    {
      name: 'a reader who is slow, with a small buffer, closes its window and is waited for',
      needs: ['ip', 'python3'],
      async run(lab) {
        const { out, err, seconds } = await lab.run('python3', [
          '-c',
          `import hashlib, socket, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
s.connect(("${WEB}", 80))
s.sendall(b"GET /random.bin HTTP/1.0\\r\\n\\r\\n")
time.sleep(0.5)
data = b""
while True:
    piece = s.recv(16384)
    if not piece: break
    data += piece
    time.sleep(0.005)
print(hashlib.sha256(data.split(b"\\r\\n\\r\\n", 1)[1]).hexdigest())`,
        ]);
        assert.equal(out, `${sha256(lab.random)}\n`, err);
        assert.ok(seconds > 0.8, `${seconds} s`);
      },
    },
    {
      name: "our get fetches from Python's http.server",
      needs: ['ip', 'python3'],
      quick: true,
      async run(lab) {
        const server = lab.start('python3', ['-u', '-m', 'http.server', '--bind', KERNEL, '8000'], {
          cwd: lab.path('site'),
        });
        let log = '';
        server.stdout.on('data', (chunk) => (log += chunk));
        await until(() => log.includes('Serving'), "Python's server");
        for (const node of ['web', 'far']) {
          const get = lab.runner.spawn(node, 'get', `http://${KERNEL}:8000/random.bin`);
          assert.equal(await get.ends(), 0, get.err);
          assert.equal(sha256(Buffer.from(get.out, 'latin1')), sha256(lab.random));
        }
        server.kill();
      },
    },
    soundCapture(),
  ],
};
