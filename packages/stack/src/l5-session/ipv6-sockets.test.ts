import { describe, expect, test } from 'vitest';
import { IpAddress } from '../base/ip-address.ts';
import { expectNoLeaks } from '../testing/test-node.ts';
import { socketAddress, splitZone } from './addresses.ts';
import { interleaved } from './connection-race.ts';
import * as c from './constants.ts';
import { groupRequest6, groupRequestFrom6 } from './ipv6-options.ts';
import type { AddressInfo } from './name-lookup.ts';
import { LoneHost } from './testing/lone-host.ts';

const ip = (text: string): IpAddress => IpAddress.parse(text)!;

describe('what comes beside a datagram', () => {
  test('hop limit, class, and to which address by which interface', async () => {
    const host = new LoneHost();
    const { sockets } = host;
    const s = sockets.socket(c.AF_INET6, c.SOCK_DGRAM);
    s.bind(['', 5000]);
    for (const option of [c.IPV6_RECVHOPLIMIT, c.IPV6_RECVTCLASS, c.IPV6_RECVPKTINFO]) {
      s.setsockopt(c.IPPROTO_IPV6, option, 1);
      expect(s.getsockopt(c.IPPROTO_IPV6, option)).toBe(1);
    }
    const t = sockets.socket(c.AF_INET6, c.SOCK_DGRAM);
    t.setsockopt(c.IPPROTO_IPV6, c.IPV6_UNICAST_HOPS, 7);
    t.setsockopt(c.IPPROTO_IPV6, c.IPV6_TCLASS, 0x20);
    await host.untilSettled(t.sendto('x', ['::1', 5000]));
    const [, ancillary] = (await host.untilSettled(s.recvmsg(10, 100))) as Awaited<ReturnType<typeof s.recvmsg>>;
    const info = new Uint8Array(20);
    ip('::1').write(new DataView(info.buffer), 0);
    info[16] = 1;
    expect(ancillary).toEqual([
      [c.IPPROTO_IPV6, c.IPV6_PKTINFO, info],
      [c.IPPROTO_IPV6, c.IPV6_HOPLIMIT, Uint8Array.of(7, 0, 0, 0)],
      [c.IPPROTO_IPV6, c.IPV6_TCLASS, Uint8Array.of(0x20, 0, 0, 0)],
    ]);
    // What came over IPv4 is told in IPv4's words.
    const old = sockets.socket(c.AF_INET, c.SOCK_DGRAM);
    await host.untilSettled(old.sendto('y', ['127.0.0.1', 5000]));
    const [, told] = (await host.untilSettled(s.recvmsg(10, 100))) as Awaited<ReturnType<typeof s.recvmsg>>;
    expect(told.map(([level, type]) => [level, type])).toEqual([
      [c.IPPROTO_IP, c.IP_TTL],
      [c.IPPROTO_IP, c.IP_TOS],
    ]);
    await host.end();
    expectNoLeaks(host.pool);
  });
});

describe('addresses that a socket may have, as Linux has it', () => {
  test('mapped ones, those of another link, groups', async () => {
    const host = new LoneHost();
    const bound = (kind: number, address: string, only: number, scope = 0): unknown => {
      const s = host.sockets.socket(c.AF_INET6, kind);
      s.setsockopt(c.IPPROTO_IPV6, c.IPV6_V6ONLY, only);
      try {
        s.bind([address, 5000, 0, scope]);
        return s.getsockname()[0];
      } catch (error) {
        return (error as { code: string }).code;
      } finally {
        s.close();
      }
    };
    for (const kind of [c.SOCK_STREAM, c.SOCK_DGRAM]) {
      expect(bound(kind, '::ffff:127.0.0.1', 0)).toBe('::ffff:127.0.0.1');
      expect(bound(kind, '::ffff:127.0.0.1', 1)).toBe('EINVAL');
      expect(bound(kind, 'fe80::1', 0, 1)).toBe('EADDRNOTAVAIL');
      expect(bound(kind, 'ff05::1', 0)).toBe(kind === c.SOCK_STREAM ? 'EINVAL' : 'ff05::1');
      // Every address of IPv4, and of nothing else: who wants those of IPv6 is not in the way.
      const old = host.sockets.socket(c.AF_INET6, kind);
      old.bind(['::ffff:0.0.0.0', 5000]);
      expect(old.getsockname()[0]).toBe('::ffff:0.0.0.0');
      expect(bound(kind, '::', 1)).toBe('::');
      expect(bound(kind, '::', 0)).toBe('EADDRINUSE');
      old.close();
    }
    const six = host.sockets.socket(c.AF_INET6, c.SOCK_DGRAM);
    six.bind(['::1', 0]);
    await expect(six.sendto('x', ['::ffff:127.0.0.1', 9])).rejects.toThrow('ENETUNREACH');
    await host.end();
    expectNoLeaks(host.pool);
  });
});

