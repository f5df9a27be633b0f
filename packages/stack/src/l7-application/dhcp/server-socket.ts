import { errnoText } from '../../base/errors.ts';
import { formatIpv4 } from '../../base/ip-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { What } from '../../base/trace.ts';
import type { SocketApi } from '../../l5-session/sockets.ts';
import { AddressProbe, type ProbeOwner } from './address-probe.ts';
import { DatagramPort, type DatagramReceiver } from './datagram-port.ts';
import type { DhcpLink } from './dhcp-link.ts';
import type { Lease } from './leases.ts';
import type { DhcpLimits } from './limits.ts';
import { readMessage, writeMessage } from './message.ts';
import { SERVER_PORT } from './option-codes.ts';
import { type Decision, DhcpServer } from './server.ts';
import type { ServerConfig } from './server-config.ts';
import { traceAlarm, traceMessage } from './trace.ts';

export interface ServerSocketOptions {
  /** Lines as dhcpd's log has them. */
  log?: (line: string) => void;
  /** Lines that people should see in any case: no address is left, somebody has one that was given to another. */
  alarm?: (line: string) => void;
  /** Leases from before it was started. */
  leases?: readonly Lease[];
  /** Some have changed: they are to be stored. */
  changed?: (leases: readonly Lease[]) => void;
  limits?: DhcpLimits;
}

/** A DHCP server on UDP port 67 of some interfaces: `DhcpServer` with sockets. */
export class DhcpServerSocket implements DatagramReceiver, ProbeOwner {
  readonly server: DhcpServer;
  private readonly node: NodeContext;
  private readonly ports = new Map<DatagramPort, DhcpLink>();
  private readonly probe: AddressProbe | null;
  /** By the address that is probed: where the client is. */
  private readonly probing = new Map<number, DatagramPort>();
  private readonly log: (line: string) => void;
  private readonly alarm: (line: string) => void;
  private readonly changed: (leases: readonly Lease[]) => void;
  private stored = 0;

  /** Throws a NetError when a socket cannot be had: EADDRINUSE, EACCES, ENODEV, EMFILE. */
  constructor(
    sockets: SocketApi,
    links: readonly DhcpLink[],
    config: ServerConfig,
    { log = () => {}, alarm = () => {}, leases = [], changed = () => {}, limits }: ServerSocketOptions = {},
  ) {
    this.node = sockets.host.node;
    this.log = log;
    this.alarm = alarm;
    this.changed = changed;
    this.server = new DhcpServer(sockets.clock, config, limits);
    this.server.restore(leases);
    this.probe = config.probe === true ? new AddressProbe(sockets, this) : null;
    try {
      for (const link of links) this.ports.set(new DatagramPort(sockets, SERVER_PORT, link.name, this), link);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  datagram(bytes: Uint8Array, _from: number, port: DatagramPort): void {
    const link = this.ports.get(port)!;
    const message = readMessage(bytes);
    if (typeof message === 'string') {
      this.log(`bad packet via ${link.name}: ${message}`);
      return;
    }
    // Without an address of our own there clients could not name us.
    if (link.address === 0) return;
    traceMessage(this.node, What.Receive, message);
    const via = message.giaddr === 0 ? link.name : formatIpv4(message.giaddr);
    this.act(this.server.receive(message, link.address), port, via);
  }

  probed(address: number, inUse: boolean): void {
    const port = this.probing.get(address);
    this.probing.delete(address);
    if (port !== undefined) this.act(this.server.probed(address, inUse), port, this.ports.get(port)!.name);
  }

  close(): void {
    for (const port of this.ports.keys()) port.close();
    this.probe?.close();
  }

  private act(decision: Decision, port: DatagramPort, via: string): void {
    const { heard, said } = decision;
    if (this.server.changes !== this.stored) {
      this.stored = this.server.changes;
      this.changed(this.server.leases());
    }
    if (decision.kind === 'silence') {
      if (decision.alarm) {
        this.alarm(`${said} via ${via}`);
        traceAlarm(this.node, said);
      }
      if (heard !== '') this.log(`${heard} via ${via}${said === '' ? '' : `: ${said}`}`);
      return;
    }
    if (heard !== '') this.log(`${heard} via ${via}`);
    if (decision.kind === 'probe') {
      this.probing.set(decision.address, port);
      this.probe!.ask(decision.address);
      return;
    }
    const { message, to, hardware, most } = decision.reply;
    this.log(`${said} via ${via}`);
    if (hardware !== null) this.ports.get(port)!.introduce(to, hardware);
    traceMessage(this.node, What.Send, message);
    const sent = port.send(writeMessage(message, most), to, decision.reply.port);
    if (sent < 0) this.log(`send to ${formatIpv4(to)}: ${errnoText(sent)}`);
  }
}
