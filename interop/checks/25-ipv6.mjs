// IPv6: the kernel configures itself by our router's advertisements, and everything that works over IPv4 works here.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { ours } from '../ipv6.mjs';
import { Lab, sha256, until } from '../lab.mjs';
import { soundCapture } from '../tshark.mjs';

const WEB = '2001:db8:77:1::80';
const ROUTER = '2001:db8:77:1::1';
const SECOND_ROUTER = '2001:db8:77:2::2';
const FAR = '2001:db8:77:3::10';
const NETWORK = /2001:db8:77:1:[0-9a-f:]+/;

async function open() {
  const lab = await Lab.open({
    scenario: 'lab6.yaml',
    wires: [{ at: 'sw1', tap: { device: 'tap0', offload: false } }],
    serving: ['web', 'far'],
    capture: true,
    ipv6: true,
  });
  return lab;
}

/** The kernel's addresses on tap0 that are of global scope, as `ip` shows them, one a line. */
async function kernelAddresses(lab, device = 'tap0') {
  const { out } = await lab.run('ip', ['-6', '-o', 'addr', 'show', 'dev', device, 'scope', 'global']);
  return out;
}

/** Waits until the kernel has an address out of our router's network; the address. */
async function configured(lab) {
  const line = await until(
    async () => (await kernelAddresses(lab)).split('\n').find((each) => NETWORK.test(each) && !/tentative/.test(each)),
    'an address of the kernel',
    15,
  );
  lab.kernel = NETWORK.exec(line)[0];
  return lab.kernel;
}

async function answered(lab, count, ...args) {
  await configured(lab);
  const { out, err } = await lab.run('ping', ['-6', '-n', '-W', 2, '-c', count, ...args]);
  assert.match(out, new RegExp(`${count} packets transmitted, ${count} received, 0% packet loss`), out + err);
  return out;
}

