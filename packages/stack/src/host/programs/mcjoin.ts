import { NetError } from '../../base/errors.ts';
import { IpAddress } from '../../base/ip-address.ts';
import { utf8Decode, utf8Encode } from '../../base/utf8.ts';
import {
  AF_INET,
  IP_ADD_MEMBERSHIP,
  IP_ADD_SOURCE_MEMBERSHIP,
  IP_MULTICAST_IF,
  IP_MULTICAST_TTL,
  IPPROTO_IP,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '../../l5-session/constants.ts';
import type { Socket } from '../../l5-session/socket.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { Alarm } from './alarm.ts';
import { type Options, parseOptions } from './options.ts';

const DEFAULT_PORT = 1234;
const MOST_BYTES = 0xffff;

interface Stream {
  readonly source: IpAddress | null;
  readonly group: IpAddress;
  readonly port: number;
  readonly text: string;
}

export const mcjoin: Program = {
  name: 'mcjoin',
  summary: 'join multicast groups and tell what comes, or send to them',
  usage: `usage: mcjoin [-jqs] [-c COUNT] [-f MS] [-i INTERFACE] [-p PORT] [-t TTL] [-w SECONDS] [SOURCE,]GROUP[:PORT]...
  -c  stop after so many datagrams of each group
  -f  milliseconds between two datagrams (100)
  -i  the interface
  -j  join only: no datagram is read
  -p  the port (${DEFAULT_PORT})
  -q  quiet: the sums only
  -s  send, instead of receiving
  -t  time to live of what is sent (1)
  -w  end after so many seconds
exit: 0 something came (or was sent), 1 nothing did`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'jqs', values: 'cfiptw' });
    const port = options.integer('p', DEFAULT_PORT, 1, 65535);
    if (options.words.length === 0) throw new UsageError('which group? such as 239.1.2.3');
    const streams = options.words.map((word) => readStream(word, port));
    const run = new Mcjoin(process, options);
    return options.has('s') ? run.send(streams) : run.receive(streams);
  },
};

/** `239.1.2.3`, `239.1.2.3:5000`, `10.0.0.1,232.1.2.3`. */
function readStream(text: string, port: number): Stream {
  const found = /^(?:([0-9.]+),)?([0-9.]+)(?::([0-9]{1,5}))?$/.exec(text);
  const group = IpAddress.parse(found?.[2] ?? '');
  const source = found?.[1] === undefined ? null : IpAddress.parse(found[1]);
  const sourceBad = found?.[1] !== undefined && source === null;
  if (group === null || !group.isMulticast || sourceBad) throw new UsageError(`"${text}" is not a multicast group`);
  return { source, group, port: found?.[3] === undefined ? port : Number(found[3]), text };
}

class Mcjoin {
  private readonly process: Process;
  private readonly options: Options;
  private readonly alarm: Alarm;
  private readonly count: number;
  private readonly endNs: number;

  constructor(process: Process, options: Options) {
    this.process = process;
    this.options = options;
    this.alarm = new Alarm(process);
    this.count = options.integer('c', Infinity, 1, 2 ** 31 - 1);
    const { now } = process.host.node.clock;
    this.endNs = options.has('w') ? now + options.seconds('w', 0, 0, 1e6) * 1e9 : Infinity;
  }

  /** Ends when all that was asked for has come, the time is over, or a signal comes. */
  async receive(streams: readonly Stream[]): Promise<number> {
    const received = streams.map(() => 0);
    const sockets = streams.map((stream) => this.join(stream));
    const readers = sockets.map((socket, index) =>
      this.options.has('j') ? null : this.read(socket, index, streams, received),
    );
    while (!this.over && received.some((n) => n < this.count)) await this.alarm.wait(this.endNs);
    for (const socket of sockets) socket.close();
    await Promise.all(readers);
    for (const [index, { text }] of streams.entries()) {
      this.process.print(`Group ${text} received ${received[index]} packets\n`);
    }
    return received.some((n) => n > 0) ? 0 : 1;
  }

  private join({ source, group, port }: Stream): Socket {
    const socket = this.process.sockets.socket(AF_INET, SOCK_DGRAM);
    socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    // Bound to the group: others that come to the same port are for others.
    socket.bind([group.toString(), port]);
    const where = [group.toString(), this.options.text('i') ?? ''];
    if (source === null) socket.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, where.join(' ').trim());
    else
      socket.setsockopt(
        IPPROTO_IP,
        IP_ADD_SOURCE_MEMBERSHIP,
        [...where, source].filter((word) => word !== '').join(' '),
      );
    if (!this.options.has('q')) this.process.print(`joined group ${source === null ? '*' : source},${group}\n`);
    return socket;
  }

  private async read(socket: Socket, index: number, streams: readonly Stream[], received: number[]): Promise<void> {
    while (received[index]! < this.count) {
      try {
        const [data, address] = await socket.recvfrom(MOST_BYTES);
        received[index]!++;
        if (!this.options.has('q')) {
          const said = utf8Decode(data)
            .replace(/[^ -~]/g, '.')
            .slice(0, 60);
          this.process.print(
            `${streams[index]!.group} from ${address![0]}:${address![1]}, ${data.length} bytes: ${said}\n`,
          );
        }
      } catch (error) {
        if (error instanceof NetError && (error.code === 'EBADF' || error.code === 'EINTR')) return;
        throw error;
      }
      this.alarm.ring();
    }
  }

  async send(streams: readonly Stream[]): Promise<number> {
    const { process, options } = this;
    const socket = process.sockets.socket(AF_INET, SOCK_DGRAM);
    socket.setsockopt(IPPROTO_IP, IP_MULTICAST_TTL, options.integer('t', 1, 0, 255));
    const device = options.text('i');
    if (device !== null) socket.setsockopt(IPPROTO_IP, IP_MULTICAST_IF, device);
    const intervalNs = options.integer('f', 100, 1, 1e9) * 1e6;
    let sent = 0;
    let nextNs = process.host.node.clock.now;
    while (!this.over && sent < this.count) {
      sent++;
      for (const { group, port } of streams) {
        await socket.sendto(utf8Encode(`Sender PID ${process.pid}, MC group ${group}, seq: ${sent}`), [
          group.toString(),
          port,
        ]);
      }
      nextNs += intervalNs;
      if (sent < this.count) await this.alarm.wait(Math.min(nextNs, this.endNs));
    }
    socket.close();
    for (const { text } of streams) process.print(`Group ${text} sent ${sent} packets\n`);
    return sent > 0 ? 0 : 1;
  }

  private get over(): boolean {
    return this.process.signalled !== null || this.process.host.node.clock.now >= this.endNs;
  }
}
