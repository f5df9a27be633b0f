import { SECOND } from '../../base/clock.ts';
import { formatIpv4 } from '../../base/ip-address.ts';
import type { Random } from '../../base/random.ts';
import { What } from '../../base/trace.ts';
import { LsaType, PacketType } from './constants.ts';
import { DESCRIPTION_HEADERS, INIT, MASTER, MORE, writeDescription } from './exchange-packets.ts';
import type { Lsa } from './lsa.ts';
import { LSA_HEADER_LENGTH } from './lsa-header.ts';
import type { AdjacencyPart, RouterParts } from './router-parts.ts';
import { NeighbourTimer, type OspfNeighbour } from './router-state.ts';
import { NEIGHBOUR_STATE_NAMES, NeighbourState } from './states.ts';

/**
 * The conversations with neighbours (RFC 2328 10.3): from the first hello to databases that are equal.
 *
 *     Down -> Init -> 2-Way -> ExStart -> Exchange -> Loading -> Full
 *
 * What comes in by packets of the exchange is `Exchange`'s; here are the states, the timers, and what is sent.
 */
export class Adjacencies implements AdjacencyPart {
  private readonly parts: RouterParts;
  private readonly random: Random;

  constructor(parts: RouterParts) {
    this.parts = parts;
    this.random = parts.node.random.fork('ospf exchange');
  }

  /** Event HelloReceived. */
  helloReceived(neighbour: OspfNeighbour): void {
    neighbour.inactivity.set(this.parts.node.clock.now + neighbour.interface.settings.deadSeconds * SECOND);
    if (neighbour.state === NeighbourState.Down) this.enter(neighbour, NeighbourState.Init, 'HelloReceived');
  }

  /** Event 2-WayReceived: its hello names us. */
  twoWay(neighbour: OspfNeighbour): void {
    if (neighbour.state !== NeighbourState.Init) return;
    this.enter(neighbour, NeighbourState.TwoWay, '2-WayReceived');
    this.parts.hellos.neighbourChange(neighbour.interface);
    this.reconsider(neighbour);
  }

  /** Event 1-WayReceived: its hello names us no more. */
  oneWay(neighbour: OspfNeighbour): void {
    if (neighbour.state < NeighbourState.TwoWay) return;
    neighbour.clearLists();
    this.enter(neighbour, NeighbourState.Init, '1-WayReceived');
    this.parts.hellos.neighbourChange(neighbour.interface);
  }

  /** Event AdjOK?: is an adjacency wanted with a neighbour that is heard both ways? */
  reconsider(neighbour: OspfNeighbour): void {
    if (neighbour.state < NeighbourState.TwoWay) return;
    const wanted = neighbour.interface.wantsAdjacency(neighbour) && neighbour.interface.active;
    if (wanted && neighbour.state === NeighbourState.TwoWay) this.startExchange(neighbour, 'AdjOK?');
    else if (!wanted && neighbour.state > NeighbourState.TwoWay) {
      neighbour.clearLists();
      this.enter(neighbour, NeighbourState.TwoWay, 'AdjOK?');
    }
  }

  /** Events KillNbr, LLDown and InactivityTimer. */
  kill(neighbour: OspfNeighbour, why: string): void {
    const on = neighbour.interface;
    neighbour.dispose();
    const wasTwoWay = neighbour.state >= NeighbourState.TwoWay;
    for (const [key, each] of on.neighbours) if (each === neighbour) on.neighbours.delete(key);
    this.enter(neighbour, NeighbourState.Down, why);
    if (wasTwoWay) this.parts.hellos.neighbourChange(on);
  }

  /** Events SeqNumberMismatch and BadLSReq: the exchange begins anew. */
  restart(neighbour: OspfNeighbour, why: string): void {
    if (neighbour.state < NeighbourState.Exchange) return;
    neighbour.restarts++;
    this.startExchange(neighbour, why);
  }

