import { existsSync } from 'node:fs';
import { finish, sum } from '@netarium/stack/base/checksum';
import { Drop } from '@netarium/stack/base/drop-reasons';
import { Random } from '@netarium/stack/base/random';
import { ipv4AddressSum, writeIpv4Header } from '@netarium/stack/l3-network/ipv4-header';
import { expect, test } from 'vitest';
import { type Ping, systemPing } from './ping.ts';
import type { RuleDescription } from './rules.ts';
import { Inside } from './testing/inside.ts';
import { pause } from './testing/real.ts';

/** TEST-NET addresses (RFC 5737), that only a ping of the test's own ever hears of. */
const THERE = '192.0.2.1';
const SILENT = '192.0.2.2';
const ALLOWED: RuleDescription[] = [{ action: 'allow', protocol: 'icmp', to: '192.0.2.0/24' }];

/** Runs alice's ping; what it printed. */
async function ping(inside: Inside, args: string): Promise<string> {
  let text = '';
  const out = { write: (bytes: Uint8Array) => void (text += Buffer.from(bytes)) };
  await inside.run(() => inside.alice.start(`ping ${args}`, { stdout: out, stderr: out }).exited);
  return text;
}

test('an echo is answered when a real one of the same size has come back', async () => {
  const asked: [string, number][] = [];
  const stub: Ping = async (address, bytes) => {
    asked.push([address, bytes]);
    await pause(20);
    return address === THERE;
  };
  const inside = new Inside({ rules: ALLOWED, ping: stub });
  expect(await ping(inside, `-c 2 -i 0.1 -s 100 ${THERE}`)).toMatch(/108 bytes from 192\.0\.2\.1: .*\n.*108 bytes/);
  expect(await ping(inside, `-c 1 -W 0.2 ${SILENT}`)).toMatch(/1 packets transmitted, 0 received/);
  expect(asked).toEqual([
    [THERE, 100],
    [THERE, 100],
    [SILENT, 56],
  ]);
  expect(inside.gateway.counters).toMatchObject({ echoes: 3, echoReplies: 2 });
  expect(inside.gw.node.drops[Drop.GATEWAY_UNREACHED]).toBe(1);
  await inside.end();
});

test('without a ping there is no answer; with too many under way, neither', async () => {
  const none = new Inside({ rules: ALLOWED, ping: null });
  expect(await ping(none, `-c 1 -W 0.1 ${THERE}`)).toMatch(/0 received/);
  expect(none.gw.node.drops[Drop.GATEWAY_UNREACHED]).toBe(1);
  await none.end();
  let waiting = 0;
  const slow: Ping = () => {
    waiting++;
    return pause(400).then(() => true);
  };
  const inside = new Inside({ rules: ALLOWED, ping: slow, limits: { echoes: 2 } });
  expect(await ping(inside, `-c 3 -i 0.01 -W 1 ${THERE}`)).toMatch(/3 packets transmitted, 2 received/);
  expect([waiting, inside.gateway.counters.full]).toEqual([2, 1]);
  await inside.end();
});

test('the gateway is a hop of its own', async () => {
  const inside = new Inside({ rules: ALLOWED, ping: async () => true });
  expect(await ping(inside, `-c 1 -t 1 ${THERE}`)).toMatch(/From 10\.0\.2\.1.*Time to live exceeded/);
  expect(await ping(inside, `-c 1 -t 2 ${THERE}`)).toMatch(/from 192\.0\.2\.1/);
  await inside.end();
});

test('the system’s ping, on the real loopback', async (context) => {
  if (!existsSync('/usr/bin/ping')) context.skip('needs /usr/bin/ping');
  expect(await systemPing('127.0.0.1', 56)).toBe(true);
});

test('50,000 packets of any content to the outside end in a drop with a reason', () => {
  const inside = new Inside({ rules: [], watch: false });
  const { pool } = inside.network;
  const random = Random.from(7);
  const nic = inside.gw.nics.get('eth0')!;
  inside.gw.ip.neighbours.addPermanent(
    inside.alice.addresses()[0]!.address,
    inside.gw.ip.interfaceNamed('eth0')!,
    nic.mac,
  );
  const protocols = [1, 6, 17, 1];
  for (let i = 0; i < 50_000; i++) {
    const protocol = protocols[i & 3]!;
    const length = random.below(80);
    const packet = pool.acquire(length);
    const at = packet.put(length);
    for (let j = 0; j < length; j++) packet.bytes[at + j] = random.below(256);
    shape(packet.view, at, length, protocol, random);
    const ip = packet.push(20);
    const flags = random.below(16) === 0 ? 0x2000 | random.below(40) : 0;
    const [source, destination] = [0x0a00020f, 0xc0000200 + random.below(256)];
    const addresses = ipv4AddressSum(source, destination);
    writeIpv4Header(packet.view, ip, 0, length + 20, i & 0xffff, flags, 64, protocol, source, destination, addresses);
    // TCP's checksum needs the addresses; a wrong one in every eighth.
    if (protocol === 6 && length >= 20) {
      packet.view.setUint16(at + 16, 0);
      const checksum = finish(sum(packet.view, at, packet.end, addresses + 6 + length));
      packet.view.setUint16(at + 16, checksum ^ ((i & 7) === 7 ? 1 : 0));
    }
    const frame = packet.push(14);
    nic.mac.write(packet.view, frame);
    packet.bytes.set([2, 0, 0, 0, 0, 1, 8, 0], frame + 6);
    nic.linkInput(packet);
    if ((i & 1023) === 0) inside.network.queue.runUntil(inside.network.now + 1e6);
  }
  inside.gateway.close();
  inside.network.queue.runUntil(inside.network.now + 60e9);
  expect(inside.gateway.counters.tcpFlows + inside.gateway.counters.udpFlows).toBe(0);
  expect(inside.gw.node.drops[Drop.GATEWAY_DENIED]).toBeGreaterThan(1000);
  expect(pool.outstanding).toBe(0);
});

/** Makes of random bytes something that gets past the first checks, most of the time. */
function shape(view: DataView, at: number, length: number, protocol: number, random: Random): void {
  if (protocol === 1 && length >= 8) {
    view.setUint8(at, [8, 3, 11, 12, 0, 5][random.below(6)]!);
    if (length >= 36) {
      view.setUint8(at + 8, 0x45 + random.below(3));
      view.setUint8(at + 17, [1, 6, 17][random.below(3)]!);
    }
    view.setUint16(at + 2, 0);
    view.setUint16(at + 2, finish(sum(view, at, at + length)));
  } else if (protocol === 6 && length >= 20) {
    view.setUint8(at + 12, 0x50);
    view.setUint8(at + 13, [2, 2, 4, 16, 18, 1][random.below(6)]!);
  } else if (protocol === 17 && length >= 8) {
    view.setUint16(at + 4, length);
    view.setUint16(at + 6, 0);
  }
}
