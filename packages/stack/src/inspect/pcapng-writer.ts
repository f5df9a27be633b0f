import type { IpAddress } from '../base/ip-address.ts';
import { utf8Encode } from '../base/utf8.ts';
import {
  BLOCK_OVERHEAD,
  Block,
  BYTE_ORDER_MAGIC,
  ENHANCED_PACKET_FIXED,
  NameRecord,
  Option,
  PacketFlags,
  padding,
} from './pcapng-format.ts';

/** What a capture file says about itself. */
export interface SectionOptions {
  hardware?: string;
  operatingSystem?: string;
  application?: string;
  comment?: string;
  /** Seconds since 1970 that time 0 of the network stands for; default 0, so that a run's file is always the same. */
  epochSeconds?: number;
}

export interface InterfaceOptions {
  name: string;
  description?: string;
  /** One of `LinkType`. */
  linkType: number;
  /** Largest number of bytes kept of a packet; 0: all. */
  snapLength?: number;
  /** Bits per second. Not written when it is not finite. */
  speedBps?: number;
  /** Bytes of frame check sequence at the end of each packet: 0 or 4. Absent: nothing is said. */
  fcsLength?: number;
  /** Decimal digits of a second that times are written with: 9 (nanoseconds, default) or 6. */
  timestampDigits?: 6 | 9;
  /** The capture filter's text. */
  filter?: string;
}

export interface PacketOptions {
  /** Bytes that were on the wire, when `bytes` holds fewer of them. */
  originalLength?: number;
  comments?: readonly string[];
  /** `PacketFlags.Inbound` or `Outbound`; 0: not said. */
  direction?: number;
  /** The frame check sequence did not match. */
  crcError?: boolean;
  /** Names the packet on all interfaces that it passes; 0: not written. */
  packetId?: number;
}

/** Options are at most 65,535 bytes each; a longer text is cut. */
const OPTION_LIMIT = 0xffff;
const FIRST_CHUNK = 4096;

/**
 * Writes a pcapng file, little-endian, into memory; `take` hands out what has been written so far, so that a caller
 * streams it to wherever it likes. Readable by Wireshark, tcpdump (the common blocks) and `CaptureFile`.
 */
export class PcapngWriter {
  private bytes = new Uint8Array(FIRST_CHUNK);
  private view = new DataView(this.bytes.buffer);
  private used = 0;
  private interfaces: { digits: number }[] = [];
  /** Where the packets that wait for `take` begin, how many were handed out before them, and late comments on them. */
  private packetOffsets: number[] = [];
  private packetsTaken = 0;
  private readonly late = new Map<number, string[]>();
  private readonly epochHigh: number;
  private readonly epochLow: number;
  private readonly epochHighMicro: number;
  private readonly epochLowMicro: number;

  constructor(options: SectionOptions = {}) {
    const epoch = BigInt(Math.floor(options.epochSeconds ?? 0));
    this.epochHigh = Number((epoch * 1_000_000_000n) >> 32n);
    this.epochLow = Number((epoch * 1_000_000_000n) & 0xffffffffn);
    this.epochHighMicro = Number((epoch * 1_000_000n) >> 32n);
    this.epochLowMicro = Number((epoch * 1_000_000n) & 0xffffffffn);
    const start = this.beginBlock(Block.SectionHeader);
    this.u32(BYTE_ORDER_MAGIC);
    this.u16(1); // major version
    this.u16(0); // minor version
    this.u32(0xffffffff); // section length: not known yet (64 bits)
    this.u32(0xffffffff);
    this.textOption(Option.Comment, options.comment);
    this.textOption(Option.Hardware, options.hardware);
    this.textOption(Option.OperatingSystem, options.operatingSystem);
    this.textOption(Option.Application, options.application ?? 'netarium');
    this.u32(Option.End);
    this.endBlock(start);
  }

  /** Bytes that wait for `take`. */
  get pendingBytes(): number {
    return this.used;
  }

  /** Hands out what was written since the last call; the caller owns it. */
  take(): Uint8Array {
    const taken = this.late.size === 0 ? this.bytes.slice(0, this.used) : this.withLateComments();
    this.used = 0;
    this.packetsTaken += this.packetOffsets.length;
    this.packetOffsets = [];
    this.late.clear();
    return taken;
  }

