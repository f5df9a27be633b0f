/**
 * The few things that the stack cannot know by itself, handed in by whoever runs it: `@netarium/node` has one for Node,
 * the lab has one for a browser's worker. Runs that are driven by callbacks alone (`Network.runSync`) need none.
 */
export interface Platform {
  /**
   * Resolves when application code has come to rest: every promise reaction has run, and nothing that the program
   * started on this platform and that will call back by itself (reading a file, an immediate) is under way.
   */
  quiescent(): Promise<void>;
  /** The real clock, monotonic, in nanoseconds from any origin. */
  realTimeNs(): number;
  /**
   * Calls back after about this long in real time, or earlier; returns what takes it back. Infinity: something from outside
   * is waited for, and meanwhile the platform must not take the program for ended.
   */
  wait(ns: number, callback: () => void): () => void;
}
