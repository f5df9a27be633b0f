import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '@netarium/stack/host/host';
import type { Socket } from '@netarium/stack/l5-session/socket';
import { expectNoLeaks } from '@netarium/stack/testing/test-node';
import { describe, expect, it } from 'vitest';
import { Network } from '../../network.ts';
import { namespaceMissing, TestNamespace } from '../testing/test-namespace.ts';
import { dropsOf, until } from '../testing/wire-bench.ts';
import { TapLink } from './tap-link.ts';

/** Gigabytes (10^9) that are moved, both ways together; `NETARIUM_SOAK_GB=50 npm run test:long -- soak`. */
const GIGABYTES = Number(process.env.NETARIUM_SOAK_GB ?? 5);
const MOST_PER_WAY = 64 << 20;
/** What each way of a connection is made of: pieces of a random block, anywhere in it. */
const BLOCK = 4 << 20;
const LARGEST_PIECE = 1 << 20;

/**
 * The kernel's side: `workers` threads open a connection after the other until together they have moved `bytes`. Both
 * sides send as much as they please, in pieces of 1 byte to 1 MiB, with pauses, and say good-bye when they like; each
 * hashes what it sent and what it got. For each connection one line: number, bytes and hash sent, bytes and hash got.
 */
const PROGRAM = `
import hashlib, os, random, socket, struct, sys, threading, time
address, budget, workers, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
BLOCK, MOST, LARGEST = ${BLOCK}, ${MOST_PER_WAY}, ${LARGEST_PIECE}
block = memoryview(os.urandom(BLOCK))
lock = threading.Lock()
numbers = iter(range(1 << 30))
def send(s, number, r, out):
  total = 0 if r.random() < 0.1 else r.randrange(MOST)
  h = hashlib.sha256(); left = total
  s.sendall(struct.pack(">I", number))
  while left > 0:
    n = min(left, int(2 ** r.uniform(0, 20)))
    at = r.randrange(BLOCK - n + 1)
    s.sendall(block[at:at + n]); h.update(block[at:at + n]); left -= n
    if r.random() < 0.001: time.sleep(r.random() * 0.02)
  if r.random() < 0.2: time.sleep(r.random() * 0.05)
  s.shutdown(socket.SHUT_WR)
  out += [total, h.hexdigest()]
def work(r):
  global budget
  while True:
    with lock:
      if budget <= 0: return
      number = next(numbers)
    s = socket.create_connection((address, 7070), 20); s.settimeout(60)
    out = []
    t = threading.Thread(target=send, args=(s, number, random.Random(r.random()), out)); t.start()
    h = hashlib.sha256(); got = 0; v = memoryview(bytearray(LARGEST))
    while True:
      n = s.recv_into(v, int(2 ** r.uniform(6, 20)))
      if n == 0: break
      h.update(v[:n]); got += n
      if r.random() < 0.001: time.sleep(r.random() * 0.02)
    t.join(); s.close()
    with lock:
      budget -= got + out[0]
      print(number, out[0], out[1], got, h.hexdigest(), flush=True)
threads = [threading.Thread(target=work, args=(random.Random(seed * 1000 + i),)) for i in range(workers)]
for t in threads: t.start()
for t in threads: t.join()
print("done", flush=True)
`;

const describeSoak = namespaceMissing === undefined ? describe : describe.skip;
const title = `${GIGABYTES} GB between the kernel and a netarium host`;