  /** Adds a comment to a packet, by what `addPacket` returned. False when it was handed out already. */
  comment(packet: number, text: string): boolean {
    if (packet < this.packetsTaken || packet >= this.packetsTaken + this.packetOffsets.length) return false;
    const comments = this.late.get(packet);
    if (comments === undefined) this.late.set(packet, [text]);
    else comments.push(text);
    return true;
  }

  /** Describes one more interface and returns its index, which packets name. */
  addInterface(options: InterfaceOptions): number {
    const digits = options.timestampDigits ?? 9;
    const start = this.beginBlock(Block.InterfaceDescription);
    this.u16(options.linkType);
    this.u16(0);
    this.u32(options.snapLength ?? 0);
    this.textOption(Option.InterfaceName, options.name);
    this.textOption(Option.InterfaceDescription, options.description);
    if (options.speedBps !== undefined && Number.isFinite(options.speedBps)) {
      this.option64(Option.Speed, options.speedBps);
    }
    this.byteOption(Option.TimestampResolution, digits);
    // A filter option begins with a byte that says what kind: 0, a text as people write it.
    if (options.filter) this.textOption(Option.Filter, `\0${options.filter}`);
    if (options.fcsLength !== undefined) this.byteOption(Option.FcsLength, options.fcsLength);
    this.u32(Option.End);
    this.endBlock(start);
    this.interfaces.push({ digits });
    return this.interfaces.length - 1;
  }

