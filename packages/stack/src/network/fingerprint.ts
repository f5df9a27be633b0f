import { completeChecksum } from '../base/offload.ts';
import { Checksum, type PacketBuffer } from '../base/packet-buffer.ts';
import type { DeliveryObserver, LineDirection, Medium } from '../l1-physical/line.ts';
import { frameCheckHolds } from '../l2-link/frame-check.ts';

/**
 * The fingerprint of a run: a 64-bit hash over every delivery's time, link, direction and bytes, in order.
 *
 * Same scenario, same seed, same inputs: the same fingerprint, on any engine. It is a checksum against accidents of
 * determinism, not against malice: two 32-bit lanes, mixed as in MurmurHash3, over the frame's words.
 */
export class Fingerprint implements DeliveryObserver {
  /** Deliveries hashed so far. */
  deliveries = 0;
  private a = 0x2545f491 | 0;
  private b = 0x9e3779b9 | 0;
  /** Hashes of the cables' names, by number: a cable more in the network renames no other. */
  private readonly names: number[] = [];

  /** One frame arrived; `frame.start` stands at its first byte. */
  delivered(timeNs: number, cable: Medium, direction: LineDirection, frame: PacketBuffer): void {
    this.deliveries++;
    const high = Math.floor(timeNs / 4294967296);
    this.mix(timeNs | 0, high | 0);
    this.mix((this.names[cable.number] ?? this.learn(cable)) ^ direction, frame.end - frame.start);
    if (frame.checksum === Checksum.Partial) this.mixCompleted(frame);
    else this.mixBytes(frame);
    // On the wire the check sequence is there, right while it is implied.
    if (!frameCheckHolds(frame)) this.mix(frame.fcs, 0x200);
  }

  /** 16 hexadecimal digits. */
  get value(): string {
    const high = finish(this.a ^ Math.imul(this.b, 0x85ebca6b | 0));
    const low = finish(this.b ^ Math.imul(high, 0xc2b2ae35 | 0) ^ this.deliveries);
    return hex(high) + hex(low);
  }

  private learn(cable: Medium): number {
    const { name, number } = cable;
    let hash = 0x811c9dc5 | 0;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    return (this.names[number] = finish(hash) << 1);
  }

  /** The bytes with the checksum that the sender left to others: stored, hashed and taken back, while nobody looks. */
  private mixCompleted(frame: PacketBuffer): void {
    const { view, checksumField } = frame;
    const left = view.getUint16(checksumField);
    completeChecksum(frame);
    this.mixBytes(frame);
    view.setUint16(checksumField, left);
    frame.checksum = Checksum.Partial;
  }

  private mixBytes(frame: PacketBuffer): void {
    const { view, bytes, end } = frame;
    let offset = frame.start;
    let a = this.a;
    let b = this.b;
    for (; offset + 8 <= end; offset += 8) {
      let k = Math.imul(view.getInt32(offset, true), 0xcc9e2d51 | 0);
      a ^= Math.imul((k << 15) | (k >>> 17), 0x1b873593);
      a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0;
      k = Math.imul(view.getInt32(offset + 4, true), 0x239b961b);
      b ^= Math.imul((k << 16) | (k >>> 16), 0xab0e9789 | 0);
      b = (Math.imul((b << 17) | (b >>> 15), 5) + 0x561ccd1b) | 0;
    }
    this.a = a;
    this.b = b;
    for (; offset < end; offset++) this.mix(bytes[offset], 0x100);
  }

  private mix(x: number, y: number): void {
    let k = Math.imul(x, 0xcc9e2d51 | 0);
    this.a ^= Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    this.a = (Math.imul((this.a << 13) | (this.a >>> 19), 5) + 0xe6546b64 + this.b) | 0;
    k = Math.imul(y, 0x239b961b);
    this.b ^= Math.imul((k << 16) | (k >>> 16), 0xab0e9789 | 0);
    this.b = (Math.imul((this.b << 17) | (this.b >>> 15), 5) + 0x561ccd1b + this.a) | 0;
  }
}

function finish(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b | 0);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35 | 0);
  return (h ^ (h >>> 16)) >>> 0;
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
