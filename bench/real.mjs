// npm run bench -- --real [--json] [--only NAME[,NAME]] [--seconds S] [--runs N]
//
// A netarium host on a TAP against programs of the kernel, beside peers that do the same in the same run: the kernel
// itself over its veth pair, slirp4netns, and passt. `in` is from the kernel to netarium, `out` the other way. Needs
// Linux, root, python3, nsenter; without them it says so and ends. What else is missing is a null with a reason.
import { parseArgs } from 'node:util';
import { dnsmasq, dnsperf, ourDns } from './real/dns.mjs';
import { CONGESTION, endEverything, namespacesMissing } from './real/namespaces.mjs';
import { CLIENT } from './real/programs.mjs';
import { netarium, passt, slirp4netns, veth, vethHttp } from './real/sides.mjs';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    real: { type: 'boolean', default: true },
    only: { type: 'string' },
    seconds: { type: 'string', default: '2' },
    runs: { type: 'string', default: '3' },
  },
});
const SECONDS = Number(options.seconds);
const RUNS = Number(options.runs);

const PEERS = {
  veth: { name: 'the kernel over veth', open: veth },
  node: { name: 'node:http over veth', open: vethHttp, missing: process.env.NETARIUM_WITHOUT_WRK },
  slirp: { name: 'slirp4netns', open: slirp4netns, missing: process.env.NETARIUM_WITHOUT_SLIRP4NETNS },
  passt: { name: 'passt (pasta)', open: passt, missing: process.env.NETARIUM_WITHOUT_PASST },
  dnsmasq: {
    name: 'dnsmasq over veth',
    open: dnsmasq,
    missing: process.env.NETARIUM_WITHOUT_DNSPERF ?? process.env.NETARIUM_WITHOUT_DNSMASQ,
  },
};

// peers: name in PEERS, and what the ratio should be at least.
const plain = { veth: null, slirp: 1.5, passt: 1.5 };
const offloaded = { veth: 0.5, slirp: 5, passt: 5 };
const large = { veth: null, slirp: null, passt: null };
const FIGURES = [
  { name: 'tap-in-1500-offload', unit: 'MB/s', way: 'in', mtu: 1500, offload: true, peers: offloaded },
  { name: 'tap-out-1500-offload', unit: 'MB/s', way: 'out', mtu: 1500, offload: true, peers: offloaded },
  { name: 'tap-in-1500', unit: 'MB/s', way: 'in', mtu: 1500, offload: false, peers: plain },
  { name: 'tap-out-1500', unit: 'MB/s', way: 'out', mtu: 1500, offload: false, peers: plain },
  { name: 'tap-in-65520-offload', unit: 'MB/s', way: 'in', mtu: 65_520, offload: true, peers: { ...large, veth: 0.5 } },
  {
    name: 'tap-out-65520-offload',
    unit: 'MB/s',
    way: 'out',
    mtu: 65_520,
    offload: true,
    peers: { ...large, veth: 0.5 },
  },
  { name: 'tap-in-65520', unit: 'MB/s', way: 'in', mtu: 65_520, offload: false, peers: large },
  { name: 'tap-out-65520', unit: 'MB/s', way: 'out', mtu: 65_520, offload: false, peers: large },
  { name: 'tap-http', unit: 'requests/s', way: 'http', mtu: 1500, offload: true, peers: { node: 0.5 } },
  { name: 'tap-dns', unit: 'answers/s', way: 'dns', mtu: 1500, offload: true, peers: { dnsmasq: 0.5 } },
  { name: 'tap-pingpong-64', unit: 'round trips/s', way: 'pingpong', mtu: 1500, offload: true, peers: { veth: null } },
  { name: 'tap-frames-1472', unit: 'frames/s', way: 'frames', mtu: 1500, offload: true, peers: { veth: null } },
];

/** What asks our side, where that is no Python. */
const MISSING = { http: process.env.NETARIUM_WITHOUT_WRK, dns: process.env.NETARIUM_WITHOUT_DNSPERF };

const missing = namespacesMissing();
if (missing !== undefined) {
  console.error(`bench --real: ${missing}`);
  process.exit(0);
}
const wanted = options.only?.split(',');
const figures = FIGURES.filter(({ name }) => wanted === undefined || wanted.includes(name));

