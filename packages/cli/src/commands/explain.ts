import { readFileSync } from 'node:fs';
import type { CaptureFile } from '@netarium/stack/inspect/capture-file';
import { readCapture } from '@netarium/stack/inspect/capture-reader';
import { Analysis } from '@netarium/stack/inspect/conversations';
import { dissect } from '@netarium/stack/inspect/dissect';
import { explainCapture, explainPacket, Names } from '@netarium/stack/inspect/explain';
import { CommandError, ExitCode } from '../exit.ts';
import { posixText } from '../load.ts';
import { terminalStyle, terminalWidth } from '../style.ts';

export interface ExplainCommandOptions {
  packet?: string;
}

/** `netarium explain FILE`: what happened in a capture, in words; with `--packet N`, one packet layer by layer. */
export function explainCommand(path: string, options: ExplainCommandOptions): number {
  const file = read(path);
  for (const problem of file.problems) process.stderr.write(`${path}: ${problem}\n`);
  if (file.packets.length === 0 && file.problems.length > 0) return ExitCode.BadInput;
  const text =
    options.packet === undefined
      ? explainCapture(file, { width: terminalWidth(), style: terminalStyle })
      : onePacket(file, options.packet);
  process.stdout.write(`${text}\n`);
  return ExitCode.Ok;
}

function read(path: string): CaptureFile {
  try {
    return readCapture(readFileSync(path));
  } catch (error) {
    throw new CommandError(`${path}: ${posixText(error)}`, ExitCode.Failed);
  }
}

function onePacket(file: CaptureFile, wanted: string): string {
  const number = Number(wanted);
  if (!Number.isInteger(number) || number < 1 || number > file.packets.length) {
    throw new CommandError(
      `--packet ${wanted}: the capture has packets 1 to ${file.packets.length}`,
      ExitCode.BadInput,
    );
  }
  // What came before says what it means: relative numbers, retransmissions.
  const analysis = new Analysis();
  const names = new Names(file.names);
  let lines: string[] = [];
  for (const packet of file.packets.slice(0, number)) {
    const fcs = file.interfaces[packet.interfaceIndex]?.fcsLength ?? 0;
    const dissection = dissect(packet.bytes, packet.linkType, {
      originalLength: packet.originalLength,
      fcsLength: Math.max(0, fcs),
    });
    const known = analysis.add(dissection, packet);
    if (packet.number === number) lines = [...explainPacket(dissection, known, names), ...packet.comments];
  }
  return lines.join('\n');
}
