import { describe, expect, it } from 'vitest';
import { MacAddress } from '../../base/mac-address.ts';
import { expectNoLeaks } from '../../testing/test-node.ts';
import { type Neighbour, NeighbourState, neighbourStateName } from '../neighbour.ts';
import { ip } from '../testing/fake-link.ts';
import { NaFlag, NdType, solicitedNode } from './nd-messages.ts';
import { NdOption } from './nd-options.ts';
import { icmp6Packet, neighbourMessage } from './testing/icmp6-packets.ts';
import { Host6, World6 } from './testing/lan6.ts';

const PEER = '2001:db8::2';
const A = '02:00:00:00:00:aa';
const B = '02:00:00:00:00:bb';

/** A host at 2001:db8::1, alone on its link: the test speaks for everybody else. */
function alone(router = false) {
  const world = new World6();
  const lan = world.lan();
  const host = new Host6(world, lan, 'a', '02:00:00:00:00:0a', { router }).add('2001:db8::1/64');
  world.pass(5);
  lan.log.length = 0;
  return { world, lan, host };
}

type Alone = ReturnType<typeof alone>;

/** Lets the host send a packet to the peer, so that it asks for it. */
function speak({ host, world }: Alone, to = PEER): void {
  const packet = world.pool.acquire(8);
  packet.bytes.fill(0, packet.put(8), packet.end);
  host.ipv6.send(packet, 17, null, ip(to));
}

function entryOf({ host }: Alone, address = PEER): Neighbour | null {
  const { w0, w1, w2, w3 } = ip(address);
  return host.ipv6.neighbours.find(w0, w1, w2, w3, host.eth0.ip);
}

function stateOf(test: Alone): string {
  const entry = entryOf(test);
  return entry === null ? 'none' : `${neighbourStateName(entry.stateAt(test.world.queue.now))} ${entry.mac}`;
}

/** The peer advertises itself: with these flags, and this MAC address (null: without). */
function advertise({ world, lan, host }: Alone, flags: number, mac: string | null, to = '2001:db8::1'): void {
  const option = mac === null ? null : { type: NdOption.TargetLinkAddress, mac };
  const message = neighbourMessage(world.pool, NdType.NeighbourAdvertisement, flags, PEER, option);
  const toMac = to === '2001:db8::1' ? host.link.mac : MacAddress.parse('33:33:00:00:00:01')!;
  lan.inject(icmp6Packet(message, PEER, to), toMac);
  world.pass(0.001);
}

/** The peer asks for `target`. */
function solicit({ world, lan }: Alone, source: string, target: string, mac: string | null): void {
  const option = mac === null ? null : { type: NdOption.SourceLinkAddress, mac };
  const message = neighbourMessage(world.pool, NdType.NeighbourSolicitation, 0, target, option);
  const group = solicitedNode(ip(target));
  lan.inject(icmp6Packet(message, source, `${group}`), new MacAddress(0x3333, group.w3));
  world.pass(0.001);
}

