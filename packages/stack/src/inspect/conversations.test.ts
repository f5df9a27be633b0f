import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { Analysis, type PacketAnalysis } from './conversations.ts';
import { dissect, findField } from './dissect.ts';
import { LinkType } from './link-types.ts';
import { TcpMark } from './tcp-stream.ts';
import { sampleFrames } from './testing/corpus.ts';
import {
  ACK,
  ALICE,
  ethernet,
  FIN,
  icmp,
  ipv4,
  PSH,
  RST,
  SYN,
  synOptions,
  type TcpGiven,
  tcpFrame,
  text,
  u16,
  udp,
  WEB,
  zeros,
} from './testing/frames.ts';
import { tcpTraffic } from './testing/tcp-traffic.ts';

/** Alice's initial sequence number is 1,000, the web's 5,000: numbers given here are relative to those. */
class Talk {
  readonly analysis = new Analysis();
  timeNs = 0;
  private count = 0;

  alice(given: TcpGiven, length = 0): PacketAnalysis {
    const { seq = 1, ack = 1, ...rest } = given;
    return this.add(tcpFrame(zeros(length), { flags: ACK, seq: 1000 + seq, ack: 5000 + ack, dport: 9999, ...rest }));
  }

  web(given: TcpGiven, length = 0): PacketAnalysis {
    const { seq = 1, ack = 1, ...rest } = given;
    const ends = { src: WEB.ip, dst: ALICE.ip, sport: 9999, dport: 52344 };
    return this.add(tcpFrame(zeros(length), { flags: ACK, seq: 5000 + seq, ack: 1000 + ack, ...ends, ...rest }));
  }

  add(frame: Uint8Array): PacketAnalysis {
    this.timeNs += 1e6;
    return this.analysis.add(dissect(frame, LinkType.Ethernet), { number: ++this.count, timeNs: this.timeNs });
  }

  handshake(): this {
    this.alice({ seq: 0, flags: SYN, options: synOptions() });
    this.web({ seq: 0, flags: SYN | ACK, options: synOptions() });
    this.alice({});
    return this;
  }
}

function marks(packet: PacketAnalysis): string[] {
  return Object.entries(TcpMark).flatMap(([name, bit]) => ((packet.tcp?.marks ?? 0) & bit ? [name] : []));
}

