import { type DatagramOptions, DatagramWire } from './datagram-wire.ts';
import type { WireNetwork } from './wire.ts';

/**
 * Each frame is the payload of one UDP datagram, and nothing else: the simplest tunnel there is, to another netarium
 * process, or to whatever speaks the same (QEMU's `-netdev dgram` does: see `dgram-link.ts`).
 *
 * Datagrams that do not come from `remote` are dropped. There is no secret in this: whoever can send with that address
 * can speak on the wire.
 */
export class UdpTunnelLink extends DatagramWire {
  /** Binds the socket; rejects with Node's error when that fails. */
  static async open(network: WireNetwork, options: DatagramOptions): Promise<UdpTunnelLink> {
    const link = new UdpTunnelLink(network, 'udp', options);
    await link.open();
    return link;
  }

  protected input(bytes: Uint8Array): void {
    this.receive(bytes);
  }

  protected post(bytes: Uint8Array, start: number, end: number): boolean {
    return this.sendDatagram(Buffer.from(bytes.subarray(start, end)));
  }
}
