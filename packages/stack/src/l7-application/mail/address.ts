import { IpAddress } from '../../base/ip-address.ts';

/**
 * Addresses of mailboxes (RFC 5321 4.1.2):
 *
 *     user@host.example    "any thing"@host.example    user@[10.0.0.1]    user@[IPv6:2001:db8::1]
 */
export interface MailAddress {
  /** As it was written, without quotes. */
  readonly local: string;
  /** Lower case; '' where none was written; `[10.0.0.1]` for a literal. */
  readonly domain: string;
}

/** RFC 5321 4.5.3.1: bytes that everybody takes; more are refused. */
const LOCAL_BYTES = 64;
const DOMAIN_BYTES = 255;

const DOT_STRING = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\x80-\xff]+(\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\x80-\xff]+)*$/;
const DOMAIN = /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$/;

/** Reads `local@domain`, or `local` alone; null: that is none. */
export function parseMailAddress(text: string): MailAddress | null {
  let local: string;
  let rest: string;
  if (text.startsWith('"')) {
    const end = quotedEnd(text);
    if (end < 0) return null;
    local = text.slice(1, end).replace(/\\(.)/g, '$1');
    rest = text.slice(end + 1);
  } else {
    const at = text.indexOf('@');
    local = at < 0 ? text : text.slice(0, at);
    rest = at < 0 ? '' : text.slice(at);
    if (local.length > LOCAL_BYTES || !DOT_STRING.test(local)) return null;
  }
  if (local.length > LOCAL_BYTES) return null;
  if (rest === '') return { local, domain: '' };
  const domain = rest.startsWith('@') ? parseMailDomain(rest.slice(1)) : null;
  return domain === null ? null : { local, domain };
}

/** A domain or an address literal, in lower case; null: neither. */
export function parseMailDomain(text: string): string | null {
  if (text.length === 0 || text.length > DOMAIN_BYTES) return null;
  if (!text.startsWith('[')) return DOMAIN.test(text) ? text.toLowerCase() : null;
  if (!text.endsWith(']')) return null;
  const literal = text.slice(1, -1);
  const is6 = /^ipv6:/i.test(literal);
  const address = IpAddress.parse(is6 ? literal.slice(5) : literal);
  if (address === null || (address.family === 6) !== is6) return null;
  return `[${is6 ? 'ipv6:' : ''}${address}]`;
}

/** The address in an address literal; null: the domain is a name. */
export function literalAddress(domain: string): IpAddress | null {
  return domain.startsWith('[') ? IpAddress.parse(domain.slice(1, -1).replace(/^ipv6:/i, '')) : null;
}

export function formatMailAddress({ local, domain }: MailAddress): string {
  const written = DOT_STRING.test(local) ? local : `"${local.replace(/["\\]/g, '\\$&')}"`;
  return domain === '' ? written : `${written}@${domain}`;
}

/** Where the quoted string that begins `text` ends; -1: nowhere, or it has what must not be in it. */
function quotedEnd(text: string): number {
  for (let i = 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || code === 127) return -1;
    if (text[i] === '\\') {
      if (text.charCodeAt(++i) < 32) return -1;
    } else if (text[i] === '"') {
      return i;
    }
  }
  return -1;
}
