// As much of iperf3's protocol as `iperf3 -c` needs: one test at a time, TCP or UDP, any number of streams, both
// directions. On the control connection the states are single bytes, and the rest is JSON behind its length.
//
//     client                                server
//       | -- cookie (36 letters, NUL) -------> |
//       | <------------- PARAM_EXCHANGE ------ |
//       | -- JSON: what is asked for --------> |
//       | <------------- CREATE_STREAMS ------ |
//       | == a connection a stream, each begins with the cookie ==> |
//       | <------- TEST_START, TEST_RUNNING -- |
//       | ======= bytes, for a while ========> |   <== with -R
//       | -- TEST_END -----------------------> |
//       | <----------- EXCHANGE_RESULTS ------ |
//       | -- JSON --> <-- JSON --------------- |
//       | <------------ DISPLAY_RESULTS ------ |
//       | -- IPERF_DONE ---------------------> |

import { AF_INET, SOCK_DGRAM } from '@netarium/node';

const State = {
  TestStart: 1,
  TestRunning: 2,
  TestEnd: 4,
  ParamExchange: 9,
  CreateStreams: 10,
  ExchangeResults: 13,
  DisplayResults: 14,
  IperfDone: 16,
};

const COOKIE = 37;
/** What a server answers to the first datagram of a stream (iperf 3.x, little-endian). */
const UDP_CONNECT_REPLY = Uint8Array.of(0x36, 0x37, 0x38, 0x39);
/** Seconds, microseconds, number: in front of each datagram. */
const DATAGRAM_NUMBER = 8;

/** Reads exactly `count` bytes, or null at the end. */
async function take(connection, count) {
  const whole = Buffer.alloc(count);
  for (let at = 0; at < count; ) {
    const data = await connection.recv(count - at);
    if (data.length === 0) return null;
    whole.set(data, at);
    at += data.length;
  }
  return whole;
}

async function takeJson(connection) {
  const length = (await take(connection, 4)).readUInt32BE(0);
  return JSON.parse((await take(connection, length)).toString());
}

async function sendJson(connection, value) {
  const text = Buffer.from(JSON.stringify(value));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  await connection.sendall(Buffer.concat([length, text]));
}

const tell = (control, state) => control.sendall(Uint8Array.of(state));

class Stream {
  bytes = 0;
  packets = 0;
  highest = 0;

  constructor(connection, sends) {
    this.connection = connection;
    this.sends = sends;
  }

  async runTcp(size) {
    try {
      if (this.sends) {
        const block = Buffer.alloc(size, 0x61);
        for (;;) {
          await this.connection.sendall(block);
          this.bytes += size;
        }
      }
      for (;;) {
        const data = await this.connection.recv(1 << 20);
        if (data.length === 0) return;
        this.bytes += data.length;
      }
    } catch {
      // Closed by the other side, or by us: the test is over.
    }
  }

  async runUdp() {
    try {
      for (;;) {
        const data = await this.connection.recv(0xffff);
        if (data.length < DATAGRAM_NUMBER + 4) continue;
        this.bytes += data.length;
        this.packets++;
        const number = Buffer.from(data.buffer, data.byteOffset).readUInt32BE(DATAGRAM_NUMBER);
        this.highest = Math.max(this.highest, number);
      }
    } catch {
      // Closed.
    }
  }
}

class Test {
  streams = [];

  constructor(process, listener, control, port) {
    this.process = process;
    this.listener = listener;
    this.control = control;
    this.port = port;
  }

  async run() {
    const { control } = this;
    const cookie = await take(control, COOKIE);
    if (cookie === null) return;
    await tell(control, State.ParamExchange);
    const asked = await takeJson(control);
    const waiting = asked.udp ? this.udpSocket() : null;
    await tell(control, State.CreateStreams);
    const count = (asked.parallel ?? 1) * (asked.bidirectional ? 2 : 1);
    for (let i = 0; i < count; i++) {
      const sends = asked.bidirectional ? i >= count / 2 : asked.reverse === true;
      this.streams.push(new Stream(asked.udp ? await this.udpStream(waiting) : await this.tcpStream(), sends));
    }
    await tell(control, State.TestStart);
    await tell(control, State.TestRunning);
    const { clock } = this.process.host.node;
    const began = clock.now;
    for (const stream of this.streams) void (asked.udp ? stream.runUdp() : stream.runTcp(asked.len ?? 128 << 10));
    for (let state = 0; state !== State.TestEnd; ) {
      const byte = await take(control, 1);
      if (byte === null) return;
      state = byte[0];
    }
    const seconds = (clock.now - began) / 1e9;
    await tell(control, State.ExchangeResults);
    await takeJson(control);
    await sendJson(control, this.results(seconds));
    await tell(control, State.DisplayResults);
    await take(control, 1);
    const bytes = this.streams.reduce((sum, each) => sum + each.bytes, 0);
    this.process.print(`${bytes} bytes in ${seconds.toFixed(2)} s\n`);
  }

  /** `id` as iperf3 numbers its streams: 1, 3, 4, 5, ... */
  results(seconds) {
    const streams = this.streams.map(({ bytes, packets, highest }, i) => ({
      id: i === 0 ? 1 : i + 2,
      bytes,
      retransmits: -1,
      jitter: 0,
      errors: Math.max(0, highest - packets),
      omitted_errors: 0,
      packets: Math.max(highest, packets),
      omitted_packets: 0,
      start_time: 0,
      end_time: seconds,
    }));
    return { cpu_util_total: 0, cpu_util_user: 0, cpu_util_system: 0, sender_has_retransmits: 0, streams };
  }

  async tcpStream() {
    const [connection] = await this.listener.accept();
    await take(connection, COOKIE);
    return connection;
  }

  udpSocket() {
    const socket = this.process.sockets.socket(AF_INET, SOCK_DGRAM);
    socket.bind(['', this.port]);
    return socket;
  }

  /** The first datagram of a stream tells where it comes from. One stream: the port is its own afterwards. */
  async udpStream(socket) {
    const [, peer] = await socket.recvfrom(0xffff);
    await socket.connect(peer);
    await socket.send(UDP_CONNECT_REPLY);
    return socket;
  }

  close() {
    for (const { connection } of this.streams) connection.close();
    this.control.close();
  }
}

export default {
  name: 'iperf3',
  summary: '',
  usage: 'usage: iperf3 PORT',
  async main(process) {
    const port = Number(process.args[0]);
    const listener = process.sockets.create_server(['', port], { backlog: 128 });
    process.print('ready\n');
    for (;;) {
      const [control] = await listener.accept();
      const test = new Test(process, listener, control, port);
      try {
        await test.run();
      } catch (error) {
        process.print(`iperf3: ${error.message}\n`);
      } finally {
        test.close();
      }
    }
  },
};
