import type { Clock } from '../base/clock.ts';
import { Errno, NetError } from '../base/errors.ts';
import type { SocketAddress } from './addresses.ts';
import * as addresses from './addresses.ts';
import { ConnectionRace, interleaved } from './connection-race.ts';
import * as constants from './constants.ts';
import type { Descriptor } from './descriptor.ts';
import { DescriptorTable } from './descriptor-table.ts';
import { type AddressInfo, addressOf, getaddrinfo, getnameinfo, serviceName, servicePort } from './name-lookup.ts';
import { Poll, type Pollable, select } from './poll.ts';
import type { SessionHost } from './session-host.ts';
import { Socket, type SocketOwner } from './socket.ts';
import { openSocket } from './socket-kinds.ts';
import { StreamPairEnd } from './stream-pair.ts';
import { untilTime } from './waiting.ts';
import type { Wakeups } from './wakeups.ts';

export interface SocketApiOptions {
  /** May bind well-known ports, as root may (CAP_NET_BIND_SERVICE). */
  privileged?: boolean;
}

/** The constants of `constants.ts` as properties, so that `const { socket, AF_INET } = host.sockets` works. */
class Constants {}
Object.assign(Constants.prototype, constants);
const WithConstants = Constants as new () => Readonly<typeof constants>;

/**
 * The socket calls of one process, with the names that Python's `socket` and `select` modules have, so that a Python
 * example becomes TypeScript line by line:
 *
 *     const { socket, AF_INET, SOCK_STREAM } = host.sockets;
 *     const s = socket(AF_INET, SOCK_STREAM);
 *     await s.connect(['10.0.0.1', 80]);
 *     await s.sendall('GET / HTTP/1.0\r\n\r\n');
 *     const data = await s.recv(4096);
 *     s.close();
 */
export class SocketApi extends WithConstants implements SocketOwner {
  readonly host: SessionHost;
  readonly privileged: boolean;
  /** The process's open descriptors. */
  readonly descriptors: DescriptorTable;
  readonly clock: Clock;
  readonly wakeups: Wakeups;

  readonly inet_aton = addresses.inet_aton;
  readonly inet_ntoa = addresses.inet_ntoa;
  readonly inet_pton = addresses.inet_pton;
  readonly inet_ntop = addresses.inet_ntop;
  readonly htons = addresses.htons;
  readonly htonl = addresses.htonl;
  readonly ntohs = addresses.ntohs;
  readonly ntohl = addresses.ntohl;
  readonly getservbyname = servicePort;
  readonly getservbyport = serviceName;

  constructor(host: SessionHost, options: SocketApiOptions = {}) {
    super();
    this.host = host;
    this.privileged = options.privileged === true;
    this.descriptors = new DescriptorTable(host.node.limits);
    this.clock = host.node.clock;
    this.wakeups = host.wakeups;
  }

  /** A new socket. EAFNOSUPPORT, ESOCKTNOSUPPORT, EPROTONOSUPPORT, EPERM, EMFILE. */
  readonly socket = (
    family: number = constants.AF_INET,
    type: number = constants.SOCK_STREAM,
    protocol = 0,
  ): Socket => {
    const kind = type & ~(constants.SOCK_NONBLOCK | constants.SOCK_CLOEXEC);
    const descriptor = openSocket(this.host, family, kind, protocol, this.privileged);
    if (typeof descriptor === 'number') throw new NetError(descriptor, 'socket');
    const socket = this.adopt(descriptor, 'socket');
    if (type & constants.SOCK_NONBLOCK) socket.setblocking(false);
    return socket;
  };

  /** Two stream sockets, each the other's peer, without a network between them. */
  readonly socketpair = (
    family: number = constants.AF_UNIX,
    type: number = constants.SOCK_STREAM,
    protocol = 0,
  ): [Socket, Socket] => {
    if (family !== constants.AF_UNIX) {
      const known = family === constants.AF_INET || family === constants.AF_INET6;
      throw new NetError(known ? Errno.EOPNOTSUPP : Errno.EAFNOSUPPORT, 'socketpair');
    }
    if (type !== constants.SOCK_STREAM) throw new NetError(Errno.ESOCKTNOSUPPORT, 'socketpair');
    if (protocol !== 0) throw new NetError(Errno.EPROTONOSUPPORT, 'socketpair');
    const [a, b] = StreamPairEnd.pair(this.host.node);
    const first = this.adopt(a, 'socketpair');
    try {
      return [first, this.adopt(b, 'socketpair')];
    } catch (error) {
      first.close();
      throw error;
    }
  };

  /** A socket object for a descriptor that is open already: after `detach`. EBADF. */
  readonly fromfd = (number: number): Socket => {
    const descriptor = this.descriptors.get(number);
    if (descriptor === null) throw new NetError(Errno.EBADF, 'fromfd', `${number}`);
    return new Socket(this, descriptor, number);
  };

