import type { RemoteInfo } from 'node:dgram';
import { BlockList, isIPv4 } from 'node:net';
import type { DatagramOptions } from './datagram-wire.ts';
import { UdpTunnelLink } from './udp-tunnel-link.ts';
import type { WireNetwork } from './wire.ts';

/**
 * QEMU's `-netdev dgram` over UDP: a frame a datagram, to one peer or to a multicast group that many guests share.
 *
 *     qemu-system-x86_64 -netdev dgram,id=n0,remote.type=inet,remote.host=127.0.0.1,remote.port=5001,\
 *                                local.type=inet,local.host=127.0.0.1,local.port=5002 -device virtio-net,netdev=n0
 *     qemu-system-x86_64 -netdev dgram,id=n0,remote.type=inet,remote.host=230.0.0.1,remote.port=1234 ...
 *
 * A member of a group hears what it says itself: plug it into an interface, which knows its own address, and not into a
 * switch, which would look for the sender on this port from then on.
 *
 * QEMU can do the same over Unix datagram sockets. Node has none: use `-netdev stream` there (`stream-link.ts`).
 */
export class DgramLink extends UdpTunnelLink {
  private readonly isGroup: boolean;
  private readonly interfaceAddress: string | undefined;

  private constructor(network: WireNetwork, options: DatagramOptions, isGroup: boolean) {
    super(network, 'dgram', options, isGroup);
    this.isGroup = isGroup;
    this.interfaceAddress = options.local?.address;
  }

  /** With a group as `remote`, `local.address` chooses the interface by its address. Rejects with Node's error. */
  static override async open(network: WireNetwork, options: DatagramOptions): Promise<DgramLink> {
    const { remote, local } = options;
    const isGroup = isIPv4(remote.address) && GROUPS.check(remote.address);
    const link = new DgramLink(network, options, isGroup);
    // Everybody listens on the group's own address and port.
    if (isGroup) await link.open({ address: remote.address, port: remote.port });
    else await link.open(local);
    return link;
  }

  protected override opened(): void {
    if (!this.isGroup) return;
    const { socket } = this;
    socket.addMembership(this.remote.address, this.interfaceAddress);
    if (this.interfaceAddress !== undefined) socket.setMulticastInterface(this.interfaceAddress);
    socket.setMulticastLoopback(true);
    socket.setMulticastTTL(1);
  }

  protected override isPeer(from: RemoteInfo): boolean {
    return this.isGroup || super.isPeer(from);
  }
}

const GROUPS = new BlockList();
GROUPS.addSubnet('224.0.0.0', 4, 'ipv4');
