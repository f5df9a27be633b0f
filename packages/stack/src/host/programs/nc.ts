import { NetError } from '../../base/errors.ts';
import { IpAddress } from '../../base/ip-address.ts';
import { getservbyname, getservbyport } from '../../l4-transport/services.ts';
import type { SocketAddress } from '../../l5-session/addresses.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SHUT_WR,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../l5-session/constants.ts';
import type { AddressInfo } from '../../l5-session/name-lookup.ts';
import type { Socket } from '../../l5-session/socket.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { type Options, parseOptions } from './options.ts';

const PIECE = 16 << 10;
/** RFC 8305 5's "Connection Attempt Delay", seconds. */
const RACE_DELAY = 0.25;
/** Datagrams, a second apart, that a UDP port has to take before it counts as open. */
const UDP_PROBES = 3;

export const nc: Program = {
  name: 'nc',
  summary: 'read and write over TCP or UDP',
  usage: `usage: nc [-46nuvz] [-p PORT] [-s ADDRESS] [-q SECONDS] [-w SECONDS] HOST PORT[-PORT]
       nc -l [-46knuv] [-q SECONDS] [-w SECONDS] [ADDRESS] PORT
  -4, -6  that address family only
  -k  go on listening after a connection
  -l  listen
  -n  numbers only, no names
  -p  the source port
  -q  end so many seconds after the end of the input
  -s  the source address
  -u  UDP
  -v  tell what happens
  -w  seconds for a connection to be made, and without any data
  -z  scan: connect, send nothing
At the end of its input it ends its direction of the connection, and goes on receiving.
exit: 0 connected (and read to the end), 1 not`,
  async main(process) {
    const options = parseOptions(process.args, { flags: '46klnNuvz', values: 'pqsw' });
    return options.has('l') ? new Netcat(process, options).listen() : new Netcat(process, options).connect();
  },
};

class Netcat {
  private readonly process: Process;
  private readonly options: Options;
  private readonly udp: boolean;
  private readonly numeric: boolean;
  /** Seconds; null: for ever. */
  private readonly timeout: number | null;
  /** What stdin was asked for and has not given yet: one connection after the other reads from it. */
  private input: Promise<Uint8Array | null> | null = null;

  constructor(process: Process, options: Options) {
    this.process = process;
    this.options = options;
    this.udp = options.has('u');
    this.numeric = options.has('n');
    this.timeout = options.has('w') ? options.integer('w', 0, 1, 2 ** 31 - 1) : null;
  }

  async connect(): Promise<number> {
    const [host, ports, ...rest] = this.options.words;
    if (host === undefined) throw new UsageError('missing host name and port number');
    if (ports === undefined) throw new UsageError('missing port number');
    if (rest.length > 0) throw new UsageError(`too many arguments: ${rest.join(' ')}`);
    const range = portRange(ports);
    let connected = 0;
    for (let port = range[0]; port <= range[1] && this.process.signalled === null; port++) {
      const socket = await this.dial(host, port);
      if (socket === null) continue;
      connected++;
      if (this.options.has('z')) {
        socket.close();
        continue;
      }
      const code = await this.converse(socket, false);
      socket.close();
      return code;
    }
    return connected > 0 ? 0 : 1;
  }

