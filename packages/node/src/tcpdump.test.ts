import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RealFiles } from './real-files.ts';
import { SmallLab } from './testing/small-lab.ts';
import { itWithTcpdump, realTcpdump } from './testing/tcpdump.ts';

let directory: string;
let lab: SmallLab;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'netarium-'));
  writeFileSync(join(directory, 'index.html'), '<h1>hi</h1>\n');
  writeFileSync(join(directory, 'large.bin'), new Uint8Array(40_000).fill(65));
  lab = new SmallLab();
  for (const name of ['alice', 'web']) {
    lab.network.hostNamed(name).files.mount('/srv', new RealFiles(directory, { writable: true }));
  }
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('tcpdump', () => {
  it('shows what passes an interface, and counts it at the end', async () => {
    const dump = lab.start('alice', 'tcpdump -i eth0 -t icmp or arp');
    await lab.pass(0);
    await lab.run('alice', 'ping -c 1 web');
    await lab.run('alice', 'nc web 81');
    dump.process.kill('SIGINT');
    expect(await lab.end(dump)).toEqual({
      out: `ARP, Request who-has r tell alice, length 46
ARP, Reply r is-at ${lab.network.hostNamed('r').nics.get('eth0')!.mac}, length 46
IP alice > web: ICMP echo request, id 9017, seq 1, length 64
IP web > alice: ICMP echo reply, id 9017, seq 1, length 64
`,
      err: `tcpdump: verbose output suppressed, use -v[v]... for full protocol decode
listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes
4 packets captured
4 packets received by filter
0 packets dropped by kernel
`,
      code: 0,
    });
  });

  it('stops after as many packets as it was asked for, and leaves no tap behind', async () => {
    const dump = lab.start('alice', 'tcpdump -n -c 1 -v');
    await lab.pass(0);
    await lab.run('alice', 'ping -c 1 web');
    const { out, err, code } = await lab.end(dump);
    expect(code).toBe(0);
    expect(out.split('\n')).toHaveLength(2);
    expect(err).toMatch(/^tcpdump: listening on eth0, .*\n1 packet captured\n1 packet received by filter\n/);
    const nic = lab.network.hostNamed('alice').nics.get('eth0')!;
    expect([nic.tap, nic.promiscuous]).toEqual([null, false]);
  });

  it('hears only its own direction with -Q, and names the interface on any', async () => {
    const incoming = lab.start('r', 'tcpdump -nt -Q in -i eth0 icmp');
    const any = lab.start('r', 'tcpdump -nt -i any icmp[icmptype] = icmp-echo');
    await lab.pass(0);
    await lab.run('alice', 'ping -c 1 web');
    for (const each of [incoming, any]) each.process.kill('SIGINT');
    expect((await lab.end(incoming)).out).toMatch(/^IP 10\.0\.1\.10 > 10\.0\.2\.10: ICMP echo request.*\n$/);
    expect((await lab.end(any)).out.replace(/: .*/g, '')).toBe(
      'eth0  In  IP 10.0.1.10 > 10.0.2.10\neth1  Out IP 10.0.1.10 > 10.0.2.10\n',
    );
    const lo = lab.start('alice', 'tcpdump -nt -i lo');
    await lab.pass(0);
    await lab.run('alice', 'ping -c 1 127.0.0.1');
    lo.process.kill('SIGINT');
    expect((await lab.end(lo)).out.split('\n')).toHaveLength(3);
  });

  it('listens to everybody on a hub unless it is told not to', async () => {
    lab.network.hub('hub');
    for (const name of ['x', 'y', 'z']) {
      lab.network.host(name, { interfaces: { eth0: `10.0.9.${name.charCodeAt(0)}/24` } });
      lab.network.link([`${name}:eth0`, 'hub']);
    }
    const all = lab.start('z', 'tcpdump -n icmp');
    const own = lab.start('z', 'tcpdump -np icmp');
    await lab.pass(0);
    await lab.run('x', 'ping -c 1 y');
    await lab.pass(1);
    for (const each of [own, all]) each.process.kill('SIGINT');
    expect((await lab.end(own)).out).toMatch(/ICMP echo request.*\n.*ICMP echo reply/); // the card listens: somebody asked
    expect((await lab.end(all)).out).toMatch(/ICMP echo request.*\n.*ICMP echo reply/);
    const alone = lab.start('z', 'tcpdump -np icmp');
    await lab.pass(0);
    await lab.run('x', 'ping -c 1 y');
    alone.process.kill('SIGINT');
    expect((await lab.end(alone)).out).toBe('');
  });

  it('explains mistakes', async () => {
    expect(await lab.run('alice', 'tcpdump -i eth9')).toEqual({
      out: '',
      err: 'tcpdump: eth9: No such device exists (there are eth0, lo, any)\n',
      code: 1,
    });
    const wrong = await lab.run('alice', 'tcpdump tpc port 80');
    expect(wrong.code).toBe(1);
    expect(wrong.err).toMatch(
      /^tcpdump: can't parse filter expression:\n +tpc port 80\n +\^\^\^ .*did you mean "tcp"\?\n$/,
    );
    expect(await lab.run('alice', 'tcpdump -r /srv/none')).toMatchObject({
      err: 'tcpdump: /srv/none: No such file or directory\n',
      code: 1,
    });
    expect(await lab.run('alice', 'tcpdump -r /srv/index.html')).toMatchObject({ code: 1 });
    expect(await lab.run('alice', 'tcpdump -c x')).toMatchObject({ code: 2 });
    expect((await lab.run('alice', 'tcpdump -D')).out).toContain('1.eth0 [Up, Running]\n');
  });

  it('writes a capture file, to stdout as it grows', async () => {
    const file = lab.start('alice', 'tcpdump -w /srv/a.pcapng icmp');
    const stream = lab.start('alice', 'tcpdump -w - icmp');
    await lab.pass(0);
    await lab.run('alice', 'ping -c 2 web');
    expect(stream.out.length).toBeGreaterThan(400);
    for (const each of [file, stream]) each.process.kill('SIGINT');
    expect(await lab.end(file)).toMatchObject({ out: '', code: 0 });
    await lab.end(stream);
    const again = await lab.run('alice', 'tcpdump -n -r /srv/a.pcapng');
    expect(again.out.split('\n')).toHaveLength(5);
    expect(readFileSync(join(directory, 'a.pcapng')).length).toBeGreaterThan(400);
  });
});

