import { type Clock, SECOND } from '../../base/clock.ts';
import { formatIpv4 } from '../../base/ip-address.ts';
import type { MacAddress } from '../../base/mac-address.ts';
import type { Random } from '../../base/random.ts';
import { type ClientLease, leaseIn } from './client-lease.ts';
import { ClientMessages } from './client-messages.ts';
import { type ClientAction, type ClientOptions, ClientState } from './client-states.ts';
import { type DhcpMessage, Op } from './message.ts';
import { MessageType, messageTypeName, Option, SERVER_PORT } from './option-codes.ts';

const EVERYBODY = 0xffffffff;
/** RFC 2131 4.1: 4 s, doubled each time up to 64 s, give or take one. */
const FIRST_RETRY = 4;
const MOST_RETRY = 64;
/** RFC 2131 3.1 (5): four retransmissions of a REQUEST, then from the beginning; at reboot half as many. */
const REQUESTS = 5;
const REBOOT_REQUESTS = 2;
/** RFC 2131 4.4.5: no renewal is repeated within a minute. */
const LEAST_RENEWAL_NS = 60 * SECOND;
/** RFC 2131 3.1 (5): after a DECLINE. */
const AFTER_DECLINE_NS = 10 * SECOND;
const PROBE_NS = 1 * SECOND;
/** How long a RELEASE has to leave the host. */
const LAST_WORDS_NS = 1 * SECOND;

/**
 * A DHCP client (RFC 2131 4.4) without input or output. Messages go in by `receive`; when `deadlineNs` has come,
 * `timeout` is to be called; after each call what is to be done is in `take`.
 */
export class DhcpClient {
  state: ClientState = ClientState.Stopped;
  /** When `timeout` is to be called; Infinity: never. */
  deadlineNs = Infinity;
  /** What the interface is set up with; null: nothing. */
  lease: ClientLease | null = null;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly options: ClientOptions;
  private readonly messages: ClientMessages;
  private readonly actions: ClientAction[] = [];
  /** What was offered and is asked for, or was given and is being checked. */
  private wanted: ClientLease | null = null;
  /** The address that is asked for again after a restart. */
  private remembered = 0;
  private xid = 0;
  /** When this acquisition began, and when the last message was sent, ns. */
  private beganNs = 0;
  private sentNs = 0;
  private selectUntilNs = 0;
  private attempts = 0;
  private probesLeft = 0;
  /** DHCPNAKs in a row: who is refused again and again slows down. */
  private refusals = 0;

  constructor(clock: Clock, random: Random, options: ClientOptions) {
    this.clock = clock;
    this.random = random;
    this.options = options;
    this.messages = new ClientMessages(options);
  }

  /** The address that is being checked (32 bits); 0: none. */
  get checking(): number {
    return this.state === ClientState.Checking ? this.wanted!.address : 0;
  }

  /** The next thing to do; null: nothing more. */
  take(): ClientAction | null {
    return this.actions.shift() ?? null;
  }

  /** Begins; with an address (32 bits) that it had before, asks for that one again (INIT-REBOOT). */
  start(remembered = 0): void {
    this.remembered = this.lease?.address ?? remembered;
    this.begin('started');
  }

  /** The link was away and came back: the lease is good only if this is still the same network (RFC 2131 3.7). */
  reattached(): void {
    if (this.state === ClientState.Stopped || this.state === ClientState.Releasing) return;
    if (this.lease !== null) this.remembered = this.lease.address;
    this.begin('the link came back');
  }

  /** Gives the address back (RFC 2131 4.4.6) and stops. */
  release(): void {
    const { lease } = this;
    if (lease === null) {
      this.stop();
      return;
    }
    this.xid = this.random.u32();
    this.send(this.messages.release(this.xid, lease), lease.server);
    // The address stays until ARP for the server's has been answered: else the message would never leave.
    this.enter(ClientState.Releasing, 'asked to', this.clock.now + LAST_WORDS_NS);
  }

  /** Stops; without a word to the server, which keeps the address for us until the lease runs out. */
  stop(): void {
    this.unbind();
    this.enter(ClientState.Stopped, 'asked to', Infinity);
  }

  /** A message came, to whomever. */
  receive(message: DhcpMessage): void {
    if (message.op !== Op.Reply || message.xid !== this.xid || !message.mac?.equals(this.options.mac)) return;
    const { type } = message;
    if (type === MessageType.Offer) this.offered(message);
    else if (type === MessageType.Ack) this.acknowledged(message);
    else if (type === MessageType.Nak) this.refused(message);
  }

  /** `mac` has the address that is being checked, or uses the one that is ours (RFC 2131 4.4.1, RFC 5227 2.4). */
  taken(mac: MacAddress): void {
    const lease = this.state === ClientState.Checking ? this.wanted : this.lease;
    if (lease === null || this.state === ClientState.Releasing) return;
    this.say(`${formatIpv4(lease.address)} is in use by ${mac}`);
    // Not from the address that is another's.
    this.unbind();
    this.xid = this.random.u32();
    this.send(this.messages.decline(this.xid, lease), EVERYBODY);
    this.restart('the address is in use', AFTER_DECLINE_NS);
  }

