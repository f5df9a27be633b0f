import { Errno } from '../base/errors.ts';
import type { IpAddress } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import type { Random } from '../base/random.ts';

/** Below this a program needs privilege: the well-known ports (RFC 6335 section 6; `ip_unprivileged_port_start`). */
export const FIRST_UNPRIVILEGED_PORT = 1024;

/** The dynamic ports (RFC 6335 section 6), from which the system chooses for a program that does not. */
export const FIRST_EPHEMERAL_PORT = 49152;
export const LAST_EPHEMERAL_PORT = 65535;
const EPHEMERAL_COUNT = LAST_EPHEMERAL_PORT - FIRST_EPHEMERAL_PORT + 1;

export interface BindOptions {
  /** SO_REUSEADDR. */
  reuseAddress?: boolean;
  /** SO_REUSEPORT. */
  reusePort?: boolean;
  /** May take a port below 1024. */
  privileged?: boolean;
  /** Of a holder of every address: those of one family only (an IPv4 socket, IPV6_V6ONLY); default 0: both. */
  family?: 0 | 4 | 6;
}

/**
 * One holder of a local port, on one address or on all. Whoever keeps it going (a listener, each of the connections
 * that it accepted, one in TIME-WAIT) holds it with `retain`; the port is free when the last has released it.
 */
export class PortBinding {
  /** null: every address of this host. */
  readonly address: IpAddress | null;
  readonly port: number;
  /** Whose addresses it holds; 0: those of both families. */
  readonly family: 0 | 4 | 6;
  /** As on Linux, the options of the moment count: setting one later changes what others may bind. */
  reuseAddress: boolean;
  reusePort: boolean;
  /** TCP sets it while it listens here: then SO_REUSEADDR alone lets nobody else in. */
  listening = false;
  /** It was made for one connection that goes out: others that go elsewhere may share its port. */
  readonly outgoing: boolean;
  /** The next holder of the same port number. Belongs to the table. */
  next: PortBinding | null = null;
  private refs = 1;
  private readonly table: PortTable;

  constructor(table: PortTable, address: IpAddress | null, port: number, options: BindOptions, outgoing = false) {
    this.table = table;
    this.outgoing = outgoing;
    this.address = address;
    this.port = port;
    this.family = address === null ? (options.family ?? 0) : address.family;
    this.reuseAddress = options.reuseAddress === true;
    this.reusePort = options.reusePort === true;
  }

  /** False once the last holder has released it. */
  get held(): boolean {
    return this.refs > 0;
  }

  retain(): void {
    this.refs++;
  }

  /** Gives up one hold; the last one frees the port. */
  release(): void {
    if (--this.refs === 0) this.table.remove(this);
  }

  /** May TCP listen here? False when another listens on the same port and the two do not share it (EADDRINUSE). */
  mayListen(): boolean {
    return !this.table.conflicts(this, this);
  }
}

/**
 * Who holds which port of one transport protocol on one host.
 *
 * The rules are Linux's (`inet_csk_bind_conflict`): two holders of one port are at odds when their addresses overlap
 * (the wildcard overlaps with all), unless both set SO_REUSEADDR and the one that is there does not listen, or both set
 * SO_REUSEPORT. A connection in TIME-WAIT goes on holding its port, and so a server that comes back needs SO_REUSEADDR.
 */
export class PortTable {
  private readonly heads = new Map<number, PortBinding>();
  private readonly random: Random;
  private count = 0;
  /** How many of the ephemeral ports have a holder. */
  private ephemeralInUse = 0;

  /** `name` tells the tables of one node apart, so that they draw different ports. */
  constructor(node: NodeContext, name = 'ports') {
    this.random = node.random.fork(name);
  }

  /** How many bindings there are. */
  get size(): number {
    return this.count;
  }

  /**
   * Takes a port: `port` from 1 to 65535, or 0 for one that is free. `address` null or unspecified is every address;
   * that an address is the host's own is for the caller to check (EADDRNOTAVAIL). Returns the binding, held once, or
   * -EACCES (a well-known port without privilege), -EADDRINUSE (also when no ephemeral port is left), -EINVAL.
   */
  bind(address: IpAddress | null, port: number, options: BindOptions = {}): PortBinding | number {
    if (!(port >= 0 && port <= 65535)) return -Errno.EINVAL;
    const local = address === null || address.isUnspecified ? null : address;
    if (port === 0) return this.bindEphemeral(local, options);
    if (port < FIRST_UNPRIVILEGED_PORT && options.privileged !== true) return -Errno.EACCES;
    const binding = new PortBinding(this, local, port, options);
    if (this.conflicts(binding, null)) return -Errno.EADDRINUSE;
    return this.add(binding);
  }

