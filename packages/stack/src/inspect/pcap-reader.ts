import type { CapturedPacket, CaptureFile } from './capture-file.ts';

/**
 * The classic capture file (draft-ietf-opsawg-pcap), in either byte order, with microseconds or nanoseconds.
 *
 *   0  magic number: a1b2c3d4 microseconds, a1b23c4d nanoseconds, in the writer's byte order
 *   4  major version (2)  | minor version (2)
 *   8  reserved (4)
 *  12  reserved (4)
 *  16  snap length (4)
 *  20  FCS length in 16-bit words (4 bits) | reserved | FCS length is known (bit 26) | link type (16 bits)
 *  24  packets: seconds (4), fraction (4), captured length (4), original length (4), bytes
 */
const MAGIC_MICRO = 0xa1b2c3d4;
const MAGIC_NANO = 0xa1b23c4d;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const FCS_KNOWN = 1 << 26;

export function isPcap(bytes: Uint8Array): boolean {
  if (bytes.length < 4) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (const little of [true, false]) {
    const magic = view.getUint32(0, little);
    if (magic === MAGIC_MICRO || magic === MAGIC_NANO) return true;
  }
  return false;
}

/** Reads what `isPcap` recognised. */
export function readPcap(bytes: Uint8Array): CaptureFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const first = view.getUint32(0, true);
  const little = first === MAGIC_MICRO || first === MAGIC_NANO;
  const fraction = view.getUint32(0, little) === MAGIC_NANO ? 1 : 1000;
  const packets: CapturedPacket[] = [];
  const file: CaptureFile = {
    format: 'pcap',
    interfaces: [],
    packets,
    names: new Map(),
    comments: [],
    hardware: '',
    operatingSystem: '',
    application: '',
    problems: [],
  };
  if (bytes.length < FILE_HEADER) {
    file.problems.push('the file ends inside its header');
    return file;
  }
  const link = view.getUint32(20, little);
  const linkType = link & 0xffff;
  file.interfaces.push({
    name: '',
    description: '',
    linkType,
    snapLength: view.getUint32(16, little),
    speedBps: 0,
    fcsLength: link & FCS_KNOWN ? (link >>> 28) * 2 : -1,
    filter: '',
  });

  let at = FILE_HEADER;
  while (at < bytes.length) {
    if (at + RECORD_HEADER > bytes.length) {
      file.problems.push(`the file ends inside a packet's header, at byte ${at}`);
      break;
    }
    const seconds = view.getUint32(at, little);
    const nanoseconds = view.getUint32(at + 4, little) * fraction;
    const captured = view.getUint32(at + 8, little);
    const original = view.getUint32(at + 12, little);
    const start = at + RECORD_HEADER;
    if (captured > bytes.length - start) {
      file.problems.push(`the file ends inside packet ${packets.length + 1}, at byte ${at}`);
      break;
    }
    const base = packets[0];
    packets.push({
      number: packets.length + 1,
      interfaceIndex: 0,
      linkType,
      seconds,
      nanoseconds,
      timeNs: base === undefined ? 0 : (seconds - base.seconds) * 1e9 + (nanoseconds - base.nanoseconds),
      bytes: bytes.subarray(start, start + captured),
      originalLength: Math.max(original, captured),
      comments: [],
      direction: null,
      packetId: 0,
      crcError: false,
    });
    at = start + captured;
  }
  return file;
}
