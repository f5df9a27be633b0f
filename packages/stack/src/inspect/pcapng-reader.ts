import { IpAddress } from '../base/ip-address.ts';
import { Direction } from '../base/trace.ts';
import { utf8Decode } from '../base/utf8.ts';
import type { CapturedPacket, CaptureFile, CaptureInterface } from './capture-file.ts';
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

export function isPcapng(bytes: Uint8Array): boolean {
  // The section header's type reads the same in both byte orders.
  return bytes.length >= 4 && bytes[0] === 0x0a && bytes[1] === 0x0d && bytes[2] === 0x0d && bytes[3] === 0x0a;
}

/** Reads what `isPcapng` recognised, block after block, until the end or until a length makes no sense. */
export function readPcapng(bytes: Uint8Array): CaptureFile {
  const reader = new PcapngReader(bytes);
  reader.run();
  return reader.file;
}

/** How an interface writes its times. */
interface TimeBase {
  unitsPerSecond: bigint;
  offsetSeconds: number;
}

class PcapngReader {
  readonly file: {
    -readonly [Key in keyof CaptureFile]: CaptureFile[Key];
  } = {
    format: 'pcapng',
    interfaces: [],
    packets: [],
    names: new Map(),
    comments: [],
    hardware: '',
    operatingSystem: '',
    application: '',
    problems: [],
  };
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private little = true;
  private timeBases: TimeBase[] = [];
  /** Interfaces are numbered within their section; this is the current section's first. */
  private sectionFirst = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  run(): void {
    let at = 0;
    while (at < this.bytes.length) {
      if (at + BLOCK_OVERHEAD > this.bytes.length) {
        this.problem(at, 'the file ends inside a block');
        return;
      }
      const type = this.view.getUint32(at, this.little);
      if (type === Block.SectionHeader && !this.byteOrder(at)) return;
      const length = this.view.getUint32(at + 4, this.little);
      if (length < BLOCK_OVERHEAD || (length & 3) !== 0) {
        this.problem(at, `a block cannot be ${length} bytes long`);
        return;
      }
      if (length > this.bytes.length - at) {
        this.problem(at, 'the file ends inside a block');
        return;
      }
      if (this.view.getUint32(at + length - 4, this.little) !== length) {
        this.problem(at, 'the lengths at the two ends of a block differ');
      }
      this.block(type, at + 8, at + length - 4);
      at += length;
    }
  }

  /** Finds the section's byte order by its magic. */
  private byteOrder(at: number): boolean {
    if (this.view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC) this.little = true;
    else if (this.view.getUint32(at + 8, false) === BYTE_ORDER_MAGIC) this.little = false;
    else {
      this.problem(at, 'a section header without the byte order magic');
      return false;
    }
    return true;
  }

  private block(type: number, start: number, end: number): void {
    switch (type) {
      case Block.SectionHeader:
        this.sectionHeader(start, end);
        break;
      case Block.InterfaceDescription:
        this.interfaceDescription(start, end);
        break;
      case Block.EnhancedPacket:
        this.enhancedPacket(start, end, false);
        break;
      case Block.Packet:
        this.enhancedPacket(start, end, true);
        break;
      case Block.SimplePacket:
        this.simplePacket(start, end);
        break;
      case Block.NameResolution:
        this.nameResolution(start, end);
        break;
    }
  }

  private sectionHeader(start: number, end: number): void {
    if (end - start < 16) {
      this.problem(start, 'a section header is too short');
      return;
    }
    this.sectionFirst = this.file.interfaces.length;
    this.options(start + 16, end, (code, from, to) => {
      if (code === Option.Comment) this.file.comments.push(this.text(from, to));
      else if (code === Option.Hardware) this.file.hardware = this.text(from, to);
      else if (code === Option.OperatingSystem) this.file.operatingSystem = this.text(from, to);
      else if (code === Option.Application) this.file.application = this.text(from, to);
    });
  }

  private interfaceDescription(start: number, end: number): void {
    if (end - start < 8) {
      this.problem(start, 'an interface description is too short');
      return;
    }
    const described: { -readonly [Key in keyof CaptureInterface]: CaptureInterface[Key] } = {
      name: '',
      description: '',
      linkType: this.view.getUint16(start, this.little),
      snapLength: this.view.getUint32(start + 4, this.little),
      speedBps: 0,
      fcsLength: -1,
      filter: '',
    };
    const time: TimeBase = { unitsPerSecond: 1_000_000n, offsetSeconds: 0 };
    this.options(start + 8, end, (code, from, to) => {
      if (code === Option.InterfaceName) described.name = this.text(from, to);
      else if (code === Option.InterfaceDescription) described.description = this.text(from, to);
      else if (code === Option.Speed && to - from === 8) described.speedBps = Number(this.u64(from));
      else if (code === Option.FcsLength && to - from === 1) described.fcsLength = this.bytes[from]!;
      else if (code === Option.Filter && this.bytes[from] === 0) described.filter = this.text(from + 1, to);
      else if (code === Option.TimestampOffset && to - from === 8) {
        time.offsetSeconds = Number(BigInt.asIntN(64, this.u64(from)));
      } else if (code === Option.TimestampResolution && to - from === 1) {
        // The high bit says whether the others are a negative power of 2 or of 10.
        const exponent = BigInt(this.bytes[from]! & 0x7f);
        time.unitsPerSecond = this.bytes[from]! & 0x80 ? 2n ** exponent : 10n ** exponent;
      }
    });
    this.file.interfaces.push(described);
    this.timeBases.push(time);
  }

