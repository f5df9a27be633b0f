import { expect, test } from 'vitest';
import { MacAddress } from '../base/mac-address.ts';
import { expectNoLeaks, testNode } from '../testing/test-node.ts';
import {
  ARP_LENGTH,
  arpOperation,
  arpSenderIp,
  arpSenderMac,
  arpTargetIp,
  arpTargetMac,
  checkArp,
  describeArp,
  writeArp,
} from './arp-header.ts';

const A = MacAddress.parse('02:00:00:00:00:0a')!;
const B = MacAddress.parse('02:00:00:00:00:0b')!;

test('a reply is written as RFC 826 has it, and read back', () => {
  const { pool } = testNode();
  const packet = pool.acquire(ARP_LENGTH);
  const at = packet.put(ARP_LENGTH);
  writeArp(packet.view, at, 2, A, 0x0a000001, B, 0x0a000002);
  const hex = Array.from(packet.slice(), (byte) => byte.toString(16).padStart(2, '0')).join('');
  expect(hex).toBe('0001080006040002' + '02000000000a' + '0a000001' + '02000000000b' + '0a000002');
  expect(checkArp(packet)).toBe(true);
  expect(arpOperation(packet.view, at)).toBe(2);
  expect(arpSenderMac(packet.view, at).equals(A)).toBe(true);
  expect(arpTargetMac(packet.view, at).equals(B)).toBe(true);
  expect([arpSenderIp(packet.view, at), arpTargetIp(packet.view, at)]).toEqual([0x0a000001, 0x0a000002]);
  expect(describeArp(packet.view, at)).toBe('10.0.0.1 is at 02:00:00:00:00:0a');
  packet.release();
  expectNoLeaks(pool);
});

test('every prefix is refused, padding is not', () => {
  const { pool } = testNode();
  for (let length = 0; length <= ARP_LENGTH + 18; length++) {
    const packet = pool.acquire(64);
    writeArp(packet.view, packet.put(ARP_LENGTH), 1, A, 0x0a000001, MacAddress.ZERO, 0x0a000002);
    packet.put(18);
    packet.trim(length);
    expect(checkArp(packet)).toBe(length >= ARP_LENGTH);
    packet.release();
  }
  expectNoLeaks(pool);
});

test('other hardware, protocols, lengths and operations are refused', () => {
  const { pool } = testNode();
  const packet = pool.acquire(ARP_LENGTH);
  const at = packet.put(ARP_LENGTH);
  for (const [offset, value] of [
    [0, 6],
    [2, 0x86dd],
    [4, 0x0804],
    [6, 0],
    [6, 3],
  ]) {
    writeArp(packet.view, at, 1, A, 0x0a000001, MacAddress.ZERO, 0x0a000002);
    packet.view.setUint16(at + offset, value);
    expect(checkArp(packet)).toBe(false);
  }
  packet.release();
});

test('they can be told', () => {
  const { pool } = testNode();
  const packet = pool.acquire(ARP_LENGTH);
  const at = packet.put(ARP_LENGTH);
  const say = (sender: number, target: number): string => {
    writeArp(packet.view, at, 1, A, sender, MacAddress.ZERO, target);
    return describeArp(packet.view, at);
  };
  expect(say(0x0a000001, 0x0a000002)).toBe('who has 10.0.0.2? tell 10.0.0.1');
  expect(say(0x0a000001, 0x0a000001)).toBe('10.0.0.1 announces itself at 02:00:00:00:00:0a');
  expect(say(0, 0x0a000002)).toBe('is anyone 10.0.0.2?');
  packet.release();
});
