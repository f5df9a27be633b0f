import { type Clock, SECOND, type Task, Timer } from '../../base/clock.ts';
import { IpAddress } from '../../base/ip-address.ts';
import { AF_INET, IPPROTO_ICMP, SOCK_DGRAM } from '../../l5-session/constants.ts';
import type { Descriptor, SocketObserver } from '../../l5-session/descriptor.ts';
import type { Socket } from '../../l5-session/socket.ts';
import type { SocketApi } from '../../l5-session/sockets.ts';

/** ISC's `ping-timeout`. */
const WAIT_NS = 1 * SECOND;
const ECHO_REQUEST = 8;

/** Who wants to know. */
export interface ProbeOwner {
  probed(address: number, inUse: boolean): void;
}

/** Asks by ICMP echo whether anybody has an address (RFC 2131 2.2): a second of silence means nobody. */
export class AddressProbe implements SocketObserver, Task {
  private readonly clock: Clock;
  private readonly owner: ProbeOwner;
  private readonly socket: Socket;
  private readonly descriptor: Descriptor;
  private readonly timer: Timer;
  /** Address to when its time is up, ns, in the order in which they were asked. */
  private readonly waiting = new Map<number, number>();
  private readonly buffer = new Uint8Array(64);

  constructor(sockets: SocketApi, owner: ProbeOwner) {
    this.clock = sockets.clock;
    this.owner = owner;
    this.timer = new Timer(sockets.clock, this, 0);
    this.socket = sockets.socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    this.descriptor = this.socket.descriptor;
    this.descriptor.onReady = this;
  }

  ask(address: number): void {
    this.waiting.set(address, this.clock.now + WAIT_NS);
    const request = new Uint8Array(8);
    request[0] = ECHO_REQUEST;
    this.descriptor.send(request, 0, request.length, 0, IpAddress.v4(address), 0);
    if (!this.timer.armed) this.timer.set(this.clock.now + WAIT_NS);
  }

  socketReady(): void {
    for (;;) {
      const n = this.descriptor.receive(this.buffer, 0, this.buffer.length);
      if (n < 0) {
        if (this.descriptor.closed || this.descriptor.available === 0) return;
        continue;
      }
      const from = this.descriptor.sender.v4;
      if (this.waiting.delete(from)) this.owner.probed(from, true);
    }
  }

  run(): void {
    for (const [address, deadline] of this.waiting) {
      if (deadline > this.clock.now) {
        this.timer.set(deadline);
        return;
      }
      this.waiting.delete(address);
      this.owner.probed(address, false);
    }
  }

  close(): void {
    this.timer.dispose();
    this.socket.close();
  }
}
