import { update16, update32 } from '../../base/checksum.ts';
import { Checksum, type PacketBuffer } from '../../base/packet-buffer.ts';
import { ICMP, TCP, UDP } from './packet-facts.ts';

/** Offsets in the IPv4 header and in those behind it. */
const IP_CHECKSUM = 10;
const SOURCE = 12;
const DESTINATION = 16;
const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
const ICMP_CHECKSUM = 2;
const ICMP_IDENTIFIER = 4;

/**
 * Writes another source (or destination) into the IPv4 packet whose header stands at `at` and whose bytes end at `end`:
 * the address, and the port or the ICMP query's identifier (-1: none). Checksums follow by what changed (RFC 1624), so
 * what was wrong before stays wrong.
 *
 * A header that an ICMP error quotes may end before its checksum. UDP's zero says that there is none (RFC 768), and
 * stays. A checksum that the interface is to finish (`Checksum.Partial`) holds the pseudo header's sum, without the
 * complement: of what changes only the address is in it.
 */
export function rewrite(
  packet: PacketBuffer,
  at: number,
  transport: number,
  end: number,
  protocol: number,
  source: boolean,
  address: number,
  port: number,
): void {
  const { view } = packet;
  const field = at + (source ? SOURCE : DESTINATION);
  const oldAddress = view.getUint32(field);
  view.setUint32(field, address);
  view.setUint16(at + IP_CHECKSUM, update32(view.getUint16(at + IP_CHECKSUM), oldAddress, address));
  if (protocol === ICMP) {
    if (port >= 0 && transport + 6 <= end) rewriteIdentifier(view, transport, port);
    return;
  }
  if (protocol !== TCP && protocol !== UDP) return;
  if (transport + 4 > end) return;
  const portField = transport + (source ? 0 : 2);
  const oldPort = view.getUint16(portField);
  const newPort = port < 0 ? oldPort : port;
  view.setUint16(portField, newPort);
  const checksum = transport + (protocol === TCP ? TCP_CHECKSUM : UDP_CHECKSUM);
  if (checksum + 2 > end) return;
  const old = view.getUint16(checksum);
  if (packet.checksum === Checksum.Partial && packet.checksumField === checksum) {
    view.setUint16(checksum, ~update32(~old & 0xffff, oldAddress, address) & 0xffff);
    return;
  }
  if (protocol === UDP && old === 0) return;
  const changed = update16(update32(old, oldAddress, address), oldPort, newPort);
  view.setUint16(checksum, changed === 0 && protocol === UDP ? 0xffff : changed);
}

function rewriteIdentifier(view: DataView, transport: number, identifier: number): void {
  const old = view.getUint16(transport + ICMP_IDENTIFIER);
  view.setUint16(transport + ICMP_IDENTIFIER, identifier);
  view.setUint16(transport + ICMP_CHECKSUM, update16(view.getUint16(transport + ICMP_CHECKSUM), old, identifier));
}
