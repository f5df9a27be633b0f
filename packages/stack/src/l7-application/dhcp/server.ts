import type { Clock } from '../../base/clock.ts';
import { SECOND } from '../../base/clock.ts';
import { formatIpv4 } from '../../base/ip-address.ts';
import { identityOf } from './client-identity.ts';
import { type Lease, LeaseState, LeaseTable } from './leases.ts';
import { DHCP_LIMITS, type DhcpLimits } from './limits.ts';
import { type DhcpMessage, hardwareText, Op } from './message.ts';
import { INFINITE_SECONDS, MessageType, messageTypeName, Option } from './option-codes.ts';
import { hostNameOf } from './options.ts';
import { type ServerConfig, Subnet } from './server-config.ts';
import { addLeaseTimes, addParameters, addressed, type Reply, replyLine, replyTo, whom } from './server-replies.ts';

/** How long an offer stands while the client makes up its mind; ISC's server waits as long. */
const OFFER_NS = 120 * SECOND;
/** How long an address that somebody uses without our leave is given to nobody. */
const ABANDONED_NS = 86_400 * SECOND;

/** What a message leads to. `heard` and `said` are lines for a log; either may be empty. */
export type Decision =
  | { readonly kind: 'reply'; readonly reply: Reply; readonly heard: string; readonly said: string }
  /** `alarm`: people should hear of it, whether they look at the log or not. */
  | { readonly kind: 'silence'; readonly heard: string; readonly said: string; readonly alarm: boolean }
  /** Ask whether somebody has `address`; then call `probed`. */
  | { readonly kind: 'probe'; readonly address: number; readonly heard: string; readonly said: string };

interface Probe {
  readonly request: DhcpMessage;
  readonly server: number;
  readonly served: Served;
}

interface Served {
  readonly subnet: Subnet;
  readonly leases: LeaseTable;
}

/**
 * A DHCP server (RFC 2131 4.3) without input or output: a message goes in, what is to be done comes out. It knows time
 * by its clock, and asks for no timer: whether a lease is still good is seen when somebody asks for its address.
 *
 *     DISCOVER -> [probe ->] OFFER      REQUEST -> ACK, NAK or silence      INFORM -> ACK
 *     DECLINE, RELEASE -> silence       BOOTREQUEST without a type -> BOOTREPLY
 */
export class DhcpServer {
  /** Another number whenever a lease has changed: what is stored is to be stored again. */
  changes = 0;
  private readonly clock: Clock;
  private readonly limits: DhcpLimits;
  private readonly authoritative: boolean;
  private readonly probes: boolean;
  private readonly served: readonly Served[];
  private readonly probing = new Map<number, Probe>();

  constructor(clock: Clock, config: ServerConfig, limits: DhcpLimits = DHCP_LIMITS) {
    this.clock = clock;
    this.limits = limits;
    this.authoritative = config.authoritative === true;
    this.probes = config.probe === true;
    this.served = config.subnets.map((each) => {
      const subnet = new Subnet(each);
      return { subnet, leases: new LeaseTable(subnet, limits.leases) };
    });
  }

  /** All leases, by subnet and address. */
  leases(): Lease[] {
    return this.served.flatMap(({ leases }) => leases.list());
  }

  /** Leases from before it was started. Those of networks that are no longer served are let go. */
  restore(leases: readonly Lease[]): void {
    for (const lease of leases) this.servedAt(lease.address)?.leases.restore(lease);
  }

  /** A message that came in by an interface whose address is `server` (32 bits): the name by which clients know us. */
  receive(request: DhcpMessage, server: number): Decision {
    if (request.op !== Op.Request) return silence('', '');
    const { type } = request;
    if (type < 0 || type === MessageType.Offer || type === MessageType.Ack || type === MessageType.Nak) {
      return silence(`a message of a type that no client sends, from ${hardwareText(request)}`, '');
    }
    const served = this.servedFor(request, server);
    const heard = heardLine(request);
    if (served === null) return silence(heard, 'no subnet here is served');
    switch (type) {
      case MessageType.Discover:
        return this.discover(request, server, served, heard);
      case MessageType.Request:
        return this.request(request, server, served, heard);
      case MessageType.Decline:
        return this.decline(request, server, served, heard);
      case MessageType.Release:
        return this.release(request, server, served, heard);
      case MessageType.Inform:
        return this.inform(request, server, served, heard);
      default:
        return this.bootp(request, server, served, heard);
    }
  }

  /** Whether somebody answered from an address that a decision wanted probed. */
  probed(address: number, inUse: boolean): Decision {
    const probe = this.probing.get(address);
    this.probing.delete(address);
    if (probe === undefined) return silence('', '');
    const { request, server, served } = probe;
    if (!inUse) return this.offer(request, server, served, '');
    const lease = served.leases.at(address);
    if (lease !== null) this.abandon(served, lease);
    return this.discover(request, server, served, `${formatIpv4(address)} answers a ping: abandoned`);
  }

