import { IpAddress } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { What } from '../../base/trace.ts';
import { SO_KEEPALIVE, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET } from '../../l5-session/constants.ts';
import type { Descriptor, SocketObserver } from '../../l5-session/descriptor.ts';
import type { Socket } from '../../l5-session/socket.ts';
import type { SocketApi } from '../../l5-session/sockets.ts';
import { everywhere, serveConnections } from '../stream-server.ts';
import { SMALL_SERVICE_LIMITS, type SmallServiceLimits } from './limits.ts';
import type { ServiceSurroundings, SmallService } from './services.ts';

/** One service over one transport. */
export interface ServiceEndpoint {
  readonly service: SmallService;
  readonly protocol: 'tcp' | 'udp';
}

export interface SmallServerOptions {
  readonly node: NodeContext;
  readonly epochSeconds: number;
  /** Sockets for both families. */
  readonly dualStack: boolean;
  readonly limits?: SmallServiceLimits;
  /** One line for each connection, and each client of UDP that is refused. */
  readonly log: (line: string) => void;
  readonly onError: (error: unknown) => void;
}

/** Ports below it are other servers': an answer to one could be answered again, for ever (CERT CA-1996-01). */
const FIRST_CLIENT_PORT = 1024;
const DATAGRAM_BYTES = 65_535;
const buffer = new Uint8Array(DATAGRAM_BYTES);

/** The sockets of these services. Throws a NetError when a port is taken. */
export class SmallServer {
  private readonly endpoints: readonly ServiceEndpoint[];
  private readonly options: SmallServerOptions;
  private readonly here: ServiceSurroundings;
  private readonly sockets: Socket[] = [];

  constructor(sockets: SocketApi, endpoints: readonly ServiceEndpoint[], options: SmallServerOptions) {
    const { node, limits = SMALL_SERVICE_LIMITS, epochSeconds } = options;
    this.endpoints = endpoints;
    this.options = options;
    this.here = { clock: node.clock, random: node.random.fork('small-services'), epochSeconds, limits };
    try {
      for (const { service, protocol } of endpoints) {
        const type = protocol === 'tcp' ? SOCK_STREAM : SOCK_DGRAM;
        const socket = everywhere(sockets, type, service.port, options.dualStack);
        this.sockets.push(socket);
        // A peer that has gone without a word must not keep a place.
        if (protocol === 'tcp') socket.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1);
        else new DatagramAnswers(socket.descriptor, service, this.here, options);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Serves until a socket is closed: EBADF. Over UDP the answers come by themselves. */
  async serve(): Promise<void> {
    const { here, options } = this;
    await Promise.all(
      this.endpoints.map(({ service, protocol }, index) => {
        if (protocol === 'udp') return null;
        return serveConnections(
          this.sockets[index]!,
          here.limits,
          (connection, client) => {
            options.log(`${service.name}/tcp: connection from ${client}`);
            tell(options.node, service, 'tcp', client);
            return service.stream(connection, here);
          },
          options.onError,
        );
      }),
    );
  }

  close(): void {
    for (const socket of this.sockets) socket.close();
  }
}

/** Answers datagrams in the event that brings them. */
class DatagramAnswers implements SocketObserver {
  private readonly descriptor: Descriptor;
  private readonly service: SmallService;
  private readonly here: ServiceSurroundings;
  private readonly options: SmallServerOptions;
  /** Answers to each client in the second `second`. */
  private readonly answered = new Map<string, number>();
  private second = -1;

  constructor(descriptor: Descriptor, service: SmallService, here: ServiceSurroundings, options: SmallServerOptions) {
    this.descriptor = descriptor;
    this.service = service;
    this.here = here;
    this.options = options;
    descriptor.onReady = this;
  }

  socketReady(): void {
    const { descriptor, service, here, options } = this;
    while (!descriptor.closed) {
      const length = descriptor.receive(buffer, 0, DATAGRAM_BYTES);
      if (length < 0) {
        // What an ICMP message says of an earlier answer is nothing to us.
        if (descriptor.closed || descriptor.available === 0) return;
        continue;
      }
      const { sender, senderPort } = descriptor;
      const client = (sender.isMapped ? IpAddress.v4(sender.w3) : sender).toString();
      if (senderPort < FIRST_CLIENT_PORT) {
        options.log(`${service.name}/udp: ${client} port ${senderPort} is a server's: no answer`);
        continue;
      }
      if (!this.allowed(client)) continue;
      const answer = service.datagram(buffer.subarray(0, length), here);
      if (answer === null) continue;
      tell(options.node, service, 'udp', client);
      descriptor.send(answer, 0, answer.length, 0, sender, senderPort);
    }
  }

  private allowed(client: string): boolean {
    const { answered } = this;
    const { clock, limits } = this.here;
    const second = Math.floor(clock.now / 1e9);
    if (second !== this.second) {
      this.second = second;
      answered.clear();
    }
    const count = answered.get(client) ?? 0;
    if (count === limits.datagramsPerSecond) {
      this.options.log(`${this.service.name}/udp: ${client} asks too often: no answers for this second`);
    }
    if (count <= limits.datagramsPerSecond && (count > 0 || answered.size < limits.clients)) {
      answered.set(client, count + 1);
      return count < limits.datagramsPerSecond;
    }
    return false;
  }
}

function tell(node: NodeContext, { name, rfc }: SmallService, protocol: string, client: string): void {
  node.trace?.event(node.name, 7, What.Call, null, 0, `${name} over ${protocol} for ${client}`, rfc);
}
