import { beforeAll, describe, expect, it } from 'vitest';
import type { CaptureFile } from '../../stack/src/inspect/capture-file.ts';
import { readCapture } from '../../stack/src/inspect/capture-reader.ts';
import { Analysis } from '../../stack/src/inspect/conversations.ts';
import { dissect } from '../../stack/src/inspect/dissect.ts';
import {
  explainCapture,
  explainPacket,
  formatJourney,
  JourneyRecorder,
  type JourneyStep,
  Names,
} from '../../stack/src/inspect/explain.ts';
import { AF_INET, captureAtOrigin, Network, SOCK_DGRAM, SOCK_STREAM } from './index.ts';

let recorder: JourneyRecorder;
let file: CaptureFile;

/** A page is asked for through a switch and a router; then two datagrams, of which one expires on the way. */
beforeAll(async () => {
  const network = new Network();
  const alice = network.host('alice', { interfaces: { eth0: '10.0.1.10/24' }, gateway: '10.0.1.1' });
  network.router('r1', { interfaces: { eth0: '10.0.1.1/24', eth1: '10.0.2.1/24' } });
  const web = network.host('web', { interfaces: { eth0: '10.0.2.80/24' }, gateway: '10.0.2.1' });
  network.switch('sw1');
  network.link(['alice', 'sw1']);
  network.link(['sw1', 'r1:eth0']);
  network.link(['r1:eth1', 'web']);
  recorder = new JourneyRecorder(network.queue);
  const capture = captureAtOrigin(network);
  capture.next = recorder;
  network.trace = capture;
  await network.run(async () => {
    const server = web.sockets.socket(AF_INET, SOCK_STREAM);
    server.bind(['', 80]);
    server.listen();
    const serving = (async () => {
      const [connection] = await server.accept();
      await connection.recv(1000);
      await connection.send('HTTP/1.0 200 OK\r\n\r\nhello');
      connection.close();
      server.close();
    })();
    const client = alice.sockets.socket(AF_INET, SOCK_STREAM);
    await client.connect(['10.0.2.80', 80]);
    await client.send('GET / HTTP/1.0\r\n\r\n');
    await client.recv(1000);
    client.close();
    await serving;
    const datagrams = alice.sockets.socket(AF_INET, SOCK_DGRAM);
    await datagrams.sendto('hello', ['10.0.2.80', 9]);
    datagrams.setsockopt(0, 2, 1); // IPPROTO_IP, IP_TTL
    await datagrams.sendto('too far', ['10.0.2.80', 9]);
    datagrams.close();
  });
  await network.run({ for: '10s' });
  file = readCapture(capture.take());
});

/** The lines of a text, without what is at their beginning. */
function verbs(text: string, heading: string): string[] {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => line.startsWith(heading));
  return lines.slice(first + 1).map((line) => line.replace(/^.* -> \w+ +/, ''));
}

describe('a visit, told', () => {
  it('as a capture', () => {
    const text = explainCapture(file);
    expect(text).toMatch(/tcp 0: alice:\d+ -> web:80, 11 packets/);
    expect(text).toMatch(/alice opened it with a three-way handshake \(packets 3, 6, 7\) in [\d.]+us/);
    expect(text).toContain('alice sent 18 bytes, web 24 bytes');
    expect(text).toContain('both were acknowledged: closed');
    expect(text).toMatch(/alice -> web: dropped by web: nobody listens on this UDP port \(RFC 1122 4.1.3.1\)/);
    expect(text).toMatch(/alice -> web: dropped by r1: the time to live ran out \(RFC 791 3.2\)/);
    expect(text).toMatch(/r1 -> alice: Time-to-live exceeded/);
    expect(verbs(text, 'Packet by packet')).toEqual([
      'asks for a connection (SYN)',
      'accepts the connection (SYN, ACK)',
      'acknowledges: the connection is open',
      'sends 18 bytes, 1 to 18: GET / HTTP/1.0',
      'acknowledges, has got all up to 18',
      'sends 24 bytes, 1 to 24: HTTP/1.0 200 OK',
      'says that it sends no more (FIN), has got all up to 18',
      'acknowledges, has got all up to 24',
      'says that it sends no more (FIN), has got all up to 24',
      'acknowledges, has got all up to 24 and the FIN',
      'acknowledges, has got all up to 18 and the FIN',
    ]);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('packet by packet', () => {
    const analysis = new Analysis();
    const names = new Names(file.names);
    const told = file.packets.map((packet) => {
      const dissection = dissect(packet.bytes, packet.linkType);
      return explainPacket(dissection, analysis.add(dissection, packet), names);
    });
    const request = told.find((lines) => lines[0]!.includes('GET'))!;
    expect(request.map((line) => line.replace(/,.*|:.*/, ''))).toEqual([
      'Layer 7',
      'Layer 4',
      '  it carries bytes 1 to 18 of what alice sends.',
      '  ACK',
      '  window',
      '  PSH',
      'Layer 3',
      'Layer 2',
      'Layer 1',
    ]);
    expect(request[1]).toMatch(/the 4th of the connection alice:\d+ -> web:80/);
  });

  it('as the way of one packet', () => {
    const steps = journeyWith((text, layer) => layer === 7 && text.startsWith('GET'));
    expect([...new Set(steps.map((step) => step.node))]).toEqual(['alice', 'sw1', 'r1', 'web']);
    const layers = (node: string): string => {
      const all = steps.filter((step) => step.node === node && step.way !== 'stay').map((step) => step.layer);
      return all.filter((layer, i) => layer !== all[i - 1]).join('');
    };
    expect([layers('alice'), layers('sw1'), layers('r1'), layers('web')]).toEqual(['754321', '121', '12321', '123457']);
    const printed = formatJourney(steps);
    expect(Math.max(...printed.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    for (const unit of ['data', 'segment', 'packet', 'frame', 'bits']) expect(printed).toContain(` ${unit} `);
    expect(printed).toMatch(/passes it on to 10\.0\.2\.80 by route/);
  });

  it('to the place where a packet ended', () => {
    const steps = journeyWith((text) => text === 'dropped: the time to live ran out');
    expect(steps.at(-1)).toMatchObject({ node: 'r1', layer: 3, way: 'end', source: 'RFC 791 3.2' });
  });
});

/** The first journey with such a step. */
function journeyWith(wanted: (text: string, layer: number) => boolean): JourneyStep[] {
  for (const { id } of recorder.packets()) {
    const steps = recorder.journeyOf(id);
    if (steps.some((step) => wanted(step.text, step.layer))) return steps;
  }
  throw new Error('no such journey');
}
