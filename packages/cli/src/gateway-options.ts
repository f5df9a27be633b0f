import type { Network } from '@netarium/node';
import { Gateway, type RuleDescription } from '@netarium/node/gateway/index';
import { Host } from '@netarium/stack/host/host';
import { CommandError, ExitCode } from './exit.ts';
import { type Say, sayForward } from './outside.ts';

/** What `netarium attach` is told of the way out through this machine's own sockets. */
export interface GatewayOptions {
  /** The router that leads outside; `true`: the only one. */
  gateway?: string | true;
  /** Real addresses that may be reached, besides loopback: `192.0.2.0/24`, `192.0.2.7:80,443`, `any`. */
  allow?: string[];
  /** `8080:web:80`, `127.0.0.1:5353:dns:53/udp`. */
  portForward?: string[];
}

/** Opens the gateway that the options ask for, its ports too, and tells of each by `say`; null when they ask for none. */
export async function openGateway(options: GatewayOptions, network: Network, say: Say): Promise<Gateway | null> {
  const { gateway, allow = [], portForward = [] } = options;
  if (gateway === undefined && allow.length === 0 && portForward.length === 0) return null;
  const host = gateway === undefined || gateway === true ? onlyRouter(network) : gateway;
  const rules: RuleDescription[] = [{ action: 'allow', to: '127.0.0.0/8' }, ...allow.map(rule)];
  const opened = new Gateway(network, { host, rules });
  say(`${host} is a gateway to this machine's network`);
  try {
    for (const text of portForward) {
      sayForward(await opened.forwardPort(text), say);
    }
  } catch (error) {
    opened.close();
    throw error;
  }
  return opened;
}

/** `192.0.2.7:80,443`: the ports behind a colon, or none. */
function rule(text: string): RuleDescription {
  const [, to, ports] = /^([^:]+)(?::(.+))?$/.exec(text) ?? ['', text, undefined];
  return { action: 'allow', to: to!, ...(ports === undefined ? {} : { ports }) };
}

function onlyRouter({ nodes }: Network): string {
  const routers = [...nodes].filter(([, node]) => node instanceof Host && node.forwarding).map(([name]) => name);
  if (routers.length === 1) return routers[0]!;
  const why = routers.length === 0 ? 'the scenario has no router' : `say which: --gateway ${routers.join(' or ')}`;
  throw new CommandError(`a gateway is a router that leads outside, and ${why}`, ExitCode.BadInput);
}
