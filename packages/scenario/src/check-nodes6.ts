/** IPv6 addresses used twice, gateways and routes that lead nowhere. */
import type { IpAddress } from '@netarium/stack/base/ip-address';
import { isIpv6, readAddress6 } from './addresses6.ts';
import { adviseEitherAddress } from './either-address.ts';
import { type Model, type Node, textAt } from './model.ts';
import { listed } from './nearest.ts';
import { type Findings, type Path, quoted, type Span } from './problem.ts';
import type { Tree } from './tree.ts';

/** Who has a name or an address, and where it says so. */
export interface Owner {
  readonly name: string;
  readonly at: Span;
}

/** Each address belongs to one interface; link-local ones may be the same on another link. Who has which. */
export function checkAddresses6(model: Model, findings: Findings): Map<string, Owner> {
  const owners = new Map<string, Owner>();
  for (const node of model.nodes.values()) {
    for (const owner of node.interfaces.values()) {
      for (const { prefix, at, path } of owner.addresses6) {
        if (prefix.address.isLinkLocal) continue;
        const text = `${prefix.address}`;
        const first = owners.get(text);
        if (first === undefined) {
          owners.set(text, { name: `${node.name}:${owner.name}`, at });
          continue;
        }
        const message = `${text} is the address of ${quoted(first.name)} already (line ${findings.lineOf(first.at)})`;
        findings.problem(at, path, message, 'an address of its own');
      }
    }
  }
  return owners;
}

export function checkGateway6(
  node: Node,
  gateway: Span & { readonly value: string },
  path: Path,
  owners: ReadonlyMap<string, Owner>,
  findings: Findings,
): void {
  const address = adviseEitherAddress(gateway.value) === null ? readAddress6(gateway.value) : null;
  if (address === null) return;
  if (address.isLinkLocal) {
    const expected = `a route: { to: default, via: ${address}, interface: eth0 }`;
    findings.problem(gateway, path, `${address} means something on one link only: which?`, expected);
    return;
  }
  if (!checkNextHop6(node, 'the gateway', address, gateway, path, findings) || owners.has(`${address}`)) return;
  const message = `no node has the address of the gateway, ${gateway.value}`;
  findings.warning(gateway, path, message, "a router's address in the same network");
}

/** Both ends of a route are of one family, and its next hop is a neighbour. */
export function checkRoute6(node: Node, route: Tree, routePath: Path, findings: Findings): void {
  const to = textAt(route, 'to');
  const via = textAt(route, 'via');
  if (via === undefined) return;
  const path = [...routePath, 'via'];
  if (to !== undefined && to.value !== 'default' && isIpv6(to.value) !== isIpv6(via.value)) {
    const [one, other] = isIpv6(to.value) ? ['IPv6', 'IPv4'] : ['IPv4', 'IPv6'];
    findings.problem(via, path, `the network is of ${one}, the next hop of ${other}`, `an ${one} address`);
    return;
  }
  const address = adviseEitherAddress(via.value) === null ? readAddress6(via.value) : null;
  if (address === null) return;
  if (!address.isLinkLocal) checkNextHop6(node, 'the next hop', address, via, path, findings);
  else if (!route.entries.has('interface')) {
    findings.problem(via, path, `${address} means something on one link only: which?`, 'interface: the link, too');
  }
}

/** Whether a next hop is in one of the node's networks; tells if not. */
function checkNextHop6(
  node: Node,
  what: string,
  address: IpAddress,
  at: Span,
  path: Path,
  findings: Findings,
): boolean {
  const interfaces = [...node.interfaces.values()];
  if (interfaces.some((each) => !each.complete)) return false; // told already, or not known before it runs
  const addresses = interfaces.flatMap((each) => each.addresses6);
  if (addresses.some(({ prefix }) => prefix.address.equals(address))) {
    findings.problem(at, path, `${what} ${address} is ${quoted(node.name)} itself`, "another node's address");
    return false;
  }
  if (addresses.some(({ prefix }) => prefix.contains(address))) return true;
  const networks = [...new Set(addresses.map(({ prefix }) => `${prefix.network}/${prefix.length}`))];
  const expected =
    networks.length === 0
      ? `an interface of ${quoted(node.name)} with an IPv6 address`
      : `an address in ${listed(networks)}`;
  findings.problem(at, path, `${what} ${address} is in no network of ${quoted(node.name)}`, expected);
  return false;
}
