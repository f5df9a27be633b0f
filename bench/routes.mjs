// A routing table as large as the Internet's: how long it takes to load, what a route takes, how fast it answers.
import { IpInterface } from '../packages/stack/dist/l3-network/ip-interface.js';
import { Route, RoutingTable } from '../packages/stack/dist/l3-network/routes.js';

/** As many as there were in the default-free zone in 2023. */
const ROUTES = 900_000;
/**
 * How many of 1,000 prefixes have which length: as in the tables of public route collectors, where more than half are
 * /24 and nothing is longer.
 */
const LENGTHS = [
  [24, 600], [23, 100], [22, 105], [21, 52], [20, 45], [19, 28], [18, 14], [17, 9], [16, 14],
  [15, 2], [14, 2], [13, 1], [12, 1], [11, 1], [10, 1], [9, 1], [8, 24],
]; // biome-ignore format: a table

/** Lines of a seeded generator (xorshift, 32 bits). */
function generator(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Networks and lengths, each once, in no order. Address space is given out in blocks, so that prefixes lie in clusters. */
export function prefixes(count = ROUTES) {
  const draw = generator(2463534242);
  const networks = new Uint32Array(count);
  const lengths = new Uint8Array(count);
  const seen = new Set();
  const blocks = Uint32Array.from(
    { length: 40_000 },
    () => ((1 + (draw() % 223)) * 0x1000000 + (draw() & 0xffffff)) >>> 0,
  );
  for (let i = 0; i < count; ) {
    let share = draw() % 1000;
    let length = 24;
    for (const [each, thousandths] of LENGTHS) {
      length = each;
      share -= thousandths;
      if (share < 0) break;
    }
    if (length === 8 && draw() % 100 !== 0) length = 24; // there are a few hundred /8 at most
    const block = blocks[draw() % blocks.length];
    const network = (((block & 0xffff0000) | (draw() & 0xffff)) & (0xffffffff << (32 - length))) >>> 0;
    const key = network * 64 + length;
    if (seen.has(key) || network >>> 24 === 0 || network >>> 24 === 127) continue;
    seen.add(key);
    networks[i] = network;
    lengths[i++] = length;
  }
  return { networks, lengths };
}

function fakeInterface() {
  const link = {
    name: 'eth0',
    mtu: 1500,
    up: true,
    checksumOffload: false,
    segmentOffload: 0,
    output: () => 0,
    register() {},
  };
  return new IpInterface(2, link, false);
}

function load({ networks, lengths }) {
  const table = new RoutingTable(1_000_000);
  const out = fakeInterface();
  for (let i = 0; i < networks.length; i++) {
    table.append(new Route(networks[i], lengths[i], 0, out, 0x0a000001 + (i & 63)));
  }
  return table;
}

const seconds = () => Number(process.hrtime.bigint()) / 1e9;
const held = () => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

/** Seconds. */
export function routesLoad() {
  const all = prefixes();
  load({ networks: all.networks.subarray(0, 20_000), lengths: all.lengths.subarray(0, 20_000) }); // warm
  globalThis.gc?.();
  const from = seconds();
  const table = load(all);
  const took = seconds() - from;
  if (table.size !== ROUTES) throw new Error(`${table.size} routes`);
  return took;
}

/** Bytes a route. */
export function routesBytes() {
  const all = prefixes();
  const before = held();
  const table = load(all);
  const bytes = (held() - before) / table.size;
  return table.lookup(1) === undefined ? 0 : bytes;
}

/** Lookups a second: of addresses anywhere in the table, or of `flows` that come back. */
export function routesLookup(kind, realSeconds) {
  const all = prefixes();
  const table = load(all);
  const draw = generator(88172645);
  const count = kind === 'flows' ? 4096 : 1 << 20;
  const wanted = Uint32Array.from({ length: count }, () => {
    const i = draw() % all.networks.length;
    const host = (draw() & ~(0xffffffff << (32 - all.lengths[i]))) >>> 0;
    return (all.networks[i] | host) >>> 0;
  });
  let found = 0;
  const pass = () => {
    for (let i = 0; i < count; i++) if (table.lookup(wanted[i]) !== null) found++;
  };
  pass();
  const from = seconds();
  let done = 0;
  do {
    pass();
    done += count;
  } while (seconds() - from < realSeconds);
  if (found !== done + count) throw new Error('an address without a route');
  return done / (seconds() - from);
}
