import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latin1Decode, latin1Encode } from '../../base/utf8.ts';
import { HTTP_LIMITS, type HttpLimits } from './limits.ts';
import { HttpHeaders } from './message.ts';
import { type HttpEvent, HttpParser } from './parser.ts';
import { writeChunk, writeLastChunk, writeRequest, writeResponse } from './writer.ts';

/** All that a parser makes of bytes, one line an event; data joined. */
function tell(parser: HttpParser, pieces: Iterable<Uint8Array>, finish = false): string[] {
  const lines: string[] = [];
  let body = '';
  const drain = () => {
    for (;;) {
      const event = parser.next();
      if (event.kind === 'data') {
        expect(event.bytes.length).toBeGreaterThan(0);
        body += latin1Decode(event.bytes);
        continue;
      }
      if (event.kind === 'more') return;
      if (body !== '') lines.push(`data ${body}`);
      body = '';
      lines.push(line(event));
      if (event.kind === 'problem' || event.kind === 'closed') return;
    }
  };
  for (const piece of pieces) {
    parser.push(piece.slice());
    drain();
  }
  if (finish) {
    parser.finish();
    drain();
  }
  if (body !== '') lines.push(`data ${body}`);
  return lines;
}

function line(event: HttpEvent): string {
  switch (event.kind) {
    case 'request': {
      const { method, target, minor, headers } = event.request;
      return `request ${method} ${target} 1.${minor} ${fields(headers)}`.trimEnd();
    }
    case 'response': {
      const { status, reason, minor, headers } = event.response;
      return `response ${status} ${reason} 1.${minor} ${fields(headers)}`.trimEnd();
    }
    case 'end':
      return `end ${fields(event.trailers)}`.trimEnd();
    case 'problem':
      return `${event.problem.status} ${event.problem.reason}`;
    default:
      return event.kind;
  }
}

function fields(headers: HttpHeaders): string {
  return [...headers].map(([name, value]) => `${name}=${value}`).join(' ');
}

function request(text: string, limits: Partial<HttpLimits> = {}, finish = false): string[] {
  return tell(new HttpParser('request', { ...HTTP_LIMITS, ...limits }), [latin1Encode(text)], finish);
}

function response(text: string, finish = true, method = 'GET'): string[] {
  const parser = new HttpParser('response');
  parser.answers(method);
  return tell(parser, [latin1Encode(text)], finish);
}

const HOST = 'Host: h\r\n';

