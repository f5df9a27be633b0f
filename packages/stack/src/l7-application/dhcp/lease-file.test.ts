import { describe, expect, it } from 'vitest';
import { Random } from '../../base/random.ts';
import { leasesText, readLeases } from './lease-file.ts';
import { DHCP_LIMITS } from './limits.ts';
import { DhcpServer } from './server.ts';
import { ServerTalk, subnet } from './testing/server-talk.ts';

describe('leases in a file', () => {
  it('are those of the server that reads it: who had an address has it still', () => {
    const before = new ServerTalk();
    expect([1, 2].map((from) => before.lease(from))).toEqual(['10.0.1.100', '10.0.1.101']);
    const text = leasesText(before.server.leases());
    expect(text).toBe(`# address state ends client hardware name
10.0.1.100 bound 3600000000000 hw:1:020000000001 02:00:00:00:00:01 -
10.0.1.101 bound 3600000000000 hw:1:020000000002 02:00:00:00:00:02 -
`);
    const { leases, problems } = readLeases(text);
    expect(problems).toEqual([]);
    const after = new ServerTalk();
    after.server.restore(leases);
    expect(leasesText(after.server.leases())).toBe(text);
    expect(after.lease(3)).toBe('10.0.1.102');
    expect(after.lease(2)).toBe('10.0.1.101');
    expect(after.lease(1)).toBe('10.0.1.100');
    // Their time goes on.
    after.pass(3601);
    expect(after.server.leases().map((lease) => lease.stateAt(after.queue.now))).toEqual(['ended', 'ended', 'ended']);
  });

  it('of networks that are not served any more, or past the limit, are let go', () => {
    const { leases } = readLeases(
      '10.0.9.1 bound never id:0102 - -\n10.0.1.5 bound never id:0103 - -\n10.0.1.6 bound 1 - - -\n',
    );
    const talk = new ServerTalk({}, { leases: 1 });
    talk.server.restore(leases);
    expect(talk.server.leases().map(({ client }) => client)).toEqual(['id:0103']);
    expect(new DhcpServer(talk.queue, { subnets: [subnet()] }, DHCP_LIMITS).leases()).toEqual([]);
  });

  it.each([
    ['10.0.1.5 bound never id:01', '4 fields where a lease has 6'],
    ['10.0.1.500 bound never - - -', '"10.0.1.500" is no address'],
    ['10.0.1.5 lost never - - -', '"lost" is no state; there are offered, bound, ended, abandoned'],
    ['10.0.1.5 bound soon - - -', '"soon" is no time'],
    ['10.0.1.5 bound never me - -', '"me" is no client'],
  ])('%s: %s', (line, what) => {
    expect(readLeases(`# x\n\n${line}\n10.0.1.6 bound never - - web\n`)).toMatchObject({
      leases: [{ hostName: 'web' }],
      problems: [{ line: 3, what }],
    });
  });

  it('that was damaged are read or told', () => {
    const random = Random.from(2131);
    const text = '10.0.1.100 bound 3600000000000 hw:1:020000000001 02:00:00:00:00:01 alice\n'.repeat(3);
    let told = 0;
    for (let round = 0; round < 20_000; round++) {
      const at = random.below(text.length);
      const { leases, problems } = readLeases(
        text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1),
      );
      told += problems.length;
      expect(leases.length).toBeGreaterThan(0);
    }
    expect(told).toBeGreaterThan(1000);
  });
});
