import type { Platform } from '@netarium/stack/network/platform';

/**
 * What a program may have under way that calls back by itself, besides immediates, as
 * `process.getActiveResourcesInfo()` names it.
 *
 * Not among them: listening sockets, terminals and timers, which may stay silent for ever (real time does not exist for
 * code on a virtual network), and what that list does not show: jobs of `zlib`, `crypto` and `WebAssembly`, child
 * processes, other threads, requests to the real network. Network time does not wait for those by itself; it does
 * inside `network.external(promise)`.
 */
const CALLS_BACK: ReadonlySet<string> = new Set([
  'FSReqCallback',
  'FSReqPromise',
  'CloseReq',
  'GetAddrInfoReqWrap',
  'GetNameInfoReqWrap',
  'QueryReqWrap',
]);

/** The longest that `setTimeout` can wait; whoever waits for longer is called early and waits again. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Node, as a platform for the stack: quiescence by immediates and active requests, `hrtime`, timers. */
export const nodePlatform: Platform = {
  quiescent: () => new Promise(checkLater),
  realTimeNs: () => Number(process.hrtime.bigint()),
  wait: (ns, callback) => {
    const timer = setTimeout(callback, Math.min(ns / 1e6, MAX_TIMEOUT_MS));
    return () => clearTimeout(timer);
  },
};

/** Immediates that are checks themselves: of this network, and of others that run in the same process. */
let checksPending = 0;

function checkLater(resolve: () => void): void {
  checksPending++;
  setImmediate(check, resolve);
}

/**
 * Runs as an immediate: every microtask and next-tick callback of before has run. What the program itself queued on
 * the event loop shows among the active resources; while there is any, it gets another turn.
 */
function check(resolve: () => void): void {
  checksPending--;
  if (isQuiescent()) resolve();
  else checkLater(resolve);
}

function isQuiescent(): boolean {
  let immediates = 0;
  for (const resource of process.getActiveResourcesInfo()) {
    if (resource === 'Immediate') immediates++;
    else if (CALLS_BACK.has(resource)) return false;
  }
  return immediates <= checksPending;
}
