// A judge that finds nothing wrong proves nothing: here are faults, each of which it has to find.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { describeWithTshark, expertProblems, itWithTshark, tshark } from './tshark.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netarium-tshark-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A capture (pcap, Ethernet) of frames given in hexadecimal, a millisecond apart. */
function capture(...frames: string[]): string {
  const parts = [Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex')];
  frames.forEach((hex, index) => {
    const frame = Buffer.from(hex, 'hex');
    const header = Buffer.alloc(16);
    header.writeUInt32LE(index * 1000, 4);
    header.writeUInt32LE(frame.length, 8);
    header.writeUInt32LE(frame.length, 12);
    parts.push(header, frame);
  });
  const path = join(folder, 'capture.pcap');
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

const ETHERNET = '0200000000020200000000010800';
const ADDRESSES = '0a0000010a000002';
const ipv4 = (length: string, protocol: string, checksum: string) =>
  `${ETHERNET}4500${length}0000000040${protocol}${checksum}${ADDRESSES}`;

const goodUdp = `${ipv4('001c', '11', '66cf')}0001000200080000`;
const goodPing = `${ipv4('001c', '01', '66df')}0800f7ff00000000`;
// From port 4,000 to 9: a SYN with sequence number 1,000, and two bytes of data after it.
const tcpSyn = `${ipv4('0028', '06', '66ce')}0fa00009000003e80000000050022000684f0000`;
const tcpData = `${ipv4('002a', '06', '66cc')}0fa00009000003e9000000015010200026fb00004142`;

// "Host unreachable", with the first 22 bytes of a segment that was 50 bytes long.
const icmpError = `${ipv4('0046', '01', '66b5')}030125e5000000004500004600000000400666b00a0000010a0000020fa00009000003e90000000150102000123400004142`;

describeWithTshark('tshark as a judge', () => {
  itWithTshark('has nothing against good frames', () => {
    expect(expertProblems(capture(goodUdp, goodPing))).toEqual([]);
  });

  itWithTshark('finds a bad IPv4 checksum', () => {
    const [problem, ...others] = expertProblems(capture(goodPing, goodUdp.replace('66cf', 'beef')));
    expect(problem).toMatch(/^2 .*Bad checksum/);
    expect(others).toEqual([]);
  });

  itWithTshark('finds a bad UDP checksum', () => {
    expect(expertProblems(capture(goodUdp.replace(/0000$/, 'dead')))).toHaveLength(1);
  });

  itWithTshark('finds a bad ICMP checksum', () => {
    expect(expertProblems(capture(goodPing.replace('f7ff', 'f7fe')))).toHaveLength(1);
  });

  itWithTshark('does not sum the beginning of a segment that an ICMP error quotes', () => {
    expect(expertProblems(capture(icmpError))).toEqual([]);
    expect(expertProblems(capture(icmpError.replace('4142', '4143')))).toHaveLength(1);
    expect(expertProblems(capture(icmpError.replace('66b0', '66b1')))).toHaveLength(1);
  });

  itWithTshark('finds a frame that ends too early', () => {
    expect(expertProblems(capture(`${ETHERNET}4500`))[0]).toMatch(/Malformed/);
  });

  itWithTshark('finds a retransmission, unless it is expected', () => {
    const path = capture(tcpSyn, tcpData, tcpData);
    expect(expertProblems(path, { allowRetransmissions: true })).toEqual([]);
    expect(expertProblems(path)).toEqual([expect.stringMatching(/^3 .*retransmission/i)]);
  });

  itWithTshark('prints fields', () => {
    expect(tshark(capture(goodUdp, goodPing), ['-T', 'fields', '-e', 'ip.proto'])).toEqual(['17', '1']);
  });
});
