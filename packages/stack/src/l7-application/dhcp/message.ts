import { formatIpv4 } from '../../base/ip-address.ts';
import { MacAddress } from '../../base/mac-address.ts';
import { DHCP_LIMITS } from './limits.ts';
import { OptionArea, OptionPieces, Overload, optionLength, readOptionArea } from './option-area.ts';
import { MessageType, messageTypeName, Option } from './option-codes.ts';
import { DhcpOptions } from './options.ts';

/**
 * A BOOTP message (RFC 951 3, RFC 1542), which DHCP borrows (RFC 2131 2): only its last field differs.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +---------------+---------------+---------------+---------------+
 *     |  op: 1 asks,  | htype: 1 is   | hlen: 6 of    | hops: relays  |
 *     |  2 answers    | Ethernet      | chaddr count  | on the way    |
 *     +---------------+---------------+---------------+---------------+
 *     |                 xid: which question an answer is for          |
 *     +-------------------------------+-+-----------------------------+
 *     |  secs since the client began  |B|  flags; B: answer by        |
 *     |                               | |  broadcast                  |
 *     +-------------------------------+-+-----------------------------+
 *     |   ciaddr: the client's address, if it has one and answers ARP |
 *     +---------------------------------------------------------------+
 *     |   yiaddr: "your" address, which the server gives              |
 *     +---------------------------------------------------------------+
 *     |   siaddr: the next server to boot from                        |
 *     +---------------------------------------------------------------+
 *     |   giaddr: the relay agent's address on the client's link      |
 *     +---------------------------------------------------------------+
 *     |   chaddr: the client's hardware address, 16 bytes             |
 *     +---------------------------------------------------------------+
 *     |   sname: the server's name, 64 bytes                          |
 *     +---------------------------------------------------------------+
 *     |   file: the boot file's name, 128 bytes                       |
 *     +---------------------------------------------------------------+
 *     |   99, 130, 83, 99, then options (BOOTP: "vend", 64 bytes)     |
 *     +---------------------------------------------------------------+
 */
const OP = 0;
const HTYPE = 1;
const HLEN = 2;
export const HOPS = 3;
const XID = 4;
const SECS = 8;
const FLAGS = 10;
const CIADDR = 12;
const YIADDR = 16;
const SIADDR = 20;
export const GIADDR = 24;
const CHADDR = 28;
const SNAME = 44;
const FILE = 108;
const COOKIE = 236;
const OPTIONS = 240;
/** Bytes in front of the options. */
export const HEADER_AND_COOKIE = OPTIONS;

/** RFC 1497: what follows are options. */
const MAGIC_COOKIE = 0x63825363;
const ADDRESS_BYTES = 16;
const SNAME_BYTES = FILE - SNAME;
const FILE_BYTES = COOKIE - FILE;

/** Bytes of the smallest message: BOOTP's, with its 64 bytes of "vend" (RFC 951 3, RFC 1542 2.1). */
export const LEAST_MESSAGE = 300;
/** Bytes that every client must take (RFC 2131 2: an IP datagram of 576 bytes), IP and UDP headers taken off. */
export const DEFAULT_MESSAGE = 576 - 28;

export const Op = { Request: 1, Reply: 2 } as const;
export const HTYPE_ETHERNET = 1;
/** The client cannot receive unicasts before it has its address (RFC 1542 3.1.1). */
export const BROADCAST_FLAG = 0x8000;

/** One message as values; addresses are 32 bits, 0 for none. */
export class DhcpMessage {
  op: number = Op.Request;
  htype: number = HTYPE_ETHERNET;
  hlen = 6;
  hops = 0;
  xid = 0;
  secs = 0;
  flags = 0;
  ciaddr = 0;
  yiaddr = 0;
  siaddr = 0;
  giaddr = 0;
  /** 16 bytes, of which `hlen` count. */
  chaddr: Uint8Array = new Uint8Array(ADDRESS_BYTES);
  /** 64 and 128 bytes; null: nothing but zeros, and free for options. */
  sname: Uint8Array | null = null;
  file: Uint8Array | null = null;
  readonly options = new DhcpOptions();

