// DHCP: Debian's clients against our server, and through our relay; our client and relay against dnsmasq and ISC's server.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lab, until } from '../lab.mjs';
import { soundCapture } from '../tshark.mjs';

const SERVER = '10.81.1.2';

/** What a client's script is told (`new_...` of dhclient, udhcpc's own words), and what it does to the interface. */
const SCRIPT = (told) => `#!/bin/sh
dev=\${interface:-tap0}
env >> ${told}; echo "reason=\${reason:-$1}" >> ${told}; echo ---- >> ${told}
case "\${reason:-$1}" in
  PREINIT|deconfig) ip -4 addr flush dev $dev; ip link set $dev up ;;
  BOUND|RENEW|REBIND|REBOOT|bound|renew) ip addr replace \${new_ip_address:-$ip}/24 dev $dev ;;
  EXPIRE|RELEASE|FAIL|STOP) ip -4 addr flush dev $dev ;;
esac
exit 0
`;

async function open() {
  const lab = await Lab.open({
    scenario: 'dhcp.yaml',
    wires: [
      { at: 'sw1', tap: { device: 'tap0', offload: false } },
      { at: 'sw2', tap: { device: 'tap1', offload: false } },
    ],
    capture: true,
  });
  lab.space.ip('link set tap1 up');
  lab.told = lab.path('told');
  writeFileSync(lab.path('script'), SCRIPT(lab.told));
  chmodSync(lab.path('script'), 0o755);
  return lab;
}

/** A client in the foreground: what it says, and its end. */
function client(lab, program, args) {
  const child = lab.start(program, args);
  const made = { child, said: '', ended: once(child, 'close') };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (made.said += chunk));
  made.says = (pattern, seconds = 15) =>
    until(
      () => pattern.exec(made.said),
      () => `${program} to say ${pattern}: ${made.said}`,
      seconds,
    );
  made.stop = async (signal = 'SIGTERM') => {
    child.kill(signal);
    await made.ended;
  };
  return made;
}

const addressOf = async (lab, dev) => /inet ([\d.]+)/.exec((await lab.run('ip', ['-4', 'addr', 'show', dev])).out)?.[1];
const toldOf = (lab) => (existsSync(lab.told) ? readFileSync(lab.told, 'utf8') : '');
const check = (name, program, run, more = {}) => ({ name, needs: ['ip', program], run, ...more });

function dhclient(lab, dev, ...more) {
  const files = ['-sf', lab.path('script'), '-lf', lab.path(`${dev}.leases`), '-pf', lab.path(`${dev}.pid`)];
  return client(lab, 'dhclient', ['-4', '-d', '-v', ...files, ...more, dev]);
}

const udhcpc = (lab, dev, ...more) =>
  client(lab, 'udhcpc', ['-f', '-i', dev, '-s', lab.path('script'), '-t', '5', ...more]);

