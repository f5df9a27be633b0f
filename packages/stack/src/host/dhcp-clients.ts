import type { Nic, NicListener } from '../l2-link/nic.ts';
import type { IpInterface } from '../l3-network/ip-interface.ts';
import { DhcpClientSocket } from '../l7-application/dhcp/client-socket.ts';
import { DhcpHostInterface } from './dhcp-interface.ts';
import type { Machine } from './machine.ts';

const CLIENTS = new WeakMap<Machine, Map<string, HostClient>>();

/** The DHCP client of one interface of a host, made when it is first asked for. It lives on when a program has ended. */
export function dhcpClientOf(host: Machine, on: IpInterface): DhcpClientSocket {
  let clients = CLIENTS.get(host);
  if (clients === undefined) {
    clients = new Map();
    CLIENTS.set(host, clients);
  }
  let client = clients.get(on.name);
  if (client === undefined) {
    client = new HostClient(host, on);
    clients.set(on.name, client);
  }
  return client.socket;
}

/** A client that sees when its interface loses its link and gets it back. */
class HostClient implements NicListener {
  readonly socket: DhcpClientSocket;
  private running: boolean;

  constructor(host: Machine, on: IpInterface) {
    this.socket = new DhcpClientSocket(host.newSockets(), new DhcpHostInterface(host, on), { hostName: host.name });
    const nic = host.nics.get(on.name);
    this.running = nic?.running ?? true;
    nic?.onLinkChange(this);
  }

  nicChanged(nic: Nic): void {
    const { running } = nic;
    if (running === this.running) return;
    this.running = running;
    if (running && this.socket.running) this.socket.reattached();
  }
}
