import type { MacAddress } from '../../base/mac-address.ts';
import type { ClientLease } from './client-lease.ts';
import { BROADCAST_FLAG, DhcpMessage } from './message.ts';
import { MessageType, Option } from './option-codes.ts';

/** What a client wants to be told, the most important first: RFC 3442 wants 121 before 3. */
const PARAMETERS = Uint8Array.of(
  Option.SubnetMask,
  Option.BroadcastAddress,
  Option.ClasslessRoutes,
  Option.Routers,
  Option.DomainName,
  Option.DomainNameServers,
  Option.DomainSearch,
  Option.HostName,
  Option.InterfaceMtu,
);
/** Bytes of the largest IP datagram that we take: what fits in an Ethernet frame. */
const MOST_DATAGRAM = 1500;

export interface ClientNames {
  readonly mac: MacAddress;
  readonly hostName?: string;
  readonly clientId?: Uint8Array;
}

/** What a client says: RFC 2131 4.4.1, table 5. Addresses are 32 bits. */
export class ClientMessages {
  private readonly names: ClientNames;

  constructor(names: ClientNames) {
    this.names = names;
  }

  discover(xid: number, secs: number): DhcpMessage {
    return this.asking(MessageType.Discover, xid, secs, true);
  }

  /** `server` 0: INIT-REBOOT, which names none. */
  request(xid: number, secs: number, address: number, server: number): DhcpMessage {
    const message = this.asking(MessageType.Request, xid, secs, true);
    message.options.setAddress(Option.RequestedAddress, address);
    if (server !== 0) message.options.setAddress(Option.ServerIdentifier, server);
    return message;
  }

  /** RENEWING and REBINDING: from the address itself, which is the whole of the question. */
  renew(xid: number, secs: number, address: number): DhcpMessage {
    const message = this.asking(MessageType.Request, xid, secs, false);
    message.ciaddr = address;
    return message;
  }

  decline(xid: number, lease: ClientLease): DhcpMessage {
    const message = this.telling(MessageType.Decline, xid);
    message.options.setAddress(Option.RequestedAddress, lease.address);
    message.options.setAddress(Option.ServerIdentifier, lease.server);
    return message;
  }

  release(xid: number, lease: ClientLease): DhcpMessage {
    const message = this.telling(MessageType.Release, xid);
    message.ciaddr = lease.address;
    message.options.setAddress(Option.ServerIdentifier, lease.server);
    return message;
  }

  /** What it has from elsewhere is its address: it wants the rest. */
  inform(xid: number, address: number): DhcpMessage {
    const message = this.asking(MessageType.Inform, xid, 0, false);
    message.ciaddr = address;
    return message;
  }

  private asking(type: number, xid: number, secs: number, broadcast: boolean): DhcpMessage {
    const message = this.telling(type, xid);
    message.secs = secs;
    // Layer 3 takes no packet to an address that is not ours yet: the answer has to go to everybody.
    if (broadcast) message.flags = BROADCAST_FLAG;
    const { options } = message;
    options.set(Option.ParameterRequestList, PARAMETERS);
    options.setNumber(Option.MaximumMessageSize, 2, MOST_DATAGRAM);
    if (this.names.hostName !== undefined) options.setText(Option.HostName, this.names.hostName);
    return message;
  }

  private telling(type: number, xid: number): DhcpMessage {
    const message = new DhcpMessage();
    message.mac = this.names.mac;
    message.xid = xid;
    message.options.messageType = type;
    if (this.names.clientId !== undefined) message.options.set(Option.ClientIdentifier, this.names.clientId);
    return message;
  }
}
