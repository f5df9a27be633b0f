import { EventQueue } from '../../../base/event-queue.ts';
import { formatIpv4 } from '../../../base/ip-address.ts';
import { Random } from '../../../base/random.ts';
import { DhcpClient } from '../client.ts';
import type { ClientOptions } from '../client-states.ts';
import { DhcpMessage, Op, readMessage, writeMessage } from '../message.ts';
import { MessageType, messageTypeName, Option } from '../option-codes.ts';
import { ip, mac } from './server-talk.ts';

export interface ReplyFields {
  yiaddr?: string;
  server?: string;
  seconds?: number;
  renew?: number;
  rebind?: number;
  mask?: string;
  xid?: number;
  to?: number;
  options?: Record<number, readonly number[]>;
}

/** A client alone with its clock: what it does comes out as words, and answers are made by hand. */
export class ClientTalk {
  readonly queue = new EventQueue();
  readonly client: DhcpClient;
  /** What it did since the last look: `0.0 DISCOVER to everybody`, `ask 10.0.1.100`, `bind`, `INIT -> SELECTING`. */
  readonly did: string[] = [];
  /** dhclient's lines. */
  readonly lines: string[] = [];
  /** The last message that it sent. */
  sent = new DhcpMessage();

  constructor(options: Partial<ClientOptions> = {}, seed = 1) {
    this.client = new DhcpClient(this.queue, Random.from(seed), { mac: mac(1), hostName: 'alice', ...options });
  }

  start(remembered = ''): this {
    this.client.start(remembered === '' ? 0 : ip(remembered));
    this.drain();
    return this;
  }

  /** What it did since the last look. */
  look(): string[] {
    return this.did.splice(0);
  }

  /** Lets time pass, and the client do what it does at its times. */
  pass(seconds: number): string[] {
    const end = this.queue.now + seconds * 1e9;
    while (this.client.deadlineNs <= end) {
      this.queue.advanceTo(Math.max(this.queue.now, this.client.deadlineNs));
      this.client.timeout();
      this.drain();
    }
    this.queue.advanceTo(end);
    return this.look();
  }

  /** A server's reply; by default what a good server says to what was sent last. */
  hears(type: number, fields: ReplyFields = {}): string[] {
    const message = new DhcpMessage();
    message.op = Op.Reply;
    message.mac = mac(fields.to ?? 1);
    message.xid = fields.xid ?? this.sent.xid;
    const { options } = message;
    options.messageType = type;
    options.setAddress(Option.ServerIdentifier, ip(fields.server ?? '10.0.1.1'));
    if (type === MessageType.Nak) {
      options.setText(Option.Message, 'no');
    } else {
      message.yiaddr = ip(fields.yiaddr ?? '10.0.1.100');
      options.setNumber(Option.LeaseTime, 4, fields.seconds ?? 3600);
      options.setAddress(Option.SubnetMask, ip(fields.mask ?? '255.255.255.0'));
      if (fields.renew !== undefined) options.setNumber(Option.RenewalTime, 4, fields.renew);
      if (fields.rebind !== undefined) options.setNumber(Option.RebindingTime, 4, fields.rebind);
    }
    for (const [code, bytes] of Object.entries(fields.options ?? {})) options.set(Number(code), Uint8Array.from(bytes));
    const copy = readMessage(writeMessage(message));
    if (typeof copy === 'string') throw new Error(copy);
    this.client.receive(copy);
    this.drain();
    return this.look();
  }

  /** As far as BOUND, with nobody else having the address. */
  bound(fields: ReplyFields = {}): this {
    this.start().pass(0);
    this.hears(MessageType.Offer, fields);
    this.hears(MessageType.Ack, fields);
    this.pass(2);
    this.look();
    return this;
  }

  private drain(): void {
    for (let action = this.client.take(); action !== null; action = this.client.take()) {
      switch (action.kind) {
        case 'send': {
          this.sent = action.message;
          const name = messageTypeName(action.message.type).replace('DHCP', '');
          const whom = action.to === 0xffffffff ? 'everybody' : formatIpv4(action.to);
          this.did.push(`${(this.queue.now / 1e9).toFixed(1)} ${name} to ${whom}`);
          break;
        }
        case 'ask':
          this.did.push(`ask ${formatIpv4(action.address)}`);
          break;
        case 'bind':
          this.did.push(`bind ${action.lease.prefix}${action.before === null ? '' : ` after ${action.before.prefix}`}`);
          break;
        case 'unbind':
          this.did.push(`unbind ${action.lease.prefix}`);
          break;
        case 'state':
          this.did.push(`${action.from} -> ${action.to}`);
          break;
        default:
          this.lines.push(action.line);
      }
    }
  }

  taken(by: number): string[] {
    this.client.taken(mac(by));
    this.drain();
    return this.look();
  }

  release(): string[] {
    this.client.release();
    this.drain();
    return this.look();
  }

  reattached(): string[] {
    this.client.reattached();
    this.drain();
    return this.look();
  }
}