describe('a TCP connection', () => {
  it('is told with relative numbers, scaled windows, round trips', () => {
    const talk = new Talk().handshake();
    const { tcp, info, ordinal } = talk.alice({ flags: PSH | ACK, window: 500 }, 100);
    expect(info).toBe('52344 → 9999 [PSH, ACK] Seq=1 Ack=1 Win=64000 Len=100');
    expect(ordinal).toBe(4);
    expect(tcp).toMatchObject({ relativeSequence: 1, nextSequence: 101, window: 64_000, bytesInFlight: 100 });
    expect(talk.web({ ack: 101 }).tcp).toMatchObject({ acknowledges: 4, roundTripNs: 1e6 });
    const [conversation] = talk.analysis.conversations;
    expect(conversation).toMatchObject({ kind: 'tcp', index: 0, packetsA: 3, packetsB: 2 });
    expect(conversation!.tcp).toMatchObject({ handshakeNumber: 3, initialRoundTripNs: 2e6 });
    expect(conversation!.tcp!.a.streamBytes).toBe(100);
  });

  it('adds what it finds to the tree', () => {
    const talk = new Talk().handshake();
    const dissection = dissect(tcpFrame(zeros(5), { seq: 1001, ack: 5001, dport: 9999 }), LinkType.Ethernet);
    talk.analysis.add(dissection, { number: 4, timeNs: 9e6 });
    expect(findField(dissection, 'tcp.seq')).toMatchObject({ value: 1, generated: true });
    expect(findField(dissection, 'tcp.nxtseq')?.value).toBe(6);
    expect(findField(dissection, 'tcp.stream')?.value).toBe(0);
  });

  it('retransmits: by time, by duplicate ACKs, needlessly', () => {
    const talk = new Talk().handshake();
    talk.alice({}, 100);
    talk.timeNs += 300e6;
    expect(marks(talk.alice({}, 100))).toEqual(['Retransmission']);
    talk.alice({ seq: 101 }, 100);
    talk.alice({ seq: 201 }, 100);
    talk.web({ ack: 101 });
    expect(talk.web({ ack: 101 })).toMatchObject({ tcp: { duplicateOf: 8, duplicateCount: 1 } });
    expect(talk.web({ ack: 101 }).info).toMatch(/^\[TCP Dup ACK 8#2\] /);
    expect(marks(talk.alice({ seq: 101 }, 100))).toEqual(['FastRetransmission']);
    talk.web({ ack: 301 });
    expect(marks(talk.alice({ seq: 201 }, 100))).toEqual(['SpuriousRetransmission']);
    expect(talk.analysis.conversations[0]!.tcp!.a).toMatchObject({ retransmissions: 3 });
  });

  it('loses and reorders', () => {
    const talk = new Talk().handshake();
    expect(marks(talk.alice({ seq: 101 }, 100))).toEqual(['PreviousSegmentLost']);
    expect(marks(talk.alice({ seq: 1 }, 100))).toEqual(['OutOfOrder']);
    expect(marks(talk.web({ ack: 999 }))).toEqual(['AckedUnseen']);
    expect(marks(talk.web({ ack: 999, window: 9 }))).toEqual(['WindowUpdate']);
  });

  it('stops at a closed window and probes it', () => {
    const talk = new Talk().handshake();
    talk.web({ window: 1 }); // 128 bytes, scaled
    expect(marks(talk.alice({}, 128))).toEqual(['WindowFull']);
    expect(marks(talk.web({ ack: 129, window: 0 }))).toEqual(['ZeroWindow']);
    expect(marks(talk.alice({ seq: 129 }, 1))).toEqual(['ZeroWindowProbe']);
    expect(marks(talk.web({ ack: 129, window: 0 }))).toEqual(['ZeroWindow', 'ZeroWindowProbeAck']);
    expect(marks(talk.web({ ack: 129, window: 100 }))).toEqual(['WindowUpdate']);
    expect(marks(talk.alice({ seq: 129 }, 50))).toEqual([]);
  });

  it('is kept alive', () => {
    const talk = new Talk().handshake();
    talk.web({});
    expect(marks(talk.alice({ seq: 0 }))).toEqual(['KeepAlive']);
    expect(marks(talk.web({}))).toEqual(['KeepAliveAck']);
  });

  it('ends, and its ports are used again', () => {
    const talk = new Talk().handshake();
    talk.alice({ flags: FIN | ACK });
    expect(talk.web({ flags: FIN | ACK, ack: 2 }).tcp).toMatchObject({ acknowledgesFin: true });
    expect(talk.alice({ seq: 2, ack: 2 }).tcp).toMatchObject({ acknowledgesFin: true });
    const { a, b } = talk.analysis.conversations[0]!.tcp!;
    expect([a.finNumber, a.finAckedNumber, b.finNumber, b.finAckedNumber]).toEqual([4, 5, 5, 6]);
    expect(marks(talk.alice({ seq: 90_000, flags: SYN, options: synOptions() }))).toEqual(['PortsReused']);
    expect(talk.analysis.conversations.map((conversation) => conversation.index)).toEqual([0, 1]);
    expect(marks(talk.alice({ seq: 90_000, flags: SYN, options: synOptions() }))).toEqual(['Retransmission']);
    talk.web({ flags: RST | ACK });
    expect(talk.analysis.conversations[1]!.tcp!.b.rstNumber).toBe(9);
  });

  it('counts across the wrap of sequence numbers', () => {
    const analysis = new Analysis();
    const infos = [0xfffffff0, 4].map((seq, i) => {
      const frame = tcpFrame(zeros(20), { seq, dport: 9999 });
      return analysis.add(dissect(frame, LinkType.Ethernet), { number: i + 1, timeNs: i * 1e6 });
    });
    expect(infos.map((packet) => packet.tcp!.relativeSequence)).toEqual([1, 21]);
    expect(infos.map(marks)).toEqual([[], []]);
  });
});

describe('conversations', () => {
  it('pair echo requests with their replies', () => {
    const analysis = new Analysis();
    const echo = (type: number, back: boolean): Uint8Array => {
      const ends = back ? { src: WEB.ip, dst: ALICE.ip } : {};
      return ethernet(ipv4(icmp(type, 0, [...u16(7), ...u16(1), ...zeros(20)]), { protocol: 1, ...ends }));
    };
    analysis.add(dissect(echo(8, false), LinkType.Ethernet), { number: 1, timeNs: 0 });
    const reply = analysis.add(dissect(echo(0, true), LinkType.Ethernet), { number: 2, timeNs: 3e6 });
    expect(reply).toMatchObject({ answers: 1, answerNs: 3e6, ordinal: 2 });
    expect(reply.info).toMatch(/ \(request in 1\)$/);
    const another = analysis.add(dissect(echo(0, true), LinkType.Ethernet), { number: 3, timeNs: 4e6 });
    expect(another.answers).toBe(0);
    expect(analysis.conversations).toHaveLength(1);
  });

  it('are followed up to a limit', () => {
    const analysis = new Analysis(2);
    for (const [i, sport] of [1, 2, 2, 3].entries()) {
      const frame = ethernet(ipv4(udp([], { sport }), { protocol: 17 }));
      analysis.add(dissect(frame, LinkType.Ethernet), { number: i + 1, timeNs: 0 });
    }
    expect(analysis.conversations.map((each) => [each.index, each.a.port, each.packetsA])).toEqual([
      [0, 1, 1],
      [1, 2, 2],
    ]);
    expect(analysis.notFollowed).toBe(1);
  });

  it('take a packet once, on however many interfaces it was seen', () => {
    const analysis = new Analysis();
    const frame = tcpFrame(text('data'), { dport: 9999 });
    const seen = [0, 1, 2, 0].map((interfaceIndex, i) =>
      analysis.add(dissect(frame, LinkType.Ethernet), { number: i + 1, timeNs: i, packetId: 5, interfaceIndex }),
    );
    expect(seen.map((packet) => packet.copyOf)).toEqual([0, 1, 1, 0]);
    // Twice on one interface is not the way of a packet: it was sent twice, or doubled.
    expect(seen.map(marks)).toEqual([[], [], [], ['Retransmission']]);
    expect(analysis.conversations[0]).toMatchObject({ packetsA: 2 });
  });

  it('survive any packets in any order', () => {
    const random = Random.from(21);
    const pool = [...sampleFrames(), ...tcpTraffic(1, 60), ...tcpTraffic(2, 60)].map((frame) => frame.bytes);
    const analysis = new Analysis(50);
    for (let i = 0; i < 30_000; i++) {
      const bytes = pool[random.below(pool.length)]!.slice();
      for (let k = random.below(3); k > 0; k--) bytes[14 + random.below(bytes.length - 14)] = random.u32();
      const packet = analysis.add(dissect(bytes, LinkType.Ethernet), {
        number: i + 1,
        timeNs: i * 1000,
        packetId: random.below(3),
        interfaceIndex: random.below(2),
      });
      if (packet.tcp !== null && packet.tcp.window < 0) throw new Error('a window below 0');
    }
    expect(analysis.conversations.length).toBeLessThanOrEqual(50);
  });
});
