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
export { type FileStat, type Files, resolvePath } from './host/files.ts';
export { Host } from './host/host.ts';
export { Process, type Signal } from './host/process.ts';
export { type ByteInput, type ByteOutput, type ProcessStreams, type Program, UsageError } from './host/program.ts';
export { Capture } from './inspect/capture.ts';
export { Cable } from './l1-physical/cable.ts';
export { Hub } from './l1-physical/hub.ts';
export { Nic } from './l2-link/nic.ts';
export { Switch } from './l2-link/switch.ts';
export * from './l5-session/constants.ts';
export { NameError } from './l5-session/names.ts';
export { Socket } from './l5-session/socket.ts';
export { SocketApi } from './l5-session/sockets.ts';
export { captureAtOrigin, captureEveryHop, captureInterface } from './network/captures.ts';
export type {
  FaultDescription,
  HostDescription,
  HubDescription,
  InterfaceDescription,
  LinkDescription,
  NetworkDescription,
  NodeDescription,
  RouteDescription,
  RouterDescription,
  ServiceDescription,
  SwitchDescription,
} from './network/description.ts';
export { BuildError, Network, type NetworkNode, type NetworkOptions, type RunOptions } from './network/network.ts';
export type { Platform } from './network/platform.ts';
export { type Pace, type RunEnd, Scheduler } from './network/scheduler.ts';
