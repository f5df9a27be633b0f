/**
 * How the session layer tells whoever runs time that a program has work to do.
 *
 * In virtual time the next event must not run before a program that was woken has come to rest again. A program is
 * woken only here: each time a promise of a socket call is settled by an event, `woken()` is called. The network's
 * scheduler implements this; `NO_WAKEUPS` is for those who drive time themselves.
 */
export interface Wakeups {
  /** A program was woken: no further event runs before it rests. */
  woken(): void;
  /** Time stands still until the matching `release()`: something outside of the network is being waited for. */
  hold(): void;
  release(): void;
}

/** Nobody waits for programs. */
export const NO_WAKEUPS: Wakeups = { woken() {}, hold() {}, release() {} };
