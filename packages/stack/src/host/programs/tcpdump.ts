import { NetError } from '../../base/errors.ts';
import { completeChecksum } from '../../base/offload.ts';
import { Checksum, type PacketBuffer } from '../../base/packet-buffer.ts';
import { withoutTap, withTap } from '../../base/tap-list.ts';
import { Direction, type FrameTap } from '../../base/trace.ts';
import { Capture } from '../../inspect/capture.ts';
import { readCapture } from '../../inspect/capture-reader.ts';
import { type CaptureFilter, compileFilter, formatFilterError, isMistaken } from '../../inspect/filter.ts';
import { LinkType } from '../../inspect/link-types.ts';
import { Nic } from '../../l2-link/nic.ts';
import type { Loopback } from '../../l3-network/loopback.ts';
import { resolvePath } from '../files.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { Alarm } from './alarm.ts';
import { type Options, parseOptions } from './options.ts';
import { hexDump } from './tcpdump/hex-dump.ts';
import { PacketPrinter, secondsText, timeOfDay } from './tcpdump/packet-printer.ts';
import { plural } from './tcpdump/printing.ts';

const SNAPSHOT_LENGTH = 262_144;
const ETHERNET_HEADER = 14;
/** What an interface that is captured on has: a NIC, or `lo`. */
type Tapped = { readonly name: string; tap: FrameTap | null };

export const tcpdump: Program = {
  name: 'tcpdump',
  summary: 'show the packets on an interface',
  usage: `usage: tcpdump [-enpSvxX] [-c COUNT] [-i INTERFACE] [-Q in|out] [-r FILE] [-s LENGTH] [-t] [-w FILE] [EXPRESSION]
  -c  end after COUNT packets
  -D  list the interfaces
  -e  the link header too
  -i  the interface: a name, lo or any (the first one)
  -n  numbers, no names
  -p  do not listen to frames for other stations
  -Q  only what comes in, or goes out
  -r  read packets from a capture file instead
  -s  bytes kept of each packet, with -w
  -S  absolute sequence numbers
  -t  no time; -tt: seconds since the beginning
  -v  more of each header; -vv: more still
  -w  write a capture file (pcapng); - is stdout
  -x  the packet in hexadecimal (-xx: with its link header); -X: and as text
EXPRESSION is a filter: 'tcp port 80 and host 10.0.1.10', 'icmp or arp', 'tcp[tcpflags] & tcp-syn != 0'`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'DelnpqStUvxX#', values: 'ciQrsw' });
    if (options.has('D')) return listInterfaces(process);
    const text = options.words.join(' ');
    const filter = compileFilter(text, {
      names: { host: (name) => process.host.names.lookup(name) },
    });
    if (isMistaken(filter)) {
      const shown = formatFilterError(text, filter).replace(/\n/g, '\n         ');
      process.complain(`tcpdump: can't parse filter expression:\n         ${shown}\n`);
      return 1;
    }
    const run = new Tcpdump(process, options, filter);
    return options.has('r') ? run.read(options.text('r')!) : run.listen();
  },
};

function listInterfaces(process: Process): number {
  const names = [...process.host.nics.keys()];
  names.forEach((name, i) => {
    const nic = process.host.nics.get(name)!;
    process.print(`${i + 1}.${name} [${nic.up ? 'Up' : 'Down'}${nic.running ? ', Running' : ''}]\n`);
  });
  process.print(`${names.length + 1}.any (Pseudo-device that captures on all interfaces) [Up, Running]\n`);
  process.print(`${names.length + 2}.lo [Up, Running, Loopback]\n`);
  return 0;
}

class Tcpdump {
  private readonly process: Process;
  private readonly options: Options;
  private readonly filter: CaptureFilter;
  private readonly printer: PacketPrinter;
  private readonly alarm: Alarm;
  private readonly wanted: number;
  private readonly direction: Direction | null;
  private captured = 0;
  private received = 0;

