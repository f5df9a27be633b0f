/** Where a program's bytes come from. */
export interface ByteInput {
  /** The next bytes, null at the end. */
  read(): Promise<Uint8Array | null>;
  /** Somebody types there: nobody waits for more when it could not be used. Left out: no. */
  readonly terminal?: boolean;
}

/** Where a program's bytes go. */
export interface ByteOutput {
  write(bytes: Uint8Array): void;
}

/** A program's three streams; those that are absent are empty, or lead nowhere. */
export interface ProcessStreams {
  stdin?: ByteInput;
  stdout?: ByteOutput;
  stderr?: ByteOutput;
}

export const emptyInput: ByteInput = { read: () => Promise.resolve(null) };
export const nowhere: ByteOutput = { write() {} };