describe('A neighbour is asked for (RFC 4861 7.2.2)', () => {
  it('by its solicited-node group, three times, a second apart; then what waited is dropped, and why', () => {
    const test = alone();
    speak(test);
    expect(test.lan.log).toEqual(['5000 ms 2001:db8::1 > ff02::1:ff00:2 neighbour solicitation for 2001:db8::2']);
    test.world.pass(5);
    expect(test.lan.log.filter((line) => line.includes('neighbour solicitation'))).toHaveLength(3);
    expect(test.host.heard('wait: for neighbour discovery of 2001:db8::2')).toBe(true);
    expect(test.host.heard('drop: waiting for neighbour discovery of 2001:db8::2, 3 tries')).toBe(true);
    expect(stateOf(test)).toMatch(/^FAILED/);
    expectNoLeaks(test.world.pool);
  });

  it('and what waited is sent when it answers', () => {
    const test = alone();
    speak(test);
    speak(test);
    advertise(test, NaFlag.Solicited | NaFlag.Override, A);
    expect(stateOf(test)).toBe(`REACHABLE ${A}`);
    expect(test.lan.log.filter((line) => line.includes('> 2001:db8::2'))).toHaveLength(2);
    expectNoLeaks(test.world.pool);
  });

  it('goes stale, is asked itself when it is spoken to, and fails when it is silent', () => {
    const test = alone();
    speak(test);
    advertise(test, NaFlag.Solicited | NaFlag.Override, A);
    test.world.pass(60);
    expect(stateOf(test)).toBe(`STALE ${A}`);
    speak(test);
    expect(stateOf(test)).toBe(`DELAY ${A}`);
    test.lan.log.length = 0;
    test.world.pass(6);
    expect(stateOf(test)).toBe(`PROBE ${A}`);
    expect(test.lan.log[0]).toContain('2001:db8::1 > 2001:db8::2 neighbour solicitation');
    test.world.pass(3);
    expect(stateOf(test)).toMatch(/^FAILED/);
  });

  it('asks as often, and believes as long, as a router said', () => {
    const test = alone();
    test.host.eth0.retransmitNs = 100e6;
    test.host.eth0.reachableNs = 1e9;
    speak(test);
    test.world.pass(0.25);
    expect(test.lan.log).toHaveLength(3);
    advertise(test, NaFlag.Solicited | NaFlag.Override, A);
    test.world.pass(1.6);
    expect(stateOf(test)).toBe(`STALE ${A}`);
  });
});

describe('An advertisement (RFC 4861 7.2.5, appendix C)', () => {
  it('of somebody nobody asked for makes no entry', () => {
    const test = alone();
    advertise(test, NaFlag.Override, A, 'ff02::1');
    expect(entryOf(test)).toBeNull();
  });

  it('without a link-layer address does not answer a question', () => {
    const test = alone();
    speak(test);
    advertise(test, NaFlag.Solicited, null);
    expect(stateOf(test)).toMatch(/^INCOMPLETE/);
  });

  it('that nobody solicited leaves it to be seen whether the neighbour hears us', () => {
    const test = alone();
    speak(test);
    advertise(test, NaFlag.Override, A, 'ff02::1');
    expect(stateOf(test)).toMatch(/^(STALE|DELAY)/); // what waited went out: DELAY
  });

  const known = () => {
    const test = alone();
    speak(test);
    advertise(test, NaFlag.Solicited | NaFlag.Override, A);
    return test;
  };

  it.each([
    ['O=0, another address: what was REACHABLE is doubted, and stays as it is', 0, B, `STALE ${A}`],
    ['O=0, S=1, another address: as well', NaFlag.Solicited, B, `STALE ${A}`],
    ['O=1, another address: it is replaced, and doubted', NaFlag.Override, B, `STALE ${B}`],
    [
      'O=1, S=1, another address: it is replaced, and confirmed',
      NaFlag.Override | NaFlag.Solicited,
      B,
      `REACHABLE ${B}`,
    ],
    ['the same address: nothing changes', 0, A, `REACHABLE ${A}`],
    ['no address, S=1: confirmed', NaFlag.Solicited, null, `REACHABLE ${A}`],
  ])('%s', (_text, flags, mac, expected) => {
    const test = known();
    advertise(test, flags, mac, flags & NaFlag.Solicited ? '2001:db8::1' : 'ff02::1');
    expect(stateOf(test)).toBe(expected);
  });

  it('O=0 and another address, of what is STALE already, is ignored', () => {
    const test = known();
    test.world.pass(60);
    advertise(test, NaFlag.Solicited, B);
    expect(stateOf(test)).toBe(`STALE ${A}`);
  });

  it('confirms what is being probed', () => {
    const test = known();
    test.world.pass(60);
    speak(test);
    test.world.pass(6);
    advertise(test, NaFlag.Solicited, null);
    expect(stateOf(test)).toBe(`REACHABLE ${A}`);
  });

  it('says whether the neighbour is a router', () => {
    const test = known();
    expect(entryOf(test)!.router).toBe(false);
    advertise(test, NaFlag.Solicited | NaFlag.Router, A);
    expect(entryOf(test)!.router).toBe(true);
    expect(entryOf(test)!.state).toBe(NeighbourState.Reachable);
  });

  it('of an address of ours is a conflict: said, and kept', () => {
    const test = alone();
    const message = neighbourMessage(test.world.pool, NdType.NeighbourAdvertisement, NaFlag.Override, '2001:db8::1', {
      type: NdOption.TargetLinkAddress,
      mac: B,
    });
    test.lan.inject(icmp6Packet(message, '2001:db8::1', 'ff02::1'), MacAddress.parse('33:33:00:00:00:01')!);
    test.world.pass(0.001);
    expect(test.host.heard(`address conflict: ${B} says it has it; it stays`)).toBe(true);
    expect(test.host.addresses).toContain('2001:db8::1/64 preferred static');
  });
});

