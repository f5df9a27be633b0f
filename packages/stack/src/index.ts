/**
 * @netarium/stack: a whole network, every OSI layer, with real bytes on every wire.
 *
 * What most programs need stands here; everything else is a module of its own (`@netarium/stack/base/checksum`).
 */

export { type Clock, MICROSECOND, MILLISECOND, SECOND, type Task, Timer, type TimerHandle } from './base/clock.ts';
export { Drop, type DropReason, type DropReasonName, type DropReasonText, dropReasons } from './base/drop-reasons.ts';
export { Errno, type ErrnoName, errnoName, errnoText, NetError } from './base/errors.ts';
export { EventQueue } from './base/event-queue.ts';
export { IpAddress } from './base/ip-address.ts';
export { LIMITS, type Limits } from './base/limits.ts';
export type { LinkDevice, LinkEnd } from './base/link.ts';
export { MacAddress } from './base/mac-address.ts';
export { NodeContext } from './base/node-context.ts';
export { Checksum, PacketBuffer, PacketPool } from './base/packet-buffer.ts';
export { Prefix } from './base/prefix.ts';
export { Random } from './base/random.ts';
export { Direction, type FrameTap, type TraceSink, What } from './base/trace.ts';
export {
  formatDuration,
  formatRate,
  formatSize,
  parseDuration,
  parseRate,
  parseRatio,
  parseSize,
} from './base/units.ts';
