import { SECOND } from '../base/clock.ts';
import { Errno } from '../base/errors.ts';
import type { Limits } from '../base/limits.ts';
import type { TcpConnection } from '../l4-transport/tcp/connection.ts';
import { SOCKET_OPTIONS, type TcpSocketOptions } from '../l4-transport/tcp/options.ts';
import { receiveBufferFor, sendBufferFor } from './buffer-sizes.ts';
import * as c from './constants.ts';

const MILLISECOND = 1e6;
/** Linux's limits of what a keep-alive may be: MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL, MAX_TCP_KEEPCNT, MAX_TCP_SYNCNT. */
const MAX_KEEP_SECONDS = 32_767;
const MAX_KEEP_COUNT = 127;

/**
 * The options of a stream socket by their numbers at the socket calls, and what they mean to TCP. They may be set
 * before there is a connection, and are then its first options.
 */
export class StreamOptions {
  reuseAddress = false;
  reusePort = false;
  private readonly limits: Limits;
  private tcp: TcpSocketOptions;
  /** What TCP was given last. */
  private given: TcpSocketOptions | null = null;
  private outOfBandInline = false;
  private broadcast = false;
  private receiveLowWater = 1;
  private mtuDiscover: number = c.IP_PMTUDISC_WANT;

  /** `family`: whose packets a listener on all addresses takes; 0: both. */
  constructor(limits: Limits, family: 0 | 4 | 6) {
    this.limits = limits;
    this.tcp = family === 4 ? SOCKET_OPTIONS_4 : SOCKET_OPTIONS;
  }

  /** IPV6_V6ONLY, before there is an address. */
  takeFamily(family: 0 | 6): void {
    this.tcp = { ...this.tcp, family };
  }

  /** What TCP is given when a connection or a listener is made. */
  forTcp(): TcpSocketOptions {
    this.given = this.tcp;
    return this.tcp;
  }

  /**
   * An accepted connection begins with its listener's options, as on Linux. True when the listener's were changed
   * after it began to listen, so that the connection has yet to be told.
   */
  inherit(from: StreamOptions): boolean {
    this.reuseAddress = from.reuseAddress;
    this.reusePort = from.reusePort;
    this.tcp = from.tcp;
    this.outOfBandInline = from.outOfBandInline;
    this.mtuDiscover = from.mtuDiscover;
    return from.given !== from.tcp;
  }

  /** SO_LINGER in ns; -1: off. */
  get lingerNs(): number {
    return this.tcp.lingerNs;
  }

  /** The value, a negated error number, or null when the option is not one of these. */
  get(level: number, name: number, connection: TcpConnection | null): number | null {
    if (level === c.SOL_SOCKET) return this.getSocket(name, connection);
    if (level === c.IPPROTO_IP) return this.getIp(name, connection);
    if (level === c.IPPROTO_TCP) return this.getTcp(name, connection);
    return null;
  }

  /** The bytes of an option that is a structure or a text; null when it is neither. */
  getBytes(level: number, name: number, connection: TcpConnection | null): Uint8Array | number | null {
    if (level === c.SOL_SOCKET && name === c.SO_LINGER) {
      const on = this.tcp.lingerNs >= 0;
      const bytes = new Uint8Array(8);
      const view = new DataView(bytes.buffer);
      view.setInt32(0, on ? 1 : 0, true);
      view.setInt32(4, on ? Math.floor(this.tcp.lingerNs / SECOND) : 0, true);
      return bytes;
    }
    if (level !== c.IPPROTO_TCP) return null;
    if (name === c.TCP_CONGESTION) {
      const text = connection === null ? 'newreno' : connection.congestion.name;
      return Uint8Array.from(`${text}\0`, (letter) => letter.charCodeAt(0));
    }
    return null;
  }