  /** One of `MessageType`. */
  get type(): number {
    return this.options.messageType;
  }

  get broadcast(): boolean {
    return (this.flags & BROADCAST_FLAG) !== 0;
  }

  /** The client's MAC address; null when it is none (another kind of hardware, a group). */
  get mac(): MacAddress | null {
    if (this.htype !== HTYPE_ETHERNET || this.hlen !== 6) return null;
    const mac = MacAddress.fromBytes(this.chaddr);
    return mac.isMulticast || mac.equals(MacAddress.ZERO) ? null : mac;
  }

  set mac(mac: MacAddress) {
    this.htype = HTYPE_ETHERNET;
    this.hlen = 6;
    this.chaddr = new Uint8Array(ADDRESS_BYTES);
    mac.write(new DataView(this.chaddr.buffer), 0);
  }
}

/** Bytes as a message, or why they are none. Takes any bytes, and looks at each of them twice at most. */
export function readMessage(bytes: Uint8Array): DhcpMessage | string {
  if (bytes.length < COOKIE) return 'shorter than the header of BOOTP';
  if (bytes.length > DHCP_LIMITS.messageBytes) return `longer than ${DHCP_LIMITS.messageBytes} bytes`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const message = new DhcpMessage();
  message.op = bytes[OP]!;
  if (message.op !== Op.Request && message.op !== Op.Reply) return `neither request nor reply (op ${message.op})`;
  message.htype = bytes[HTYPE]!;
  message.hlen = bytes[HLEN]!;
  if (message.hlen > ADDRESS_BYTES) return `a hardware address of ${message.hlen} bytes`;
  message.hops = bytes[HOPS]!;
  message.xid = view.getUint32(XID);
  message.secs = view.getUint16(SECS);
  message.flags = view.getUint16(FLAGS);
  message.ciaddr = view.getUint32(CIADDR);
  message.yiaddr = view.getUint32(YIADDR);
  message.siaddr = view.getUint32(SIADDR);
  message.giaddr = view.getUint32(GIADDR);
  message.chaddr = bytes.slice(CHADDR, CHADDR + ADDRESS_BYTES);
  let overload: number = Overload.None;
  // Without the cookie it is BOOTP with nothing to say in "vend", or in a vendor's own words.
  if (bytes.length >= OPTIONS && view.getUint32(COOKIE) === MAGIC_COOKIE) {
    const pieces = new OptionPieces();
    if (!readOptionArea(bytes, OPTIONS, bytes.length, pieces)) return 'an option runs past the end';
    overload = pieces.overload;
    if (overload & Overload.File && !readOptionArea(bytes, FILE, FILE + FILE_BYTES, pieces)) {
      return 'an option runs past the end of file';
    }
    if (overload & Overload.Sname && !readOptionArea(bytes, SNAME, SNAME + SNAME_BYTES, pieces)) {
      return 'an option runs past the end of sname';
    }
    pieces.into(message.options);
  }
  if (!(overload & Overload.File)) message.file = unlessEmpty(bytes.slice(FILE, FILE + FILE_BYTES));
  if (!(overload & Overload.Sname)) message.sname = unlessEmpty(bytes.slice(SNAME, SNAME + SNAME_BYTES));
  return message;
}

/**
 * A message as bytes, at most `most` (at least 300). Options for which there is no room are left out, the last ones
 * first; relay agent information is always written, and last (RFC 3046 2.2), and where the answer goes depends on it.
 */
