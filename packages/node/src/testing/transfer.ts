import { createHash } from 'node:crypto';
import { Random } from '@netarium/stack/base/random';
import type { Host } from '@netarium/stack/host/host';
import { AF_INET, SOCK_STREAM } from '@netarium/stack/l5-session/constants';
import type { LinkDescription } from '@netarium/stack/network/description';
import { Network } from '../network.ts';

const PORT = 5001;

export interface TransferResult {
  sent: string;
  received: string;
  /** Bytes that arrived. */
  length: number;
  network: Network;
}

export interface TransferOptions {
  bytes: number;
  seed: number;
  link?: Omit<LinkDescription, 'endpoints'>;
  mtu?: number;
  /** Before time runs. */
  prepare?: (network: Network) => void;
}

/** The same bytes for the same seed, fast to make. */
export function pseudoRandomBytes(length: number, seed: number): Uint8Array {
  const random = Random.from(seed);
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = random.u32();
  return new Uint8Array(words.buffer, 0, length);
}

/** Sends bytes from one host to another over one link, by blocking sockets, and hashes both ends. */
export async function transfer(options: TransferOptions): Promise<TransferResult> {
  const network = new Network({ seed: options.seed, fingerprint: true });
  network.pool.track();
  const mtu = options.mtu ?? 1500;
  const a = network.host('a', { interfaces: { eth0: { address: '10.0.0.1/24', mtu } } });
  const b = network.host('b', { interfaces: { eth0: { address: '10.0.0.2/24', mtu } } });
  network.link(['a:eth0', 'b:eth0'], { rate: '100Mbit', delay: '2ms', ...options.link });
  options.prepare?.(network);
  const data = pseudoRandomBytes(options.bytes, options.seed);
  const hash = createHash('sha256');
  let length = 0;
  await network.run(async () => {
    const listener = b.sockets.create_server(['', PORT]);
    const [server] = await Promise.all([listener.accept(), send(a, data)]);
    const [connection] = server;
    for (;;) {
      const chunk = await connection.recv(256 << 10);
      if (chunk.length === 0) break;
      hash.update(chunk);
      length += chunk.length;
    }
    connection.close();
    listener.close();
  });
  // Both ends finish: FINs, TIME-WAIT.
  network.runSync({ for: 300 });
  return { sent: createHash('sha256').update(data).digest('hex'), received: hash.digest('hex'), length, network };
}

/** Connects, again if need be (where a third of all frames is lost, so may be three ARP requests), and sends. */
async function send(host: Host, data: Uint8Array): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const socket = host.sockets.socket(AF_INET, SOCK_STREAM);
    try {
      await socket.connect(['10.0.0.2', PORT]);
      // Not awaited: the caller reads meanwhile.
      void socket.sendall(data).then(() => socket.close());
      return;
    } catch (error) {
      socket.close();
      if (attempt === 10) throw error;
    }
  }
}
