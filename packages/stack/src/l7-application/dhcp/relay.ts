import { DHCP_LIMITS } from './limits.ts';
import { type DhcpMessage, GIADDR, HOPS, Op } from './message.ts';
import { MessageType, Option } from './option-codes.ts';
import { relayInformation, withRelayInformation } from './relay-information.ts';
import { EVERYBODY } from './server-replies.ts';

/**
 * What a relay agent does (RFC 1542 4.1): it changes two fields of what a client says and nothing of what a server
 * says, so it works on the bytes. Options it does not know, overloaded fields and whatever comes after pass as they are.
 *
 *     client --broadcast--> relay --unicast, giaddr = its address on the client's link--> server
 *     client <--yiaddr or broadcast-- relay <--unicast to giaddr-- server
 */

/**
 * Bytes to send to the servers, or why not. `message` is what `bytes` say; `here` our address (32 bits) on its link; with
 * `link` the link's name is told, too (option 82).
 */
export function relayRequest(
  bytes: Uint8Array,
  message: DhcpMessage,
  here: number,
  mostHops = DHCP_LIMITS.hops,
  link: string | null = null,
): Uint8Array | string {
  if (message.op !== Op.Request) return 'not a request';
  if (message.hops >= mostHops) return `it has passed ${message.hops} relays`;
  if (here === 0) return 'no address here that a server could answer to';
  const informed = message.options.has(Option.RelayAgentInformation);
  // RFC 3046 2.1: a client has no business to say so.
  if (informed && message.giaddr === 0) return 'it says where it is by itself (option 82)';
  const told = link !== null && !informed && message.type !== MessageType.Bootp;
  const relayed = told ? withRelayInformation(bytes, relayInformation(link), DHCP_LIMITS.messageBytes) : bytes.slice();
  if (told && relayed === bytes) return relayRequest(bytes, message, here, mostHops);
  relayed[HOPS] = message.hops + 1;
  // The first relay's counts: the server chooses the client's network by it.
  if (message.giaddr === 0) new DataView(relayed.buffer).setUint32(GIADDR, here);
  return relayed;
}

/** Where a reply for a client behind us goes: the address, 32 bits. */
export function relayReplyTo(message: DhcpMessage): number {
  if (message.ciaddr !== 0 && !message.broadcast && message.yiaddr === 0) return message.ciaddr; // an answer to INFORM
  if (message.broadcast || message.yiaddr === 0 || message.mac === null) return EVERYBODY;
  return message.yiaddr;
}