describe('groups', () => {
  test('are heard by who joined them on that interface, and by who joined none', async () => {
    const host = new LoneHost();
    const { sockets } = host;
    const member = sockets.socket(c.AF_INET6, c.SOCK_DGRAM);
    const other = sockets.socket(c.AF_INET6, c.SOCK_DGRAM);
    for (const s of [member, other]) {
      s.setsockopt(c.SOL_SOCKET, c.SO_REUSEADDR, 1);
      s.bind(['', 5000]);
      s.setblocking(false);
    }
    member.setsockopt(c.IPPROTO_IPV6, c.IPV6_JOIN_GROUP, 'ff05::77%lo');
    const t = sockets.socket(c.AF_INET6, c.SOCK_DGRAM);
    t.setsockopt(c.IPPROTO_IPV6, c.IPV6_MULTICAST_IF, 'lo');
    expect(t.getsockopt(c.IPPROTO_IPV6, c.IPV6_MULTICAST_IF)).toBe(1);
    await host.untilSettled(t.sendto('x', ['ff05::77', 5000]));
    await host.untilSettled(sockets.sleep(10));
    expect((await member.recv(10)).length).toBe(1);
    expect((await other.recv(10)).length).toBe(1);
    member.setsockopt(c.IPPROTO_IPV6, c.IPV6_LEAVE_GROUP, 'ff05::77 lo');
    await host.untilSettled(t.sendto('x', ['ff05::77', 5000]));
    await host.untilSettled(sockets.sleep(10));
    await expect(other.recv(10)).rejects.toThrow('EAGAIN');
    await host.end();
    expectNoLeaks(host.pool);
  });

  test('in structures and in words', () => {
    const bytes = new Uint8Array(20);
    ip('ff02::77').write(new DataView(bytes.buffer), 0);
    bytes[16] = 3;
    expect(groupRequest6(bytes)).toEqual({ group: ip('ff02::77'), index: 3 });
    expect(groupRequest6(bytes.subarray(0, 19))).toBe(null);
    const indexOf = (name: string): number => (name === 'eth0' ? 2 : 0);
    expect(groupRequestFrom6('ff02::77 eth0', indexOf)).toEqual({ group: ip('ff02::77'), index: 2 });
    expect(groupRequestFrom6('ff02::77', indexOf)).toEqual({ group: ip('ff02::77'), index: 0 });
    expect(groupRequestFrom6('ff02::77 eth7', indexOf)).toBe(-19);
    expect(groupRequestFrom6('239.0.0.1', indexOf)).toBe(-22);
    expect(groupRequestFrom6('ff02::77 eth0 eth0', indexOf)).toBe(-22);
  });
});

describe('ping sockets of AF_INET6', () => {
  test('ask and are answered', async () => {
    const host = new LoneHost();
    const s = host.sockets.socket(c.AF_INET6, c.SOCK_DGRAM, c.IPPROTO_ICMPV6);
    const request = Uint8Array.of(128, 0, 0, 0, 0, 0, 0, 5, 1, 2, 3);
    await host.untilSettled(s.sendto(request, ['::1', 0]));
    const [reply, from] = (await host.untilSettled(s.recvfrom(100))) as Awaited<ReturnType<typeof s.recvfrom>>;
    expect([reply[0], ...reply.subarray(6)]).toEqual([129, 0, 5, 1, 2, 3]);
    expect(from).toEqual(['::1', 0, 0, 0]);
    const wrong = s.sendto(Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 5), ['::1', 0]).catch((error: Error) => error.message);
    expect(await host.untilSettled(wrong)).toContain('EINVAL');
    expect(() => host.sockets.socket(c.AF_INET6, c.SOCK_DGRAM, c.IPPROTO_ICMP)).toThrow('EPROTONOSUPPORT');
    await host.end();
    expectNoLeaks(host.pool);
  });
});