  /** `deadlineNs` has come. */
  timeout(): void {
    const now = this.clock.now;
    if (now < this.deadlineNs) return;
    switch (this.state) {
      case ClientState.Init:
        this.enter(ClientState.Selecting, 'looking for servers', now);
        this.discover();
        break;
      case ClientState.InitReboot:
        this.enter(ClientState.Rebooting, `asking for ${formatIpv4(this.remembered)} again`, now);
        this.request();
        break;
      case ClientState.Selecting:
        if (this.wanted !== null) this.choose();
        else this.discover();
        break;
      case ClientState.Requesting:
        if (this.attempts < REQUESTS) this.request();
        else this.restart('no answer to our request', 0);
        break;
      case ClientState.Rebooting:
        if (this.attempts < REBOOT_REQUESTS) this.request();
        else this.unanswered();
        break;
      case ClientState.Checking:
        this.check();
        break;
      case ClientState.Bound:
        this.extend(ClientState.Renewing, 'T1 has come');
        break;
      case ClientState.Renewing:
        if (now >= this.lease!.rebindNs) this.extend(ClientState.Rebinding, 'T2 has come');
        else this.renew();
        break;
      case ClientState.Rebinding:
        if (now >= this.lease!.expiryNs) this.expire();
        else this.renew();
        break;
      case ClientState.Releasing:
        this.stop();
        break;
      default:
        this.deadlineNs = Infinity;
    }
  }

  private begin(why: string): void {
    this.wanted = null;
    this.xid = this.random.u32();
    this.beganNs = this.clock.now;
    const spread = this.options.desynchronizeNs ?? 0;
    const first = this.clock.now + (spread > 0 ? Math.floor(this.random.fraction() * spread) : 0);
    this.attempts = 0;
    this.enter(this.remembered === 0 ? ClientState.Init : ClientState.InitReboot, why, first);
  }

  /** From the beginning, after a while. */
  private restart(why: string, waitNs: number): void {
    this.remembered = 0;
    this.wanted = null;
    this.xid = this.random.u32();
    this.beganNs = this.clock.now + waitNs;
    this.attempts = 0;
    this.enter(ClientState.Init, why, this.clock.now + waitNs);
  }

  private discover(): void {
    const interval = this.retryIn();
    this.say(`DHCPDISCOVER on %s to 255.255.255.255 port ${SERVER_PORT} interval ${Math.round(interval / SECOND)}`);
    this.selectUntilNs = this.clock.now + (this.options.selectNs ?? 0);
    this.send(this.messages.discover(this.xid, this.secs), EVERYBODY);
    this.deadlineNs = this.clock.now + interval;
  }

  private offered(message: DhcpMessage): void {
    if (this.state !== ClientState.Selecting) return;
    const offer = leaseIn(message, this.sentNs);
    if (typeof offer === 'string') {
      this.say(`DHCPOFFER ignored: ${offer}`);
      return;
    }
    this.say(`DHCPOFFER of ${formatIpv4(offer.address)} from ${formatIpv4(offer.server)}`);
    this.wanted ??= offer;
    if (this.clock.now >= this.selectUntilNs) this.choose();
    else this.deadlineNs = this.selectUntilNs;
  }

  private choose(): void {
    this.attempts = 0;
    this.enter(ClientState.Requesting, `chose the offer of ${formatIpv4(this.wanted!.server)}`, this.clock.now);
    this.request();
  }

  /** REQUEST of SELECTING (with the server that was chosen) or of INIT-REBOOT (without): both to everybody. */
  private request(): void {
    const interval = this.retryIn();
    const address = this.wanted?.address ?? this.remembered;
    this.say(`DHCPREQUEST for ${formatIpv4(address)} on %s to 255.255.255.255 port ${SERVER_PORT}`);
    this.send(this.messages.request(this.xid, this.secs, address, this.wanted?.server ?? 0), EVERYBODY);
    this.deadlineNs = this.clock.now + interval;
  }

  private extend(state: ClientState, why: string): void {
    this.xid = this.random.u32();
    this.beganNs = this.clock.now;
    this.enter(state, why, this.clock.now);
    this.renew();
  }

  /** REQUEST of RENEWING (to the server) or REBINDING (to everybody); again after half of what is left, a minute at least. */
  private renew(): void {
    const lease = this.lease!;
    const renewing = this.state === ClientState.Renewing;
    const to = renewing ? lease.server : EVERYBODY;
    this.say(`DHCPREQUEST for ${formatIpv4(lease.address)} on %s to ${formatIpv4(to)} port ${SERVER_PORT}`);
    this.send(this.messages.renew(this.xid, this.secs, lease.address), to);
    const until = renewing ? lease.rebindNs : lease.expiryNs;
    const half = Math.floor((until - this.clock.now) / 2);
    this.deadlineNs = Math.min(until, this.clock.now + Math.max(half, LEAST_RENEWAL_NS));
  }