describe('requests', () => {
  it('reads a GET', () => {
    expect(request('GET /a?b=c HTTP/1.1\r\nHost: web\r\nAccept:text/html , */* \t\r\n\r\n')).toEqual([
      'request GET /a?b=c 1.1 Host=web Accept=text/html , */*',
      'end',
    ]);
  });

  it('reads pipelined requests in order, bodies and all', () => {
    expect(
      request(
        `POST /1 HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello` +
          `POST /2 HTTP/1.1\r\n${HOST}Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\nA;x="y"\r\n0123456789\r\n0\r\nSum: 13\r\n\r\n` +
          'GET /3 HTTP/1.0\r\n\r\n',
        {},
        true,
      ),
    ).toEqual([
      'request POST /1 1.1 Host=h Content-Length=5',
      'data hello',
      'end',
      'request POST /2 1.1 Host=h Transfer-Encoding=Chunked',
      'data abc0123456789',
      'end Sum=13',
      'request GET /3 1.0',
      'end',
      'closed',
    ]);
  });

  it('takes LF for a line end where people type, and never where a body follows', () => {
    expect(request('GET / HTTP/1.0\n\n')).toEqual(['request GET / 1.0', 'end']);
    expect(request(`POST / HTTP/1.1\r\nHost: h\nContent-Length: 1\r\n\r\nx`)[0]).toMatch(/^400 .*carriage return/);
  });

  it('skips a few empty lines before a request', () => {
    expect(request('\r\n\nGET / HTTP/1.0\r\n\r\n', { emptyLines: 2 })).toEqual(['request GET / 1.0', 'end']);
    expect(request('\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n', { emptyLines: 2 })).toEqual(['400 there is no first line']);
  });

  it('takes a later minor version for 1.1 and refuses another major one', () => {
    expect(request(`GET / HTTP/1.7\r\n${HOST}\r\n`)[0]).toBe('request GET / 1.1 Host=h');
    expect(request('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).toEqual(['505 HTTP/2.0 is not spoken here']);
  });

  it('stays with a problem', () => {
    const parser = new HttpParser('request');
    expect(tell(parser, [latin1Encode('nonsense\r\n')])[0]).toMatch(/^400/);
    expect(tell(parser, [latin1Encode('GET / HTTP/1.0\r\n\r\n')])[0]).toMatch(/^400/);
  });
});

describe('limits, at them and one past', () => {
  const cases: [name: string, limits: Partial<HttpLimits>, good: string, bad: string, status: number][] = [
    ['start line', { startLineBytes: 18 }, 'GET /ab HTTP/1.0\r\n\r\n', 'GET /abc HTTP/1.0\r\n\r\n', 414],
    ['start line without an end', { startLineBytes: 18 }, 'GET /abcdefghijk ', 'GET /abcdefghijkl ', 414],
    ['header bytes', { headerBytes: 8 }, 'GET / HTTP/1.0\r\nA: b\r\n\r\n', 'GET / HTTP/1.0\r\nA: bc\r\n\r\n', 431],
    ['header count', { headerCount: 1 }, 'GET / HTTP/1.0\r\nA:b\r\n\r\n', 'GET / HTTP/1.0\r\nA:b\r\nC:d\r\n\r\n', 431],
    [
      'body',
      { bodyBytes: 9 },
      'P / HTTP/1.0\r\nContent-Length: 9\r\n\r\n',
      'P / HTTP/1.0\r\nContent-Length: 10\r\n\r\n',
      413,
    ],
    [
      'chunked body',
      { bodyBytes: 9 },
      `P / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n5\r\nabcde\r\n0\r\n\r\n`,
      `P / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n6\r\nabcdef\r\n0\r\n\r\n`,
      413,
    ],
    [
      'chunk extensions, all together',
      { chunkExtensionBytes: 20 },
      `P / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1;aaaaaaaaa\r\nx\r\n1;aaaaaaaaa\r\nx\r\n0\r\n\r\n`,
      `P / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1;aaaaaaaaa\r\nx\r\n1;${'a'.repeat(30)}\r\nx\r\n0\r\n\r\n`,
      400,
    ],
  ];
  it.each(cases)('%s', (_name, limits, good, bad, status) => {
    expect(request(good, limits).filter((text) => /^[0-9]/.test(text))).toEqual([]);
    expect(request(bad, limits).at(-1)).toMatch(new RegExp(`^${status} `));
  });
});

/** What two parties could read in two ways (RFC 9112 11.2), and other nonsense: the status that it gets. */
describe('smuggling and nonsense', () => {
  const post = (header: string, body = '') => `POST / HTTP/1.1\r\n${HOST}${header}\r\n\r\n${body}`;
  const chunked = (body: string) => post('Transfer-Encoding: chunked', body);
  const table: [what: string, text: string, status: number][] = [
    ['CL and TE', post('Content-Length: 6\r\nTransfer-Encoding: chunked', '0\r\n\r\nG'), 400],
    ['TE and CL', post('Transfer-Encoding: chunked\r\nContent-Length: 6', '0\r\n\r\nG'), 400],
    ['two lengths', post('Content-Length: 1\r\nContent-Length: 2', 'ab'), 400],
    ['two equal lengths', post('Content-Length: 1\r\nContent-Length: 1', 'a'), 400],
    ['a list of lengths', post('Content-Length: 1, 1', 'a'), 400],
    ['a length with a sign', post('Content-Length: +1', 'a'), 400],
    ['a negative length', post('Content-Length: -1', 'a'), 400],
    ['a hexadecimal length', post('Content-Length: 0x1', 'a'), 400],
    ['a length in words', post('Content-Length: one', 'a'), 400],
    ['an empty length', post('Content-Length:', 'a'), 400],
    ['a length with a space inside', post('Content-Length: 1 1', 'a'), 400],
    ['a length past counting', post(`Content-Length: ${'9'.repeat(400)}`, 'a'), 413],
    ['TE in HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['chunked not last', post('Transfer-Encoding: chunked, gzip'), 400],
    ['chunked twice', post('Transfer-Encoding: chunked, chunked'), 400],
    ['chunked on two lines', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'), 400],
    ['chunked and identity', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity'), 400],
    ['a coding that is nearly chunked', post('Transfer-Encoding: xchunked'), 400],
    ['chunked in quotes', post('Transfer-Encoding: "chunked"'), 400],
    ['an empty coding', post('Transfer-Encoding:'), 400],
    ['a coding with a vertical tab', post('Transfer-Encoding: \x0bchunked'), 400],
    ['a coding before chunked', post('Transfer-Encoding: gzip, chunked'), 501],
    ['a space before the colon', post('Transfer-Encoding : chunked', '0\r\n\r\n'), 400],
    ['a tab before the colon', post('Content-Length\t: 1', 'a'), 400],
    ['a folded line', post('X: a\r\n b'), 400],
    ['a folded coding', post('Transfer-Encoding:\r\n chunked', '0\r\n\r\n'), 400],
    ['white space before the first field', `GET / HTTP/1.1\r\n ${HOST}\r\n`, 400],
    ['a bare CR in a value', post('X: a\rContent-Length: 1'), 400],
    ['a bare CR at the end of a line', 'GET / HTTP/1.1\r\r\nHost: h\r\n\r\n', 400],
    ['a bare CR between two fields', 'GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n', 400],
    ['a NUL in a value', post('X: a\0b'), 400],
    ['a NUL in a name', post('X\0: a'), 400],
    ['a field without a name', post(': a'), 400],
    ['a field without a colon', post('Content-Length'), 400],
    ['a name with a space', post('X Y: a'), 400],
    ['a name beyond ASCII', post('Tr\xe4nsfer: a'), 400],
    ['a chunk size with 0x', chunked('0x1\r\na\r\n0\r\n\r\n'), 400],
    ['a chunk size with a sign', chunked('+1\r\na\r\n0\r\n\r\n'), 400],
    ['a negative chunk size', chunked('-1\r\na\r\n0\r\n\r\n'), 400],
    ['a space before a chunk size', chunked(' 1\r\na\r\n0\r\n\r\n'), 400],
    ['a space after a chunk size', chunked('1 \r\na\r\n0\r\n\r\n'), 400],
    ['an empty chunk size', chunked('\r\na\r\n0\r\n\r\n'), 400],
    ['an extension without a size', chunked(';a=b\r\na\r\n0\r\n\r\n'), 400],
    ['an underscore in a chunk size', chunked('1_0\r\na\r\n0\r\n\r\n'), 400],
    ['a chunk size past 64 bits', chunked('10000000000000001\r\na\r\n0\r\n\r\n'), 400],
    ['a chunk size of many zeros', chunked(`${'0'.repeat(40)}1\r\na\r\n0\r\n\r\n`), 400],
    ['a chunk size line that ends with LF', chunked('1\na\r\n0\r\n\r\n'), 400],
    ['an extension with a CR', chunked('1;a\rb\r\na\r\n0\r\n\r\n'), 400],
    ['an extension with an LF', chunked('1;a\nb\r\na\r\n0\r\n\r\n'), 400],
    ['a chunk that is longer than its size', chunked('1\r\nab\r\n0\r\n\r\n'), 400],
    ['a chunk that ends with LF', chunked('1\r\na\n0\r\n\r\n'), 400],
    ['a trailer line that ends with LF', chunked('0\r\nX: y\n\r\n'), 400],
    ['a trailer that is folded', chunked('0\r\nX: y\r\n z\r\n\r\n'), 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['a Host that is none', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
    ['HTTP/0.9', 'GET /\r\n', 400],
    ['two spaces before the target', 'GET  / HTTP/1.0\r\n\r\n', 400],
    ['two spaces after the target', 'GET /  HTTP/1.0\r\n\r\n', 400],
    ['a tab instead of a space', 'GET\t/ HTTP/1.0\r\n\r\n', 400],
    ['a space at the end', 'GET / HTTP/1.0 \r\n\r\n', 400],
    ['a target beyond ASCII', 'GET /\xe4 HTTP/1.0\r\n\r\n', 400],
    ['a small http', 'GET / http/1.0\r\n\r\n', 400],
    ['a version of two digits', 'GET / HTTP/1.10\r\n\r\n', 400],
    ['a method that is no token', 'G@T / HTTP/1.0\r\n\r\n', 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n', 400],
  ];
  it.each(table)('%s', (_what, text, status) => {
    const told = request(text);
    expect(told.at(-1)).toMatch(new RegExp(`^${status} `));
    // And nobody is led to believe in a second request.
    expect(told.filter((entry) => entry.startsWith('request')).length).toBeLessThanOrEqual(1);
  });
});

describe('responses', () => {
  it('reads one with a length, one in chunks, and one until the end', () => {
    expect(
      response(
        'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi' +
          'HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n' +
          'HTTP/1.0 404 Not Found here\r\nX: a\r\n  b\r\n\r\nall of this',
      ),
    ).toEqual([
      'response 200 OK 1.1 Content-Length=2',
      'data hi',
      'end',
      'response 200  1.1 Transfer-Encoding=chunked',
      'data hi',
      'end',
      'response 404 Not Found here 1.0 X=a b',
      'data all of this',
      'end',
      'closed',
    ]);
  });

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n'],
    ['GET', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ])('knows that there is no body: %s %j', (method, text) => {
    expect(response(text, true, method).slice(1)).toEqual(['end', 'closed']);
  });

  it.each([
    ['HTTP/1.1 20 OK\r\n\r\n', /three digits|status line/],
    ['HTTP/1.1 2000 OK\r\n\r\n', /three digits/],
    ['HTTP/1.1  200 OK\r\n\r\n', /three digits/],
    ['HTTP/1.1 099 OK\r\n\r\n', /below 100/],
    ['ICY 200 OK\r\n\r\n', /status line/],
    ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n', /exclude/],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell', /inside of the body/],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', /inside of the body/],
    ['HTTP/1.1 200 OK\r\nContent-Le', /inside of the header/],
    ['HTTP/1.', /inside of the first line/],
  ])('refuses %j', (text, reason) => {
    expect(response(text).at(-1)).toMatch(reason);
  });
});

/** One of everything, to be cut and mutated. */
const LONG_REQUESTS = latin1Encode(
  `GET / HTTP/1.1\r\n${HOST}A: b\r\n\r\n` +
    `POST /p HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n3;e=f\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nT: u\r\n\r\n` +
    `PUT /q HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nbody`,
);
const LONG_RESPONSES = latin1Encode(
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc' +
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHTTP/1.0 200 OK\r\n\r\nrest',
);

describe('pieces', () => {
  const whole = (role: 'request' | 'response', bytes: Uint8Array) => tell(new HttpParser(role), [bytes], true);

  it.each([
    ['request', LONG_REQUESTS],
    ['response', LONG_RESPONSES],
  ] as const)('come in any sizes to the same: %s', (role, bytes) => {
    const expected = whole(role, bytes);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
        const pieces: Uint8Array[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length]!;
          pieces.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(tell(new HttpParser(role), pieces, true)).toEqual(expected);
      }),
    );
  });

  it.each([
    ['request', LONG_REQUESTS],
    ['response', LONG_RESPONSES],
  ] as const)('each prefix tells a beginning of the same, then a problem or the end: %s', (role, bytes) => {
    const expected = whole(role, bytes);
    for (let length = 0; length <= bytes.length; length++) {
      const told = tell(new HttpParser(role), [bytes.subarray(0, length)], true);
      const last = told.pop()!;
      expect(last === 'closed' || /^400 the connection ended/.test(last)).toBe(true);
      // A body that is cut is the beginning of the whole one; one that lasts until the end may be empty.
      const bodyAt = told.map((entry) => entry.startsWith('data ')).lastIndexOf(true);
      if (bodyAt >= told.length - 2 && bodyAt >= 0) {
        expect(expected[bodyAt]!.startsWith(told[bodyAt]!)).toBe(true);
        told.length = bodyAt;
      } else if (told.at(-1) === 'end' && expected[told.length - 1] !== 'end') {
        told.pop();
      }
      expect(told).toEqual(expected.slice(0, told.length));
    }
  });

  it('a hundred thousand mutations end in events or a problem', () => {
    let seed = 12345;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % below;
    };
    const telling = [0x0d, 0x0a, 0x20, 0x3a, 0x30, 0x2c, 0x3b, 0x00, 0xff];
    let problems = 0;
    for (let round = 0; round < 100_000; round++) {
      const isRequest = (round & 1) === 0;
      const bytes = (isRequest ? LONG_REQUESTS : LONG_RESPONSES).slice();
      for (let n = random(3); n >= 0; n--) {
        bytes[random(bytes.length)] = random(2) === 0 ? telling[random(telling.length)]! : random(256);
      }
      const parser = new HttpParser(isRequest ? 'request' : 'response');
      parser.push(bytes);
      parser.finish();
      let events = 0;
      for (;;) {
        const event = parser.next();
        if (event.kind === 'problem') problems++;
        if (event.kind === 'problem' || event.kind === 'closed') break;
        if (event.kind === 'more' || ++events > bytes.length) throw new Error('the parser does not come to an end');
      }
    }
    expect(problems).toBeGreaterThan(30_000);
    expect(problems).toBeLessThan(100_000);
  });

  it('a byte at a time costs no more than its bytes', () => {
    // 64 KiB of header, then a body: quadratic work would take minutes.
    const parser = new HttpParser('request', { ...HTTP_LIMITS, headerBytes: 1 << 20 });
    const text = `POST / HTTP/1.1\r\n${HOST}X: ${'x'.repeat(200_000)}\r\nContent-Length: 1000\r\n\r\n${'y'.repeat(1000)}`;
    const bytes = latin1Encode(text);
    let last: HttpEvent = { kind: 'more' };
    for (let at = 0; at < bytes.length; at++) {
      parser.push(bytes.slice(at, at + 1));
      for (let event = parser.next(); event.kind !== 'more'; event = parser.next()) last = event;
    }
    expect(last.kind).toBe('end');
  });

  it('hands out pieces that later bytes do not overwrite', () => {
    const parser = new HttpParser('request');
    const text = `POST / HTTP/1.1\r\n${HOST}Content-Length: 6\r\n\r\nabcdefGET / HTTP/1.0\r\n\r\n`;
    const pieces: Uint8Array[] = [];
    for (const byte of latin1Encode(text)) {
      parser.push(Uint8Array.of(byte));
      for (let event = parser.next(); event.kind !== 'more'; event = parser.next()) {
        if (event.kind === 'data') pieces.push(event.bytes);
      }
    }
    expect(pieces.map((piece) => latin1Decode(piece)).join('')).toBe('abcdef');
  });
});

describe('writing', () => {
  it('is read back as it was', () => {
    const headers = new HttpHeaders([
      ['Host', 'web'],
      ['Transfer-Encoding', 'chunked'],
    ]);
    const body = latin1Encode('0123456789abcdef!');
    expect(
      tell(new HttpParser('request'), [
        writeRequest({ method: 'POST', target: '/x', headers }),
        writeChunk(body),
        writeChunk(new Uint8Array(0)),
        writeLastChunk(new HttpHeaders([['Sum', '17']])),
      ]),
    ).toEqual(['request POST /x 1.1 Host=web Transfer-Encoding=chunked', 'data 0123456789abcdef!', 'end Sum=17']);
    expect(
      tell(new HttpParser('response'), [
        writeResponse({ status: 404, headers: new HttpHeaders([['Content-Length', '0']]) }),
      ]),
    ).toEqual(['response 404 Not Found 1.1 Content-Length=0', 'end']);
  });

  it('lets nobody write a line that was not meant', () => {
    const bad = (name: string, value: string) => new HttpHeaders([[name, value]]);
    expect(() => writeRequest({ method: 'GET', target: '/', headers: bad('X', 'a\r\nY: b') })).toThrow(/EINVAL/);
    expect(() => writeRequest({ method: 'GET', target: '/', headers: bad('X: a\r\nY', 'b') })).toThrow(/EINVAL/);
    expect(() => writeRequest({ method: 'GET', target: '/ HTTP/1.1\r\n', headers: new HttpHeaders() })).toThrow(
      /EINVAL/,
    );
    expect(() => writeRequest({ method: 'GET /', target: '/', headers: new HttpHeaders() })).toThrow(/EINVAL/);
    expect(() => writeResponse({ status: 200, headers: new HttpHeaders(), reason: 'O\nK' })).toThrow(/EINVAL/);
  });
});

describe('headers', () => {
  it('keep their order and compare names without case', () => {
    const headers = new HttpHeaders([
      ['Accept', 'a'],
      ['Connection', 'Keep-Alive, , Upgrade'],
      ['accept', 'b'],
    ]);
    expect(headers.get('ACCEPT')).toBe('a, b');
    expect(headers.all('accept')).toEqual(['a', 'b']);
    expect(headers.words('connection')).toEqual(['keep-alive', 'upgrade']);
    expect(headers.lists('Connection', 'upgrade')).toBe(true);
    expect(headers.get('Host')).toBe(null);
    headers.set('accept', 'c').delete('connection');
    expect([...headers]).toEqual([['accept', 'c']]);
  });
});
