import type { IpInterface } from '../../../l3-network/ip-interface.ts';
import type { Machine } from '../../machine.ts';
import { UsageError } from '../../program.ts';

/** The interfaces of these names; without names, all that have an address, loopback apart. Throws a UsageError. */
export function servedInterfaces(host: Machine, names: readonly string[]): IpInterface[] {
  const all = host.ip.interfaces().filter(({ loopback }) => !loopback);
  if (names.length === 0) return all.filter(({ addresses }) => addresses.length > 0);
  return [...new Set(names)].map((name) => interfaceCalled(host, name));
}

export function interfaceCalled(host: Machine, name: string): IpInterface {
  const all = host.ip.interfaces().filter(({ loopback }) => !loopback);
  const found = all.find((each) => each.name === name);
  if (found !== undefined) return found;
  const known = all.length === 0 ? 'there are none here' : `there are ${all.map((each) => each.name).join(', ')}`;
  throw new UsageError(`there is no interface ${name}; ${known}`);
}
