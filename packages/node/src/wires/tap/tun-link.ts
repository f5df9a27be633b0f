import { Drop } from '@netarium/stack/base/drop-reasons';
import type { LinkDevice } from '@netarium/stack/base/link';
import type { PacketBuffer } from '@netarium/stack/base/packet-buffer';
import { Direction } from '@netarium/stack/base/trace';
import { EtherType, frameType, writeEthernet } from '@netarium/stack/l2-link/ethernet';
import { Nic } from '@netarium/stack/l2-link/nic';
import { BuildError } from '@netarium/stack/network/build-error';
import { TapLink, type TapOptions } from './tap-link.ts';
import { asksForStation, neighbourAnswer, TUN_PEER } from './tun-neighbour.ts';

export type TunLinkOptions = Omit<TapOptions, 'mode'>;

const VERSION_6 = 6;

/**
 * A TUN: a line for two that carries IP packets, and no Ethernet. Our interface has Ethernet all the same, so the wire
 * plays its neighbour: it answers who asks for a station, takes the Ethernet header off what goes out, and puts one on
 * what comes in.
 *
 *     host: IP | Ethernet -->  TunLink  --> IP -->  tun0: kernel
 *     host: who has 10.9.0.1? -->|
 *          <-- 02:00:5e:00:00:01 |
 *
 * Frames for nobody (ARP, LLDP, spanning tree) end here. It is plugged into an interface of a host: a switch would want
 * to know stations.
 */
export class TunLink extends TapLink {
  private nic: Nic | null = null;
  private readonly answers: PacketBuffer[] = [];

  /** Opens the TUN; throws a TunError that says what is missing. */
  constructor(network: ConstructorParameters<typeof TapLink>[0], options: TunLinkOptions) {
    super(network, { ...options, mode: 'tun' });
  }

  /** Throws a BuildError when the device is no interface. */
  override attach(device: LinkDevice): void {
    if (!(device instanceof Nic)) {
      throw new BuildError(
        `${this.name} is a TUN, which carries no Ethernet frames: plug it into a host, or use a TAP`,
      );
    }
    this.nic = device;
    super.attach(device);
  }

  override detach(): void {
    super.detach();
    this.nic = null;
  }

  protected override send(frame: PacketBuffer): void {
    const type = frameType(frame.view, frame.start, frame.end);
    if (asksForStation(frame, type)) {
      this.answer(frame, type);
      this.sent(frame);
      frame.release();
    } else if (type === EtherType.Ipv4 || type === EtherType.Ipv6) {
      super.send(frame);
    } else {
      this.refuse(frame, Drop.FRAME_UNKNOWN_TYPE, Direction.Out);
    }
  }

  /** What came in has room for the header that no TUN carries. */
  protected override dress(packet: PacketBuffer): void {
    const { view, start, bytes } = packet;
    const type = bytes[start + this.bare]! >> 4 === VERSION_6 ? EtherType.Ipv6 : EtherType.Ipv4;
    if (this.nic !== null) writeEthernet(view, start, this.nic.mac, TUN_PEER, type);
  }

  /** Nothing comes in from inside of `transmit`: the answer has its own turn. */
  private answer(frame: PacketBuffer, type: number): void {
    const answer = neighbourAnswer(frame, type, this.network.pool);
    if (answer === null) return;
    this.answers.push(answer);
    if (this.answers.length === 1) setImmediate(this.deliverAnswers);
  }

  private readonly deliverAnswers = (): void => {
    this.network.scheduler.external(() => {
      for (const answer of this.answers.splice(0)) this.deliver(answer);
    });
  };
}