  /**
   * A stream to `address`: resolves the name, tries each of its addresses, and tells the last failure. One after the
   * other, as Python's; with `happy_eyeballs_delay` (seconds; asyncio's word) the next is tried beside those that have
   * not answered by then (RFC 8305).
   */
  readonly create_connection = async (
    address: SocketAddress,
    timeout: number | null = null,
    source: SocketAddress | null = null,
    options: { family?: number; happy_eyeballs_delay?: number } = {},
  ): Promise<Socket> => {
    const [host, port] = address;
    const answers = await this.getaddrinfo(host, port, options.family ?? 0, constants.SOCK_STREAM);
    const delay = options.happy_eyeballs_delay;
    if (delay !== undefined) {
      const begin = ([family, type, protocol]: AddressInfo): Socket => {
        const socket = this.socket(family, type, protocol);
        try {
          socket.settimeout(timeout);
          if (source !== null) socket.bind(source);
          return socket;
        } catch (error) {
          socket.close();
          throw error;
        }
      };
      return new ConnectionRace(this, interleaved(answers), delay * 1e9, begin).race();
    }
    let failure: unknown = null;
    for (const [family, type, protocol, , remote] of answers) {
      const socket = this.socket(family, type, protocol);
      try {
        socket.settimeout(timeout);
        if (source !== null) socket.bind(source);
        await socket.connect(remote);
        return socket;
      } catch (error) {
        failure = error;
        socket.close();
      }
    }
    throw failure;
  };

  /** A socket that listens at `address`, with SO_REUSEADDR set, as Python's. */
  readonly create_server = (
    address: SocketAddress,
    options: { family?: number; backlog?: number; reuse_port?: boolean } = {},
  ): Socket => {
    const socket = this.socket(options.family ?? constants.AF_INET, constants.SOCK_STREAM);
    try {
      socket.setsockopt(constants.SOL_SOCKET, constants.SO_REUSEADDR, 1);
      if (options.reuse_port === true) socket.setsockopt(constants.SOL_SOCKET, constants.SO_REUSEPORT, 1);
      socket.bind(address);
      socket.listen(options.backlog);
      return socket;
    } catch (error) {
      socket.close();
      throw error;
    }
  };

  /** Waits for sockets: `const [r, w, x] = await select([s], [], [], 1.5)`. */
  readonly select = <T extends Pollable>(
    readers: readonly T[],
    writers: readonly T[],
    exceptional: readonly T[],
    timeout: number | null = null,
  ): Promise<[T[], T[], T[]]> => select(this, this.descriptors, readers, writers, exceptional, timeout);

  readonly poll = (): Poll => new Poll(this, this.descriptors);

  readonly gethostname = (): string => this.host.hostName ?? this.host.node.name;

  /** The first IPv4 address of a name. */
  readonly gethostbyname = async (name: string): Promise<string> => {
    const found = addressOf(this.host.resolver, name, constants.AF_INET);
    return (found instanceof Promise ? await this.asked(found) : found).toString();
  };

  /** Everything that a program needs to make a socket to a host and a service, each by name or number. */
  readonly getaddrinfo = (
    host: string | null,
    service: string | number | null,
    family = 0,
    type = 0,
    protocol = 0,
    flags = 0,
  ): Promise<AddressInfo[]> =>
    this.asked(getaddrinfo(this.host.resolver, host, service, family, type, protocol, flags, this.host.network));

  /** Host name and service name of an address. */
  readonly getnameinfo = (address: SocketAddress, flags = 0): Promise<[string, string]> =>
    this.asked(getnameinfo(this.host.resolver, address, flags));

  /** Waits `ms` milliseconds of the network's time. */
  readonly sleep = (ms: number): Promise<void> => untilTime(this, this.clock.now + Math.max(0, Math.round(ms * 1e6)));

  /** Closes all that the process has open: its end. Calls that wait fail with EBADF. */
  closeAll(): void {
    for (const number of this.descriptors.numbers()) {
      const descriptor = this.descriptors.remove(number);
      if (descriptor !== null) descriptor.close();
    }
  }

  /** Gives a descriptor its number and its object. Throws EMFILE, the descriptor being closed then. */
  adopt(descriptor: Descriptor, syscall: string): Socket {
    const number = this.descriptors.add(descriptor);
    if (number < 0) {
      descriptor.close();
      throw new NetError(number, syscall);
    }
    return new Socket(this, descriptor, number);
  }

  /** Waits for an answer that may come by other sockets; the program is awake when it has come. */
  asked<T>(answer: Promise<T>): Promise<T> {
    return answer.finally(() => this.wakeups.woken());
  }
}