describe('addresses and names', () => {
  test('zones', async () => {
    expect(splitZone('fe80::1%eth0')).toEqual(['fe80::1', 'eth0']);
    expect(splitZone('::1')).toEqual(['::1', '']);
    expect(socketAddress(ip('fe80::1'), 80, 2)).toEqual(['fe80::1', 80, 0, 2]);
    const host = new LoneHost();
    const shown = async (name: string): Promise<unknown> => {
      const asked = host.sockets.getaddrinfo(name, 80, 0, c.SOCK_STREAM).catch((error: Error) => error.message);
      const answers = await host.untilSettled(asked);
      return typeof answers === 'string' ? answers : (answers as AddressInfo[]).map(([, , , , address]) => address);
    };
    expect(await shown('fe80::1%eth0')).toEqual([['fe80::1', 80, 0, 2]]);
    expect(await shown('fe80::1%2')).toEqual([['fe80::1', 80, 0, 2]]);
    expect(await shown('2001:db8::1%eth0')).toEqual([['2001:db8::1', 80, 0, 0]]);
    expect(await shown('fe80::1%eth7')).toContain('EAI_NONAME');
    expect(await shown('localhost')).toEqual([
      ['::1', 80, 0, 0],
      ['127.0.0.1', 80],
    ]);
    await host.end();
  });

  test('mapped ones for who wants IPv6 (AI_V4MAPPED), beside the others or for want of them', async () => {
    const host = new LoneHost();
    const both = [ip('2001:db8::7'), ip('10.0.0.7')];
    host.resolver = { lookup: (name) => (name === 'both' ? both : both.slice(1)) };
    const hosts = async (name: string, flags: number): Promise<string[]> => {
      const answers = await host.untilSettled(
        host.sockets.getaddrinfo(name, 80, c.AF_INET6, c.SOCK_STREAM, 0, flags).catch((error: Error) => error.message),
      );
      return typeof answers === 'string' ? [answers] : (answers as AddressInfo[]).map(([, , , , [address]]) => address);
    };
    expect(await hosts('both', c.AI_V4MAPPED)).toEqual(['2001:db8::7']);
    expect((await hosts('both', c.AI_V4MAPPED | c.AI_ALL)).sort()).toEqual(['2001:db8::7', '::ffff:10.0.0.7']);
    expect(await hosts('four', c.AI_V4MAPPED)).toEqual(['::ffff:10.0.0.7']);
    expect(await hosts('10.0.0.7', c.AI_V4MAPPED)).toEqual(['::ffff:10.0.0.7']);
    expect((await hosts('10.0.0.7', 0))[0]).toContain('EAI_FAMILY');
    await host.end();
  });

  test('a host without IPv6 tries IPv4 first (RFC 6724 6, rule 1), or is told of nothing else (AI_ADDRCONFIG)', async () => {
    const host = new LoneHost();
    host.resolver = { lookup: () => [ip('2001:db8::7'), ip('10.0.0.7')] };
    const hosts = async (flags: number): Promise<string[]> => {
      const answers = await host.untilSettled(host.sockets.getaddrinfo('both', 80, 0, c.SOCK_STREAM, 0, flags));
      return (answers as AddressInfo[]).map(([, , , , [address]]) => address);
    };
    expect(await hosts(0)).toEqual(['10.0.0.7', '2001:db8::7']);
    expect(await hosts(c.AI_ADDRCONFIG)).toEqual(['10.0.0.7']);
    await host.end();
  });

  test('families take turns (RFC 8305 4)', () => {
    const of = (family: number, host: string): AddressInfo => [family, 1, 6, '', [host, 80]];
    const answers = [of(10, 'a'), of(10, 'b'), of(10, 'c'), of(2, 'd'), of(2, 'e')];
    expect(interleaved(answers).map(([, , , , [host]]) => host)).toEqual(['a', 'd', 'b', 'e', 'c']);
    expect(interleaved([])).toEqual([]);
  });
});

describe('connections that race', () => {
  test('who refuses lets the next begin at once; the last failure is told; nothing is left open', async () => {
    const host = new LoneHost();
    const server = host.sockets.create_server(['127.0.0.1', 0]);
    const [, port] = server.getsockname();
    host.resolver = { lookup: () => [ip('::1'), ip('127.0.0.1')] };
    const race = (to: number) =>
      host.sockets.create_connection(['both', to], null, null, { happy_eyeballs_delay: 0.25 });
    const started = host.queue.now;
    const connected = (await host.untilSettled(race(port))) as Awaited<ReturnType<typeof race>>;
    expect(connected.getpeername()[0]).toBe('127.0.0.1');
    expect(host.queue.now - started).toBeLessThan(10e6);
    const failure = race(9).catch((error: Error) => error.message);
    expect(await host.untilSettled(failure)).toContain('ECONNREFUSED');
    expect(host.sockets.descriptors.size).toBe(2);
    await host.end();
    expectNoLeaks(host.pool);
  });
});
