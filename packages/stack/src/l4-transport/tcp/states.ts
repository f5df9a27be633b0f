/**
 * The eleven states of a connection (RFC 9293 3.3.2) and the moves between them, as a table: code asserts each move
 * against it, and the diagram of the documentation is drawn from it. The numbers are Linux's (`tcp_info.tcpi_state`).
 */
export const TcpState = {
  Established: 1,
  SynSent: 2,
  SynReceived: 3,
  FinWait1: 4,
  FinWait2: 5,
  TimeWait: 6,
  Closed: 7,
  CloseWait: 8,
  LastAck: 9,
  Listen: 10,
  Closing: 11,
} as const;
export type TcpState = (typeof TcpState)[keyof typeof TcpState];

const NAMES = [
  '',
  'ESTABLISHED',
  'SYN-SENT',
  'SYN-RECEIVED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'TIME-WAIT',
  'CLOSED',
  'CLOSE-WAIT',
  'LAST-ACK',
  'LISTEN',
  'CLOSING',
];

/** The state's name as in RFC 9293: `SYN-SENT`. */
export function stateName(state: number): string {
  return NAMES[state] ?? 'UNKNOWN';
}

const S = TcpState;

/** Every move that there is, and on what: figure 5 of RFC 9293, completed by what its text adds. */
export const transitions: readonly (readonly [from: TcpState, to: TcpState, on: string])[] = [
  [S.Closed, S.Listen, 'passive OPEN'],
  [S.Closed, S.SynSent, 'active OPEN: SYN sent'],
  [S.Closed, S.SynReceived, 'a SYN came to a listener: SYN+ACK sent'],
  [S.Listen, S.Closed, 'CLOSE'],
  [S.SynSent, S.Established, 'SYN+ACK came: ACK sent'],
  [S.SynSent, S.SynReceived, 'SYN came (simultaneous open): SYN+ACK sent'],
  [S.SynSent, S.Closed, 'CLOSE, RST or time-out'],
  [S.SynReceived, S.Established, 'ACK of SYN came'],
  [S.SynReceived, S.FinWait1, 'CLOSE: FIN sent'],
  [S.SynReceived, S.Closed, 'ABORT, RST or time-out'],
  [S.Established, S.FinWait1, 'CLOSE: FIN sent'],
  [S.Established, S.CloseWait, 'FIN came: ACK sent'],
  [S.Established, S.Closed, 'ABORT, RST or time-out'],
  [S.FinWait1, S.FinWait2, 'ACK of FIN came'],
  [S.FinWait1, S.Closing, 'FIN came (simultaneous close): ACK sent'],
  [S.FinWait1, S.TimeWait, 'FIN and ACK of FIN came: ACK sent'],
  [S.FinWait1, S.Closed, 'ABORT, RST or time-out'],
  [S.FinWait2, S.TimeWait, 'FIN came: ACK sent'],
  [S.FinWait2, S.Closed, 'ABORT, RST or time-out'],
  [S.CloseWait, S.LastAck, 'CLOSE: FIN sent'],
  [S.CloseWait, S.Closed, 'ABORT, RST or time-out'],
  [S.Closing, S.TimeWait, 'ACK of FIN came'],
  [S.Closing, S.Closed, 'ABORT, RST or time-out'],
  [S.LastAck, S.Closed, 'ACK of FIN came'],
  [S.TimeWait, S.Closed, '2 MSL are over'],
];

/** By state, a bit for each state that may follow. */
const allowed = new Uint16Array(12);
for (const [from, to] of transitions) allowed[from]! |= 1 << to;

export function mayGo(from: number, to: number): boolean {
  return ((allowed[from] ?? 0) & (1 << to)) !== 0;
}

/** States as sets of bits: `stateIn(state, SYNCHRONIZED)` is one shift and one test. */
export function stateIn(state: number, set: number): boolean {
  return ((1 << state) & set) !== 0;
}

/** The program may still give data to send. */
export const CAN_SEND = (1 << S.Established) | (1 << S.CloseWait);

/** Data of the peer may still come. */
export const CAN_RECEIVE = (1 << S.Established) | (1 << S.FinWait1) | (1 << S.FinWait2);

/** Data and FIN that are queued may be transmitted: also the states after CLOSE, until the FIN is acknowledged. */
export const MAY_TRANSMIT =
  (1 << S.Established) | (1 << S.CloseWait) | (1 << S.FinWait1) | (1 << S.Closing) | (1 << S.LastAck);

/** Our FIN is queued or sent. */
export const FIN_QUEUED =
  (1 << S.FinWait1) | (1 << S.FinWait2) | (1 << S.Closing) | (1 << S.LastAck) | (1 << S.TimeWait);

/** The peer's FIN has come. */
export const FIN_RECEIVED = (1 << S.CloseWait) | (1 << S.LastAck) | (1 << S.Closing) | (1 << S.TimeWait);
