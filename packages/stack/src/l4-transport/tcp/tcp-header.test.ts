import { describe, expect, it } from 'vitest';
import { Drop } from '../../base/drop-reasons.ts';
import { Random } from '../../base/random.ts';
import {
  describeSegment,
  Flag,
  readSegment,
  SegmentFields,
  synOptionsLength,
  writeHeader,
  writeSack,
  writeSynOptions,
  writeTimestamps,
} from './tcp-header.ts';
import { Conversation } from './testing/conversation.ts';

function viewOf(hex: string): DataView {
  const bytes = Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
  return new DataView(bytes.buffer);
}

// A SYN as Linux sends it.
const SYN = 'c0000050 11223344 00000000 a002faf0 00000000 020405b4 0402080a 01020304 00000000 01030307';

describe('the TCP header', () => {
  it('is read', () => {
    const view = viewOf(`${SYN}616263`);
    const fields = new SegmentFields();
    expect(readSegment(view, 0, view.byteLength, fields)).toBe(0);
    expect(fields).toMatchObject({
      sourcePort: 0xc000,
      destinationPort: 80,
      seq: 0x11223344,
      ack: 0,
      flags: Flag.Syn,
      window: 64240,
      headerLength: 40,
      length: 3,
      mss: 1460,
      windowScale: 7,
      sackPermitted: true,
      hasTimestamps: true,
      tsVal: 0x01020304,
      tsEcr: 0,
      sackCount: 0,
    });
    expect(describeSegment(view, 0, view.byteLength)).toBe(
      '49152 -> 80 SYN seq=287454020 win=64240 len=3 mss=1460 sackOK ts=16909060,0 ws=7',
    );
  });

  it('is written as it is read', () => {
    const view = new DataView(new ArrayBuffer(60));
    writeHeader(view, 0, 0xc000, 80, 0x11223344, 0, Flag.Syn, 64240, 40);
    writeSynOptions(view, 20, 1460, 7, true, true, 0x01020304, 0);
    expect(synOptionsLength(7, true, true)).toBe(20);
    expect(Buffer.from(view.buffer, 0, 40).toString('hex')).toBe(SYN.replace(/ /g, ''));
  });

  it('has room for every choice of options, padded to words', () => {
    const fields = new SegmentFields();
    for (const scale of [-1, 0, 14]) {
      for (const sack of [true, false]) {
        for (const timestamps of [true, false]) {
          const view = new DataView(new ArrayBuffer(60));
          const length = 20 + synOptionsLength(scale, sack, timestamps);
          writeHeader(view, 0, 1, 2, -1, -2, Flag.Syn | Flag.Ack, 5, length);
          writeSynOptions(view, 20, 65535, scale, sack, timestamps, -3, -4);
          expect(readSegment(view, 0, length, fields)).toBe(0);
          expect([fields.windowScale, fields.sackPermitted, fields.hasTimestamps]).toEqual([scale, sack, timestamps]);
          expect([fields.seq, fields.ack, fields.flags, fields.mss]).toEqual([-1, -2, 18, 65535]);
        }
      }
    }
  });

  it('SACK and timestamps', () => {
    const view = new DataView(new ArrayBuffer(60));
    writeHeader(view, 0, 1, 2, 0, 0, Flag.Ack, 0, 60);
    writeTimestamps(view, 20, 7, 8);
    writeSack(view, 32, Int32Array.of(1, 2, 3, 4, -5, -4), 3);
    const fields = new SegmentFields();
    expect(readSegment(view, 0, 60, fields)).toBe(0);
    expect([fields.tsVal, fields.tsEcr, fields.sackCount, ...fields.sacks.subarray(0, 6)]).toEqual([
      7, 8, 3, 1, 2, 3, 4, -5, -4,
    ]);
  });

  it('options end where one makes no sense, and what came before counts', () => {
    const fields = new SegmentFields();
    const read = (options: string) => {
      const head = `0001 0002 00000000 00000000 ${(5 + options.replace(/ /g, '').length / 8).toString(16)}010 0000 0000 0000`;
      const view = viewOf(head + options);
      expect(readSegment(view, 0, view.byteLength, fields)).toBe(0);
      return fields;
    };
    expect(read('020405b4 03000000').mss).toBe(1460);
    expect(read('020405b4 03ff0000').windowScale).toBe(-1);
    expect(read('01010101 01010102').mss).toBe(0);
    expect(read('00000000 020405b4').mss).toBe(0);
    // An unknown kind is stepped over; a scale above 14 is 14 (RFC 7323 2.3); a SACK of odd length is none.
    expect(read('fd0400ff 01030363').windowScale).toBe(14);
    expect(read('0509000000000000 00010101').sackCount).toBe(0);
  });

  it('every prefix ends in a result or a reason', () => {
    const view = viewOf(`${SYN}616263`);
    const fields = new SegmentFields();
    for (let end = 0; end < 20; end++) expect(readSegment(view, 0, end, fields)).toBe(Drop.TCP_TOO_SHORT);
    for (let end = 20; end < 40; end++) expect(readSegment(view, 0, end, fields)).toBe(Drop.TCP_BAD_OFFSET);
    for (let end = 40; end <= 43; end++) expect(readSegment(view, 0, end, fields)).toBe(0);
    view.setUint8(12, 0x40);
    expect(readSegment(view, 0, 43, fields)).toBe(Drop.TCP_BAD_OFFSET);
  });

  it('100,000 mutations end in a result or a reason', () => {
    const view = viewOf(`${SYN} 050a0000000100000002 0000`);
    const bytes = new Uint8Array(view.buffer);
    const original = bytes.slice();
    const random = Random.from(7);
    const fields = new SegmentFields();
    let read = 0;
    for (let i = 0; i < 100_000; i++) {
      if (i % 50 === 0) bytes.set(original);
      bytes[random.below(bytes.length)] = random.u32() >>> 24;
      const end = random.chance(0.2) ? random.below(bytes.length + 1) : bytes.length;
      if (readSegment(view, 0, end, fields) !== 0) continue;
      read++;
      if (fields.headerLength + fields.length !== end || fields.sackCount > 4 || fields.windowScale > 14) {
        throw new Error(describeSegment(view, 0, end));
      }
    }
    expect(read).toBeGreaterThan(10_000);
  });
});

