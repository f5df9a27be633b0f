interface Work {
  /** Gives the program its result; null while there is none. */
  deliver: (() => void) | null;
}

/**
 * Work outside of the network whose results are handed over in the order in which it was asked for, whatever is
 * finished first: a run must not depend on how fast a disk is.
 */
export class OutsideWork {
  private readonly queue: Work[] = [];
  private readonly settled: () => void;

  /** `settled` is called whenever some work is finished: not yet delivered. */
  constructor(settled: () => void) {
    this.settled = settled;
  }

  get pending(): number {
    return this.queue.length;
  }

  /** The result of `work`, once it has been delivered. */
  add<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const entry: Work = { deliver: null };
      this.queue.push(entry);
      const finished = (deliver: () => void) => {
        entry.deliver = deliver;
        this.settled();
      };
      work.then(
        (value) => finished(() => resolve(value)),
        (error) => finished(() => reject(error)),
      );
    });
  }

  /** Hands over the first result if it is there. */
  deliverNext(): boolean {
    const deliver = this.queue[0]?.deliver;
    if (deliver == null) return false;
    this.queue.shift();
    deliver();
    return true;
  }

  /** Hands over all results that are there and have nothing unfinished before them. */
  deliverSettled(): void {
    while (this.deliverNext());
  }
}
