import { IpAddress } from '../../base/ip-address.ts';
import {
  AF_INET,
  SO_BINDTODEVICE,
  SO_BROADCAST,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '../../l5-session/constants.ts';
import type { Descriptor, SocketObserver } from '../../l5-session/descriptor.ts';
import type { Socket } from '../../l5-session/socket.ts';
import type { SocketApi } from '../../l5-session/sockets.ts';
import { DHCP_LIMITS } from './limits.ts';

/** Who gets what a port hears. */
export interface DatagramReceiver {
  /** `bytes` are the receiver's to keep; `from` is the sender's address (32 bits). */
  datagram(bytes: Uint8Array, from: number, port: DatagramPort): void;
}

/**
 * A UDP socket on one of DHCP's ports, for one interface ('' for all), that works without waiting: before its interface
 * has an address it sends from 0.0.0.0, and hears broadcasts.
 */
export class DatagramPort implements SocketObserver {
  private readonly socket: Socket;
  private readonly descriptor: Descriptor;
  private readonly receiver: DatagramReceiver;
  /** One byte more than is accepted: so a longer message is seen to be one. */
  private readonly buffer = new Uint8Array(DHCP_LIMITS.messageBytes + 1);

  /** Throws a NetError: EADDRINUSE (another program has the port), EACCES, ENODEV, EMFILE. */
  constructor(sockets: SocketApi, port: number, device: string, receiver: DatagramReceiver) {
    this.receiver = receiver;
    this.socket = sockets.socket(AF_INET, SOCK_DGRAM);
    this.descriptor = this.socket.descriptor;
    try {
      this.socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
      this.socket.setsockopt(SOL_SOCKET, SO_BROADCAST, 1);
      if (device !== '') this.socket.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, device);
      this.socket.bind(['', port]);
    } catch (error) {
      this.socket.close();
      throw error;
    }
    this.descriptor.onReady = this;
  }

  /** Sends a datagram; 0 or more, or a negated error number: it is lost then, which DHCP is prepared for. */
  send(bytes: Uint8Array, to: number, port: number): number {
    return this.descriptor.send(bytes, 0, bytes.length, 0, IpAddress.v4(to), port);
  }

  socketReady(): void {
    const { descriptor, buffer } = this;
    for (;;) {
      const n = descriptor.receive(buffer, 0, buffer.length);
      // An ICMP error about what was sent is told once, and means nothing here: what was lost is sent again.
      if (n < 0) {
        if (descriptor.closed || descriptor.available === 0) return;
        continue;
      }
      this.receiver.datagram(buffer.slice(0, n), descriptor.sender.v4, this);
      if (descriptor.closed) return;
    }
  }

  close(): void {
    this.socket.close();
  }
}
