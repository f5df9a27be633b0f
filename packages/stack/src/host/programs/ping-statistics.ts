/** What `ping` counts, and how it tells it: in the words and digits of iputils. Times are whole microseconds. */
export class PingStatistics {
  transmitted = 0;
  received = 0;
  duplicates = 0;
  errors = 0;
  /** Most requests that were on their way at once. */
  private pipe = 0;
  private least = Infinity;
  private most = 0;
  private total = 0;
  private totalSquares = 0;
  private timed = 0;

  /** The longest time so far, microseconds. */
  get mostUs(): number {
    return this.most;
  }

  reply(sequence: number, tripUs: number | null, duplicate: boolean): void {
    if (duplicate) this.duplicates++;
    else this.received++;
    this.answered(sequence);
    if (tripUs === null) return;
    this.timed++;
    this.total += tripUs;
    this.totalSquares += tripUs * tripUs;
    this.least = Math.min(this.least, tripUs);
    this.most = Math.max(this.most, tripUs);
  }

  error(sequence: number): void {
    this.errors++;
    this.answered(sequence);
  }

  /** The last words, `elapsedMs` after the beginning. */
  summary(target: string, elapsedMs: number): string {
    const { transmitted, received, duplicates, errors } = this;
    const more = (duplicates > 0 ? `+${duplicates} duplicates, ` : '') + (errors > 0 ? `+${errors} errors, ` : '');
    const loss = transmitted === 0 ? '' : `${sixDigits(((transmitted - received) * 100) / transmitted)}% packet loss, `;
    let text = `\n--- ${target} ping statistics ---\n`;
    text += `${transmitted} packets transmitted, ${received} received, ${more}${loss}time ${elapsedMs}ms\n`;
    const parts: string[] = [];
    if (this.timed > 0) {
      const average = Math.floor(this.total / this.timed);
      // In this order no small time is lost to rounding.
      const variance = (this.totalSquares - Math.floor((this.total * this.total) / this.timed)) / this.timed;
      const deviation = Math.floor(Math.sqrt(Math.max(0, variance)));
      const times = [this.least, average, this.most, deviation].map(thousandths).join('/');
      parts.push(`rtt min/avg/max/mdev = ${times} ms`);
    }
    if (this.pipe > 1) parts.push(`pipe ${this.pipe}`);
    // As there: the line is empty where there is nothing to put on it.
    return transmitted === 0 ? text : `${text}${parts.join(', ')}\n`;
  }

  private answered(sequence: number): void {
    const waiting = ((this.transmitted - sequence) & 0xffff) + 1;
    if (waiting < 0x8000) this.pipe = Math.max(this.pipe, waiting);
  }
}

/** `0.412`, `4.12`, `41.2`, `412`: three digits that count. */
export function tripTime(us: number): string {
  if (us >= 99_950) return String(Math.floor((us + 500) / 1000));
  if (us >= 9_995) return (Math.floor((us + 50) / 100) / 10).toFixed(1);
  if (us >= 1_000) return (Math.floor((us + 5) / 10) / 100).toFixed(2);
  return thousandths(us);
}

function thousandths(us: number): string {
  return `${Math.floor(us / 1000)}.${String(us % 1000).padStart(3, '0')}`;
}

/** C's `%g`. */
function sixDigits(value: number): string {
  return String(Number(value.toPrecision(6)));
}
