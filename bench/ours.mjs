// Our side of each figure, application to application: the sockets' readiness surface on two hosts joined by one cable.
// Usage: node --expose-gc bench/ours.mjs FIGURE [MTU [VARIANT]] SECONDS -> prints one JSON object { value }
import { EventQueue } from '../packages/stack/dist/base/event-queue.js';
import { openSocket } from '../packages/stack/dist/l5-session/socket-kinds.js';
import { Network } from '../packages/stack/dist/network/network.js';
import { conntrackBytes, conntrackInsert, conntrackLookup, forward } from './firewall.mjs';
import { routesBytes, routesLoad, routesLookup } from './routes.mjs';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const PORT = 5001;

const [figure, ...rest] = process.argv.slice(2);
const seconds = Number(rest.pop());
const [argument, variant = ''] = rest;
const six = variant === 'ipv6';
const clock = () => Number(process.hrtime.bigint()) / 1e9;

/**
 * Two hosts, one cable of 10 Gbit/s and 5 us, at this MTU; every checksum is computed, on both sides. Variants:
 * `coalesced`: frames wait for others in the NICs for 20 us, as in real ones of this speed.
 * `unlimited`: the cable has no rate, as the peer's loopback has none: what is sent at one time arrives at one time.
 * `offload`: the hosts leave checksums to their NICs, as they do over loopback; nobody looks at this cable, which
 * damages nothing, so that they are never computed.
 * `ipv6`: over IPv6.
 */
function twoHosts(mtu = 1500) {
  const network = new Network({ seed: 1 });
  const [one, other] = six ? ['2001:db8::1/64', '2001:db8::2/64'] : ['10.0.0.1/24', '10.0.0.2/24'];
  const a = network.host('a', { interfaces: { eth0: { address: one, mtu } } });
  const b = network.host('b', { interfaces: { eth0: { address: other, mtu } } });
  network.link(['a:eth0', 'b:eth0'], { rate: variant === 'unlimited' ? 'unlimited' : '10Gbit', delay: '5us' });
  for (const host of [a, b]) {
    const nic = host.nics.get('eth0');
    nic.checksumOffload = variant === 'offload';
    nic.trustChecksums = variant === 'offload';
    nic.coalesceNs = variant === 'coalesced' ? 20_000 : 0;
  }
  return { network, a, b, server: b.addresses()[0].address };
}

const open = (host) => openSocket(host, six ? AF_INET6 : AF_INET, SOCK_STREAM, 0, true);

function listen(host, accepted) {
  const listener = open(host);
  listener.bind(null, PORT);
  listener.listen(1024);
  listener.onReady = {
    socketReady() {
      for (;;) {
        const connection = listener.accept();
        if (typeof connection === 'number') return;
        accepted(connection);
        // What came with the handshake's last segment is there already: nobody will tell of it again.
        connection.onReady?.socketReady(connection.readiness);
      }
    },
  };
}

/** Runs events for this long in real time. */
function runFor(network, realSeconds) {
  const { queue } = network;
  const until = clock() + realSeconds;
  do {
    for (let i = 0; i < 2000; i++) if (!queue.runNext()) throw new Error('the network stands still');
  } while (clock() < until);
}

function measure(network, count) {
  runFor(network, seconds / 3);
  const from = clock();
  const before = count();
  runFor(network, seconds);
  return (count() - before) / (clock() - from);
}

/** Megabytes (10^6) per second. */
function stream() {
  const { network, a, b, server } = twoHosts(Number(argument));
  const received = new Float64Array(1); // a variable would be a new object whenever it changes
  const size = 64 << 10;
  const into = new Uint8Array(size);
  listen(b, (connection) => {
    connection.onReady = {
      socketReady() {
        for (;;) {
          const n = connection.receive(into, 0, size);
          if (n > 0) received[0] += n;
          if (n < size) return; // less than asked for: there is no more, as in libuv
        }
      },
    };
  });
  const block = new Uint8Array(64 << 10).fill(0x5a);
  const client = open(a);
  client.onReady = {
    socketReady() {
      while (client.send(block, 0, block.length) > 0);
    },
  };
  client.connect(server, PORT);
  const value = measure(network, () => received[0]) / 1e6;
  return { value, retransmits: a.tcp.counters.retransSegs };
}

