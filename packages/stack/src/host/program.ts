/** What somebody who writes a program needs. */
export { type Process, type Program, type Signal, UsageError } from './process.ts';
export type { ByteInput, ByteOutput, ProcessStreams } from './streams.ts';