describe('a connection', () => {
  it('survives 100,000 mutated segments with right checksums, in every state', () => {
    const random = Random.from(11);
    const t = new Conversation({ tcp: { timeWaitNs: 1e9 } });
    t.network.wire = (packet) => packet.release();
    t.pool['acquiredAt'] = null; // Remembering where each packet was acquired would take most of the time.
    const states = new Set<string>();
    const into = new Uint8Array(5000);
    let listener = t.listen({ receiveBuffer: 20_000 }, 5);
    let c = listener.accept();
    for (let i = 0; i < 100_000; i++) {
      // Plausible segments near the edges of the windows, one field of which is then spoilt, or none.
      const live = c !== null && c.state !== 7 && random.chance(0.9) ? c : null;
      const first = live ?? [...t.tcp.connections()][0] ?? null;
      t.iss = first === null ? random.u32() | 0 : first.sndNxt;
      t.peerIss = first === null ? random.u32() | 0 : first.rcvNxt;
      const packet = t.make({
        flags: ['A', 'A', 'A', 'A', 'S', 'FA', 'RA', 'R', 'SA', 'F', 'SF', ''][
          random.below(random.chance(0.3) ? 12 : 5)
        ]!,
        seq: random.chance(0.6) ? 0 : random.below(4000) - 2000,
        ack: random.chance(0.6) ? 0 : random.below(4000) - 3000,
        win: random.chance(0.2) ? 0 : random.below(65536),
        data: random.below(3) * random.below(700),
        ...(random.chance(0.3) ? { sack: [[-random.below(3000), random.below(500) - 400]] as [number, number][] } : {}),
        ...(random.chance(0.3) ? { ts: [random.below(1000), random.below(1000)] as [number, number] } : {}),
        ...(random.chance(0.2) ? { mss: random.below(65536), ws: random.below(256), sackOk: random.chance(0.5) } : {}),
      });
      if (random.chance(0.5)) {
        const at = packet.start + 20 + random.below(Math.min(60, packet.length - 20));
        if (at >= packet.start + 24) packet.bytes[at] = random.u32() >>> 24;
      }
      // The checksum is declared right rather than computed again.
      packet.checksum = 2;
      t.network.deliver(packet);
      c ??= listener.accept();
      if (c !== null) {
        states.add(c.stateName);
        const what = random.below(40);
        if (what === 0) c.write(into, 0, random.below(5000));
        else if (what === 1) c.shutdownSend();
        else if (what < 8) c.read(into, 0, random.below(5000));
        if (what === 2 && random.chance(0.2)) c.close();
        if (c.state === 7) {
          c.close();
          c = null;
        }
      } else if (i % 3 === 0 && random.chance(0.05)) {
        const opened = t.tcp.connect(listener.binding, t.peer, t.peerPort, null);
        if (typeof opened === 'object') c = opened;
      }
      if (i % 20 === 0) t.wait(random.below(400e6));
      if (i % 5000 === 4999) {
        c?.abort();
        c = null;
        listener.close();
        for (const other of [...t.tcp.connections()]) other.abort();
        for (const old of [...t.tcp.timeWaits]) t.tcp.timeWaits.end(old, 'the test goes on');
        expect(t.pool.outstanding).toBe(0);
        listener = t.listen({ receiveBuffer: 20_000 }, 5);
      }
    }
    expect([...states].sort()).toEqual(
      expect.arrayContaining(['CLOSE-WAIT', 'ESTABLISHED', 'FIN-WAIT-1', 'FIN-WAIT-2', 'LAST-ACK']),
    );
    c?.abort();
    t.end();
  });
});
