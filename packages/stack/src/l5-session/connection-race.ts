import type { Task, TimerHandle } from '../base/clock.ts';
import type { AddressInfo } from './name-lookup.ts';
import type { Socket } from './socket.ts';
import type { WaitingRoom } from './waiting.ts';

/**
 * Connects to whichever of a host's addresses answers first (RFC 8305, "happy eyeballs"): a path that is broken costs a
 * quarter of a second rather than minutes.
 *
 *     time 0      250 ms     500 ms
 *     |--- 2001:db8::1 ................................ nobody answers
 *                 |--- 10.0.0.1 ---- connected: it is this one, the other is closed
 *
 * An attempt that fails lets the next begin at once.
 */
export class ConnectionRace implements Task {
  private readonly room: WaitingRoom;
  private readonly answers: readonly AddressInfo[];
  private readonly delayNs: number;
  private readonly begin: (answer: AddressInfo) => Socket;
  private readonly underWay = new Set<Socket>();
  private tried = 0;
  private ended = false;
  private timer: TimerHandle = 0;
  private resolve: (socket: Socket) => void = () => {};
  private reject: (failure: unknown) => void = () => {};

  /** `begin` makes the socket for an address. */
  constructor(
    room: WaitingRoom,
    answers: readonly AddressInfo[],
    delayNs: number,
    begin: (answer: AddressInfo) => Socket,
  ) {
    this.room = room;
    this.answers = answers;
    this.delayNs = Math.max(0, Math.round(delayNs));
    this.begin = begin;
  }

  /** The first connection; rejects with the last failure. */
  race(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      this.next(null);
    });
  }

  /** The time of the next attempt has come. */
  run(): void {
    this.timer = 0;
    this.room.wakeups.woken();
    this.next(null);
  }

  /** Begins the next attempt; `failure` is why the last one to end did. */
  private next(failure: unknown): void {
    this.room.clock.cancel(this.timer);
    this.timer = 0;
    const answer = this.answers[this.tried];
    if (answer === undefined) {
      if (this.underWay.size === 0) this.end(() => this.reject(failure));
      return;
    }
    this.tried++;
    let socket: Socket;
    try {
      socket = this.begin(answer);
    } catch (error) {
      this.next(error);
      return;
    }
    this.underWay.add(socket);
    if (this.tried < this.answers.length) this.timer = this.room.clock.at(this.room.clock.now + this.delayNs, this, 0);
    socket.connect(answer[4]).then(
      () => this.connected(socket),
      (error: unknown) => this.failed(socket, error),
    );
  }

  private connected(socket: Socket): void {
    this.underWay.delete(socket);
    if (this.ended) socket.close();
    else this.end(() => this.resolve(socket));
  }

  private failed(socket: Socket, failure: unknown): void {
    this.underWay.delete(socket);
    socket.close();
    if (!this.ended) this.next(failure);
  }

  private end(settle: () => void): void {
    this.ended = true;
    this.room.clock.cancel(this.timer);
    for (const socket of this.underWay) socket.close();
    settle();
  }
}

/** Families by turns, beginning with that of the best address (RFC 8305 4). */
export function interleaved(answers: readonly AddressInfo[]): AddressInfo[] {
  const first = answers.filter(([family]) => family === answers[0]?.[0]);
  const others = answers.filter(([family]) => family !== answers[0]?.[0]);
  const mixed: AddressInfo[] = [];
  for (let i = 0; i < first.length || i < others.length; i++) {
    if (i < first.length) mixed.push(first[i]!);
    if (i < others.length) mixed.push(others[i]!);
  }
  return mixed;
}
