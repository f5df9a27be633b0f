// Groups both ways between Linux programs and ours, IGMP with the kernel, IPv4 options, redirects, address conflicts.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lab, until } from '../lab.mjs';
import { soundCapture } from '../tshark.mjs';

const KERNEL = '10.78.1.1';
const ALICE = '10.78.1.10';
const BOB = '10.78.1.11';
const FAR = '10.78.2.10';
const BEYOND = '10.78.3.10';
const ROUTER = '10.78.1.254';
const SECOND = '10.78.1.253';
const GROUP = '239.1.2.3';

/** Joins a group on tap0, tells that it did, and prints who sends, until it has heard `count` or waited for `seconds`. */
const RECEIVER = `
import socket, struct, sys, time
group, count, seconds, source = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((group, 1234))
here = socket.inet_aton('${KERNEL}')
if source == '-': s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + here)
else: s.setsockopt(socket.IPPROTO_IP, 39, socket.inet_aton(group) + here + socket.inet_aton(source))
print('joined', flush=True)
end = time.time() + seconds
while count > 0 and time.time() < end:
    s.settimeout(max(0.01, end - time.time()))
    try: data, address = s.recvfrom(2000)
    except TimeoutError: break
    print(address[0], data.decode(), flush=True)
    count -= 1
`;

const SENDER = `
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, int(sys.argv[2]))
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton('${KERNEL}'))
for i in range(int(sys.argv[3])):
    s.sendto(b'kernel %d' % i, (sys.argv[1], 1234))
    time.sleep(0.05)
`;

/** A program of the kernel's side, and what it has said so far. */
function watched(lab, script, ...args) {
  const child = lab.start('python3', ['-c', script, ...args]);
  const seen = { child, out: '', closed: false };
  child.stdout.on('data', (chunk) => (seen.out += chunk));
  child.stderr.on('data', (chunk) => (seen.out += chunk));
  child.on('close', () => (seen.closed = true));
  return seen;
}

async function receiver(lab, group, count, seconds, source = '-') {
  const seen = watched(lab, RECEIVER, group, `${count}`, `${seconds}`, source);
  await until(
    () => seen.out.includes('joined'),
    () => `a receiver that says: ${seen.out}`,
  );
  return seen;
}

const ended = (seen) =>
  until(
    () => seen.closed,
    () => `the end of a program that says: ${seen.out}`,
    30,
  );

async function ours(lab, node, ...argv) {
  const program = lab.runner.spawn(node, ...argv);
  const code = await program.ends(30);
  return { code, out: program.out + program.err };
}

const needs = ['ip', 'python3'];

