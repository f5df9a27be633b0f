import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MacAddress } from '@netarium/stack/base/mac-address';
import { DhcpMessage, Op, writeMessage } from '@netarium/stack/l7-application/dhcp/message';
import { MessageType, Option } from '@netarium/stack/l7-application/dhcp/option-codes';
import { captureEveryHop } from '@netarium/stack/network/captures';
import { afterAll, describe, expect, it } from 'vitest';
import { SmallLab } from './testing/small-lab.ts';
import { expertProblems, itWithTshark, tshark } from './testing/tshark.ts';

const folder = mkdtempSync(join(tmpdir(), 'netarium-dhcp-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The small lab, and two hosts without an address: carol on the switch, dave behind a second router. */
function lab(): SmallLab {
  const made = new SmallLab();
  const { network } = made;
  network.host('carol', { interfaces: { eth0: { mac: '02:00:00:00:0c:01' } } });
  network.host('dave', { interfaces: { eth0: { mac: '02:00:00:00:0d:01' } } });
  network.link(['carol:eth0', 'sw:4']);
  const routes = [{ to: 'default', via: '10.0.1.1' }];
  network.router('r2', { interfaces: { eth0: '10.0.1.250/24', eth1: '10.0.3.1/24' }, routes });
  network.hostNamed('r').addRoute({ to: '10.0.3.0/24', via: '10.0.1.250' });
  network.link(['r2:eth0', 'sw:5']);
  network.link(['dave:eth0', 'r2:eth1']);
  return made;
}

describe('dhcpd and dhclient', () => {
  it('tell what they do, and the host is on the network', async () => {
    const made = lab();
    const server = made.start('r', 'dhcpd -v -i eth0 range=10.0.1.100-10.0.1.199 dns=10.0.2.10 domain=lab lease=1h');
    expect(await made.run('carol', 'dhclient -v eth0')).toEqual({
      out: '',
      err: `Listening on LPF/eth0/02:00:00:00:0c:01
Sending on   LPF/eth0/02:00:00:00:0c:01
Sending on   Socket/fallback
DHCPDISCOVER on eth0 to 255.255.255.255 port 67 interval 4
DHCPOFFER of 10.0.1.100 from 10.0.1.1
DHCPREQUEST for 10.0.1.100 on eth0 to 255.255.255.255 port 67
DHCPACK of 10.0.1.100 from 10.0.1.1
bound to 10.0.1.100 -- renewal in 1798 seconds.
`,
      code: 0,
    });
    expect(server.out).toBe(`DHCPDISCOVER from 02:00:00:00:0c:01 (carol) via eth0
DHCPOFFER on 10.0.1.100 to 02:00:00:00:0c:01 (carol) via eth0
DHCPREQUEST for 10.0.1.100 from 02:00:00:00:0c:01 (carol) via eth0
DHCPACK on 10.0.1.100 to 02:00:00:00:0c:01 (carol) via eth0
`);
    expect((await made.run('carol', 'ip route')).out).toMatch(/^default via 10\.0\.1\.1 dev eth0 proto dhcp/);
    expect((await made.run('carol', 'ping -c 1 web')).code).toBe(0);
    expect((await made.run('web', 'ping -c 1 carol')).code).toBe(0);
    await made.pass(5 * 3600);
    expect((await made.run('carol', 'ip -br a show eth0')).out).toMatch(/10\.0\.1\.100\/24/);
    expect((await made.run('carol', 'dhclient -v -r eth0')).err).toMatch(
      /\nDHCPRELEASE of 10\.0\.1\.100 on eth0 to 10\.0\.1\.1 port 67\n$/,
    );
    expect((await made.run('carol', 'ip -br a show eth0')).out).not.toMatch(/10\.0\.1/);
    expect(server.out).toMatch(/\nDHCPRELEASE of 10\.0\.1\.100 from 02:00:00:00:0c:01 via eth0\n$/);
    server.process.kill();
    expect(await made.end(server)).toMatchObject({ code: 0 });
  });

  it('dhclient gives up when it is told to, and else goes on in the background', async () => {
    const made = lab();
    const once = await made.run('carol', 'dhclient -v -1 -t 10');
    expect(once.err).toMatch(/\nNo DHCPOFFERS received\.\nUnable to obtain a lease on first try\. {2}Exiting\.\n$/);
    expect(once.code).toBe(2);
    expect(await made.run('carol', 'dhclient -t 10')).toEqual({
      out: '',
      err: 'No DHCPOFFERS received.\nNo leases - sleeping.\n',
      code: 2,
    });
    made.start('r', 'dhcpd -i eth0');
    await made.pass(130);
    expect((await made.run('carol', 'ip -br a show eth0')).out).toMatch(/10\.0\.1\.2\/24/);
    expect(await made.run('carol', 'dhclient')).toEqual({ out: '', err: '', code: 0 });
    expect(await made.run('carol', 'dhclient -x')).toEqual({ out: '', err: '', code: 0 });
    expect((await made.run('carol', 'ip -br a show eth0')).out).not.toMatch(/10\.0\.1/);
  });

  it('dhclient that is interrupted stops asking', async () => {
    const made = lab();
    const client = made.start('carol', 'dhclient -v');
    await made.pass(5);
    client.process.kill('SIGINT');
    expect((await made.end(client)).code).toBe(2);
    const said = client.err;
    await made.pass(100);
    expect(client.err).toBe(said);
  });

  it('a whole network of its own needs no words; a station may have its own address and name', async () => {
    const made = lab();
    made.start('r', 'dhcpd -i eth0 host=02:00:00:00:0c:01/10.0.1.77,kitchen');
    await made.run('carol', 'dhclient');
    expect((await made.run('carol', 'ip -br a show eth0')).out).toMatch(/10\.0\.1\.77\/24/);
    expect((await made.run('carol', 'hostname')).out).toBe('kitchen\n');
  });

  it('dhcrelay brings a host an address from a server elsewhere', async () => {
    const made = lab();
    made.start('web', 'dhcpd subnet=10.0.3.0/24 range=10.0.3.50-10.0.3.60 router=10.0.3.1 route=10.9.0.0/16,10.0.3.9');
    const relay = made.start('r2', 'dhcrelay -v -i eth1 web');
    const client = await made.run('dave', 'dhclient -v');
    expect(client.err).toMatch(/\nDHCPACK of 10\.0\.3\.50 from 10\.0\.2\.10\nbound to 10\.0\.3\.50 -- /);
    expect((await made.run('dave', 'ip route')).out).toBe(
      'default via 10.0.3.1 dev eth0 proto dhcp \n' +
        '10.0.3.0/24 dev eth0 proto kernel scope link src 10.0.3.50 \n' +
        '10.9.0.0/16 via 10.0.3.9 dev eth0 proto dhcp \n',
    );
    expect((await made.run('dave', 'ping -c 1 alice')).code).toBe(0);
    expect(relay.out.split('\n')[0]).toBe('Forwarded DHCPDISCOVER from 02:00:00:00:0d:01 via eth1 to 10.0.2.10');
  });

  it.each([
    ['r', 'dhcpd -i eth9', 'dhcpd: there is no interface eth9; there are eth0, eth1\n'],
    ['r', 'dhcpd range=10.0.1.5', 'dhcpd: "range=10.0.1.5": say of which network: subnet=10.0.1.0/24\n'],
    ['r', 'dhcpd -i eth0 rnage=10.0.1.5', 'dhcpd: "rnage=10.0.1.5": did you mean range=?\n'],
    ['r', 'dhcpd -i eth0 range=10.0.2.5', 'dhcpd: "range=10.0.2.5": 10.0.2.5 is not in 10.0.1.0/24\n'],
    [
      'r',
      'dhcpd -i eth0 range=10.0.1.9-10.0.1.5',
      'dhcpd: "range=10.0.1.9-10.0.1.5" is not like range=10.0.1.100-10.0.1.199\n',
    ],
    ['r', 'dhcpd -i eth0 lease=soon', 'dhcpd: "lease=soon": '],
    ['r', 'dhcpd -i eth0 mtu=12', 'dhcpd: "mtu=12": an MTU is from 68 to 65535\n'],
    ['r', 'dhcpd -i eth0 host=10.0.1.5', 'dhcpd: "host=10.0.1.5" is not like host='],
    ['r', 'dhcpd -i eth0 dns=web', 'dhcpd: "dns=web": addresses are like 10.0.1.1,10.0.1.2\n'],
    ['r', 'dhcpd -i eth0 option=300,00', 'dhcpd: "option=300,00" is not like option=66,74667470'],
    ['r', 'dhcpd -i eth0 subnet=10.0.1.0', 'dhcpd: "subnet=10.0.1.0" is not like subnet=10.0.2.0/24\n'],
    ['carol', 'dhcpd', 'dhcpd: no interface here has an address\n'],
    ['r', 'dhclient', 'dhclient: which interface? There are eth0, eth1\n'],
    ['r', 'dhcrelay web', 'dhcrelay: on which interface are the clients? -i eth0\n'],
    ['r', 'dhcrelay -i eth0', 'dhcrelay: to which server?\n'],
  ])('%s: %s', async (host, line, complaint) => {
    const { err, code } = await lab().run(host, line);
    expect(err.startsWith(complaint) ? complaint : err).toBe(complaint);
    expect(code).toBe(2);
  });
});

itWithTshark('tshark reads whatever is said, and means the same', async () => {
  const made = lab();
  const { network } = made;
  const capture = captureEveryHop(network);
  made.start('web', 'dhcpd subnet=10.0.3.0/24 router=10.0.3.1 route=10.9.0.0/16,10.0.3.9 mtu=1400 lease=10m');
  made.start('r2', 'dhcrelay -i eth1 web');
  made.start('r', `dhcpd -i eth0 dns=10.0.1.53 domain=lab.example lease=10m option=66,${'61'.repeat(80)} ntp=10.0.1.1`);
  await made.run('bob', 'ip address add 10.0.1.2/24 dev eth0'); // the first address of the pool: declined
  await made.run('carol', 'dhclient');
  await made.run('dave', 'dhclient');
  await made.pass(700);
  await made.run('carol', 'dhclient -r');
  await made.run('dave', 'dhclient -r');
  capture.finish();
  const path = join(folder, 'dhcp.pcapng');
  writeFileSync(path, capture.take());
  expect(expertProblems(path)).toEqual([]);
  const types = tshark(path, ['-Y', 'dhcp', '-T', 'fields', '-e', 'dhcp.option.dhcp']).map(Number);
  expect([...new Set(types)].sort()).toEqual([1, 2, 3, 4, 5, 7]);
  const fields = [
    'dhcp.ip.your',
    'dhcp.option.ip_address_lease_time',
    'dhcp.option.domain_name',
    'dhcp.option.interface_mtu',
  ];
  const told = tshark(path, [
    '-Y',
    'dhcp.option.dhcp == 5 && eth.dst == ff:ff:ff:ff:ff:ff',
    '-T',
    'fields',
    ...fields.flatMap((field) => ['-e', field]),
  ]);
  expect([...new Set(told)].sort()).toEqual([
    '10.0.1.2\t600\tlab.example\t',
    '10.0.1.3\t600\tlab.example\t',
    '10.0.3.2\t600\t\t1400',
  ]);
  // Nothing from a warning on.
  expect(tshark(path, ['-Y', 'dhcp && _ws.expert.severity >= 6291456'])).toEqual([]);
});

itWithTshark('tshark finds options in file and sname, and joins long ones', async () => {
  const made = lab();
  const message = new DhcpMessage();
  message.op = Op.Reply;
  message.mac = MacAddress.parse('02:00:00:00:0c:01')!;
  message.options.messageType = MessageType.Ack;
  for (let code = 224; code < 233; code++) message.options.set(code, new Uint8Array(45).fill(code));
  const long = new DhcpMessage();
  long.mac = message.mac;
  long.options.messageType = MessageType.Discover;
  long.options.setText(Option.DomainName, 'a'.repeat(300));
  const capture = captureEveryHop(made.network);
  const { sockets } = made.network.hostNamed('web');
  const s = sockets.socket(sockets.AF_INET, sockets.SOCK_DGRAM);
  s.bind(['', 67]);
  await made.network.run(async () => {
    await s.sendto(writeMessage(message), ['10.0.1.10', 68]);
    await s.sendto(writeMessage(long), ['10.0.1.10', 67]);
  });
  await made.pass(1);
  capture.finish();
  const path = join(folder, 'overload.pcapng');
  writeFileSync(path, capture.take());
  expect(expertProblems(path)).toEqual([]);
  const [types] = tshark(path, ['-Y', 'dhcp.option.dhcp == 5', '-T', 'fields', '-e', 'dhcp.option.type']);
  // tshark looks into sname before file.
  const codes = types!
    .split(',')
    .map(Number)
    .filter((code) => code !== 0 && code !== 255);
  expect(codes).toEqual([53, 224, 225, 226, 227, 228, 229, 52, 232, 230, 231]);
  const names = tshark(path, ['-Y', 'dhcp.option.dhcp == 1', '-T', 'fields', '-e', 'dhcp.option.length']);
  expect(names[0]).toMatch(/^1,255,45/);
});