  /** Tries the addresses of a host; null when none will have it, which it has told then. */
  private async dial(host: string, port: number): Promise<Socket | null> {
    const { process } = this;
    let answers: AddressInfo[];
    try {
      answers = await process.sockets.getaddrinfo(host, port, this.family, this.udp ? SOCK_DGRAM : SOCK_STREAM);
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      process.complain(`nc: getaddrinfo for host "${host}" port ${port}: ${error.text}\n`);
      return null;
    }
    const protocol = this.udp ? 'udp' : 'tcp';
    const bothFamilies = answers.some(([family]) => family !== answers[0]![0]);
    // Both at once: who has one path that is broken does not wait for it (RFC 8305).
    const races = bothFamilies && !this.udp && !this.options.has('p') && !this.options.has('s');
    for (const [family, type, , , address] of races ? answers.slice(0, 1) : answers) {
      let shown = address[0] === host || this.numeric || races ? host : `${host} (${address[0]})`;
      let socket = races ? null : process.sockets.socket(family, type);
      try {
        if (socket === null) {
          const delay = { happy_eyeballs_delay: RACE_DELAY };
          socket = await process.sockets.create_connection([host, port], this.timeout, null, delay);
          if (!this.numeric) shown = `${host} (${socket.getpeername()[0]})`;
        } else {
          this.bindSource(socket);
          socket.settimeout(this.timeout);
          await socket.connect(address);
        }
        if (this.udp && this.options.has('z')) await this.probe(socket);
        const service = this.numeric ? null : getservbyport(port, protocol);
        this.tell(`Connection to ${shown} ${port} port [${protocol}/${service?.name ?? '*'}] succeeded!`);
        return socket;
      } catch (error) {
        socket?.close();
        if (!(error instanceof NetError) || process.signalled !== null) throw error;
        const late = error.code === 'ETIMEDOUT' && this.timeout !== null;
        const how = late ? 'timed out: Operation now in progress' : `failed: ${error.text}`;
        process.complain(`nc: connect to ${shown} port ${port} (${protocol}) ${how}\n`);
      }
    }
    return null;
  }

  private get family(): number {
    return this.options.has('6') ? AF_INET6 : this.options.has('4') ? AF_INET : AF_UNSPEC;
  }

  private bindSource(socket: Socket): void {
    const port = this.options.integer('p', 0, 1, 65535);
    const address = this.options.text('s');
    if (port === 0 && address === null) return;
    socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    socket.bind([address ?? '', port]);
  }

  /** Nobody says that a UDP port is open; a closed one says so to a second datagram, if the ICMP error gets here. */
  private async probe(socket: Socket): Promise<void> {
    for (let i = 0; i < UDP_PROBES; i++) {
      await socket.send('X');
      if (!(await this.process.sleep(1))) return;
    }
  }