describe('A question for an address of ours (RFC 4861 7.2.3, 7.2.4)', () => {
  it('is answered to who asked, and teaches who that is', () => {
    const test = alone();
    solicit(test, PEER, '2001:db8::1', A);
    expect(test.lan.log[1]).toBe(
      '5000 ms 2001:db8::1 > 2001:db8::2 neighbour advertisement of 2001:db8::1, solicited, override',
    );
    expect(stateOf(test)).toMatch(/^(STALE|DELAY) 02:00:00:00:00:aa/);
  });

  it('is answered to all when nobody asked, who is about to take it', () => {
    const test = alone();
    solicit(test, '::', '2001:db8::1', null);
    expect(test.lan.log[1]).toContain('2001:db8::1 > ff02::1 neighbour advertisement of 2001:db8::1, override');
  });

  it('is answered by a router as one', () => {
    const test = alone(true);
    solicit(test, PEER, '2001:db8::1', A);
    expect(test.lan.log[1]).toContain('advertisement of 2001:db8::1, router, solicited, override');
  });

  it('for an address that is not ours is not', () => {
    const test = alone();
    solicit(test, PEER, '2001:db8::1:0:1', A);
    expect(test.lan.log).toHaveLength(1);
    expect(entryOf(test)).toBeNull();
  });

  it.each([
    ['a fragment header', 0],
    ['two fragments', 1],
  ])('with %s is not heard (RFC 6980)', (_text, more) => {
    const test = alone();
    const message = neighbourMessage(test.world.pool, NdType.NeighbourSolicitation, 0, '2001:db8::1', null);
    const group = solicitedNode(ip('2001:db8::1'));
    const packet = icmp6Packet(message, PEER, `${group}`);
    // The header is moved 8 bytes down, and a fragment header put behind it.
    const bytes = packet.slice().slice();
    const whole = [...bytes.subarray(0, 40), 58, 0, 0, more, 0, 0, 0, 7, ...bytes.subarray(40)];
    whole[5] = bytes[5]! + 8;
    whole[6] = 44;
    packet.release();
    const pieces =
      more === 0
        ? [whole]
        : [whole.slice(0, 64), [...whole.slice(0, 40), 58, 0, 0, 16, 0, 0, 0, 7, ...whole.slice(64)]];
    for (const piece of pieces) {
      piece[5] = piece.length - 40;
      test.lan.inject(test.world.pool.from(Uint8Array.from(piece)), new MacAddress(0x3333, group.w3));
    }
    test.world.pass(1);
    expect(test.host.heard('drop: it came in fragments (RFC 6980)')).toBe(true);
    expect(test.lan.log.some((line) => line.includes('neighbour advertisement'))).toBe(false);
    expectNoLeaks(test.world.pool);
  });

  it('does not make us our own neighbour', () => {
    const test = alone();
    solicit(test, '2001:db8::1', '2001:db8::1', B);
    expect(entryOf(test, '2001:db8::1')).toBeNull();
    expect(test.host.heard('address conflict: 02:00:00:00:00:bb says it has it; it stays')).toBe(true);
  });
});
