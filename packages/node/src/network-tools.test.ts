import { describe, expect, it } from 'vitest';
import { SmallLab } from './testing/small-lab.ts';

const TITLE = 'Proto Recv-Q Send-Q Local Address           Foreign Address         State      ';

describe('netstat', () => {
  it('lists listeners, connections and who holds them', async () => {
    const lab = new SmallLab();
    lab.start('web', 'nc -l 80');
    lab.start('web', 'nc -lu 5000');
    const client = lab.start('alice', 'nc -p 50000 web 80', 'hello');
    await lab.pass(1);
    expect((await lab.run('web', 'netstat -tan')).out).toBe(
      `Active Internet connections (servers and established)\n${TITLE}\n` +
        'tcp        0      0 10.0.2.10:80            10.0.1.10:50000         ESTABLISHED\n',
    );
    expect((await lab.run('web', 'netstat -aup')).out).toBe(
      `Active Internet connections (servers and established)\n${TITLE} PID/Program name    \n` +
        'udp        0      0 0.0.0.0:5000            0.0.0.0:*                           2/nc                \n',
    );
    expect((await lab.run('alice', 'netstat -p')).out).toBe(
      `Active Internet connections (w/o servers)\n${TITLE} PID/Program name    \n` +
        'tcp        0      0 alice:50000             web:http                ESTABLISHED 1/nc                \n',
    );
    client.type(null);
    await lab.end(client);
    // Who closes first waits: RFC 9293 3.6.1.
    expect((await lab.run('alice', 'netstat -tn')).out).toContain('10.0.2.10:80            TIME_WAIT  \n');
  });

  it('shows only servers with -l, and what waits in a queue', async () => {
    const lab = new SmallLab();
    const { sockets } = lab.network.hostNamed('web');
    const listener = sockets.create_server(['10.0.2.10', 8080], { backlog: 3 });
    const other = sockets.socket();
    other.bind(['', 22]);
    other.listen();
    const client = lab.start('alice', 'nc web 8080', 'hello');
    await lab.pass(1);
    expect((await lab.run('web', 'netstat -tln')).out).toBe(
      `Active Internet connections (only servers)\n${TITLE}\n` +
        'tcp        0      0 0.0.0.0:22              0.0.0.0:*               LISTEN     \n' +
        'tcp        1      0 10.0.2.10:8080          0.0.0.0:*               LISTEN     \n',
    );
    expect((await lab.run('web', 'netstat -tn')).out).toMatch(
      /\ntcp {8}5 {6}0 10\.0\.2\.10:8080 +10\.0\.1\.10:[0-9]+ +ESTABLISHED\n/,
    );
    client.process.kill('SIGKILL');
    listener.close();
  });

  it('tells routes, interfaces and counts', async () => {
    const lab = new SmallLab();
    await lab.run('alice', 'ping -c 1 web');
    await lab.run('alice', 'nc web 81');
    expect((await lab.run('alice', 'netstat -rn')).out).toBe(
      `Kernel IP routing table
Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface
0.0.0.0         10.0.1.1        0.0.0.0         UG        0 0          0 eth0
10.0.1.0        0.0.0.0         255.255.255.0   U         0 0          0 eth0
`,
    );
    expect((await lab.run('alice', 'netstat -i')).out).toBe(
      `Kernel Interface table
Iface             MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg
eth0             1500        3      0      0 0             3      0      0      0 BMRU
lo              65536        0      0      0 0             0      0      0      0 LRU
`,
    );
    expect((await lab.run('alice', 'netstat -s')).out).toMatch(
      /^Tcp:\n {4}1 active connection openings\n {4}0 passive connection openings\n/,
    );
    expect((await lab.run('web', 'netstat -s')).out).toContain('    1 resets sent\n');
    expect((await lab.run('web', 'netstat -s')).out).toContain(
      'nobody listens on this TCP port: answered with RST (TCP_NO_PORT)\n',
    );
    expect(await lab.run('alice', 'netstat -x')).toMatchObject({ code: 2 });
  });
});