export default {
  name: 'IPv6',
  open,
  checks: [
    {
      name: "the kernel makes itself an address of our router's prefix, and takes it as its default router",
      needs: ['ip'],
      quick: true,
      async run(lab) {
        await configured(lab);
        const line = (await kernelAddresses(lab)).split('\n').find((each) => each.includes(lab.kernel));
        assert.match(line, /dynamic/);
        assert.match(line, /valid_lft (259[0-9]{4})sec preferred_lft 60[0-9]{4}sec/);
        const { out } = await lab.run('ip', ['-6', 'route', 'show', 'default']);
        assert.match(out, /default via fe80::[0-9a-f:]+ dev tap0 proto ra .*hoplimit 64 pref high/, out);
        return lab.kernel;
      },
    },
    {
      name: 'rdisc6 reads the advertisement: prefix, MTU, DNS server, search list',
      needs: ['ip', 'rdisc6'],
      quick: true,
      async run(lab) {
        await configured(lab);
        const { out, err } = await lab.run('rdisc6', ['-1', '-v', 'tap0']);
        for (const text of [
          /Hop limit +: +64/,
          /Stateful address conf\. +: +No/,
          /Router preference +: +high/,
          /Router lifetime +: +30 /,
          /Prefix +: 2001:db8:77:1::\/64/,
          /On-link +: +Yes/,
          /Autonomous address conf\.: +Yes/,
          /Valid time +: +2592000/,
          /Pref\. time +: +604800/,
          /MTU +: +1500 bytes/,
          /Recursive DNS server +: 2001:db8:77:1::80/,
          /DNS search list +: lab\.test/,
          /Source link-layer address: 02:/,
        ]) {
          assert.match(out, text, out + err);
        }
      },
    },
    {
      name: 'ndisc6 hears whose addresses are whose, and that nobody has others',
      needs: ['ip', 'ndisc6'],
      async run(lab) {
        await configured(lab);
        const web = await lab.run('ndisc6', ['-q', '-1', WEB, 'tap0']);
        assert.match(web.out, /^02:/i, web.out + web.err);
        const nobody = await lab.run('ndisc6', ['-r', 1, '-w', 500, '2001:db8:77:1::99', 'tap0']);
        assert.match(nobody.out, /Timed out/, nobody.out);
      },
    },
    {
      name: 'ping -6 answers',
      needs: ['ip', 'ping'],
      quick: true,
      run: async (lab) => /rtt .*= ([\d.]+\/[\d.]+\/[\d.]+)/.exec(await answered(lab, 5, '-i', '0.2', WEB))?.[1],
    },
    {
      name: 'ping -6 of 0 to 65,507 bytes, fragments and all',
      needs: ['ip', 'ping'],
      quick: true,
      async run(lab) {
        for (const size of [0, 7, 8, 56, 1451, 1452, 1453, 2900, 8000, 65_507]) {
          const out = await answered(lab, 2, '-i', '0.2', '-s', size, '-p', 'a55a', WEB);
          assert.doesNotMatch(out, /wrong data|truncated|DUP/);
        }
      },
    },
    {
      name: 'ping -6 by a link-local address',
      needs: ['ip', 'ping'],
      async run(lab) {
        const shown = await ours(lab, 'web', 'ip', '-6', 'addr');
        const local = /inet6 (fe80[0-9a-f:]+)/.exec(shown)[1];
        await answered(lab, 2, '-i', '0.2', `${local}%tap0`);
        const all = await lab.run('ping', ['-6', '-n', '-c', 2, '-i', '0.2', 'ff02::1%tap0']);
        assert.match(all.out, / 0% packet loss/, all.out);
      },
    },
    {
      name: 'ping -6 crosses two routers',
      needs: ['ip', 'ping'],
      quick: true,
      async run(lab) {
        assert.match(await answered(lab, 3, '-i', '0.2', FAR), /ttl=62 /);
        // Of those that are too large for the way, the first of each direction is lost: a router says so (RFC 8201 4).
        await lab.run('ping', ['-6', '-n', '-c', 3, '-i', '0.2', '-W', 1, '-s', 8000, FAR]);
        await answered(lab, 2, '-i', '0.2', '-s', 8000, FAR);
      },
    },
    {
      name: 'ping -6 learns the path MTU from a router',
      needs: ['ip', 'ping'],
      async run(lab) {
        await configured(lab);
        await lab.run('ip', ['-6', 'route', 'flush', 'cache']);
        const { out } = await lab.run('ping', ['-6', '-n', '-c', 3, '-i', '0.2', '-W', 1, '-M', 'do', '-s', 1452, FAR]);
        assert.match(out, new RegExp(`From ${ROUTER} icmp_seq=\\d Packet too big: mtu=1400|mtu[=: ]1400`), out);
        await answered(lab, 2, '-i', '0.2', '-M', 'do', '-s', 1352, FAR);
      },
    },
    {
      name: 'ping -6 hears of a hop limit that ran out, from the router where it did',
      needs: ['ip', 'ping'],
      async run(lab) {
        await configured(lab);
        for (const [hops, router] of [
          [1, ROUTER],
          [2, SECOND_ROUTER],
        ]) {
          const { out } = await lab.run('ping', ['-6', '-n', '-c', 1, '-W', 2, '-t', hops, FAR]);
          assert.match(out, new RegExp(`From ${router} icmp_seq=1 Time exceeded: Hop limit`), out);
        }
      },
    },
    {
      name: 'ping -6 hears that a host and a network cannot be reached',
      needs: ['ip', 'ping'],
      async run(lab) {
        await configured(lab);
        const host = await lab.run('ping', ['-6', '-n', '-c', 1, '-W', 8, '2001:db8:77:3::99']);
        assert.match(
          host.out,
          /From 2001:db8:77:[0-9a-f:]+ icmp_seq=1 Destination unreachable: Address unreachable/,
          host.out,
        );
        const net = await lab.run('ping', ['-6', '-n', '-c', 1, '-W', 2, '2001:db8:ffff::1']);
        assert.match(net.out, new RegExp(`From ${ROUTER} icmp_seq=1 Destination unreachable: No route`), net.out);
      },
    },
    {
      name: 'the kernel follows the redirect of our router',
      needs: ['ip', 'ping'],
      async run(lab) {
        const there = '2001:db8:77:9::1';
        await answered(lab, 3, '-i', '0.2', there);
        const { out } = await lab.run('ip', ['-6', 'route', 'get', there]);
        assert.match(out, /via fe80::3 dev tap0/, out);
      },
    },
    ...[
      ['UDP', []],
      ['ICMP', ['-I']],
      ['TCP', ['-T', '-p', '80']],
    ].map(([name, args]) => ({
      name: `traceroute -6 by ${name}`,
      needs: ['ip', 'traceroute'],
      async run(lab) {
        await configured(lab);
        const { out, err } = await lab.run('traceroute', ['-6', '-n', '-w', 2, '-q', 1, ...args, FAR]);
        const hops = out
          .split('\n')
          .slice(1, 4)
          .map((line) => line.trim().split(/\s+/)[1]);
        assert.deepEqual(hops, [ROUTER, SECOND_ROUTER, FAR], out + err);
      },
    })),
    {
      name: 'tracepath -6 finds the path MTU',
      needs: ['ip', 'tracepath'],
      async run(lab) {
        await configured(lab);
        await lab.run('ip', ['-6', 'route', 'flush', 'cache']);
        const { out } = await lab.run('tracepath', ['-6', '-n', FAR]);
        assert.match(out, /Resume: pmtu 1400 hops 3 back 3/, out);
      },
    },
    {
      name: 'curl -6 fetches 1 MiB over two routers, sha256 as it should be',
      needs: ['ip', 'curl'],
      quick: true,
      async run(lab) {
        await configured(lab);
        for (const host of [WEB, FAR]) {
          const url = `http://[${host}]/random.bin`;
          const got = await lab.run('curl', ['-6', '-sS', '-g', '--max-time', '20', url], { binary: true });
          assert.equal(sha256(got.out), sha256(lab.random), got.err);
        }
      },
    },
    {
      name: 'nc -6 both ways, by TCP and UDP',
      needs: ['ip', 'nc'],
      async run(lab) {
        await configured(lab);
        for (const udp of [[], ['-u']]) {
          const server = lab.runner.spawn('web', 'nc', '-6', '-l', ...udp, '7001');
          await until(
            async () => (await ours(lab, 'web', 'netstat', '-ln', '-6')).includes('7001'),
            'our nc to listen',
          );
          const client = lab.start(
            'nc',
            ['-6', '-n', '-w', 2, ...(udp.length > 0 ? ['-u', '-q', '1'] : ['-N']), WEB, '7001'],
            {
              stdio: ['pipe', 'pipe', 'pipe'],
            },
          );
          const closed = once(client, 'close');
          client.stdin.end('from the kernel\n');
          await server.says('from the kernel');
          await closed;
          await server.kill();
          const kernel = lab.start('nc', ['-6', '-n', '-l', ...udp, '-p', '7002'], { stdio: ['pipe', 'pipe', 'pipe'] });
          let heard = '';
          kernel.stdout.on('data', (chunk) => (heard += chunk));
          await until(async () => (await lab.run('ss', ['-lntu'])).out.includes(':7002'), "the kernel's nc to listen");
          const ourClient = lab.runner.spawn('alice', 'nc', ...udp, lab.kernel, '7002');
          ourClient.write('from alice\n');
          await until(() => heard.includes('from alice'), 'what alice said');
          kernel.kill();
          await ourClient.kill();
        }
      },
    },
    {
      name: 'ping of ours is answered by the kernel, in fragments, too',
      needs: ['ip'],
      quick: true,
      async run(lab) {
        await configured(lab);
        for (const [node, size] of [
          ['web', 56],
          ['far', 56],
          ['alice', 8000],
        ]) {
          const out = await ours(lab, node, 'ping', '-c', '3', '-i', '0.2', '-s', size, lab.kernel);
          assert.match(out, /3 packets transmitted, 3 received, 0% packet loss/);
        }
      },
    },
    {
      name: 'the kernel leaves an address that one of our hosts has (DAD)',
      needs: ['ip'],
      quick: true,
      async run(lab) {
        await configured(lab);
        lab.space.ip(`addr add ${WEB}/64 dev tap0`);
        const shown = async () => (await kernelAddresses(lab)).split('\n').find((line) => line.includes(`${WEB}/`));
        await until(
          async () => /dadfailed/.test(await shown()),
          async () => `dadfailed: ${await shown()}`,
          5,
        );
        lab.space.ip(`addr del ${WEB}/64 dev tap0`);
        await answered(lab, 1, WEB);
      },
    },
    {
      name: 'our host leaves an address that the kernel has (DAD), and says so',
      needs: ['ip'],
      quick: true,
      async run(lab) {
        await configured(lab);
        await ours(lab, 'alice', 'ip', 'addr', 'add', `${lab.kernel}/64`, 'dev', 'eth0');
        const shown = () => ours(lab, 'alice', 'ip', '-6', 'addr');
        await until(
          async () =>
            (await shown()).split('\n').some((line) => line.includes(`${lab.kernel}/`) && /dadfailed/.test(line)),
          'dadfailed',
          5,
        );
        await ours(lab, 'alice', 'ip', 'addr', 'del', `${lab.kernel}/64`, 'dev', 'eth0');
        await answered(lab, 1, ROUTER);
      },
    },
    soundCapture(),
  ],
};
