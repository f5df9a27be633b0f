import type { Platform } from '@netarium/stack/network/platform';

/**
 * What a program may have under way that calls back by itself, as `process.getActiveResourcesInfo()` names it.
 * Listening sockets, terminals and timers are not among them: they may stay silent for ever, and real time does not
 * exist for code on a virtual network. Jobs of `zlib` and `crypto` do not show there: hold the scheduler for those
 * (`network.external(promise)`).
 */
const CALLS_BACK = new Set([
  'Immediate',
  'FSReqCallback',
  'FSReqPromise',
  'GetAddrInfoReqWrap',
  'GetNameInfoReqWrap',
  'QueryReqWrap',
]);

/** Node, as a platform for the stack: quiescence by immediates and active requests, `hrtime`, timers. */
export const nodePlatform: Platform = {
  quiescent: () => new Promise((resolve) => setImmediate(checkQuiescent, resolve)),
  realTimeNs: () => Number(process.hrtime.bigint()),
  wait: (ns, callback) => {
    const timer = setTimeout(callback, ns / 1e6);
    return () => clearTimeout(timer);
  },
};

/**
 * Runs as an immediate: every microtask and next-tick callback of before has run. What the program itself queued on
 * the event loop shows among the active resources; while there is any, it gets another turn.
 */
function checkQuiescent(resolve: () => void): void {
  for (const resource of process.getActiveResourcesInfo()) {
    if (CALLS_BACK.has(resource)) {
      setImmediate(checkQuiescent, resolve);
      return;
    }
  }
  resolve();
}
