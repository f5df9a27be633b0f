import { closeSync, openSync, writeSync } from 'node:fs';
import type { Capture } from '@netarium/stack/inspect/capture';
import { posixText } from './load.ts';

/** Bytes that may wait in memory before they go to the disk. */
const FLUSH_BYTES = 1 << 20;

/**
 * A capture on its way to a file. A file that cannot be written is told once and fails the command at its end; the
 * network goes on.
 */
export class CaptureFile {
  failed = false;
  readonly path: string;
  private closed = false;
  private readonly capture: Capture;
  private readonly complain: (text: string) => void;
  private descriptor = -1;

  constructor(path: string, capture: Capture, complain: (text: string) => void) {
    this.path = path;
    this.capture = capture;
    this.complain = complain;
    this.attempt(() => {
      this.descriptor = openSync(path, 'w');
    });
  }

  /** Writes what has come together; cheap when there is little. */
  flush(force = false): void {
    if (!force && this.capture.pendingBytes < FLUSH_BYTES) return;
    const bytes = this.capture.take();
    if (this.descriptor < 0) return;
    this.attempt(() => {
      for (let offset = 0; offset < bytes.length; ) offset += writeSync(this.descriptor, bytes, offset);
    });
  }

  /** Writes the rest; a second time it does nothing. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.capture.finish();
    this.flush(true);
    if (this.descriptor >= 0) closeSync(this.descriptor);
    this.descriptor = -1;
  }

  private attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (this.descriptor >= 0) closeSync(this.descriptor);
      this.descriptor = -1;
      if (!this.failed)
        this.complain(`netarium: cannot write ${this.path}: ${posixText(error)}; going on without it\n`);
      this.failed = true;
    }
  }
}
