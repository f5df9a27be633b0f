import type { Limits } from '../base/limits.ts';

/**
 * SO_RCVBUF and SO_SNDBUF as on Linux: the kernel doubles what a program asks for, to have room for its own
 * bookkeeping, and tells the doubled value (socket(7)). Here a buffer holds the bytes that were asked for, and the
 * program is told twice that, so that it sees what it would see there.
 */
const LEAST_RECEIVE = 1152;
const LEAST_SEND = 2304;

export function receiveBufferFor(asked: number, limits: Limits): number {
  return Math.min(Math.max(asked < 0 ? limits.maxBufferBytes : asked, LEAST_RECEIVE), limits.maxBufferBytes);
}

export function sendBufferFor(asked: number, limits: Limits): number {
  return Math.min(Math.max(asked < 0 ? limits.maxBufferBytes : asked, LEAST_SEND), limits.maxBufferBytes);
}
