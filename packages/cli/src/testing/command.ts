import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The built command: `npm test` builds before it tests. */
export const COMMAND = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
export const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
export const CAMPUS = 'examples/campus.yaml';

export interface Outcome {
  /** The exit code, or the signal's name. */
  code: number | string;
  out: string;
  err: string;
}

/** A command that runs, as seen from its terminal. */
export class Running {
  out = '';
  err = '';
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Outcome>;
  private readonly watchers = new Set<() => void>();

  constructor(args: readonly string[]) {
    if (!existsSync(COMMAND)) throw new Error('packages/cli is not built: npm run build');
    this.child = spawn(process.execPath, [COMMAND, ...args], { cwd: ROOT });
    const listen = (stream: NodeJS.ReadableStream, take: (text: string) => void) =>
      stream.setEncoding('utf8').on('data', (text: string) => {
        take(text);
        for (const look of this.watchers) look();
      });
    listen(this.child.stdout, (text) => (this.out += text));
    listen(this.child.stderr, (text) => (this.err += text));
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        resolve({ code: code ?? signal ?? '?', out: this.out, err: this.err });
        for (const look of this.watchers) look();
      });
    });
    this.child.stdin.on('error', () => {}); // it need not read
  }

  /** Resolves when its output (both streams) matches; or when it has ended. */
  until(pattern: RegExp): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!pattern.test(this.out + this.err) && this.child.exitCode === null && this.child.signalCode === null)
          return;
        this.watchers.delete(look);
        resolve();
      };
      this.watchers.add(look);
      look();
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

/** Runs `netarium ARGS` to its end; its input is `input`. */
export function netarium(args: readonly string[], input = ''): Promise<Outcome> {
  const running = new Running(args);
  running.child.stdin.end(input);
  return running.ended;
}

/** A folder for scenarios and captures. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'netarium-cli-'));

  file(name: string, content?: string | Uint8Array): string {
    const path = join(this.path, name);
    if (content !== undefined) writeFileSync(path, content);
    return path;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
