import type { NodeContext } from '../base/node-context.ts';
import type { EchoService } from '../l3-network/icmp.ts';
import type { NetworkLayer } from '../l3-network/network-layer.ts';
import type { Tcp } from '../l4-transport/tcp/tcp.ts';
import type { Udp } from '../l4-transport/udp/udp.ts';
import type { NameResolver } from './names.ts';
import type { Wakeups } from './wakeups.ts';

/** What sockets need of the machine that they are on. A host hands itself in. */
export interface SessionHost {
  readonly node: NodeContext;
  /** What `gethostname` tells; absent: the node's name. */
  readonly hostName?: string;
  readonly network: NetworkLayer;
  readonly tcp: Tcp;
  readonly udp: Udp;
  /** For ping sockets; null where there are none. */
  readonly icmp: EchoService | null;
  /** The same over IPv6; absent where IPv6 is not spoken. */
  readonly icmp6?: EchoService | null;
  /** null: only numeric addresses and `localhost` are known. */
  readonly resolver: NameResolver | null;
  readonly wakeups: Wakeups;
}
