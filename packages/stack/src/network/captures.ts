import type { DropReason } from '../base/drop-reasons.ts';
import { IpAddress } from '../base/ip-address.ts';
import type { LinkDevice } from '../base/link.ts';
import type { PacketBuffer } from '../base/packet-buffer.ts';
import { withTap } from '../base/tap-list.ts';
import { Direction, type FrameTap } from '../base/trace.ts';
import { Machine } from '../host/machine.ts';
import { Capture, type CaptureOptions } from '../inspect/capture.ts';
import type { Cable, CableEnd } from '../l1-physical/cable.ts';
import { ETHERNET_HEADER, EtherType, frameType } from '../l2-link/ethernet.ts';
import { Nic } from '../l2-link/nic.ts';
import { IPV4_HEADER_LENGTH, ipv4Source } from '../l3-network/ipv4-header.ts';
import type { Network } from './network.ts';
import type { OutsideLink } from './outside-link.ts';

/**
 * Captures of a whole network, of the cables and the links to the outside that are plugged in when they begin.
 *
 * A packet that crosses four links would stand four times in one file, and whoever reads it would take three of them
 * for retransmissions. So `captureAtOrigin` writes each packet once, on the link that it was first sent on, and
 * `captureEveryHop` is for those who want to see the way.
 */
export function captureAtOrigin(network: Network, options: CaptureOptions = {}): Capture {
  const capture = begin(network, options);
  for (const cable of network.cables.values()) {
    for (const end of [cable.a, cable.b]) {
      const host = machineAt(end);
      if (host === null) continue;
      const tap = capture.tap(`${host.name}:${(end.device as Nic).name}`, about(cable, end));
      end.line.tap = withTap(end.line.tap, host.forwarding ? new OriginTap(host, tap) : tap);
    }
  }
  for (const link of network.outside) {
    const tap = capture.tap(outsideName(link));
    link.tap = withTap(link.tap ?? null, new OutsideTap(deviceHost(link.device), tap));
  }
  return capture;
}

/** Every frame on every link, each direction as one interface, with the reason where the link lost it. */
export function captureEveryHop(network: Network, options: CaptureOptions = {}): Capture {
  const capture = begin(network, options);
  for (const cable of network.cables.values()) {
    for (const end of [cable.a, cable.b]) {
      const way = end === cable.a ? 'forward' : 'backward';
      end.line.tap = withTap(end.line.tap, capture.tap(`${cable.name} ${way}`, about(cable, end)));
    }
  }
  for (const link of network.outside) link.tap = withTap(link.tap ?? null, capture.tap(outsideName(link)));
  return capture;
}

/** What one interface of a host or router sees, both directions, as tcpdump there would. */
export function captureInterface(network: Network, host: Machine, nic: Nic, options: CaptureOptions = {}): Capture {
  const capture = begin(network, options);
  nic.addTap(capture.tap(`${host.name}:${nic.name}`, { node: host.name }));
  return capture;
}

function begin(network: Network, options: CaptureOptions): Capture {
  const capture = new Capture(network.queue, options);
  const names = [...network.nodes.values()]
    .filter((node) => node instanceof Machine)
    .flatMap((host) => host.addresses().map((prefix) => ({ address: prefix.address, names: [host.name] })));
  capture.name(names);
  // Who drops a packet later says so in a comment on it; whoever watched before goes on to.
  capture.next = network.trace;
  network.trace = capture;
  return capture;
}

function about(cable: Cable, end: CableEnd): { node: string; speedBps?: number } {
  return { node: cable.name, ...(end.rateBps === Infinity ? {} : { speedBps: end.rateBps }) };
}

function machineAt(end: CableEnd): Machine | null {
  return deviceHost(end.device);
}

function deviceHost(device: LinkDevice | null | undefined): Machine | null {
  return device instanceof Nic ? Machine.of(device.node) : null;
}

function outsideName(link: OutsideLink): string {
  return link.name ?? 'outside';
}

/** Of a link to the outside: all that comes in, and what goes out from the host that is plugged in, if one is. */
class OutsideTap implements FrameTap {
  private readonly tap: FrameTap;
  /** What goes out; null: it has been seen on a cable. */
  private readonly outwards: FrameTap | null;

  constructor(host: Machine | null, tap: FrameTap) {
    this.tap = tap;
    this.outwards = host === null ? null : host.forwarding ? new OriginTap(host, tap) : tap;
  }

  frame(packet: PacketBuffer, direction: Direction, reason: DropReason): void {
    if (direction === Direction.In) this.tap.frame(packet, direction, reason);
    else if (this.outwards !== null) this.outwards.frame(packet, direction, reason);
  }
}

/** Lets through what a router says itself (ARP, errors, its programs), and not what it passes on. */
class OriginTap implements FrameTap {
  private readonly host: Machine;
  private readonly tap: FrameTap;

  constructor(host: Machine, tap: FrameTap) {
    this.host = host;
    this.tap = tap;
  }

  frame(packet: PacketBuffer, direction: Direction, reason: DropReason): void {
    if (this.isPassedOn(packet)) return;
    this.tap.frame(packet, direction, reason);
  }

  private isPassedOn({ view, start, end }: PacketBuffer): boolean {
    const packet = start + ETHERNET_HEADER;
    if (end - packet < IPV4_HEADER_LENGTH || frameType(view, start, end) !== EtherType.Ipv4) return false;
    const source = IpAddress.v4(ipv4Source(view, packet));
    return !source.isUnspecified && !this.host.network.isLocal(source);
  }
}