  constructor(process: Process, options: Options, filter: CaptureFilter) {
    this.process = process;
    this.options = options;
    this.filter = filter;
    this.alarm = new Alarm(process);
    this.wanted = options.integer('c', Infinity, 1, 2 ** 31 - 1);
    const direction = options.text('Q') ?? 'inout';
    if (!['in', 'out', 'inout'].includes(direction)) throw new UsageError(`invalid -Q direction: ${direction}`);
    this.direction = direction === 'in' ? Direction.In : direction === 'out' ? Direction.Out : null;
    this.printer = new PacketPrinter({
      numeric: options.has('n'),
      link: options.has('e'),
      verbose: options.count('v'),
      absolute: options.has('S'),
      names: process.host.names,
    });
  }

  async listen(): Promise<number> {
    const { process, options } = this;
    const name = options.text('i') ?? process.host.nics.keys().next().value ?? 'lo';
    const tapped = this.interfaces(name);
    if (tapped === null) {
      const known = [...process.host.nics.keys(), 'lo', 'any'].join(', ');
      process.complain(`tcpdump: ${name}: No such device exists (there are ${known})\n`);
      return 1;
    }
    if (!options.has('w') && options.count('v') === 0) {
      process.complain('tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n');
    }
    const prefix = options.has('w') || options.count('v') > 0 ? 'tcpdump: ' : '';
    process.complain(
      `${prefix}listening on ${name}, link-type EN10MB (Ethernet), snapshot length ${SNAPSHOT_LENGTH} bytes\n`,
    );
    const file = options.has('w') ? new CaptureFileOut(process, options, this.filter.text) : null;
    const observers = tapped.map((each) => {
      const out = file === null ? null : file.tap(each.name);
      return new Observer(this, name === 'any' ? each.name : null, out);
    });
    const promiscuous = options.has('p') ? [] : tapped.filter((each) => each instanceof Nic);
    tapped.forEach((each, i) => {
      each.tap = withTap(each.tap, observers[i]!);
    });
    for (const nic of promiscuous) listenToAll(nic, 1);
    try {
      while (this.captured < this.wanted && process.signalled === null) await this.alarm.wait(Infinity);
    } finally {
      for (const nic of promiscuous) listenToAll(nic, -1);
      tapped.forEach((each, i) => {
        each.tap = withoutTap(each.tap, observers[i]!);
      });
    }
    if (file !== null) await file.end(process);
    process.complain(
      `${plural(this.captured, 'packet')} captured\n${plural(this.received, 'packet')} received by filter\n` +
        '0 packets dropped by kernel\n',
    );
    return 0;
  }

  /** Packets of a capture file, which begin with Ethernet's header. */
  async read(name: string): Promise<number> {
    const { process } = this;
    let bytes: Uint8Array;
    try {
      bytes = await process.host.files.read(resolvePath('/', name));
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      process.complain(`tcpdump: ${name}: ${error.text}\n`);
      return 1;
    }
    const file = readCapture(bytes);
    if (file.format === 'unknown') {
      process.complain(`tcpdump: ${name}: ${file.problems[0] ?? 'unknown file format'}\n`);
      return 1;
    }
    process.complain(`reading from file ${name}, link-type EN10MB (Ethernet)\n`);
    for (const packet of file.packets) {
      if (packet.linkType !== LinkType.Ethernet) {
        process.complain(`tcpdump: packet ${packet.number} does not begin with an Ethernet header\n`);
        return 1;
      }
      const isFor = this.direction === null || packet.direction === this.direction;
      if (!isFor || !this.filter.matches(packet.bytes, packet.bytes.length, packet.originalLength)) continue;
      this.print(packet.bytes, packet.originalLength, packet.seconds * 1e9 + packet.nanoseconds, '');
      if (++this.captured >= this.wanted) break;
    }
    return 0;
  }

