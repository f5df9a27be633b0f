import type { TftpLimits } from './limits.ts';
import type { TftpOptions } from './packet.ts';

/** What both ends have agreed on. */
export interface TftpTerms {
  /** Bytes of a full block: RFC 2348, 8 to 65464. */
  readonly blockBytes: number;
  /** Blocks that are sent before one is waited for: RFC 7440, 1 to 65535. */
  readonly windowBlocks: number;
  /** Seconds until something is sent again (RFC 2349, 1 to 255); null: as each end likes. */
  readonly timeoutSeconds: number | null;
  /** The file's size, as whoever sends it said; null: nobody did. */
  readonly size: number | null;
}

export const PLAIN_TERMS: TftpTerms = { blockBytes: 512, windowBlocks: 1, timeoutSeconds: null, size: null };

/** A whole number from `least` to `most`, or null. */
function number(text: string | undefined, least: number, most: number): number | null {
  if (text === undefined || !/^[0-9]{1,15}$/.test(text)) return null;
  const value = Number(text);
  return value >= least && value <= most ? value : null;
}

/**
 * What a server answers to a request's options, and the terms that this makes. An option that is unknown, or whose
 * value is none, is left out, as if it had not been asked for (RFC 2347). `size`: of the file that is to be read;
 * null: the client writes, or it is not known.
 */
export function agree(
  asked: TftpOptions,
  limits: TftpLimits,
  reading: boolean,
  size: number | null,
): { terms: TftpTerms; answer: TftpOptions } {
  const answer = new Map<string, string>();
  const block = number(asked.get('blksize'), 8, 65_464);
  const blockBytes = block === null ? 512 : Math.min(block, limits.blockBytes);
  if (block !== null) answer.set('blksize', String(blockBytes));
  const timeoutSeconds = number(asked.get('timeout'), 1, 255);
  if (timeoutSeconds !== null) answer.set('timeout', String(timeoutSeconds));
  const told = number(asked.get('tsize'), 0, Number.MAX_SAFE_INTEGER);
  const whole = reading ? size : told;
  if (told !== null && whole !== null) answer.set('tsize', String(whole));
  const window = number(asked.get('windowsize'), 1, 65_535);
  const windowBlocks = window === null ? 1 : Math.min(window, limits.windowBlocks);
  if (window !== null) answer.set('windowsize', String(windowBlocks));
  return { terms: { blockBytes, windowBlocks, timeoutSeconds, size: whole }, answer };
}

/** The terms that a server's OACK makes; a text says why they cannot be had: it gives what was not asked for. */
export function accept(asked: TftpOptions, answer: TftpOptions): TftpTerms | string {
  for (const name of answer.keys()) if (!asked.has(name)) return `option ${name} was not asked for`;
  const most = (name: string) => Number(asked.get(name));
  const read = (name: string, least: number, largest: number, otherwise: number | null) => {
    if (!answer.has(name)) return otherwise;
    return number(answer.get(name), least, largest) ?? `${name} ${answer.get(name)} was not asked for`;
  };
  const blockBytes = read('blksize', 8, most('blksize'), 512);
  const windowBlocks = read('windowsize', 1, most('windowsize'), 1);
  const timeout = read('timeout', most('timeout'), most('timeout'), null);
  const size = read('tsize', 0, Number.MAX_SAFE_INTEGER, null);
  for (const value of [blockBytes, windowBlocks, timeout, size]) if (typeof value === 'string') return value;
  return {
    blockBytes: blockBytes as number,
    windowBlocks: windowBlocks as number,
    timeoutSeconds: timeout as number | null,
    size: size as number | null,
  };
}
