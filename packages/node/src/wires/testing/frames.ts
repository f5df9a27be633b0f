import { finish, fold, sum } from '@netarium/stack/base/checksum';
import { Checksum, type PacketBuffer, type PacketPool } from '@netarium/stack/base/packet-buffer';

export interface FrameOptions {
  version?: 4 | 6;
  protocol?: 'tcp' | 'udp';
  /** Bytes of TCP's options, a multiple of 4. */
  options?: number;
  /** A VLAN tag. */
  tagged?: boolean;
  /** IPv6: a hop-by-hop header of eight bytes. */
  extension?: boolean;
  flags?: number;
  /** IPv4 addresses; default 10.0.0.1 to 10.0.0.2. */
  source?: number;
  destination?: number;
}

export const TCP_FLAGS = { FIN: 1, PSH: 8, ACK: 16, CWR: 128 } as const;

/** An Ethernet frame with `payload` bytes in TCP or UDP, its checksum left to the interface, as a host with offload sends it. */
export function superFrame(
  pool: PacketPool,
  payload: number,
  segmentSize: number,
  options: FrameOptions = {},
): PacketBuffer {
  const { version = 4, protocol = 'tcp', options: tcpOptions = 0, tagged = false, extension = false } = options;
  const transport = protocol === 'tcp' ? 20 + tcpOptions : 8;
  const packet = pool.acquire(payload + 200, 0);
  const l3 = tagged ? 18 : 14;
  const l4 = l3 + (version === 4 ? 20 : extension ? 48 : 40);
  packet.end = l4 + transport + payload;
  packet.bytes.fill(0, 0, packet.end);
  const { view, bytes, end } = packet;
  bytes.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]);
  if (tagged) view.setUint32(12, 0x8100002a);
  view.setUint16(l3 - 2, version === 4 ? 0x0800 : 0x86dd);
  const number = protocol === 'tcp' ? 6 : 17;
  let pseudo = number + end - l4;
  if (version === 4) {
    bytes[l3] = 0x45;
    view.setUint16(l3 + 2, end - l3);
    view.setUint16(l3 + 4, 0xfffe);
    bytes[l3 + 8] = 64;
    bytes[l3 + 9] = number;
    view.setUint32(l3 + 12, options.source ?? 0x0a000001);
    view.setUint32(l3 + 16, options.destination ?? 0x0a000002);
    view.setUint16(l3 + 10, finish(sum(view, l3, l3 + 20)));
    pseudo = sum(view, l3 + 12, l3 + 20, pseudo);
  } else {
    bytes[l3] = 0x60;
    view.setUint16(l3 + 4, end - l3 - 40);
    bytes[l3 + 6] = extension ? 0 : number;
    if (extension) bytes[l3 + 40] = number;
    bytes[l3 + 7] = 64;
    bytes[l3 + 23] = 1;
    bytes[l3 + 39] = 2;
    pseudo = sum(view, l3 + 8, l3 + 40, pseudo);
  }
  view.setUint16(l4, 1234);
  view.setUint16(l4 + 2, 80);
  if (protocol === 'tcp') {
    view.setUint32(l4 + 4, 0xffffff00);
    bytes[l4 + 12] = (transport / 4) << 4;
    bytes[l4 + 13] = options.flags ?? TCP_FLAGS.ACK;
    bytes.fill(1, l4 + 20, l4 + transport);
  } else {
    view.setUint16(l4 + 4, end - l4);
  }
  for (let i = l4 + transport; i < end; i++) bytes[i] = i * 31;
  packet.checksum = Checksum.Partial;
  packet.checksumStart = l4;
  packet.checksumField = l4 + (protocol === 'tcp' ? 16 : 6);
  view.setUint16(packet.checksumField, fold(pseudo));
  packet.segmentSize = segmentSize;
  return packet;
}
