import { isPath, parseOutsideAddress, WIRE_KINDS, type WireDescription } from '@netarium/stack/network/outside-words';
import type { DatagramAddress } from './datagram-wire.ts';
import type { StreamAddress } from './stream-link.ts';
import type { Wire, WireNetwork } from './wire.ts';

export type { WireDescription } from '@netarium/stack/network/outside-words';

/** A description that says no wire, or two, or something that cannot be read. */
export class WireError extends Error {}

/**
 * Opens the wire that a description tells of; `network.plug(description.at, wire)` is the caller's. Loads what the kind
 * needs and no more (koffi for a TAP alone).
 *
 * Throws a WireError; a TunError that says how to get a TAP; or Node's error (EADDRINUSE, ECONNREFUSED, ENOENT).
 */
export async function openWire(network: WireNetwork, description: WireDescription): Promise<Wire> {
  const kinds = WIRE_KINDS.filter((kind) => description[kind] !== undefined);
  if (kinds.length !== 1) {
    const said = kinds.length === 0 ? 'no kind of wire' : `${kinds.join(' and ')} at once`;
    throw new WireError(`the wire at ${description.at} has ${said}; write one of ${WIRE_KINDS.join(', ')}`);
  }
  const { tap, tun, udp, vxlan, stream, dgram, websocket, replay } = description;
  if (tap !== undefined) {
    const { TapLink } = await import('./tap/tap-link.ts');
    return new TapLink(network, typeof tap === 'string' ? { device: tap } : tap);
  }
  if (tun !== undefined) {
    const { TunLink } = await import('./tap/tun-link.ts');
    return new TunLink(network, typeof tun === 'string' ? { device: tun } : tun);
  }
  if (udp !== undefined) {
    const { UdpTunnelLink } = await import('./udp-tunnel-link.ts');
    return UdpTunnelLink.open(network, { remote: whole(udp.remote), ...local(udp.local) });
  }
  if (vxlan !== undefined) {
    const { VxlanLink } = await import('./vxlan-link.ts');
    const { address, port } = readAddress(vxlan.remote);
    if (address === undefined) throw new WireError(`"${vxlan.remote}" says no address`);
    const remote = port === undefined ? { address } : { address, port };
    return VxlanLink.open(network, { vni: vxlan.vni, vlan: vxlan.vlan === true, remote, ...local(vxlan.local) });
  }
  if (dgram !== undefined) {
    const { DgramLink } = await import('./dgram-link.ts');
    return DgramLink.open(network, { remote: whole(dgram.remote), ...local(dgram.local) });
  }
  if (stream !== undefined) {
    const { StreamLink } = await import('./stream-link.ts');
    if (oneOf(description.at, stream) === 'listen') {
      return StreamLink.listen(network, { at: streamAddress(stream.listen!) });
    }
    return StreamLink.connect(network, { at: streamAddress(stream.connect!) });
  }
  if (websocket !== undefined) {
    const { WebSocketLink } = await import('./websocket-link.ts');
    if (oneOf(description.at, websocket) === 'connect') {
      return WebSocketLink.connect(network, { url: websocket.connect! });
    }
    const { path, origins } = websocket;
    const { address: host, port } = readAddress(websocket.listen!);
    if (port === undefined) throw new WireError(`"${websocket.listen}" says no port`);
    return WebSocketLink.listen(network, {
      port,
      ...(host === undefined ? {} : { host }),
      ...(path === undefined ? {} : { path }),
      ...(origins === undefined ? {} : { origins }),
    });
  }
  const { PcapReplayLink } = await import('./pcap-replay-link.ts');
  const { file, ...options } = typeof replay === 'string' ? { file: replay } : replay!;
  return PcapReplayLink.open(network, file, options);
}

/** `192.0.2.1:4789`, `[2001:db8::1]:4789`, `192.0.2.1`, `2001:db8::1`, `4789`. Throws a WireError. */
export function readAddress(text: string): Partial<DatagramAddress> {
  const address = parseOutsideAddress(text);
  if (address !== null) return address;
  throw new WireError(`"${text}" is no address: write it like 192.0.2.1:4789, [2001:db8::1]:4789 or 4789`);
}

function whole(text: string): DatagramAddress {
  const { address, port } = readAddress(text);
  if (address === undefined || port === undefined) throw new WireError(`"${text}" needs an address and a port`);
  return { address, port };
}

function local(text: string | undefined): { local?: Partial<DatagramAddress> } {
  return text === undefined ? {} : { local: readAddress(text) };
}

function streamAddress(text: string): StreamAddress {
  if (isPath(text)) return { path: text };
  const { address, port } = readAddress(text);
  if (port === undefined)
    throw new WireError(`"${text}" is neither a path like /tmp/net.sock nor an address with a port`);
  return address === undefined ? { port } : { host: address, port };
}

function oneOf(at: string, ends: { listen?: string; connect?: string }): 'listen' | 'connect' {
  if ((ends.listen === undefined) === (ends.connect === undefined)) {
    throw new WireError(`the wire at ${at} either listens or connects`);
  }
  return ends.listen === undefined ? 'connect' : 'listen';
}
