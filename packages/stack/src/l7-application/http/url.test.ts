import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatUrl,
  hostHeader,
  parseHttpUrl,
  percentDecode,
  percentEncode,
  resolveReference,
  UrlProblem,
} from './url.ts';

function parsed(text: string): string {
  const url = parseHttpUrl(text);
  return url instanceof UrlProblem ? url.reason : `${url.scheme} ${url.host} ${url.port} ${url.target}`;
}

describe('URLs', () => {
  it.each([
    ['http://alice', 'http alice 80 /'],
    ['http://Alice:8080/a/b?c=d#e', 'http alice 8080 /a/b?c=d'],
    ['https://10.0.0.1/', 'https 10.0.0.1 443 /'],
    ['alice', 'http alice 80 /'],
    ['alice:8080', 'http alice 8080 /'],
    ['alice/x', 'http alice 80 /x'],
    ['  http://alice/ ', 'http alice 80 /'],
    ['http://alice?q', 'http alice 80 /?q'],
    ['http://alice#top', 'http alice 80 /'],
    ['http://alice:/x', 'http alice 80 /x'],
    ['http://[2001:DB8::1]:81/x', 'http 2001:db8::1 81 /x'],
    ['http://alice/a/./b/../c', 'http alice 80 /a/c'],
    ['http://alice/../../etc', 'http alice 80 /etc'],
    ['http://alice/a b"<é€', 'http alice 80 /a%20b%22%3C%C3%A9%E2%82%AC'],
    ['http://alice/%41%zz', 'http alice 80 /%41%zz'],
    ['', 'a URL is missing'],
    ['http://', 'the URL has no host'],
    ['ftp://alice', 'the scheme ftp is not supported'],
    ['http://user@alice/', 'a user name in a URL is not supported'],
    ['http://alice:99999/', '99999 is not a port'],
    ['http://alice:0/', '0 is not a port'],
    ['http://al ice/', 'al ice is not a host'],
    ['http://alice\r\nX: y/', 'alice\r\nX: y is not a host'],
    [`http://alice/${'x'.repeat(9000)}`, 'the URL is longer than 8192 characters'],
  ])('%j', (text, expected) => {
    expect(parsed(text)).toBe(expected);
  });

  it('are total: any text is a URL whose target can stand on a request line, or a problem', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string().map((text) => `http://a/${text}`),
        ),
        (text) => {
          const url = parseHttpUrl(text);
          if (url instanceof UrlProblem) return;
          expect(url.target).toMatch(/^\/[\x21-\x7e]*$/);
          expect(hostHeader(url)).toMatch(/^[\x21-\x7e]+$/);
          expect(parseHttpUrl(formatUrl(url))).toEqual(url);
        },
      ),
    );
  });

  it.each([
    ['http://other/x', 'http://other/x'],
    ['//other:81/x', 'http://other:81/x'],
    ['/x?y', 'http://alice/x?y'],
    ['x', 'http://alice/a/x'],
    ['../x', 'http://alice/x'],
    ['../../../x', 'http://alice/x'],
    ['.', 'http://alice/a/'],
    ['?z', 'http://alice/a/b?z'],
    ['', 'http://alice/a/b?c'],
    ['#f', 'http://alice/a/b?c'],
    ['./x/../y/', 'http://alice/a/y/'],
  ])('%j leads from http://alice/a/b?c to %s', (reference, expected) => {
    const base = parseHttpUrl('http://alice/a/b?c');
    const there = base instanceof UrlProblem ? base : resolveReference(base, reference);
    expect(there instanceof UrlProblem ? there.reason : formatUrl(there)).toBe(expected);
  });

  it('do not lead out of the web', () => {
    const base = parseHttpUrl('http://alice/');
    if (base instanceof UrlProblem) throw base;
    expect(resolveReference(base, 'javascript:alert(1)')).toBeInstanceOf(UrlProblem);
    expect(resolveReference(base, 'file:///etc/passwd')).toBeInstanceOf(UrlProblem);
  });

  it('escape and unescape bytes', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const latin = text.replace(/[^\0-\xff]/g, '');
        expect(percentDecode(percentEncode(latin))).toBe(latin);
      }),
    );
    expect(percentDecode('%4')).toBe(null);
    expect(percentDecode('%')).toBe(null);
    expect(percentDecode('%gg')).toBe(null);
  });
});
