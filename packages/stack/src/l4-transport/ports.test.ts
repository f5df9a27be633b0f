import { describe, expect, test } from 'vitest';
import { Errno } from '../base/errors.ts';
import { IpAddress } from '../base/ip-address.ts';
import { testNode } from '../testing/test-node.ts';
import { type BindOptions, FIRST_EPHEMERAL_PORT, PortBinding, PortTable } from './ports.ts';

const ONE = IpAddress.parse('10.0.0.1')!;
const TWO = IpAddress.parse('10.0.0.2')!;
const EPHEMERAL = 65_536 - FIRST_EPHEMERAL_PORT;

function table(): PortTable {
  return new PortTable(testNode().node);
}

function bound(ports: PortTable, address: IpAddress | null, port: number, options: BindOptions = {}): PortBinding {
  const binding = ports.bind(address, port, options);
  if (typeof binding === 'number') throw new Error(`bind: ${binding}`);
  return binding;
}

describe('well-known ports', () => {
  test('need privilege below 1024', () => {
    const ports = table();
    expect(ports.bind(null, 1023)).toBe(-Errno.EACCES);
    expect(ports.bind(null, 1)).toBe(-Errno.EACCES);
    expect(bound(ports, null, 1024).port).toBe(1024);
    expect(bound(ports, null, 1023, { privileged: true }).port).toBe(1023);
    expect(ports.size).toBe(2);
  });

  test.each([-1, 65_536, Number.NaN])('%d is no port', (port) => {
    expect(table().bind(null, port)).toBe(-Errno.EINVAL);
  });

  test('65535 is one', () => {
    expect(bound(table(), null, 65_535).port).toBe(65_535);
  });
});

describe('who may share a port', () => {
  const reuse = { reuseAddress: true };
  const share = { reusePort: true };
  const at = { one: ONE, two: TWO, all: null };
  type At = keyof typeof at;
  // Rows of inet_csk_bind_conflict: first holder, second holder, does the first listen, may the second have it.
  const rows: [first: At, BindOptions, second: At, BindOptions, listening: boolean, allowed: boolean][] = [
    ['one', {}, 'one', {}, false, false],
    ['one', {}, 'two', {}, false, true],
    ['one', {}, 'two', {}, true, true],
    ['one', {}, 'all', {}, false, false],
    ['all', {}, 'one', {}, false, false],
    ['all', {}, 'all', {}, false, false],
    ['one', reuse, 'one', {}, false, false],
    ['one', {}, 'one', reuse, false, false],
    ['one', reuse, 'one', reuse, false, true],
    ['one', reuse, 'one', reuse, true, false],
    ['all', reuse, 'one', reuse, false, true],
    ['all', reuse, 'one', reuse, true, false],
    ['one', reuse, 'all', reuse, true, false],
    ['one', share, 'one', {}, false, false],
    ['one', share, 'one', reuse, false, false],
    ['one', share, 'one', share, false, true],
    ['one', share, 'one', share, true, true],
    ['all', share, 'one', share, true, true],
  ];
  test.each(rows)(
    '%s %j, then %s %j; the first listens: %s; allowed: %s',
    (first, has, second, wants, listening, allowed) => {
      const ports = table();
      bound(ports, at[first], 8080, has).listening = listening;
      const result = ports.bind(at[second], 8080, wants);
      if (allowed) expect(result).toBeInstanceOf(PortBinding);
      else expect(result).toBe(-Errno.EADDRINUSE);
    },
  );

  test('0.0.0.0 is every address', () => {
    const ports = table();
    expect(bound(ports, IpAddress.ANY4, 8080).address).toBe(null);
    expect(ports.bind(ONE, 8080)).toBe(-Errno.EADDRINUSE);
  });

  test('of two that share by SO_REUSEADDR only one may listen', () => {
    const ports = table();
    const first = bound(ports, ONE, 8080, reuse);
    const second = bound(ports, ONE, 8080, reuse);
    expect(first.mayListen() && second.mayListen()).toBe(true);
    first.listening = true;
    expect(second.mayListen()).toBe(false);
    expect(first.mayListen()).toBe(true);
  });

  test('an option that is set later counts', () => {
    const ports = table();
    const first = bound(ports, ONE, 8080);
    expect(ports.bind(ONE, 8080, reuse)).toBe(-Errno.EADDRINUSE);
    first.reuseAddress = true;
    expect(ports.bind(ONE, 8080, reuse)).toBeInstanceOf(PortBinding);
  });
});