  /** 0, a negated error number, or null when the option is not one of these. */
  set(
    level: number,
    name: number,
    value: number,
    second: number | null,
    connection: TcpConnection | null,
  ): number | null {
    if (level === c.SOL_SOCKET) return this.setSocket(name, value, second, connection);
    if (level === c.IPPROTO_IP) return this.setIp(name, value, connection);
    if (level === c.IPPROTO_TCP) return this.setTcp(name, value, connection);
    return null;
  }

  private change(changed: Partial<TcpSocketOptions>, connection: TcpConnection | null): number {
    this.tcp = { ...this.tcp, ...changed };
    if (connection !== null) connection.setOptions(changed);
    return 0;
  }

  private getSocket(name: number, connection: TcpConnection | null): number | null {
    const { tcp, limits } = this;
    switch (name) {
      case c.SO_REUSEADDR:
        return this.reuseAddress ? 1 : 0;
      case c.SO_REUSEPORT:
        return this.reusePort ? 1 : 0;
      case c.SO_KEEPALIVE:
        return tcp.keepAlive.enabled ? 1 : 0;
      case c.SO_RCVBUF:
        return 2 * (connection?.receiveLimit ?? (tcp.receiveBuffer || limits.receiveBufferBytes));
      case c.SO_SNDBUF:
        return 2 * (connection?.sendLimit ?? (tcp.sendBuffer || limits.sendBufferBytes));
      case c.SO_LINGER:
        return tcp.lingerNs >= 0 ? 1 : 0; // the first number of its structure, as a program sees that reads one int
      case c.SO_OOBINLINE:
        return this.outOfBandInline ? 1 : 0;
      case c.SO_RCVLOWAT:
        return this.receiveLowWater;
      case c.SO_SNDLOWAT:
        return 1;
      case c.SO_BROADCAST:
        return this.broadcast ? 1 : 0; // kept for whoever asks; a stream has no use for it
      case c.SO_DONTROUTE:
      case c.SO_DEBUG:
      case c.SO_PRIORITY:
        return 0;
      default:
        return null;
    }
  }

  private setSocket(
    name: number,
    value: number,
    second: number | null,
    connection: TcpConnection | null,
  ): number | null {
    const on = value !== 0;
    switch (name) {
      case c.SO_REUSEADDR:
        this.reuseAddress = on;
        return 0;
      case c.SO_REUSEPORT:
        this.reusePort = on;
        return 0;
      case c.SO_KEEPALIVE:
        return this.change({ keepAlive: { ...this.tcp.keepAlive, enabled: on } }, connection);
      case c.SO_RCVBUF:
        return this.change({ receiveBuffer: receiveBufferFor(value, this.limits) }, connection);
      case c.SO_SNDBUF:
        return this.change({ sendBuffer: sendBufferFor(value, this.limits) }, connection);
      case c.SO_LINGER:
        if (second === null) return -Errno.EINVAL; // a structure of two: on or off, and the time in seconds
        return this.change({ lingerNs: on ? Math.max(0, second) * SECOND : -1 }, connection);
      case c.SO_OOBINLINE:
        this.outOfBandInline = on;
        return 0;
      case c.SO_RCVLOWAT:
        this.receiveLowWater = value > 0 ? value : 1;
        return 0;
      case c.SO_SNDLOWAT:
        return -Errno.ENOPROTOOPT;
      case c.SO_BROADCAST:
        this.broadcast = on;
        return 0;
      case c.SO_DONTROUTE:
      case c.SO_DEBUG:
      case c.SO_PRIORITY:
        return 0;
      default:
        return null;
    }
  }

  private getIp(name: number, connection: TcpConnection | null): number {
    switch (name) {
      case c.IP_TTL:
        return this.tcp.ttl < 0 ? 64 : this.tcp.ttl;
      case c.IP_TOS:
        return this.tcp.tos < 0 ? 0 : this.tcp.tos;
      case c.IP_MTU_DISCOVER:
        return this.mtuDiscover;
      case c.IP_HDRINCL:
        return 0;
      case c.IP_MTU:
        return connection === null ? -Errno.ENOTCONN : connection.flow.mtu;
      default:
        return -Errno.ENOPROTOOPT;
    }
  }