export function writeMessage(message: DhcpMessage, most = DEFAULT_MESSAGE): Uint8Array {
  const size = Math.max(LEAST_MESSAGE, most);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes[OP] = message.op;
  bytes[HTYPE] = message.htype;
  bytes[HLEN] = message.hlen;
  bytes[HOPS] = message.hops;
  view.setUint32(XID, message.xid);
  view.setUint16(SECS, message.secs);
  view.setUint16(FLAGS, message.flags);
  view.setUint32(CIADDR, message.ciaddr);
  view.setUint32(YIADDR, message.yiaddr);
  view.setUint32(SIADDR, message.siaddr);
  view.setUint32(GIADDR, message.giaddr);
  bytes.set(message.chaddr.subarray(0, ADDRESS_BYTES), CHADDR);
  if (message.sname !== null) bytes.set(message.sname.subarray(0, SNAME_BYTES), SNAME);
  if (message.file !== null) bytes.set(message.file.subarray(0, FILE_BYTES), FILE);
  if (message.options.size === 0) return bytes.slice(0, LEAST_MESSAGE);
  view.setUint32(COOKIE, MAGIC_COOKIE);
  const end = writeOptions(message, bytes, size);
  return bytes.slice(0, Math.max(LEAST_MESSAGE, end));
}

function writeOptions({ options, file, sname }: DhcpMessage, bytes: Uint8Array, size: number): number {
  const relay = options.bytes(Option.RelayAgentInformation);
  const reserved = relay === null ? 0 : optionLength(relay);
  const others = options.codes().filter((code) => code !== Option.RelayAgentInformation && code !== Option.Overload);
  let needed = 1 + reserved;
  for (const code of others) needed += optionLength(options.bytes(code)!);
  const overloads = OPTIONS + needed > size && (file === null || sname === null);
  // Option 52 itself takes three bytes, of which the third is filled in when it is known which fields are used.
  const main = new OptionArea(bytes, OPTIONS, size - reserved - (overloads ? 3 : 0));
  const inFile = overloads && file === null ? new OptionArea(bytes, FILE, FILE + FILE_BYTES) : null;
  const inSname = overloads && sname === null ? new OptionArea(bytes, SNAME, SNAME + SNAME_BYTES) : null;
  const areas = [main, inFile, inSname];
  for (const code of others) {
    const value = options.bytes(code)!;
    areas.find((area) => area?.fits(value))?.write(code, value);
  }
  const end = new OptionArea(bytes, main.at, size);
  let used: number = Overload.None;
  if (inFile !== null && inFile.at > FILE) {
    used |= Overload.File;
    inFile.finish();
  }
  if (inSname !== null && inSname.at > SNAME) {
    used |= Overload.Sname;
    inSname.finish();
  }
  if (used !== Overload.None) end.write(Option.Overload, Uint8Array.of(used));
  if (relay !== null && end.fits(relay)) end.write(Option.RelayAgentInformation, relay);
  end.finish();
  return end.at;
}

function unlessEmpty(bytes: Uint8Array): Uint8Array | null {
  return bytes.some((byte) => byte !== 0) ? bytes : null;
}

/** `02:00:00:00:00:01`, or the bytes of another kind of hardware's address. */
export function hardwareText(message: DhcpMessage): string {
  const used = Array.from(message.chaddr.subarray(0, message.hlen), (byte) => byte.toString(16).padStart(2, '0'));
  return used.length === 0 ? 'no hardware address' : used.join(':');
}

/** `DHCPREQUEST from 02:00:00:00:00:01 for 10.0.1.100`: for traces and logs. */
export function describeMessage(message: DhcpMessage): string {
  const { type, op } = message;
  const name = type === MessageType.Bootp ? (op === Op.Request ? 'BOOTREQUEST' : 'BOOTREPLY') : messageTypeName(type);
  const whose = `${name} ${op === Op.Request ? 'from' : 'to'} ${hardwareText(message)}`;
  const address =
    op === Op.Reply ? message.yiaddr : (message.options.address(Option.RequestedAddress) ?? message.ciaddr);
  const about = address === 0 ? '' : ` for ${formatIpv4(address)}`;
  const relayed = message.giaddr === 0 ? '' : ` via ${formatIpv4(message.giaddr)}`;
  return `${whose}${about}${relayed}`;
}
