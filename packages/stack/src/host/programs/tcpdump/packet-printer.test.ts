import { describe, expect, it } from 'vitest';
import { hexDump } from './hex-dump.ts';
import { PacketPrinter, secondsText, timeOfDay } from './packet-printer.ts';
import type { PrintOptions } from './printing.ts';

const PLAIN: PrintOptions = { numeric: true, link: false, verbose: 0, absolute: false, names: null };
const VERBOSE: PrintOptions = { ...PLAIN, link: true, verbose: 2 };

const bytes = (text: string) =>
  Uint8Array.from(text.replace(/[^0-9a-f]/g, '').match(/../g)!, (byte) => Number.parseInt(byte, 16));
const ETHERNET = '020000000002 020000000001';
/** One of each kind, checksums right. */
const FRAMES: Record<string, Uint8Array> = {
  arp: bytes(`ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 0a00010a 000000000000 0a000101`),
  syn: bytes(
    `${ETHERNET} 0800 4500003c 1c464000 40060873 0a00010a 0a00020a
     c0000050 0000007b 00000000 a002faf0 a4b10000 020405b4 0402080a 00000001 00000000 01030307`,
  ),
  http: bytes(`${ETHERNET} 0800 45000038 1c474000 40060876 0a00010a 0a00020a
     c0000050 0000007c 00000001 5018faf0 00000000 47455420 2f204854 54502f31 2e300d0a`),
  udp: bytes(`${ETHERNET} 0800 45000021 00010000 4011638c 0a00010a 0a00020a 13881389 000d0000 68656c6c6f`),
  unreachable: bytes(`${ETHERNET} 0800 45000038 00010000 40016385 0a00020a 0a00010a 03031234 00000000
     45000021 00010000 4011638c 0a00010a 0a00020a 1388 0035 000d 0000`),
  echo: bytes(`${ETHERNET} 0800 45000020 00010000 4001639d 0a00010a 0a00020a 0800f7fe 00010000 00000000`),
  fragment: bytes(`${ETHERNET} 0800 4500001c 000120b9 400142e8 0a00010a 0a00020a 0000000000000000`),
  vlan: bytes(`${ETHERNET} 8100 6005 0806 0001 0800 06 04 0002 020000000001 0a00010a 020000000002 0a000101`),
  six: bytes(
    `${ETHERNET} 86dd 6000 0000 0008 3a ff fe80000000000000 0000000000000001 fe80000000000000 0000000000000002 8000 0000 0001 0002`,
  ),
};

