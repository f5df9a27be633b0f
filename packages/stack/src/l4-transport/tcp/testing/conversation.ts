import { expect } from 'vitest';
import { finish, sum } from '../../../base/checksum.ts';
import type { EventQueue } from '../../../base/event-queue.ts';
import { IpAddress } from '../../../base/ip-address.ts';
import type { Limits } from '../../../base/limits.ts';
import type { NodeContext } from '../../../base/node-context.ts';
import type { PacketBuffer, PacketPool } from '../../../base/packet-buffer.ts';
import { expectNoLeaks, testNode } from '../../../testing/test-node.ts';
import type { TcpOptions, TcpSocketOptions } from '../options.ts';
import { type StreamOwner, Tcp, type TcpConnection, type TcpListener } from '../tcp.ts';
import { describeSegment, Option, readSegment, SegmentFields } from '../tcp-header.ts';
import { FakeNetwork } from './fake-network.ts';

const LETTERS: Record<string, number> = { F: 1, S: 2, R: 4, P: 8, A: 16, U: 32, E: 64, C: 128 };

/** A segment as a test writes it. Numbers are relative: `seq` to the peer's first, `ack` to ours. */
export interface Spoken {
  flags: string;
  seq?: number;
  ack?: number;
  win?: number;
  /** Text, or so many bytes of some. */
  data?: string | number;
  mss?: number;
  ws?: number;
  sackOk?: boolean;
  /** TSval and TSecr; a TSecr of -1 echoes the last that came. */
  ts?: [number, number];
  sack?: [number, number][];
}

/** A segment that the TCP under test sent, with numbers relative to its own first (`seq`) and the peer's (`ack`). */
export interface Heard {
  flags: string;
  seq: number;
  ack: number;
  win: number;
  len: number;
  data: string;
  mss: number;
  ws: number;
  sackOk: boolean;
  ts: [number, number] | null;
  sack: [number, number][];
  at: number;
  text: string;
  bytes: Uint8Array;
}

export interface ConversationOptions {
  limits?: Partial<Limits>;
  tcp?: Partial<TcpOptions>;
  mtu?: number;
}

/**
 * One TCP, and a test that plays its peer: `say` puts a segment on the wire, `hear` takes the next one that the TCP
 * sent and compares what is given, `silence` says that there is none. Nothing else happens, and time goes by `wait`.
 */
export class Conversation {
  readonly node: NodeContext;
  readonly queue: EventQueue;
  readonly pool: PacketPool;
  readonly network: FakeNetwork;
  readonly tcp: Tcp;
  readonly us = IpAddress.v4(0x0a000001);
  readonly peer = IpAddress.v4(0x0a000002);
  ourPort = 80;
  peerPort = 5000;
  /** The peer's initial sequence number, and ours once a SYN was heard. */
  peerIss = 1000;
  iss = 0;
  lastTsVal = 0;
  readonly sent: Heard[] = [];
  readonly events: number[] = [];

  constructor(options: ConversationOptions = {}) {
    const { node, queue, pool } = testNode('us', options.limits);
    this.node = node;
    this.queue = queue;
    this.pool = pool;
    this.network = new FakeNetwork(this.us);
    this.network.mtu = options.mtu ?? 1500;
    this.network.wire = (packet) => this.catch(packet);
    this.tcp = new Tcp(node, this.network, options.tcp);
    queue.runUntil(1e9);
  }

  connect(options: Partial<TcpSocketOptions> = {}, owner: StreamOwner | null = null): TcpConnection {
    const binding = this.tcp.ports.bind(null, 0, { reuseAddress: true });
    if (typeof binding === 'number') throw new Error(`bind ${binding}`);
    this.ourPort = binding.port;
    this.peerPort = 80;
    const c = this.tcp.connect(binding, this.peer, 80, owner, options);
    binding.release();
    if (typeof c === 'number') throw new Error(`connect ${c}`);
    return c;
  }

  listen(options: Partial<TcpSocketOptions> = {}, backlog = 5): TcpListener {
    const binding = this.tcp.ports.bind(null, this.ourPort, { privileged: true, reuseAddress: true });
    if (typeof binding === 'number') throw new Error(`bind ${binding}`);
    const listener = this.tcp.listen(binding, backlog, null, options);
    binding.release();
    if (typeof listener === 'number') throw new Error(`listen ${listener}`);
    return listener;
  }

  /** An established connection, opened by us; `syn` is the peer's SYN+ACK (without options: no SACK, no timestamps, MSS 1460). */
  established(options: Partial<TcpSocketOptions> = {}, syn: Partial<Spoken> = {}): TcpConnection {
    const c = this.connect(options);
    this.hear({ flags: 'S' });
    this.say({ flags: 'SA', seq: 0, ack: 1, win: 65535, mss: 1460, ...syn });
    this.hear({ flags: 'A', seq: 1, ack: 1 });
    c.owner = { streamReady: (events) => this.events.push(events) };
    return c;
  }

  say(spoken: Spoken): void {
    const packet = this.make(spoken);
    this.network.deliver(packet);
  }