  async listen(): Promise<number> {
    const { process, options } = this;
    const words = [...options.words];
    const portText = options.text('p') ?? words.pop();
    const address = words.shift() ?? '';
    if (portText === undefined) throw new UsageError('missing port number');
    if (words.length > 0) throw new UsageError(`too many arguments: ${words.join(' ')}`);
    if (options.has('z')) throw new UsageError('cannot use -z and -l');
    const [port] = portRange(portText);
    const is6 = options.has('6') || address.includes(':');
    const socket = process.sockets.socket(is6 ? AF_INET6 : AF_INET, this.udp ? SOCK_DGRAM : SOCK_STREAM);
    try {
      socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
      if (options.has('6')) socket.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1);
      socket.bind([address, port]);
      if (!this.udp) socket.listen(1);
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      process.complain(`nc: ${error.text}\n`);
      return 1;
    }
    this.tell(`${this.udp ? 'Bound' : 'Listening'} on ${address === '' ? (is6 ? '::' : '0.0.0.0') : address} ${port}`);
    return this.udp ? this.listenUdp(socket) : this.listenTcp(socket);
  }

  private async listenTcp(listener: Socket): Promise<number> {
    for (;;) {
      const [connection, peer] = await listener.accept();
      // Without -k nobody else gets in.
      if (!this.options.has('k')) listener.close();
      this.tellPeer(peer);
      const code = await this.converse(connection, true);
      connection.close();
      if (!this.options.has('k')) return code;
    }
  }

  /** The first that sends something becomes the peer; with -k everybody is heard, and nobody answered. */
  private async listenUdp(socket: Socket): Promise<number> {
    for (;;) {
      const [data, peer] = await socket.recvfrom(0xffff);
      if (this.options.has('k')) {
        this.process.stdout.write(data);
        continue;
      }
      await socket.connect(peer);
      this.tellPeer(peer!);
      this.process.stdout.write(data);
      return this.converse(socket, true);
    }
  }

  /**
   * Carries bytes both ways. A client ends when both directions have ended, a listener when its peer has no more to
   * say; an error ends both.
   */
  private async converse(socket: Socket, listening: boolean): Promise<number> {
    const { process } = this;
    socket.settimeout(null);
    let idle = false;
    const incoming = this.receive(socket).then((how) => {
      idle = how === 'idle';
      return how;
    });
    const outgoing = this.send(socket);
    // Who fails last has nobody left to tell.
    incoming.catch(() => {});
    outgoing.catch(() => {});
    try {
      const first = await Promise.race([incoming, outgoing.then(() => incoming), process.untilSignal()]);
      if (process.signalled !== null) return 130;
      // What is typed into a connection that the server has ended goes nowhere; what a pipe still has is sent.
      const sending = !listening && !idle && process.stdin.terminal !== true;
      if (first === 'end' && sending) await Promise.race([outgoing, process.untilSignal()]);
      return 0;
    } catch (error) {
      if (!(error instanceof NetError) || process.signalled !== null) throw error;
      process.complain(`nc: ${error.syscall === 'recv' ? 'read' : 'write'}: ${error.text}\n`);
      return 1;
    }
  }

  /** From the network to stdout, until its end, or until nothing has come for `-w` seconds. */
  private async receive(socket: Socket): Promise<'end' | 'idle'> {
    socket.settimeout(this.timeout);
    for (;;) {
      try {
        const data = await socket.recv(this.udp ? 0xffff : PIECE);
        if (data.length === 0 && !this.udp) return 'end';
        this.process.stdout.write(data);
      } catch (error) {
        if (error instanceof NetError && error.code === 'ETIMEDOUT' && this.timeout !== null) return 'idle';
        // Our own -q has closed it.
        if (error instanceof NetError && error.code === 'EBADF' && this.process.signalled === null) return 'idle';
        throw error;
      }
    }
  }

  /** From stdin to the network; at the end it ends this direction, and with `-q` some time later all. */
  private async send(socket: Socket): Promise<void> {
    for (;;) {
      this.input ??= this.process.stdin.read();
      const data = await this.input;
      if (socket.fileno() < 0) return;
      if (data === null) break;
      this.input = null;
      if (data.length > 0) await socket.sendall(data);
    }
    if (this.options.has('q')) {
      await this.process.sleep(this.options.integer('q', 0, 0, 2 ** 31 - 1));
      socket.close();
      return;
    }
    if (this.udp) return;
    try {
      socket.shutdown(SHUT_WR);
    } catch (error) {
      // The peer was faster.
      if (!(error instanceof NetError) || (error.code !== 'ENOTCONN' && error.code !== 'EBADF')) throw error;
    }
  }

  private tellPeer([address, port]: SocketAddress): void {
    const known = this.numeric ? null : IpAddress.parse(address);
    const name = known === null ? null : this.process.host.names.reverse(known);
    this.tell(`Connection received on ${name ?? address} ${port}`);
  }

  private tell(text: string): void {
    if (this.options.has('v')) this.process.complain(`${text}\n`);
  }
}

/** `80`, `http` or `20-25`. */
function portRange(text: string): [first: number, last: number] {
  const service = getservbyname(text);
  if (service !== null) return [service.port, service.port];
  const match = /^([0-9]{1,7})(?:-([0-9]{1,7}))?$/.exec(text);
  if (match === null) throw new UsageError(`port number invalid: ${text}`);
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  for (const port of [first, last]) {
    if (port > 65535) throw new UsageError(`port number too large: ${port}`);
    if (port < 1) throw new UsageError(`port number too small: ${port}`);
  }
  return first <= last ? [first, last] : [last, first];
}
