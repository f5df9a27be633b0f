import { dissectData } from './dissect-data.ts';
import type { Dissection, DissectorTable } from './dissection.ts';
import { ChecksumStatus, checksumField, pseudoHeaderSum } from './transport-checksum.ts';

/**
 * The UDP header (RFC 768):
 *
 *      0                 15 16                31
 *     +--------------------+--------------------+
 *   0 |    Source Port     |  Destination Port  |
 *   4 |      Length        |      Checksum      |
 *     +--------------------+--------------------+
 */
const HEADER = 8;
const PROTOCOL = 17;
const LABEL = 'User Datagram Protocol';

export function dissectUdp(dissection: Dissection, start: number, end: number): boolean {
  dissection.protocol = 'UDP';
  if (end - start < HEADER) {
    dissection.malformed(4, 'udp', LABEL, start, end, `${end - start} bytes do not hold its header of 8`);
    return true;
  }
  const { view } = dissection;
  const sourcePort = view.getUint16(start);
  const destinationPort = view.getUint16(start + 2);
  const length = view.getUint16(start + 4);
  const layer = dissection.layer(4, 'udp', LABEL, start, start + HEADER);
  layer.text = `Src Port: ${sourcePort}, Dst Port: ${destinationPort}`;
  dissection.number(layer, 'udp.srcport', 'Source Port', start, 2);
  dissection.number(layer, 'udp.dstport', 'Destination Port', start + 2, 2);
  dissection.number(layer, 'udp.length', 'Length', start + 4, 2);
  const fits = length >= HEADER && (length <= end - start || dissection.incomplete);
  if (!fits) {
    const text = `${LABEL}: a length of ${length} bytes is impossible, ${end - start} are here`;
    dissection.problem('error', 'malformed', text, start + 4, start + 6);
  }
  const datagramEnd = fits ? Math.min(end, start + length) : end;
  const pseudo = pseudoHeaderSum(dissection, PROTOCOL, length);
  const status = checksumField(dissection, layer, 'udp', LABEL, start + 6, start, datagramEnd, pseudo, true);
  const payloadLength = fits ? length - HEADER : end - start - HEADER;
  const checksumBad = status === ChecksumStatus.Bad;
  dissection.info = `${sourcePort} → ${destinationPort} Len=${payloadLength}`;
  if (checksumBad) dissection.info += ' [UDP CHECKSUM INCORRECT]';
  const payloadStart = start + HEADER;
  dissection.facts.transport = {
    kind: 'udp',
    sourcePort,
    destinationPort,
    length,
    payloadStart,
    payloadLength,
    checksumBad,
  };
  if (payloadStart < datagramEnd) {
    const handed = handToPorts(
      dissection,
      dissection.registry.udpPorts,
      sourcePort,
      destinationPort,
      payloadStart,
      datagramEnd,
    );
    if (!handed) dissectData(dissection, payloadStart, datagramEnd);
  }
  // A datagram may be shorter than the packet that carries it; what is left means nothing.
  if (datagramEnd < end) dissectData(dissection, datagramEnd, end);
  return true;
}

/** The lower port number is more likely the service's: it is asked first, as Wireshark does. Never within a quotation. */
export function handToPorts(
  dissection: Dissection,
  table: DissectorTable,
  sourcePort: number,
  destinationPort: number,
  start: number,
  end: number,
): boolean {
  if (dissection.quoted) return false;
  const low = Math.min(sourcePort, destinationPort);
  const high = Math.max(sourcePort, destinationPort);
  return dissection.handOn(table, low, start, end) || (high !== low && dissection.handOn(table, high, start, end));
}
