/** The numbers of the DNS and their names (IANA "Domain Name System (DNS) Parameters"). */

/** Types of records, as far as anything here has to know them by name. */
export const Type = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  DS: 43,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  CAA: 257,
} as const;

/** Names of types whose data is nothing but bytes here (RFC 3597), so that they are written as people know them. */
const OTHER_TYPES = {
  MB: 7,
  MG: 8,
  MR: 9,
  WKS: 11,
  MINFO: 14,
  RP: 17,
  AFSDB: 18,
  LOC: 29,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  DNAME: 39,
  SSHFP: 44,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  MAILB: 253,
  MAILA: 254,
  URI: 256,
} as const;

export const Class = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const;

export const Opcode = { Query: 0, Status: 2, Notify: 4, Update: 5 } as const;

/** Response codes; from 16 on they need EDNS (RFC 6891 6.1.3). */
export const Rcode = {
  NoError: 0,
  FormErr: 1,
  ServFail: 2,
  NxDomain: 3,
  NotImp: 4,
  Refused: 5,
  BadVers: 16,
} as const;

const TYPE_BY_NAME = new Map<string, number>(Object.entries({ ...Type, ...OTHER_TYPES }));
const TYPE_NAMES = new Map([...TYPE_BY_NAME].map(([name, type]) => [type, name]));
const CLASS_NAMES = new Map(Object.entries(Class).map(([name, number]) => [number as number, name]));

const OPCODE_NAMES = ['QUERY', 'IQUERY', 'STATUS', 'RESERVED3', 'NOTIFY', 'UPDATE'];
const RCODE_NAMES = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
  'RESERVED11',
  'RESERVED12',
  'RESERVED13',
  'RESERVED14',
  'RESERVED15',
  'BADVERS',
];

/** `AAAA`; `TYPE731` for one without a name (RFC 3597 5). */
export function typeName(type: number): string {
  return TYPE_NAMES.get(type) ?? `TYPE${type}`;
}

/** The number of `AAAA`, `aaaa` or `TYPE28`; -1 for anything else. `*` is ANY's old name. */
export function typeNumber(text: string): number {
  const name = text.toUpperCase();
  if (name === '*') return Type.ANY;
  return TYPE_BY_NAME.get(name) ?? numbered(name, 'TYPE');
}

/** All names that `typeNumber` knows: for those who mean one that it does not. */
export function typeNames(): string[] {
  return [...TYPE_BY_NAME.keys()];
}

/** `IN`; `CLASS32` for one without a name. */
export function className(number: number): string {
  return CLASS_NAMES.get(number) ?? `CLASS${number}`;
}

/** The number of `IN`, `in` or `CLASS1`; -1 for anything else. */
export function classNumber(text: string): number {
  const name = text.toUpperCase();
  if (Object.hasOwn(Class, name)) return Class[name as keyof typeof Class];
  return numbered(name, 'CLASS');
}

export function opcodeName(opcode: number): string {
  return OPCODE_NAMES[opcode] ?? `RESERVED${opcode}`;
}

/** `NXDOMAIN`, as the tools write it. */
export function rcodeName(rcode: number): string {
  return RCODE_NAMES[rcode] ?? `RESERVED${rcode}`;
}

/** Types that are questions only, and stand in no zone (RFC 6895 3.1). */
export function isQuestionType(type: number): boolean {
  return type === Type.OPT || (type >= 249 && type <= 255);
}

function numbered(text: string, prefix: string): number {
  if (!text.startsWith(prefix)) return -1;
  const digits = text.slice(prefix.length);
  if (!/^[0-9]{1,5}$/.test(digits)) return -1;
  const number = Number(digits);
  return number <= 0xffff ? number : -1;
}
