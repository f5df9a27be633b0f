import { IpAddress } from '../../../base/ip-address.ts';
import type { EdnsOption } from '../../../l7-application/dns/message.ts';
import { DomainName } from '../../../l7-application/dns/name.ts';
import { Class, classNumber, Type, typeNumber } from '../../../l7-application/dns/types.ts';
import { UsageError } from '../../program.ts';
import { nearest } from '../options.ts';
import type { Shown } from './message-text.ts';

/** What a command line of dig asks for. */
export interface DigQuery {
  /** As it stands behind `@`; null: the host's own name servers. */
  server: string | null;
  name: DomainName;
  type: number;
  class: number;
  port: number;
  tcp: boolean;
  recursionDesired: boolean;
  /** Bytes of UDP offered by EDNS; 0: no EDNS. */
  udpBytes: number;
  /** Asks the way from the root down, and shows each step. */
  trace: boolean;
  /** Options of EDNS: NSID. */
  options: EdnsOption[];
  /** A truncated answer is taken as it is. */
  ignoreTruncation: boolean;
  timeoutSeconds: number;
  tries: number;
  short: boolean;
  /** The lines about dig itself, and those about how long it took. */
  command: boolean;
  statistics: boolean;
  shown: Shown;
}

/** The words after `+`, each with what it does when it is said, or said with `no` before it. */
const SWITCHES: Readonly<Record<string, (query: DigQuery, on: boolean) => void>> = {
  tcp: (query, on) => void (query.tcp = on),
  vc: (query, on) => void (query.tcp = on),
  short: (query, on) => void (query.short = on),
  recurse: (query, on) => void (query.recursionDesired = on),
  edns: (query, on) => void (query.udpBytes = on ? DIG_UDP_BYTES : 0),
  trace: (query, on) => void (query.trace = on),
  nsid: (query, on) => void (query.options = on ? [{ code: 3, data: '' }] : []),
  ignore: (query, on) => void (query.ignoreTruncation = on),
  cmd: (query, on) => void (query.command = on),
  stats: (query, on) => void (query.statistics = on),
  comments: (query, on) => void (query.shown.comments = on),
  question: (query, on) => void (query.shown.question = on),
  answer: (query, on) => void (query.shown.answer = on),
  authority: (query, on) => void (query.shown.authority = on),
  additional: (query, on) => void (query.shown.additional = on),
  all: (query, on) => {
    query.command = on;
    query.statistics = on;
    query.shown = { comments: on, question: on, answer: on, authority: on, additional: on };
  },
};
const VALUES: Readonly<Record<string, (query: DigQuery, value: number) => void>> = {
  time: (query, value) => void (query.timeoutSeconds = Math.max(1, value)),
  timeout: (query, value) => void (query.timeoutSeconds = Math.max(1, value)),
  tries: (query, value) => void (query.tries = Math.max(1, value)),
  retry: (query, value) => void (query.tries = value + 1),
  bufsize: (query, value) => void (query.udpBytes = value),
};

/** What dig offers by default (9.18). */
const DIG_UDP_BYTES = 1232;

/** Reads dig's own command line, whose words mean what they look like: `dig @server name type +tcp`. */
export function parseDig(args: readonly string[]): DigQuery {
  const query: DigQuery = {
    server: null,
    name: DomainName.ROOT,
    type: -1,
    class: -1,
    port: 53,
    tcp: false,
    recursionDesired: true,
    udpBytes: DIG_UDP_BYTES,
    trace: false,
    options: [],
    ignoreTruncation: false,
    timeoutSeconds: 5,
    tries: 3,
    short: false,
    command: true,
    statistics: true,
    shown: { comments: true, question: true, answer: true, authority: true, additional: true },
  };
  let named = false;
  const setName = (text: string) => {
    if (named) throw new UsageError(`one name, and not ${text} besides`);
    const name = DomainName.parse(text);
    if (name === null) throw new UsageError(`'${text}' is not a legal name`);
    query.name = name;
    named = true;
  };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    const value = (): string => {
      const next = arg.length > 2 ? arg.slice(2) : args[++i];
      if (next === undefined) throw new UsageError(`option requires an argument -- '${arg[1]}'`);
      return next;
    };
    if (arg.startsWith('@')) query.server = arg.slice(1);
    else if (arg.startsWith('+')) plusOption(query, arg.slice(1));
    else if (arg.startsWith('-p')) query.port = number(value(), 65_535);
    else if (arg.startsWith('-q')) setName(value());
    else if (arg.startsWith('-t')) query.type = typeOf(value());
    else if (arg.startsWith('-c')) query.class = classOf(value());
    else if (arg.startsWith('-x')) {
      const text = value();
      const address = IpAddress.parse(text);
      if (address === null) throw new UsageError(`'${text}' is not an address`);
      setName(DomainName.reverseOf(address).toString());
      if (query.type < 0) query.type = Type.PTR;
    } else if (arg.startsWith('-')) throw new UsageError(`invalid option -- '${arg.slice(1)}'`);
    else if (query.type < 0 && typeNumber(arg) >= 0) query.type = typeNumber(arg);
    else if (query.class < 0 && classNumber(arg) >= 0) query.class = classNumber(arg);
    else setName(arg);
  }
  // Without a name, the servers of the root.
  if (query.type < 0) query.type = named ? Type.A : Type.NS;
  if (query.class < 0) query.class = Class.IN;
  if (query.type === Type.AXFR) query.tcp = true;
  return query;
}

function plusOption(query: DigQuery, text: string): void {
  const [word = '', value] = text.split('=');
  const off = word.startsWith('no') && Object.hasOwn(SWITCHES, word.slice(2));
  const name = off ? word.slice(2) : word;
  if (value === undefined && Object.hasOwn(SWITCHES, name)) SWITCHES[name]!(query, !off);
  else if (value !== undefined && Object.hasOwn(VALUES, name)) VALUES[name]!(query, number(value, 65_535));
  else {
    const known = [...Object.keys(SWITCHES), ...Object.keys(VALUES)];
    const near = nearest(word, known);
    throw new UsageError(`invalid option: +${text}${near === null ? '' : `; did you mean +${near}?`}`);
  }
}

function typeOf(text: string): number {
  const type = typeNumber(text);
  if (type < 0) throw new UsageError(`'${text}' is no type`);
  return type;
}

function classOf(text: string): number {
  const klass = classNumber(text);
  if (klass < 0) throw new UsageError(`'${text}' is no class`);
  return klass;
}

function number(text: string, most: number): number {
  if (!/^[0-9]{1,6}$/.test(text) || Number(text) > most) throw new UsageError(`invalid argument: '${text}'`);
  return Number(text);
}
