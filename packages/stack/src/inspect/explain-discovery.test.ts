import { expect, it } from 'vitest';
import { dissect } from './dissect.ts';
import { Names } from './explain-names.ts';
import { explainPacket } from './explain-packet.ts';
import { LinkType } from './link-types.ts';
import { discoveryFrames } from './testing/discovery-frames.ts';

const NAMES = new Names([
  ['fe80::1', ['r1']],
  ['2001:db8::80', ['web']],
]);

it('tells what neighbour discovery and multicast listener discovery say', () => {
  const said = discoveryFrames().map(([name, frame]) => {
    const [line] = explainPacket(dissect(frame, LinkType.Ethernet), null, NAMES);
    return `${name}: ${line}`;
  });
  expect(said).toMatchInlineSnapshot(`
    [
      "router solicitation: Layer 3, message: ICMPv6: r1 (fe80::1) asks which routers this link has.",
      "router solicitation from nobody: Layer 3, message: ICMPv6: a host without an address asks which routers this link has.",
      "router advertisement: Layer 3, message: ICMPv6: router r1 (fe80::1) is a default router for 1800 s, with high preference; the link carries 1400 bytes; 2001:db8:1::/64: hosts make themselves addresses of it, its addresses are neighbours; 2001:db8:2::/56: its addresses are neighbours; it is the way to 2001:db8:9::/48; name servers 2001:db8::53, fe80::53; short names are looked for in lab.test.",
      "goodbye: Layer 3, message: ICMPv6: router r1 (fe80::1) is no default router.",
      "duplicate address detection: Layer 3, message: ICMPv6: somebody wants to use fe80::9 and asks whether anybody has it.",
      "redirect of ipv6: Layer 3, message: ICMPv6: router r1 (fe80::1) tells 2001:db8::10: packets for web (2001:db8::80) go a shorter way by fe80::2.",
      "mld 2 query: Layer 3, message: ICMPv6: router r1 (fe80::1) asks who is in which groups.",
      "mld 2 query with sources: Layer 3, message: ICMPv6: router r1 (fe80::1) asks whether anybody is in ff05::9.",
      "mld 1 query: Layer 3, message: ICMPv6: router r1 (fe80::1) asks who is in which groups.",
      "mld 1 report: Layer 3, message: ICMPv6: r1 (fe80::1) is in the group ff05::9.",
      "mld 1 done: Layer 3, message: ICMPv6: r1 (fe80::1) leaves the group ff05::9.",
      "mld 2 report: Layer 3, message: ICMPv6: r1 (fe80::1) tells routers and switches its groups: it joins ff02::1:ff00:9, is in ff05::9.",
      "mld 2 report from nobody: Layer 3, message: ICMPv6: somebody tells routers and switches its groups: it leaves ff05::9.",
    ]
  `);
});

it('tells something of every prefix of such a frame', () => {
  for (const [, frame] of discoveryFrames()) {
    for (let length = 0; length < frame.length; length++) {
      expect(explainPacket(dissect(frame.subarray(0, length), LinkType.Ethernet))).toBeInstanceOf(Array);
    }
  }
});
