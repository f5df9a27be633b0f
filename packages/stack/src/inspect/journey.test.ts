import { describe, expect, it } from 'vitest';
import { Drop } from '../base/drop-reasons.ts';
import { What } from '../base/trace.ts';
import { testNode } from '../testing/test-node.ts';
import { formatJourney } from './journey-format.ts';
import { JourneyRecorder } from './journey-recorder.ts';
import { layerIn } from './layer-models.ts';
import { ACK, ethernet, ipv4, PSH, SYN, synOptions, tcp, text, udp } from './testing/frames.ts';
import { plain } from './text-layout.ts';

/** A network of one recorder, told by hand what happens to packets. */
function stage(options = {}) {
  const { queue, pool } = testNode();
  const recorder = new JourneyRecorder(queue, options);
  const wait = (ns: number): void => void queue.runUntil(queue.now + ns);
  /** Reports an event about `frame`, seen by a layer whose header begins at `offset`. */
  const at = (
    node: string,
    layer: number,
    what: What,
    packet: ReturnType<typeof pool.from> | null,
    offset = 0,
    detail = '',
    reason = 0,
    source = '',
  ): void => {
    if (packet !== null) packet.start += offset;
    recorder.event(node, layer, what, packet, reason, detail, source);
    if (packet !== null) packet.start -= offset;
  };
  return { recorder, pool, at, wait };
}

/** Alice sends a SYN and a request to the web over one switch. */
function visit(options = {}) {
  const { recorder, pool, at, wait } = stage(options);
  const syn = pool.from(ethernet(ipv4(tcp([], { flags: SYN, seq: 1000, options: synOptions() }), { protocol: 6 })));
  at('alice', 5, What.Call, null, 0, 'connect 10.0.1.80:80');
  at('alice', 4, What.State, null, 0, 'CLOSED -> SYN-SENT: active OPEN');
  at('alice', 4, What.Send, syn, 34, '', 0, 'RFC 9293 3.10.2');
  at('alice', 3, What.Send, syn, 14, '10.0.1.10 > 10.0.1.80 TCP');
  at('alice', 3, What.Wait, syn, 14, 'for ARP of 10.0.1.80');
  wait(30_000);
  at('alice', 2, What.Send, syn, 0, 'eth0');
  at('alice:eth0-sw1:1', 1, What.Send, syn, 0, '784 ns to send');
  wait(6000);
  at('sw1', 2, What.Forward, syn, 0, 'from port 1 to port 2');
  at('sw1:2-web:eth0', 1, What.Send, syn, 0, '784 ns to send');
  wait(6000);
  at('web', 2, What.Receive, syn, 0, 'eth0');
  at('web', 3, What.Receive, syn, 14, '10.0.1.10 > 10.0.1.80 TCP');
  at('web', 3, What.Deliver, syn, 14, 'to TCP');
  at('web', 4, What.Receive, syn, 34);
  at('web', 4, What.Drop, syn, 34, '', Drop.TCP_DONE, 'RFC 9293');
  at('web', 4, What.State, null, 0, 'CLOSED -> SYN-RECEIVED: SYN came');

  const get = pool.from(
    ethernet(ipv4(tcp(text('GET / HTTP/1.0\r\n\r\n'), { flags: PSH | ACK, seq: 1001, ack: 1 }), { protocol: 6 })),
  );
  at('alice', 5, What.Call, null, 0, 'send 18 bytes');
  at('alice', 4, What.Send, get, 34, '', 0, 'RFC 9293 3.10.2');
  at('alice', 3, What.Send, get, 14, '10.0.1.10 > 10.0.1.80 TCP');
  at('alice', 2, What.Send, get, 0, 'eth0');
  at('alice:eth0-sw1:1', 1, What.Drop, get, 0, '', Drop.LINK_LOSS);
  return { recorder, syn: syn.id, get: get.id };
}