/** Of each measurement the values, in MB/s and so on; a string is why there is none. */
const results = new Map();
for (let run = 0; run < RUNS; run++) {
  // A peer's figure serves all figures with this way and MTU; what is compared is measured close together.
  const measured = new Set();
  for (const figure of figures) {
    for (const peer of Object.keys(figure.peers)) {
      const key = keyOf(peer, figure);
      if (measured.has(key)) continue;
      measured.add(key);
      await measure(key, PEERS[peer].open, figure, PEERS[peer].missing);
    }
    await measure(figure.name, figure.way === 'dns' ? ourDns : netarium, figure, MISSING[figure.way]);
  }
}
for (const figure of figures) for (const peer of Object.keys(figure.peers)) print(lineOf(figure, peer));
endEverything();
process.exit(0);

function keyOf(peer, { way, mtu }) {
  return `${peer} ${way} ${mtu}`;
}

async function measure(key, open, figure, missing) {
  if (missing !== undefined) {
    results.set(key, missing);
    return;
  }
  const values = results.get(key) ?? [];
  if (typeof values === 'string') return;
  try {
    values.push(await figureOf(open, figure));
    results.set(key, values);
  } catch (error) {
    results.set(key, /Error: .*/.exec(error.message)?.[0] ?? String(error.message).trim().slice(0, 200));
  }
}

async function figureOf(open, { way, mtu, offload }) {
  const side = await open({ mtu, offload });
  const { there, address } = side;
  const longest = SECONDS * 2 + 10;
  const wrk = (seconds) =>
    there.output('wrk', ['-t1', '-c50', `-d${Math.ceil(seconds)}`, `http://${address}/index.html`], longest);
  if (way === 'dns') {
    await dnsperf(there, address, 1);
    const value = await dnsperf(there, address, SECONDS);
    await side.close();
    return value;
  }
  if (way === 'http') await wrk(1); // both servers are compiled while they run
  const output =
    way === 'http'
      ? await wrk(SECONDS)
      : await there.output('python3', ['-c', CLIENT, way, address, `${SECONDS}`], longest);
  const { frames } = await side.close();
  const value = way === 'http' ? requestsPerSecond(output) : Number.parseFloat(output);
  // Datagrams are counted where they arrive.
  if (way === 'frames') return frames / SECONDS;
  if (!(value > 0)) throw new Error(`no figure came within ${longest} s`);
  return value;
}

function requestsPerSecond(output) {
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(output);
  return Number(/Requests\/sec:\s*([\d.]+)/.exec(output)?.[1]);
}

function lineOf(figure, peer) {
  const ours = results.get(figure.name);
  const theirs = results.get(keyOf(peer, figure));
  const value = typeof ours === 'string' ? null : median(ours);
  const peerValue = typeof theirs === 'string' ? null : median(theirs);
  const line = {
    name: figure.name,
    value: rounded(value),
    unit: figure.unit,
    peer: peerValue === null ? null : PEERS[peer].name,
    peerValue: rounded(peerValue),
    ratio: value === null || peerValue === null ? null : rounded(value / peerValue),
    mark: figure.peers[peer],
    congestion: CONGESTION,
  };
  if (value === null) line.reason = ours;
  else if (peerValue === null) line.reason = `${PEERS[peer].name}: ${theirs}`;
  return line;
}

function print(line) {
  if (options.json) {
    console.log(JSON.stringify(line));
    return;
  }
  const figure = `${line.name.padEnd(22)} ${String(line.value).padStart(9)} ${line.unit.padEnd(13)}`;
  if (line.ratio === null) {
    console.log(`${figure} ${line.reason}`);
    return;
  }
  const verdict =
    line.mark === null ? '' : line.ratio >= line.mark ? ` (mark: ${line.mark})` : ` (MISSES ${line.mark})`;
  console.log(`${figure} ${String(line.ratio).padStart(6)} x ${line.peer}, ${line.peerValue}, ${CONGESTION}${verdict}`);
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}

function rounded(number) {
  return number === null ? null : Number(number.toPrecision(4));
}