  /** The packet of a segment, with its IP header, for who wants to spoil it first. */
  make(spoken: Spoken): PacketBuffer {
    const options: number[] = [];
    if (spoken.mss !== undefined) options.push(Option.Mss, 4, spoken.mss >> 8, spoken.mss & 255);
    if (spoken.sackOk) options.push(Option.Nop, Option.Nop, Option.SackPermitted, 2);
    if (spoken.ts !== undefined) {
      const [val, ecr] = spoken.ts;
      options.push(
        Option.Nop,
        Option.Nop,
        Option.Timestamps,
        10,
        ...word(val),
        ...word(ecr === -1 ? this.lastTsVal : ecr),
      );
    }
    if (spoken.ws !== undefined) options.push(Option.Nop, Option.WindowScale, 3, spoken.ws);
    if (spoken.sack !== undefined) {
      options.push(Option.Nop, Option.Nop, Option.Sack, 2 + spoken.sack.length * 8);
      for (const [left, right] of spoken.sack) options.push(...word(left + this.iss), ...word(right + this.iss));
    }
    const data =
      typeof spoken.data === 'number'
        ? new Uint8Array(spoken.data).fill(120)
        : Uint8Array.from([...(spoken.data ?? '')].map((letter) => letter.charCodeAt(0)));
    const length = 20 + options.length;
    const packet = this.pool.acquire(60 + data.length);
    const at = packet.push(length);
    const { view } = packet;
    view.setUint16(at, this.peerPort);
    view.setUint16(at + 2, this.ourPort);
    view.setInt32(at + 4, ((spoken.seq ?? 0) + this.peerIss) | 0);
    view.setInt32(at + 8, spoken.ack === undefined ? 0 : (spoken.ack + this.iss) | 0);
    view.setUint8(at + 12, (length >> 2) << 4);
    view.setUint8(
      at + 13,
      [...spoken.flags].reduce((bits, letter) => bits | LETTERS[letter]!, 0),
    );
    view.setUint16(at + 14, spoken.win ?? 65535);
    view.setUint32(at + 16, 0);
    options.forEach((byte, i) => {
      view.setUint8(at + 20 + i, byte);
    });
    packet.append(data);
    const pseudo = this.us.w3 + this.peer.w3 + 6 + packet.length;
    view.setUint16(at + 16, finish(sum(view, at, packet.end, pseudo)));
    const ip = packet.push(20);
    view.setUint32(ip, 0x45000000 | (packet.end - ip));
    view.setUint32(ip + 4, 0);
    view.setUint32(ip + 8, (64 << 24) | (6 << 16));
    this.peer.write(view, ip + 12);
    this.us.write(view, ip + 16);
    return packet;
  }

  /** The next segment that was sent; what `expected` names must be so. PSH is compared only if it is named. */
  hear(expected: Partial<Heard> = {}): Heard {
    const heard = this.sent.shift();
    if (heard === undefined) throw new Error(`nothing was sent; expected ${JSON.stringify(expected)}`);
    if (heard.flags.includes('S')) {
      this.iss = (heard.seq + this.iss) | 0;
      heard.seq = 0;
    }
    const seen: Record<string, unknown> = {};
    for (const key of Object.keys(expected) as (keyof Heard)[]) seen[key] = heard[key];
    if (expected.flags !== undefined && !expected.flags.includes('P')) seen.flags = heard.flags.replace('P', '');
    const wanted = { ...expected };
    if (wanted.flags !== undefined) wanted.flags = sorted(wanted.flags);
    expect(seen, heard.text).toEqual(wanted);
    return heard;
  }

  silence(): void {
    expect(this.sent.map((heard) => heard.text)).toEqual([]);
  }

  /** Takes all that was sent. */
  flush(): Heard[] {
    return this.sent.splice(0);
  }

  wait(ns: number): void {
    this.queue.runUntil(this.queue.now + ns);
  }

  /** Ends whatever there is, and looks whether everything was given back. */
  end(): void {
    for (const c of [...this.tcp.connections()]) c.abort();
    for (const listener of [...this.tcp.listeners()]) listener.close();
    for (const waiting of [...this.tcp.timeWaits]) this.tcp.timeWaits.end(waiting, 'the test is over');
    expectNoLeaks(this.pool);
    expect(this.tcp.segments.outstanding).toBe(0);
    expect(this.tcp.ports.size).toBe(0);
    expect(this.queue.pending).toBe(0);
  }

  private catch(packet: PacketBuffer): void {
    const start = packet.start + 20;
    const { view, end } = packet;
    const fields = new SegmentFields();
    expect(readSegment(view, start, end, fields)).toBe(0);
    const pseudo = this.us.w3 + this.peer.w3 + 6 + end - start;
    expect(finish(sum(view, start, end, pseudo)), 'checksum').toBe(0);
    const data = packet.bytes.slice(start + fields.headerLength, end);
    if (fields.hasTimestamps) this.lastTsVal = fields.tsVal;
    const sack: [number, number][] = [];
    for (let i = 0; i < fields.sackCount; i++) {
      sack.push([(fields.sacks[i * 2]! - this.peerIss) | 0, (fields.sacks[i * 2 + 1]! - this.peerIss) | 0]);
    }
    this.sent.push({
      flags: sorted(
        Object.keys(LETTERS)
          .filter((letter) => (fields.flags & LETTERS[letter]!) !== 0)
          .join(''),
      ),
      seq: (fields.seq - this.iss) | 0,
      ack: (fields.flags & 16) !== 0 ? (fields.ack - this.peerIss) | 0 : 0,
      win: fields.window,
      len: fields.length,
      data: String.fromCharCode(...data.subarray(0, 100)),
      mss: fields.mss,
      ws: fields.windowScale,
      sackOk: fields.sackPermitted,
      ts: fields.hasTimestamps ? [fields.tsVal, fields.tsEcr] : null,
      sack,
      at: this.queue.now,
      text: describeSegment(view, start, end),
      bytes: packet.bytes.slice(start, end),
    });
    packet.release();
  }
}

function word(n: number): number[] {
  return [(n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
}

function sorted(flags: string): string {
  return [...flags].sort().join('');
}

/** Bytes to write. */
export function bytes(n: number): Uint8Array {
  return new Uint8Array(n).fill(97);
}

export function text(from: string): Uint8Array {
  return Uint8Array.from([...from].map((letter) => letter.charCodeAt(0)));
}
