import { describe, expect, it } from 'vitest';
import { update16 } from '../../base/checksum.ts';
import { Drop } from '../../base/drop-reasons.ts';
import { IpAddress } from '../../base/ip-address.ts';
import type { Limits } from '../../base/limits.ts';
import { MacAddress } from '../../base/mac-address.ts';
import { Checksum, type PacketBuffer } from '../../base/packet-buffer.ts';
import { Prefix } from '../../base/prefix.ts';
import { Random } from '../../base/random.ts';
import { expectNoLeaks, testNode } from '../../testing/test-node.ts';
import type { IpInterface } from '../ip-interface.ts';
import type { IpLink, LinkHandler } from '../ip-link.ts';
import { Ipv4 } from '../ipv4.ts';
import { Firewall } from './firewall.ts';
import { flowStateName } from './flow-states.ts';
import { FlowFlag, TUPLE } from './flow-table.ts';
import { checksumFaults, icmp, tcp, tupleOf, udp } from './testing/packets.ts';
import { parseRange, type Vocabulary } from './vocabulary.ts';

const SYN = 2;
const ACK = 16;
const SYN_ACK = 18;
const FIN_ACK = 17;
const RST = 4;

function v4(text: string): number {
  return IpAddress.parse(text)!.v4;
}

const NAMES: Vocabulary = {
  addresses: (name) => (name === 'web' ? [parseRange('10.0.2.80')!] : null),
  service: () => -1,
  names: () => ['web'],
  interfaces: () => null,
};

/** A link that throws away what is sent. */
class Nowhere implements IpLink {
  readonly mac = MacAddress.ZERO;
  mtu = 1500;
  readonly up = true;
  checksumOffload = false;
  segmentOffload = 0;
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
  output(packet: PacketBuffer): number {
    packet.release();
    return 0;
  }
  register(_etherType: number, _handler: LinkHandler | null): void {}
}

/** A router with two interfaces, and packets handed to its hooks by hand. */
class Hooks {
  readonly world;
  readonly ip: Ipv4;
  readonly firewall: Firewall;
  readonly inside: IpInterface;
  readonly outside: IpInterface;
  readonly drops: string[] = [];

  constructor(nat: string[], limits: Partial<Limits> = {}) {
    this.world = testNode('r1', limits);
    this.ip = new Ipv4(this.world.node);
    this.ip.forwarding = true;
    const eth0 = new Nowhere('eth0');
    const eth1 = new Nowhere('eth1');
    this.inside = this.ip.addInterface(eth0);
    this.outside = this.ip.addInterface(eth1);
    this.ip.addAddress(eth0, Prefix.parse('10.0.1.1/24')!);
    this.ip.addAddress(eth1, Prefix.parse('203.0.113.1/24')!);
    this.firewall = new Firewall(this.world.node, this.ip, NAMES);
    for (const text of nat) expect(this.firewall.addNat(text)).toBe(null);
    this.world.node.trace = {
      event: (_node, _layer, what, _packet, _reason, detail) => {
        if (what === 'drop') this.drops.push(detail);
      },
    };
  }

  get pool() {
    return this.world.pool;
  }

  /** Through the router, from one side to the other; null: it went no further. */
  pass(packet: PacketBuffer, from: IpInterface, to?: IpInterface): PacketBuffer | null {
    packet.device = from.index;
    const first = this.firewall.prerouting(packet, from);
    if (first === null) return null;
    const destination = first.view.getUint32(first.start + 16);
    if (this.ip.isLocal(IpAddress.v4(destination))) return this.firewall.input(first, from);
    const out = to ?? (destination >>> 24 === 10 ? this.inside : this.outside);
    const second = this.firewall.forward(first, out);
    return second === null ? null : this.firewall.postrouting(second, out, true);
  }

