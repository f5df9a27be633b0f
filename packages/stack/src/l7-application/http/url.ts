import { utf8Encode } from '../../base/utf8.ts';

/**
 * Web addresses (RFC 3986, RFC 9110 4.2), as far as HTTP needs them and as leniently as people type them:
 *
 *     http://alice:8080/docs/a%20b?q=1#top
 *     scheme  host port  path      query fragment (kept to oneself)
 */
export interface HttpUrl {
  readonly scheme: 'http' | 'https';
  /** A name or an address; an IPv6 address without its brackets. Lower case. */
  readonly host: string;
  readonly port: number;
  /** Path and query as they go on the request line: begins with `/`, holds visible ASCII only. */
  readonly target: string;
}

/** Why a text is no URL: a clause for people. */
export class UrlProblem {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** Longest URL that is looked at; browsers' order of size, and more than a server would take. */
const MAX_LENGTH = 8192;
const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** Reads what a person types: without a scheme it is http, without a path it is `/`. */
export function parseHttpUrl(text: string): HttpUrl | UrlProblem {
  const trimmed = text.trim();
  if (trimmed === '') return new UrlProblem('a URL is missing');
  if (trimmed.length > MAX_LENGTH) return new UrlProblem(`the URL is longer than ${MAX_LENGTH} characters`);
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(trimmed);
  const name = (scheme?.[1] ?? 'http').toLowerCase();
  if (name !== 'http' && name !== 'https') return new UrlProblem(`the scheme ${name} is not supported`);
  const rest = trimmed.slice(scheme === null ? 0 : scheme[0].length);
  const authorityEnd = rest.search(/[/?#\\]/);
  const authority = authorityEnd < 0 ? rest : rest.slice(0, authorityEnd);
  const place = parseAuthority(authority, DEFAULT_PORTS[name]);
  if (place instanceof UrlProblem) return place;
  return { scheme: name, ...place, target: normalTarget(authorityEnd < 0 ? '' : rest.slice(authorityEnd)) };
}

/**
 * Where a reference found at `base` leads (RFC 3986 5.2): a whole URL, `//host/path`, `/path`, `path`, `?query` or
 * nothing.
 */
export function resolveReference(base: HttpUrl, reference: string): HttpUrl | UrlProblem {
  const text = reference.trim();
  if (text.length > MAX_LENGTH) return new UrlProblem(`the URL is longer than ${MAX_LENGTH} characters`);
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(text)) {
    const absolute = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.test(text);
    return absolute ? parseHttpUrl(text) : new UrlProblem(`${text.slice(0, 40)} is not a web address`);
  }
  if (text.startsWith('//')) return parseHttpUrl(`${base.scheme}:${text}`);
  const [basePath, baseQuery] = splitQuery(base.target);
  const withoutFragment = text.replace(/#.*$/s, '');
  if (withoutFragment === '') return { ...base, target: baseQuery === null ? basePath : `${basePath}?${baseQuery}` };
  if (withoutFragment.startsWith('?')) return { ...base, target: normalTarget(basePath + withoutFragment) };
  if (withoutFragment.startsWith('/')) return { ...base, target: normalTarget(withoutFragment) };
  return { ...base, target: normalTarget(basePath.slice(0, basePath.lastIndexOf('/') + 1) + withoutFragment) };
}

/** The URL as text; the port only where it is not the scheme's own. */
export function formatUrl(url: HttpUrl): string {
  return `${url.scheme}://${hostHeader(url)}${url.target}`;
}

/** What goes into the Host field (RFC 9110 7.2). */
export function hostHeader(url: HttpUrl): string {
  const host = url.host.includes(':') ? `[${url.host}]` : url.host;
  return url.port === DEFAULT_PORTS[url.scheme] ? host : `${host}:${url.port}`;
}

/** `%41` as `A`; null where `%` is not followed by two hexadecimal digits. The result's characters are bytes. */
export function percentDecode(text: string): string | null {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return null;
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** A path's part, given as bytes (one character each), with all but letters, digits and `-._~` written as `%41`. */
export function percentEncode(part: string): string {
  return part.replace(/[^A-Za-z0-9._~-]/g, (character) => escapeByte(character.charCodeAt(0) & 255));
}

/** `/a/b?c` as `['/a/b', 'c']`; the query is null when there is none. */
export function splitQuery(target: string): [path: string, query: string | null] {
  const mark = target.indexOf('?');
  return mark < 0 ? [target, null] : [target.slice(0, mark), target.slice(mark + 1)];
}

/** RFC 3986 5.2.4: `.` and `..` taken out of a path, which never leads above `/`. */
export function removeDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  segments.forEach((segment, index) => {
    const last = index === segments.length - 1;
    if (segment === '.' || segment === '..') {
      if (segment === '..') kept.pop();
      if (last) kept.push('');
    } else {
      kept.push(segment);
    }
  });
  return `/${kept.join('/')}`;
}

function parseAuthority(text: string, defaultPort: number): { host: string; port: number } | UrlProblem {
  if (text.includes('@')) return new UrlProblem('a user name in a URL is not supported');
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._~%-]+))(?::([0-9]*))?$/.exec(text);
  if (match === null) return new UrlProblem(text === '' ? 'the URL has no host' : `${text.slice(0, 60)} is not a host`);
  const port = match[3] === undefined || match[3] === '' ? defaultPort : Number(match[3]);
  if (port < 1 || port > 65535) return new UrlProblem(`${match[3]} is not a port`);
  return { host: (match[1] ?? match[2]!).toLowerCase(), port };
}

/** Path and query for the request line: without the fragment, dots resolved, anything but visible ASCII escaped. */
function normalTarget(text: string): string {
  const [path, query] = splitQuery(text.replace(/#.*$/s, ''));
  const rooted = path.startsWith('/') ? path : path.startsWith('\\') ? `/${path.slice(1)}` : `/${path}`;
  const clean = removeDotSegments(escapeInvisible(rooted));
  return query === null ? clean : `${clean}?${escapeInvisible(query)}`;
}

/** Everything that may not stand on a request line, as UTF-8 in `%41` form. */
function escapeInvisible(text: string): string {
  return text.replace(/[^\x21-\x7e]|["<>\\^`{|}]/gu, (character) =>
    Array.from(utf8Encode(character), escapeByte).join(''),
  );
}

function escapeByte(byte: number): string {
  return `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`;
}
