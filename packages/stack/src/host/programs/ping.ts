import { errnoText, NetError } from '../../base/errors.ts';
import { IpAddress } from '../../base/ip-address.ts';
import { ICMP_HEADER_LENGTH, IcmpType } from '../../l3-network/icmp-header.ts';
import { Icmp6Type } from '../../l3-network/ipv6/icmp6-header.ts';
import { Cast, type Flow, Protocol } from '../../l3-network/network-layer.ts';
import type { IcmpReport } from '../../l4-transport/udp/udp-errors.ts';
import type { SocketAddress } from '../../l5-session/addresses.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  IP_MTU_DISCOVER,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_OPTIONS,
  IP_PMTUDISC_DO,
  IP_RECVERR,
  IP_RECVOPTS,
  IP_RECVTTL,
  IP_TTL,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_IP,
  SO_BINDTODEVICE,
  SO_BROADCAST,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '../../l5-session/constants.ts';
import type { Socket } from '../../l5-session/socket.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { Alarm } from './alarm.ts';
import { parseOptions } from './options.ts';
import { errorText, errorText6 } from './ping-errors.ts';
import { headerOptions, headerOptionsText } from './ping-options.ts';
import { PingStatistics, tripTime } from './ping-statistics.ts';

/** A request begins with the time when it left, as two 64-bit numbers; shorter ones cannot be timed by what they carry. */
const TIME_LENGTH = 16;
const IP_HEADER_LENGTH = 20;
const MOST_BYTES = 0xffff;
const ANCILLARY_BYTES = 64;
/** How long the last answer is waited for when none has come before, seconds. */
const LINGER = 10;

interface PingOptions {
  readonly count: number;
  readonly intervalNs: number;
  readonly size: number;
  readonly ttl: number;
  readonly lingerNs: number;
  readonly deadlineNs: number;
  readonly dontFragment: boolean;
  readonly broadcast: boolean;
  readonly numeric: boolean;
  readonly quiet: boolean;
  /** `-I` */
  readonly device: string | null;
  readonly multicastTtl: number;
  /** This host hears what it sends to groups that it is in. */
  readonly loop: boolean;
  /** Options of the IP header. */
  readonly header: Uint8Array | null;
}

export const ping: Program = {
  name: 'ping',
  summary: 'ask a host for an echo, and measure how long it takes',
  usage: `usage: ping [-46bLnqR] [-c COUNT] [-i SECONDS] [-I INTERFACE] [-M do|want|dont] [-s SIZE] [-t TTL]
            [-T tsonly|tsandaddr|tsprespec [HOST...]] [-w SECONDS] [-W SECONDS] HOST
  -4, -6  that address family only
  -b  allow pinging a broadcast address
  -c  stop after COUNT replies
  -i  seconds between two requests (1)
  -I  the interface to send by: to a group (224.0.0.1), or to a link-local address (fe80::1%eth0 says the same)
  -L  this host does not hear what it sends to a group
  -M  do: never fragment; a router that would have to says so
  -n  numbers only, no names
  -q  quiet: the statistics only
  -R  routers and the host write their addresses into the packet, nine at most (IPv4)
  -s  bytes of data in a request (56)
  -t  time to live
  -T  they write times: alone, with addresses, or only those that are named (IPv4)
  -w  end after so many seconds, whatever has come
  -W  seconds to wait for a reply once the last request has left (10)
exit: 0 answered, 1 no answer, 2 an error`,
  async main(process) {
    const options = parseOptions(process.args, { flags: '46bLnqR', values: 'ciIMstTwW' });
    const target = options.words.at(-1);
    if (target === undefined) throw new UsageError('usage error: Destination address required');
    const others = options.words.slice(0, -1);
    if (others.length > 0 && options.text('T') !== 'tsprespec') {
      throw new UsageError(`one destination, not ${options.words.length}`);
    }
    const header = headerOptions(options.has('R'), options.text('T'), others);
    const discovery = options.text('M') ?? 'want';
    if (!['do', 'want', 'dont'].includes(discovery)) throw new UsageError(`invalid -M argument: ${discovery}`);
    const family = options.has('6') ? AF_INET6 : options.has('4') ? AF_INET : AF_UNSPEC;
    const address = await resolve(process, target, family, options.text('I'));
    if (address === null) return 2;
    return new Ping(process, target, address, {
      count: options.integer('c', Infinity, 1, 2 ** 31 - 1),
      intervalNs: options.seconds('i', 1, 0.001, 1e6) * 1e9,
      size: options.integer('s', 56, 0, 65507),
      ttl: options.integer('t', 64, 1, 255),
      lingerNs: options.seconds('W', LINGER, 0, 1e6) * 1e9,
      deadlineNs: options.has('w') ? options.seconds('w', 0, 0, 1e6) * 1e9 : Infinity,
      dontFragment: discovery === 'do',
      broadcast: options.has('b'),
      numeric: options.has('n') || IpAddress.parse(target) !== null,
      quiet: options.has('q'),
      device: options.text('I'),
      multicastTtl: options.integer('t', 1, 1, 255),
      loop: !options.has('L'),
      header,
    }).run();
  },
};

