import { formatIpv4 } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { What } from '../../base/trace.ts';
import type { SocketApi } from '../../l5-session/sockets.ts';
import { DatagramPort, type DatagramReceiver } from './datagram-port.ts';
import type { DhcpLink } from './dhcp-link.ts';
import { DHCP_LIMITS } from './limits.ts';
import { type DhcpMessage, describeMessage, Op, readMessage } from './message.ts';
import { CLIENT_PORT, Option, SERVER_PORT } from './option-codes.ts';
import { relayReplyTo, relayRequest } from './relay.ts';
import { withoutRelayInformation } from './relay-information.ts';
import { traceMessage } from './trace.ts';

/**
 * A relay agent: carries what clients on some links say to servers elsewhere, and back.
 *
 * It has a socket for each link with clients, which hears them and speaks to them, and one for all other interfaces,
 * which speaks with the servers.
 */
export class DhcpRelaySocket implements DatagramReceiver {
  private readonly node: NodeContext;
  private readonly links = new Map<DatagramPort, DhcpLink>();
  private readonly upstream: DatagramPort;
  private readonly servers: readonly number[];
  private readonly serversOf: ReadonlyMap<string, readonly number[]>;
  private readonly log: (line: string) => void;
  private readonly informs: boolean;

  /**
   * `servers`: 32 bits each. `informs`: servers are told by which link a client is reached (option 82). `serversOf`: other
   * servers for the clients of some links, by their names. Throws a NetError when a socket cannot be had.
   */
  constructor(
    sockets: SocketApi,
    links: readonly DhcpLink[],
    servers: readonly number[],
    log: (line: string) => void = () => {},
    informs = false,
    serversOf: ReadonlyMap<string, readonly number[]> = new Map(),
  ) {
    this.serversOf = serversOf;
    this.informs = informs;
    this.node = sockets.host.node;
    this.servers = servers;
    this.log = log;
    this.upstream = new DatagramPort(sockets, SERVER_PORT, '', this);
    try {
      for (const link of links) this.links.set(new DatagramPort(sockets, SERVER_PORT, link.name, this), link);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  datagram(bytes: Uint8Array, _from: number, port: DatagramPort): void {
    const message = readMessage(bytes);
    if (typeof message === 'string') {
      this.log(`bad packet: ${message}`);
      return;
    }
    const link = this.links.get(port);
    // A reply may come in by any interface, a client's too if the server is there; a request counts on a client's only.
    if (message.op === Op.Reply) this.down(bytes, message);
    else if (link !== undefined) this.up(bytes, message, link);
  }

  close(): void {
    this.upstream.close();
    for (const port of this.links.keys()) port.close();
  }

  private up(bytes: Uint8Array, message: DhcpMessage, link: DhcpLink): void {
    const relayed = relayRequest(bytes, message, link.address, DHCP_LIMITS.hops, this.informs ? link.name : null);
    if (typeof relayed === 'string') {
      this.log(`${describeMessage(message)} via ${link.name}: ${relayed}`);
      return;
    }
    traceMessage(this.node, What.Forward, message);
    for (const server of this.serversOf.get(link.name) ?? this.servers) {
      this.log(`Forwarded ${describeMessage(message)} via ${link.name} to ${formatIpv4(server)}`);
      this.upstream.send(relayed, server, SERVER_PORT);
    }
  }

  private down(bytes: Uint8Array, message: DhcpMessage): void {
    for (const [port, link] of this.links) {
      if (link.address === 0 || link.address !== message.giaddr) continue;
      const to = relayReplyTo(message);
      traceMessage(this.node, What.Forward, message);
      this.log(`Forwarded ${describeMessage(message)} via ${link.name}`);
      if (to === message.yiaddr && message.mac !== null) link.introduce(to, message.mac);
      // RFC 3046 2.2: what the relay said is not for the client's ears.
      const informed = message.options.has(Option.RelayAgentInformation);
      port.send(informed ? withoutRelayInformation(bytes) : bytes, to, CLIENT_PORT);
      return;
    }
    this.log(`${describeMessage(message)}: not for a link of ours`);
  }
}
