import { Random } from '../../base/random.ts';
import { ACK, ALICE, FIN, PSH, RST, SYN, synOptions, type TcpGiven, tcpFrame, u32, WEB, zeros } from './frames.ts';

export interface TimedFrame {
  name: string;
  bytes: Uint8Array;
  timeNs: number;
}

interface End {
  src: string;
  dst: string;
  sport: number;
  dport: number;
  next: number;
  /** What it has got of the other end's bytes, without gaps. */
  received: number;
  window: number;
  /** Segments, and whether the capture has seen them. */
  sent: { seq: number; length: number; seen: boolean }[];
}

/**
 * Frames of TCP connections as a capture might see them, at its worst: losses, repetitions, reordering, closed windows,
 * probes, connections that begin before the capture. Nobody's TCP would send all this: it is there to be judged.
 */
export function tcpTraffic(seed: number, steps: number): TimedFrame[] {
  const random = Random.from(seed);
  const frames: TimedFrame[] = [];
  let timeNs = 1e9;
  const a: End = {
    src: ALICE.ip,
    dst: WEB.ip,
    sport: 20_000 + seed,
    dport: 47000,
    next: random.u32(),
    received: 0,
    window: 1000,
    sent: [],
  };
  const b: End = {
    src: WEB.ip,
    dst: ALICE.ip,
    sport: 47000,
    dport: 20_000 + seed,
    next: random.u32(),
    received: 0,
    window: 2000,
    sent: [],
  };
  const emit = (end: End, what: string, given: Partial<TcpGiven> & { length?: number }): void => {
    const { src, dst, sport, dport } = end;
    const all = { src, dst, sport, dport, seq: end.next, ack: end.received, flags: ACK, window: end.window, ...given };
    const bytes = tcpFrame(zeros(given.length ?? 0), { ...all, seq: all.seq >>> 0, ack: all.ack >>> 0 });
    frames.push({ name: `seed ${seed} frame ${frames.length + 1} (${what})`, bytes, timeNs });
  };
  const wait = (): void => {
    timeNs += [2e3, 500e3, 5e6, 30e6, 250e6][random.below(5)]! + random.below(1000);
  };
  const data = (end: End, length: number, seen: boolean): void => {
    if (seen) emit(end, 'data', { length, flags: ACK | PSH });
    end.sent.push({ seq: end.next, length, seen });
    end.next = (end.next + length) >>> 0;
  };

  /** The other end has got all up to the first segment that was lost before the capture. */
  const receive = (end: End, other: End): void => {
    end.received = other.sent.find((segment) => !segment.seen)?.seq ?? other.next;
  };

  if (random.below(4) > 0) {
    const options = random.below(3) > 0 ? synOptions(1, 0) : [2, 4, 5, 0xb4];
    emit(a, 'syn', { flags: SYN, options, ack: 0 });
    if (random.below(6) === 0) {
      timeNs += 1e9;
      emit(a, 'syn again', { flags: SYN, options, ack: 0 });
    }
    a.next = (a.next + 1) >>> 0;
    b.received = a.next;
    timeNs += 100e3 * (1 + random.below(200));
    emit(b, 'syn ack', { flags: SYN | ACK, options: random.below(5) > 0 ? options : [2, 4, 5, 0xb4] });
    b.next = (b.next + 1) >>> 0;
    a.received = b.next;
    timeNs += 50e3;
    emit(a, 'ack', {});
  } else {
    a.received = b.next;
    b.received = a.next;
  }

  for (let step = 0; step < steps; step++) {
    wait();
    const [end, other] = random.below(3) > 0 ? [a, b] : [b, a];
    const choice = random.below(100);
    if (choice < 30) data(end, 1 + random.below(1400), true);
    else if (choice < 34) data(end, 1 + random.below(1400), false);
    else if (choice < 50) {
      receive(end, other);
      emit(end, 'ack', {});
    } else if (choice < 62) {
      for (let i = 1 + random.below(4); i > 0; i--) {
        timeNs += 1e3;
        const sack = random.below(2) > 0 ? [1, 1, 5, 10, ...u32(end.received + 100), ...u32(end.received + 200)] : [];
        emit(end, 'same ack', { options: sack });
      }
    } else if (choice < 76) {
      const segment = end.sent[random.below(end.sent.length + 1)];
      const missing = end.sent.find(({ seen }) => !seen) ?? segment;
      const again = random.below(2) === 0 ? missing : segment;
      if (again !== undefined) {
        again.seen = true;
        emit(end, 'again', { seq: again.seq, length: again.length, flags: ACK });
      }
    } else if (choice < 80) {
      end.window = 1 + random.below(5000);
      emit(end, 'window', {});
    } else if (choice < 84) {
      receive(end, other);
      emit(end, 'no window', { window: 0 });
      end.window = 0;
      for (let i = random.below(3); i > 0; i--) {
        wait();
        emit(other, 'probe', { length: 1 });
        timeNs += 1e6;
        emit(end, 'still no window', { window: 0 });
      }
      end.window = 3000;
    } else if (choice < 89) {
      const length = random.below(2);
      emit(end, 'keep-alive', { seq: end.next - 1, length });
      timeNs += 1e6;
      emit(other, 'keep-alive answer', {});
    } else if (choice < 93) {
      const first = end.next;
      data(end, 500, false);
      data(end, 500, true);
      timeNs += random.below(4) * 2e6;
      emit(end, 'late', { seq: first, length: 500 });
      end.sent.at(-2)!.seen = true;
    } else if (choice < 95) {
      const room = (other.window << (random.below(2) * 7)) - 1;
      if (room > 0 && room < 60_000) data(end, Math.min(room, 1400), true);
    } else if (choice < 96) {
      emit(end, 'fin', { flags: FIN | ACK });
      end.next = (end.next + 1) >>> 0;
      receive(other, end);
    } else if (choice < 97 && step > steps / 2) {
      emit(end, 'rst', { flags: RST | ACK, window: 0 });
      break;
    }
  }
  return frames;
}