describe('packets on a line', () => {
  it.each([
    ['arp', 'ARP, Request who-has 10.0.1.1 tell 10.0.1.10, length 28'],
    [
      'syn',
      'IP 10.0.1.10.49152 > 10.0.2.10.80: Flags [S], seq 123, win 64240, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0',
    ],
    [
      'http',
      'IP 10.0.1.10.49152 > 10.0.2.10.80: Flags [P.], seq 124:140, ack 1, win 64240, length 16: HTTP: GET / HTTP/1.0',
    ],
    ['udp', 'IP 10.0.1.10.5000 > 10.0.2.10.5001: UDP, length 5'],
    ['unreachable', 'IP 10.0.2.10 > 10.0.1.10: ICMP 10.0.2.10 udp port 53 unreachable, length 36'],
    ['echo', 'IP 10.0.1.10 > 10.0.2.10: ICMP echo request, id 1, seq 0, length 12'],
    ['fragment', 'IP 10.0.1.10 > 10.0.2.10: ip-proto-1'],
    ['vlan', 'vlan 5, p 3, ARP, Reply 10.0.1.10 is-at 02:00:00:00:00:01, length 28'],
    ['six', 'IP6 fe80::1 > fe80::2: ICMP6, echo request, id 1, seq 2, length 8'],
  ])('%s', (name, expected) => {
    expect(new PacketPrinter(PLAIN).line(FRAMES[name]!)).toBe(expected);
  });

  it('tell numbers from the beginning of a conversation once they know it', () => {
    const printer = new PacketPrinter(PLAIN);
    const segment = (flags: number, sequence: number, acknowledgment: number, back = false) => {
      const frame = FRAMES.http!.slice(0, 54);
      const view = new DataView(frame.buffer);
      view.setUint16(16, 40);
      if (back) {
        view.setUint32(26, 0x0a00020a);
        view.setUint32(30, 0x0a00010a);
        view.setUint16(34, 80);
        view.setUint16(36, 49152);
      }
      view.setUint32(38, sequence);
      view.setUint32(42, acknowledgment);
      view.setUint8(47, flags);
      return printer.line(frame).replace(/^.*Flags/, 'Flags');
    };
    expect(segment(0x02, 0xffffffff, 0)).toBe('Flags [S], seq 4294967295, win 64240, length 0');
    expect(segment(0x12, 5000, 0, true)).toBe('Flags [S.], seq 5000, ack 0, win 64240, length 0');
    expect(segment(0x10, 0, 5001)).toBe('Flags [.], ack 1, win 64240, length 0');
    expect(segment(0x11, 9, 5001)).toBe('Flags [F.], seq 10, ack 1, win 64240, length 0');
    expect(segment(0x14, 5001, 10, true)).toBe('Flags [R.], seq 1, ack 11, win 64240, length 0');
    expect(segment(0x00, 77, 0)).toBe('Flags [none], win 64240, length 0');
  });

  it('name hosts and services where they may', () => {
    const names = { reverse: () => 'alice' } as unknown as PrintOptions['names'];
    const printer = new PacketPrinter({ ...PLAIN, numeric: false, names });
    expect(printer.line(FRAMES.http!)).toMatch(/^IP alice\.49152 > alice\.http: /);
    expect(printer.line(FRAMES.unreachable!)).toMatch(/ICMP alice udp port domain unreachable/);
    expect(printer.line(FRAMES.fragment!)).toBe('IP alice > alice: icmp');
  });

  it('can be read whatever they are: every prefix and a hundred thousand mutations', () => {
    const printers = [new PacketPrinter(PLAIN), new PacketPrinter(VERBOSE)];
    for (const frame of Object.values(FRAMES)) {
      for (let length = 0; length <= frame.length; length++) {
        for (const printer of printers) expect(printer.line(frame.subarray(0, length))).toMatch(/./);
      }
    }
    const frames = Object.values(FRAMES);
    let seed = 99;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % below;
    };
    for (let round = 0; round < 100_000; round++) {
      const frame = frames[round % frames.length]!.slice();
      for (let n = random(4); n >= 0; n--) frame[12 + random(frame.length - 12)] = random(256);
      const line = printers[round & 1]!.line(frame.subarray(0, 14 + random(frame.length - 13)));
      if (line.length === 0 || line.length > 2000) throw new Error(line);
    }
  });
});

describe('bytes and times', () => {
  it('in hexadecimal, and as text', () => {
    const some = Uint8Array.from({ length: 19 }, (_, i) => 0x3e + i);
    expect(hexDump(some, 1, true)).toBe(
      '\n\t0x0000:  3f40 4142 4344 4546 4748 494a 4b4c 4d4e  ?@ABCDEFGHIJKLMN' +
        '\n\t0x0010:  4f50                                     OP',
    );
    expect(hexDump(some, 16, false)).toBe('\n\t0x0000:  4e4f 50');
  });

  it('of day, and of the network', () => {
    expect(timeOfDay(0)).toBe('00:00:00.000000');
    expect(timeOfDay(3_723_004_005_999)).toBe('01:02:03.004005');
    expect(timeOfDay(86_400e9)).toBe('00:00:00.000000');
    expect(secondsText(2_003_141_999)).toBe('2.003141');
  });
});