  /** What it looks like behind the router; `null` when it went no further. */
  seen(packet: PacketBuffer, from: IpInterface): string | null {
    const passed = this.pass(packet, from);
    if (passed === null) return null;
    expect(checksumFaults(passed)).toBe('');
    const text = tupleOf(passed);
    passed.release();
    return text;
  }

  /** No two of all tracked conversations have a tuple in common. */
  clashes(): string[] {
    const { table } = this.firewall.tracker;
    const owners = new Map<string, number>();
    const found: string[] = [];
    for (let flow = 0; flow < table.end; flow++) {
      if (table.state(flow) === 0 || table.expired(flow, this.world.node.clock.now)) continue;
      for (let direction = 0; direction < 2; direction++) {
        const words = Array.from({ length: TUPLE }, (_, n) => table.word(flow, direction, n));
        const text = `${table.protocol(flow)} ${words.join(' ')}`;
        const other = owners.get(text);
        if (other !== undefined && other !== flow) found.push(text);
        owners.set(text, flow);
      }
    }
    return found;
  }

  advance(seconds: number): void {
    this.world.queue.now += seconds * 1e9;
  }
}

const A = v4('10.0.1.10');
const B = v4('10.0.1.11');
const S = v4('198.51.100.7');
const T = v4('198.51.100.8');
const OUT = v4('203.0.113.1');

