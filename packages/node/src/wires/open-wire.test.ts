import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PcapngWriter } from '@netarium/stack/inspect/pcapng-writer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DgramLink } from './dgram-link.ts';
import { openWire, readAddress, type WireDescription } from './open-wire.ts';
import { PcapReplayLink } from './pcap-replay-link.ts';
import { StreamLink } from './stream-link.ts';
import { WireBench } from './testing/wire-bench.ts';
import { UdpTunnelLink } from './udp-tunnel-link.ts';
import { VxlanLink } from './vxlan-link.ts';
import { WebSocketLink } from './websocket-link.ts';
import type { Wire } from './wire.ts';

let folder: string;
let wires: Wire[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netarium-wires-'));
  wires = [];
});
afterEach(() => {
  for (const wire of wires) wire.close();
  rmSync(folder, { recursive: true });
});

async function open(words: Omit<WireDescription, 'at'>): Promise<Wire> {
  const wire = await openWire(new WireBench(), { at: 'web:eth0', ...words });
  wires.push(wire);
  return wire;
}

describe('a wire in words', () => {
  it('is opened as what it says', async () => {
    expect(await open({ udp: { remote: '127.0.0.1:9', local: '127.0.0.1' } })).toBeInstanceOf(UdpTunnelLink);
    expect(await open({ dgram: { remote: '[::1]:9' } })).toBeInstanceOf(DgramLink);
    const vxlan = (await open({ vxlan: { vni: 42, remote: '127.0.0.1', local: '127.0.0.1:0' } })) as VxlanLink;
    expect(vxlan).toBeInstanceOf(VxlanLink);
    expect([vxlan.vni, vxlan.remote]).toEqual([42, { address: '127.0.0.1', port: 4789 }]);
    const path = join(folder, 'net.sock');
    expect(await open({ stream: { listen: path } })).toBeInstanceOf(StreamLink);
    expect(await open({ stream: { connect: path } })).toBeInstanceOf(StreamLink);
    const tcp = (await open({ stream: { listen: '127.0.0.1:0' } })) as StreamLink;
    expect(await open({ stream: { connect: `${tcp.port}` } })).toBeInstanceOf(StreamLink);
    const relay = (await open({ websocket: { listen: '0', path: '/net' } })) as WebSocketLink;
    expect(relay).toBeInstanceOf(WebSocketLink);
    expect(await open({ websocket: { connect: `ws://127.0.0.1:${relay.port}/net` } })).toBeInstanceOf(WebSocketLink);
    const file = join(folder, 'a.pcapng');
    writeFileSync(file, new PcapngWriter().take());
    expect(await open({ replay: file })).toBeInstanceOf(PcapReplayLink);
    expect(await open({ replay: { file, speed: 2 } })).toBeInstanceOf(PcapReplayLink);
  });

  it.each([
    [{}, /web:eth0 has no kind of wire; write one of tap, tun, udp/],
    [{ udp: { remote: '127.0.0.1:9' }, replay: 'x' }, /has udp and replay at once/],
    [{ stream: {} }, /either listens or connects/],
    [{ websocket: { listen: '1', connect: 'ws://x' } }, /either listens or connects/],
    [{ stream: { listen: 'localhost' } }, /neither a path/],
    [{ websocket: { listen: 'localhost' } }, /says no port/],
    [{ udp: { remote: '9' } }, /needs an address and a port/],
    [{ vxlan: { vni: 1, remote: '4789' } }, /says no address/],
    [{ udp: { remote: 'a:b:c' } }, /is no address/],
  ] satisfies [Omit<WireDescription, 'at'>, RegExp][])('%j says what is wrong', async (words, message) => {
    await expect(open(words)).rejects.toThrow(message);
  });

  it.each([
    ['192.0.2.1:4789', { address: '192.0.2.1', port: 4789 }],
    ['[2001:db8::1]:1', { address: '2001:db8::1', port: 1 }],
    ['2001:db8::1', { address: '2001:db8::1' }],
    ['192.0.2.1', { address: '192.0.2.1' }],
    ['localhost:80', { address: 'localhost', port: 80 }],
    ['65535', { port: 65_535 }],
  ])('reads the address %s', (text, address) => {
    expect(readAddress(text)).toEqual(address);
  });

  it.each(['', ':', '65536', '1.2.3.4:', '1.2.3.4:99999', '[::1]', '[::1', 'a b:c:d'])('"%s" is no address', (text) => {
    expect(() => readAddress(text)).toThrow(/is no address/);
  });
});
