import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FCS_IMPLIED } from '@netarium/stack/base/packet-buffer';
import { Direction } from '@netarium/stack/base/trace';
import { Capture } from '@netarium/stack/inspect/capture';
import { PacketFlags } from '@netarium/stack/inspect/pcapng-format';
import { PcapngWriter } from '@netarium/stack/inspect/pcapng-writer';
import { numberedFrame } from '@netarium/stack/testing/recording-device';
import { expectNoLeaks } from '@netarium/stack/testing/test-node';
import { beforeEach, describe, expect, it } from 'vitest';
import { PcapReplayLink, type ReplayOptions } from './pcap-replay-link.ts';
import { dropsOf, WireBench } from './testing/wire-bench.ts';

let bench: WireBench;
beforeEach(() => {
  bench = new WireBench();
});

const frame = (number: number, length = 60) => new Uint8Array(length).fill(number);

/** Three frames at 1 s, 1.5 s and 3 s; the second went out, on another interface. */
function recording(): Uint8Array {
  const writer = new PcapngWriter();
  const first = writer.addInterface({ name: 'eth0', linkType: 1 });
  const second = writer.addInterface({ name: 'eth0', linkType: 1 });
  writer.addPacket(first, 1e9, frame(1), { direction: PacketFlags.Inbound });
  writer.addPacket(second, 1.5e9, frame(2, 1514), { direction: PacketFlags.Outbound });
  writer.addPacket(first, 3e9, frame(3), { direction: PacketFlags.Inbound });
  return writer.take();
}

function replay(bytes: Uint8Array, options: ReplayOptions = {}) {
  bench = new WireBench();
  const link = new PcapReplayLink(bench, bytes, options);
  let ended = false;
  link.onEnd = () => {
    ended = true;
  };
  const device = bench.device(link);
  bench.queue.runUntil(100e9);
  expect(ended).toBe(true);
  expect(link.left).toBe(0);
  expectNoLeaks(bench.pool);
  return { link, device };
}

describe('a capture file that is replayed', () => {
  it('brings each frame at its recorded distance from the first', () => {
    const { device, link } = replay(recording());
    expect(device.numbers).toEqual([1, 2, 3]);
    expect(device.times).toEqual([0, 0.5e9, 2e9]);
    expect(device.arrivals[1]!.bytes.length).toBe(1514);
    expect(device.changes).toEqual([true]);
    expect([link.deliveredFrames, link.deliveredBytes]).toEqual([3, 1634]);
  });

  it('may begin later and go faster', () => {
    expect(replay(recording(), { speed: 2, delayNs: 7 }).device.times).toEqual([7, 0.25e9 + 7, 1e9 + 7]);
    expect(() => new PcapReplayLink(bench, recording(), { speed: 0 })).toThrow(/speed/);
  });

  it('may be one interface or one direction', () => {
    expect(replay(recording(), { interface: 1 }).device.numbers).toEqual([2]);
    expect(replay(recording(), { direction: Direction.In }).device.numbers).toEqual([1, 3]);
  });

  it('takes what the device sends, and forgets it', () => {
    const link = new PcapReplayLink(bench, recording());
    const device = bench.device(link);
    device.react = () => link.transmit(numberedFrame(bench.pool, 9));
    bench.queue.runUntil(100e9);
    expect([link.sentFrames, link.sentBytes]).toEqual([3, 180]);
    expectNoLeaks(bench.pool);
  });

  it('stops when it is unplugged or closed', () => {
    const link = new PcapReplayLink(bench, recording());
    const device = bench.device(link);
    bench.queue.runUntil(0.6e9);
    link.detach();
    bench.queue.runUntil(10e9);
    expect(device.numbers).toEqual([1, 2]);
    link.close();
    expect(bench.queue.pending).toBe(0);
  });

  it('drops frames that are cut short, and what is no Ethernet', () => {
    const writer = new PcapngWriter();
    const ethernet = writer.addInterface({ name: 'eth0', linkType: 1, snapLength: 40 });
    const raw = writer.addInterface({ name: 'eth0', linkType: 101 });
    writer.addPacket(ethernet, 0, frame(1, 40), { originalLength: 60 });
    writer.addPacket(raw, 1, frame(0x45));
    writer.addPacket(ethernet, 2, frame(3, 10));
    writer.addPacket(ethernet, 3, frame(4, 14));
    const { device, link } = replay(writer.take());
    expect(device.numbers).toEqual([4]);
    expect(dropsOf(link)).toEqual({ FRAME_TOO_SHORT: 2, FRAME_UNKNOWN_TYPE: 1 });
  });

  it('knows of a frame check sequence, right or wrong', () => {
    const capture = new Capture(bench.queue, { fcs: true });
    const tap = capture.tap('eth0');
    const damaged = numberedFrame(bench.pool, 2);
    damaged.fcs = 0x01020304;
    for (const packet of [numberedFrame(bench.pool, 1), damaged]) {
      tap.frame(packet, Direction.In, 0);
      packet.release();
    }
    const { device } = replay(capture.take());
    expect(device.arrivals.map(({ bytes }) => bytes.length)).toEqual([60, 60]);
    expect(device.arrivals[0]!.fcs).not.toBe(FCS_IMPLIED);
    expect(device.arrivals[1]!.fcs).toBe(0x01020304);
  });

  it('that makes no sense says so, brings what it can, and never throws', () => {
    const whole = recording();
    for (let length = 0; length < whole.length; length++) {
      const link = new PcapReplayLink(bench, whole.slice(0, length));
      const device = bench.device(link);
      bench.queue.runUntil(bench.queue.now + 10e9);
      expect(device.numbers).toEqual([1, 2, 3].slice(0, device.numbers.length));
    }
    expect(new PcapReplayLink(bench, frame(1)).file.problems).not.toEqual([]);
    expectNoLeaks(bench.pool);
  });

  it('is read from a file, up to a size', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'netarium-replay-'));
    const path = join(folder, 'a.pcapng');
    writeFileSync(path, recording());
    const link = await PcapReplayLink.open(bench, path);
    expect(link.left).toBe(3);
    expect(link.name).toBe(`replay ${path}`);
    await expect(PcapReplayLink.open(bench, path, { limits: { replayFileBytes: 10 } })).rejects.toThrow(/up to 10/);
    await expect(PcapReplayLink.open(bench, join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
    rmSync(folder, { recursive: true });
  });
});
