/**
 * The bytes of a pcapng file (draft-ietf-opsawg-pcapng), as its writer and its reader both need them.
 *
 * A file is a row of blocks, each with its length at both ends, so that it can be walked both ways:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   0 |                          Block Type                           |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   4 |                      Block Total Length                       |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   8 /                          Block Body                           /
 *     /              variable length, padded to 32 bits               /
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |                      Block Total Length                       |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * The body of an Enhanced Packet Block: interface, time (two words, high first), captured and original length, the
 * packet padded to 32 bits, options. An option is a 16-bit code, a 16-bit length and a value padded to 32 bits.
 */

export const Block = {
  SectionHeader: 0x0a0d0d0a,
  InterfaceDescription: 1,
  /** Obsolete, still met. */
  Packet: 2,
  SimplePacket: 3,
  NameResolution: 4,
  InterfaceStatistics: 5,
  EnhancedPacket: 6,
} as const;

/** First word of a section header's body: tells the byte order of the section. */
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Type, length and the length again. */
export const BLOCK_OVERHEAD = 12;
/** Interface, time high, time low, captured length, original length. */
export const ENHANCED_PACKET_FIXED = 20;

export const Option = {
  End: 0,
  Comment: 1,
  // Section header
  Hardware: 2,
  OperatingSystem: 3,
  Application: 4,
  // Interface description
  InterfaceName: 2,
  InterfaceDescription: 3,
  Speed: 8,
  TimestampResolution: 9,
  Filter: 11,
  FcsLength: 13,
  TimestampOffset: 14,
  // Enhanced packet
  Flags: 2,
  DropCount: 4,
  PacketId: 5,
  // Interface statistics
  StartTime: 2,
  EndTime: 3,
  Received: 4,
  Dropped: 5,
  FilterAccepted: 6,
} as const;

/** Records of a name resolution block. */
export const NameRecord = { End: 0, Ipv4: 1, Ipv6: 2 } as const;

/** The epb_flags word: which way the packet went, and what the link layer says was wrong with it. */
export const PacketFlags = {
  DirectionMask: 0x3,
  Inbound: 0x1,
  Outbound: 0x2,
  /** Bytes of frame check sequence at the end, 0 while unknown. */
  FcsLengthShift: 5,
  FcsLengthMask: 0xf << 5,
  CrcError: 1 << 24,
} as const;

/** Bytes after `length` up to the next 32-bit border. */
export function padding(length: number): number {
  return -length & 3;
}