/** Some versions of the real one do not tell that a UDP checksum is right. */
const withoutUdpSums = (text: string) => text.replaceAll('[udp sum ok] ', '');

describe('beside the real tcpdump', () => {
  itWithTcpdump('it prints the same, line for line', async () => {
    const dump = lab.start('alice', 'tcpdump -w /srv/all.pcapng');
    await lab.pass(0);
    lab.start('web', 'httpd /srv');
    lab.start('web', 'nc -lk 21', '220 ready\r\n331 who?\r\n');
    lab.start('web', 'nc -luk 5000');
    await lab.run('alice', 'ping -c 1 web');
    await lab.run('alice', 'get web');
    await lab.run('alice', 'get web/none');
    // Segments are lost and overtake each other: SACK blocks, retransmissions.
    lab.network.fault({ at: lab.network.now / 1e9, for: '5s', link: 'far', set: { loss: '5%', reordering: '5%' } });
    await lab.run('alice', 'get web/large.bin');
    await lab.run('alice', 'nc -p 50001 web 21', 'USER me\r\nPASS');
    await lab.run('alice', 'nc web 81');
    await lab.pass(5);
    for (const size of [1, 18, 600]) await lab.run('alice', 'nc -u -q 0 web 5000', 'x'.repeat(size));
    await lab.run('alice', 'nc -uz web 82');
    await lab.run('alice', 'ping -c 1 -t 1 web');
    await lab.run('alice', 'ping -c 1 -t 1 -s 1400 web');
    await lab.run('alice', 'ping -c 1 -s 4000 web');
    await lab.run('alice', 'ping -c 1 10.0.2.77');
    await lab.run('alice', 'ping -c 1 10.0.1.77');
    await lab.run('alice', 'ping -c 1 10.9.9.9');
    await lab.run('alice', 'ping -b -c 1 10.0.1.255');
    await lab.pass(1);
    dump.process.kill('SIGINT');
    await lab.end(dump);
    const all = realTcpdump(join(directory, 'all.pcapng'), ['-n']);
    for (const part of [
      'sack 1 {',
      'Flags [R',
      'HTTP: GET',
      'FTP: ',
      'udp port 82 unreachable',
      'ip-proto-1',
      'ARP, Reply',
    ]) {
      expect(all).toContain(part);
    }
    const lines = [
      '-n',
      '-nv',
      '-nvv',
      '-ne',
      '-nx',
      '-nX',
      '-nXX',
      '-nxx',
      '-nS',
      '-nt',
      '-ntt',
      '-n#',
      '-nevX',
      '-n -c 7',
    ];
    const filters = ['icmp', 'tcp port 80', 'tcp[tcpflags] & tcp-syn != 0', 'greater 600', 'not host 10.0.2.10', 'arp'];
    for (const args of [...lines, ...filters.map((filter) => `-n ${filter}`)]) {
      const real = realTcpdump(join(directory, 'all.pcapng'), args.split(' '));
      const ours = (await lab.run('alice', `tcpdump -r /srv/all.pcapng ${args}`)).out;
      expect(withoutUdpSums(ours), args).toBe(withoutUdpSums(real));
    }
  });
});
