import { SECOND } from '../../base/clock.ts';
import { Drop } from '../../base/drop-reasons.ts';
import { formatIpv4 } from '../../base/ip-address.ts';
import type { PacketBuffer } from '../../base/packet-buffer.ts';
import type { Random } from '../../base/random.ts';
import { What } from '../../base/trace.ts';
import { ALL_SPF_ROUTERS, OPTION_EXTERNAL, PacketType } from './constants.ts';
import { electDesignated } from './election.ts';
import {
  helloBackup,
  helloDeadInterval,
  helloDesignated,
  helloInterval,
  helloLength,
  helloMask,
  helloNames,
  helloOptions,
  helloPriority,
  setHelloNeighbour,
  writeHello,
} from './hello.ts';
import { ospfLength, ospfRouterId } from './ospf-header.ts';
import type { HelloPart, RouterParts } from './router-parts.ts';
import { type OspfInterface, OspfNeighbour } from './router-state.ts';
import { NetworkKind } from './settings.ts';
import { INTERFACE_STATE_NAMES, InterfaceState, NeighbourState } from './states.ts';

/** The first hello after something happened comes soon, but not from everybody at the same moment. */
const SOON_NS = 0.1 * SECOND;

/** Who is on a link, and who speaks for it: hellos, and the states of interfaces (RFC 2328 9, 10.5). */
export class Hellos implements HelloPart {
  private readonly parts: RouterParts;
  private readonly random: Random;
  private readonly joinGroups: (on: OspfInterface) => void;

  /** @param joinGroups sees to it that the groups of an interface's state are joined, and no others */
  constructor(parts: RouterParts, joinGroups: (on: OspfInterface) => void) {
    this.parts = parts;
    this.random = parts.node.random.fork('ospf hellos');
    this.joinGroups = joinGroups;
  }

  /** Event InterfaceUp (RFC 2328 9.2). */
  up(on: OspfInterface): void {
    if (on.state !== InterfaceState.Down) return;
    const { settings } = on;
    if (settings.network === NetworkKind.Loopback) {
      this.enter(on, InterfaceState.Loopback, 'InterfaceUp');
      return;
    }
    if (settings.network === NetworkKind.PointToPoint) this.enter(on, InterfaceState.PointToPoint, 'InterfaceUp');
    else if (settings.passive || settings.priority === 0) this.enter(on, InterfaceState.DrOther, 'InterfaceUp');
    else {
      this.enter(on, InterfaceState.Waiting, 'InterfaceUp');
      on.wait.set(this.parts.node.clock.now + settings.deadSeconds * SECOND);
    }
    if (!settings.passive) this.helloSoon(on);
  }

  /** Event InterfaceDown: all neighbours are lost with it. */
  down(on: OspfInterface, why: string): void {
    if (on.state === InterfaceState.Down) return;
    const before = on.state;
    on.state = InterfaceState.Down; // nobody is elected on a link that is not there
    for (const neighbour of [...on.neighbours.values()]) this.parts.adjacencies.kill(neighbour, why);
    on.state = before;
    on.hello.clear();
    on.wait.clear();
    on.acknowledge.clear();
    on.update.clear();
    on.updates = [];
    on.acknowledgements = [];
    on.designated = 0;
    on.backup = 0;
    this.enter(on, InterfaceState.Down, why);
  }

  /** The hello timer. */
  helloDue(on: OspfInterface): void {
    if (!on.active) return;
    this.sendHello(on);
    on.hello.set(this.parts.node.clock.now + on.settings.helloSeconds * SECOND);
  }

  /** Event WaitTimer. */
  waitOver(on: OspfInterface): void {
    if (on.state === InterfaceState.Waiting) this.elect(on, 'WaitTimer');
  }

  /** Event NeighborChange: who is heard both ways, and what they say of themselves, is not what it was. */
  neighbourChange(on: OspfInterface): void {
    if (on.isBroadcast && on.state >= InterfaceState.DrOther && !on.settings.passive) this.elect(on, 'NeighborChange');
  }

  /** Sends a hello; with `goodbye` one that names nobody: this router hears nobody any more. */
  sendHello(on: OspfInterface, goodbye = false): void {
    const { sender, node } = this.parts;
    const heard = goodbye ? [] : on.atLeast(NeighbourState.Init);
    const packet = sender.begin(helloLength(heard.length));
    const { settings } = on;
    writeHello(
      packet.view,
      packet.start,
      on.mask,
      settings.helloSeconds,
      on.area.options,
      settings.priority,
      settings.deadSeconds,
      on.designated,
      on.backup,
    );
    let index = 0;
    for (const { routerId } of heard) setHelloNeighbour(packet.view, packet.start, index++, routerId);
    on.helloSentAt = node.clock.now;
    sender.send(packet, PacketType.Hello, on, ALL_SPF_ROUTERS);
  }

  /** A hello came in on `on`, from this address; it is whole and authentic. Returns the neighbour that it made known. */
  receive(packet: PacketBuffer, on: OspfInterface, source: number): void {
    const { node } = this.parts;
    const fault = this.mismatch(packet, on);
    if (fault !== '') {
      node.drop(packet, Drop.OSPF_HELLO_MISMATCH, `${fault}, from ${formatIpv4(source)} on ${on.name}`);
      return;
    }
    const { view, start } = packet;
    const routerId = ospfRouterId(view, start);
    const key = on.isBroadcast ? source : routerId;
    let neighbour = on.neighbours.get(key);
    if (neighbour !== undefined && neighbour.routerId !== routerId) {
      // Another router took over the address.
      this.parts.adjacencies.kill(neighbour, 'another router ID');
      neighbour = undefined;
    }
    const isNew = neighbour === undefined;
    if (neighbour === undefined) {
      if (on.neighbours.size >= node.limits.ospfNeighbours) {
        node.drop(packet, Drop.OSPF_TOO_MANY, `${on.neighbours.size} neighbours on ${on.name}`);
        return;
      }
      neighbour = new OspfNeighbour(node, on, this.parts.adjacencies, routerId, source);
      on.neighbours.set(key, neighbour);
    }
    this.heard(neighbour, packet, source);
    node.drop(packet, Drop.OSPF_DONE);
    // Whoever is new need not wait for our next hello to know that it is heard.
    if (isNew) this.helloSoon(on);
  }

