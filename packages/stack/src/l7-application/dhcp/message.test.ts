import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MacAddress } from '../../base/mac-address.ts';
import { Random } from '../../base/random.ts';
import { utf8Encode } from '../../base/utf8.ts';
import { readClasslessRoutes, writeClasslessRoutes } from './classless-routes.ts';
import { identityOf } from './client-identity.ts';
import { DHCP_LIMITS } from './limits.ts';
import {
  DEFAULT_MESSAGE,
  DhcpMessage,
  describeMessage,
  LEAST_MESSAGE,
  Op,
  readMessage,
  writeMessage,
} from './message.ts';
import { MessageType, Option } from './option-codes.ts';
import { fixedText, hostNameOf } from './options.ts';

const MAC = MacAddress.parse('02:00:00:00:00:01')!;
const OPTIONS = 240;

function discover(): DhcpMessage {
  const message = new DhcpMessage();
  message.mac = MAC;
  message.xid = 0xdeadbeef;
  message.secs = 3;
  message.flags = 0x8000;
  message.options.messageType = MessageType.Discover;
  message.options.setText(Option.HostName, 'alice');
  message.options.set(Option.ParameterRequestList, Uint8Array.of(1, 3, 6));
  return message;
}

function read(bytes: Uint8Array): DhcpMessage {
  const message = readMessage(bytes);
  if (typeof message === 'string') throw new Error(message);
  return message;
}

/** Everything that a message says, for comparing. */
function said(message: DhcpMessage): unknown {
  const { options, ...fields } = message;
  return [fields, options.codes().map((code) => [code, [...options.bytes(code)!]])];
}