describe('a journey', () => {
  it('goes down, across and up, with the calls and states that belong to it', () => {
    const { recorder, syn } = visit();
    const steps = recorder.journeyOf(syn);
    expect(steps.map((step) => `${step.node} ${step.layer} ${step.way} ${step.unit} ${step.bytes}`)).toEqual([
      'alice 5 down data 0',
      'alice 4 stay  0',
      'alice 4 down segment 40',
      'alice 3 down packet 60',
      'alice 3 stay packet 60',
      'alice 2 down frame 74',
      'alice 1 down bits 86',
      'sw1 1 up bits 86',
      'sw1 2 across frame 74',
      'sw1 1 down bits 86',
      'web 1 up bits 86',
      'web 2 up frame 74',
      'web 3 up packet 60',
      'web 3 up packet 60',
      'web 4 up segment 40',
      'web 4 end segment 40',
      'web 4 stay  0',
    ]);
    expect(steps[4]!.text).toBe('waits for ARP of 10.0.1.80, 30us');
    expect(steps.filter((step) => step.header !== null).map((step) => step.header!.length)).toEqual([
      40, 20, 14, 14, 14, 20, 40,
    ]);
  });

  it('tells where it ended, with the reason', () => {
    const { recorder, get } = visit();
    const steps = recorder.journeyOf(get);
    expect(steps.map((step) => step.layer)).toEqual([7, 5, 4, 3, 2, 1]);
    expect(steps[0]).toMatchObject({ text: 'GET / HTTP/1.0', bytes: 18, unit: 'data' });
    expect(steps[2]!.text).toBe('TCP 52344 → 80 [PSH, ACK] Seq=1 Ack=1 Win=65535 Len=18');
    expect(steps.at(-1)).toMatchObject({
      node: 'alice',
      way: 'end',
      reason: Drop.LINK_LOSS,
      text: 'dropped on alice:eth0-sw1:1: lost on the line (the scenario says so)',
    });
  });

  it('is printed with seven, five or four layers', () => {
    const { recorder, syn, get } = visit();
    expect(`\n${formatJourney(recorder.journeyOf(syn), { headerBytes: 16 })}\n`).toMatchInlineSnapshot(`
      "
      alice ──────────────────────────────────────────────────────────────────────────────────────── at 0s
      ↓ 5 session       data                 connect 10.0.1.80:80
        4 transport                          CLOSED -> SYN-SENT: active OPEN
      ↓                 segment         40 B puts on 40 bytes: TCP 52344 → 80 [SYN] Seq=0 Win=65535 Len=0
                                             MSS=1460 SACK_PERM TSval=100 TSecr=0 WS=128
                                             cc 78 00 50 00 00 03 e8 00 00 00 00 a0 02 ff ff ...
      ↓ 3 network       packet          60 B puts on 20 bytes: 10.0.1.10 > 10.0.1.80 TCP
                                             45 00 00 3c 12 34 40 00 40 06 12 2f 0a 00 01 0a ...
                        packet          60 B waits for ARP of 10.0.1.80, 30us
        ... 30us later
      ↓ 2 data link     frame           74 B puts on 14 bytes: eth0
                                             02 00 00 00 00 50 02 00 00 00 00 0a 08 00
      ↓ 1 physical      bits        688 bits alice:eth0-sw1:1: 784 ns to send

      sw1 ──────────────────────────────────────────────────────────────────────────────────────── at 36us
      ↑ 1 physical      bits        688 bits by alice:eth0-sw1:1
      → 2 data link     frame           74 B passes it on from port 1 to port 2
                                             02 00 00 00 00 50 02 00 00 00 00 0a 08 00
      ↓ 1 physical      bits        688 bits sw1:2-web:eth0: 784 ns to send

      web ──────────────────────────────────────────────────────────────────────────────────────── at 42us
      ↑ 1 physical      bits        688 bits by sw1:2-web:eth0
      ↑ 2 data link     frame           74 B takes off 14 bytes: eth0
                                             02 00 00 00 00 50 02 00 00 00 00 0a 08 00
      ↑ 3 network       packet          60 B takes off 20 bytes: 10.0.1.10 > 10.0.1.80 TCP
                                             45 00 00 3c 12 34 40 00 40 06 12 2f 0a 00 01 0a ...
      ↑                 packet          60 B hands it up: to TCP
      ↑ 4 transport     segment         40 B takes off 40 bytes: TCP 52344 → 80 [SYN] Seq=0 Win=65535
                                             Len=0 MSS=1460 SACK_PERM TSval=100 TSecr=0 WS=128
                                             cc 78 00 50 00 00 03 e8 00 00 00 00 a0 02 ff ff ...
      ■                 segment         40 B the segment carried no data and did its work here (RFC 9293)
                                             CLOSED -> SYN-RECEIVED: SYN came
      "
    `);
    expect(`\n${formatJourney(recorder.journeyOf(get), { model: 'five', width: 80 })}\n`).toMatchInlineSnapshot(`
      "
      alice ────────────────────────────────────────────────────────────────── at 42us
      ↓ 5 application   data            18 B GET / HTTP/1.0
      ↓                 data                 send 18 bytes
      ↓ 4 transport     segment         38 B puts on 20 bytes: TCP 52344 → 80 [PSH,
                                             ACK] Seq=1 Ack=1 Win=65535 Len=18
                                             cc 78 00 50 00 00 03 e9
                                             00 00 00 01 50 18 ff ff
                                             ea 0e 00 00
      ↓ 3 network       packet          58 B puts on 20 bytes: 10.0.1.10 > 10.0.1.80
                                             TCP
                                             45 00 00 3a 12 34 40 00
                                             40 06 12 31 0a 00 01 0a
                                             0a 00 01 50
      ↓ 2 data link     frame           72 B puts on 14 bytes: eth0
                                             02 00 00 00 00 50 02 00
                                             00 00 00 0a 08 00
      ✗ 1 physical      bits        672 bits dropped on alice:eth0-sw1:1: lost on the
                                             line (the scenario says so)
      "
    `);
    const four = formatJourney(recorder.journeyOf(get), { model: 'four', headerBytes: 0 });
    expect(four.match(/\d (application|transport|internet|link)/g)).toEqual([
      '4 application',
      '3 transport',
      '2 internet',
      '1 link',
    ]);
    expect(formatJourney([])).toBe('');
  });

  it('hands every piece of text to the style', () => {
    const { recorder, get } = visit();
    const roles = new Set<string>();
    const printed = formatJourney(recorder.journeyOf(get), {
      style: (piece, role) => {
        roles.add(role);
        return piece;
      },
    });
    expect(printed).toBe(formatJourney(recorder.journeyOf(get), { style: plain }));
    expect([...roles].sort()).toEqual([
      'arrow',
      'device',
      'drop',
      'hex',
      'layer',
      'rule',
      'size',
      'text',
      'time',
      'unit',
    ]);
  });

  it('reaches the program that reads', () => {
    const { recorder, pool, at } = stage();
    const packet = pool.from(ethernet(ipv4(udp(text('hello there')), { protocol: 17 })));
    at('web', 2, What.Receive, packet, 0);
    at('web', 3, What.Receive, packet, 14);
    at('web', 4, What.Deliver, packet, 34, '', 0, 'RFC 768');
    at('web', 5, What.Call, null, 0, 'receive 11 bytes');
    at('web', 5, What.Call, null, 0, 'receive 11 bytes'); // another packet's
    const steps = recorder.journeyOf(packet.id);
    expect(steps.map((step) => step.layer)).toEqual([2, 3, 4, 5, 7]);
    expect(steps.at(-1)!.text).toBe('"hello there"');
  });

  it('credits data that is sent later to the call that gave it', () => {
    const { recorder, pool, at, wait } = stage();
    const data = (): ReturnType<typeof pool.from> =>
      pool.from(ethernet(ipv4(tcp(text('x'.repeat(100)), { dport: 9 }), { protocol: 6 })));
    const [first, second, pure] = [data(), data(), pool.from(ethernet(ipv4(tcp([], { dport: 9 }), { protocol: 6 })))];
    at('alice', 5, What.Call, null, 0, 'send 200 bytes');
    at('alice', 4, What.Send, first!, 34, '', 0, 'RFC 9293');
    wait(1e6);
    at('alice', 4, What.Retransmit, null, 0, '100 bytes: RTO');
    at('alice', 4, What.Send, second!, 34, '', 0, 'RFC 9293');
    at('alice', 4, What.Send, pure!, 34, '', 0, 'RFC 9293');
    const told = [first, second, pure].map((packet) =>
      recorder.journeyOf(packet!.id).map((step) => `${step.layer} ${step.text.slice(0, 14)}`),
    );
    expect(told).toEqual(
      [
        ['7 "xxxxxxxxxxxxx', '5 send 200 bytes', '4 TCP 52344 → 9 '],
        ['7 "xxxxxxxxxxxxx', '5 send 200 bytes', '4 100 bytes: RTO', '4 TCP 52344 → 9 '],
        ['4 TCP 52344 → 9 '],
      ].map((steps) => steps.map((step) => step.slice(0, 16))),
    );
  });
});