  /** What contradicts the settings here (RFC 2328 10.5), in words; '' when nothing does. */
  private mismatch(packet: PacketBuffer, on: OspfInterface): string {
    const { view, start } = packet;
    const { settings } = on;
    const differ = (what: string, here: number | string, there: number | string): string =>
      `${what} ${here} here, ${there} there`;
    const interval = helloInterval(view, start);
    if (interval !== settings.helloSeconds) return differ('hello interval', settings.helloSeconds, interval);
    const dead = helloDeadInterval(view, start);
    if (dead !== settings.deadSeconds) return differ('dead interval', settings.deadSeconds, dead);
    const mask = helloMask(view, start);
    if (on.isBroadcast && mask !== on.mask) return differ('network mask', formatIpv4(on.mask), formatIpv4(mask));
    const external = helloOptions(view, start) & OPTION_EXTERNAL;
    if (external !== (on.area.options & OPTION_EXTERNAL)) {
      return external === 0 ? 'a stub area there, not here' : 'a stub area here, not there';
    }
    return '';
  }

  private heard(neighbour: OspfNeighbour, packet: PacketBuffer, source: number): void {
    const { view, start } = packet;
    const { adjacencies, routerId } = this.parts;
    const on = neighbour.interface;
    const before = neighbour.state >= NeighbourState.TwoWay;
    const priority = helloPriority(view, start);
    const designated = helloDesignated(view, start);
    const backup = helloBackup(view, start);
    const wasDesignated = neighbour.designated === neighbour.address;
    const wasBackup = neighbour.backup === neighbour.address;
    let changed = neighbour.priority !== priority;
    neighbour.address = source;
    neighbour.options = helloOptions(view, start);
    neighbour.priority = priority;
    neighbour.designated = designated;
    neighbour.backup = backup;
    adjacencies.helloReceived(neighbour);
    if (!helloNames(view, start, ospfLength(view, start), routerId)) {
      adjacencies.oneWay(neighbour);
      return;
    }
    adjacencies.twoWay(neighbour);
    if (!on.isBroadcast) return;
    const isDesignated = designated === source;
    const isBackup = backup === source;
    if (on.state === InterfaceState.Waiting) {
      if (isBackup || (isDesignated && backup === 0)) this.elect(on, 'BackupSeen');
      return;
    }
    changed = changed || isDesignated !== wasDesignated || isBackup !== wasBackup;
    if (changed && before) this.neighbourChange(on);
  }

  /** RFC 2328 9.4: who is the designated router, and who its backup. */
  private elect(on: OspfInterface, why: string): void {
    on.wait.clear();
    const before = on.designated;
    const backupBefore = on.backup;
    const stateBefore = on.state;
    const { routerId } = this.parts;
    const result = electDesignated(on, routerId);
    on.designated = result.designated;
    on.backup = result.backup;
    const own = on.link.address;
    const state =
      result.designated === own
        ? InterfaceState.Designated
        : result.backup === own
          ? InterfaceState.Backup
          : InterfaceState.DrOther;
    const told = before !== on.designated || backupBefore !== on.backup;
    if (told && this.parts.node.trace !== null) {
      const text = `OSPF ${on.name}: designated router ${formatIpv4(on.designated)}, backup ${formatIpv4(on.backup)} (${why})`;
      this.tell(What.Decide, text, 'RFC 2328 9.4');
    }
    if (state !== stateBefore) this.enter(on, state, why);
    if (!told) return;
    // RFC 2328 9.4 (7): with whom adjacencies are wanted may have changed.
    for (const neighbour of on.atLeast(NeighbourState.TwoWay)) this.parts.adjacencies.reconsider(neighbour);
    this.parts.topologyChanged(on.area, `designated router on ${on.name}`);
    this.helloSoon(on);
  }

  private enter(on: OspfInterface, state: InterfaceState, why: string): void {
    const before = on.state;
    on.state = state;
    this.joinGroups(on);
    if (this.parts.node.trace !== null) {
      const names = `${INTERFACE_STATE_NAMES[before]} -> ${INTERFACE_STATE_NAMES[state]}`;
      this.tell(What.State, `OSPF ${on.name}: ${names} (${why})`, 'RFC 2328 9.3');
    }
    this.parts.topologyChanged(on.area, `${on.name} is ${INTERFACE_STATE_NAMES[state]}`);
  }

  /** A hello within a tenth of a second, if none was sent in the last one. */
  private helloSoon(on: OspfInterface): void {
    const { now } = this.parts.node.clock;
    const soon = now + 1 + this.random.below(SOON_NS);
    const at = Math.max(soon, on.helloSentAt + SECOND);
    if (!on.hello.armed || on.hello.deadline > at) on.hello.set(at);
  }

  private tell(what: What, detail: string, source: string): void {
    const { node } = this.parts;
    node.trace?.event(node.name, 3, what, null, 0, detail, source);
  }
}