  /**
   * A port for a connection that goes out from any address: as Linux (`__inet_hash_connect`), one that is free, or when
   * none is, one that only other outgoing connections have, for a connection is named by both of its ends. `connect`
   * tries with a binding; -EADDRINUSE from it means that these two ends are connected already, and that another port
   * is to be tried. Returns what `connect` gave, or -EADDRNOTAVAIL when no port would do.
   */
  connectFrom<T>(options: BindOptions, connect: (binding: PortBinding) => T | number): T | number {
    const first = this.random.below(EPHEMERAL_COUNT);
    // Two rounds at most: the first for a free port, which is left out when there is none.
    for (let free = this.ephemeralInUse < EPHEMERAL_COUNT; ; free = false) {
      for (let i = 0; i < EPHEMERAL_COUNT; i++) {
        const port = FIRST_EPHEMERAL_PORT + ((first + i) % EPHEMERAL_COUNT);
        const head = this.heads.get(port);
        if (free ? head !== undefined : head === undefined || !onlyOutgoing(head)) continue;
        const binding = this.add(new PortBinding(this, null, port, options, true));
        const connected = connect(binding);
        if (connected !== -Errno.EADDRINUSE) return connected;
        binding.release();
      }
      if (!free) return -Errno.EADDRNOTAVAIL;
    }
  }

  /** Is anything bound to this port on an address that overlaps with `address` (null: any of `family`; 0: of both)? */
  inUse(address: IpAddress | null, port: number, family: 0 | 4 | 6 = 0): boolean {
    const of = address === null ? family : address.family;
    let other = this.heads.get(port) ?? null;
    while (other !== null) {
      if (overlap(address, of, other)) return true;
      other = other.next;
    }
    return false;
  }

  /** Would `binding` be at odds with one that is in the table, `self` apart? */
  conflicts(binding: PortBinding, self: PortBinding | null): boolean {
    let other = this.heads.get(binding.port) ?? null;
    while (other !== null) {
      if (other !== self && overlap(binding.address, binding.family, other)) {
        const reuse = binding.reuseAddress && other.reuseAddress && !other.listening;
        const share = binding.reusePort && other.reusePort;
        if (!reuse && !share) return true;
      }
      other = other.next;
    }
    return false;
  }

  /** Takes a binding out: called by its last `release`. */
  remove(binding: PortBinding): void {
    this.count--;
    const head = this.heads.get(binding.port);
    if (head === binding) {
      if (binding.next !== null) {
        this.heads.set(binding.port, binding.next);
        return;
      }
      this.heads.delete(binding.port);
      if (binding.port >= FIRST_EPHEMERAL_PORT) this.ephemeralInUse--;
      return;
    }
    let before = head;
    while (before !== undefined && before.next !== binding) before = before.next ?? undefined;
    if (before !== undefined) before.next = binding.next;
  }

  /**
   * RFC 6056 3.3.1, algorithm 1: from a random port on, the first that is free. A port somebody has is never shared
   * here, whatever the options, for nobody asked for that one.
   */
  private bindEphemeral(address: IpAddress | null, options: BindOptions): PortBinding | number {
    const first = this.random.below(EPHEMERAL_COUNT);
    for (let i = 0; i < EPHEMERAL_COUNT; i++) {
      const port = FIRST_EPHEMERAL_PORT + ((first + i) % EPHEMERAL_COUNT);
      if (!this.inUse(address, port, options.family)) return this.add(new PortBinding(this, address, port, options));
    }
    return -Errno.EADDRINUSE;
  }

  private add(binding: PortBinding): PortBinding {
    const head = this.heads.get(binding.port);
    if (head === undefined && binding.port >= FIRST_EPHEMERAL_PORT) this.ephemeralInUse++;
    binding.next = head ?? null;
    this.heads.set(binding.port, binding);
    this.count++;
    return binding;
  }
}

function onlyOutgoing(head: PortBinding): boolean {
  for (let binding: PortBinding | null = head; binding !== null; binding = binding.next) {
    if (!binding.outgoing) return false;
  }
  return true;
}

function overlap(address: IpAddress | null, family: 0 | 4 | 6, other: PortBinding): boolean {
  if (family !== 0 && other.family !== 0 && family !== other.family) return false;
  return address === null || other.address === null || address.equals(other.address);
}
