import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import type { RecordingDevice } from '@netarium/stack/testing/recording-device';
import { expectNoLeaks } from '@netarium/stack/testing/test-node';
import { DgramLink } from '../dgram-link.ts';
import type { WireLimits } from '../limits.ts';
import { MessagePortLink } from '../message-port-link.ts';
import { StreamLink } from '../stream-link.ts';
import { UdpTunnelLink } from '../udp-tunnel-link.ts';
import { VxlanLink } from '../vxlan-link.ts';
import { WebSocketLink } from '../websocket-link.ts';
import type { Wire } from '../wire.ts';
import { until, WireBench } from './wire-bench.ts';

/** A port that nobody has: taken and given back. */
export async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

export const loopback = (port: number) => ({ address: '127.0.0.1', port });

/** Two ends of each kind of wire. */
const KINDS: Record<string, (ends: WireEnds, limits: Partial<WireLimits>) => Promise<[Wire, Wire]>> = {
  udp: async ({ here, there }, limits) => {
    const [a, b] = [await freePort(), await freePort()];
    return [
      await UdpTunnelLink.open(here, { local: loopback(a), remote: loopback(b), limits }),
      await UdpTunnelLink.open(there, { local: loopback(b), remote: loopback(a), limits }),
    ];
  },
  dgram: async ({ here, there }, limits) => {
    const [a, b] = [await freePort(), await freePort()];
    return [
      await DgramLink.open(here, { local: loopback(a), remote: loopback(b), limits }),
      await DgramLink.open(there, { local: loopback(b), remote: loopback(a), limits }),
    ];
  },
  vxlan: async ({ here, there }, limits) => {
    const [a, b] = [await freePort(), await freePort()];
    return [
      await VxlanLink.open(here, { vni: 42, local: loopback(a), remote: loopback(b), limits }),
      await VxlanLink.open(there, { vni: 42, local: loopback(b), remote: loopback(a), limits }),
    ];
  },
  'stream over TCP': async ({ here, there }, limits) => {
    const server = await StreamLink.listen(there, { at: { port: 0 }, limits });
    return [await StreamLink.connect(here, { at: { port: server.port }, limits }), server];
  },
  'stream over a Unix socket': async ({ here, there, folder }, limits) => {
    const path = join(folder, 'net.sock');
    const server = await StreamLink.listen(there, { at: { path }, limits });
    return [await StreamLink.connect(here, { at: { path }, limits }), server];
  },
  websocket: async ({ here, there }, limits) => {
    const server = await WebSocketLink.listen(there, { port: 0, limits });
    return [await WebSocketLink.connect(here, { url: `ws://127.0.0.1:${server.port}/`, limits }), server];
  },
  'message port': async ({ here, there }, limits) => {
    const { port1, port2 } = new MessageChannel();
    return [new MessagePortLink(here, { port: port1, limits }), new MessagePortLink(there, { port: port2, limits })];
  },
};

export const WIRE_KINDS: readonly string[] = Object.keys(KINDS);

export interface WirePair {
  a: Wire;
  b: Wire;
  left: RecordingDevice;
  right: RecordingDevice;
}

/** Two places that wires join, for one test. */
export class WireEnds {
  readonly here = new WireBench();
  readonly there: WireBench;
  readonly folder: string = mkdtempSync(join(tmpdir(), 'netarium-wires-'));
  private readonly wires: { close(): void }[] = [];

  /** `poolBytes`: what packets on the other side may take. */
  constructor(poolBytes?: number) {
    this.there = new WireBench(poolBytes === undefined ? {} : { poolBytes });
  }

  /** Closes the wire at the end. */
  keep<T extends { close(): void }>(wire: T): T {
    this.wires.push(wire);
    return wire;
  }

  /** The two ends of a wire of this kind, each with a device, when they are up. */
  async pair(kind: string, limits: Partial<WireLimits> = {}): Promise<WirePair> {
    const [a, b] = await KINDS[kind]!(this, limits);
    this.keep(a);
    this.keep(b);
    const [left, right] = [this.here.device(a), this.there.device(b)];
    await until(() => a.up && b.up, `${kind} is up`);
    return { a, b, left, right };
  }

  /** Closes all, twice: the second time nothing happens. Nothing may be held then. */
  close(): void {
    for (const wire of this.wires) wire.close();
    for (const wire of this.wires) wire.close();
    expectNoLeaks(this.here.pool);
    expectNoLeaks(this.there.pool);
    rmSync(this.folder, { recursive: true });
  }
}