  private acknowledged(message: DhcpMessage): void {
    const lease = leaseIn(message, this.sentNs);
    if (typeof lease === 'string' || !this.awaits(lease)) return;
    this.say(`DHCPACK of ${formatIpv4(lease.address)} from ${formatIpv4(lease.server)}`);
    this.refusals = 0;
    this.wanted = lease;
    // Who has the address already does not ask whether somebody has it.
    const held = this.lease?.address === lease.address;
    this.probesLeft = held ? 0 : (this.options.probes ?? 2);
    if (held) {
      this.bound(lease);
    } else {
      this.enter(ClientState.Checking, `acknowledged by ${formatIpv4(lease.server)}`, this.clock.now);
      this.check();
    }
  }

  /** Is this what the present state has asked for? */
  private awaits(lease: ClientLease): boolean {
    switch (this.state) {
      case ClientState.Requesting:
        return lease.address === this.wanted!.address && lease.server === this.wanted!.server;
      case ClientState.Rebooting:
        return lease.address === this.remembered;
      case ClientState.Renewing:
      case ClientState.Rebinding:
        return lease.address === this.lease!.address;
      default:
        return false;
    }
  }

  private check(): void {
    if (this.probesLeft === 0) {
      this.bound(this.wanted!);
      return;
    }
    this.probesLeft--;
    this.actions.push({ kind: 'ask', address: this.wanted!.address });
    this.deadlineNs = this.clock.now + PROBE_NS;
  }

  private bound(lease: ClientLease): void {
    const before = this.lease;
    this.lease = lease;
    this.wanted = null;
    this.remembered = lease.address;
    this.actions.push({ kind: 'bind', lease, before });
    this.enter(ClientState.Bound, `${lease.prefix}`, lease.renewNs);
    const seconds = Math.max(0, Math.round((lease.renewNs - this.clock.now) / SECOND));
    const renewal = lease.renewNs === Infinity ? 'for ever' : `renewal in ${seconds} seconds`;
    this.say(`bound to ${formatIpv4(lease.address)} -- ${renewal}.`);
  }

  private refused(message: DhcpMessage): void {
    const server = message.options.address(Option.ServerIdentifier);
    const { state } = this;
    // RFC 2131 4.4: of those that we wait for; and only the chosen server's counts.
    if (state === ClientState.Requesting) {
      if (server !== this.wanted!.server) return;
    } else if (state === ClientState.Renewing) {
      if (server !== this.lease!.server) return;
    } else if (state !== ClientState.Rebooting && state !== ClientState.Rebinding) {
      return;
    }
    const text = message.options.text(Option.Message);
    this.say(`DHCPNAK from ${formatIpv4(server ?? 0)}${text === null ? '' : `: ${text}`}`);
    this.unbind();
    const wait = this.refusals === 0 ? 0 : this.backOff(this.refusals - 1);
    this.refusals++;
    this.restart(`refused${text === null ? '' : `: ${text}`}`, wait);
  }

  /** No server says yes or no: a lease that is still good may be used to its end (RFC 2131 3.2 (3)). */
  private unanswered(): void {
    const { lease } = this;
    if (lease === null) this.restart('no answer to our request', 0);
    else if (this.clock.now >= lease.expiryNs) this.expire();
    else this.enter(ClientState.Bound, 'no server answers, and the lease is still good', lease.renewNs);
  }

  private expire(): void {
    this.say(`the lease of ${formatIpv4(this.lease!.address)} ran out`);
    this.unbind();
    this.restart('the lease ran out', 0);
  }

  private unbind(): void {
    if (this.lease === null) return;
    this.actions.push({ kind: 'unbind', lease: this.lease });
    this.lease = null;
  }

  private enter(to: ClientState, why: string, deadlineNs: number): void {
    const from = this.state;
    this.state = to;
    this.deadlineNs = deadlineNs;
    if (from !== to) this.actions.push({ kind: 'state', from, to, why });
  }

  private send(message: DhcpMessage, to: number): void {
    this.sentNs = this.clock.now;
    const { type } = message;
    if (type === MessageType.Release || type === MessageType.Decline) {
      const address = message.ciaddr || message.options.address(Option.RequestedAddress)!;
      const line = `${messageTypeName(type)} of ${formatIpv4(address)} on %s to ${formatIpv4(to)} port ${SERVER_PORT}`;
      this.say(line);
    }
    this.actions.push({ kind: 'send', message, to });
  }

  /** `%s` stands for the interface's name. */
  private say(line: string): void {
    this.actions.push({ kind: 'say', line });
  }

  /** Seconds since this acquisition began, 16 bits: relays and servers may help those first who have waited long. */
  private get secs(): number {
    return Math.min(0xffff, Math.max(0, Math.floor((this.clock.now - this.beganNs) / SECOND)));
  }

  private retryIn(): number {
    return this.backOff(this.attempts++);
  }

  private backOff(attempt: number): number {
    const seconds = Math.min(MOST_RETRY, FIRST_RETRY * 2 ** Math.min(attempt, 8));
    return Math.round((seconds + this.random.fraction() * 2 - 1) * SECOND);
  }
}