  /** Event NegotiationDone: from now on both tell what they have (RFC 2328 10.3, 10.8). */
  negotiated(neighbour: OspfNeighbour): void {
    const { area } = neighbour.interface;
    const { now } = this.parts.node.clock;
    const summary: Lsa[] = [];
    const all = area.settings.stub ? area.database.list() : [...area.database.list(), ...this.parts.externals.list()];
    for (const lsa of all) {
      if (lsa.isMaxAge(now)) this.keepSending(neighbour, lsa);
      else summary.push(lsa);
    }
    neighbour.summary = summary;
    neighbour.sentFrom = 0;
    neighbour.sentTo = 0;
    neighbour.descriptionTimer.clear();
    this.enter(neighbour, NeighbourState.Exchange, 'NegotiationDone');
  }

  /** Event ExchangeDone. */
  exchanged(neighbour: OspfNeighbour): void {
    neighbour.descriptionTimer.clear();
    // Whoever led may not have had our last description: it is kept for as long as it might ask (RFC 2328 10.8).
    if (!neighbour.master) neighbour.descriptionTimer.set(this.later(neighbour.interface.settings.deadSeconds));
    else neighbour.summary = [];
    if (neighbour.wanted.size === 0) {
      this.enter(neighbour, NeighbourState.Full, 'ExchangeDone');
    } else {
      this.enter(neighbour, NeighbourState.Loading, 'ExchangeDone');
      this.request(neighbour);
    }
  }

  /** Some of what was wanted came: asks for the next, or is done (event LoadingDone). */
  wantedChanged(neighbour: OspfNeighbour): void {
    if (neighbour.state !== NeighbourState.Exchange && neighbour.state !== NeighbourState.Loading) return;
    if (neighbour.wanted.size === 0) {
      neighbour.asked = [];
      neighbour.requestTimer.clear();
      if (neighbour.state === NeighbourState.Loading) this.enter(neighbour, NeighbourState.Full, 'LoadingDone');
      return;
    }
    const waiting = neighbour.asked.some((each) => neighbour.wanted.get(each.type, each.id, each.router) === each);
    if (!waiting) this.request(neighbour);
  }

  /** Sends the next description: `flags` without MORE, which follows from what there is. */
  describeNext(neighbour: OspfNeighbour, flags: number): void {
    const on = neighbour.interface;
    const room = this.parts.sender.room(on) - DESCRIPTION_HEADERS;
    const most = Math.max(1, Math.floor(room / LSA_HEADER_LENGTH));
    neighbour.sentFrom = neighbour.sentTo;
    neighbour.sentTo = Math.min(neighbour.summary.length, neighbour.sentFrom + most);
    if ((flags & INIT) !== 0) neighbour.sentTo = neighbour.sentFrom;
    const more = (flags & INIT) !== 0 || neighbour.sentTo < neighbour.summary.length;
    neighbour.sentFlags = more ? flags | MORE : flags;
    this.describeAgain(neighbour);
  }

  /** Sends the last description again. */
  describeAgain(neighbour: OspfNeighbour): void {
    const { sender } = this.parts;
    const on = neighbour.interface;
    const count = neighbour.sentTo - neighbour.sentFrom;
    const packet = sender.begin(DESCRIPTION_HEADERS + count * LSA_HEADER_LENGTH);
    const { options } = on.area;
    writeDescription(packet.view, packet.start, on.link.mtu, options, neighbour.sentFlags, neighbour.sequence);
    const at = packet.start + DESCRIPTION_HEADERS;
    sender.writeHeaders(packet, at, neighbour.summary, neighbour.sentFrom, neighbour.sentTo);
    sender.send(packet, PacketType.DatabaseDescription, on, neighbour.address);
    // Whoever leads asks again; whoever follows answers again.
    if (neighbour.master) neighbour.descriptionTimer.set(this.later(on.settings.retransmitSeconds));
  }

