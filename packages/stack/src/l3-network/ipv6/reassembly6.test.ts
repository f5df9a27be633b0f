import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { EtherType } from '../../l2-link/ethernet.ts';
import { dropsOf, expectNoLeaks } from '../../testing/test-node.ts';
import { bytes, ip, payload } from '../testing/fake-link.ts';
import { know6, receive6, said, type TestHost6, testHost6 } from './testing/fake-host6.ts';

const FROM = '2001:db8:1::1';
const TO = '2001:db8:1::10';

function fragment(next: number, offset: number, more: boolean, id: number, data: Uint8Array): Uint8Array {
  const piece = new Uint8Array(8 + data.length);
  piece[0] = next;
  new DataView(piece.buffer).setUint16(2, offset | (more ? 1 : 0));
  new DataView(piece.buffer).setUint32(4, id);
  piece.set(data, 8);
  return piece;
}

/** A whole payload in pieces of these lengths (eights, but for the last). */
function pieces(whole: Uint8Array, lengths: readonly number[], id = 1): Uint8Array[] {
  let at = 0;
  return lengths.map((length) => {
    const from = at;
    at += length;
    return fragment(17, from, at < whole.length, id, whole.subarray(from, at));
  });
}

function end(host: TestHost6): void {
  host.ipv6.stop();
  host.queue.runUntil(host.queue.now + 200e9);
  host.eth0.takePackets(() => {});
  expectNoLeaks(host.pool);
}

function take(host: TestHost6, ...all: Uint8Array[]): void {
  for (const piece of all) receive6(host, { from: FROM, to: TO, next: 44, payload: piece });
}

describe('fragments', () => {
  it('in any order become the whole, whatever it was cut into', () => {
    const host = testHost6();
    let id = 0;
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 12 }),
        fc.integer({ min: 0, max: 7 }),
        fc.nat(),
        (units, less, seed) => {
          const lengths = units.map((unit, i) => unit * 8 - (i === units.length - 1 ? less : 0));
          const whole = bytes(
            lengths.reduce((a, b) => a + b),
            seed & 255,
          );
          const all = pieces(whole, lengths, ++id);
          const random = Random.from(seed);
          for (let i = all.length - 1; i > 0; i--) {
            const j = random.below(i + 1);
            [all[i], all[j]] = [all[j]!, all[i]!];
          }
          take(host, ...all, all[0]!); // the one that comes again begins another
          expect([...host.udp.payloads.pop()!]).toEqual([...whole]);
        },
      ),
      { numRuns: 60 },
    );
    end(host);
  });

  it('what a flow cuts is put together again', () => {
    const host = testHost6();
    know6(host, FROM, '02:00:00:00:00:01');
    const flow = host.ipv6.open(ip(FROM), 17, null);
    if (typeof flow === 'number') throw new Error(`${flow}`);
    flow.send(payload(host, 5000));
    const cut = host.eth0.takeBytes();
    const other = testHost6();
    for (const piece of cut) {
      const packet = other.pool.from(piece);
      ip(TO).write(packet.view, packet.start + 24);
      ip(FROM).write(packet.view, packet.start + 8);
      other.eth0.receive(packet, EtherType.Ipv6);
    }
    expect(other.udp.payloads.map((data) => data.length)).toEqual([5000]);
    end(host);
    end(other);
  });

  it('an atomic fragment has nothing to do with others (RFC 6946)', () => {
    const host = testHost6();
    const [first] = pieces(bytes(64), [32, 32]);
    take(host, first!, fragment(17, 0, false, 1, bytes(20)));
    expect(host.udp.received).toEqual([`${FROM} 20`]);
    expect(host.ipv6.reassembling).toBe(1);
    end(host);
  });

  it('that overlap end the whole packet (RFC 5722)', () => {
    const host = testHost6();
    host.node.drops.fill(0);
    take(host, fragment(17, 0, true, 1, bytes(32)), fragment(17, 24, true, 1, bytes(32, 9)));
    expect(host.ipv6.reassembling).toBe(0);
    expect(dropsOf(host.node)).toEqual({ FRAGMENT_OVERLAP: 2 });
    end(host);
  });

  it('that come twice are ignored (RFC 8200 4.5)', () => {
    const host = testHost6();
    const [a, b] = pieces(bytes(64), [32, 32]);
    take(host, a!, a!, b!);
    expect(host.udp.received).toEqual([`${FROM} 64`]);
    end(host);
  });

  it.each<[string, Uint8Array, string]>([
    ['of no whole eights', fragment(17, 0, true, 1, bytes(30)), 'a header field at byte 4'],
    ['beyond the longest packet', fragment(17, 65_528, false, 1, bytes(16)), 'a header field at byte 42'],
    ['without the headers (RFC 7112)', fragment(6, 0, true, 1, bytes(16)), 'an incomplete first fragment at byte 0'],
    [
      'whose extension headers are cut',
      fragment(60, 0, true, 1, Uint8Array.of(17, 3, 1, 4, 0, 0, 0, 0)),
      'an incomplete first fragment at byte 0',
    ],
  ])('%s: its sender is told', (_, piece, words) => {
    const host = testHost6();
    know6(host, FROM, '02:00:00:00:00:01');
    take(host, piece);
    expect(said(host.eth0)[0]).toContain(`parameter problem: ${words}`);
    end(host);
  });

  it('that stay incomplete: after 60 s the sender is told, if the first came', () => {
    const host = testHost6();
    know6(host, FROM, '02:00:00:00:00:01');
    take(host, ...pieces(bytes(64), [32, 32], 1).slice(0, 1), ...pieces(bytes(64), [32, 32], 2).slice(1));
    host.queue.runUntil(host.queue.now + 59e9);
    expect(host.ipv6.reassembling).toBe(2);
    said(host.eth0);
    host.queue.runUntil(host.queue.now + 2e9);
    expect(host.ipv6.reassembling).toBe(0);
    know6(host, FROM, '02:00:00:00:00:01');
    expect(said(host.eth0).map((line) => line.split(': ')[1])).toEqual(['fragment reassembly time exceeded']);
    end(host);
  });

  it('with headers in front and behind', () => {
    const host = testHost6();
    const data = bytes(48);
    const options = Uint8Array.of(17, 0, 1, 4, 0, 0, 0, 0, ...data);
    const cut = [options.subarray(0, 32), options.subarray(32)];
    cut.forEach((part, i) => {
      const behind = fragment(60, i * 32, i === 0, 5, part);
      receive6(host, { from: FROM, to: TO, next: 60, payload: Uint8Array.of(44, 0, 1, 4, 0, 0, 0, 0, ...behind) });
    });
    expect(host.udp.payloads.map((each) => [...each])).toEqual([[...data]]);
    end(host);
  });

  it('up to the limits', () => {
    const host = testHost6({ reassemblies: 2 });
    host.node.drops.fill(0);
    for (let id = 0; id < 3; id++) take(host, fragment(17, 0, true, id, bytes(32)));
    expect(dropsOf(host.node)).toEqual({ FRAGMENT_TABLE_FULL: 1 });
    expect(host.ipv6.reassembling).toBe(2);
    end(host);
  });
});
