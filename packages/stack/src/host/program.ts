import type { Process } from './process.ts';

/** A program that every host has: what one types after the prompt. */
export interface Program {
  readonly name: string;
  /** One line for the list of programs. */
  readonly summary: string;
  /** What `--help` prints. */
  readonly usage: string;
  /** Runs it; the value is the exit code. What it throws is printed to stderr in POSIX words, and the code is 1. */
  main(process: Process): Promise<number>;
}

/** Where a program's bytes come from. */
export interface ByteInput {
  /** The next bytes, null at the end. */
  read(): Promise<Uint8Array | null>;
}

/** Where a program's bytes go. */
export interface ByteOutput {
  write(bytes: Uint8Array): void;
}

export interface ProcessStreams {
  stdin?: ByteInput;
  stdout?: ByteOutput;
  stderr?: ByteOutput;
}

/** Wrong use of a program: its message and a hint at `--help` go to stderr, and the exit code is 2. */
export class UsageError extends Error {}

export const emptyInput: ByteInput = { read: () => Promise.resolve(null) };
export const nowhere: ByteOutput = { write() {} };
