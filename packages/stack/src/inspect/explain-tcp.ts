import { formatDuration } from '../base/units.ts';
import type { PacketAnalysis } from './conversations.ts';
import type { Names } from './explain-names.ts';
import { type TcpFacts, TcpFlag } from './packet-facts.ts';
import { type TcpAnalysis, TcpMark } from './tcp-stream.ts';
import { count } from './text-layout.ts';

/** What a segment is for, in a few words: the verb of the story. */
export function tcpPurpose(tcp: TcpFacts, analysis: TcpAnalysis | null): string {
  const { flags, payloadLength } = tcp;
  const ack = (flags & TcpFlag.Ack) !== 0;
  if (flags & TcpFlag.Syn) return ack ? 'accepts the connection (SYN, ACK)' : 'asks for a connection (SYN)';
  if (flags & TcpFlag.Rst) return ack ? 'refuses or breaks off (RST, ACK)' : 'breaks off (RST)';
  const marks = analysis?.marks ?? 0;
  if (marks & TcpMark.KeepAlive) return 'asks whether the other is still there (keep-alive)';
  if (marks & TcpMark.ZeroWindowProbe) return 'asks with one byte whether there is room again (window probe)';
  const fin = (flags & TcpFlag.Fin) !== 0 ? ' and says that it has no more (FIN)' : '';
  if (payloadLength > 0) return `${sendsVerb(marks)} ${count(payloadLength, 'byte')}${fin}`;
  if (fin !== '') return 'says that it sends no more (FIN)';
  if (marks & TcpMark.KeepAliveAck) return 'answers that it is there';
  if (marks & TcpMark.DuplicateAck) return `says again what it misses (duplicate ACK ${analysis?.duplicateCount})`;
  if (marks & TcpMark.WindowUpdate) return 'has changed its window';
  if (marks & TcpMark.ZeroWindow) return 'says that it has no room (window 0)';
  return 'acknowledges';
}

function sendsVerb(marks: number): string {
  if (marks & TcpMark.FastRetransmission) return 'sends again, after duplicate ACKs,';
  if (marks & TcpMark.SpuriousRetransmission) return 'sends again, though it had arrived,';
  if (marks & TcpMark.Retransmission) return 'sends again';
  if (marks & TcpMark.OutOfOrder) return 'sends, overtaken on the way,';
  if (marks & TcpMark.PreviousSegmentLost) return 'sends, after bytes that are missing here,';
  return 'sends';
}

/** The sentences about one segment, after the one that names it. */
export function tcpSentences(tcp: TcpFacts, packet: PacketAnalysis | null, names: Names): string[] {
  const sentences: string[] = [];
  const analysis = packet?.tcp ?? null;
  const conversation = packet?.conversation ?? null;
  const fromA = packet?.fromA ?? true;
  const sender =
    conversation === null ? 'the sender' : names.host(fromA ? conversation.a.address : conversation.b.address);
  const other =
    conversation === null ? 'the receiver' : names.host(fromA ? conversation.b.address : conversation.a.address);
  const { flags } = tcp;
  const isSyn = (flags & TcpFlag.Syn) !== 0;
  if (isSyn) {
    sentences.push(
      `${sender} counts its bytes from ${tcp.sequence} on: the SYN itself is number 0, the first byte is 1`,
    );
    sentences.push(synOptions(tcp, sender));
  } else if (tcp.payloadLength > 0 && analysis !== null) {
    const first = analysis.relativeSequence;
    sentences.push(`it carries bytes ${first} to ${first + tcp.payloadLength - 1} of what ${sender} sends`);
  }
  if (flags & TcpFlag.Fin) sentences.push(`FIN: ${sender} will send nothing more; it may still receive`);
  if (flags & TcpFlag.Rst) sentences.push('RST: the connection is over at once, and what was under way is lost');
  if (flags & TcpFlag.Ack && !(flags & TcpFlag.Rst)) sentences.push(acknowledges(tcp, analysis, sender, other));
  const room = analysis === null ? tcp.window : analysis.window;
  if (!(flags & TcpFlag.Rst)) {
    const scaled = analysis !== null && analysis.windowMultiplier > 1 && !isSyn;
    const how = scaled ? ` (${tcp.window} times ${analysis.windowMultiplier}, as agreed in the SYNs)` : '';
    sentences.push(`window: ${other} may have up to ${count(room, 'byte')} under way to ${sender}${how}`);
  }
  if (flags & TcpFlag.Psh) sentences.push('PSH: hand it to the program without waiting for more');
  if (flags & TcpFlag.Urg) sentences.push(`URG: the bytes up to ${tcp.urgentPointer} from here are urgent`);
  if (flags & TcpFlag.Ece && !isSyn) sentences.push(`ECE: ${sender} was told of congestion on the way`);
  if (flags & TcpFlag.Cwr && !isSyn) sentences.push(`CWR: ${sender} has slowed down`);
  if (analysis !== null) sentences.push(...markSentences(analysis, sender, other));
  return sentences.filter((sentence) => sentence !== '');
}

