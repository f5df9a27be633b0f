import { type MailAddress, parseMailAddress } from '../mail/address.ts';

/**
 * Command lines of SMTP (RFC 5321 4.1):
 *
 *     EHLO client.example
 *     MAIL FROM:<alice@lab.example> SIZE=1234 BODY=8BITMIME
 *     RCPT TO:<bob@far.example>
 */
export interface SmtpCommand {
  /** In upper case. */
  readonly verb: string;
  /** What follows the verb, blanks around it taken away. */
  readonly rest: string;
}

export interface PathArgument {
  /** Null for `<>`: nobody. */
  readonly address: MailAddress | null;
  /** `SIZE=1234` is `['SIZE', '1234']`, names in upper case; a name alone has ''. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** RFC 5321 4.5.3.1.3: bytes of a path, its brackets included. */
const PATH_BYTES = 256;
const PARAMETER = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~]+))?$/;

export function parseCommand(line: string): SmtpCommand {
  const trimmed = line.trimEnd();
  const blank = trimmed.search(/[ \t]/);
  if (blank < 0) return { verb: trimmed.toUpperCase(), rest: '' };
  return { verb: trimmed.slice(0, blank).toUpperCase(), rest: trimmed.slice(blank).trim() };
}

/** What follows `MAIL` (keyword `FROM`) or `RCPT` (`TO`); null: it is not to be understood. */
export function parsePathArgument(rest: string, keyword: 'FROM' | 'TO'): PathArgument | null {
  if (rest.slice(0, keyword.length + 1).toUpperCase() !== `${keyword}:`) return null;
  // A blank after the colon is wrong, frequent, and harmless.
  const text = rest.slice(keyword.length + 1).trimStart();
  const end = pathEnd(text);
  if (end < 0 || end > PATH_BYTES) return null;
  const parameters = new Map<string, string>();
  for (const word of text.slice(end).split(/[ \t]+/)) {
    if (word === '') continue;
    const found = PARAMETER.exec(word);
    if (found === null) return null;
    parameters.set(found[1]!.toUpperCase(), found[2] ?? '');
  }
  if (text[end] !== undefined && text[end] !== ' ' && text[end] !== '\t') return null;
  const path = text.slice(1, end - 1);
  if (path === '') return keyword === 'FROM' ? { address: null, parameters } : null;
  // `<@relay.example,@other.example:bob@far.example>`: the way is taken, and not gone (RFC 5321 appendix C).
  const route = /^@[^:"]*:/.exec(path);
  const address = parseMailAddress(route === null ? path : path.slice(route[0].length));
  return address === null ? null : { address, parameters };
}

/** Where the path that begins `text` with `<` ends, its `>` included; a quoted part may have a `>` of its own. */
function pathEnd(text: string): number {
  if (text[0] !== '<') return -1;
  let quoted = false;
  for (let i = 1; i < text.length; i++) {
    const sign = text[i];
    if (quoted && sign === '\\') i++;
    else if (sign === '"') quoted = !quoted;
    else if (sign === '>' && !quoted) return i + 1;
  }
  return -1;
}
