import { IpAddress } from '../../base/ip-address.ts';
import { MacAddress } from '../../base/mac-address.ts';
import type { ArpListener } from '../../l3-network/arp.ts';
import { ArpOperation } from '../../l3-network/arp-header.ts';
import type { IpInterface } from '../../l3-network/ip-interface.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { Alarm } from './alarm.ts';
import { type Options, parseOptions } from './options.ts';

export const arping: Program = {
  name: 'arping',
  summary: 'ask by ARP who has an address, or tell everybody that it is ours',
  usage: `usage: arping [-fqbDUA] [-c COUNT] [-i SECONDS] [-I INTERFACE] [-s SOURCE] [-w SECONDS] ADDRESS
  -A  as -U, but as answers
  -b  keep asking everybody; otherwise only who answered
  -c  stop after so many questions
  -D  does anybody have it? (RFC 5227): 0 nobody, 1 somebody
  -f  stop after the first answer
  -i  seconds between two questions (1)
  -I  the interface; default: where the route leads
  -q  quiet
  -s  the address to ask with
  -U  tell everybody that ADDRESS is ours
  -w  end after so many seconds
exit: 0 answered, 1 no answer, 2 an error`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'AbDfqU', values: 'ciIsw' });
    const [text, ...rest] = options.words;
    if (text === undefined || rest.length > 0) throw new UsageError('one address is needed');
    const target = IpAddress.parse(text) ?? IpAddress.parse(await process.sockets.gethostbyname(text));
    if (target === null || target.family !== 4) throw new UsageError(`${text}: not an IPv4 address`);
    const on = interfaceFor(process, options.text('I'), target);
    if (on === null) {
      process.complain(`arping: Interface "${options.text('I') ?? ''}" is not found: -I INTERFACE\n`);
      return 2;
    }
    return new Arping(process, options, on, target).run();
  },
};

function interfaceFor(process: Process, name: string | null, target: IpAddress): IpInterface | null {
  const { ip } = process.host;
  const on = name === null ? (ip.routes.lookup(target.v4)?.interface ?? null) : ip.interfaceNamed(name);
  return on === null || on.loopback ? null : on;
}

/** One run: asks in its time, prints answers as they come. */
class Arping implements ArpListener {
  private readonly process: Process;
  private readonly options: Options;
  private readonly on: IpInterface;
  private readonly target: IpAddress;
  private readonly source: number;
  private readonly alarm: Alarm;
  private to = MacAddress.BROADCAST;
  private sent = 0;
  private broadcasts = 0;
  private received = 0;
  private sentNs = 0;

  constructor(process: Process, options: Options, on: IpInterface, target: IpAddress) {
    this.process = process;
    this.options = options;
    this.on = on;
    this.target = target;
    this.alarm = new Alarm(process);
    const given = IpAddress.parse(options.text('s') ?? '');
    if (options.has('s') && given?.family !== 4) throw new UsageError(`${options.text('s')}: not an IPv4 address`);
    this.source = options.has('D') ? 0 : this.tells ? target.v4 : (given?.v4 ?? on.sourceFor4(target.v4));
  }

  private get tells(): boolean {
    return this.options.has('U') || this.options.has('A');
  }

  async run(): Promise<number> {
    const { process, options, target, on } = this;
    const { clock } = process.host.node;
    const count = options.integer('c', Infinity, 1, 2 ** 31 - 1);
    const intervalNs = options.seconds('i', 1, 0.001, 1e6) * 1e9;
    const endNs = options.has('w') ? clock.now + options.seconds('w', 0, 0, 1e6) * 1e9 : Infinity;
    const { arp } = process.host.ip;
    this.print(`ARPING ${target} from ${IpAddress.v4(this.source)} ${on.name}\n`);
    arp.listeners.push(this);
    while (process.signalled === null && clock.now < endNs && !this.done) {
      this.send();
      const untilNs = Math.min(clock.now + intervalNs, endNs);
      while (process.signalled === null && clock.now < untilNs && !this.done) await this.alarm.wait(untilNs);
      if (this.sent >= count) break;
    }
    arp.listeners.splice(arp.listeners.indexOf(this), 1);
    this.print(`Sent ${this.sent} probes (${this.broadcasts} broadcast(s))\nReceived ${this.received} response(s)\n`);
    if (this.tells) return 0;
    const answered = this.received > 0;
    return options.has('D') === answered ? 1 : 0;
  }

  /** The first answer is all that -f and -D want. */
  private get done(): boolean {
    return this.received > 0 && (this.options.has('f') || this.options.has('D'));
  }

  private send(): void {
    const { on, target, to } = this;
    const operation = this.options.has('A') ? ArpOperation.Reply : ArpOperation.Request;
    const mac = operation === ArpOperation.Reply ? on.link.mac : MacAddress.ZERO;
    this.sent++;
    if (to === MacAddress.BROADCAST) this.broadcasts++;
    this.sentNs = this.process.host.node.clock.now;
    this.process.host.ip.arp.sendRaw(on, operation, this.source, mac, target.v4, to);
  }

  /** Who speaks with the address that is asked for; with -D, who asks for it as well is somebody else, too. */
  arpHeard(on: IpInterface, operation: number, sender: number, mac: MacAddress, target: number): void {
    const isProbe = sender === 0 && target === this.target.v4 && !mac.equals(this.on.link.mac);
    const wanted = sender === this.target.v4 || (this.options.has('D') && isProbe);
    if (on !== this.on || !wanted || this.tells) return;
    if (!this.options.has('D') && operation !== ArpOperation.Reply) return;
    this.received++;
    const ms = ((this.process.host.node.clock.now - this.sentNs) / 1e6).toFixed(3);
    this.print(`Unicast reply from ${this.target} [${`${mac}`.toUpperCase()}]  ${ms}ms\n`);
    if (!this.options.has('b') && !this.options.has('D')) this.to = mac;
    this.alarm.ring();
  }

  private print(text: string): void {
    if (!this.options.has('q')) this.process.print(text);
  }
}