export default {
  name: 'multicast',
  open: () =>
    Lab.open({
      scenario: 'multicast.yaml',
      wires: [{ at: 'sw1', tap: { device: 'tap0', offload: false } }],
      addresses: [`${KERNEL}/24`, '169.254.9.9/16'],
      routes: [`10.78.0.0/16 via ${ROUTER}`, `224.0.0.0/4 dev tap0`],
      capture: true,
    }),
  checks: [
    {
      name: "the kernel's ping -R goes through our routers and back, and all are in it",
      needs: ['ip', 'ping'],
      quick: true,
      async run(lab) {
        const { out } = await lab.run('ping', ['-n', '-c', 1, '-R', FAR]);
        const way = [...out.matchAll(/\t(10\.[\d.]+)\n/g)].map(([, address]) => address);
        assert.deepEqual(way, [KERNEL, '10.78.2.1', FAR, FAR, ROUTER, KERNEL], out);
      },
    },
    {
      name: "the kernel's ping -T gets times from each",
      needs: ['ip', 'ping'],
      async run(lab) {
        const only = await lab.run('ping', ['-n', '-c', 1, '-T', 'tsonly', FAR]);
        assert.match(only.out, /TS: \t\d+ absolute\n(\t-?\d+( not-standard| absolute)?\n){5}/, only.out);
        const addresses = await lab.run('ping', ['-n', '-c', 1, '-T', 'tsandaddr', FAR]);
        const shown = [...addresses.out.matchAll(/\t(10\.[\d.]+)\t/g)].map(([, address]) => address);
        assert.deepEqual(shown, [KERNEL, '10.78.2.1', FAR, FAR], addresses.out);
        assert.match(addresses.out, /Unrecorded hops: 2/);
        const asked = await lab.run('ping', ['-n', '-c', 1, '-T', 'tsprespec', ROUTER, ALICE, ALICE]);
        assert.match(asked.out, /1 received/, asked.out);
      },
    },
    {
      name: 'our ping -R and -T have the kernel in them',
      needs: ['ip'],
      async run(lab) {
        const { out } = await ours(lab, 'far', 'ping', '-c', '1', '-R', KERNEL);
        const way = [...out.matchAll(/\t(10\.[\d.]+)\n/g)].map(([, address]) => address);
        assert.deepEqual(way, [FAR, ROUTER, KERNEL, KERNEL, '10.78.2.1', FAR], out);
        const times = await ours(lab, 'alice', 'ping', '-c', '1', '-T', 'tsandaddr', KERNEL);
        assert.match(times.out, new RegExp(`\t${KERNEL}\t`), times.out);
      },
    },
    {
      name: 'a question for the time of day is answered (ICMP timestamp)',
      needs: ['ip', 'hping3'],
      async run(lab) {
        const { out, err } = await lab.run('hping3', ['-n', '-c', 1, '--icmp-ts', ALICE]);
        assert.match(out + err, /ICMP timestamp RTT/, out + err);
      },
    },
    {
      name: 'a Python program that joined hears our sender, and ours hears Python',
      needs,
      quick: true,
      async run(lab) {
        const hears = await receiver(lab, GROUP, 3, 10);
        await ours(lab, 'alice', 'mcjoin', '-s', '-c', '3', GROUP);
        await ended(hears);
        assert.equal(hears.out.split(ALICE).length - 1, 3, hears.out);

        const program = lab.runner.spawn('alice', 'mcjoin', '-c', '3', '-w', '10', GROUP);
        const other = lab.runner.spawn('bob', 'mcjoin', '-c', '3', '-w', '10', GROUP);
        await program.says('joined');
        await other.says('joined');
        await lab.run('python3', ['-c', SENDER, GROUP, 1, 3]);
        for (const each of [program, other]) assert.equal(await each.ends(), 0, each.out);
        assert.match(program.out, new RegExp(`${GROUP} from ${KERNEL}:\\d+, 8 bytes: kernel 2`));
      },
    },
    {
      name: 'who joined for one source hears no other',
      needs,
      async run(lab) {
        const hears = await receiver(lab, '232.1.2.3', 9, 2, ALICE);
        await Promise.all([
          ours(lab, 'alice', 'mcjoin', '-s', '-c', '2', '232.1.2.3'),
          ours(lab, 'bob', 'mcjoin', '-s', '-c', '2', '232.1.2.3'),
        ]);
        await ended(hears);
        assert.equal(hears.out.split(ALICE).length - 1, 2, hears.out);
        assert.ok(!hears.out.includes(BOB), hears.out);
        const program = lab.runner.spawn('alice', 'mcjoin', '-w', '2', `${BOB},232.5.5.5`);
        await program.says('joined');
        await lab.run('python3', ['-c', SENDER, '232.5.5.5', 1, 2]);
        await ours(lab, 'bob', 'mcjoin', '-s', '-c', '2', '232.5.5.5');
        await program.ends();
        assert.match(program.out, /received 2 packets/);
      },
    },
    {
      name: "the kernel's IGMPv3 makes our proxy send it a stream from beyond, until it leaves",
      needs,
      quick: true,
      async run(lab) {
        const sends = lab.runner.spawn('far', 'mcjoin', '-s', '-t', '8', '-f', '50', '-w', '20', '239.9.9.9');
        const hears = await receiver(lab, '239.9.9.9', 10, 10);
        await ended(hears);
        assert.equal(hears.out.split(FAR).length - 1, 10, hears.out);
        // What is known of a stream is forgotten with each report about its group, and found again with its next packet.
        const known = /\(10\.78\.2\.10,239\.9\.9\.9\) +Iif: eth1 +Oifs: eth0 +State: resolved/;
        await until(async () => known.test((await ours(lab, 'r1', 'ip', 'mroute')).out), 'the stream in ip mroute', 1);
        await sleep(3500); // it left: asked twice, a second apart, nobody answers
        const nobody = await ours(lab, 'r1', 'ip', 'mroute');
        assert.doesNotMatch(nobody.out, /239\.9\.9\.9\) +Iif: eth1 +Oifs: eth0/, nobody.out);
        await sends.kill('SIGTERM');
      },
    },
    {
      name: 'so does its IGMPv2, and what it sends with a larger TTL goes upstream',
      needs,
      async run(lab) {
        lab.space.sysctl('net.ipv4.conf.tap0.force_igmp_version', '2');
        const sends = lab.runner.spawn('far', 'mcjoin', '-s', '-t', '8', '-f', '50', '-w', '20', '239.8.8.8');
        const hears = await receiver(lab, '239.8.8.8', 5, 10);
        await ended(hears);
        assert.equal(hears.out.split(FAR).length - 1, 5, hears.out);
        await sends.kill('SIGTERM');
        lab.space.sysctl('net.ipv4.conf.tap0.force_igmp_version', '0');
        const far = lab.runner.spawn('far', 'mcjoin', '-c', '2', '-w', '10', '239.7.7.7');
        await far.says('joined');
        await lab.run('python3', ['-c', SENDER, '239.7.7.7', 8, 2]);
        assert.equal(await far.ends(), 0, far.out);
      },
    },
    {
      name: 'our ping to a group is answered by the kernel, where it may',
      needs: ['ip'],
      async run(lab) {
        lab.space.sysctl('net.ipv4.icmp_echo_ignore_broadcasts', '0');
        const { out } = await ours(lab, 'alice', 'ping', '-c', '1', '-W', '2', '-I', 'eth0', '224.0.0.1');
        assert.match(out, new RegExp(`64 bytes from ${KERNEL}: icmp_seq=1`), out);
        lab.space.sysctl('net.ipv4.icmp_echo_ignore_broadcasts', '1');
      },
    },
    {
      name: 'the kernel follows our redirect',
      needs: ['ip', 'ping'],
      quick: true,
      async run(lab) {
        lab.space.sysctl('net.ipv4.conf.tap0.accept_redirects', '1');
        // The first makes the kernel ask for the other router's MAC address; the second it follows.
        const { out } = await lab.run('ping', ['-n', '-c', 8, '-i', '0.4', BEYOND]);
        assert.match(out, new RegExp(`From ${ROUTER}:? icmp_seq=1 Redirect Host\\(New nexthop: ${SECOND}\\)`), out);
        const way = await lab.run('ip', ['route', 'get', BEYOND]);
        assert.match(way.out, new RegExp(`via ${SECOND} `), way.out);
      },
    },
    {
      name: "we follow the kernel's",
      needs: ['ip'],
      async run(lab) {
        lab.space.sysctl('net.ipv4.ip_forward', '1');
        lab.space.sysctl('net.ipv4.conf.tap0.send_redirects', '1');
        lab.space.ip(`route add 10.78.9.0/24 via ${ROUTER}`);
        await ours(lab, 'alice', 'ping', '-c', '2', '-i', '0.2', '-W', '1', '10.78.9.9');
        const { out } = await ours(lab, 'alice', 'ip', 'route', 'get', '10.78.9.9');
        lab.space.sysctl('net.ipv4.ip_forward', '0');
        assert.match(out, new RegExp(`via ${ROUTER} dev eth0 .*\\n +cache <redirected> expires \\d+sec`), out);
      },
    },
    {
      name: 'an address that the kernel has is not used by who looks first',
      needs: ['ip'],
      async run(lab) {
        await sleep(1000);
        const { out } = await ours(lab, 'careful', 'ip', '-4', '-br', 'address');
        assert.doesNotMatch(out, /10\.78\.1\.1/, out);
        const { nodes } = await lab.runner.counters();
        assert.ok(nodes.careful.ADDRESS_CONFLICT >= 1, JSON.stringify(nodes.careful));
      },
    },
    {
      name: 'who announces our address is told off, and heard of',
      needs: ['ip', 'arping'],
      async run(lab) {
        const before = (await lab.runner.counters()).nodes.alice?.ADDRESS_CONFLICT ?? 0;
        lab.space.ip(`addr add ${ALICE}/32 dev tap0`);
        await lab.run('arping', ['-U', '-c', 1, '-w', 2, '-I', 'tap0', '-s', ALICE, ALICE]);
        lab.space.ip(`addr del ${ALICE}/32 dev tap0`);
        const after = (await lab.runner.counters()).nodes.alice?.ADDRESS_CONFLICT ?? 0;
        assert.ok(after > before, `${before} conflicts, then ${after}`);
        const { code, out } = await ours(lab, 'bob', 'arping', '-D', '-c', '2', KERNEL);
        assert.equal(code, 1, out);
        const asked = await ours(lab, 'bob', 'arping', '-c', '2', KERNEL);
        assert.match(asked.out, /Received 2 response/, asked.out);
      },
    },
    {
      name: 'an address of its own choice is found, and answers the kernel',
      needs: ['ip', 'ping'],
      async run(lab) {
        const address = await until(
          async () => /169\.254\.[\d.]+/.exec((await ours(lab, 'own', 'ip', '-4', '-br', 'address')).out)?.[0],
          'an address of 169.254.0.0/16',
          15,
        );
        const { out } = await lab.run('ping', ['-n', '-c', 2, '-i', '0.2', '-I', '169.254.9.9', address]);
        assert.match(out, /2 received/, out);
      },
    },
    {
      name: 'nmap cannot foretell our IP identifications',
      needs: ['ip', 'nmap'],
      patience: 60,
      async run(lab) {
        const server = lab.runner.spawn('alice', 'nc', '-l', '-k', '80');
        const { out } = await lab.run('nmap', ['-n', '-Pn', '-O', '-v', '-p', '80,81', ALICE], { timeout: 55 });
        await server.kill('SIGTERM');
        const sequence = /IP ID Sequence Generation: (.*)/.exec(out)?.[1] ?? 'of no class that nmap knows';
        assert.doesNotMatch(sequence, /Incremental|Constant/, out);
        return sequence;
      },
    },
    soundCapture(),
  ],
};