async function resolve(
  process: Process,
  target: string,
  family: number,
  device: string | null,
): Promise<SocketAddress | null> {
  try {
    const zoned = device === null || target.includes('%') || !target.includes(':') ? target : `${target}%${device}`;
    const answers = await process.sockets.getaddrinfo(zoned, 0, family, SOCK_DGRAM);
    return answers[0]![4];
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    process.complain(`ping: ${target}: ${error.text}\n`);
    return null;
  }
}

/** One run over a ping socket: sends requests in their time, prints answers as they come. */
class Ping {
  private readonly process: Process;
  private readonly target: string;
  private readonly address: SocketAddress;
  private readonly remote: IpAddress;
  private readonly is6: boolean;
  private readonly options: PingOptions;
  private readonly alarm: Alarm;
  private readonly statistics = new PingStatistics();
  /** When each request left, by its number modulo 2^16; Infinity: answered. */
  private readonly sentNs = new Float64Array(0x10000).fill(-1);
  /** 1: answered once. To a group, where many answer, the others are no mistake, but do not count as other requests' either. */
  private readonly answered = new Uint8Array(0x10000);
  private readonly startNs: number;
  private lastSendNs: number;

  constructor(process: Process, target: string, address: SocketAddress, options: PingOptions) {
    this.process = process;
    this.target = target;
    this.address = address;
    this.remote = IpAddress.parse(address[0])!;
    this.is6 = this.remote.family === 6;
    this.options = options;
    this.alarm = new Alarm(process);
    this.startNs = process.host.node.clock.now;
    this.lastSendNs = this.startNs;
  }

  async run(): Promise<number> {
    const { process, options, remote } = this;
    const way = this.way();
    if (typeof way === 'number') {
      process.complain(`ping: connect: ${errnoText(way)}\n`);
      return 2;
    }
    const socket = this.open();
    const total = options.size + ICMP_HEADER_LENGTH + IP_HEADER_LENGTH + (options.header?.length ?? 0);
    if (options.broadcast && this.isBroadcast()) process.complain('WARNING: pinging broadcast address\n');
    const sizes = this.is6 ? `${options.size} data bytes` : `${options.size}(${total}) bytes of data.`;
    process.print(`PING ${this.target} (${remote}) ${sizes}\n`);
    const receiving = this.receiveAll(socket);
    const sent = await this.sendAll(socket);
    if (sent) await this.awaitLast();
    socket.close();
    await receiving;
    if (!sent) return 2;
    const elapsedMs = Math.floor((this.lastSendNs - this.startNs) / 1e6);
    process.print(this.statistics.summary(this.target, elapsedMs));
    const { received } = this.statistics;
    const tooFew = options.deadlineNs !== Infinity && options.count !== Infinity && received < options.count;
    return received === 0 || tooFew ? 1 : 0;
  }