describe('translation of sources', () => {
  it('keeps the port when it is free, and maps an endpoint to one endpoint whomever it speaks to (RFC 4787 4.1)', () => {
    const hooks = new Hooks(['masquerade out eth1']);
    const { pool, inside, outside } = hooks;
    expect(hooks.seen(udp(pool, A, 5000, S, 53), inside)).toBe('17 203.0.113.1:5000 > 198.51.100.7:53');
    expect(hooks.seen(udp(pool, S, 53, OUT, 5000), outside)).toBe('17 198.51.100.7:53 > 10.0.1.10:5000');
    expect(hooks.seen(udp(pool, A, 5000, T, 99), inside)).toBe('17 203.0.113.1:5000 > 198.51.100.8:99');
    const other = hooks.seen(udp(pool, B, 5000, S, 53), inside)!;
    expect(other).toMatch(/^17 203\.0\.113\.1:\d+ > 198\.51\.100\.7:53$/);
    expect(other).not.toContain(':5000 ');
    const port = Number(/:(\d+) /.exec(other)![1]);
    expect(port).toBeGreaterThan(1023);
    expect(hooks.seen(udp(pool, S, 53, OUT, port), outside)).toBe('17 198.51.100.7:53 > 10.0.1.11:5000');
    // TCP is another matter, and so are ports below 1024.
    expect(hooks.seen(tcp(pool, B, 5000, S, 80, SYN), inside)).toBe('6 203.0.113.1:5000 > 198.51.100.7:80');
    expect(hooks.seen(udp(pool, A, 500, S, 500), inside)).toBe('17 203.0.113.1:500 > 198.51.100.7:500');
    expect(hooks.seen(udp(pool, B, 500, S, 500), inside)).toMatch(/^17 203\.0\.113\.1:\d{1,3} > /);
    expect(hooks.clashes()).toEqual([]);
    expectNoLeaks(pool);
  });

  it('only who was spoken to may answer; with `open`, anybody', () => {
    const strict = new Hooks(['masquerade out eth1']);
    strict.seen(udp(strict.pool, A, 5000, S, 53), strict.inside);
    expect(strict.seen(udp(strict.pool, T, 53, OUT, 5000), strict.outside)).toBe(
      '17 198.51.100.8:53 > 203.0.113.1:5000',
    );
    const open = new Hooks(['masquerade out eth1 open']);
    open.seen(udp(open.pool, A, 5000, S, 53), open.inside);
    expect(open.seen(udp(open.pool, T, 53, OUT, 5000), open.outside)).toBe('17 198.51.100.8:53 > 10.0.1.10:5000');
    expect(open.seen(udp(open.pool, A, 5000, T, 53), open.inside)).toBe('17 203.0.113.1:5000 > 198.51.100.8:53');
  });

  it('echoes by their identifier, one for one', () => {
    const hooks = new Hooks(['masquerade out eth1']);
    const { pool, inside, outside } = hooks;
    const id = (number: number) => (number << 16) | 1;
    expect(hooks.seen(icmp(pool, A, S, 8, id(7)), inside)).toBe('1 203.0.113.1:7 > 198.51.100.7:8');
    const second = hooks.seen(icmp(pool, B, S, 8, id(7)), inside)!;
    const other = Number(/:(\d+) /.exec(second)![1]);
    expect(other).not.toBe(7);
    expect(hooks.seen(icmp(pool, S, OUT, 0, id(other)), outside)).toBe('1 198.51.100.7:7 > 10.0.1.11:0');
    expect(hooks.seen(icmp(pool, S, OUT, 0, id(7)), outside)).toBe('1 198.51.100.7:7 > 10.0.1.10:0');
  });

  it('ranges, one address for each inside address; 1:1, both ways', () => {
    const hooks = new Hooks([
      'map 10.0.1.80 to 203.0.113.80 out eth1',
      'source 10.0.1.0/24 to 203.0.113.5-203.0.113.8 out eth1',
    ]);
    const { pool, inside, outside } = hooks;
    const first = hooks.seen(udp(pool, A, 1000, S, 1), inside)!.split(':')[0];
    for (let port = 1001; port < 1020; port++) {
      expect(hooks.seen(udp(pool, A, port, S, port), inside)!.split(':')[0]).toBe(first);
    }
    const used = new Set<string>();
    for (let host = 2; host < 60; host++)
      used.add(hooks.seen(udp(pool, v4(`10.0.1.${host}`), 1, S, 2), inside)!.split(':')[0]!);
    expect(used.size).toBe(4);
    expect(hooks.seen(tcp(pool, v4('10.0.1.80'), 99, S, 80, SYN), inside)).toBe('6 203.0.113.80:99 > 198.51.100.7:80');
    expect(hooks.seen(tcp(pool, T, 99, v4('203.0.113.80'), 22, SYN), outside)).toBe('6 198.51.100.8:99 > 10.0.1.80:22');
    expect(hooks.seen(tcp(pool, v4('10.0.1.80'), 22, T, 99, SYN_ACK), inside)).toBe(
      '6 203.0.113.80:22 > 198.51.100.8:99',
    );
  });

  it('says when no port is left, and has them again when conversations are over', () => {
    const hooks = new Hooks(['masquerade out eth1 ports 4000-4003']);
    const { pool, inside } = hooks;
    const used = new Set<string>();
    for (let port = 1; port <= 4; port++) used.add(hooks.seen(udp(pool, A, port, S, 53), inside)!);
    expect(used.size).toBe(4);
    expect(hooks.seen(udp(pool, A, 5, S, 53), inside)).toBe(null);
    expect(hooks.world.node.drops[Drop.NAT_EXHAUSTED]).toBe(1);
    expect(hooks.drops.at(-1)).toBe('UDP from 10.0.1.10:5, at 203.0.113.1');
    hooks.advance(119);
    expect(hooks.seen(udp(pool, A, 5, S, 53), inside)).toBe(null);
    hooks.advance(400);
    expect(hooks.seen(udp(pool, A, 5, S, 53), inside)).toMatch(/:400[0-3] >/);
    expectNoLeaks(pool);
  });

  it('what belongs to no conversation does not leave with an inside address', () => {
    const hooks = new Hooks(['masquerade out eth1']);
    expect(hooks.seen(tcp(hooks.pool, A, 1, S, 80, RST), hooks.inside)).toBe(null);
    expect(hooks.world.node.drops[Drop.NAT_UNTRACKED]).toBe(1);
    expectNoLeaks(hooks.pool);
  });

  it('an address that is gone ends what was translated to it', () => {
    const hooks = new Hooks(['masquerade out eth1']);
    const { pool, inside } = hooks;
    hooks.seen(udp(pool, A, 5000, S, 53), inside);
    const link = hooks.outside.link;
    hooks.ip.removeAddress(link, IpAddress.v4(OUT));
    hooks.ip.addAddress(link, Prefix.parse('203.0.113.44/24')!);
    expect(hooks.seen(udp(pool, A, 5000, S, 53), inside)).toBe('17 203.0.113.44:5000 > 198.51.100.7:53');
    expect(hooks.firewall.tracker.table.count).toBe(1);
  });
});

