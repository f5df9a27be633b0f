import fc from 'fast-check';
import { IpAddress } from '../../../base/ip-address.ts';
import type { DnsMessage, Question } from '../message.ts';
import { DomainName } from '../name.ts';
import { type DataField, type FieldKind, formatOf, ResourceRecord } from '../record.ts';
import { Class, Type } from '../types.ts';

const bytesAs = (least: number, most: number) =>
  fc.uint8Array({ minLength: least, maxLength: most }).map((bytes) => String.fromCharCode(...bytes));

/** Labels of any bytes, and such as people write. */
const label = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('www', 'a', 'Example', 'com', 'ns1', '*', '_tcp') },
  { weight: 1, arbitrary: bytesAs(1, 63) },
);

export const anyName: fc.Arbitrary<DomainName> = fc
  .array(label, { maxLength: 6 })
  .map((labels) => DomainName.fromLabels(labels) ?? DomainName.ROOT);

const u32 = fc.integer({ min: 0, max: 0xffffffff });

const FIELDS: Record<Exclude<FieldKind, 'strings'>, fc.Arbitrary<DataField>> = {
  ipv4: u32.map((word) => IpAddress.v4(word)),
  ipv6: fc.tuple(u32, u32, u32, u32).map((words) => IpAddress.v6(...words)),
  name: anyName,
  target: anyName,
  u8: fc.integer({ min: 0, max: 0xff }),
  u16: fc.integer({ min: 0, max: 0xffff }),
  u32,
  seconds: u32,
  string: bytesAs(0, 255),
  tag: fc.oneof(fc.constant('issue'), bytesAs(0, 255)),
  text: bytesAs(0, 300),
  bytes: bytesAs(0, 300),
};

const TYPES = [
  Type.A,
  Type.NS,
  Type.CNAME,
  Type.SOA,
  Type.PTR,
  Type.HINFO,
  Type.MX,
  Type.TXT,
  Type.AAAA,
  Type.SRV,
  Type.CAA,
  731,
];

export const anyRecord: fc.Arbitrary<ResourceRecord> = fc
  .constantFrom(...TYPES)
  .chain((type) =>
    fc
      .tuple(
        anyName,
        fc.integer({ min: 0, max: 0x7fffffff }),
        fc.tuple(
          ...formatOf(type, Class.IN).map((kind) =>
            kind === 'strings'
              ? fc.array(bytesAs(0, 255), { minLength: 1, maxLength: 4 })
              : FIELDS[kind].map((field) => [field]),
          ),
        ),
      )
      .map(([name, ttl, data]) => new ResourceRecord(name, type, Class.IN, ttl, (data as DataField[][]).flat())),
  );

const anyQuestion: fc.Arbitrary<Question> = fc.record({
  name: anyName,
  type: fc.integer({ min: 0, max: 0xffff }),
  class: fc.integer({ min: 0, max: 0xffff }),
});

const records = fc.array(anyRecord, { maxLength: 5 });

export const anyMessage: fc.Arbitrary<DnsMessage> = fc
  .record({
    id: fc.integer({ min: 0, max: 0xffff }),
    response: fc.boolean(),
    opcode: fc.integer({ min: 0, max: 15 }),
    authoritative: fc.boolean(),
    truncated: fc.boolean(),
    recursionDesired: fc.boolean(),
    recursionAvailable: fc.boolean(),
    authenticData: fc.boolean(),
    checkingDisabled: fc.boolean(),
    rcode: fc.integer({ min: 0, max: 0xfff }),
    questions: fc.array(anyQuestion, { maxLength: 2 }),
    answers: records,
    authority: records,
    additional: records,
    edns: fc.option(
      fc.record({
        udpBytes: fc.integer({ min: 0, max: 0xffff }),
        version: fc.integer({ min: 0, max: 255 }),
        dnssecOk: fc.boolean(),
        options: fc.array(fc.record({ code: fc.integer({ min: 0, max: 0xffff }), data: bytesAs(0, 40) }), {
          maxLength: 3,
        }),
      }),
    ),
  })
  // Without EDNS a response code has four bits.
  .map((message) => (message.edns === null ? { ...message, rcode: message.rcode & 15 } : message));
