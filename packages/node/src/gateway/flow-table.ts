import type { IpAddress } from '@netarium/stack/base/ip-address';
import type { GatewayLimits } from './limits.ts';

/** One conversation through the gateway, for display. */
export interface FlowInfo {
  readonly protocol: 'tcp' | 'udp';
  /** Who began it: `out` from the inside, `in` by a port forward. */
  readonly direction: 'out' | 'in';
  /** The inside host's end: `10.0.2.15:49152`. */
  readonly inside: string;
  /** The other end, as the inside sees it. */
  readonly outside: string;
  /** The other end as it really is. */
  readonly real: string;
  /** `connecting` (the real host has not answered), `answering` (the inside host has not), `open`, `closing`. */
  readonly state: string;
  /** Payload bytes from the inside outwards, and from the outside inwards. */
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** When it began, ns of network time. */
  readonly sinceNs: number;
}

export interface GatewayFlow {
  readonly protocol: 'tcp' | 'udp';
  /** The inside host. */
  readonly insideHost: IpAddress;
  info(): FlowInfo;
  /** Ends it at once, both ways: TCP with RSTs. */
  abort(): void;
}

/** What a gateway has done so far. */
export class GatewayCounters {
  tcpFlows = 0;
  udpFlows = 0;
  /** Connections that the real host refused, and those that came to nothing otherwise. */
  refused = 0;
  failed = 0;
  /** Flows that ended with a reset, by either side. */
  resets = 0;
  /** Packets that the rules forbade, and first packets of flows for which there was no room. */
  denied = 0;
  full = 0;
  /** Echo requests that were sent outside, and answers. */
  echoes = 0;
  echoReplies = 0;
  bytesOut = 0;
  bytesIn = 0;
}

/** All flows of a gateway, and the limits on their number. */
export class FlowTable {
  readonly counters: GatewayCounters = new GatewayCounters();
  private readonly limits: GatewayLimits;
  private readonly flows = new Set<GatewayFlow>();
  private tcp = 0;
  private udp = 0;
  /** By inside host, as 32 bits. */
  private readonly byHost = new Map<number, number>();

  constructor(limits: GatewayLimits) {
    this.limits = limits;
  }

  /** Is there room for one more? Says why not. */
  full(protocol: 'tcp' | 'udp', insideHost: IpAddress): string {
    const { tcpFlows, udpFlows, flowsPerHost } = this.limits;
    if (protocol === 'tcp' && this.tcp >= tcpFlows) return `${tcpFlows} TCP flows`;
    if (protocol === 'udp' && this.udp >= udpFlows) return `${udpFlows} UDP flows`;
    if ((this.byHost.get(insideHost.v4) ?? 0) >= flowsPerHost) return `${flowsPerHost} flows of ${insideHost}`;
    return '';
  }

  add(flow: GatewayFlow): void {
    this.flows.add(flow);
    const host = flow.insideHost.v4;
    this.byHost.set(host, (this.byHost.get(host) ?? 0) + 1);
    if (flow.protocol === 'tcp') {
      this.tcp++;
      this.counters.tcpFlows++;
    } else {
      this.udp++;
      this.counters.udpFlows++;
    }
  }

  /** Harmless when it is not there any more. */
  remove(flow: GatewayFlow): void {
    if (!this.flows.delete(flow)) return;
    const host = flow.insideHost.v4;
    const left = this.byHost.get(host)! - 1;
    if (left === 0) this.byHost.delete(host);
    else this.byHost.set(host, left);
    if (flow.protocol === 'tcp') this.tcp--;
    else this.udp--;
  }

  get size(): number {
    return this.flows.size;
  }

  list(): FlowInfo[] {
    return Array.from(this.flows, (flow) => flow.info());
  }

  abortAll(): void {
    for (const flow of [...this.flows]) flow.abort();
  }
}
