import { Errno, NetError } from '../base/errors.ts';
import { Ready } from '../l4-transport/readiness.ts';
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI } from './constants.ts';
import type { DescriptorTable } from './descriptor-table.ts';
import type { Socket } from './socket.ts';
import { type Interest, untilAnyReady, type WaitingRoom } from './waiting.ts';

/** A socket, or a descriptor's number. */
export type Pollable = Socket | number;

/** What select counts as readable and as writable (Linux's POLLIN_SET and POLLOUT_SET). */
const READABLE = Ready.In | Ready.Hup | Ready.Err;
const WRITABLE = Ready.Out | Ready.Err;

function numberOf(socket: Pollable): number {
  return typeof socket === 'number' ? socket : socket.fileno();
}

/**
 * select(2): those of `readers` that can be read (or accepted from), and those of `writers` that can be written, as
 * soon as there is one, or when `timeout` seconds are over (null: never; 0: at once). There is never anything
 * exceptional: urgent data is not passed on. EBADF for a socket that is closed.
 */
export async function select<T extends Pollable>(
  room: WaitingRoom,
  table: DescriptorTable,
  readers: readonly T[],
  writers: readonly T[],
  exceptional: readonly T[],
  timeout: number | null,
): Promise<[readable: T[], writable: T[], exceptional: T[]]> {
  if (timeout !== null && !(timeout >= 0)) throw new NetError(Errno.EINVAL, 'select', 'a negative time-out');
  const deadlineNs = timeout === null ? Infinity : room.clock.now + Math.round(timeout * 1e9);
  const descriptorOf = (socket: Pollable) => {
    const descriptor = table.get(numberOf(socket));
    if (descriptor === null) throw new NetError(Errno.EBADF, 'select');
    return descriptor;
  };
  for (;;) {
    const readable = readers.filter((socket) => descriptorOf(socket).readiness & READABLE);
    const writable = writers.filter((socket) => descriptorOf(socket).readiness & WRITABLE);
    exceptional.forEach(descriptorOf);
    if (readable.length > 0 || writable.length > 0 || room.clock.now >= deadlineNs) return [readable, writable, []];
    const interests: Interest[] = [
      ...readers.map((socket) => ({ descriptor: descriptorOf(socket), events: READABLE })),
      ...writers.map((socket) => ({ descriptor: descriptorOf(socket), events: WRITABLE })),
    ];
    await untilAnyReady(room, interests, deadlineNs);
  }
}

/** poll(2), as Python has it: `const p = poll(); p.register(s, POLLIN); for (const [fd, event] of await p.poll()) ...` */
export class Poll {
  private readonly room: WaitingRoom;
  private readonly table: DescriptorTable;
  private readonly wanted = new Map<number, number>();

  constructor(room: WaitingRoom, table: DescriptorTable) {
    this.room = room;
    this.table = table;
  }

  /** What is registered already gets the new mask. */
  register(socket: Pollable, events: number = POLLIN | POLLPRI | POLLOUT): void {
    const number = numberOf(socket);
    if (number < 0) throw new NetError(Errno.EBADF, 'register');
    this.wanted.set(number, events);
  }

  modify(socket: Pollable, events: number): void {
    if (!this.wanted.has(numberOf(socket))) throw new NetError(Errno.ENOENT, 'modify');
    this.wanted.set(numberOf(socket), events);
  }

  unregister(socket: Pollable): void {
    if (!this.wanted.delete(numberOf(socket))) throw new NetError(Errno.ENOENT, 'unregister');
  }

  /**
   * Waits until something of what was asked for is there, `timeoutMs` milliseconds at most (null or negative: for
   * ever). Errors, hang-ups and closed descriptors (POLLNVAL) are told whether asked for or not.
   */
  async poll(timeoutMs: number | null = null): Promise<[fd: number, events: number][]> {
    const { clock } = this.room;
    const deadlineNs = timeoutMs === null || timeoutMs < 0 ? Infinity : clock.now + Math.round(timeoutMs * 1e6);
    for (;;) {
      const ready: [number, number][] = [];
      const interests: Interest[] = [];
      for (const [number, events] of this.wanted) {
        const descriptor = this.table.get(number);
        const happened = descriptor === null ? POLLNVAL : descriptor.readiness & (events | POLLERR | POLLHUP);
        if (happened !== 0) ready.push([number, happened]);
        if (descriptor !== null) interests.push({ descriptor, events });
      }
      if (ready.length > 0 || clock.now >= deadlineNs) return ready;
      await untilAnyReady(this.room, interests, deadlineNs);
    }
  }
}
