// The TAP is taken away while a stream runs, and comes back.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { KERNEL, WEB } from '../campus.mjs';
import { Lab, until } from '../lab.mjs';
import { sourceSha256 } from '../servers/source.mjs';

const SIZE = 600 << 20;

/** As on Linux: a route whose line is dead stays, and the neighbour does not answer; or there is no route. */
const UNREACHABLE = /No route to host|Network is (unreachable|down)|Destination Host Unreachable/;

const READER = `
import hashlib, socket
s = socket.create_connection(("${WEB}", 7019), 10)
s.settimeout(40)
h, n = hashlib.sha256(), 0
while True:
    piece = s.recv(1 << 18)
    if not piece: break
    h.update(piece); n += len(piece)
    if n > 1 << 20 and n - len(piece) <= 1 << 20: print("streaming", flush=True)
print(h.hexdigest())
`;

async function take(lab) {
  const before = lab.runner.changes.length;
  lab.space.ip('link del tap0');
  await until(() => lab.runner.changes.slice(before).some(({ up }) => !up), 'the wire to go down');
}

async function giveBack(lab) {
  const before = lab.runner.changes.length;
  lab.space.ip(`tuntap add dev tap0 mode tap\naddr add ${KERNEL}/24 dev tap0\nlink set tap0 up`);
  await until(() => lab.runner.changes.slice(before).some(({ up }) => up), 'the wire to come up');
}

export default {
  name: 'unplug',
  open: () =>
    Lab.open({ scenario: 'host.yaml', wires: [{ at: 'web:eth0', tap: 'tap0' }], addresses: [`${KERNEL}/24`] }),
  checks: [
    {
      name: 'without the TAP our programs hear that nobody is there; with it they are heard again',
      needs: ['ip', 'ping'],
      quick: true,
      async run(lab) {
        await take(lab);
        const ping = lab.runner.spawn('web', 'ping', '-c', '1', '-W', '5', KERNEL);
        assert.equal(await ping.ends(), 1);
        assert.match(ping.out, UNREACHABLE);
        await giveBack(lab);
        const { out } = await lab.run('ping', ['-n', '-q', '-c', 3, '-i', '0.1', WEB]);
        assert.match(out, /3 received/, out);
      },
    },
    {
      name: 'a stream goes on where it was when the TAP is back',
      needs: ['ip', 'python3'],
      quick: true,
      async run(lab) {
        const server = await lab.runner.serve('web', 'source', 7019, SIZE);
        const reader = lab.start('python3', ['-c', READER]);
        let out = '';
        let err = '';
        reader.stdout.on('data', (chunk) => (out += chunk));
        reader.stderr.on('data', (chunk) => (err += chunk));
        const closed = once(reader, 'close');
        await until(
          () => out.includes('streaming'),
          () => `the stream: ${err}`,
        );
        await take(lab);
        await sleep(300);
        assert.doesNotMatch(out, /[0-9a-f]{64}/, 'it was over before');
        await giveBack(lab);
        await closed;
        assert.equal(out, `streaming\n${sourceSha256(SIZE)}\n`, err);
        await server.kill();
      },
    },
    {
      name: 'a connect that nobody answers ends with POSIX words',
      needs: ['ip'],
      async run(lab) {
        await take(lab);
        const tcp = lab.runner.spawn('web', 'nc', KERNEL, '9');
        assert.equal(await tcp.ends(30), 1);
        assert.match(tcp.err, UNREACHABLE);
        await giveBack(lab);
      },
    },
    {
      name: 'a program that set a time limit gets its error in POSIX words',
      needs: ['ip', 'python3'],
      async run(lab) {
        const server = await lab.runner.serve('web', 'hasty', 7020);
        const reader = lab.start('python3', [
          '-c',
          `import socket
s = socket.create_connection(("${WEB}", 7020), 10)
while s.recv(1 << 16): pass`,
        ]);
        await server.says('streaming');
        await take(lab);
        await server.says('sendall: ', 10);
        assert.match(server.out, /sendall: (ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENETDOWN) [A-Z][a-z]/);
        reader.kill();
        await giveBack(lab);
        await server.kill();
      },
    },
  ],
};
