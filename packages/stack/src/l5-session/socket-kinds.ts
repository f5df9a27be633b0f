import { Errno } from '../base/errors.ts';
import * as c from './constants.ts';
import { DatagramSocket } from './datagram-socket.ts';
import type { Descriptor } from './descriptor.ts';
import { PingSocket } from './ping-socket.ts';
import type { SessionHost } from './session-host.ts';
import { StreamSocket } from './stream-socket.ts';

/** No type is as large: Linux's SOCK_MAX. */
const TYPES = 11;

/**
 * socket(2): the descriptor for a family, a type and a protocol, or the error that Linux gives. Raw sockets
 * (SOCK_RAW, AF_PACKET) and named sockets within one machine (AF_UNIX) will be further cases here.
 */
export function openSocket(
  host: SessionHost,
  family: number,
  type: number,
  protocol: number,
  privileged: boolean,
): Descriptor | number {
  if (type < 0 || type >= TYPES) return -Errno.EINVAL;
  if (family === c.AF_PACKET) return privileged ? -Errno.EAFNOSUPPORT : -Errno.EPERM;
  if (family !== c.AF_INET && family !== c.AF_INET6) return -Errno.EAFNOSUPPORT;
  if (protocol < 0 || protocol > 255) return -Errno.EINVAL;
  switch (type) {
    case c.SOCK_STREAM:
      if (protocol !== 0 && protocol !== c.IPPROTO_TCP) return -Errno.EPROTONOSUPPORT;
      return new StreamSocket(host.node, host.tcp, family, privileged);
    case c.SOCK_DGRAM:
      if (protocol === 0 || protocol === c.IPPROTO_UDP)
        return new DatagramSocket(host.node, host.udp, family, privileged);
      if (protocol === c.IPPROTO_ICMP && family === c.AF_INET && host.icmp !== null) {
        return new PingSocket(host.node, family, host.icmp, host.network);
      }
      if (protocol === c.IPPROTO_ICMPV6 && family === c.AF_INET6 && host.icmp6) {
        return new PingSocket(host.node, family, host.icmp6, host.network);
      }
      return -Errno.EPROTONOSUPPORT;
    case c.SOCK_RAW:
      if (protocol === 0) return -Errno.EPROTONOSUPPORT;
      return privileged ? -Errno.ESOCKTNOSUPPORT : -Errno.EPERM;
    default:
      return -Errno.ESOCKTNOSUPPORT;
  }
}