const servers = {
  name: 'dhcp',
  open,
  checks: [
    check(
      'dhclient: a lease with all its options, renewed, asked for again after a restart, given back',
      'dhclient',
      async (lab) => {
        const first = dhclient(lab, 'tap0');
        await first.says(/bound to 10\.81\.1\.1\d\d -- renewal in \d+ seconds/);
        const address = await addressOf(lab, 'tap0');
        const told = toldOf(lab);
        for (const line of [
          'new_routers=10.81.1.1',
          'new_domain_name_servers=10.81.1.2 10.81.1.3',
          'new_domain_name=lab.test',
          'new_dhcp_lease_time=20',
          'new_interface_mtu=1400',
          'new_subnet_mask=255.255.255.0',
          'new_broadcast_address=10.81.1.255',
          `new_dhcp_server_identifier=${SERVER}`,
        ]) {
          assert.ok(told.includes(`${line}\n`), `${line} in\n${told}`);
        }
        assert.match(told, /new_domain_search=lab\.test\. example\.test\.|new_domain_search="?lab\.test/, told);
        assert.match(
          told,
          /new_(rfc3442_)?classless_?(static_)?routes=16 10 99 10 81 1 2 0 10 81 1 1|new_ntp_servers=10\.81\.1\.2/,
          told,
        );
        const ping = await lab.run('ping', ['-n', '-c', 2, '-i', '0.2', SERVER]);
        assert.match(ping.out, /2 received/, ping.out);
        // Half of 20 s, and it renews by unicast.
        await first.says(
          new RegExp(`DHCPREQUEST for ${address.replaceAll('.', '\\.')} on tap0 to ${SERVER}[\\s\\S]*DHCPACK`),
          16,
        );
        await first.stop('SIGKILL');
        const second = dhclient(lab, 'tap0');
        await second.says(new RegExp(`DHCPREQUEST for ${address.replaceAll('.', '\\.')} on tap0 to 255`));
        await second.says(/bound to/);
        assert.doesNotMatch(second.said, /DISCOVER/, 'INIT-REBOOT');
        assert.equal(await addressOf(lab, 'tap0'), address);
        await second.stop('SIGKILL');
        const released = dhclient(lab, 'tap0', '-r');
        await released.ended;
        assert.match(released.said, new RegExp(`DHCPRELEASE of ${address.replaceAll('.', '\\.')}`));
        assert.equal(await addressOf(lab, 'tap0'), undefined);
        return address;
      },
    ),
    check(
      'dhclient through our relay, which its server answers with an address of its network',
      'dhclient',
      async (lab) => {
        const through = dhclient(lab, 'tap1');
        await through.says(/bound to 10\.81\.2\.10[01]/);
        assert.match(toldOf(lab), /new_routers=10\.81\.2\.1\n/);
        // It renews past the relay, by unicast to a server in another network.
        await lab.run('ip', ['route', 'replace', '10.81.1.0/24', 'via', '10.81.2.1']);
        await through.says(/DHCPREQUEST for \S+ on tap1 to 10\.81\.1\.2[\s\S]*DHCPACK/, 16);
        await through.stop('SIGKILL');
        await dhclient(lab, 'tap1', '-r').ended;
        await lab.run('ip', ['route', 'del', '10.81.1.0/24']);
      },
    ),
    check('udhcpc: a lease, renewed, given back; the same address for the same client', 'udhcpc', async (lab) => {
      const one = udhcpc(lab, 'tap0', '-R', '-x', 'hostname:kernel');
      const [, address] = await one.says(/lease of (10\.81\.1\.1\d\d) obtained/);
      await one.says(/sending renew[\s\S]*obtained/, 16);
      await one.stop();
      assert.match(one.said, /[Uu]nicasting a release|sending release/, one.said);
      const two = udhcpc(lab, 'tap0', '-q', '-n');
      await two.ended;
      assert.match(two.said, new RegExp(`lease of ${address.replaceAll('.', '\\.')} obtained`), two.said);
      return address;
    }),
    check('udhcpc: a pool at its end is told in words, by the relay too', 'udhcpc', async (lab) => {
      const as = (id, ...more) => udhcpc(lab, 'tap1', '-q', '-n', '-C', '-x', `0x3d:00aa${id}`, ...more);
      for (const id of ['01', '02']) {
        const got = as(id);
        await got.ended;
        assert.match(got.said, /lease of 10\.81\.2\.10[01] obtained/, got.said);
      }
      const late = as('03', '-t', '2', '-T', '1');
      await late.ended;
      assert.match(late.said, /no lease, failing/, late.said);
      await until(
        () =>
          /no address left in pool 10\.81\.2\.100-10\.81\.2\.101 for \S+ via 10\.81\.2\.1/.test(lab.runner.services),
        () => `the server to say so: ${lab.runner.services}`,
      );
      // Nobody renewed: twenty seconds later there is room again.
      await sleep(20_500);
      const again = as('03');
      await again.ended;
      assert.match(again.said, /obtained/, again.said);
    }),
    check(
      'dhcpcd: a lease with ARP before and announcements after, and INFORM',
      'dhcpcd',
      async (lab) => {
        await lab.run('ip', ['-4', 'addr', 'flush', 'dev', 'tap0']);
        const args = [
          '-4',
          '-1',
          '-B',
          '-d',
          '-t',
          '20',
          '--nohook',
          'resolv.conf,hostname,ntp',
          '-f',
          '/dev/null',
          '-c',
          '/bin/true',
        ];
        const got = client(lab, 'dhcpcd', [...args, 'tap0']);
        await got.says(/leased (10\.81\.1\.\d+) for 20 seconds/, 25);
        await got.ended;
        await lab.run('ip', ['-4', 'addr', 'flush', 'dev', 'tap0']);
        const inform = client(lab, 'dhcpcd', [...args, '--inform=10.81.1.77/24', 'tap0']);
        await inform.says(/received approval for 10\.81\.1\.77/, 25);
        await inform.ended;
        await lab.run('ip', ['-4', 'addr', 'flush', 'dev', 'tap0']);
        return /leased \S+/.exec(got.said)[0];
      },
      { patience: 90 },
    ),
    check(
      'a BOOTP client: its own address, or any, for ever',
      'python3',
      async (lab) => {
        await lab.run('ip', ['addr', 'replace', '10.81.1.200/24', 'dev', 'tap0']);
        const program = `
import socket, struct
def bootp(mac, xid):
  s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5)
  s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
  s.setsockopt(socket.SOL_SOCKET, 25, b"tap0"); s.bind(("", 68))
  s.sendto(struct.pack("!BBBBIHH4s4s4s4s16s64s128s64s", 1, 1, 6, 0, xid, 0, 0x8000, *[b""] * 4, mac, b"", b"", b""), ("255.255.255.255", 67))
  while True:
    d = s.recv(2000)
    if struct.unpack("!I", d[4:8])[0] == xid: break
  print(d[0], socket.inet_ntoa(d[16:20]), len(d), d[236:240].hex())
bootp(bytes.fromhex("0200000000b0"), 7)
bootp(bytes.fromhex("0200000000b1"), 8)`;
        const { out, err } = await lab.run('python3', ['-c', program]);
        assert.match(out, /^2 10\.81\.1\.50 300 63825363\n2 10\.81\.1\.1\d\d 300 63825363\n$/, out + err);
        await lab.run('ip', ['-4', 'addr', 'flush', 'dev', 'tap0']);
      },
      { quick: true },
    ),
    soundCapture(),
  ],
};

/** Our clients' laboratory, with a server of Debian's in the kernel. */
async function openClients(start) {
  const lab = await Lab.open({
    scenario: 'dhcp-client.yaml',
    wires: [{ at: 'sw1', tap: { device: 'tap0', offload: false } }],
    addresses: ['10.82.0.1/24'],
    routes: ['10.83.0.0/24 via 10.82.0.2'],
    capture: true,
  });
  lab.server = start(lab);
  await until(
    async () => (await lab.run('ss', ['-Hlun', 'sport = :67'])).out !== '',
    () => `a server: ${lab.server.said}`,
  );
  return lab;
}

async function ours(lab, node, ...argv) {
  const program = lab.runner.spawn(node, ...argv);
  await program.ends(40);
  return program.out + program.err;
}

const isc = {
  name: 'dhcp: ISC',
  open: () =>
    openClients((lab) => {
      writeFileSync(lab.path('dhcpd.leases'), '');
      writeFileSync(
        lab.path('dhcpd.conf'),
        `authoritative; default-lease-time 16; max-lease-time 16; min-lease-time 16; ping-check false;
option domain-name "isc.test"; option domain-search "isc.test", "more.test"; option domain-name-servers 10.82.0.1;
option interface-mtu 1300;
option rfc3442-classless-static-routes code 121 = array of unsigned integer 8;
if exists agent.circuit-id { log(info, concat("circuit ", option agent.circuit-id)); }
subnet 10.82.0.0 netmask 255.255.255.0 { range 10.82.0.100 10.82.0.120; option routers 10.82.0.1;
  option rfc3442-classless-static-routes 16, 10, 98, 10, 82, 0, 1, 0, 10, 82, 0, 1; }
subnet 10.83.0.0 netmask 255.255.255.0 { range 10.83.0.100 10.83.0.101; option routers 10.83.0.1; }
`,
      );
      return client(lab, 'dhcpd', [
        '-4',
        '-d',
        '-f',
        '-cf',
        lab.path('dhcpd.conf'),
        '-lf',
        lab.path('dhcpd.leases'),
        '-pf',
        lab.path('dhcpd.pid'),
        'tap0',
      ]);
    }),
  checks: [
    check('our client: a lease, routes, names, MTU; renewed; given back', 'dhcpd', async (lab) => {
      assert.match(
        await ours(lab, 'alice', 'dhclient', '-v', 'eth0'),
        /bound to 10\.82\.0\.1\d\d -- renewal in [4-8] seconds/,
      );
      const routes = await ours(lab, 'alice', 'ip', 'route');
      assert.match(routes, /default via 10\.82\.0\.1 dev eth0 proto dhcp/);
      assert.match(routes, /10\.98\.0\.0\/16 via 10\.82\.0\.1/);
      assert.match(await ours(lab, 'alice', 'ip', 'link'), /eth0.* mtu 1300/);
      assert.match(await ours(lab, 'alice', 'ping', '-c', '2', '-i', '0.2', '10.82.0.1'), /2 received/);
      const before = lab.server.said.length;
      await until(() => /DHCPACK on 10\.82\.0\.1\d\d/.test(lab.server.said.slice(before)), 'a renewal', 14);
      await ours(lab, 'alice', 'dhclient', '-r', 'eth0');
      await lab.server.says(/DHCPRELEASE of 10\.82\.0\.1\d\d from \S+ .*\(found\)/);
    }),
    check('our relay says by which link, and our client behind it gets an address', 'dhcpd', async (lab) => {
      assert.match(await ours(lab, 'bob', 'dhclient', '-v', 'eth0'), /bound to 10\.83\.0\.10[01]/);
      await lab.server.says(/circuit eth1/);
      assert.match(await ours(lab, 'bob', 'ping', '-c', '2', '-i', '0.2', '10.82.0.1'), /2 received/);
      // Renewed past the relay.
      await lab.server.says(
        /DHCPREQUEST for 10\.83\.0\.10\d .*via tap0[\s\S]*DHCPACK on 10\.83\.0\.10\d .*via tap0/,
        14,
      );
      await ours(lab, 'bob', 'dhclient', '-x', 'eth0');
    }),
    check('our client declines an address that somebody has', 'dhcpd', async (lab) => {
      // The kernel answers ARP for whatever the server would give.
      lab.space.ip(Array.from({ length: 20 }, (_, i) => `addr add 10.82.0.${100 + i}/32 dev tap0`).join('\n'));
      const program = lab.runner.spawn('alice', 'dhclient', '-v', 'eth0');
      await program.says('is in use by', 20);
      await lab.server.says(/DHCPDECLINE of 10\.82\.0\.1\d\d/);
      lab.space.ip(Array.from({ length: 20 }, (_, i) => `addr del 10.82.0.${100 + i}/32 dev tap0`).join('\n'));
      await program.says('bound to', 40);
      await ours(lab, 'alice', 'dhclient', '-x', 'eth0');
    }),
    soundCapture(),
  ],
};

const dnsmasq = {
  name: 'dhcp: dnsmasq',
  open: () =>
    openClients((lab) => {
      const words = `-k -u root -C /dev/null --no-resolv --no-hosts --interface=tap0 --bind-interfaces --pid-file= --log-facility=- --log-dhcp
        --dhcp-leasefile=${lab.path('leases')} --dhcp-authoritative --domain=home --dhcp-option=option:mtu,1400
        --dhcp-range=10.82.0.100,10.82.0.120,2m --dhcp-range=10.83.0.100,10.83.0.110,255.255.255.0,2m
        --dhcp-option=option:domain-search,home,away.home`;
      return client(lab, 'dnsmasq', words.split(/\s+/));
    }),
  checks: [
    check('our client gets a lease, finds itself by name, and asks again for what it had', 'dnsmasq', async (lab) => {
      const said = await ours(lab, 'alice', 'dhclient', '-v', 'eth0');
      const [, address] = /bound to (10\.82\.0\.1\d\d)/.exec(said) ?? assert.fail(said);
      assert.equal(await ours(lab, 'alice', 'dig', '+short', 'alice.home'), `${address}\n`);
      assert.match(await ours(lab, 'alice', 'host', address), /domain name pointer alice\.home\./);
      assert.match(readFileSync(lab.path('leases'), 'utf8'), new RegExp(`${address.replaceAll('.', '\\.')} alice `));
      await ours(lab, 'alice', 'dhclient', '-r', 'eth0');
      await lab.server.says(/DHCPRELEASE/);
      const again = await ours(lab, 'alice', 'dhclient', '-v', 'eth0');
      assert.match(again, new RegExp(`bound to ${address.replaceAll('.', '\\.')}`));
    }),
    check('our relay, and our client behind it', 'dnsmasq', async (lab) => {
      assert.match(await ours(lab, 'bob', 'dhclient', '-v', 'eth0'), /bound to 10\.83\.0\.1\d\d/);
      assert.match(await ours(lab, 'bob', 'ping', '-c', '2', '-i', '0.2', '10.82.0.1'), /2 received/);
    }),
    soundCapture(),
  ],
};

export default [servers, isc, dnsmasq];
