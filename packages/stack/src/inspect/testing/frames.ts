import { finish, sum } from '../../base/checksum.ts';
import { IpAddress } from '../../base/ip-address.ts';
import { MacAddress } from '../../base/mac-address.ts';
import { utf8Encode } from '../../base/utf8.ts';

/** Frames put together by hand, for tests: every builder takes what is to stand in the header and the bytes after it. */

export type Bytes = number[];

export const u8 = (value: number): Bytes => [value & 255];
export const u16 = (value: number): Bytes => [(value >>> 8) & 255, value & 255];
export const u32 = (value: number): Bytes => [
  (value >>> 24) & 255,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
];
export const text = (value: string): Bytes => [...utf8Encode(value)];
export const zeros = (count: number): Bytes => new Array<number>(count).fill(0);

export function mac(address: string): Bytes {
  const { hi, lo } = MacAddress.parse(address)!;
  return [...u16(hi), ...u32(lo)];
}

export function ip(address: string): Bytes {
  const { family, w0, w1, w2, w3 } = IpAddress.parse(address)!;
  return family === 4 ? u32(w3) : [...u32(w0), ...u32(w1), ...u32(w2), ...u32(w3)];
}

export const ALICE = { mac: '02:00:00:00:00:0a', ip: '10.0.1.10' };
export const WEB = { mac: '02:00:00:00:00:50', ip: '10.0.1.80' };

export function ethernet(
  payload: Bytes,
  {
    src = ALICE.mac,
    dst = WEB.mac,
    type = 0x0800,
    pad = false,
  }: { src?: string; dst?: string; type?: number; pad?: boolean } = {},
): Uint8Array {
  const frame = [...mac(dst), ...mac(src), ...u16(type), ...payload];
  if (pad && frame.length < 60) frame.push(...zeros(60 - frame.length));
  return new Uint8Array(frame);
}

export function arp(
  operation: number,
  senderMac: string,
  senderIp: string,
  targetMac: string,
  targetIp: string,
): Bytes {
  const fixed = [...u16(1), ...u16(0x0800), 6, 4, ...u16(operation)];
  return [...fixed, ...mac(senderMac), ...ip(senderIp), ...mac(targetMac), ...ip(targetIp)];
}

export interface Ipv4Options {
  src?: string;
  dst?: string;
  protocol: number;
  ttl?: number;
  tos?: number;
  id?: number;
  /** Three flag bits and 13 bits of offset, in units of 8 bytes. */
  fragment?: number;
  options?: Bytes;
  totalLength?: number;
}

export function ipv4(payload: Bytes, given: Ipv4Options): Bytes {
  const {
    src = ALICE.ip,
    dst = WEB.ip,
    protocol,
    ttl = 64,
    tos = 0,
    id = 0x1234,
    fragment = 0x4000,
    options = [],
  } = given;
  const headerLength = 20 + options.length;
  const header = [
    ...[0x40 | (headerLength / 4), tos],
    ...u16(given.totalLength ?? headerLength + payload.length),
    ...u16(id),
    ...u16(fragment),
    ...[ttl, protocol, 0, 0],
    ...ip(src),
    ...ip(dst),
    ...options,
  ];
  const check = checksum(header);
  header[10] = check >>> 8;
  header[11] = check & 255;
  return [...header, ...payload];
}

export function ipv6(
  payload: Bytes,
  given: { src: string; dst: string; next: number; hops?: number; word?: number },
): Bytes {
  const { src, dst, next, hops = 64, word = 0x60000000 } = given;
  return [...u32(word), ...u16(payload.length), next, hops, ...ip(src), ...ip(dst), ...payload];
}

interface Addresses {
  src?: string;
  dst?: string;
}

export function udp(
  payload: Bytes,
  {
    sport = 5000,
    dport = 6000,
    src = ALICE.ip,
    dst = WEB.ip,
    check = true,
  }: Addresses & { sport?: number; dport?: number; check?: boolean } = {},
): Bytes {
  const datagram = [...u16(sport), ...u16(dport), ...u16(8 + payload.length), 0, 0, ...payload];
  if (!check) return datagram;
  return withChecksum(datagram, 6, 17, src, dst);
}

export interface TcpGiven extends Addresses {
  sport?: number;
  dport?: number;
  seq?: number;
  ack?: number;
  flags?: number;
  window?: number;
  urgent?: number;
  options?: Bytes;
}

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;
export const URG = 32;

export function tcp(payload: Bytes, given: TcpGiven = {}): Bytes {
  const {
    sport = 52344,
    dport = 80,
    seq = 1000,
    ack = 0,
    flags = ACK,
    window = 65535,
    urgent = 0,
    options = [],
  } = given;
  const headerLength = 20 + options.length;
  const segment = [
    ...u16(sport),
    ...u16(dport),
    ...u32(seq),
    ...u32(ack),
    ...u16(((headerLength / 4) << 12) | flags),
    ...u16(window),
    ...[0, 0],
    ...u16(urgent),
    ...options,
    ...payload,
  ];
  return withChecksum(segment, 16, 6, given.src ?? ALICE.ip, given.dst ?? WEB.ip);
}

/** MSS 1460, SACK permitted, timestamps, window scale 7: what Linux sends. */
export function synOptions(tsval = 100, tsecr = 0): Bytes {
  return [2, 4, 5, 0xb4, 4, 2, 8, 10, ...u32(tsval), ...u32(tsecr), 1, 3, 3, 7];
}

export function timestamps(tsval: number, tsecr: number): Bytes {
  return [1, 1, 8, 10, ...u32(tsval), ...u32(tsecr)];
}

export function icmp(type: number, code: number, rest: Bytes): Bytes {
  const message = [type, code, 0, 0, ...rest];
  const check = checksum(message);
  message[2] = check >>> 8;
  message[3] = check & 255;
  return message;
}

export function icmpv6(type: number, code: number, rest: Bytes, src: string, dst: string): Bytes {
  return withChecksum([type, code, 0, 0, ...rest], 2, 58, src, dst);
}

/** A name as DNS writes it. */
export function dnsName(name: string): Bytes {
  return [...name.split('.').flatMap((label) => [label.length, ...text(label)]), 0];
}

export function dnsQuery(id: number, name: string, type: number, flags = 0x0100): Bytes {
  return [
    ...u16(id),
    ...u16(flags),
    ...u16(1),
    ...u16(0),
    ...u16(0),
    ...u16(0),
    ...dnsName(name),
    ...u16(type),
    ...u16(1),
  ];
}

/** A whole IPv4 frame with TCP. */
export function tcpFrame(payload: Bytes, given: TcpGiven = {}, ipGiven: Partial<Ipv4Options> = {}): Uint8Array {
  const { src = ALICE.ip, dst = WEB.ip } = given;
  const fromAlice = src === ALICE.ip;
  const packet = ipv4(tcp(payload, given), { protocol: 6, src, dst, ...ipGiven });
  return ethernet(packet, fromAlice ? {} : { src: WEB.mac, dst: ALICE.mac });
}

function withChecksum(packet: Bytes, at: number, protocol: number, src: string, dst: string): Bytes {
  const pseudo = [...ip(src), ...ip(dst), ...u32(packet.length), ...u32(protocol)];
  const check = checksum([...pseudo, ...packet]) || (protocol === 17 ? 0xffff : 0);
  packet[at] = check >>> 8;
  packet[at + 1] = check & 255;
  return packet;
}

function checksum(bytes: Bytes): number {
  const view = new DataView(new Uint8Array(bytes).buffer);
  return finish(sum(view, 0, bytes.length));
}
