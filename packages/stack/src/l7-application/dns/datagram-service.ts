import { IpAddress } from '../../base/ip-address.ts';
import type { Descriptor, SocketObserver } from '../../l5-session/descriptor.ts';
import type { Socket } from '../../l5-session/socket.ts';
import type { Wakeups } from '../../l5-session/wakeups.ts';

/** Answers, or null for silence; a promise when others have to be asked. */
export type Respond = (bytes: Uint8Array, client: IpAddress) => Uint8Array | null | Promise<Uint8Array | null>;

/** The longest datagram. */
const DATAGRAM_BYTES = 65_535;
/** All servers of this process read into one buffer: what was read is understood before the next is. */
const buffer = new Uint8Array(DATAGRAM_BYTES);

/** Questions over UDP at one socket, answered as they come, in the event that brings them: nobody waits, and no promise is made. */
export class DatagramService implements SocketObserver {
  private readonly descriptor: Descriptor;
  private readonly respond: Respond;
  private readonly wakeups: Wakeups;

  constructor(socket: Socket, respond: Respond, wakeups: Wakeups) {
    this.descriptor = socket.descriptor;
    this.respond = respond;
    this.wakeups = wakeups;
    this.descriptor.onReady = this;
  }

  socketReady(): void {
    const { descriptor } = this;
    for (;;) {
      const length = descriptor.receive(buffer, 0, DATAGRAM_BYTES);
      if (length < 0) {
        // What an ICMP message said of an earlier answer is nothing to us: that client asks again.
        if (descriptor.closed || descriptor.available === 0) return;
        continue;
      }
      const { sender, senderPort } = descriptor;
      const answer = this.respond(buffer.subarray(0, length), unmapped(sender));
      if (answer instanceof Promise) {
        void answer.then((bytes) => this.send(bytes, sender, senderPort));
        // Others are asked by programs' ways, with promises: they run now.
        this.wakeups.woken();
      } else {
        this.send(answer, sender, senderPort);
      }
      if (descriptor.closed) return;
    }
  }

  /** An answer that cannot be sent is a lost datagram, and the client asks again. */
  private send(bytes: Uint8Array | null, to: IpAddress, port: number): void {
    if (bytes !== null) this.descriptor.send(bytes, 0, bytes.length, 0, to, port);
  }
}

/** A client that a socket for both families shows as ::ffff:10.0.0.1 is 10.0.0.1. */
export function unmapped(address: IpAddress): IpAddress {
  return address.isMapped ? IpAddress.v4(address.w3) : address;
}