describe('route and ip route', () => {
  it('show the table in their ways', async () => {
    const lab = new SmallLab();
    expect((await lab.run('alice', 'route -n')).out).toBe(
      `Kernel IP routing table
Destination     Gateway         Genmask         Flags Metric Ref    Use Iface
0.0.0.0         10.0.1.1        0.0.0.0         UG    0      0        0 eth0
10.0.1.0        0.0.0.0         255.255.255.0   U     0      0        0 eth0
`,
    );
    expect((await lab.run('alice', 'route')).out).toContain('default         r               0.0.0.0         UG ');
    expect((await lab.run('alice', 'ip route')).out).toBe(
      'default via 10.0.1.1 dev eth0 \n10.0.1.0/24 dev eth0 proto kernel scope link src 10.0.1.10 \n',
    );
  });

  it('change it', async () => {
    const lab = new SmallLab();
    expect(await lab.run('alice', 'ip route add 10.8.0.0/16 via 10.0.1.20 metric 5')).toEqual({
      out: '',
      err: '',
      code: 0,
    });
    expect(await lab.run('alice', 'ip r add unreachable 10.9.0.0/16')).toMatchObject({ code: 0 });
    expect((await lab.run('alice', 'ip r')).out).toContain(
      '10.8.0.0/16 via 10.0.1.20 dev eth0 metric 5 \nunreachable 10.9.0.0/16 \n',
    );
    expect((await lab.run('alice', 'ip route get 10.8.1.1')).out).toBe(
      '10.8.1.1 via 10.0.1.20 dev eth0 src 10.0.1.10 uid 0 \n    cache \n',
    );
    expect((await lab.run('alice', 'nc 10.9.1.1 80')).err).toContain('No route to host');
    expect(await lab.run('alice', 'ip route add 10.8.0.0/16 via 10.0.1.20 metric 5')).toEqual({
      out: '',
      err: 'RTNETLINK answers: File exists\n',
      code: 2,
    });
    expect(await lab.run('alice', 'ip route add 10.7.0.0/16 via 10.77.1.1')).toMatchObject({
      err: 'RTNETLINK answers: Network is unreachable\n',
    });
    expect(await lab.run('alice', 'ip route del default')).toMatchObject({ code: 0 });
    expect((await lab.run('alice', 'ping -c 1 web')).err).toBe('ping: connect: Network is unreachable\n');
  });
});

