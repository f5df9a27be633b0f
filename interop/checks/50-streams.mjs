// Bytes in number: over a TAP with offload and without, through a switch, both ways, one stream and many.

import assert from 'node:assert/strict';
import { KERNEL, openCampus, WEB } from '../campus.mjs';
import { Lab, until } from '../lab.mjs';
import { sourceSha256 } from '../servers/source.mjs';

const needs = ['ip', 'python3'];
const MB = 1e6;

const openHost = (offload) =>
  Lab.open({
    scenario: 'host.yaml',
    wires: [{ at: 'web:eth0', tap: { device: 'tap0', offload } }],
    addresses: [`${KERNEL}/24`],
  });

const CLIENT = `
import hashlib, os, socket, sys, threading, time
way, address, port, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
s = socket.create_connection((address, port), 10)
s.settimeout(30)
block = os.urandom(1 << 20)
sent, got, n = hashlib.sha256(), hashlib.sha256(), 0
def send():
    left = size
    while left > 0:
        piece = block[:min(left, len(block))]
        s.sendall(piece); sent.update(piece); left -= len(piece)
    s.shutdown(socket.SHUT_WR)
start = time.time()
if way == "echo":
    t = threading.Thread(target=send); t.start()
if way == "discard":
    send()
    receipt = s.makefile().readline().split()
    assert receipt == [str(size), sent.hexdigest()], receipt
else:
    while True:
        piece = s.recv(1 << 20)
        if not piece: break
        got.update(piece); n += len(piece)
    assert n == size, n
    if way == "echo": t.join(); assert got.digest() == sent.digest()
    else: print(got.hexdigest())
print(time.time() - start)
`;

/** Runs CLIENT: its lines, the last of which is the seconds that it took. */
async function transfer(lab, way, port, size) {
  const { code, out, err } = await lab.run('python3', ['-c', CLIENT, way, WEB, port, size], { timeout: 60 });
  assert.equal(code, 0, err);
  return out.trim().split('\n');
}

const rate = (size, seconds) => `${(size / Number(seconds) / MB).toFixed(0)} MB/s`;

const inAndOut = (name, size, more = {}) => [
  {
    name: `${name}: ${size >> 20} MiB in, and the receipt is right`,
    needs,
    ...more,
    async run(lab) {
      const server = await lab.runner.serve('web', 'discard', 7009);
      const [seconds] = await transfer(lab, 'discard', 7009, size);
      await server.kill();
      return rate(size, seconds);
    },
  },
  {
    name: `${name}: ${size >> 20} MiB out, sha256 as it should be`,
    needs,
    ...more,
    async run(lab) {
      const server = await lab.runner.serve('web', 'source', 7019, size);
      const [hash, seconds] = await transfer(lab, 'source', 7019, size);
      await server.kill();
      assert.equal(hash, sourceSha256(size));
      return rate(size, seconds);
    },
  },
  {
    name: `${name}: ${size >> 20} MiB there and back at the same time`,
    needs,
    ...more,
    async run(lab) {
      const server = await lab.runner.serve('web', 'echo', 7007);
      const [seconds] = await transfer(lab, 'echo', 7007, size);
      await server.kill();
      return rate(size, seconds);
    },
  },
];

/** iperf3 from the kernel; what it says of the bytes that arrived. */
async function iperf(lab, ...args) {
  const { out, err } = await lab.run('iperf3', ['-J', '-c', WEB, '-t', 2, ...args], { timeout: 20 });
  let told;
  try {
    told = JSON.parse(out);
  } catch {
    assert.fail(out + err);
  }
  assert.equal(told.error, undefined);
  return told.end;
}

const mbit = (sum) => `${(sum.bits_per_second / 1e6).toFixed(0)} Mbit/s`;

const iperfCheck = (name, args, judge) => ({
  name: `iperf3 ${name}`,
  needs: ['ip', 'iperf3'],
  async run(lab) {
    lab.iperf ??= await lab.runner.serve('web', 'iperf3', 5201);
    const end = await iperf(lab, ...args);
    await until(() => lab.iperf.out.includes('bytes in'), 'our own result');
    return judge(end);
  },
});

const iperfChecks = [
  iperfCheck('in', [], (end) => {
    assert.ok(end.sum_received.bytes > 1 << 20);
    return `${mbit(end.sum_received)}, ${end.sum_sent.retransmits} retransmits`;
  }),
  iperfCheck('out (-R)', ['-R'], (end) => {
    assert.ok(end.sum_received.bytes > 1 << 20);
    return mbit(end.sum_received);
  }),
  iperfCheck('with four streams', ['-P', 4], (end) => {
    assert.equal(end.streams.length, 4);
    for (const { receiver } of end.streams) assert.ok(receiver.bytes > 1 << 18, `${receiver.bytes}`);
    return mbit(end.sum_received);
  }),
  iperfCheck('with segments of 536 bytes', ['-M', 536], (end) => mbit(end.sum_received)),
  iperfCheck('of UDP at 50 Mbit/s', ['-u', '-b', '50M'], (end) => {
    assert.ok(end.sum.lost_percent < 1, `${end.sum.lost_percent}% are lost`);
    return `${end.sum.packets} datagrams, ${end.sum.lost_packets} lost`;
  }),
];

const direct = {
  name: 'streams with offload',
  open: () => openHost(true),
  checks: [...inAndOut('one host', 128 << 20, { quick: true }), ...iperfChecks],
};
const plain = {
  name: 'streams without offload',
  open: () => openHost(false),
  checks: [...inAndOut('one host', 64 << 20), ...iperfChecks.slice(0, 2)],
};
const campus = { name: 'streams through a switch', open: openCampus, checks: inAndOut('no offload', 32 << 20) };
const campusWithOffload = {
  name: 'streams through a switch with offload',
  open: () => openCampus({ wires: [{ at: 'sw1', tap: 'tap0' }] }),
  checks: inAndOut('offload', 32 << 20),
};

export default [direct, plain, campus, campusWithOffload];
