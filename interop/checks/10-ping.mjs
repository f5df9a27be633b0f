import assert from 'node:assert/strict';
import { ALICE, FAR, KERNEL, openCampus, ROUTER, SECOND_ROUTER, WEB } from '../campus.mjs';
import { soundCapture } from '../tshark.mjs';

const needs = ['ip', 'ping'];

/** Pings and gives what ping said; it must have got `count` answers of `count`. */
async function answered(lab, count, ...args) {
  const { out, err } = await lab.run('ping', ['-n', '-c', count, ...args]);
  assert.match(out, new RegExp(`${count} packets transmitted, ${count} received, 0% packet loss`), out + err);
  return out;
}

const times = (out) => /rtt .*= ([\d.]+\/[\d.]+\/[\d.]+)/.exec(out)?.[1];

export default {
  name: 'ping',
  open: () => openCampus({ capture: true }),
  checks: [
    {
      name: 'answers, min/avg/max ms',
      needs,
      quick: true,
      run: async (lab) => times(await answered(lab, 5, '-i', '0.2', WEB)),
    },
    {
      name: 'of 0 to 65,507 bytes, fragments and all',
      needs,
      quick: true,
      async run(lab) {
        for (const size of [0, 7, 8, 56, 1471, 1472, 1473, 2952, 8000, 65_507]) {
          const out = await answered(lab, 2, '-i', '0.01', '-s', size, '-p', 'a55a', WEB);
          assert.doesNotMatch(out, /wrong data|truncated|DUP/);
        }
      },
    },
    {
      name: 'flood of 1,000',
      needs,
      quick: true,
      run: async (lab) => `${/time \d+ms/.exec(await answered(lab, 1000, '-q', '-f', WEB))?.[0]}`,
    },
    {
      name: 'flood of 500 in fragments',
      needs,
      run: async (lab) => `${/time \d+ms/.exec(await answered(lab, 500, '-q', '-f', '-s', 8000, WEB))?.[0]}`,
    },
    {
      name: 'crosses two routers',
      needs,
      quick: true,
      async run(lab) {
        assert.match(await answered(lab, 3, '-i', '0.1', FAR), /ttl=62 /);
      },
    },
    {
      name: 'with DF learns the path MTU from a router',
      needs,
      async run(lab) {
        const { out } = await lab.run('ping', ['-n', '-c', 3, '-i', '0.1', '-W', 1, '-M', 'do', '-s', 1472, FAR]);
        assert.match(out, new RegExp(`From ${ROUTER} icmp_seq=1 Frag needed and DF set \\(mtu = 1400\\)`), out);
        await answered(lab, 2, '-i', '0.1', '-M', 'do', '-s', 1372, FAR);
        lab.space.ip('route flush cache');
      },
    },
    {
      name: 'without DF is cut by the router on the way',
      needs,
      run: (lab) => answered(lab, 3, '-i', '0.1', '-M', 'dont', '-s', 4000, FAR).then(() => undefined),
    },
    {
      name: 'hears of a TTL that ran out, from the router where it did',
      needs,
      async run(lab) {
        for (const [ttl, router] of [
          [1, ROUTER],
          [2, SECOND_ROUTER],
        ]) {
          const { out } = await lab.run('ping', ['-n', '-c', 1, '-W', 2, '-t', ttl, FAR]);
          assert.match(out, new RegExp(`From ${router} icmp_seq=1 Time to live exceeded`), out);
        }
      },
    },
    {
      name: 'hears that a host and a network cannot be reached',
      needs,
      async run(lab) {
        const host = await lab.run('ping', ['-n', '-c', 1, '-W', 8, '10.77.3.99']);
        assert.match(host.out, new RegExp(`From ${SECOND_ROUTER} icmp_seq=1 Destination Host Unreachable`), host.out);
        const net = await lab.run('ping', ['-n', '-c', 1, '-W', 2, '10.77.200.1']);
        assert.match(net.out, new RegExp(`From ${ROUTER} icmp_seq=1 Destination Net Unreachable`), net.out);
      },
    },
    {
      name: 'with record route and timestamp options is answered with them',
      needs,
      async run(lab) {
        assert.match(await answered(lab, 1, '-R', WEB), new RegExp(`RR: \\t${KERNEL}\\n\\t${WEB}\\n\\t${WEB}\\n`));
        assert.match(await answered(lab, 1, '-T', 'tsonly', WEB), /TS: \t\d+ absolute\n/);
      },
    },
    {
      name: 'of ours is answered by the kernel',
      needs: ['ip'],
      quick: true,
      async run({ runner }) {
        for (const [node, size] of [
          ['web', 56],
          ['far', 56],
          ['alice', 8000],
        ]) {
          const ping = runner.spawn(node, 'ping', '-c', '3', '-i', '0.1', '-s', `${size}`, KERNEL);
          assert.equal(await ping.ends(), 0, ping.out + ping.err);
          assert.match(ping.out, /3 packets transmitted, 3 received, 0% packet loss/);
        }
      },
    },
    {
      name: 'arping hears who has an address',
      needs: ['ip', 'arping'],
      quick: true,
      async run(lab) {
        const { out } = await lab.run('arping', ['-c', 2, '-I', 'tap0', WEB]);
        assert.match(out, /Received 2 response/, out);
      },
    },
    {
      name: 'arping -D finds a duplicate, and none where there is none',
      needs: ['ip', 'arping'],
      async run(lab) {
        const taken = await lab.run('arping', ['-D', '-c', 2, '-w', 3, '-I', 'tap0', ALICE]);
        assert.equal(taken.code, 1, taken.out);
        const free = await lab.run('arping', ['-D', '-c', 1, '-w', 2, '-I', 'tap0', '10.77.1.77']);
        assert.equal(free.code, 0, free.out);
      },
    },
    {
      name: 'a gratuitous ARP moves an address to another card',
      needs: ['ip', 'ping', 'arping'],
      async run(lab) {
        await answered(lab, 1, WEB);
        lab.space.ip('link set tap0 address 02:00:00:00:77:01');
        await lab.run('arping', ['-U', '-c', 1, '-I', 'tap0', KERNEL]);
        await answered(lab, 2, '-i', '0.1', '-W', 1, WEB);
      },
    },
    soundCapture(),
  ],
};
