/** What the command's exit code says. */
export const ExitCode = {
  Ok: 0,
  /** Something failed while it ran: a refused connection, an unwritable file. */
  Failed: 1,
  /** What was asked for makes no sense: a broken scenario, an unknown option. */
  BadInput: 2,
  /** A program was ended by Ctrl-C: 128 + SIGINT. */
  Interrupted: 130,
  /** `sysexits.h`: an internal error. */
  Bug: 70,
} as const;

/** Ends the command with a message for people on stderr; `named`: it begins with `netarium: `. */
export class CommandError extends Error {
  readonly exitCode: number;
  readonly named: boolean;

  constructor(message: string, exitCode: number = ExitCode.Failed, named = true) {
    super(message);
    this.exitCode = exitCode;
    this.named = named;
  }
}
