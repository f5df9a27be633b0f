import { NetError } from '../../../base/errors.ts';
import { IpAddress } from '../../../base/ip-address.ts';
import type { SocketAddress } from '../../../l5-session/addresses.ts';
import * as c from '../../../l5-session/constants.ts';
import type { Socket } from '../../../l5-session/socket.ts';
import type { Process } from '../../process.ts';

/** The first port that nobody listens on, by agreement (services: traceroute). */
const FIRST_PORT = 33_434;
const ICMP_HEADER = 8;
const ECHO = 8;
const ECHO6 = 128;

/** What came of a probe. */
export interface ProbeAnswer {
  /** Who answered; null: nobody in time. */
  readonly from: IpAddress | null;
  readonly tripNs: number;
  /** It was the one whom the probes are for. */
  readonly reached: boolean;
  /** The ICMP error; type 0: an answer that is none. */
  readonly type: number;
  readonly code: number;
  /** For "too big": what the next link carries, bytes. */
  readonly mtu: number;
}

/** Where to, the one answer that `getaddrinfo` gives first; null when it was complained about. */
export async function resolveTarget(
  process: Process,
  name: string,
  target: string,
  family: number,
): Promise<SocketAddress | null> {
  try {
    const answers = await process.sockets.getaddrinfo(target, 0, family, c.SOCK_DGRAM);
    return answers[0]![4];
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    process.complain(`${name}: ${target}: ${error.text}\n`);
    return null;
  }
}

/**
 * Sends probes that die on their way, one at a time: UDP to ports that nobody has, or echo requests. Who drops one says
 * so (RFC 1122 3.2.2.4, RFC 4443 3.3), and thereby who he is.
 */
export class Prober {
  readonly remote: IpAddress;
  private readonly process: Process;
  private readonly address: SocketAddress;
  private readonly echo: boolean;
  private readonly socket: Socket;
  private count = 0;

  constructor(process: Process, address: SocketAddress, echo: boolean) {
    this.process = process;
    this.address = address;
    this.remote = IpAddress.parse(address[0])!;
    this.echo = echo;
    const family = this.remote.family === 6 ? c.AF_INET6 : c.AF_INET;
    const protocol = this.remote.family === 6 ? c.IPPROTO_ICMPV6 : c.IPPROTO_ICMP;
    this.socket = process.sockets.socket(family, c.SOCK_DGRAM, echo ? protocol : 0);
    this.socket.setsockopt(c.IPPROTO_IP, c.IP_RECVERR, 1);
  }

  /** Nobody may fragment the probes. */
  neverFragment(): void {
    this.socket.setsockopt(c.IPPROTO_IP, c.IP_MTU_DISCOVER, c.IP_PMTUDISC_DO);
  }

  /**
   * Sends `size` bytes that live for `ttl` hops, and waits. Throws a NetError when it cannot be sent; null: a signal
   * came.
   */
  async probe(ttl: number, size: number, seconds: number): Promise<ProbeAnswer | null> {
    const { socket, process } = this;
    const number = this.count++;
    socket.setsockopt(c.IPPROTO_IP, c.IP_TTL, ttl);
    const sentNs = this.now;
    const [host, , ...scope] = this.address;
    const port = FIRST_PORT + (number % 1000);
    await socket.sendto(this.echo ? this.request(number, size) : new Uint8Array(size), [
      host,
      this.echo ? 0 : port,
      ...scope,
    ]);
    const deadlineNs = sentNs + seconds * 1e9;
    while (this.now < deadlineNs) {
      socket.settimeout(Math.max(1e-9, (deadlineNs - this.now) / 1e9));
      try {
        const [data] = await socket.recvfrom(size + ICMP_HEADER);
        const answers = !this.echo || ((data[6]! << 8) | data[7]!) === (number & 0xffff);
        if (answers) return this.answer(this.remote, sentNs, true, 0, 0, 0);
      } catch (error) {
        if (!(error instanceof NetError)) throw error;
        if (process.signalled !== null) return null;
        if (error.code === 'ETIMEDOUT') break;
        const wanted = this.echo ? number & 0xffff : port;
        for (let report = socket.recverr(); report !== null; report = socket.recverr()) {
          if (report.remotePort !== wanted) continue;
          const portUnreachable = this.remote.family === 6 ? 0x0104 : 0x0303;
          const reached = ((report.type << 8) | report.code) === portUnreachable || report.from.equals(this.remote);
          return this.answer(report.from, sentNs, reached, report.type, report.code, report.mtu);
        }
      }
    }
    return process.signalled === null ? this.answer(null, sentNs, false, 0, 0, 0) : null;
  }

  close(): void {
    this.socket.close();
  }

  private answer(
    from: IpAddress | null,
    sentNs: number,
    reached: boolean,
    type: number,
    code: number,
    mtu: number,
  ): ProbeAnswer {
    return { from, tripNs: this.now - sentNs, reached, type, code, mtu };
  }

  private request(number: number, size: number): Uint8Array {
    const request = new Uint8Array(Math.max(size, ICMP_HEADER));
    request[0] = this.remote.family === 6 ? ECHO6 : ECHO;
    request[6] = number >> 8;
    request[7] = number;
    return request;
  }

  private get now(): number {
    return this.process.host.node.clock.now;
  }
}

/** `r1 (10.0.1.1)`, or the address alone. */
export function nameAndAddress(process: Process, address: IpAddress, numeric: boolean): string {
  const name = numeric ? null : process.host.names.reverse(address);
  return numeric ? `${address}` : `${name ?? address} (${address})`;
}