  /** Appends `bytes[from, to)`, seen at `timeNs` on the interface with this index. Returns the packet's place, from 0. */
  addPacket(
    interfaceIndex: number,
    timeNs: number,
    bytes: Uint8Array,
    options: PacketOptions = {},
    from = 0,
    to = bytes.length,
  ): number {
    const length = to - from;
    this.packetOffsets.push(this.used);
    const start = this.beginBlock(Block.EnhancedPacket);
    this.reserve(ENHANCED_PACKET_FIXED + length + 3);
    this.u32(interfaceIndex);
    this.time(interfaceIndex, timeNs);
    this.u32(length);
    this.u32(Math.max(length, options.originalLength ?? length));
    this.bytes.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), this.used);
    this.used += length;
    this.pad(length);
    const flags = (options.direction ?? 0) | (options.crcError ? PacketFlags.CrcError : 0);
    const comments = options.comments;
    if (flags !== 0 || options.packetId || (comments !== undefined && comments.length > 0)) {
      if (comments !== undefined) for (const comment of comments) this.textOption(Option.Comment, comment);
      if (flags !== 0) {
        this.u16(Option.Flags);
        this.u16(4);
        this.u32(flags);
      }
      if (options.packetId) this.option64(Option.PacketId, options.packetId);
      this.u32(Option.End);
    }
    this.endBlock(start);
    return this.packetsTaken + this.packetOffsets.length - 1;
  }

  /** Says which addresses the names belong to, so that a reader shows `alice` rather than 10.0.1.10. */
  addNames(names: Iterable<{ address: IpAddress; names: readonly string[] }>): void {
    const start = this.beginBlock(Block.NameResolution);
    for (const entry of names) {
      const texts = entry.names.map((name) => utf8Encode(`${name}\0`));
      const addressLength = entry.address.family === 4 ? 4 : 16;
      const length = texts.reduce((sum, text) => sum + text.length, addressLength);
      if (texts.length === 0 || length > OPTION_LIMIT) continue;
      this.u16(entry.address.family === 4 ? NameRecord.Ipv4 : NameRecord.Ipv6);
      this.u16(length);
      if (entry.address.family === 6) {
        this.bigEndian32(entry.address.w0);
        this.bigEndian32(entry.address.w1);
        this.bigEndian32(entry.address.w2);
      }
      this.bigEndian32(entry.address.w3);
      for (const text of texts) this.raw(text);
      this.pad(length);
    }
    this.u32(NameRecord.End);
    this.endBlock(start);
  }

  /** What one interface saw in all; written at the end. */
  addStatistics(
    interfaceIndex: number,
    timeNs: number,
    counts: { startNs?: number; received?: number; dropped?: number; filterAccepted?: number },
  ): void {
    const start = this.beginBlock(Block.InterfaceStatistics);
    this.u32(interfaceIndex);
    this.time(interfaceIndex, timeNs);
    if (counts.startNs !== undefined) this.timeOption(Option.StartTime, interfaceIndex, counts.startNs);
    this.timeOption(Option.EndTime, interfaceIndex, timeNs);
    if (counts.received !== undefined) this.option64(Option.Received, counts.received);
    if (counts.dropped !== undefined) this.option64(Option.Dropped, counts.dropped);
    if (counts.filterAccepted !== undefined) this.option64(Option.FilterAccepted, counts.filterAccepted);
    this.u32(Option.End);
    this.endBlock(start);
  }

  /** The pending bytes once more, each late comment put in front of its block's other options. */
  private withLateComments(): Uint8Array {
    const whole = new PcapngWriter();
    whole.used = 0;
    let done = 0;
    for (const packet of [...this.late.keys()].sort((a, b) => a - b)) {
      const at = this.packetOffsets[packet - this.packetsTaken]!;
      const length = this.view.getUint32(at + 4, true);
      const captured = this.view.getUint32(at + 20, true);
      const options = at + 8 + ENHANCED_PACKET_FIXED + captured + padding(captured);
      const end = at + length - 4;
      whole.raw(this.bytes.subarray(done, at));
      const start = whole.used;
      whole.raw(this.bytes.subarray(at, options));
      for (const comment of this.late.get(packet)!) whole.textOption(Option.Comment, comment);
      whole.raw(this.bytes.subarray(options, end));
      if (options === end) whole.u32(Option.End);
      whole.endBlock(start);
      done = at + length;
    }
    whole.raw(this.bytes.subarray(done, this.used));
    return whole.bytes.slice(0, whole.used);
  }

  /** Returns where the block begins. */
  private beginBlock(type: number): number {
    const start = this.used;
    this.u32(type);
    this.u32(0); // the length, written by endBlock
    return start;
  }

  private endBlock(start: number): void {
    const length = this.used - start + 4;
    this.u32(length);
    this.view.setUint32(start + 4, length, true);
  }

  /** A time in the interface's resolution: two words, the high one first. */
  private time(interfaceIndex: number, timeNs: number): void {
    const micro = this.interfaces[interfaceIndex]?.digits === 6;
    const units = micro ? Math.floor(timeNs / 1000) : timeNs;
    let high = Math.floor(units / 2 ** 32) + (micro ? this.epochHighMicro : this.epochHigh);
    let low = (units % 2 ** 32) + (micro ? this.epochLowMicro : this.epochLow);
    if (low >= 2 ** 32) {
      low -= 2 ** 32;
      high++;
    }
    this.u32(high);
    this.u32(low);
  }

  private timeOption(code: number, interfaceIndex: number, timeNs: number): void {
    this.u16(code);
    this.u16(8);
    this.time(interfaceIndex, timeNs);
  }

  private textOption(code: number, text: string | undefined): void {
    if (text === undefined) return;
    let value = utf8Encode(text);
    if (value.length > OPTION_LIMIT) value = value.subarray(0, OPTION_LIMIT);
    this.u16(code);
    this.u16(value.length);
    this.raw(value);
    this.pad(value.length);
  }

  private byteOption(code: number, value: number): void {
    this.u16(code);
    this.u16(1);
    this.u32(value); // and three bytes of padding, little-endian
  }

  private option64(code: number, value: number): void {
    this.u16(code);
    this.u16(8);
    this.u32(value % 2 ** 32);
    this.u32(Math.floor(value / 2 ** 32));
  }

  private raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.bytes.set(value, this.used);
    this.used += value.length;
  }

  private pad(length: number): void {
    const count = padding(length);
    this.reserve(count);
    for (let i = 0; i < count; i++) this.bytes[this.used++] = 0;
  }

  private u16(value: number): void {
    this.reserve(2);
    this.view.setUint16(this.used, value, true);
    this.used += 2;
  }

  private u32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.used, value, true);
    this.used += 4;
  }

  /** Addresses stay in network order whatever the file's byte order is. */
  private bigEndian32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.used, value, false);
    this.used += 4;
  }

  private reserve(count: number): void {
    const need = this.used + count;
    if (need <= this.bytes.length) return;
    let capacity = this.bytes.length * 2;
    while (capacity < need + BLOCK_OVERHEAD) capacity *= 2;
    const grown = new Uint8Array(capacity);
    grown.set(this.bytes.subarray(0, this.used));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}