  private setIp(name: number, value: number, connection: TcpConnection | null): number {
    switch (name) {
      case c.IP_TTL:
        if (value !== -1 && (value < 1 || value > 255)) return -Errno.EINVAL;
        return this.change({ ttl: value }, connection);
      case c.IP_TOS:
        return this.change({ tos: value & 0xfc }, connection); // the two ECN bits are TCP's own (RFC 3168)
      case c.IP_MTU_DISCOVER:
        if (value < c.IP_PMTUDISC_DONT || value > c.IP_PMTUDISC_PROBE) return -Errno.EINVAL;
        this.mtuDiscover = value;
        return 0;
      default:
        return -Errno.ENOPROTOOPT;
    }
  }

  private getTcp(name: number, connection: TcpConnection | null): number {
    const { tcp } = this;
    switch (name) {
      case c.TCP_NODELAY:
        return tcp.noDelay ? 1 : 0;
      case c.TCP_CORK:
        return tcp.cork ? 1 : 0;
      case c.TCP_QUICKACK:
        return connection === null || connection.quickAcks > 0 ? 1 : 0;
      case c.TCP_MAXSEG:
        return connection !== null ? connection.sndMss : tcp.maxSegment || 536;
      case c.TCP_KEEPIDLE:
        return Math.floor(tcp.keepAlive.idleNs / SECOND);
      case c.TCP_KEEPINTVL:
        return Math.floor(tcp.keepAlive.intervalNs / SECOND);
      case c.TCP_KEEPCNT:
        return tcp.keepAlive.count;
      case c.TCP_SYNCNT:
        return tcp.synRetries;
      case c.TCP_USER_TIMEOUT:
        return Math.floor(tcp.userTimeoutNs / MILLISECOND);
      default:
        return -Errno.ENOPROTOOPT;
    }
  }

  private setTcp(name: number, value: number, connection: TcpConnection | null): number {
    const { keepAlive } = this.tcp;
    switch (name) {
      case c.TCP_NODELAY:
        return this.change({ noDelay: value !== 0 }, connection);
      case c.TCP_CORK:
        return this.change({ cork: value !== 0 }, connection);
      case c.TCP_QUICKACK:
        return this.change({ quickAck: value !== 0 }, connection);
      case c.TCP_MAXSEG:
        if (value !== 0 && (value < 88 || value > 32_767)) return -Errno.EINVAL;
        return this.change({ maxSegment: value }, connection);
      case c.TCP_KEEPIDLE:
        if (value < 1 || value > MAX_KEEP_SECONDS) return -Errno.EINVAL;
        return this.change({ keepAlive: { ...keepAlive, idleNs: value * SECOND } }, connection);
      case c.TCP_KEEPINTVL:
        if (value < 1 || value > MAX_KEEP_SECONDS) return -Errno.EINVAL;
        return this.change({ keepAlive: { ...keepAlive, intervalNs: value * SECOND } }, connection);
      case c.TCP_KEEPCNT:
        if (value < 1 || value > MAX_KEEP_COUNT) return -Errno.EINVAL;
        return this.change({ keepAlive: { ...keepAlive, count: value } }, connection);
      case c.TCP_SYNCNT:
        if (value < 1 || value > MAX_KEEP_COUNT) return -Errno.EINVAL;
        return this.change({ synRetries: value }, connection);
      case c.TCP_USER_TIMEOUT:
        if (value < 0) return -Errno.EINVAL;
        return this.change({ userTimeoutNs: value * MILLISECOND }, connection);
      default:
        return -Errno.ENOPROTOOPT;
    }
  }
}

/** For sockets of AF_INET: an IPv4 listener does not hear IPv6. */
const SOCKET_OPTIONS_4: TcpSocketOptions = { ...SOCKET_OPTIONS, family: 4 };