  /** Whose network the client is on: the relay says, or its address does, or the interface (RFC 2131 4.3.1). */
  private servedFor({ giaddr, ciaddr }: DhcpMessage, server: number): Served | null {
    if (giaddr !== 0) return this.servedAt(giaddr);
    const here = this.servedAt(server);
    // A client that renews speaks to us from wherever it is.
    if (ciaddr !== 0 && here?.subnet.holds(ciaddr) !== true) return this.servedAt(ciaddr) ?? here;
    return here;
  }

  private servedAt(address: number): Served | null {
    return this.served.find(({ subnet }) => subnet.holds(address)) ?? null;
  }

  private discover(request: DhcpMessage, server: number, served: Served, heard: string): Decision {
    const client = identityOf(request);
    const now = this.clock.now;
    const lease = served.leases.choose(client, request.options.address(Option.RequestedAddress) ?? 0, now);
    if (lease === null) return exhausted(heard, request, served);
    if (lease.stateAt(now) !== LeaseState.Bound) {
      this.changes++;
      lease.state = LeaseState.Offered;
      lease.endsNs = now + OFFER_NS;
      lease.hardware = hardwareText(request);
      if (this.probes) {
        if (this.probing.has(lease.address)) return silence(heard, '');
        if (this.probing.size >= this.limits.probes) return silence(heard, 'too many addresses are being probed');
        this.probing.set(lease.address, { request, server, served });
        return { kind: 'probe', address: lease.address, heard, said: '' };
      }
    }
    return this.offer(request, server, served, heard);
  }

  private offer(request: DhcpMessage, server: number, served: Served, heard: string): Decision {
    const lease = served.leases.of(identityOf(request));
    if (lease === null) return silence(heard, '');
    return this.grant(request, server, served, lease, MessageType.Offer, heard);
  }

  /** RFC 2131 4.3.2: what the client wants is seen from what its message has. */
  private request(request: DhcpMessage, server: number, served: Served, heard: string): Decision {
    const chosen = request.options.address(Option.ServerIdentifier);
    const requested = request.options.address(Option.RequestedAddress);
    if (chosen !== null) return this.selecting(request, server, served, chosen, requested ?? 0, heard);
    // INIT-REBOOT has the address as an option; RENEWING and REBINDING speak from it.
    const address = requested ?? request.ciaddr;
    if (address === 0) return silence(heard, 'asks for no address');
    if (!served.subnet.holds(address)) return this.refuse(request, server, address, heard, 'wrong network');
    const client = identityOf(request);
    const lease = this.recordOf(client, served);
    if (lease === null) {
      // Another server may know this client: nobody but an authoritative one may say no.
      if (!this.authoritative) return silence(heard, 'unknown lease');
      return this.refuse(request, server, address, heard, 'unknown lease');
    }
    if (lease.address !== address) return this.refuse(request, server, address, heard, 'another address is its own');
    return this.acknowledge(request, server, served, lease, heard);
  }

  private selecting(
    request: DhcpMessage,
    server: number,
    served: Served,
    chosen: number,
    requested: number,
    heard: string,
  ): Decision {
    const lease = served.leases.of(identityOf(request));
    if (chosen !== server) {
      // It took another's offer: ours is free again.
      if (lease?.state === LeaseState.Offered) lease.endsNs = this.clock.now;
      return silence(heard, `it chose ${formatIpv4(chosen)}`);
    }
    const given = lease?.stateAt(this.clock.now) ?? LeaseState.Ended;
    if (lease === null || given === LeaseState.Ended || lease.address !== requested) {
      return this.refuse(request, server, requested, heard, 'not offered');
    }
    return this.acknowledge(request, server, served, lease, heard);
  }

  /** What we know of a client that we did not offer anything: its lease, or what is reserved for it. */
  private recordOf(client: string, { leases, subnet }: Served): Lease | null {
    const lease = leases.of(client);
    if (lease !== null) return lease;
    return subnet.reservationOf(client) === null ? null : leases.choose(client, 0, this.clock.now);
  }

  private acknowledge(request: DhcpMessage, server: number, served: Served, lease: Lease, heard: string): Decision {
    const decision = this.grant(request, server, served, lease, MessageType.Ack, heard);
    const seconds = this.secondsOf(request, served);
    this.changes++;
    lease.state = LeaseState.Bound;
    lease.endsNs = seconds === INFINITE_SECONDS ? Infinity : this.clock.now + seconds * SECOND;
    lease.hardware = hardwareText(request);
    lease.hostName = hostNameOf(request.options.text(Option.HostName));
    return decision;
  }

  /** An OFFER or ACK of an address. */
  private grant(
    request: DhcpMessage,
    server: number,
    served: Served,
    lease: Lease,
    type: number,
    heard: string,
  ): Decision {
    const reply = replyTo(request, type, server);
    reply.ciaddr = type === MessageType.Ack ? request.ciaddr : 0;
    reply.yiaddr = lease.address;
    addLeaseTimes(reply, this.secondsOf(request, served));
    addParameters(reply, request, served.subnet, served.subnet.reservationOf(lease.client));
    const name = hostNameOf(request.options.text(Option.HostName));
    const said = replyLine(messageTypeName(type), lease.address, hardwareText(request), name);
    return { kind: 'reply', reply: addressed(reply, request), heard, said };
  }

