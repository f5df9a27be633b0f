import type { TcpOptions } from '../options.ts';
import type { TcpConnection } from '../tcp.ts';
import { bytes, Conversation, type Heard, type Spoken } from './conversation.ts';

export const MSS = 1460;

/**
 * A flight of segments, named by their numbers, over a path whose round trip the handshake measured: 100 ms, of which
 * SRTT and the least RTT are 100 ms, the RTO is 300 ms and the probe of the tail due after 200 ms.
 */
export class Flight {
  readonly t: Conversation;
  readonly c: TcpConnection;
  readonly timestamps: boolean;

  constructor(segments: number, options: { timestamps?: boolean; tcp?: Partial<TcpOptions> } = {}) {
    this.t = new Conversation({ tcp: options.tcp ?? {} });
    this.timestamps = options.timestamps ?? false;
    const { t } = this;
    this.c = t.connect();
    t.hear({ flags: 'S' });
    t.wait(100e6);
    t.say({ flags: 'SA', seq: 0, ack: 1, mss: MSS + (this.timestamps ? 12 : 0), sackOk: true, ws: 4, ...this.stamp() });
    t.hear({ flags: 'A' });
    this.write(segments);
  }

  /** The program writes so many segments more. */
  write(segments: number): void {
    this.c.write(bytes(segments * MSS), 0, segments * MSS);
  }

  /** The peer has all segments before `next`, and those from `sacks[i][0]` to before `sacks[i][1]`. */
  ack(next: number, ...sacks: [number, number][]): void {
    const more: Partial<Spoken> = sacks.length === 0 ? {} : { sack: sacks.map(([l, r]) => [at(l), at(r)]) };
    this.t.say({ flags: 'A', seq: 1, ack: at(next), ...this.stamp(), ...more });
  }

  /** As `ack`, with a timestamp that echoes what `heard` carried. */
  ackEchoing(heard: Heard, next: number): void {
    this.t.say({ flags: 'A', seq: 1, ack: at(next), ts: [101, heard.ts![0]] });
  }

  /** The numbers of the segments that were sent. */
  numbers(): number[] {
    return this.t.flush().map((heard) => (heard.seq - 1) / MSS);
  }

  wait(ms: number): void {
    this.t.wait(ms * 1e6);
  }

  end(): void {
    this.t.flush();
    this.t.end();
  }

  private stamp(): Partial<Spoken> {
    return this.timestamps ? { ts: [100, -1] } : {};
  }
}

function at(segment: number): number {
  return 1 + segment * MSS;
}
