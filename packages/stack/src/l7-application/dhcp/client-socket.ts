import { type Task, Timer } from '../../base/clock.ts';
import { errnoText } from '../../base/errors.ts';
import type { MacAddress } from '../../base/mac-address.ts';
import type { NodeContext } from '../../base/node-context.ts';
import { What } from '../../base/trace.ts';
import type { SocketApi } from '../../l5-session/sockets.ts';
import { DhcpClient } from './client.ts';
import type { ClientLease } from './client-lease.ts';
import { type ClientAction, type ClientOptions, ClientState } from './client-states.ts';
import { DatagramPort, type DatagramReceiver } from './datagram-port.ts';
import { readMessage, writeMessage } from './message.ts';
import { CLIENT_PORT, SERVER_PORT } from './option-codes.ts';
import { traceMessage, traceState } from './trace.ts';

/** What a client needs of the interface that it sets up. */
export interface DhcpInterface {
  /** `eth0`. */
  readonly name: string;
  readonly mac: MacAddress;
  /** Sets the interface up; `before` is what it was set up with. 0 or a negated error number. */
  bind(lease: ClientLease, before: ClientLease | null): number;
  /** Takes back all that `bind` did. */
  unbind(lease: ClientLease): void;
  /** Asks by ARP who has this address (32 bits). */
  ask(address: number): void;
  /** Who answered since the first `ask` for this address; null: nobody so far. */
  owner(address: number): MacAddress | null;
  /** To be told when somebody uses the address that was bound, and does not give way (RFC 5227 2.4). */
  onConflict: ((by: MacAddress) => void) | null;
}

/** Who follows what a client does. */
export interface ClientWatcher {
  /** A line of dhclient's. */
  line?(text: string): void;
  /** The client entered another state. */
  entered?(state: ClientState): void;
}

/** A DHCP client on UDP port 68 of one interface: `DhcpClient` with a socket, a timer and an interface. */
export class DhcpClientSocket implements DatagramReceiver, Task {
  readonly client: DhcpClient;
  readonly interface: DhcpInterface;
  private readonly node: NodeContext;
  private readonly sockets: SocketApi;
  private readonly timer: Timer;
  private readonly watchers = new Set<ClientWatcher>();
  private port: DatagramPort | null = null;

  constructor(sockets: SocketApi, on: DhcpInterface, options: Omit<ClientOptions, 'mac'> = {}) {
    const { node } = sockets.host;
    this.node = node;
    this.sockets = sockets;
    this.interface = on;
    this.timer = new Timer(node.clock, this, 0);
    on.onConflict = (by) => {
      this.client.taken(by);
      this.act();
    };
    this.client = new DhcpClient(node.clock, node.random.fork(`dhcp ${on.name}`), { ...options, mac: on.mac });
  }

  get running(): boolean {
    return this.client.state !== ClientState.Stopped;
  }

  watch(watcher: ClientWatcher): void {
    this.watchers.add(watcher);
  }

  unwatch(watcher: ClientWatcher): void {
    this.watchers.delete(watcher);
  }

  /** Begins, with the address (32 bits) that it had before if it had one. Throws a NetError when port 68 is taken. */
  start(remembered = 0): void {
    this.port ??= new DatagramPort(this.sockets, CLIENT_PORT, this.interface.name, this);
    this.client.start(remembered);
    this.act();
  }

  /** The interface lost its link and got it back. */
  reattached(): void {
    this.client.reattached();
    this.act();
  }

  /** Gives the address back and stops. */
  release(): void {
    this.client.release();
    this.act();
  }

  /** Stops: the address is taken from the interface, and the server is told nothing. */
  stop(): void {
    this.client.stop();
    this.act();
  }

  datagram(bytes: Uint8Array): void {
    const message = readMessage(bytes);
    if (typeof message === 'string') return;
    traceMessage(this.node, What.Receive, message);
    this.client.receive(message);
    this.act();
  }

  run(): void {
    const { client } = this;
    if (client.state === ClientState.Checking) this.lookForOwner();
    if (client.deadlineNs <= this.node.clock.now) client.timeout();
    this.act();
  }

  /** While the address is being checked: has somebody answered? */
  private lookForOwner(): void {
    const { checking } = this.client;
    const owner = checking === 0 ? null : this.interface.owner(checking);
    if (owner !== null) this.client.taken(owner);
  }

  /** Does what the client has decided, and sets the timer for what is next. */
  private act(): void {
    for (let action = this.client.take(); action !== null; action = this.client.take()) this.do(action);
    const { deadlineNs } = this.client;
    if (deadlineNs === Infinity) this.timer.dispose();
    else this.timer.set(deadlineNs);
    if (!this.running) {
      this.port?.close();
      this.port = null;
    }
  }

  private do(action: ClientAction): void {
    switch (action.kind) {
      case 'send': {
        traceMessage(this.node, What.Send, action.message);
        const sent = this.port!.send(writeMessage(action.message), action.to, SERVER_PORT);
        if (sent < 0) this.say(`send_packet: ${errnoText(sent)}`);
        break;
      }
      case 'ask':
        this.interface.ask(action.address);
        break;
      case 'bind': {
        const bound = this.interface.bind(action.lease, action.before);
        if (bound < 0) this.say(`${action.lease.prefix}: ${errnoText(bound)}`);
        break;
      }
      case 'unbind':
        this.interface.unbind(action.lease);
        break;
      case 'state':
        traceState(this.node, `${this.interface.name}: ${action.from} -> ${action.to}: ${action.why}`);
        for (const watcher of [...this.watchers]) watcher.entered?.(action.to);
        break;
      default:
        this.say(action.line.replace('%s', this.interface.name));
    }
  }

  private say(line: string): void {
    for (const watcher of [...this.watchers]) watcher.line?.(line);
  }
}