describe('checksums', () => {
  it('UDP without one stays without', () => {
    const hooks = new Hooks(['masquerade out eth1']);
    const passed = hooks.pass(udp(hooks.pool, A, 5000, S, 53, false), hooks.inside)!;
    expect(passed.view.getUint16(passed.start + 26)).toBe(0);
    passed.release();
  });

  it('what was wrong stays wrong', () => {
    const hooks = new Hooks(['masquerade out eth1']);
    const packet = udp(hooks.pool, A, 5000, S, 53);
    packet.bytes[packet.end - 1]! ^= 1;
    const passed = hooks.pass(packet, hooks.inside)!;
    expect(checksumFaults(passed)).toBe('transport');
    passed.release();
  });

  it('one that the interface is to finish is finished right, whatever the addresses', () => {
    const random = new Random(3);
    for (let round = 0; round < 2000; round++) {
      const hooks = round % 500 === 0 || round === 0 ? new Hooks(['masquerade out eth1']) : last;
      last = hooks;
      const packet = tcp(
        hooks.pool,
        A,
        random.below(65_536),
        (random.u32() % 0xc0000000) | 0x10000000,
        80,
        SYN,
        random.below(50),
      );
      const at = packet.l4;
      const { view } = packet;
      const pseudo = partialSum(view, packet.start, packet.end - at);
      view.setUint16(at + 16, pseudo);
      packet.checksum = Checksum.Partial;
      packet.checksumStart = at;
      packet.checksumField = at + 16;
      const passed = hooks.pass(packet, hooks.inside)!;
      const expected = partialSum(passed.view, passed.start, passed.end - passed.l4);
      // In one's complement there are two zeros.
      expect(passed.view.getUint16(passed.l4 + 16) % 0xffff).toBe(expected % 0xffff);
      passed.release();
    }
    expect(update16(0, 0, 0)).toBe(0);
  });
});

let last = new Hooks([]);

