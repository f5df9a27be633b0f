import { SECOND } from '../base/clock.ts';
import { formatIpv4, type IpAddress, parseIpv4 } from '../base/ip-address.ts';
import { Prefix } from '../base/prefix.ts';
import { parseDuration, parseRate } from '../base/units.ts';
import { utf8Encode } from '../base/utf8.ts';
import type { OspfPlan, Redistribution } from '../host/ospf-plan.ts';
import { PASSWORD_LENGTH, SECRET_LENGTH } from '../l3-network/ospf/authentication.ts';
import { REFERENCE_RATE_BPS } from '../l3-network/ospf/constants.ts';
import {
  AREA_DEFAULTS,
  type AreaRange,
  type AreaSettings,
  type Authentication,
  INTERFACE_DEFAULTS,
  type InterfaceSettings,
  NetworkKind,
} from '../l3-network/ospf/settings.ts';
import { RouteOrigin } from '../l3-network/routes.ts';
import { BuildError, listed, quantity, wholeNumber } from './build-error.ts';
import type {
  OspfAreaDescription,
  OspfAuthenticationDescription,
  OspfDescription,
  OspfInterfaceDescription,
} from './routing-description.ts';

const ORIGINS: Readonly<Record<string, RouteOrigin>> = {
  connected: RouteOrigin.Kernel,
  static: RouteOrigin.Static,
  rip: RouteOrigin.Rip,
  dhcp: RouteOrigin.Dhcp,
};

/** Reads the words; `where` names the router, `known` its interfaces. Throws a BuildError. */
export function readOspf(words: OspfDescription, where: string, known: readonly string[]): OspfPlan {
  try {
    checkNames(words, known);
    return planOf(words);
  } catch (error) {
    throw error instanceof BuildError ? new BuildError(`${where}: ${error.message}`) : error;
  }
}

/** Are there all interfaces that are named? */
function checkNames(words: OspfDescription, known: readonly string[]): void {
  const named = [...Object.keys(words.interfaces ?? {}), ...(Array.isArray(words.passive) ? words.passive : [])];
  for (const area of Object.values(words.areas ?? {})) {
    const members = Array.isArray(area) ? area : (area.interfaces ?? []);
    named.push(...members.filter((name) => Prefix.parse(name) === null));
  }
  const wrong = named.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new BuildError(`there is no interface ${wrong}; there are ${listed(known)}`);
}

function planOf(words: OspfDescription): OspfPlan {
  const areas: AreaSettings[] = [];
  const members: { area: number; name: string; prefix: Prefix | null }[] = [];
  for (const [id, written] of Object.entries(words.areas ?? {})) {
    const area = readArea(id);
    const about: OspfAreaDescription = Array.isArray(written) ? { interfaces: written } : written;
    areas.push(areaSettings(area, about));
    for (const name of about.interfaces ?? []) members.push({ area, name, prefix: Prefix.parse(name) });
  }
  const named = words.interfaces ?? {};
  const common: OspfInterfaceDescription = {
    ...(words.hello === undefined ? {} : { hello: words.hello }),
    ...(words.dead === undefined ? {} : { dead: words.dead }),
    ...(words.network === undefined ? {} : { network: words.network }),
    ...(words.authentication === undefined ? {} : { authentication: words.authentication }),
  };
  const read = new Map(
    Object.entries(named).map(([name, own]) => [name, interfaceSettings(name, { ...common, ...own })]),
  );
  const others = interfaceSettings('all interfaces', common);
  const isPassive = (name: string): boolean =>
    named[name]?.passive ?? (Array.isArray(words.passive) ? words.passive.includes(name) : words.passive === true);
  const areaOf = (name: string, address: IpAddress): number => {
    const own = named[name]?.area;
    if (own !== undefined) return readArea(String(own));
    if (words.areas === undefined) return 0;
    const byName = members.find((each) => each.name === name);
    if (byName !== undefined) return byName.area;
    return members.find((each) => each.prefix?.contains(address) === true)?.area ?? -1;
  };
  return {
    routerId: words.routerId === undefined ? 0 : quad(words.routerId, 'routerId'),
    areas,
    redistribute: (words.redistribute ?? []).map((each) => readRedistribution(each)),
    defaultRoute: readDefault(words.defaultRoute),
    referenceBps:
      words.referenceBandwidth === undefined
        ? REFERENCE_RATE_BPS
        : quantity(parseRate(words.referenceBandwidth), 'referenceBandwidth'),
    maxMetric: words.maxMetric === true,
    settingsOf(name, address) {
      const area = areaOf(name, address);
      if (area < 0) return null;
      const settings = { ...(read.get(name) ?? others), area, passive: isPassive(name) };
      return { settings, costGiven: named[name]?.cost !== undefined };
    },
  };
}

/** An area's number: `1`, or `0.0.0.1`. Throws. */
function readArea(text: string): number {
  const area = /^[0-9]{1,10}$/.test(text) ? Number(text) : parseIpv4(text);
  if (area >= 0 && area <= 0xffffffff) return area;
  throw new BuildError(`"${text}" is no area: a number such as 0, or a dotted quad such as 0.0.0.1`);
}