  /** Puts an advertisement on the neighbour's retransmission list. */
  keepSending(neighbour: OspfNeighbour, lsa: Lsa): void {
    neighbour.keepSending(lsa);
    if (!neighbour.retransmission.armed) {
      neighbour.retransmission.set(this.later(neighbour.interface.settings.retransmitSeconds));
    }
  }

  neighbourTimer(neighbour: OspfNeighbour, tag: number): void {
    switch (tag) {
      case NeighbourTimer.Inactivity:
        this.kill(neighbour, `InactivityTimer: no hello for ${neighbour.interface.settings.deadSeconds} s`);
        break;
      case NeighbourTimer.Description:
        if (neighbour.state === NeighbourState.ExStart || neighbour.state === NeighbourState.Exchange) {
          if (neighbour.master) this.describeAgain(neighbour);
        } else {
          neighbour.summary = [];
          neighbour.sentFlags = -1;
        }
        break;
      case NeighbourTimer.Request:
        if (neighbour.wanted.size > 0) this.request(neighbour);
        break;
      default:
        this.retransmit(neighbour);
    }
  }

  /** To ExStart: both claim to lead, until the higher router ID does (RFC 2328 10.8). */
  private startExchange(neighbour: OspfNeighbour, why: string): void {
    neighbour.clearLists();
    neighbour.sequence = neighbour.sequence === 0 ? this.random.u32() : (neighbour.sequence + 1) >>> 0;
    neighbour.master = true;
    neighbour.lastFlags = -1;
    neighbour.lastOptions = -1;
    neighbour.lastSequence = -1;
    this.enter(neighbour, NeighbourState.ExStart, why);
    this.describeNext(neighbour, INIT | MASTER);
  }

  private request(neighbour: OspfNeighbour): void {
    const on = neighbour.interface;
    neighbour.asked = this.parts.sender.sendRequest(on, neighbour.address, neighbour.wanted.list());
    neighbour.requestTimer.set(this.later(on.settings.retransmitSeconds));
  }

  /** RFC 2328 13.6: what is not acknowledged is sent again, to this neighbour alone, one packet at a time. */
  private retransmit(neighbour: OspfNeighbour): void {
    if (neighbour.unacknowledged.size === 0 || neighbour.state < NeighbourState.Exchange) return;
    const on = neighbour.interface;
    const lsas = [...neighbour.unacknowledged];
    const { node } = this.parts;
    if (node.trace !== null) {
      const detail = `OSPF: ${lsas.length} unacknowledged by ${formatIpv4(neighbour.routerId)} on ${on.name}`;
      node.trace.event(node.name, 3, What.Retransmit, null, 0, detail, 'RFC 2328 13.6');
    }
    this.parts.sender.sendUpdates(on, neighbour.address, lsas, true);
    neighbour.retransmission.set(this.later(on.settings.retransmitSeconds));
  }

  private later(seconds: number): number {
    return this.parts.node.clock.now + seconds * SECOND;
  }

  private enter(neighbour: OspfNeighbour, state: NeighbourState, why: string): void {
    const before = neighbour.state;
    if (before === state) return;
    neighbour.state = state;
    const { node } = this.parts;
    neighbour.since = node.clock.now;
    if (node.trace !== null) {
      const states = `${NEIGHBOUR_STATE_NAMES[before]} -> ${NEIGHBOUR_STATE_NAMES[state]}`;
      const detail = `OSPF neighbour ${formatIpv4(neighbour.routerId)} on ${neighbour.interface.name}: ${states} (${why})`;
      node.trace.event(node.name, 3, What.State, null, 0, detail, 'RFC 2328 10.3');
    }
    this.parts.neighbourChanged(neighbour, before, why);
  }
}

/** Is this type told of in a database description of such an area? */
export function typeBelongs(type: number, stub: boolean): boolean {
  return type >= LsaType.Router && type <= (stub ? LsaType.Summary : LsaType.External);
}