function partialSum(view: DataView, start: number, length: number): number {
  let sum = 6 + length;
  for (let at = start + 12; at < start + 20; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

describe('ICMP errors', () => {
  it('find their way back through the translation, and so does the packet that they quote', () => {
    const hooks = new Hooks(['masquerade out eth1']);
    const { pool, inside, outside } = hooks;
    for (const make of [
      () => udp(pool, B, 5000, S, 53),
      () => tcp(pool, B, 5000, S, 53, SYN),
      () => icmp(pool, B, S, 8, (5000 << 16) | 1),
    ]) {
      make().release();
      hooks.seen(udp(pool, A, 5000, S, 53), inside); // takes the port
      const sent = hooks.pass(make(), inside)!;
      const quote = sent.slice().slice(0, 28);
      sent.release();
      const error = hooks.pass(icmp(pool, v4('192.0.2.9'), OUT, 11, 0, quote), outside)!;
      expect(checksumFaults(error)).toBe('');
      expect(error.view.getUint32(error.start + 12)).toBe(v4('192.0.2.9'));
      expect(error.view.getUint32(error.start + 16)).toBe(B);
      const quoted = error.start + 28;
      expect(error.view.getUint32(quoted + 12)).toBe(B);
      const at = error.view.getUint8(quoted + 9) === 1 ? quoted + 24 : quoted + 20;
      expect(error.view.getUint16(at)).toBe(5000);
      error.release();
    }
    expectNoLeaks(pool);
  });

  it('about nothing that is known, or with a wrong checksum, are not taken for an answer', () => {
    const hooks = new Hooks(['masquerade out eth1']);
    hooks.firewall.book.add('allow established');
    hooks.firewall.book.add('allow in eth0');
    hooks.firewall.book.setPolicy('forward', 'deny');
    hooks.firewall.book.setPolicy('input', 'deny');
    const { pool, inside, outside } = hooks;
    const sent = hooks.pass(udp(pool, A, 5000, S, 53), inside)!;
    const quote = sent.slice().slice(0, 28);
    sent.release();
    const wrong = icmp(pool, S, OUT, 3, 0, quote);
    wrong.bytes[wrong.end - 1]! ^= 1;
    expect(hooks.pass(wrong, outside)).toBe(null);
    quote[21]! ^= 1;
    expect(hooks.pass(icmp(pool, S, OUT, 3, 0, quote), outside)).toBe(null);
    expect(hooks.drops.at(-1)).toBe("r1's firewall, no rule: policy of input is deny");
    expectNoLeaks(pool);
  });
});

describe('the table of conversations', () => {
  it('follows TCP from SYN to the end', () => {
    const hooks = new Hooks([]);
    const { pool, inside, outside } = hooks;
    const { table } = hooks.firewall.tracker;
    const steps: [() => PacketBuffer, IpInterface, string, number][] = [
      [() => tcp(pool, A, 1000, S, 80, SYN), inside, 'syn-sent', 120],
      [() => tcp(pool, S, 80, A, 1000, SYN_ACK), outside, 'syn-received', 60],
      [() => tcp(pool, A, 1000, S, 80, ACK), inside, 'established', 432_000],
      [() => tcp(pool, A, 1000, S, 80, FIN_ACK), inside, 'fin-wait', 120],
      [() => tcp(pool, S, 80, A, 1000, ACK), outside, 'close-wait', 60],
      [() => tcp(pool, S, 80, A, 1000, FIN_ACK), outside, 'last-ack', 30],
      [() => tcp(pool, A, 1000, S, 80, ACK), inside, 'time-wait', 120],
    ];
    for (const [make, from, state, seconds] of steps) {
      hooks.pass(make(), from)!.release();
      expect([flowStateName(table.state(0)), table.left(0, hooks.world.node.clock.now)]).toEqual([state, seconds]);
    }
    hooks.pass(tcp(pool, A, 1000, S, 80, SYN), inside)!.release();
    expect(flowStateName(table.state(0))).toBe('syn-sent');
    hooks.pass(tcp(pool, S, 80, A, 1000, RST | ACK), outside)!.release();
    expect([flowStateName(table.state(0)), table.left(0, hooks.world.node.clock.now)]).toEqual(['close', 10]);
    expect([table.count, table.packets[0], table.packets[1]]).toEqual([1, 5, 4]);
    expectNoLeaks(pool);
  });

  it('when it is full, gives up what nobody has answered, and then lets nobody new in', () => {
    const hooks = new Hooks([], { conntrackEntries: 4 });
    const { pool, inside, outside } = hooks;
    const { table } = hooks.firewall.tracker;
    const open = (port: number) => {
      hooks.pass(tcp(pool, A, port, S, 80, SYN), inside)?.release();
      hooks.pass(tcp(pool, S, 80, A, port, SYN_ACK), outside)?.release();
      hooks.pass(tcp(pool, A, port, S, 80, ACK), inside)?.release();
    };
    for (let port = 1; port <= 3; port++) open(port);
    hooks.pass(udp(pool, A, 9, S, 9), inside)!.release();
    expect(table.count).toBe(4);
    open(4);
    expect([table.count, hooks.world.node.drops[Drop.CONNTRACK_FULL]]).toEqual([4, 0]);
    for (let flow = 0; flow < 4; flow++) expect(table.flags(flow) & FlowFlag.Assured).toBe(FlowFlag.Assured);
    expect(hooks.seen(tcp(pool, A, 5, S, 80, SYN), inside)).toBe(null);
    expect(hooks.world.node.drops[Drop.CONNTRACK_FULL]).toBe(1);
    expect(hooks.drops.at(-1)).toBe('r1 tracks 4');
    // Those that are there go on, and time makes room.
    expect(hooks.seen(tcp(pool, A, 1, S, 80, ACK), inside)).not.toBe(null);
    hooks.advance(432_001);
    expect(hooks.seen(tcp(pool, A, 5, S, 80, SYN), inside)).not.toBe(null);
    expectNoLeaks(pool);
  });

  it('does so with a translation, whose mappings are given up with their conversations', () => {
    const hooks = new Hooks(['masquerade out eth1'], { conntrackEntries: 4 });
    const { pool, inside, outside, firewall } = hooks;
    const { drops } = hooks.world.node;
    for (let port = 1; port <= 100; port++) hooks.pass(udp(pool, A, 2000 + port, S, 9), inside)!.release();
    expect([firewall.tracker.table.count, firewall.nat.mappings.count]).toEqual([4, 4]);
    for (let port = 1; port <= 4; port++) {
      hooks.pass(tcp(pool, A, 1500 + port, S, 80, SYN), inside)!.release();
      hooks.pass(tcp(pool, S, 80, OUT, 1500 + port, SYN_ACK), outside)!.release();
      hooks.pass(tcp(pool, A, 1500 + port, S, 80, ACK), inside)!.release();
    }
    expect(hooks.seen(tcp(pool, A, 1600, S, 80, SYN), inside)).toBe(null);
    expect([drops[Drop.CONNTRACK_FULL], drops[Drop.NAT_EXHAUSTED]]).toEqual([1, 0]);
    expect(hooks.drops.at(-1)).toBe('r1 tracks 4');
    expect(hooks.seen(tcp(pool, A, 1501, S, 80, ACK), inside)).not.toBe(null);
    expectNoLeaks(pool);
  });
});

it('refuses to forward to ports that there are not', () => {
  const { firewall } = new Hooks([]);
  expect(firewall.addNat('forward tcp port 8000-8010 to web:65530')?.message).toContain(
    'there are no 11 ports from 65530',
  );
  expect(firewall.addNat('forward tcp port 8000-8005 to web:65530')).toBe(null);
});

describe('whatever comes', () => {
  it('no two conversations are ever mapped to one tuple, and every answer finds who asked', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new Random(seed);
      const ports = `ports ${2000}-${2000 + 30 + random.below(100)}`;
      const hooks = new Hooks([
        `masquerade out eth1 ${random.chance(0.5) ? ports : ''} ${random.chance(0.3) ? 'open' : ''}`,
        'forward tcp,udp port 2005-2010 to 10.0.1.80:80',
        'forward tcp,udp port 8080 to 10.0.1.81',
      ]);
      const { pool, inside, outside } = hooks;
      let answered = 0;
      for (let step = 0; step < 400; step++) {
        const host = v4(`10.0.1.${10 + random.below(5)}`);
        const server = [S, T, OUT][random.below(3)]!;
        const port = 2000 + random.below(12);
        const to = [80, 2005, 8080, 2000 + random.below(12)][random.below(4)]!;
        const kind = random.below(3);
        const outsideIn = random.chance(0.25);
        const from = outsideIn ? outside : inside;
        const [a, b] = outsideIn ? [[S, T][random.below(2)]!, random.chance(0.9) ? OUT : host] : [host, server];
        const packet =
          kind === 0
            ? udp(pool, a, port, b, to)
            : kind === 1
              ? tcp(pool, a, port, b, to, random.chance(0.8) ? SYN : ACK)
              : icmp(pool, a, b, 8, (port << 16) | step);
        const before = tupleOf(packet);
        const passed = hooks.pass(packet, from);
        if (passed !== null) {
          expect(checksumFaults(passed)).toBe('');
          answered += answer(hooks, passed, before);
        }
        if (step % 20 === 0) expect(hooks.clashes()).toEqual([]);
        if (random.chance(0.02)) hooks.advance(random.below(200));
      }
      expect(hooks.clashes()).toEqual([]);
      expect(answered).toBeGreaterThan(100);
      expectNoLeaks(pool);
    }
  });

  it('damaged and cut packets end in a verdict', () => {
    const hooks = new Hooks(['masquerade out eth1', 'forward tcp port 80 to web']);
    hooks.firewall.book.add('reject tcp port 80 with reset rate 10/s');
    hooks.firewall.book.add('reject invalid');
    const { pool, inside, outside } = hooks;
    const random = new Random(9);
    const quote = () => {
      const inner = udp(pool, OUT, 5000, S, 53);
      const bytes = inner.slice().slice();
      inner.release();
      return bytes;
    };
    const makers = [
      () => udp(pool, A, 5000, S, 53),
      () => tcp(pool, A, 5000, S, 80, SYN, 20),
      () => tcp(pool, S, 80, OUT, 80, SYN),
      () => icmp(pool, A, S, 8, 7 << 16),
      () => icmp(pool, S, OUT, 3, 0, quote()),
    ];
    for (const make of makers) {
      const whole = make();
      const { length } = whole;
      whole.release();
      for (let n = 20; n <= length; n++) {
        const packet = make();
        packet.trim(n);
        hooks.pass(packet, random.chance(0.5) ? inside : outside)?.release();
      }
    }
    for (let round = 0; round < 100_000; round++) {
      const packet = makers[round % makers.length]!();
      for (let flips = 1 + random.below(3); flips > 0; flips--) {
        // What the input checks of the header is right here.
        const at = packet.start + 8 + random.below(packet.length - 8);
        packet.bytes[at]! ^= 1 << random.below(8);
      }
      hooks.pass(packet, random.chance(0.5) ? inside : outside)?.release();
    }
    expect(hooks.clashes()).toEqual([]);
    hooks.world.queue.runUntil?.(hooks.world.node.clock.now + 1e9);
    hooks.ip.stop();
    expectNoLeaks(pool);
  });
});