function synOptions(tcp: TcpFacts, sender: string): string {
  const said: string[] = [];
  if (tcp.mss >= 0) said.push(`segments of up to ${tcp.mss} bytes of data (MSS)`);
  if (tcp.windowScale >= 0)
    said.push(`windows counted in units of ${1 << Math.min(14, tcp.windowScale)} bytes (window scale)`);
  if (tcp.sackPermitted) said.push('to be told which bytes beyond a gap have arrived (SACK)');
  if (tcp.timestampValue >= 0) said.push('timestamps');
  return said.length === 0 ? '' : `${sender} offers: ${said.join('; ')}`;
}

function acknowledges(tcp: TcpFacts, analysis: TcpAnalysis | null, sender: string, other: string): string {
  if (analysis === null) return `ACK: the next byte expected is number ${tcp.acknowledgment}`;
  const next = analysis.relativeAcknowledgment;
  const rtt =
    analysis.roundTripNs >= 0 ? `, ${formatDuration(analysis.roundTripNs)} after packet ${analysis.acknowledges}` : '';
  const fin = analysis.acknowledgesFin;
  const bytes = fin ? next - 2 : next - 1;
  const sequenced = bytes > 0 ? `all bytes of ${other} up to ${bytes}${fin ? ' and its FIN' : ''}` : '';
  const got = sequenced || `${other}'s ${fin ? 'FIN' : 'SYN'}`;
  let text = `ACK: ${sender} has got ${got}${fin ? '' : ` and expects byte ${next}`}${rtt}`;
  for (let i = 0; i + 1 < tcp.sack.length; i += 2) {
    const left = (tcp.sack[i]! - analysis.acknowledgmentBase) >>> 0;
    const right = (tcp.sack[i + 1]! - analysis.acknowledgmentBase) >>> 0;
    text += `${i === 0 ? '; beyond a gap it has' : ' and'} ${left} to ${right - 1}`;
  }
  return text;
}

function markSentences(analysis: TcpAnalysis, sender: string, other: string): string[] {
  const { marks } = analysis;
  const said: string[] = [];
  const say = (mark: number, text: string): void => {
    if (marks & mark) said.push(text);
  };
  say(TcpMark.Retransmission, `a retransmission: these bytes were sent before and not acknowledged in time`);
  say(
    TcpMark.FastRetransmission,
    `a fast retransmission: duplicate ACKs of ${other} told that these bytes are missing`,
  );
  say(TcpMark.SpuriousRetransmission, `a needless retransmission: ${other} had acknowledged these bytes already`);
  say(TcpMark.OutOfOrder, 'out of order: bytes behind these were seen before them');
  say(TcpMark.PreviousSegmentLost, `bytes before these are missing in this capture`);
  say(TcpMark.AckedUnseen, 'it acknowledges bytes that this capture has not seen');
  say(
    TcpMark.DuplicateAck,
    `a duplicate ACK: ${sender} repeats what it said in packet ${analysis.duplicateOf}, for something beyond a gap has come`,
  );
  say(TcpMark.WindowUpdate, `only the window has changed`);
  say(TcpMark.WindowFull, `with this the window of ${other} is full: ${sender} has to wait`);
  say(TcpMark.ZeroWindow, `${sender} has no room left: ${other} has to stop`);
  say(TcpMark.PortsReused, 'the same ports were used by an earlier connection');
  return said;
}