  private enhancedPacket(start: number, end: number, obsolete: boolean): void {
    if (end - start < ENHANCED_PACKET_FIXED) {
      this.problem(start, 'a packet block is too short');
      return;
    }
    // The obsolete block has 16 bits of interface and 16 bits of drop count where the new one has 32 of interface.
    const number = obsolete ? this.view.getUint16(start, this.little) : this.view.getUint32(start, this.little);
    const index = this.sectionFirst + number;
    const captured = this.view.getUint32(start + 12, this.little);
    const original = this.view.getUint32(start + 16, this.little);
    const from = start + ENHANCED_PACKET_FIXED;
    if (index >= this.file.interfaces.length) {
      this.problem(start, `no interface ${number} was described`);
      return;
    }
    if (captured > end - from) {
      this.problem(start, 'a packet is longer than its block');
      return;
    }
    const comments: string[] = [];
    let flags = 0;
    let packetId = 0;
    this.options(from + captured + padding(captured), end, (code, at, to) => {
      if (code === Option.Comment) comments.push(this.text(at, to));
      else if (code === Option.Flags && to - at === 4) flags = this.view.getUint32(at, this.little);
      else if (code === Option.PacketId && to - at === 8 && !obsolete) packetId = Number(this.u64(at));
    });
    const high = this.view.getUint32(start + 4, this.little);
    const low = this.view.getUint32(start + 8, this.little);
    this.packet(index, (BigInt(high) << 32n) | BigInt(low), from, captured, original, comments, flags, packetId);
  }

  /** Without time, interface and options: for interface 0. */
  private simplePacket(start: number, end: number): void {
    if (end - start < 4) {
      this.problem(start, 'a simple packet block is too short');
      return;
    }
    const described = this.file.interfaces[this.sectionFirst];
    if (described === undefined) {
      this.problem(start, 'no interface 0 was described');
      return;
    }
    const original = this.view.getUint32(start, this.little);
    const limit = described.snapLength === 0 ? original : Math.min(original, described.snapLength);
    const captured = Math.min(limit, end - start - 4);
    this.packet(this.sectionFirst, 0n, start + 4, captured, original, [], 0, 0);
  }

  private packet(
    interfaceIndex: number,
    units: bigint,
    from: number,
    captured: number,
    original: number,
    comments: string[],
    flags: number,
    packetId: number,
  ): void {
    const { unitsPerSecond, offsetSeconds } = this.timeBases[interfaceIndex]!;
    const seconds = Number(units / unitsPerSecond) + offsetSeconds;
    const nanoseconds = Number(((units % unitsPerSecond) * 1_000_000_000n) / unitsPerSecond);
    const way = flags & PacketFlags.DirectionMask;
    const packets: CapturedPacket[] = this.file.packets;
    const base = packets[0];
    packets.push({
      number: packets.length + 1,
      interfaceIndex,
      linkType: this.file.interfaces[interfaceIndex]!.linkType,
      seconds,
      nanoseconds,
      timeNs: base === undefined ? 0 : (seconds - base.seconds) * 1e9 + (nanoseconds - base.nanoseconds),
      bytes: this.bytes.subarray(from, from + captured),
      originalLength: Math.max(original, captured),
      comments,
      direction: way === PacketFlags.Inbound ? Direction.In : way === PacketFlags.Outbound ? Direction.Out : null,
      packetId,
      crcError: (flags & PacketFlags.CrcError) !== 0,
    });
  }

  private nameResolution(start: number, end: number): void {
    let at = start;
    while (at + 4 <= end) {
      const type = this.view.getUint16(at, this.little);
      const length = this.view.getUint16(at + 2, this.little);
      const from = at + 4;
      if (type === NameRecord.End) return;
      if (length > end - from) {
        this.problem(at, 'a name record is longer than its block');
        return;
      }
      const addressLength = type === NameRecord.Ipv4 ? 4 : type === NameRecord.Ipv6 ? 16 : length;
      if (addressLength < length) {
        const address = type === NameRecord.Ipv4 ? IpAddress.read4(this.view, from) : IpAddress.read6(this.view, from);
        const names = this.text(from + addressLength, from + length)
          .split('\0')
          .filter(Boolean);
        const known = this.file.names.get(address.toString());
        if (known === undefined) this.file.names.set(address.toString(), names);
        else known.push(...names.filter((name) => !known.includes(name)));
      }
      at = from + length + padding(length);
    }
  }

  private options(start: number, end: number, each: (code: number, from: number, to: number) => void): void {
    let at = start;
    while (at + 4 <= end) {
      const code = this.view.getUint16(at, this.little);
      const length = this.view.getUint16(at + 2, this.little);
      if (code === Option.End) return;
      const from = at + 4;
      if (length > end - from) {
        this.problem(at, 'an option is longer than its block');
        return;
      }
      each(code, from, from + length);
      at = from + length + padding(length);
    }
  }

  private u64(at: number): bigint {
    return this.view.getBigUint64(at, this.little);
  }

  private text(from: number, to: number): string {
    return utf8Decode(this.bytes, from, to);
  }

  private problem(at: number, text: string): void {
    this.file.problems.push(`${text}, at byte ${at}`);
  }
}
