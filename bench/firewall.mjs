// What a firewall costs: memory of a tracked conversation, how fast one is entered and found, packets through 100 rules.

import { EventQueue } from '../packages/stack/dist/base/event-queue.js';
import { IpAddress } from '../packages/stack/dist/base/ip-address.js';
import { LIMITS } from '../packages/stack/dist/base/limits.js';
import { MacAddress } from '../packages/stack/dist/base/mac-address.js';
import { NodeContext } from '../packages/stack/dist/base/node-context.js';
import { PacketPool } from '../packages/stack/dist/base/packet-buffer.js';
import { Prefix } from '../packages/stack/dist/base/prefix.js';
import { Random } from '../packages/stack/dist/base/random.js';
import { Firewall } from '../packages/stack/dist/l3-network/firewall/firewall.js';
import { NO_NAMES } from '../packages/stack/dist/l3-network/firewall/vocabulary.js';
import { Ipv4 } from '../packages/stack/dist/l3-network/ipv4.js';
import { ipv4AddressSum, writeIpv4Header } from '../packages/stack/dist/l3-network/ipv4-header.js';

const FLOWS = 200_000;
const RULES = 100;

function router() {
  const node = new NodeContext('r', new EventQueue(), Random.from(1), new PacketPool(LIMITS), LIMITS);
  const ip = new Ipv4(node);
  ip.forwarding = true;
  const links = ['eth0', 'eth1'].map((name) => ({
    name,
    mac: MacAddress.ZERO,
    mtu: 1500,
    up: true,
    checksumOffload: false,
    segmentOffload: 0,
    handler: null,
    output(packet) {
      packet.release();
      return 0;
    },
    register(type, handler) {
      if (type === 0x0800) this.handler = handler;
    },
  }));
  links.forEach((link, i) => {
    ip.addInterface(link);
    ip.addAddress(link, Prefix.parse(`10.0.${i + 1}.1/24`));
  });
  const peer = IpAddress.parse('10.0.2.2');
  ip.addRoute(Prefix.parse('0.0.0.0/0'), { via: peer });
  ip.neighbours.addPermanent(peer, ip.interfaceOf(links[1]), MacAddress.parse('02:00:00:00:00:02'));
  return { node, ip, links };
}

function datagram(pool, from, to, ports) {
  const packet = pool.acquire(8 + 1000);
  const at = packet.put(8 + 1000);
  packet.view.setUint32(at, ports);
  packet.view.setUint32(at + 4, (1008 << 16) | 0);
  const start = packet.push(20);
  packet.l3 = start;
  writeIpv4Header(packet.view, start, 0, 1028, 1, 0, 64, 17, from, to, ipv4AddressSum(from, to));
  return packet;
}

const seconds = () => Number(process.hrtime.bigint()) / 1e9;

/** A router with so many conversations, translated; seconds to enter them, and what the tables take. */
function fill(flows, nat) {
  const { node, ip, links } = router();
  const firewall = new Firewall(node, ip, NO_NAMES);
  if (nat) firewall.addNat('source 10.0.1.0/24 to 198.18.0.0/24 out eth1');
  const [inside, outside] = links.map((link) => ip.interfaceOf(link));
  const through = (i) => {
    const from = 0x0a000100 | (2 + (i % 200));
    const packet = datagram(node.pool, from, 0xcb007107, (((1024 + Math.floor(i / 200)) << 16) | 53) >>> 0);
    packet.device = inside.index;
    let passed = firewall.prerouting(packet, inside);
    passed = firewall.forward(passed, outside);
    passed = firewall.postrouting(passed, outside, true);
    passed.release();
  };
  const from = seconds();
  for (let i = 0; i < flows; i++) through(i);
  return { firewall, took: seconds() - from, through };
}

/** Bytes a tracked conversation with its mapping takes, at a size that is not the tables' best. */
export function conntrackBytes() {
  let worst = 0;
  for (const flows of [1000, 10_000, 65_000, FLOWS]) {
    const { firewall } = fill(flows, true);
    const { table } = firewall.tracker;
    if (table.count !== flows) throw new Error(`${table.count} of ${flows}`);
    worst = Math.max(worst, (table.memory + firewall.nat.mappings.memory) / flows);
  }
  return worst;
}

/** Conversations entered a second, through all three hooks, with the packet that begins each. */
export function conntrackInsert() {
  fill(20_000, false);
  return FLOWS / fill(FLOWS, false).took;
}

/** Packets a second of as many conversations as are tracked, through all three hooks. */
export function conntrackLookup() {
  const { through } = fill(FLOWS, false);
  const from = seconds();
  for (let i = 0; i < FLOWS; i++) through((i * 7919) % FLOWS);
  return FLOWS / (seconds() - from);
}

/** Packets a second forwarded from interface to interface; `rules`: through so many that do not match, and one that does. */
export function forward(rules = RULES) {
  const { node, ip, links } = router();
  if (rules > 0) {
    const firewall = new Firewall(node, ip, NO_NAMES);
    for (let i = 1; i < rules; i++) {
      const problem = firewall.book.add(`deny udp from 10.9.${i}.0/24 to 203.0.113.0/24 port ${i}`);
      if (problem !== null) throw new Error(problem.message);
    }
    firewall.book.add('allow udp from 10.0.1.0/24');
    firewall.book.setPolicy('forward', 'deny');
    ip.filter = firewall;
  }
  const send = (count) => {
    for (let i = 0; i < count; i++) {
      const packet = datagram(node.pool, 0x0a000102, 0xcb007107, ((4000 << 16) | 5000) >>> 0);
      links[0].handler.etherInput(packet, links[0], 0);
    }
  };
  send(50_000);
  const count = 500_000;
  const from = seconds();
  send(count);
  const took = seconds() - from;
  if (ip.forwarded < count) throw new Error(`${ip.forwarded} of ${count} were forwarded`);
  return count / took;
}