describe('JourneyRecorder', () => {
  it('keeps the newest events, up to its limit', () => {
    const { recorder, pool, at } = stage({ limit: 3 });
    const packet = pool.from(ethernet([]));
    for (let i = 0; i < 5; i++) at(`node${i}`, 2, What.Forward, packet);
    expect(recorder.events().map((event) => event.node)).toEqual(['node2', 'node3', 'node4']);
    expect(recorder.forgotten).toBe(2);
    expect(recorder.packets()).toMatchObject([{ id: packet.id, first: { node: 'node2' } }]);
    recorder.clear();
    expect(recorder.events()).toEqual([]);
    expect(recorder.journeyOf(packet.id)).toEqual([]);
  });

  it('copies what it keeps, and no more than it was told to', () => {
    const { recorder, pool, at } = stage({ snapBytes: 20 });
    const packet = pool.from(new Uint8Array(100).fill(7));
    at('a', 2, What.Send, packet);
    packet.bytes.fill(0);
    expect([...recorder.events()[0]!.bytes]).toEqual(new Array(20).fill(7));
    expect(recorder.events()[0]!.length).toBe(100);
  });

  it('passes events on', () => {
    const heard: string[] = [];
    const { at } = stage({ next: { event: (node: string) => void heard.push(node) } });
    at('alice', 4, What.State, null);
    expect(heard).toEqual(['alice']);
  });

  it('makes something of any bytes', () => {
    const { recorder, pool, at } = stage();
    const packet = pool.from(new Uint8Array(64));
    for (let layer = 1; layer <= 7; layer++) {
      for (const what of Object.values(What)) {
        for (const offset of [0, 14, 34, 63, 64]) at('x', layer, what, packet, offset, 'd', what === What.Drop ? 5 : 0);
      }
    }
    expect(formatJourney(recorder.journeyOf(packet.id)).length).toBeGreaterThan(0);
  });
});

