import { nearestWord } from './nearest-word.ts';

/** The words of the filter language and the numbers that some of them stand for (pcap-filter(7)). */

export const ETHER_TYPES: Record<string, number> = {
  ip: 0x0800,
  arp: 0x0806,
  rarp: 0x8035,
  ip6: 0x86dd,
  vlan: 0x8100,
  loopback: 0x9000,
  mpls: 0x8847,
  pppoed: 0x8863,
  pppoes: 0x8864,
};

export const IP_PROTOCOLS: Record<string, number> = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  esp: 50,
  ah: 51,
  icmp6: 58,
  pim: 103,
  vrrp: 112,
  sctp: 132,
};

/** Header fields and values by name, as in `tcp[tcpflags] & tcp-syn != 0`. */
export const CONSTANTS: Record<string, number> = {
  tcpflags: 13,
  'tcp-fin': 0x01,
  'tcp-syn': 0x02,
  'tcp-rst': 0x04,
  'tcp-push': 0x08,
  'tcp-ack': 0x10,
  'tcp-urg': 0x20,
  'tcp-ece': 0x40,
  'tcp-cwr': 0x80,
  icmptype: 0,
  icmpcode: 1,
  'icmp-echoreply': 0,
  'icmp-unreach': 3,
  'icmp-sourcequench': 4,
  'icmp-redirect': 5,
  'icmp-echo': 8,
  'icmp-routeradvert': 9,
  'icmp-routersolicit': 10,
  'icmp-timxceed': 11,
  'icmp-paramprob': 12,
  'icmp-tstamp': 13,
  'icmp-tstampreply': 14,
  icmp6type: 0,
  icmp6code: 1,
  'icmp6-echo': 128,
  'icmp6-echoreply': 129,
  'icmp6-neighborsolicit': 135,
  'icmp6-neighboradvert': 136,
};

export const SERVICES: Record<string, number> = {
  'ftp-data': 20,
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  domain: 53,
  bootps: 67,
  bootpc: 68,
  tftp: 69,
  http: 80,
  pop3: 110,
  nntp: 119,
  ntp: 123,
  imap2: 143,
  snmp: 161,
  https: 443,
  rip: 520,
  submission: 587,
  imaps: 993,
  pop3s: 995,
  'http-alt': 8080,
};

const KEYWORDS = [
  ...['and', 'or', 'not', 'src', 'dst', 'host', 'net', 'mask', 'port', 'portrange', 'ether', 'proto', 'broadcast'],
  ...['multicast', 'less', 'greater', 'vlan', 'len'],
];

const KNOWN = new Set([
  ...KEYWORDS,
  ...Object.keys(ETHER_TYPES),
  ...Object.keys(IP_PROTOCOLS),
  ...Object.keys(CONSTANTS),
]);

export function isKeyword(word: string): boolean {
  return KNOWN.has(word);
}

/** The word that was probably meant. */
export function nearestKeyword(word: string): string | undefined {
  return nearestWord(word, KNOWN);
}

export interface Token {
  /** `word` for names, numbers and addresses; `sign` for the rest; `end` behind the last. */
  readonly kind: 'word' | 'sign' | 'end';
  readonly text: string;
  readonly position: number;
  /** Written with a backslash in front: a name even though it is a keyword. */
  readonly escaped: boolean;
}

/** The longest first, for the first that fits is taken. */
const SIGNS = ['&&', '||', '<<', '>>', '<=', '>=', '==', '!=', ...'()[]!=<>+-*/%&|^:'];

/**
 * Cuts the text into tokens. Within brackets a colon and a minus part words, outside they belong to addresses and
 * names (`ether host 02:00:00:00:00:01`, `tcp-syn`, `portrange 6000-6008`). A number tells where it went wrong.
 */
export function tokens(text: string): Token[] | number {
  const found: Token[] = [];
  let brackets = 0;
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at]!)) {
      at++;
      continue;
    }
    const escaped = text[at] === '\\';
    const start = escaped ? at + 1 : at;
    const pattern = brackets > 0 ? /[A-Za-z0-9_.]+/y : /[A-Za-z0-9_.:][A-Za-z0-9_.:-]*/y;
    pattern.lastIndex = start;
    const word = pattern.exec(text)?.[0];
    if (word !== undefined && word !== ':') {
      found.push({ kind: 'word', text: word, position: at, escaped });
      at = start + word.length;
      continue;
    }
    const sign = escaped ? undefined : SIGNS.find((each) => text.startsWith(each, at));
    if (sign === undefined) return at;
    if (sign === '[') brackets++;
    if (sign === ']') brackets--;
    found.push({ kind: 'sign', text: sign, position: at, escaped: false });
    at += sign.length;
  }
  found.push({ kind: 'end', text: '', position: text.length, escaped: false });
  return found;
}
