// The peer: the same work through node:net over the kernel's loopback, both ends in one process.
// Usage: node bench/peer-node-net.mjs FIGURE SECONDS -> prints one JSON object { value, ... }
import { createConnection, createServer } from 'node:net';

const [figure, secondsText = '1.5'] = process.argv.slice(2);
const seconds = Number(secondsText);
const clock = () => Number(process.hrtime.bigint()) / 1e9;

function listen(onConnection) {
  return new Promise((resolve) => {
    const server = createServer({ noDelay: true }, onConnection);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
const connect = (port) => createConnection({ port, host: '127.0.0.1', noDelay: true });

/** Megabytes (10^6) per second, application to application, after a warm-up of a third of the time. */
async function stream() {
  let received = 0;
  const server = await listen((socket) => socket.on('data', (chunk) => (received += chunk.length)));
  const socket = connect(server.address().port);
  const block = Buffer.alloc(64 << 10, 0x5a);
  let ended = false;
  const pump = () => {
    while (!ended && socket.write(block));
  };
  socket.on('drain', pump);
  socket.on('connect', pump);
  await after(seconds / 3);
  const from = clock();
  const before = received;
  await after(seconds);
  const value = (received - before) / (clock() - from) / 1e6;
  ended = true;
  return { value };
}

/** Round trips of 64 bytes per second. */
async function pingpong() {
  let trips = 0;
  const server = await listen((socket) => socket.on('data', (chunk) => socket.write(chunk)));
  const socket = connect(server.address().port);
  const message = Buffer.alloc(64, 1);
  socket.on('connect', () => socket.write(message));
  socket.on('data', () => {
    trips++;
    socket.write(message);
  });
  await after(seconds / 3);
  const from = clock();
  const before = trips;
  await after(seconds);
  return { value: (trips - before) / (clock() - from) };
}

/** Connections opened, accepted and closed by both sides, per second, one after the other. */
async function connections() {
  let count = 0;
  const server = await listen((socket) => {
    socket.on('end', () => socket.end());
    socket.resume();
  });
  let ended = false;
  const next = () => {
    if (ended) return;
    const socket = connect(server.address().port);
    socket.on('connect', () => socket.end());
    socket.resume();
    socket.on('close', () => {
      count++;
      next();
    });
  };
  next();
  await after(seconds / 3);
  const from = clock();
  const before = count;
  await after(seconds);
  ended = true;
  return { value: (count - before) / (clock() - from) };
}

/** Resident and heap bytes per idle connection, both ends. */
async function idle() {
  const count = 2000;
  const kept = [];
  let accepted = 0;
  let done;
  const all = new Promise((resolve) => (done = resolve));
  const server = await listen((socket) => {
    kept.push(socket);
    if (++accepted === count) done();
  });
  global.gc?.();
  const rss = process.memoryUsage.rss();
  const heap = process.memoryUsage().heapUsed;
  for (let i = 0; i < count; i++) {
    const socket = connect(server.address().port);
    kept.push(socket);
    await new Promise((resolve) => socket.once('connect', resolve));
  }
  await all;
  global.gc?.();
  const value = (process.memoryUsage().heapUsed - heap) / count;
  return { value, resident: (process.memoryUsage.rss() - rss) / count };
}

function after(s) {
  return new Promise((resolve) => setTimeout(resolve, s * 1000));
}

const figures = { stream, pingpong, connect: connections, idle };
const result = await figures[figure]();
console.log(JSON.stringify(result));
process.exit(0);
