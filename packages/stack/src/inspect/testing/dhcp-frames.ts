import { dnsName, ethernet, ip, ipv4, mac, text, u16, u32, udp, zeros } from './frames.ts';

type Bytes = number[];

const CLIENT = { mac: '02:00:00:00:00:0c', ip: '10.0.1.12' };
const SERVER = { mac: '02:00:00:00:00:01', ip: '10.0.1.1' };

interface Given {
  op?: number;
  flags?: number;
  addresses?: readonly [client: string, yours: string, server: string, relay: string];
  sname?: string;
  options?: Bytes;
  pad?: number;
}

const NOBODY = ['0.0.0.0', '0.0.0.0', '0.0.0.0', '0.0.0.0'] as const;

function bootp({ op = 1, flags = 0x8000, addresses = NOBODY, sname = '', options = [], pad = 300 }: Given): Bytes {
  const header = [op, 1, 6, 0, ...u32(0x3903f326), ...u16(2), ...u16(flags), ...addresses.flatMap(ip)];
  const names = [...text(sname), ...zeros(64 - sname.length), ...zeros(128)];
  const bytes = [...header, ...mac(CLIENT.mac), ...zeros(10), ...names, ...options];
  return [...bytes, ...zeros(Math.max(0, pad - bytes.length))];
}

const COOKIE = [99, 130, 83, 99];
const option = (code: number, ...value: Bytes): Bytes => [code, value.length, ...value];
const END = 255;

const asked = (payload: Bytes): Uint8Array =>
  ethernet(
    ipv4(udp(payload, { sport: 68, dport: 67, src: '0.0.0.0', dst: '255.255.255.255' }), {
      protocol: 17,
      src: '0.0.0.0',
      dst: '255.255.255.255',
    }),
    { dst: 'ff:ff:ff:ff:ff:ff' },
  );
const answered = (payload: Bytes): Uint8Array =>
  ethernet(
    ipv4(udp(payload, { sport: 67, dport: 68, src: SERVER.ip, dst: CLIENT.ip }), {
      protocol: 17,
      src: SERVER.ip,
      dst: CLIENT.ip,
    }),
    { src: SERVER.mac, dst: CLIENT.mac },
  );

/** DHCP and BOOTP: one well-formed frame of each kind. */
export function dhcpFrames(): [string, Uint8Array][] {
  const discover = [
    ...COOKIE,
    ...option(53, 1),
    ...option(61, 1, ...mac(CLIENT.mac)),
    ...option(50, ...ip('10.0.1.10')),
    ...option(12, ...text('alice')),
    ...option(55, 1, 28, 121, 3, 15, 6, 119, 12, 26),
    ...option(57, ...u16(1500)),
    ...option(60, ...text('netarium')),
    END,
  ];
  const given = [
    ...COOKIE,
    ...option(53, 5),
    ...option(54, ...ip(SERVER.ip)),
    ...option(51, ...u32(3600)),
    ...option(58, ...u32(1800)),
    ...option(59, ...u32(3150)),
    ...option(1, 255, 255, 255, 0),
    ...option(28, ...ip('10.0.1.255')),
    ...option(3, ...ip('10.0.1.1')),
    ...option(6, ...ip('10.0.1.53'), ...ip('10.0.2.53')),
    ...option(15, ...text('lab.test')),
    ...option(42, ...ip('10.0.1.7')),
    ...option(26, ...u16(1400)),
    END,
  ];
  const refused = [
    ...COOKIE,
    ...option(53, 6),
    ...option(54, ...ip(SERVER.ip)),
    ...option(56, ...text('wrong network')),
    END,
  ];
  const odd = [...COOKIE, ...option(53, 8), ...option(61, 0, 1, 2, 3), ...option(224, 1, 2, 3), END];
  const searching = [
    ...COOKIE,
    ...option(53, 2),
    ...option(119, ...dnsName('eng.lab.test'), ...dnsName('lab.test')),
    END,
  ];
  return [
    ['dhcp discover', asked(bootp({ options: discover }))],
    [
      'dhcp ack',
      answered(bootp({ op: 2, flags: 0, addresses: ['0.0.0.0', CLIENT.ip, '0.0.0.0', '0.0.0.0'], options: given })),
    ],
    [
      'dhcp nak',
      answered(bootp({ op: 2, addresses: ['0.0.0.0', '0.0.0.0', '0.0.0.0', '10.0.9.1'], options: refused })),
    ],
    ['dhcp inform', asked(bootp({ flags: 0, addresses: [CLIENT.ip, '0.0.0.0', '0.0.0.0', '0.0.0.0'], options: odd }))],
    ['dhcp offer with domains', answered(bootp({ op: 2, options: searching, sname: 'server' }))],
    ['bootp request', asked(bootp({ flags: 0 }))],
    [
      'bootp reply',
      answered(
        bootp({
          op: 2,
          addresses: ['0.0.0.0', CLIENT.ip, SERVER.ip, '0.0.0.0'],
          options: [...COOKIE, ...option(1, 255, 0, 0, 0), END],
        }),
      ),
    ],
  ];
}
