import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { ALICE, FAR, KERNEL, openCampus, WEB } from '../campus.mjs';
import { sha256, until } from '../lab.mjs';
import { soundCapture } from '../tshark.mjs';

const needs = ['ip', 'nc'];

/** The kernel's nc with something to say, listening; `bound(port)` waits until it does. */
function listen(lab, args, input) {
  const child = lab.start('nc', ['-n', ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const heard = { child, out: '', err: '', closed: once(child, 'close') };
  child.stdout.on('data', (chunk) => (heard.out += chunk.toString('latin1')));
  child.stderr.on('data', (chunk) => (heard.err += chunk));
  if (input !== undefined) child.stdin.end(input);
  return heard;
}

const listens = (lab, kind, port) =>
  until(async () => (await lab.run('ss', ['-H', '-l', '-n', kind, `sport = :${port}`])).out !== '', `port ${port}`);

export default {
  name: 'nc',
  open: () => openCampus({ capture: true }),
  checks: [
    {
      name: 'TCP to our nc -l, both ways, and both ends end',
      needs,
      quick: true,
      async run(lab) {
        const ours = lab.runner.spawn('web', 'nc', '-v', '-l', '7000');
        await ours.says('Listening');
        ours.end('from netarium\n');
        const { code, out } = await lab.run('nc', ['-n', '-N', WEB, 7000], { input: 'from the kernel\n' });
        assert.equal(await ours.ends(), 0, ours.err);
        assert.deepEqual([code, out, ours.out], [0, 'from netarium\n', 'from the kernel\n']);
      },
    },
    {
      name: 'TCP from our nc to nc -l, both ways, and both ends end',
      needs,
      quick: true,
      async run(lab) {
        const theirs = listen(lab, ['-N', '-l', KERNEL, 7001], 'from the kernel\n');
        await listens(lab, '-t', 7001);
        const ours = lab.runner.spawn('far', 'nc', KERNEL, '7001');
        ours.end('from netarium\n');
        assert.equal(await ours.ends(), 0, ours.err);
        await theirs.closed;
        assert.deepEqual([ours.out, theirs.out], ['from the kernel\n', 'from netarium\n']);
      },
    },
    {
      name: 'UDP to our nc -u -l, both ways',
      needs,
      quick: true,
      async run(lab) {
        const ours = lab.runner.spawn('web', 'nc', '-v', '-u', '-l', '7002');
        await ours.says('Bound');
        const theirs = listen(lab, ['-u', WEB, 7002]);
        theirs.child.stdin.write('from the kernel\n');
        await ours.says('from the kernel\n');
        ours.write('from netarium\n');
        await until(() => theirs.out === 'from netarium\n', 'the answer');
        theirs.child.kill();
        await ours.kill();
      },
    },
    {
      name: 'UDP from our nc -u to nc -u -l, both ways',
      needs,
      quick: true,
      async run(lab) {
        const theirs = listen(lab, ['-u', '-l', KERNEL, 7003]);
        await listens(lab, '-u', 7003);
        const ours = lab.runner.spawn('far', 'nc', '-u', KERNEL, '7003');
        ours.write('from netarium\n');
        await until(() => theirs.out === 'from netarium\n', 'the question');
        theirs.child.stdin.write('from the kernel\n');
        await ours.says('from the kernel\n');
        theirs.child.kill();
        await ours.kill();
      },
    },
    {
      name: 'a datagram of 60,000 bytes crosses in fragments, both ways',
      needs: ['ip', 'python3'],
      async run(lab) {
        await lab.runner.serve('web', 'udp-echo', 7004);
        await lab.runner.serve('far', 'udp-echo', 7004);
        for (const address of [WEB, FAR]) {
          const { out, err } = await lab.run('python3', [
            '-c',
            `import socket, os
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.setsockopt(socket.IPPROTO_IP, 10, 0) # IP_MTU_DISCOVER: IP_PMTUDISC_DONT
for size in (0, 1, 1472, 1473, 9000, 60000, 65507):
    data = os.urandom(size)
    s.sendto(data, ("${address}", 7004))
    assert s.recv(65536) == data, size
print("same")`,
          ]);
          assert.equal(out, 'same\n', err);
        }
      },
    },
    {
      name: 'a closed TCP port refuses, ours and theirs',
      needs,
      async run(lab) {
        const { code, err } = await lab.run('nc', ['-n', '-v', WEB, 9]);
        assert.equal(code, 1);
        assert.match(err, /refused/);
        const ours = lab.runner.spawn('web', 'nc', KERNEL, '9');
        assert.equal(await ours.ends(), 1);
        assert.match(ours.err, /Connection refused/);
      },
    },
    {
      name: 'a closed UDP port says so by ICMP, ours and theirs',
      needs: ['ip', 'python3'],
      async run(lab) {
        const { out } = await lab.run('python3', [
          '-c',
          `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(3); s.connect(("${ALICE}", 9)); s.send(b"x")
try: s.recv(10)
except Exception as e: print(type(e).__name__)`,
        ]);
        assert.equal(out, 'ConnectionRefusedError\n');
        const ours = lab.runner.spawn('alice', 'nc', '-u', KERNEL, '9');
        ours.write('x');
        assert.equal(await ours.ends(), 1);
        assert.match(ours.err, /refused/);
      },
    },
    {
      name: 'one half of a connection stays open while the other has ended',
      needs: ['ip', 'python3'],
      async run(lab) {
        const ours = lab.runner.spawn('web', 'nc', '-v', '-l', '7005');
        await ours.says('Listening');
        ours.write('early ');
        const client = lab.run('python3', [
          '-c',
          `import socket
s = socket.create_connection(("${WEB}", 7005)); s.settimeout(5)
s.sendall(b"question"); s.shutdown(socket.SHUT_WR)
data = b""
while True:
    piece = s.recv(1000)
    if not piece: break
    data += piece
print(data.decode())`,
        ]);
        await ours.says('question');
        const { out, err } = await client;
        assert.match(out, /early/, err);
      },
    },
    {
      name: '16 MiB of noise into our nc, and out of it',
      needs,
      async run(lab) {
        const noise = randomBytes(16 << 20);
        const sink = await lab.runner.serve('web', 'discard', 7006);
        const into = await lab.run('nc', ['-n', '-N', WEB, 7006], { input: noise });
        assert.equal(into.out, `${noise.length} ${sha256(noise)}\n`);
        await sink.kill();
        const ours = lab.runner.spawn('web', 'nc', '-v', '-l', '7007');
        await ours.says('Listening');
        ours.end(noise);
        const from = await lab.run('nc', ['-n', '-d', WEB, 7007], { binary: true });
        assert.equal(sha256(from.out), sha256(noise));
        return `${((16 * 1.048576) / into.seconds).toFixed(0)} and ${((16 * 1.048576) / from.seconds).toFixed(0)} MB/s`;
      },
    },
    {
      name: "nc -z finds our open ports, and ours the kernel's",
      needs,
      async run(lab) {
        const { err } = await lab.run('nc', ['-n', '-z', '-v', WEB, '78-81']);
        assert.match(err, /80 port .*succeeded/);
        assert.equal(err.match(/refused/g)?.length, 3, err);
        const theirs = listen(lab, ['-l', '-k', KERNEL, 7008]);
        await listens(lab, '-t', 7008);
        const ours = lab.runner.spawn('web', 'nc', '-v', '-z', KERNEL, '7007-7009');
        assert.equal(await ours.ends(), 0, ours.err);
        assert.match(ours.err, /7008 port .*succeeded/);
        theirs.child.kill();
      },
    },
    soundCapture(),
  ],
};
