import { answerTo, type DnsMessage } from '../message.ts';
import { type DataField, ResourceRecord } from '../record.ts';
import { type Behaviour, FakeInternet } from './fake-internet.ts';
import { name, smallZone } from './zones.ts';

/** A root, `example.` on 10.0.0.2, `shop.example.` on 10.0.0.3 and 10.0.0.4, `other.` on 10.0.0.5. */
export function smallInternet(): FakeInternet {
  const net = new FakeInternet();
  net.serve(
    '10.0.0.1',
    smallZone(
      '.',
      'root A 10.0.0.1\nexample NS ns.example\nns.example A 10.0.0.2\nother NS ns.other\nns.other A 10.0.0.5',
      'root.',
    ),
  );
  net.serve(
    '10.0.0.2',
    smallZone(
      'example.',
      `ns A 10.0.0.2
shop NS ns1.shop
shop NS ns2.shop
ns1.shop A 10.0.0.3
ns2.shop A 10.0.0.4
away NS ns.shop.other.
loopa NS ns.loopb
loopb NS ns.loopa
in CNAME www.shop
ring CNAME gnir.other.
`,
    ),
  );
  const shop = smallZone(
    'shop.example.',
    'ns1 A 10.0.0.3\nns2 A 10.0.0.4\nwww 60 A 10.0.1.1\nwww 60 A 10.0.1.2\nalias CNAME www\nout CNAME www.other.\nnow 0 A 10.0.1.3\nmx MX 5 www',
    'ns1.shop.example.',
  );
  net.serve('10.0.0.3', shop).serve('10.0.0.4', shop);
  net.serve(
    '10.0.0.5',
    smallZone(
      'other.',
      'ns A 10.0.0.5\nwww A 10.0.2.1\nns.shop A 10.0.0.6\ngnir CNAME ring.example.\nback CNAME nosuch.shop.example.',
    ),
  );
  net.serve('10.0.0.6', smallZone('away.example.', 'www A 10.0.3.1', 'ns.shop.other.'));
  return net;
}

/** A behaviour that says what it likes. */
export function lying(parts: (asked: DnsMessage) => Partial<DnsMessage>): Behaviour {
  return (asked) => answerTo(asked, parts(asked), 1232);
}

export function record(owner: string, type: number, ...data: DataField[]): ResourceRecord {
  return ResourceRecord.of(name(owner), type, 3600, ...data);
}
