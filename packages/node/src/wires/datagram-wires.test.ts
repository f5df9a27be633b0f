import { createSocket } from 'node:dgram';
import { numberedFrame } from '@netarium/stack/testing/recording-device';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DgramLink } from './dgram-link.ts';
import { aWhile, dropsOf, until, type WireBench } from './testing/wire-bench.ts';
import { freePort, loopback, WireEnds } from './testing/wire-ends.ts';
import { UdpTunnelLink } from './udp-tunnel-link.ts';
import { writeVxlan } from './vxlan-header.ts';
import { VxlanLink } from './vxlan-link.ts';

let ends: WireEnds;
let here: WireBench;
let there: WireBench;

beforeEach(() => {
  ends = new WireEnds();
  ({ here, there } = ends);
});
afterEach(() => ends.close());

describe('a UDP tunnel', () => {
  it('listens to its peer alone', async () => {
    const { b, right } = await ends.pair('udp');
    const stranger = createSocket('udp4');
    stranger.send(Buffer.alloc(60), (b as UdpTunnelLink).port, '127.0.0.1');
    await until(() => dropsOf(b).UDP_NOT_PEER === 1, 'the drop');
    expect(right.arrivals).toEqual([]);
    stranger.close();
  });

  it('goes on when nobody is there', async () => {
    const link = ends.keep(await UdpTunnelLink.open(here, { remote: loopback(await freePort()) }));
    here.device(link);
    for (let i = 0; i < 5; i++) {
      link.transmit(numberedFrame(here.pool, i));
      await aWhile();
    }
    expect(link.up).toBe(true);
  });

  it('rejects when the port is taken, and refuses what is no address', async () => {
    const link = ends.keep(await UdpTunnelLink.open(here, { local: loopback(0), remote: loopback(9) }));
    const again = UdpTunnelLink.open(here, { local: loopback(link.port), remote: loopback(9) });
    await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(UdpTunnelLink.open(here, { remote: { address: 'localhost', port: 9 } })).rejects.toThrow(
      /no IP address/,
    );
    await expect(UdpTunnelLink.open(here, { remote: loopback(0) })).rejects.toThrow(/no port/);
  });
});

describe('QEMU over a multicast group', () => {
  it('is heard by all who listen there', async () => {
    const group = { address: '230.0.0.1', port: await freePort() };
    const local = { address: '127.0.0.1' };
    const link = ends.keep(await DgramLink.open(here, { local, remote: group }));
    const other = ends.keep(await DgramLink.open(there, { local, remote: group }));
    const [device, second] = [here.device(link), there.device(other)];
    link.transmit(numberedFrame(here.pool, 7));
    await until(() => device.arrivals.length + second.arrivals.length === 2, 'the frame at both');
    expect([device.numbers, second.numbers]).toEqual([[7], [7]]);
  });

  it('rejects when there is no such interface', async () => {
    const group = { address: '230.0.0.1', port: await freePort() };
    await expect(DgramLink.open(here, { local: { address: '192.0.2.1' }, remote: group })).rejects.toThrow(/ENODEV/);
  });
});

describe('VXLAN', () => {
  function datagram(vni: number, frame: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(8 + frame.length);
    writeVxlan(new DataView(bytes.buffer), 0, vni);
    bytes.set(frame, 8);
    return bytes;
  }

  it('takes what carries its VNI, whatever port it comes from, and drops the rest', async () => {
    const { b, right } = await ends.pair('vxlan');
    const socket = createSocket('udp4');
    const send = (bytes: Uint8Array) => socket.send(bytes, (b as VxlanLink).port, '127.0.0.1');
    const tagged = new Uint8Array(60);
    tagged.set([0x81, 0], 12);
    send(datagram(43, new Uint8Array(60)));
    send(datagram(42, tagged));
    send(Uint8Array.of(8, 0, 0));
    send(datagram(42, new Uint8Array(13)));
    send(datagram(42, new Uint8Array(60).fill(5)));
    await until(() => right.arrivals.length === 1, 'the frame');
    expect(right.numbers).toEqual([5]);
    expect(dropsOf(b)).toEqual({ FRAME_NOT_FOR_US: 1, FRAME_UNKNOWN_TYPE: 1, FRAME_TOO_SHORT: 2 });
    socket.close();
  });

  it('has VNIs of 24 bits', async () => {
    for (const vni of [-1, 1.5, 0x1000000]) {
      await expect(VxlanLink.open(here, { vni, remote: { address: '127.0.0.1' } })).rejects.toThrow(/no VNI/);
    }
  });
});
