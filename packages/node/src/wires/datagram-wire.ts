import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIP, isIPv6 } from 'node:net';
import { Drop } from '@netarium/stack/base/drop-reasons';
import { MessageWire } from './message-wire.ts';
import type { WireNetwork, WireOptions } from './wire.ts';

/** Where datagrams go or come from: an IP address (no name: a frame does not wait for a resolver) and a port. */
export interface DatagramAddress {
  address: string;
  port: number;
}

export interface DatagramOptions extends WireOptions {
  /** Where to listen; default: every address, a port that is free. */
  local?: Partial<DatagramAddress>;
  remote: DatagramAddress;
}

/** Room that the kernel keeps for a burst, bytes; it gives what `net.core.rmem_max` allows. */
const SOCKET_BUFFER = 4 << 20;
/** RFC 768 and RFC 791: 65,535 less both headers. */
const LONGEST_DATAGRAM = 65_507;

/** A UDP socket of the real machine as a wire; what stands in a datagram is each kind's own. */
export abstract class DatagramWire extends MessageWire {
  readonly remote: DatagramAddress;
  protected readonly socket: Socket;
  private readonly local: Partial<DatagramAddress>;
  private closed = false;

  /** `shared`: others may listen on the same address and port. */
  protected constructor(network: WireNetwork, kind: string, options: DatagramOptions, shared = false) {
    const { remote } = options;
    super(network, `${kind} ${remote.address}:${remote.port}`, options);
    checkAddress(remote);
    this.remote = remote;
    this.local = options.local ?? {};
    const type = isIPv6(remote.address) ? 'udp6' : 'udp4';
    // The address is one already: without this each datagram would wait for a resolver's answer.
    this.socket = createSocket({
      type,
      reuseAddr: shared,
      lookup: (address, _options, done) => done(null, address, type === 'udp6' ? 6 : 4),
    });
    this.socket.on('message', (bytes, from) => this.datagram(bytes, from));
    // The answer to something sent (ECONNREFUSED, EHOSTUNREACH): the frame is lost, as on any cable.
    this.socket.on('error', () => {});
  }

  /** The port that the socket got. */
  get port(): number {
    return this.socket.address().port;
  }

  override close(): void {
    if (this.closed) return;
    this.closed = true;
    super.close();
    this.socket.close();
  }

  /** Binds the socket; rejects with Node's error (EADDRINUSE, EACCES, EADDRNOTAVAIL). */
  protected async open(local: Partial<DatagramAddress> = this.local): Promise<void> {
    const { socket } = this;
    await new Promise<void>((resolve, reject) => {
      const failed = (error: Error): void => {
        this.closed = true;
        socket.close();
        reject(error);
      };
      socket.once('error', failed);
      socket.bind(local.port ?? 0, local.address, () => {
        socket.off('error', failed);
        resolve();
      });
    });
    try {
      socket.setRecvBufferSize(SOCKET_BUFFER);
      socket.setSendBufferSize(SOCKET_BUFFER);
    } catch {
      // Some systems refuse rather than give less; it works with what there is.
    }
    try {
      this.opened();
    } catch (error) {
      this.close();
      throw error;
    }
    this.setCarrier(true, `listening on port ${this.port}`);
  }

  /** The socket is bound: for what a kind has to set. */
  protected opened(): void {}

  /** A datagram from the one that this wire leads to. */
  protected abstract input(bytes: Uint8Array): void;

  /** Whether a datagram comes from the other end. */
  protected isPeer(from: RemoteInfo): boolean {
    return from.port === this.remote.port && from.address === this.remote.address;
  }

  protected get waitingBytes(): number {
    return this.closed ? 0 : this.socket.getSendQueueSize();
  }

  protected sendDatagram(bytes: Uint8Array): boolean {
    if (this.closed || bytes.length > LONGEST_DATAGRAM) return false;
    this.socket.send(bytes, this.remote.port, this.remote.address, ignore);
    return true;
  }

  private datagram(bytes: Uint8Array, from: RemoteInfo): void {
    if (this.isPeer(from)) this.input(bytes);
    else this.refused(Drop.UDP_NOT_PEER, `${from.address}:${from.port}`);
  }
}

/** A datagram that could not be sent is lost: with a callback Node does not throw. */
function ignore(): void {}

function checkAddress({ address, port }: DatagramAddress): void {
  if (isIP(address) === 0) throw new TypeError(`"${address}" is no IP address`);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new TypeError(`${port} is no port`);
}