describe('a binding is held', () => {
  test('until the last has released it', () => {
    const ports = table();
    const binding = bound(ports, ONE, 8080);
    binding.retain();
    binding.release();
    expect(ports.bind(ONE, 8080)).toBe(-Errno.EADDRINUSE);
    expect(binding.held).toBe(true);
    binding.release();
    expect(binding.held).toBe(false);
    expect(ports.size).toBe(0);
    expect(ports.bind(ONE, 8080)).toBeInstanceOf(PortBinding);
  });

  test('by several at one port, who leave in any order', () => {
    const ports = table();
    const holders = [0, 1, 2].map((n) => bound(ports, IpAddress.v4(0x0a000001 + n), 8080));
    holders[1]!.release();
    expect(ports.inUse(IpAddress.v4(0x0a000002), 8080)).toBe(false);
    expect(ports.inUse(IpAddress.v4(0x0a000001), 8080)).toBe(true);
    holders[2]!.release();
    holders[0]!.release();
    expect(ports.inUse(null, 8080)).toBe(false);
    expect(ports.size).toBe(0);
  });
});

describe('ephemeral ports', () => {
  test('come from the dynamic range, each once, until there are no more', () => {
    const ports = table();
    const seen = new Set<number>();
    for (let i = 0; i < EPHEMERAL; i++) seen.add(bound(ports, null, 0).port);
    expect(seen.size).toBe(EPHEMERAL);
    expect(Math.min(...seen)).toBe(FIRST_EPHEMERAL_PORT);
    expect(Math.max(...seen)).toBe(65_535);
    expect(ports.bind(null, 0)).toBe(-Errno.EADDRINUSE);
    expect(ports.bind(ONE, 0)).toBe(-Errno.EADDRINUSE);
  });

  test('begin anywhere, with no port before others', () => {
    const ports = table();
    const buckets = new Array<number>(16).fill(0);
    for (let i = 0; i < 16_000; i++) {
      const binding = bound(ports, null, 0);
      buckets[(binding.port - FIRST_EPHEMERAL_PORT) >> 10]!++;
      binding.release();
    }
    // Each of 16 buckets gets 1,000 of 16,000, give or take: six standard deviations are 184.
    for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(184);
  });

  test('are not guessed from another table of the same node', () => {
    const { node } = testNode();
    const udp = bound(new PortTable(node, 'udp ports'), null, 0);
    const tcp = bound(new PortTable(node, 'tcp ports'), null, 0);
    expect(udp.port).not.toBe(tcp.port);
  });

  test('on two addresses may be the same', () => {
    const ports = table();
    for (let i = 0; i < EPHEMERAL; i++) bound(ports, ONE, 0);
    expect(ports.bind(ONE, 0)).toBe(-Errno.EADDRINUSE);
    expect(ports.bind(null, 0)).toBe(-Errno.EADDRINUSE);
    expect(bound(ports, TWO, 0).address).toBe(TWO);
  });
});

describe('ports of connections that go out', () => {
  test('are free ones while there are any, then those of other connections', () => {
    const ports = table();
    const here = new Map<number, number>();
    const connect = (binding: PortBinding): number => {
      here.set(binding.port, (here.get(binding.port) ?? 0) + 1);
      return 0;
    };
    for (let i = 0; i < EPHEMERAL; i++) ports.connectFrom({}, connect);
    expect(here.size).toBe(EPHEMERAL);
    expect([...here.values()].every((count) => count === 1)).toBe(true);
    expect(ports.bind(null, 0)).toBe(-Errno.EADDRINUSE);
    expect(ports.connectFrom({}, connect)).toBe(0);
    expect(Math.max(...here.values())).toBe(2);
    expect(ports.size).toBe(EPHEMERAL + 1);
  });

  test('another port is tried where these two ends are connected already, and each once', () => {
    const ports = table();
    for (let i = 0; i < EPHEMERAL; i++) ports.connectFrom({}, () => 0);
    const tried = new Set<number>();
    const result = ports.connectFrom({}, (binding) => {
      tried.add(binding.port);
      return -Errno.EADDRINUSE;
    });
    expect(result).toBe(-Errno.EADDRNOTAVAIL);
    expect(tried.size).toBe(EPHEMERAL);
    expect(ports.size).toBe(EPHEMERAL);
  });

  test('are not those that a program has bound', () => {
    const ports = table();
    for (let i = 0; i < EPHEMERAL; i++) bound(ports, ONE, 0);
    expect(ports.connectFrom({}, () => 0)).toBe(-Errno.EADDRNOTAVAIL);
  });

  test('another error ends the search at once', () => {
    const ports = table();
    let tries = 0;
    const result = ports.connectFrom({}, (binding) => {
      tries++;
      binding.release();
      return -Errno.ENETUNREACH;
    });
    expect(result).toBe(-Errno.ENETUNREACH);
    expect(tries).toBe(1);
    expect(ports.size).toBe(0);
  });
});