  private secondsOf(request: DhcpMessage, { subnet }: Served): number {
    return subnet.secondsFor(request.options.number(Option.LeaseTime, 4));
  }

  private refuse(request: DhcpMessage, server: number, address: number, heard: string, why: string): Decision {
    const reply = replyTo(request, MessageType.Nak, server);
    reply.options.setText(Option.Message, why);
    const said = `${replyLine('DHCPNAK', address, hardwareText(request), null)}: ${why}`;
    return { kind: 'reply', reply: addressed(reply, request), heard, said };
  }

  /** RFC 2131 4.3.3: somebody else has the address. Believed only of the address that this client was given. */
  private decline(request: DhcpMessage, server: number, served: Served, heard: string): Decision {
    const address = request.options.address(Option.RequestedAddress);
    const lease = served.leases.of(identityOf(request));
    if (request.options.address(Option.ServerIdentifier) !== server) return silence(heard, 'not for us');
    if (lease === null || lease.address !== address) return silence(heard, 'not found');
    this.abandon(served, lease);
    return silence(heard, `${formatIpv4(lease.address)} is in use by somebody else: abandoned`, true);
  }

  /** RFC 2131 4.3.4. The client stays known, and gets the address again if nobody else did. */
  private release(request: DhcpMessage, server: number, served: Served, heard: string): Decision {
    const lease = served.leases.of(identityOf(request));
    if (request.options.address(Option.ServerIdentifier) !== server) return silence(heard, 'not for us');
    if (lease === null || lease.address !== request.ciaddr) return silence(heard, 'not found');
    this.changes++;
    lease.state = LeaseState.Ended;
    lease.endsNs = this.clock.now;
    return silence(heard, '');
  }

  /** RFC 2131 4.3.5: it has its address from elsewhere and wants the rest. */
  private inform(request: DhcpMessage, server: number, served: Served, heard: string): Decision {
    if (!served.subnet.holds(request.ciaddr)) return silence(heard, 'asks from no address of this network');
    const reply = replyTo(request, MessageType.Ack, server);
    reply.ciaddr = request.ciaddr;
    addParameters(reply, request, served.subnet, null);
    const said = `DHCPACK to ${formatIpv4(request.ciaddr)} (${hardwareText(request)})`;
    return { kind: 'reply', reply: addressed(reply, request), heard, said };
  }

  /** RFC 951, RFC 1534: an address for ever, for who has one reserved, or for anybody if that is wanted. */
  private bootp(request: DhcpMessage, server: number, served: Served, heard: string): Decision {
    const { subnet, leases } = served;
    const client = identityOf(request);
    const reservation = subnet.reservationOf(client);
    if (reservation === null && !subnet.bootp) return silence(heard, 'no address is reserved for it');
    const lease = leases.choose(client, 0, this.clock.now);
    if (lease === null) return exhausted(heard, request, served);
    this.changes++;
    lease.state = LeaseState.Bound;
    lease.endsNs = Infinity;
    lease.hardware = hardwareText(request);
    const reply = replyTo(request, MessageType.Bootp, server);
    reply.yiaddr = lease.address;
    reply.siaddr = server;
    addParameters(reply, request, subnet, reservation);
    const said = replyLine('BOOTREPLY', lease.address, hardwareText(request), null);
    return { kind: 'reply', reply: addressed(reply, request), heard, said };
  }

  private abandon({ leases }: Served, lease: Lease): void {
    this.changes++;
    leases.abandon(lease, this.clock.now + ABANDONED_NS);
  }
}

function silence(heard: string, said: string, alarm = false): Decision {
  return { kind: 'silence', heard, said, alarm };
}

/** Nobody may overlook that a network has become too small. */
function exhausted(heard: string, request: DhcpMessage, { leases }: Served): Decision {
  const { poolText } = leases;
  const what = poolText === '' ? 'no pool, and nothing reserved' : `no address left in pool ${poolText}`;
  return silence(heard, `${what} for ${hardwareText(request)}`, true);
}

/** `DHCPREQUEST for 10.0.1.100 from 02:00:00:00:00:01 (alice)`: as dhcpd's log has it. */
function heardLine(request: DhcpMessage): string {
  const { type, options } = request;
  const name = type === MessageType.Bootp ? 'BOOTREQUEST' : messageTypeName(type);
  const address = options.address(Option.RequestedAddress) ?? request.ciaddr;
  const word = type === MessageType.Request ? 'for' : 'of';
  const about = address === 0 || type === MessageType.Discover ? '' : ` ${word} ${formatIpv4(address)}`;
  return `${name}${about} from ${whom(hardwareText(request), hostNameOf(options.text(Option.HostName)))}`;
}
