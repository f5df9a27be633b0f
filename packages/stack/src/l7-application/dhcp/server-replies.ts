import { formatIpv4 } from '../../base/ip-address.ts';
import type { MacAddress } from '../../base/mac-address.ts';
import { BROADCAST_FLAG, DEFAULT_MESSAGE, DhcpMessage, LEAST_MESSAGE, Op } from './message.ts';
import { CLIENT_PORT, INFINITE_SECONDS, MessageType, Option, SERVER_PORT } from './option-codes.ts';
import type { Reservation, Subnet } from './server-config.ts';

/** A message and where it goes. */
export interface Reply {
  readonly message: DhcpMessage;
  /** 32 bits; 0xffffffff: everybody on the link. */
  readonly to: number;
  readonly port: number;
  /** Who has `to` without knowing it yet, and so does not answer ARP; null: ask by ARP, or it is a broadcast. */
  readonly hardware: MacAddress | null;
  /** Bytes that the receiver takes. */
  readonly most: number;
}

export const EVERYBODY = 0xffffffff;
/** Bytes of a UDP payload in one Ethernet frame: no reply is longer, whatever the client says that it takes. */
const MOST_MESSAGE = 1472;
const IP_AND_UDP = 28;

/** The fields that every reply takes from what it answers: RFC 2131 4.3.1, table 3. */
export function replyTo(request: DhcpMessage, type: number, server: number): DhcpMessage {
  const reply = new DhcpMessage();
  reply.op = Op.Reply;
  reply.htype = request.htype;
  reply.hlen = request.hlen;
  reply.chaddr = request.chaddr;
  reply.xid = request.xid;
  reply.flags = request.flags;
  reply.giaddr = request.giaddr;
  if (type !== MessageType.Bootp) {
    reply.options.messageType = type;
    reply.options.setAddress(Option.ServerIdentifier, server);
  }
  return reply;
}

/** How long the lease lasts, and when it is to be renewed (RFC 2131 4.4.5: at half of it, and at seven eighths). */
export function addLeaseTimes(reply: DhcpMessage, seconds: number): void {
  const { options } = reply;
  options.setNumber(Option.LeaseTime, 4, seconds);
  if (seconds === INFINITE_SECONDS) return;
  options.setNumber(Option.RenewalTime, 4, Math.floor(seconds / 2));
  options.setNumber(Option.RebindingTime, 4, Math.floor((seconds * 7) / 8));
}

/**
 * What the client asked for, as far as we have it, in its order: it begins with what matters to it (RFC 2132 9.8). One
 * that has no list gets all.
 */
export function addParameters(
  reply: DhcpMessage,
  request: DhcpMessage,
  subnet: Subnet,
  reservation: Reservation | null,
): void {
  const asked = request.options.bytes(Option.ParameterRequestList);
  const { options } = reply;
  const name = reservation?.hostName;
  for (const code of [Option.SubnetMask, ...(asked ?? subnet.options.codes()), Option.HostName]) {
    if (options.has(code)) continue;
    const value = subnet.options.bytes(code);
    if (code === Option.HostName && name !== undefined) options.setText(code, name);
    else if (value !== null) options.set(code, value);
  }
}

/** Where a reply goes (RFC 2131 4.1), with what is copied last. */
export function addressed(reply: DhcpMessage, request: DhcpMessage): Reply {
  const id = request.options.bytes(Option.ClientIdentifier);
  if (id !== null && !reply.options.has(Option.ClientIdentifier)) reply.options.set(Option.ClientIdentifier, id); // RFC 6842 3
  const relay = request.options.bytes(Option.RelayAgentInformation);
  if (relay !== null) reply.options.set(Option.RelayAgentInformation, relay); // RFC 3046 2.2
  const refused = reply.type === MessageType.Nak;
  const most = mostBytes(request);
  if (request.giaddr !== 0) {
    // A client that is refused has no address at which the relay could reach it.
    if (refused) reply.flags |= BROADCAST_FLAG;
    return { message: reply, to: request.giaddr, port: SERVER_PORT, hardware: null, most };
  }
  const broadcast = { message: reply, to: EVERYBODY, port: CLIENT_PORT, hardware: null, most };
  if (refused) return broadcast;
  if (request.ciaddr !== 0) return { ...broadcast, to: request.ciaddr };
  const { mac } = request;
  if (request.broadcast || mac === null || reply.yiaddr === 0) return broadcast;
  return { ...broadcast, to: reply.yiaddr, hardware: mac };
}

function mostBytes(request: DhcpMessage): number {
  // RFC 1534 2: a BOOTP client may have no room for more than 64 bytes of options.
  if (request.type === MessageType.Bootp) return LEAST_MESSAGE;
  const said = request.options.number(Option.MaximumMessageSize, 2);
  if (said === null) return DEFAULT_MESSAGE;
  return Math.min(Math.max(said - IP_AND_UDP, DEFAULT_MESSAGE), MOST_MESSAGE);
}

/** `DHCPACK on 10.0.1.100 to 02:00:00:00:00:01 (alice)`: as dhcpd's log has it. */
export function replyLine(name: string, address: number, hardware: string, hostName: string | null): string {
  return `${name} on ${formatIpv4(address)} to ${whom(hardware, hostName)}`;
}

export function whom(hardware: string, hostName: string | null): string {
  return hostName === null ? hardware : `${hardware} (${hostName})`;
}
