import { formatIpv4 } from '../../../base/ip-address.ts';
import type { Ospf } from '../../../l3-network/ospf/ospf.ts';
import type { OspfInterface } from '../../../l3-network/ospf/router-state.ts';
import { INTERFACE_STATE_NAMES, InterfaceState, NeighbourState } from '../../../l3-network/ospf/states.ts';
import { addressWords, networkWords, spanWords } from './ospf-words.ts';

/** The interfaces, or one of them: as FRRouting's `show ip ospf interface`. */
export function ospfInterfaces(ospf: Ospf, [only]: readonly string[]): string {
  return ospf.interfaces
    .filter((on) => only === undefined || on.name === only)
    .map((on) => describe(ospf, on))
    .join('');
}

function describe(ospf: Ospf, on: OspfInterface): string {
  const { settings } = on;
  if (on.state === InterfaceState.Down) return `${on.name} is down\n`;
  const { now } = ospf.node.clock;
  const lines = [
    `${on.name} is up`,
    `  Internet Address ${addressWords(on)}, Area ${formatIpv4(on.area.id)}${on.area.settings.stub ? ' [Stub]' : ''}`,
    `  MTU mismatch detection: ${settings.mtuIgnore ? 'disabled' : 'enabled'}, MTU ${on.link.mtu}`,
    `  Router ID ${formatIpv4(ospf.routerId)}, Network Type ${networkWords(on)}, Cost: ${settings.cost}`,
    `  Transmit Delay is ${settings.transmitDelaySeconds} sec, State ${INTERFACE_STATE_NAMES[on.state]}, Priority ${settings.priority}`,
  ];
  if (on.isBroadcast) {
    lines.push(office(ospf, on, 'Designated Router', on.designated));
    lines.push(office(ospf, on, 'Backup Designated Router', on.backup));
  }
  lines.push(
    `  Timer intervals configured, Hello ${settings.helloSeconds}s, Dead ${settings.deadSeconds}s, Retransmit ${settings.retransmitSeconds}`,
  );
  lines.push(
    settings.passive ? '    No Hellos (Passive interface)' : `    Hello due in ${spanWords(on.hello.deadline - now)}`,
  );
  if (settings.authentication.type === 'md5') lines.push('  Cryptographic authentication enabled');
  if (settings.authentication.type === 'password') lines.push('  Simple password authentication enabled');
  const full = on.atLeast(NeighbourState.Full).length;
  lines.push(`  Neighbor Count is ${on.neighbours.size}, Adjacent neighbor count is ${full}`);
  return `${lines.join('\n')}\n`;
}

function office(ospf: Ospf, on: OspfInterface, name: string, address: number): string {
  if (address === 0) return `  No ${name.toLowerCase()} on this network`;
  const id =
    address === on.link.address
      ? ospf.routerId
      : ([...on.neighbours.values()].find((each) => each.address === address)?.routerId ?? 0);
  return `  ${name} (ID) ${formatIpv4(id)} Interface Address ${formatIpv4(address)}`;
}
