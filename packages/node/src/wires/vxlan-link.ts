import type { RemoteInfo } from 'node:dgram';
import { Drop } from '@netarium/stack/base/drop-reasons';
import { type DatagramAddress, DatagramWire } from './datagram-wire.ts';
import { MAX_VNI, VXLAN_HEADER, VXLAN_PORT, vxlanVni, writeVxlan } from './vxlan-header.ts';
import type { WireNetwork, WireOptions } from './wire.ts';

export interface VxlanOptions extends WireOptions {
  /** VXLAN network identifier, 0 to 16,777,215. */
  vni: number;
  /** The other tunnel end; its port is 4789 unless told. */
  remote: { address: string; port?: number };
  /** Default: every address, port 4789. */
  local?: Partial<DatagramAddress>;
  /** Let tagged frames through. RFC 7348 6.1: by default an end discards them. */
  vlan?: boolean;
}

const ETHER_TYPE = 12;
const VLAN = 0x8100;

/**
 * A VXLAN tunnel end (RFC 7348) with one remote: the kernel's `vxlan` device, Open vSwitch, another netarium.
 *
 *     ip link add vx0 type vxlan id 42 remote 192.0.2.2 dstport 4789      # on the Linux side
 *
 * The tunnel costs 50 bytes of each packet (IPv4): let the interfaces inside have an MTU of 1450, or the outer packets
 * are fragmented. All flows leave from one port, where RFC 7348 5 recommends a hash of the inner headers.
 */
export class VxlanLink extends DatagramWire {
  readonly vni: number;
  private readonly vlan: boolean;

  private constructor(network: WireNetwork, options: VxlanOptions) {
    const { remote, local } = options;
    super(network, `vxlan ${options.vni}`, {
      ...options,
      remote: { address: remote.address, port: remote.port ?? VXLAN_PORT },
      local: { port: VXLAN_PORT, ...local },
    });
    this.vni = options.vni;
    this.vlan = options.vlan === true;
  }

  /** Binds the socket; rejects with Node's error when that fails (EADDRINUSE: the kernel has a vxlan device there). */
  static async open(network: WireNetwork, options: VxlanOptions): Promise<VxlanLink> {
    const { vni } = options;
    if (!Number.isInteger(vni) || vni < 0 || vni > MAX_VNI) throw new TypeError(`${vni} is no VNI: 0 to ${MAX_VNI}`);
    const link = new VxlanLink(network, options);
    await link.open();
    return link;
  }

  /** The source port is the sender's choice (RFC 7348 5): only the address tells who it is. */
  protected override isPeer(from: RemoteInfo): boolean {
    return from.address === this.remote.address;
  }

  protected input(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const vni = vxlanVni(view, 0, bytes.length);
    if (vni < 0) {
      this.refused(Drop.FRAME_TOO_SHORT, 'no VXLAN header with a VNI');
    } else if (vni !== this.vni) {
      this.refused(Drop.FRAME_NOT_FOR_US, `VNI ${vni}`);
    } else if (!this.vlan && isTagged(view, VXLAN_HEADER)) {
      this.refused(Drop.FRAME_UNKNOWN_TYPE, 'a VLAN tag inside of VXLAN (RFC 7348 6.1)');
    } else {
      this.receive(bytes, VXLAN_HEADER);
    }
  }

  protected post(bytes: Uint8Array, start: number, end: number): boolean {
    const datagram = Buffer.allocUnsafe(VXLAN_HEADER + end - start);
    writeVxlan(new DataView(datagram.buffer, datagram.byteOffset), 0, this.vni);
    datagram.set(bytes.subarray(start, end), VXLAN_HEADER);
    return this.sendDatagram(datagram);
  }
}

function isTagged(view: DataView, frame: number): boolean {
  return view.byteLength >= frame + ETHER_TYPE + 2 && view.getUint16(frame + ETHER_TYPE) === VLAN;
}