  /** A frame passes; `interfaceName` is told where there are several, `out` gets it instead of the screen. */
  frame(packet: PacketBuffer, direction: Direction, interfaceName: string | null, out: FrameTap | null): void {
    if (this.captured >= this.wanted) return;
    if (this.direction !== null && direction !== this.direction) return;
    const partial = packet.checksum === Checksum.Partial;
    const whole = partial ? packet.copy() : packet;
    if (partial) completeChecksum(whole);
    // The bytes are the packet's own: they are looked at during this call only.
    const bytes = whole.slice();
    if (this.filter.matches(bytes, bytes.length)) {
      this.received++;
      this.captured++;
      if (out !== null) out.frame(whole, direction, 0);
      else
        this.print(
          bytes,
          bytes.length,
          this.process.host.node.clock.now,
          interfaceName === null ? '' : way(interfaceName, direction),
        );
      if (this.captured >= this.wanted) this.alarm.ring();
    }
    if (partial) whole.release();
  }

  private print(bytes: Uint8Array, length: number, timeNs: number, prefix: string): void {
    const { options } = this;
    const times = options.count('t');
    const time = times === 0 ? `${timeOfDay(timeNs)} ` : times === 1 ? '' : `${secondsText(timeNs)} `;
    const number = options.has('#') ? `${String(this.captured + 1).padStart(5)}  ` : '';
    let text = number + time + prefix + this.printer.line(bytes, length);
    const dump = options.count('X') > 0 ? 'X' : options.count('x') > 0 ? 'x' : null;
    if (dump !== null) text += hexDump(bytes, options.count(dump) > 1 ? 0 : ETHERNET_HEADER, dump === 'X');
    this.process.print(`${text}\n`);
  }

  private interfaces(name: string): Tapped[] | null {
    const { host } = this.process;
    const lo = host.ip.loopback.link as Loopback;
    if (name === 'any') return [...host.nics.values(), lo];
    if (name === 'lo') return [lo];
    const nic = host.nics.get(name);
    return nic === undefined ? null : [nic];
  }
}

/** As real captures on "any" tell it: `eth0  Out `. */
function way(interfaceName: string, direction: Direction): string {
  return `${interfaceName.padEnd(5)} ${direction === Direction.In ? 'In ' : 'Out'} `;
}

class Observer implements FrameTap {
  private readonly tcpdump: Tcpdump;
  private readonly interfaceName: string | null;
  private readonly out: FrameTap | null;

  constructor(owner: Tcpdump, interfaceName: string | null, out: FrameTap | null) {
    this.tcpdump = owner;
    this.interfaceName = interfaceName;
    this.out = out;
  }

  frame(packet: PacketBuffer, direction: Direction): void {
    this.tcpdump.frame(packet, direction, this.interfaceName, this.out);
  }
}

/** How many listen to everything on an interface: it goes on until the last one ends. */
const LISTENERS = new WeakMap<Nic, number>();

function listenToAll(nic: Nic, change: 1 | -1): void {
  const count = (LISTENERS.get(nic) ?? 0) + change;
  LISTENERS.set(nic, count);
  nic.promiscuous = count > 0;
}

/** `-w`: a pcapng file, to stdout as it grows, or to a file when it is complete. */
class CaptureFileOut {
  private readonly capture: Capture;
  private readonly name: string;
  private readonly process: Process;

  constructor(process: Process, options: Options, filterText: string) {
    this.process = process;
    this.name = options.text('w')!;
    this.capture = new Capture(process.host.node.clock, {
      application: 'tcpdump (netarium)',
      snapLength: options.integer('s', 0, 0, SNAPSHOT_LENGTH),
      ...(filterText === '' ? {} : { filterText }),
    });
  }

  tap(interfaceName: string): FrameTap {
    const tap = this.capture.tap(interfaceName, { node: this.process.host.name });
    if (this.name !== '-') return tap;
    return {
      frame: (packet, direction, reason) => {
        tap.frame(packet, direction, reason);
        this.process.stdout.write(this.capture.take());
      },
    };
  }

  async end(process: Process): Promise<void> {
    this.capture.finish();
    const bytes = this.capture.take();
    if (this.name === '-') process.stdout.write(bytes);
    else await process.host.files.write(resolvePath('/', this.name), bytes);
  }
}
