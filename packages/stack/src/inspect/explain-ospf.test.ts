import { expect, it } from 'vitest';
import { dissect } from './dissect.ts';
import { ospfSentence } from './explain-ospf.ts';
import { LinkType } from './link-types.ts';
import { ospfFrames } from './testing/ospf-frames.ts';

it('says what each packet of OSPF says', () => {
  const said = ospfFrames().map(([, bytes]) => ospfSentence(dissect(bytes, LinkType.Ethernet)));
  expect([...new Set(said)]).toEqual([
    'router 10.0.0.1 says hello, and hears 10.0.0.3, 10.0.0.4; the designated router is 10.0.13.3, its backup 10.0.13.1',
    'router 10.0.0.1 says hello, and hears nobody yet; the designated router is 10.0.13.3, its backup 10.0.13.1',
    'router 10.0.0.1 wants to compare databases, and to lead, beginning with number 1000',
    'router 10.0.0.1 leads, number 1001: it has 6 advertisements, and more',
    'router 10.0.0.1 asks for the links of router 10.0.0.1, the way out to network 10.9.0.0',
    'router 10.0.0.1 tells the links of router 10.0.0.1 (4)',
    'router 10.0.0.1 tells the routers on network 10.0.13.3',
    'router 10.0.0.1 tells the way to network 10.2.0.0',
    'router 10.0.0.1 tells the way to border router 10.0.0.4',
    'router 10.0.0.1 tells the way out to network 10.9.0.0',
    'router 10.0.0.1 tells the way out to network 0.0.0.0',
    'router 10.0.0.1 tells the links of router 10.0.0.1 (4), the routers on network 10.0.13.3, the way to network 10.2.0.0 and 3 more',
    'router 10.0.0.1 has received 6 advertisements',
  ]);
});

it('says that an advertisement is taken back', () => {
  const [, bytes] = ospfFrames().find(([name]) => name === 'ospf update 3')!;
  const old = bytes.slice();
  old[14 + 20 + 28] = 0x0e;
  old[14 + 20 + 29] = 0x10;
  expect(ospfSentence(dissect(old, LinkType.Ethernet))).toBe(
    'router 10.0.0.1 passes on that this is no more: the way to network 10.2.0.0',
  );
});

it('ends with a sentence or none, however a packet is cut', () => {
  for (const [, bytes] of ospfFrames()) {
    for (let length = 0; length < bytes.length; length++) {
      const said = ospfSentence(dissect(bytes.slice(0, length), LinkType.Ethernet));
      if (said !== null) expect(said).toMatch(/^router /);
    }
  }
});
