import { SECOND } from '../base/clock.ts';
import { parseDuration } from '../base/units.ts';
import type { RipPlan } from '../host/rip-plan.ts';
import type { RipAuthentication } from '../l3-network/rip/rip-authentication.ts';
import {
  RIP_DEFAULTS,
  RIP_INTERFACE_DEFAULTS,
  type RipInterfaceSettings,
  SplitHorizon,
} from '../l3-network/rip/rip-settings.ts';
import { RouteOrigin } from '../l3-network/routes.ts';
import { BuildError, listed, quantity, wholeNumber } from './build-error.ts';
import type {
  RipAuthenticationDescription,
  RipDescription,
  RipInterfaceDescription,
  RipRedistributeDescription,
} from './rip-description.ts';

const ORIGINS: Readonly<Record<string, RouteOrigin>> = {
  connected: RouteOrigin.Kernel,
  static: RouteOrigin.Static,
  ospf: RouteOrigin.Ospf,
  dhcp: RouteOrigin.Dhcp,
};
const HORIZONS: readonly string[] = Object.values(SplitHorizon);
const MOST_WAYS = 16;
/** A password's or key's bytes. */
const SECRET_LENGTH = 16;

/** Reads the words; `where` names the router, `known` its interfaces. Throws a BuildError. */
export function readRip(words: RipDescription, where: string, known: readonly string[]): RipPlan {
  try {
    return planOf(words, known);
  } catch (error) {
    throw error instanceof BuildError ? new BuildError(`${where}: ${error.message}`) : error;
  }
}

function planOf(words: RipDescription, known: readonly string[]): RipPlan {
  const { interfaces = {}, passive = false } = words;
  for (const name of [...Object.keys(interfaces), ...(Array.isArray(passive) ? passive : [])]) {
    if (!known.includes(name)) throw new BuildError(`there is no interface ${name}; there are ${listed(known)}`);
  }
  const updateNs = seconds(words.update ?? '30s', 'update');
  const common: RipInterfaceDescription =
    words.authentication === undefined ? {} : { authentication: words.authentication };
  const isPassive = (name: string): boolean => (Array.isArray(passive) ? passive.includes(name) : passive);
  const settings = new Map<string, RipInterfaceSettings | null>();
  for (const name of known) {
    const own = interfaces[name] ?? {};
    const all = { ...common, passive: isPassive(name), ...(own === 'off' ? {} : own) };
    settings.set(name, own === 'off' ? null : interfaceSettings(name, all));
  }
  const others = interfaceSettings('all interfaces', { ...common, passive: passive === true });
  return {
    settings: {
      ...RIP_DEFAULTS,
      updateNs,
      timeoutNs: words.timeout === undefined ? 6 * updateNs : seconds(words.timeout, 'timeout'),
      garbageNs: words.garbage === undefined ? 4 * updateNs : seconds(words.garbage, 'garbage'),
      ways: wholeNumber(words.ways ?? 1, 1, MOST_WAYS, 'ways'),
    },
    redistribute: (words.redistribute ?? []).map((each) => redistribution(each)),
    defaultRoute: defaultRoute(words.defaultRoute),
    settingsOf: (name) => {
      const found = settings.get(name);
      return found === undefined ? others : found;
    },
  };
}

function interfaceSettings(name: string, words: RipInterfaceDescription): RipInterfaceSettings {
  const { splitHorizon = SplitHorizon.Poison } = words;
  if (!HORIZONS.includes(splitHorizon)) {
    throw new BuildError(`${name}: splitHorizon is one of ${listed(HORIZONS)}, not ${JSON.stringify(splitHorizon)}`);
  }
  return {
    ...RIP_INTERFACE_DEFAULTS,
    passive: words.passive === true,
    cost: wholeNumber(words.cost ?? 1, 1, 15, `${name}: cost`),
    splitHorizon,
    authentication: authentication(name, words.authentication),
  };
}

function authentication(name: string, words: RipAuthenticationDescription | undefined): RipAuthentication | null {
  if (words === undefined || words === 'none') return null;
  const type = 'password' in words ? 'password' : 'md5';
  const secret = 'password' in words ? words.password : words.md5;
  if (typeof secret !== 'string' || secret.length < 1 || secret.length > SECRET_LENGTH || /[^ -~]/.test(secret)) {
    throw new BuildError(`${name}: ${type} is from 1 to ${SECRET_LENGTH} letters, digits and signs of ASCII`);
  }
  const keyId = 'md5' in words ? wholeNumber(words.key ?? 1, 0, 255, `${name}: key`) : 0;
  return { type, secret, keyId };
}

function redistribution(words: string | RipRedistributeDescription): RipPlan['redistribute'][number] {
  const { from, metric = 1, tag = 0 } = typeof words === 'string' ? { from: words } : words;
  const origin = ORIGINS[from];
  if (origin === undefined) {
    throw new BuildError(`redistribute: there are no routes from "${from}"; there are ${listed(Object.keys(ORIGINS))}`);
  }
  return {
    from: origin,
    metric: wholeNumber(metric, 1, 15, `redistribute ${from}: metric`),
    tag: wholeNumber(tag, 0, 0xffff, `redistribute ${from}: tag`),
  };
}

function defaultRoute(words: RipDescription['defaultRoute']): RipPlan['defaultRoute'] {
  if (words === undefined || words === false) return null;
  const { always = false, metric = 1 } = words === true ? {} : words;
  return { always, metric: wholeNumber(metric, 1, 15, 'defaultRoute: metric') };
}

function seconds(value: string | number, what: string): number {
  const ns = quantity(parseDuration(value), what);
  if (ns < SECOND || ns > 3600 * SECOND) throw new BuildError(`${what} is from 1s to 1h`);
  return ns;
}
