import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { numberedFrame } from '@netarium/stack/testing/recording-device';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { withLength } from './length-prefix.ts';
import { MessagePortLink } from './message-port-link.ts';
import { StreamLink } from './stream-link.ts';
import { dropsOf, until, type WireBench } from './testing/wire-bench.ts';
import { WireEnds } from './testing/wire-ends.ts';
import { WebSocketLink } from './websocket-link.ts';

let ends: WireEnds;
let here: WireBench;

beforeEach(() => {
  ends = new WireEnds();
  ({ here } = ends);
});
afterEach(() => ends.close());

describe('a stream', () => {
  it('takes over a socket that somebody who was killed left behind, and none at which somebody listens', async () => {
    const path = join(ends.folder, 'net.sock');
    const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    expect(spawnSync(process.execPath, ['-e', program]).signal).toBe('SIGKILL');
    ends.keep(await StreamLink.listen(here, { at: { path } }));
    await expect(StreamLink.listen(here, { at: { path } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const file = join(ends.folder, 'notes.txt');
    writeFileSync(file, 'mine');
    await expect(StreamLink.listen(here, { at: { path: file } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  it('turns a second peer away, and takes the next when the first has left', async () => {
    const { a, b, right } = await ends.pair('stream over TCP');
    const second = connect((b as StreamLink).port, '127.0.0.1');
    await new Promise((resolve) => second.on('close', resolve));
    expect(b.up).toBe(true);
    a.close();
    await until(() => !b.up, 'the link to be down');
    const third = ends.keep(await StreamLink.connect(here, { at: { port: (b as StreamLink).port } }));
    await until(() => b.up, 'the link to be up');
    here.device(third);
    third.transmit(numberedFrame(here.pool, 3));
    await until(() => right.arrivals.length === 1, 'a frame');
    expect(right.changes).toEqual([true, false, true]);
  });

  it('ends when a length is impossible', async () => {
    const server = ends.keep(await StreamLink.listen(here, { at: { port: 0 } }));
    const device = here.device(server);
    const peer = connect(server.port, '127.0.0.1');
    peer.write(
      Buffer.concat([withLength(new Uint8Array(60).fill(1), 0, 60), Buffer.from([0xff, 0xff, 0xff, 0xff, 1])]),
    );
    await new Promise((resolve) => peer.on('close', resolve));
    await until(() => !server.up, 'the link to be down');
    expect(device.numbers).toEqual([1]);
    expect(dropsOf(server)).toEqual({ LINK_TOO_LONG: 1 });
  });

  it('survives a peer that sends anything', async () => {
    const server = ends.keep(await StreamLink.listen(here, { at: { port: 0 } }));
    here.device(server);
    let state = 7;
    for (let round = 0; round < 20; round++) {
      const peer = connect(server.port, '127.0.0.1');
      peer.on('error', () => {});
      const noise = Buffer.alloc(5000);
      for (let i = 0; i < noise.length; i++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        noise[i] = state >>> 24;
      }
      noise[0] = 0;
      noise[1] = 0;
      peer.end(noise);
      await new Promise((resolve) => peer.on('close', resolve));
    }
    await until(() => !server.up, 'the last to have left');
  });

  it('rejects when nobody listens', async () => {
    await expect(StreamLink.connect(here, { at: { path: join(ends.folder, 'none') } })).rejects.toMatchObject({
      code: 'ENOENT',
    });
    const path = join(ends.folder, 'taken');
    ends.keep(await StreamLink.listen(here, { at: { path } }));
    await expect(StreamLink.listen(here, { at: { path } })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('a WebSocket', () => {
  const open = (port: number, origin?: string) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`, origin === undefined ? {} : { origin });
      socket.on('open', () => resolve('open'));
      socket.on('error', (error) => resolve(error.message));
      socket.on('close', () => {});
      ends.keep({ close: () => socket.terminate() });
    });

  it('takes pages of this machine and no others, unless told', async () => {
    const own = ends.keep(await WebSocketLink.listen(here, { port: 0 }));
    expect(await open(own.port, 'https://evil.example')).toMatch(/401/);
    expect(await open(own.port, 'null')).toMatch(/401/);
    expect(await open(own.port, 'http://localhost:8080')).toBe('open');
    const told = ends.keep(await WebSocketLink.listen(here, { port: 0, origins: ['https://copy.sh'] }));
    expect(await open(told.port, 'http://localhost:8080')).toMatch(/401/);
    expect(await open(told.port, 'https://copy.sh')).toBe('open');
    const all = ends.keep(await WebSocketLink.listen(here, { port: 0, origins: ['*'] }));
    expect(await open(all.port, 'https://evil.example')).toBe('open');
  });

  it('counts text, closes on a message that is too long, and takes the next peer', async () => {
    const server = ends.keep(await WebSocketLink.listen(here, { port: 0, limits: { frameBytes: 1514 } }));
    const device = here.device(server);
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
    await new Promise((resolve) => socket.on('open', resolve));
    socket.send('hello');
    socket.send(Buffer.alloc(0));
    socket.send(Buffer.alloc(1514, 9));
    await until(() => device.arrivals.length === 1, 'the frame');
    expect(dropsOf(server)).toEqual({ FRAME_UNKNOWN_TYPE: 1, FRAME_TOO_SHORT: 1 });
    socket.send(Buffer.alloc(1515));
    await new Promise((resolve) => socket.on('close', resolve));
    await until(() => !server.up, 'the link to be down');
    expect(await open(server.port)).toBe('open');
    await until(() => server.up, 'the link to be up');
  });
});

describe('a message port', () => {
  it('counts what is neither frames nor a count', async () => {
    const { port1, port2 } = new MessageChannel();
    const link = ends.keep(new MessagePortLink(here, { port: port1 }));
    const device = here.device(link);
    for (const message of ['x', -1, 1, 0.5, null, {}, [1], Number.NaN]) port2.postMessage(message);
    port2.postMessage(Uint8Array.of(0, 0, 0, 200, 1).buffer); // a frame that is not whole
    port2.postMessage(Uint8Array.of(255, 0, 0, 0, 1).buffer);
    port2.postMessage(new Uint8Array(withLength(new Uint8Array(14).fill(4), 0, 14)).buffer);
    await until(() => device.arrivals.length === 1, 'the frame');
    expect(device.numbers).toEqual([4]);
    expect(dropsOf(link)).toEqual({ FRAME_UNKNOWN_TYPE: 8, LINK_TOO_LONG: 1 });
  });

  it('goes down when the other side closes', async () => {
    const { a, b, right } = await ends.pair('message port');
    a.close();
    await until(() => !b.up, 'the link to be down');
    expect(right.changes).toEqual([true, false]);
  });
});
