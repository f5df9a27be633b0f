/** States of an interface (RFC 2328 9.1). */
export const InterfaceState = {
  Down: 0,
  Loopback: 1,
  /** Listening who is the designated router already. */
  Waiting: 2,
  PointToPoint: 3,
  DrOther: 4,
  Backup: 5,
  Designated: 6,
} as const;
export type InterfaceState = (typeof InterfaceState)[keyof typeof InterfaceState];

export const INTERFACE_STATE_NAMES = [
  'Down',
  'Loopback',
  'Waiting',
  'Point-To-Point',
  'DROther',
  'Backup',
  'DR',
] as const;

/** States of a conversation (RFC 2328 10.1), in order. */
export const NeighbourState = {
  Down: 0,
  /** It was heard. */
  Init: 1,
  /** It hears us as well. */
  TwoWay: 2,
  /** Who leads, and from which sequence number on. */
  ExStart: 3,
  /** Both tell what they have. */
  Exchange: 4,
  /** Asking for what the other one has that is newer. */
  Loading: 5,
  /** Both have the same. */
  Full: 6,
} as const;
export type NeighbourState = (typeof NeighbourState)[keyof typeof NeighbourState];

export const NEIGHBOUR_STATE_NAMES = ['Down', 'Init', '2-Way', 'ExStart', 'Exchange', 'Loading', 'Full'] as const;