describe('a message', () => {
  it('has the bytes of RFC 2131 figure 1', () => {
    const bytes = writeMessage(discover());
    expect(bytes.length).toBe(LEAST_MESSAGE);
    expect([...bytes.subarray(0, 12)]).toEqual([1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef, 0, 3, 0x80, 0]);
    expect([...bytes.subarray(28, 36)]).toEqual([2, 0, 0, 0, 0, 1, 0, 0]);
    const options = [99, 130, 83, 99, 53, 1, 1, 12, 5, 97, 108, 105, 99, 101, 55, 3, 1, 3, 6, 255, 0];
    expect([...bytes.subarray(236, 236 + options.length)]).toEqual(options);
  });

  it('reads back as it was written', () => {
    const codes = fc.integer({ min: 1, max: 254 }).filter((code) => code !== Option.Overload);
    const option = fc.tuple(codes, fc.uint8Array({ maxLength: 300 }));
    const uint32 = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(
        fc.array(option, { maxLength: 4 }),
        fc.array(uint32, { minLength: 6, maxLength: 6 }),
        (list, words) => {
          const message = discover();
          [message.xid, message.ciaddr, message.yiaddr, message.siaddr, message.giaddr] = words as [
            number,
            number,
            number,
            number,
            number,
          ];
          message.sname = fixedText('server', 64);
          message.file = fixedText('boot.img', 128);
          for (const [code, value] of list) message.options.set(code, value);
          const copy = read(writeMessage(message, 1472));
          // Relay agent information is always written last.
          expect(new Set(copy.options.codes())).toEqual(new Set(message.options.codes()));
          for (const code of message.options.codes())
            expect(copy.options.bytes(code)).toEqual(message.options.bytes(code));
          expect(said(read(writeMessage(copy, 1472)))).toEqual(said(copy));
          expect([copy.xid, copy.ciaddr, copy.yiaddr, copy.siaddr, copy.giaddr]).toEqual(words.slice(0, 5));
          expect(copy.sname).toEqual(message.sname);
          expect(copy.file).toEqual(message.file);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('without the cookie is BOOTP and has no options', () => {
    const message = new DhcpMessage();
    message.mac = MAC;
    const bytes = writeMessage(message);
    expect([bytes.length, bytes[236]]).toEqual([300, 0]);
    expect(read(bytes)).toMatchObject({ type: MessageType.Bootp });
    expect(read(bytes.subarray(0, 236)).options.size).toBe(0);
  });

  it.each([
    ['shorter than the header', (bytes: Uint8Array) => bytes.subarray(0, 235), 'shorter than the header of BOOTP'],
    ['a strange op', (bytes: Uint8Array) => bytes.fill(3, 0, 1), 'neither request nor reply (op 3)'],
    ['a long hardware address', (bytes: Uint8Array) => bytes.fill(17, 2, 3), 'a hardware address of 17 bytes'],
    [
      'an option past the end',
      (bytes: Uint8Array) => bytes.fill(255, OPTIONS + 1, OPTIONS + 2),
      'an option runs past the end',
    ],
    ['a code at the very end', (bytes: Uint8Array) => bytes.subarray(0, OPTIONS + 4), 'an option runs past the end'],
  ])('%s is refused', (_name, damage, why) => {
    expect(readMessage(damage(writeMessage(discover())))).toBe(why);
  });

  it('is read up to the limit of its length, and not one byte past it', () => {
    const bytes = new Uint8Array(DHCP_LIMITS.messageBytes + 1);
    bytes.set(writeMessage(discover()));
    expect(typeof readMessage(bytes.subarray(0, DHCP_LIMITS.messageBytes))).toBe('object');
    expect(readMessage(bytes)).toBe('longer than 1500 bytes');
  });

  it('ends in a message or a reason, whatever its prefix', () => {
    const bytes = crowded();
    let messages = 0;
    for (let end = 0; end <= bytes.length; end++)
      if (typeof readMessage(bytes.subarray(0, end)) !== 'string') messages++;
    expect(messages).toBeGreaterThan(2);
    expect(messages).toBeLessThan(bytes.length - 236);
  });

  it('ends in a message or a reason after 100,000 mutations, and what was read can be written', () => {
    const random = Random.from('dhcp mutations');
    const original = crowded();
    const bytes = original.slice();
    let messages = 0;
    for (let i = 0; i < 100_000; i++) {
      for (let n = random.below(4); n >= 0; n--) bytes[random.below(bytes.length)] = random.below(256);
      // Options are where the parser works: a second blow there.
      bytes[OPTIONS + random.below(bytes.length - OPTIONS)] = random.below(256);
      const message = readMessage(bytes.subarray(0, 236 + random.below(bytes.length - 235)));
      if (typeof message !== 'string') {
        messages++;
        describeMessage(message);
        if (i % 50 === 0) expect(writeMessage(message).length).toBeLessThanOrEqual(DEFAULT_MESSAGE);
      }
      if (i % 20 === 0) bytes.set(original);
    }
    expect(messages).toBeGreaterThan(1000);
  });
});

/** A message with long, repeated and overloaded options. */
function crowded(): Uint8Array {
  const message = discover();
  message.options.set(
    200,
    Uint8Array.from({ length: 260 }, (_, i) => i),
  );
  message.options.set(201, new Uint8Array(100).fill(7));
  message.options.set(202, new Uint8Array(40).fill(8));
  message.options.set(Option.RelayAgentInformation, Uint8Array.of(1, 2, 3, 4));
  return writeMessage(message);
}

describe('options', () => {
  it('longer than 255 bytes stand in pieces and are joined again (RFC 3396)', () => {
    const message = discover();
    const long = Uint8Array.from({ length: 600 }, (_, i) => i);
    message.options.set(200, long);
    const bytes = writeMessage(message, 1400);
    const pieces: number[] = [];
    for (let at = OPTIONS; bytes[at] !== 255; at += 2 + bytes[at + 1]!)
      if (bytes[at] === 200) pieces.push(bytes[at + 1]!);
    expect(pieces).toEqual([255, 255, 90]);
    expect(read(bytes).options.bytes(200)).toEqual(long);
  });

  it('overflow into file and sname, and are read in that order (option 52)', () => {
    const message = discover();
    for (let code = 200; code < 209; code++) message.options.set(code, new Uint8Array(45).fill(code));
    const bytes = writeMessage(message);
    expect(bytes.length).toBeLessThanOrEqual(DEFAULT_MESSAGE);
    const copy = read(bytes);
    expect(copy.options.codes().slice(-3)).toEqual([206, 207, 208]);
    expect([copy.file, copy.sname, copy.options.has(Option.Overload)]).toEqual([null, null, false]);
    // The same pieces of one option in three fields.
    const pieces = writeMessage(discover(), 548);
    pieces.set([52, 1, 3, 200, 1, 1, 255], OPTIONS + 3);
    pieces.set([200, 1, 3, 255], 44);
    pieces.set([200, 1, 2, 255], 108);
    expect([...read(pieces).options.bytes(200)!]).toEqual([1, 2, 3]);
  });

  it('stay out of file and sname when these say something, and the last ones are left out', () => {
    const message = discover();
    message.file = fixedText('boot.img', 128);
    message.sname = fixedText('server', 64);
    for (let code = 200; code < 210; code++) message.options.set(code, new Uint8Array(45).fill(code));
    message.options.set(Option.RelayAgentInformation, Uint8Array.of(1, 1, 9));
    const copy = read(writeMessage(message));
    expect(copy.file).toEqual(message.file);
    expect(copy.options.has(204)).toBe(true);
    expect(copy.options.has(209)).toBe(false);
    expect(copy.options.codes().at(-1)).toBe(Option.RelayAgentInformation);
  });

  it('have the form of their kind, or are as good as absent', () => {
    const { options } = discover();
    options.set(Option.LeaseTime, Uint8Array.of(1, 2, 3));
    options.set(Option.Routers, Uint8Array.of(10, 0, 0, 1, 10));
    options.set(Option.DomainName, Uint8Array.of(108, 97, 98, 0, 0));
    options.set(Option.Message, utf8Encode('no\x1b[2J'));
    expect(options.number(Option.LeaseTime, 4)).toBe(null);
    expect(options.addresses(Option.Routers)).toEqual([]);
    expect(options.text(Option.DomainName)).toBe('lab');
    expect(options.text(Option.Message)).toBe('no?[2J');
    options.setText(Option.DomainName, 'a'.repeat(256));
    expect(options.text(Option.DomainName)).toHaveLength(DHCP_LIMITS.nameBytes);
    options.set(Option.MessageType, Uint8Array.of(9));
    expect(options.messageType).toBe(-1);
    options.setAddresses(Option.Routers, new Array<number>(DHCP_LIMITS.addresses + 1).fill(1));
    expect(options.addresses(Option.Routers)).toHaveLength(DHCP_LIMITS.addresses);
  });

  it.each(['a', 'alice', 'a-1.lab.example'])('%s is a host name', (name) => expect(hostNameOf(name)).toBe(name));
  it.each(['', '-a', 'a-', 'a b', 'a..b', 'é', `${'a'.repeat(64)}`, '../etc'])('"%s" is none', (name) => {
    expect(hostNameOf(name)).toBe(null);
  });
});

describe('whose a lease is', () => {
  it('goes by option 61, and else by the hardware address', () => {
    const message = discover();
    expect(identityOf(message)).toBe('hw:1:020000000001');
    message.options.set(Option.ClientIdentifier, Uint8Array.of(1));
    expect(identityOf(message)).toBe('hw:1:020000000001');
    message.options.set(Option.ClientIdentifier, Uint8Array.of(0, 65));
    expect(identityOf(message)).toBe('id:0041');
  });

  it('is told with the message', () => {
    const message = discover();
    expect(describeMessage(message)).toBe('DHCPDISCOVER from 02:00:00:00:00:01');
    message.op = Op.Reply;
    message.yiaddr = 0x0a000164;
    message.giaddr = 0x0a000201;
    message.options.messageType = MessageType.Ack;
    expect(describeMessage(message)).toBe('DHCPACK to 02:00:00:00:00:01 for 10.0.1.100 via 10.0.2.1');
  });
});

describe('classless routes', () => {
  const routes = [
    { network: 0, length: 0, router: 0x0a000001 },
    { network: 0x0a110000, length: 16, router: 0x0a000002 },
    { network: 0x0a1b81c0, length: 27, router: 0 },
    { network: 0x0a000009, length: 32, router: 0x0a000003 },
  ];

  it('are written as RFC 3442 has them, and read back', () => {
    const bytes = writeClasslessRoutes(routes);
    expect([...bytes.subarray(0, 12)]).toEqual([0, 10, 0, 0, 1, 16, 10, 17, 10, 0, 0, 2]);
    expect(readClasslessRoutes(bytes)).toEqual(routes);
    expect(readClasslessRoutes(Uint8Array.of(8, 10, 1, 2, 3, 4))).toEqual([
      { network: 0x0a000000, length: 8, router: 0x01020304 },
    ]);
  });

  it('are none of them good when one is not', () => {
    const bytes = writeClasslessRoutes(routes);
    const whole = new Set([0, 5, 12, 21, 30]);
    for (let end = 0; end <= bytes.length; end++) {
      expect(readClasslessRoutes(bytes.subarray(0, end)) === null).toBe(!whole.has(end));
    }
    expect(readClasslessRoutes(Uint8Array.of(33, 1, 2, 3, 4, 5, 6, 7, 8, 9))).toBe(null);
  });
});
