import { EventQueue } from '../../../base/event-queue.ts';
import { formatIpv4, parseIpv4 } from '../../../base/ip-address.ts';
import { MacAddress } from '../../../base/mac-address.ts';
import { Prefix } from '../../../base/prefix.ts';
import { DHCP_LIMITS, type DhcpLimits } from '../limits.ts';
import { BROADCAST_FLAG, DhcpMessage, readMessage, writeMessage } from '../message.ts';
import { MessageType, messageTypeName, Option } from '../option-codes.ts';
import { type Decision, DhcpServer } from '../server.ts';
import type { ServerConfig, SubnetConfig } from '../server-config.ts';

export const ip = (text: string): number => parseIpv4(text);

export function mac(number: number): MacAddress {
  return new MacAddress(0x0200, number);
}

/** 10.0.1.0/24, addresses from .100 to .102. */
export function subnet(more: Partial<SubnetConfig> = {}): SubnetConfig {
  return {
    network: Prefix.parse('10.0.1.0/24')!,
    ranges: [{ first: ip('10.0.1.100'), last: ip('10.0.1.102') }],
    leaseSeconds: 3600,
    ...more,
  };
}

export interface Fields {
  /** Number of the client. */
  from?: number;
  ciaddr?: string;
  giaddr?: string;
  /** Option 50. */
  wants?: string;
  /** Option 54. */
  server?: string;
  /** The broadcast flag. */
  broadcast?: boolean;
  leaseSeconds?: number;
  options?: Record<number, readonly number[]>;
}

/** A server with a clock that is moved by hand, which is spoken to in words and answers in words. */
export class ServerTalk {
  readonly queue = new EventQueue();
  readonly server: DhcpServer;
  /** The decision on the last message. */
  last: Decision = { kind: 'silence', heard: '', said: '', alarm: false };

  constructor(config: Partial<ServerConfig> = {}, limits: Partial<DhcpLimits> = {}) {
    this.server = new DhcpServer(this.queue, { subnets: [subnet()], ...config }, { ...DHCP_LIMITS, ...limits });
  }

  pass(seconds: number): void {
    this.queue.advanceTo(this.queue.now + seconds * 1e9);
  }

  /** `OFFER 10.0.1.100 to everybody`, `silence: no free leases ...`, `probe 10.0.1.100`. */
  hears(type: number, fields: Fields = {}, at = '10.0.1.1'): string {
    const request = readMessage(writeMessage(requestOf(type, fields)));
    if (typeof request === 'string') throw new Error(request);
    this.last = this.server.receive(request, ip(at));
    return told(this.last);
  }

  probed(address: string, inUse: boolean): string {
    this.last = this.server.probed(ip(address), inUse);
    return told(this.last);
  }

  discover(from = 1, fields: Fields = {}): string {
    return this.hears(MessageType.Discover, { from, ...fields });
  }

  request(from: number, wants: string, fields: Fields = {}): string {
    return this.hears(MessageType.Request, { from, wants, server: '10.0.1.1', ...fields });
  }

  /** DISCOVER and REQUEST: the address, or what was said instead. */
  lease(from = 1, fields: Fields = {}): string {
    const offer = this.discover(from, fields);
    const address = /^OFFER (\S+)/.exec(offer)?.[1];
    if (address === undefined) return offer;
    return this.request(from, address, { ...fields, wants: address }).replace(/^ACK (\S+).*/, '$1');
  }

  /** The last reply. */
  get reply(): DhcpMessage {
    if (this.last.kind !== 'reply') throw new Error('no reply');
    return this.last.reply.message;
  }
}

function requestOf(type: number, fields: Fields): DhcpMessage {
  const message = new DhcpMessage();
  message.mac = mac(fields.from ?? 1);
  message.xid = 77;
  if (fields.broadcast === true) message.flags = BROADCAST_FLAG;
  message.ciaddr = fields.ciaddr === undefined ? 0 : ip(fields.ciaddr);
  message.giaddr = fields.giaddr === undefined ? 0 : ip(fields.giaddr);
  const { options } = message;
  if (type !== MessageType.Bootp) options.messageType = type;
  if (fields.wants !== undefined) options.setAddress(Option.RequestedAddress, ip(fields.wants));
  if (fields.server !== undefined) options.setAddress(Option.ServerIdentifier, ip(fields.server));
  if (fields.leaseSeconds !== undefined) options.setNumber(Option.LeaseTime, 4, fields.leaseSeconds);
  for (const [code, bytes] of Object.entries(fields.options ?? {})) options.set(Number(code), Uint8Array.from(bytes));
  return message;
}

function told(decision: Decision): string {
  if (decision.kind === 'silence') return `silence: ${decision.said}`;
  if (decision.kind === 'probe') return `probe ${formatIpv4(decision.address)}`;
  const { message, to, port, hardware } = decision.reply;
  const name = messageTypeName(message.type).replace('DHCP', '');
  const whom = to === 0xffffffff ? 'everybody' : formatIpv4(to);
  return `${name} ${formatIpv4(message.yiaddr)} to ${whom}:${port}${hardware === null ? '' : ` at ${hardware}`}`;
}