it('layers stand in each model where RFC 1122 and ISO 7498 put them', () => {
  const names = (model: 'osi' | 'five' | 'four'): string[] =>
    [1, 2, 3, 4, 5, 6, 7].map((layer) => `${layerIn(model, layer).number} ${layerIn(model, layer).name}`);
  expect(names('osi')).toEqual([
    '1 physical',
    '2 data link',
    '3 network',
    '4 transport',
    '5 session',
    '6 presentation',
    '7 application',
  ]);
  expect(names('five').slice(3)).toEqual(['4 transport', '5 application', '5 application', '5 application']);
  expect(names('four')).toEqual([
    '1 link',
    '1 link',
    '2 internet',
    '3 transport',
    ...new Array(3).fill('4 application'),
  ]);
});

describe('a routing loop', () => {
  it('is told where the time to live runs out', () => {
    const { recorder, pool, at, wait } = stage();
    const packet = pool.from(ethernet(ipv4(udp([1, 2, 3, 4]), { protocol: 17 })));
    at('alice', 3, What.Send, packet, 14, '10.0.1.10 > 10.0.9.9 UDP');
    for (const router of ['r0', 'r1', 'r2', 'r3', 'r1', 'r2', 'r3']) {
      wait(1000);
      at(router, 3, What.Forward, packet, 14, 'to 10.0.9.9 by route default');
    }
    at('r1', 3, What.Drop, packet, 14, '', Drop.IP_TTL_EXPIRED, 'RFC 791 3.2');
    const last = recorder.journeyOf(packet.id).at(-1)!;
    expect(last.text).toBe(
      'dropped: the time to live ran out: it went in circles: r1, r2, r3, r1 (r1 passed it on 2 times before)',
    );
    packet.release();
  });
});
