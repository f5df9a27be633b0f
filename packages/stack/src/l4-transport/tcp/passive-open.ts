/** The answer to a SYN, for a listener's connections and for those that are opened one by one (`Tcp.answer`). */
import type { PortBinding } from '../ports.ts';
import type { ControlBlock, PassiveOpener } from './control-block.ts';
import { takeSyn } from './input.ts';
import type { TcpSocketOptions } from './options.ts';
import { Mark } from './segment.ts';
import { TcpState } from './states.ts';
import type { SegmentFields } from './tcp-header.ts';
import { transmit } from './transmit.ts';

/** Who opens connections passively: what they begin with, and who hears how that ends. */
export interface Acceptor extends PassiveOpener {
  /** Each connection holds it until its end. */
  readonly binding: PortBinding;
  readonly options: TcpSocketOptions;
}

/**
 * RFC 9293 3.10.7.2, third: "RCV.NXT is set to SEG.SEQ+1, IRS is set to SEG.SEQ [...]. ISS should be selected and a SYN
 * segment sent of the form <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>."
 */
export function answerSyn(c: ControlBlock, segment: SegmentFields, opener: PassiveOpener): void {
  c.setState(TcpState.SynReceived, 'SYN came');
  takeSyn(c, segment);
  c.listener = opener;
  // "SND.NXT is set to ISS+1 and SND.UNA to ISS": data that came with the SYN will be sent again by the peer.
  c.sendQueue.appendControl(Mark.Syn, c.iss);
  c.writeSeq = (c.iss + 1) | 0;
  const syn = c.sendQueue.head!;
  c.sendQueue.unsent = null;
  transmit(c, syn, '');
}
