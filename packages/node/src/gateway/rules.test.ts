import { IpAddress } from '@netarium/stack/base/ip-address';
import { expect, test } from 'vitest';
import { LOOPBACK_ONLY, type RuleDescription, type RuleProtocol, Rules } from './rules.ts';

function decide(rules: readonly RuleDescription[], protocol: RuleProtocol, to: string, port = 80): boolean {
  return new Rules(rules).allows(protocol, IpAddress.parse(to)!, port);
}

test('closed but for loopback', () => {
  for (const protocol of ['tcp', 'udp', 'icmp'] as const) {
    expect(decide(LOOPBACK_ONLY, protocol, '127.0.0.1')).toBe(true);
    expect(decide(LOOPBACK_ONLY, protocol, '127.255.255.255')).toBe(true);
    expect(decide(LOOPBACK_ONLY, protocol, '128.0.0.0')).toBe(false);
    expect(decide(LOOPBACK_ONLY, protocol, '192.0.2.1')).toBe(false);
    expect(decide(LOOPBACK_ONLY, protocol, '::1')).toBe(false);
  }
  expect(decide([], 'tcp', '127.0.0.1')).toBe(false);
});

test('the first match decides', () => {
  const rules: RuleDescription[] = [
    { action: 'deny', to: '192.0.2.128/25' },
    { action: 'allow', protocol: 'tcp', to: '192.0.2.0/24', ports: '80,8000-8080' },
    { action: 'deny', to: '198.51.100.7' },
    { action: 'allow', protocol: 'udp', to: 'any', ports: '53' },
  ];
  expect(decide(rules, 'tcp', '192.0.2.1', 80)).toBe(true);
  expect(decide(rules, 'tcp', '192.0.2.1', 81)).toBe(false);
  for (const [port, allowed] of [
    [7999, false],
    [8000, true],
    [8080, true],
    [8081, false],
  ] as const) {
    expect(decide(rules, 'tcp', '192.0.2.1', port)).toBe(allowed);
  }
  expect(decide(rules, 'tcp', '192.0.2.128', 80)).toBe(false);
  expect(decide(rules, 'udp', '203.0.113.9', 53)).toBe(true);
  expect(decide(rules, 'udp', '2001:db8::1', 53)).toBe(true);
  expect(decide(rules, 'udp', '198.51.100.7', 53)).toBe(false);
  expect(decide(rules, 'icmp', '203.0.113.9', 0)).toBe(false);
  const why = new Rules(rules);
  expect(why.why('udp', IpAddress.parse('198.51.100.7')!, 53)).toBe('deny to 198.51.100.7');
  expect(why.why('tcp', IpAddress.parse('203.0.113.9')!, 1)).toBe('no rule allows it');
});

test('a rule that cannot be read says why', () => {
  const read = (rule: object) => new Rules([rule as RuleDescription]);
  expect(() => read({ action: 'permit', to: 'any' })).toThrow('the action is allow or deny');
  expect(() => read({ action: 'allow', to: '10.0.0' })).toThrow('"10.0.0" is neither an address nor a prefix');
  expect(() => read({ action: 'allow', to: 'any', protocol: 'sctp' })).toThrow('there are tcp, udp, icmp');
  expect(() => read({ action: 'allow', to: 'any', protocol: 'icmp', ports: '1' })).toThrow('ICMP has no ports');
  for (const ports of ['0', '65536', '80-79', 'http', '', '1-', '80,']) {
    expect(() => read({ action: 'allow', to: 'any', ports }), ports).toThrow('are no ports');
  }
});