function areaSettings(id: number, words: OspfAreaDescription): AreaSettings {
  const stub = words.stub === true || words.stub === 'no-summary';
  if (stub && id === 0) throw new BuildError('area 0 is the backbone, which cannot be a stub area');
  return {
    ...AREA_DEFAULTS,
    id,
    stub,
    noSummary: words.stub === 'no-summary',
    defaultCost: wholeNumber(words.defaultCost ?? 1, 0, 0xfffffe, `area ${formatIpv4(id)}: defaultCost`),
    ranges: (words.ranges ?? []).map((range) => readRange(range)),
  };
}

function readRange(words: string | { prefix: string; advertise?: boolean }): AreaRange {
  const text = typeof words === 'string' ? words : words.prefix;
  const prefix = Prefix.parse(text);
  if (prefix === null || prefix.address.family !== 4) {
    throw new BuildError(`"${text}" is no range: a network such as 10.1.0.0/16`);
  }
  const advertise = typeof words === 'string' || words.advertise !== false;
  return { network: prefix.network.v4, length: prefix.length, advertise };
}

function interfaceSettings(name: string, words: OspfInterfaceDescription): InterfaceSettings {
  const defaults = INTERFACE_DEFAULTS;
  const helloSeconds = seconds(words.hello, defaults.helloSeconds, 0xffff, `${name}: hello`);
  const deadSeconds = seconds(words.dead, helloSeconds * 4, 0xffffffff, `${name}: dead`);
  if (deadSeconds <= helloSeconds) {
    throw new BuildError(`${name}: dead ${deadSeconds} s has to be longer than hello ${helloSeconds} s`);
  }
  const { network = NetworkKind.Broadcast } = words;
  if (network !== NetworkKind.Broadcast && network !== NetworkKind.PointToPoint) {
    throw new BuildError(`${name}: "${network}" is no kind of network; there are broadcast, point-to-point`);
  }
  return {
    ...defaults,
    network,
    cost: wholeNumber(words.cost ?? defaults.cost, 1, 0xffff, `${name}: cost`),
    priority: wholeNumber(words.priority ?? defaults.priority, 0, 255, `${name}: priority`),
    helloSeconds,
    deadSeconds,
    retransmitSeconds: seconds(words.retransmit, defaults.retransmitSeconds, 3600, `${name}: retransmit`),
    transmitDelaySeconds: seconds(words.transmitDelay, defaults.transmitDelaySeconds, 3600, `${name}: transmitDelay`),
    authentication: readAuthentication(words.authentication, name),
    mtuIgnore: words.mtuIgnore === true,
  };
}

function readAuthentication(words: OspfAuthenticationDescription | undefined, name: string): Authentication {
  if (words === undefined || words === 'none') return { type: 'none' };
  if ('password' in words) {
    return { type: 'password', password: secretOf(words.password, PASSWORD_LENGTH, `${name}: password`) };
  }
  const id = wholeNumber(words.key ?? 1, 0, 255, `${name}: key`);
  return { type: 'md5', keys: [{ id, secret: secretOf(words.md5, SECRET_LENGTH, `${name}: md5`) }] };
}

function secretOf(text: string, most: number, where: string): Uint8Array {
  const bytes = utf8Encode(text);
  if (bytes.length >= 1 && bytes.length <= most) return bytes;
  throw new BuildError(`${where}: a secret has 1 to ${most} bytes, this one ${bytes.length}`);
}

function readRedistribution(words: NonNullable<OspfDescription['redistribute']>[number]): Redistribution {
  const about = typeof words === 'string' ? { from: words } : words;
  const from = ORIGINS[about.from];
  if (from === undefined) {
    const known = Object.keys(ORIGINS).join(', ');
    throw new BuildError(`redistribute: "${about.from}" is no kind of route; there are ${known}`);
  }
  const metric = wholeNumber(about.metric ?? 20, 0, 0xfffffe, 'redistribute: metric');
  return {
    from,
    metric,
    type2: about.type !== 1,
    tag: wholeNumber(about.tag ?? 0, 0, 0xffffffff, 'redistribute: tag'),
  };
}

function readDefault(words: OspfDescription['defaultRoute']): OspfPlan['defaultRoute'] {
  if (words === undefined || words === false) return null;
  const about = words === true ? {} : words;
  const metric = wholeNumber(about.metric ?? 10, 0, 0xfffffe, 'defaultRoute: metric');
  return { always: about.always === true, metric, type2: about.type !== 1 };
}

function quad(text: string, where: string): number {
  const address = parseIpv4(text);
  if (address > 0) return address;
  throw new BuildError(`${where}: "${text}" is not a dotted quad other than 0.0.0.0, such as 10.0.0.1`);
}

function seconds(value: string | number | undefined, otherwise: number, most: number, where: string): number {
  if (value === undefined) return otherwise;
  return wholeNumber(quantity(parseDuration(value), where) / SECOND, 1, most, `${where}, in seconds`);
}
