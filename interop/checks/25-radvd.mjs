// Our host behind a Linux router: whatever it knows of the network, radvd has told it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { addressOf, ours } from '../ipv6.mjs';
import { here, Lab, until } from '../lab.mjs';
import { soundCapture } from '../tshark.mjs';

export default {
  name: 'IPv6: our host behind a Linux router',
  async open() {
    const lab = await Lab.open({
      scenario: 'host6.yaml',
      wires: [{ at: 'alice:eth0', tap: { device: 'tap0', offload: false } }],
      capture: true,
      ipv6: true,
    });
    lab.space.sysctl('net.ipv6.conf.all.forwarding', '1');
    lab.space.ip('addr add 2001:db8:78:1::1/64 dev tap0 nodad');
    lab.space.ip('addr add 2001:db8:78:9::1/128 dev lo');
    return lab;
  },
  checks: [
    {
      name: 'takes address, routes, MTU, hop limit and DNS server of radvd',
      needs: ['ip', 'radvd'],
      async run(lab) {
        lab.radvd = lab.start('radvd', ['-n', '-C', here('radvd.conf'), '-p', lab.path('radvd.pid'), '-m', 'stderr']);
        lab.radvd.stderr.on('data', () => {});
        const show = (...words) => ours(lab, 'alice', 'ip', '-6', ...words);
        await until(
          async () => /2001:db8:78:1:[0-9a-f:]+\/64 (?!.*tentative)/.test(await show('addr')),
          'an address of alice',
          10,
        );
        const routes = await show('route');
        assert.match(routes, /default via fe80::\S+ dev eth0 proto ra/, routes);
        assert.match(routes, /2001:db8:78:9::\/64 via fe80::\S+ dev eth0 proto ra .*pref high/, routes);
        assert.match(routes, /2001:db8:78:1::\/64 dev eth0 proto ra/, routes);
        const ping = await ours(lab, 'alice', 'ping', '-c', '2', '-i', '0.2', '2001:db8:78:9::1');
        assert.match(ping, / 0% packet loss/);
        return addressOf(lab, 'alice');
      },
    },
    {
      name: 'is pinged, its MTU being what radvd said',
      needs: ['ip', 'ping', 'radvd'],
      async run(lab) {
        const address = await addressOf(lab, 'alice');
        const { out } = await lab.run('ping', ['-6', '-n', '-c', 2, '-i', '0.2', '-W', 2, '-s', 8000, address]);
        assert.match(out, /2 received/, out);
        assert.match(out, /ttl=33/, out);
      },
    },
    {
      name: "follows the kernel's redirect",
      needs: ['ip', 'radvd'],
      async run(lab) {
        // Another router of the link, as far as the kernel knows; its MAC address is the kernel's own.
        const { out: link } = await lab.run('ip', ['-o', 'link', 'show', 'dev', 'tap0']);
        const mac = /link\/ether (\S+)/.exec(link)[1];
        lab.space.ip(
          `neigh add fe80::77 lladdr ${mac} nud permanent dev tap0\nroute add 2001:db8:78:7::/64 via fe80::77 dev tap0`,
        );
        const ping = lab.runner.spawn('alice', 'ping', '-c', '2', '-i', '0.3', '-W', '1', '2001:db8:78:7::1');
        await ping.ends();
        const routes = await ours(lab, 'alice', 'ip', '-6', 'route');
        assert.match(routes, /2001:db8:78:7::1 via fe80::77 dev eth0 proto ra/, routes);
      },
    },
    {
      name: 'loses its default router when radvd says goodbye',
      needs: ['ip', 'radvd'],
      async run(lab) {
        const closed = once(lab.radvd, 'close');
        lab.radvd.kill('SIGTERM');
        await closed;
        await until(
          async () => !/default via/.test(await ours(lab, 'alice', 'ip', '-6', 'route')),
          'the default route to go',
          5,
        );
      },
    },
    {
      name: "tells a bridge's multicast querier its groups (MLDv2)",
      needs: ['ip', 'bridge'],
      async run(lab) {
        lab.space.ip(
          'link add br0 type bridge mcast_snooping 1 mcast_querier 1 mcast_mld_version 2 mcast_startup_query_interval 100 mcast_startup_query_count 20\n' +
            'link set br0 up\nlink set tap0 master br0',
        );
        const local = /inet6 fe80[0-9a-f:]*:([0-9a-f]+):([0-9a-f]+)\//.exec(
          await ours(lab, 'alice', 'ip', '-6', 'addr'),
        );
        const group = `ff02::1:ff${local[1].padStart(4, '0').slice(2)}:${local[2]}`;
        const { out } = await until(
          async () => {
            const shown = await lab.run('bridge', ['mdb', 'show', 'dev', 'br0']);
            return shown.out.includes('port tap0 grp ff02::1:ff') ? shown : null;
          },
          "a group of alice in the bridge's table",
          30,
        );
        assert.ok(
          out.replace(/:0+(?=[0-9a-f])/g, ':').includes(group.replace(/:0+(?=[0-9a-f])/g, ':')),
          `${group} in ${out}`,
        );
      },
    },
    { ...soundCapture(), quick: false },
  ],
};