/** Round trips of 64 bytes per second. */
function pingpong() {
  const { network, a, b, server } = twoHosts();
  let trips = 0;
  const echoInto = new Uint8Array(64);
  listen(b, (connection) => {
    connection.setOption(6, 1, 1); // IPPROTO_TCP, TCP_NODELAY
    connection.onReady = {
      socketReady() {
        const n = connection.receive(echoInto, 0, 64);
        if (n > 0) connection.send(echoInto, 0, n);
      },
    };
  });
  const message = new Uint8Array(64).fill(1);
  const into = new Uint8Array(64);
  const client = open(a);
  client.setOption(6, 1, 1);
  let begun = false;
  client.onReady = {
    socketReady() {
      if (!begun) {
        begun = true;
        client.send(message, 0, 64);
        return;
      }
      const n = client.receive(into, 0, 64);
      if (n > 0) {
        trips++;
        client.send(message, 0, 64);
      }
    },
  };
  client.connect(server, PORT);
  return { value: measure(network, () => trips) };
}

/**
 * Connections opened, accepted and closed by both sides, per second of real time, one after the other. In network time
 * there are 5 ms between them: TIME-WAIT holds a port for a minute, and there are 16,384 to choose from.
 */
function connect() {
  const { network, a, b, server } = twoHosts();
  let count = 0;
  const into = new Uint8Array(64);
  listen(b, (connection) => {
    connection.onReady = {
      socketReady() {
        if (connection.receive(into, 0, 64) === 0) connection.close();
      },
    };
  });
  const next = () => {
    const client = open(a);
    let connected = false;
    client.onReady = {
      socketReady() {
        if (!connected) {
          connected = true;
          client.shutdown(1); // SHUT_WR
        } else if (client.receive(into, 0, 64) === 0) {
          client.close();
          count++;
          network.queue.at(network.now + 5e6, { run: next }, 0);
        }
      },
    };
    const result = client.connect(server, PORT);
    if (result !== -115) throw new Error(`connect: ${result}`);
  };
  next();
  return { value: measure(network, () => count) };
}

/** Heap bytes, typed arrays' storage included, per idle connection, both ends. */
function idle() {
  const count = 5000;
  const { network, a, b, server } = twoHosts();
  const kept = [];
  listen(b, (connection) => kept.push(connection));
  const run = (n) => {
    for (let i = 0; i < n; i++) {
      const client = open(a);
      kept.push(client);
      client.connect(server, PORT);
      network.runSync({ for: 0.001 });
    }
  };
  run(100);
  network.runSync({ for: 10 });
  const before = bytesInUse();
  run(count);
  network.runSync({ for: 10 });
  const value = (bytesInUse() - before) / count;
  if (kept.length !== 2 * (count + 100)) throw new Error(`${kept.length} sockets are open`);
  return { value };
}

function bytesInUse() {
  global.gc();
  global.gc();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + Math.max(external, arrayBuffers);
}

/** Events per second: each event asks for the next at a random distance, with 1,000 of them pending. */
function queue() {
  const events = new EventQueue();
  let state = 1;
  const task = {
    run(tag) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      events.at(events.now + (state >>> 12), task, tag);
    },
  };
  for (let i = 0; i < 1000; i++) events.at(i, task, i);
  const network = { queue: events };
  return { value: measure(network, () => events.processed) };
}

/** Seconds that 1,000 hosts, which do nothing, take for an hour of their time. */
function idleHour() {
  const network = new Network({ seed: 1 });
  for (let i = 0; i < 1000; i++) {
    network.host(`h${i}`, { interfaces: { eth0: `10.0.${1 + Math.floor(i / 250)}.${1 + (i % 250)}/16` } });
    if (i % 40 === 0) network.switch(`s${i / 40}`);
    network.link([`h${i}`, `s${Math.floor(i / 40)}`]);
  }
  const from = clock();
  network.runSync({ for: 3600 });
  return { value: clock() - from };
}

const figures = {
  stream,
  pingpong,
  connect,
  idle,
  queue,
  idleHour,
  conntrackBytes: () => ({ value: conntrackBytes() }),
  conntrackInsert: () => ({ value: conntrackInsert() }),
  conntrackLookup: () => ({ value: conntrackLookup() }),
  forward: () => ({ value: forward(Number(argument)) }),
  routesLoad: () => ({ value: routesLoad() }),
  routesBytes: () => ({ value: routesBytes() }),
  routesLookup: () => ({ value: routesLookup(argument, seconds) }),
};
console.log(JSON.stringify(figures[figure]()));