describeSoak(namespaceMissing === undefined ? title : `${title} [skipped: ${namespaceMissing}]`, () => {
  it.each([
    ['with offload', true, 0.8],
    ['without', false, 0.2],
  ])(
    'arrive unharmed both ways, in random patterns, and memory stays as it is: %s',
    async (name, offload, share) => {
      const there = await TestNamespace.create();
      const network = new Network();
      network.setPace(1);
      const host = network.host('web', { interfaces: { eth0: '10.9.0.2/24' } });
      const tap = new TapLink(network, { device: 'tap0', namespace: there.path, offload });
      network.plug('web:eth0', tap);
      there.ip('addr add 10.9.0.1/24 dev tap0\nlink set tap0 up');
      const running = network.run();
      const bytes = GIGABYTES * 1e9 * share;
      const soak = new Soak(host);
      const begin = performance.now();
      const child = there.start('python3', ['-c', PROGRAM, '10.9.0.2', `${bytes}`, '4', '1']);
      let output = '';
      let complaint = '';
      child.stdout!.on('data', (chunk) => (output += chunk));
      child.stderr!.on('data', (chunk) => (complaint += chunk));
      const early = bytes / 5;
      const rss: number[] = [];
      while (!output.endsWith('done\n')) {
        if (child.exitCode !== null) throw new Error(complaint);
        await sleep(200);
        // What a program takes until it is warm is not what it takes for each byte.
        if (soak.moved > early) rss.push(process.memoryUsage().rss / 1e6);
      }
      const seconds = (performance.now() - begin) / 1000;
      await until(() => soak.open === 0, 'all connections to be closed');
      const lines = output.trimEnd().split('\n').slice(0, -1);
      const wrong = lines.filter((line) => soak.lines.get(Number(line.split(' ')[0])) !== line);
      const half = rss.length >> 1;
      const [first, second] = [median(rss.slice(0, half)), median(rss.slice(half))];
      console.log(
        `${name}: ${(soak.moved / 1e9).toFixed(1)} GB in ${lines.length} connections and ${seconds.toFixed(0)} s, ` +
          `${wrong.length} differences; resident MB: ${first.toFixed(0)} in the first half, ${second.toFixed(0)} in the ` +
          `second, ${Math.max(...rss).toFixed(0)} at most`,
      );
      expect(wrong).toEqual([]);
      expect(lines.length).toBe(soak.lines.size);
      expect(soak.moved).toBeGreaterThanOrEqual(bytes);
      expect(dropsOf(tap)).toEqual({});
      expect(second).toBeLessThan(first * 1.2 + 50);
      host.sockets.closeAll();
      tap.close();
      network.scheduler.stop();
      await running;
      there.close();
      expectNoLeaks(network.pool);
    },
    (120 + GIGABYTES * 60) * 1000,
  );
});

/** Our side: what it sent and got of each connection, as the kernel's side says it. */
class Soak {
  readonly lines = new Map<number, string>();
  moved = 0;
  open = 0;
  private readonly block = randomBytes(BLOCK);

  constructor(host: Host) {
    const listener = host.sockets.create_server(['', 7070]);
    const accept = async (): Promise<void> => {
      for (;;) {
        const [peer] = await listener.accept();
        this.open++;
        void this.talk(peer).finally(() => {
          peer.close();
          this.open--;
        });
      }
    };
    accept().catch(() => {}); // closed: the test is over
  }

  private async talk(peer: Socket): Promise<void> {
    const number = new DataView((await peer.recv(4, 0x100)).slice().buffer).getUint32(0); // MSG_WAITALL
    const [got, sent] = await Promise.all([this.receive(peer), this.send(peer)]);
    this.lines.set(number, `${number} ${got} ${sent}`);
  }

  private async receive(peer: Socket): Promise<string> {
    const hash = createHash('sha256');
    const into = new Uint8Array(LARGEST_PIECE);
    let total = 0;
    for (;;) {
      const n = await peer.recv_into(into, pieceLength(6));
      if (n === 0) return `${total} ${hash.digest('hex')}`;
      hash.update(into.subarray(0, n));
      total += n;
      this.moved += n;
      if (Math.random() < 0.001) await sleep(Math.random() * 20);
    }
  }

  private async send(peer: Socket): Promise<string> {
    const hash = createHash('sha256');
    const total = Math.random() < 0.1 ? 0 : Math.floor(Math.random() * MOST_PER_WAY);
    for (let left = total; left > 0; ) {
      const n = Math.min(left, pieceLength(0));
      const at = Math.floor(Math.random() * (BLOCK - n + 1));
      const piece = this.block.subarray(at, at + n);
      await peer.sendall(piece);
      hash.update(piece);
      left -= n;
      this.moved += n;
      if (Math.random() < 0.001) await sleep(Math.random() * 20);
    }
    if (Math.random() < 0.2) await sleep(Math.random() * 50);
    peer.shutdown(1);
    return `${total} ${hash.digest('hex')}`;
  }
}

/** 2^least to 2^20, each power of two as likely. */
function pieceLength(least: number): number {
  return Math.floor(2 ** (least + Math.random() * (20 - least)));
}

function median(numbers: number[]): number {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1]!;
}