describe('ip address, link and neighbour', () => {
  it('show what there is', async () => {
    const lab = new SmallLab();
    const { mac } = lab.network.hostNamed('alice').nics.get('eth0')!;
    expect(
      (await lab.run('alice', 'ip addr')).out,
    ).toBe(`1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
    inet6 ::1/128 scope host 
       valid_lft forever preferred_lft forever
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc pfifo_fast state UP group default qlen 1000
    link/ether ${mac} brd ff:ff:ff:ff:ff:ff
    inet 10.0.1.10/24 brd 10.0.1.255 scope global eth0
       valid_lft forever preferred_lft forever
`);
    expect((await lab.run('alice', 'ip a show dev lo')).out.split('\n')).toHaveLength(7);
    expect((await lab.run('alice', 'ip -br a')).out).toBe(
      'lo               UNKNOWN        127.0.0.1/8 ::1/128 \neth0             UP             10.0.1.10/24 \n',
    );
    expect((await lab.run('alice', 'ip -br link show eth0')).out).toMatch(
      /^eth0 +UP +02:[0-9a-f:]+ <BROADCAST,MULTICAST,UP,LOWER_UP> \n$/,
    );
  });

  it('switch an interface off and on', async () => {
    const lab = new SmallLab();
    expect(await lab.run('alice', 'ip link set eth0 down')).toEqual({ out: '', err: '', code: 0 });
    expect((await lab.run('alice', 'ip link show eth0')).out).toContain(
      '<BROADCAST,MULTICAST> mtu 1500 qdisc pfifo_fast state DOWN mode DEFAULT',
    );
    expect((await lab.run('alice', 'ping -c 1 bob')).code).not.toBe(0);
    await lab.run('alice', 'ip link set dev eth0 up mtu 1400');
    expect((await lab.run('alice', 'ping -c 1 bob')).code).toBe(0);
    expect((await lab.run('alice', 'ping -M do -s 1400 -c 1 bob')).err).toContain('mtu=1400');
    lab.network.fault({ at: lab.network.now / 1e9, link: 'alice:eth0', down: true });
    await lab.pass(1);
    expect((await lab.run('alice', 'ip link show eth0')).out).toContain('<NO-CARRIER,BROADCAST,MULTICAST,UP>');
    expect((await lab.run('alice', 'ip r')).out).toContain('src 10.0.1.10 linkdown \n');
  });

  it('give and take addresses', async () => {
    const lab = new SmallLab();
    expect(await lab.run('alice', 'ip addr add 10.0.1.11/24 dev eth0')).toMatchObject({ code: 0 });
    expect(await lab.run('bob', 'ping -c 1 10.0.1.11')).toMatchObject({ code: 0 });
    expect(await lab.run('alice', 'ip addr add 10.0.1.11/24 dev eth0')).toMatchObject({
      err: 'RTNETLINK answers: File exists\n',
      code: 2,
    });
    expect(await lab.run('alice', 'ip addr del 10.0.1.11/24 dev eth0')).toMatchObject({ code: 0 });
    expect((await lab.run('alice', 'hostname -I')).out).toBe('10.0.1.10 \n');
  });

  it('know neighbours, as arp does', async () => {
    const lab = new SmallLab();
    const { mac } = lab.network.hostNamed('r').nics.get('eth0')!;
    await lab.run('alice', 'ping -c 1 web');
    await lab.run('alice', 'ping -c 1 10.0.1.77');
    expect(
      (await lab.run('alice', 'arp -n')).out,
    ).toBe(`Address                  HWtype  HWaddress           Flags Mask            Iface
10.0.1.1                 ether   ${mac}   C                     eth0
10.0.1.77                        (incomplete)                              eth0
`);
    expect((await lab.run('alice', 'arp -a')).out).toBe(
      `r (10.0.1.1) at ${mac} [ether] on eth0\n? (10.0.1.77) at <incomplete> on eth0\n`,
    );
    expect((await lab.run('alice', 'ip neigh')).out).toBe(
      `10.0.1.1 dev eth0 lladdr ${mac} REACHABLE \n10.0.1.77 dev eth0 FAILED \n`,
    );
    await lab.pass(60);
    expect((await lab.run('alice', 'ip n')).out).toContain('STALE');
    expect(await lab.run('alice', 'arp -s 10.0.1.77 02:00:00:00:00:77')).toMatchObject({ code: 0 });
    expect((await lab.run('alice', 'ip n')).out).toContain('10.0.1.77 dev eth0 lladdr 02:00:00:00:00:77 PERMANENT \n');
    expect(await lab.run('alice', 'arp -d 10.0.1.77')).toMatchObject({ code: 0 });
    expect((await lab.run('alice', 'arp 10.0.1.77')).out).toBe('10.0.1.77 (10.0.1.77) -- no entry\n');
  });

  it.each([
    'ip',
    'ip addres',
    'ip route add x',
    'ip link set eth9 up',
    'ip addr add 10.0.0.1',
    'ip route add default foo bar',
    'arp -s bob',
    'route add',
  ])('explain themselves: %s', async (line) => {
    const { err, code } = await new SmallLab().run('alice', line);
    if (line === 'ip addres')
      expect(code).toBe(0); // a beginning of "address"
    else expect([code, err]).toEqual([2, expect.stringMatching(/\nTry '\w+ --help'\.\n$/)]);
  });
});

describe('the small ones', () => {
  it('print what they should', async () => {
    const lab = new SmallLab();
    expect((await lab.run('alice', 'hostname')).out).toBe('alice\n');
    expect((await lab.run('alice', "echo -n 'a  b' c")).out).toBe('a  b c');
    expect((await lab.run('alice', 'cat', 'in and out')).out).toBe('in and out');
    expect(await lab.run('alice', 'cat /none')).toMatchObject({
      err: 'cat: /none: No such file or directory\n',
      code: 1,
    });
    const before = lab.network.now;
    expect(await lab.run('alice', 'sleep 1.5')).toMatchObject({ code: 0 });
    expect(await lab.run('alice', 'sleep 500ms')).toMatchObject({ code: 0 });
    expect(lab.network.now - before).toBe(2e9);
    expect(await lab.run('alice', 'sleep long')).toMatchObject({ code: 2 });
    expect((await lab.run('alice', 'help')).out).toMatch(/\nping +ask a host for an echo/);
    expect((await lab.run('alice', 'help ping')).out).toBe((await lab.run('alice', 'ping --help')).out);
    expect((await lab.run('alice', 'help pin')).err).toBe('help: there is no pin; did you mean ping?\n');
  });
});