/** Answers a packet that passed from where it went; 1 when the answer reached who had asked, as it must. */
function answer(hooks: Hooks, packet: PacketBuffer, before: string): number {
  const { view, start } = packet;
  const protocol = view.getUint8(start + 9);
  const from = view.getUint32(start + 16);
  const to = view.getUint32(start + 12);
  const transport = start + 20;
  const [sourcePort, destinationPort] = [view.getUint16(transport), view.getUint16(transport + 2)];
  const identifier = protocol === 1 ? view.getUint16(transport + 4) : 0;
  const isSyn = protocol === 6 && (view.getUint8(transport + 13) & SYN) !== 0;
  packet.release();
  if (hooks.ip.isLocal(IpAddress.v4(from)) || (protocol === 6 && !isSyn)) return 0;
  const { pool } = hooks;
  const reply =
    protocol === 17
      ? udp(pool, from, destinationPort, to, sourcePort)
      : protocol === 6
        ? tcp(pool, from, destinationPort, to, sourcePort, SYN_ACK)
        : icmp(pool, from, to, 0, identifier << 16);
  const back = hooks.pass(reply, from >>> 24 === 10 ? hooks.inside : hooks.outside)!;
  const [asker, asked] = before.split(' > ') as [string, string];
  const expected =
    protocol === 1
      ? `1 ${asked.split(':')[0]}:${asker.split(':')[1]} > ${asker.split(':')[0]!.slice(2)}:0`
      : `${protocol} ${asked} > ${asker.slice(asker.indexOf(' ') + 1)}`;
  expect(tupleOf(back)).toBe(expected);
  expect(checksumFaults(back)).toBe('');
  back.release();
  return 1;
}
