import { Nic } from '../../../l2-link/nic.ts';
import type { IpInterface } from '../../../l3-network/ip-interface.ts';
import type { Process } from '../../process.ts';
import { UsageError } from '../../program.ts';
import { interfaceNamed } from './words.ts';

const LEAST_MTU = 68; // RFC 791 3.2: what every link carries
const MOST_MTU = 65_535;

export function ipLink(process: Process, [verb = 'show', ...words]: readonly string[], brief: boolean): number {
  if ('show'.startsWith(verb) || 'list'.startsWith(verb)) {
    const names = words[0] === 'dev' ? words.slice(1) : words;
    for (const each of chosen(process, names[0])) {
      process.print(brief ? briefLine(each, `${each.link.mac} <${flagText(each)}>`) : linkText(each, 'mode DEFAULT '));
    }
    return 0;
  }
  if (!'set'.startsWith(verb)) throw new UsageError(`"${verb}" is neither show nor set`);
  const [name, ...settings] = words[0] === 'dev' ? words.slice(1) : words;
  const { link } = interfaceNamed(process, name);
  if (!(link instanceof Nic)) throw new UsageError(`${name} stays as it is`);
  for (let i = 0; i < settings.length; i++) {
    const setting = settings[i]!;
    if (setting === 'up' || setting === 'down') link.setUp(setting === 'up');
    else if (setting === 'mtu') link.mtu = mtu(settings[++i]);
    else throw new UsageError(`"${setting}" is none of up, down and mtu`);
  }
  if (settings.length === 0) throw new UsageError(`what of ${name} is to be set? up, down or mtu`);
  return 0;
}

/** All interfaces, or the one of this name. */
export function chosen(process: Process, name: string | undefined): readonly IpInterface[] {
  return name === undefined ? process.host.ip.interfaces() : [interfaceNamed(process, name)];
}

/** The first two lines about an interface. */
export function linkText(each: IpInterface, mode = ''): string {
  const { link, index, name } = each;
  const head = `${index}: ${name}: <${flagText(each)}> mtu ${link.mtu}`;
  if (!(link instanceof Nic)) {
    return (
      `${head} qdisc noqueue state UNKNOWN ${mode}group default qlen 1000\n` +
      `    link/loopback ${link.mac} brd 00:00:00:00:00:00\n`
    );
  }
  return (
    `${head} qdisc pfifo_fast state ${stateText(each)} ${mode}group default qlen 1000\n` +
    `    link/ether ${link.mac} brd ff:ff:ff:ff:ff:ff\n`
  );
}

/** `-br`: name, state, and what is asked for. */
export function briefLine(each: IpInterface, rest: string): string {
  return `${each.name.padEnd(16)} ${stateText(each).padEnd(14)} ${rest} \n`;
}

function stateText({ link }: IpInterface): string {
  return link instanceof Nic ? (link.running ? 'UP' : 'DOWN') : 'UNKNOWN';
}

function flagText({ link }: IpInterface): string {
  if (!(link instanceof Nic)) return 'LOOPBACK,UP,LOWER_UP';
  const carrier = link.link?.up ?? false;
  const flags = ['BROADCAST', 'MULTICAST', ...(link.promiscuous ? ['PROMISC'] : []), ...(link.up ? ['UP'] : [])];
  if (link.up && carrier) flags.push('LOWER_UP');
  if (link.up && !carrier) flags.unshift('NO-CARRIER');
  return flags.join(',');
}

function mtu(text: string | undefined): number {
  const value = text !== undefined && /^[0-9]{1,6}$/.test(text) ? Number(text) : 0;
  if (value < LEAST_MTU || value > MOST_MTU)
    throw new UsageError(`an MTU is from ${LEAST_MTU} to ${MOST_MTU}, not "${text}"`);
  return value;
}