  private open(): Socket {
    const { options } = this;
    const { sockets } = this.process;
    const socket = this.is6
      ? sockets.socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6)
      : sockets.socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    socket.setsockopt(IPPROTO_IP, IP_RECVTTL, 1);
    socket.setsockopt(IPPROTO_IP, IP_RECVERR, 1);
    socket.setsockopt(IPPROTO_IP, IP_TTL, options.ttl);
    if (!this.is6) this.setIpv4Options(socket);
    if (options.dontFragment) socket.setsockopt(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
    if (options.broadcast) socket.setsockopt(SOL_SOCKET, SO_BROADCAST, 1);
    return socket;
  }

  private setIpv4Options(socket: Socket): void {
    const { header, loop, device, multicastTtl } = this.options;
    if (header !== null) {
      socket.setsockopt(IPPROTO_IP, IP_OPTIONS, header);
      socket.setsockopt(IPPROTO_IP, IP_RECVOPTS, 1);
    }
    if (device !== null) socket.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, device);
    if (!this.remote.isMulticast) return;
    socket.setsockopt(IPPROTO_IP, IP_MULTICAST_TTL, multicastTtl);
    socket.setsockopt(IPPROTO_IP, IP_MULTICAST_LOOP, loop);
  }

  /** False when the address cannot be pinged at all. */
  private async sendAll(socket: Socket): Promise<boolean> {
    const { options, statistics, process } = this;
    let nextNs = this.startNs;
    while (statistics.transmitted < options.count && !this.over) {
      if (!(await this.send(socket))) {
        process.complain('ping: Do you want to ping broadcast? Then -b. If not, check your local firewall rules\n');
        return false;
      }
      if (statistics.transmitted === options.count) break;
      nextNs += options.intervalNs;
      const untilNs = Math.min(nextNs, this.startNs + options.deadlineNs);
      while (process.signalled === null && this.now < untilNs) await this.alarm.wait(untilNs);
    }
    return true;
  }

  /** Sends one request. False when the socket may not send there. */
  private async send(socket: Socket): Promise<boolean> {
    const { statistics, process } = this;
    const sequence = (statistics.transmitted + 1) & 0xffff;
    statistics.transmitted++;
    this.sentNs[sequence] = this.now;
    this.answered[sequence] = 0;
    this.lastSendNs = this.now;
    try {
      await socket.sendto(this.request(sequence), this.address);
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      if (process.signalled !== null) return true;
      if (error.code === 'EACCES') return false;
      // What could not leave was not lost on the way: it counts as an error at once.
      statistics.errors++;
      this.sentNs[sequence] = Infinity;
      if (error.code === 'EMSGSIZE') process.complain(`ping: local error: message too long${this.pathMtu()}\n`);
      else process.complain(`ping: sendmsg: ${error.text}\n`);
    }
    return true;
  }

  private way(): Flow | number {
    const scope = this.address[3] ?? 0;
    const protocol = this.is6 ? Protocol.Icmpv6 : Protocol.Icmp;
    return this.process.host.network.open(this.remote, protocol, null, scope === 0 ? {} : { interfaceIndex: scope });
  }

  private isBroadcast(): boolean {
    const flow = this.way();
    return typeof flow !== 'number' && flow.cast === Cast.Broadcast;
  }

  private pathMtu(): string {
    const flow = this.way();
    return typeof flow === 'number' ? '' : `, mtu=${flow.mtu}`;
  }

  /** An echo request: its header, the time, then bytes that count up: what iputils sends. */
  private request(sequence: number): Uint8Array {
    const request = new Uint8Array(ICMP_HEADER_LENGTH + this.options.size);
    const view = new DataView(request.buffer);
    request[0] = this.is6 ? Icmp6Type.EchoRequest : IcmpType.Echo;
    view.setUint16(6, sequence); // identifier and checksum are the socket's business
    for (let i = ICMP_HEADER_LENGTH; i < request.length; i++) request[i] = i - ICMP_HEADER_LENGTH;
    if (this.options.size >= TIME_LENGTH) {
      view.setBigUint64(ICMP_HEADER_LENGTH, BigInt(Math.floor(this.now / 1e9)), true);
      view.setBigUint64(ICMP_HEADER_LENGTH + 8, BigInt(Math.floor((this.now % 1e9) / 1e3)), true);
    }
    return request;
  }

  /** Takes answers and errors until the socket is closed. */
  private async receiveAll(socket: Socket): Promise<void> {
    while (socket.fileno() >= 0 && this.process.signalled === null) {
      try {
        const [reply, ancillary, , address] = await socket.recvmsg(MOST_BYTES, ANCILLARY_BYTES);
        const told = ancillary.find(([, type]) => type === IP_RECVOPTS)?.[2] ?? null;
        this.replied(reply, ancillary[0]?.[2][0] ?? 0, IpAddress.parse(address![0])!, address![3] ?? 0, told);
      } catch (error) {
        if (!(error instanceof NetError)) throw error;
        if (error.code === 'EBADF') return;
        for (let report = socket.recverr(); report !== null; report = socket.recverr()) this.refused(report);
      }
      this.alarm.ring();
    }
  }

  /** Waits for what is still on its way: twice the longest time seen, or long when nothing was seen. */
  private async awaitLast(): Promise<void> {
    const { options, statistics, process } = this;
    const from = this.now;
    while (process.signalled === null && this.outstanding) {
      const lingerNs =
        statistics.received > 0 ? Math.max(2 * statistics.mostUs * 1e3, options.intervalNs) : options.lingerNs;
      const untilNs = Math.min(from + lingerNs, this.startNs + options.deadlineNs);
      if (this.now >= untilNs) return;
      await this.alarm.wait(untilNs);
    }
  }

  private get outstanding(): boolean {
    const { received, errors, transmitted } = this.statistics;
    return received + errors < transmitted;
  }

  private get over(): boolean {
    return this.process.signalled !== null || this.now - this.startNs >= this.options.deadlineNs;
  }

  private get now(): number {
    return this.process.host.node.clock.now;
  }

  private replied(reply: Uint8Array, ttl: number, from: IpAddress, scope: number, header: Uint8Array | null): void {
    const { options, statistics } = this;
    const sequence = (reply[6]! << 8) | reply[7]!;
    const sentNs = this.sentNs[sequence]!;
    if (sentNs < 0) return; // never sent
    const duplicate = sentNs === Infinity;
    const tripUs = duplicate || options.size < TIME_LENGTH ? null : Math.floor((this.now - sentNs) / 1e3);
    if (!options.broadcast && !this.remote.isMulticast) this.sentNs[sequence] = Infinity;
    statistics.reply(sequence, tripUs, this.answered[sequence] === 1);
    this.answered[sequence] = 1;
    if (options.quiet) return;
    const time = tripUs === null ? '' : ` time=${tripTime(tripUs)} ms`;
    const again = duplicate ? ' (DUP!)' : '';
    const told = header === null ? '' : headerOptionsText(header);
    this.process.print(
      `${reply.length} bytes from ${this.who(from, scope)}: icmp_seq=${sequence} ttl=${ttl}${time}${again}\n${told}`,
    );
  }

  private refused({ type, code, mtu, from, remotePort: sequence }: IcmpReport): void {
    const sentNs = this.sentNs[sequence]!;
    if (sentNs < 0 || sentNs === Infinity) return;
    this.sentNs[sequence] = Infinity;
    this.statistics.error(sequence);
    if (this.options.quiet) return;
    const text = this.is6 ? errorText6(type, code, mtu) : errorText(type, code, mtu);
    this.process.print(`From ${this.who(from)} icmp_seq=${sequence} ${text}\n`);
  }

  /** `scope`: the number of the interface, for an address that means something on its link only. */
  private who(address: IpAddress, scope = 0): string {
    const { names, ip } = this.process.host;
    const name = this.options.numeric ? null : names.reverse(address);
    const link = scope === ip.loopback.index ? this.address[3] : scope; // what it asked itself came by `lo`
    const on = address.isLinkLocal ? ip.interfaces().find(({ index }) => index === link) : undefined;
    const text = on === undefined ? `${address}` : `${address}%${on.name}`;
    return name === null ? text : `${name} (${text})`;
  }
}
