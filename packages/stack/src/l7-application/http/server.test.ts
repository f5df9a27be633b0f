import { describe, expect, it } from 'vitest';
import { utf8Decode, utf8Encode } from '../../base/utf8.ts';
import { HTTP_LIMITS, type HttpLimits } from './limits.ts';
import { HttpHeaders } from './message.ts';
import { HttpError, type HttpHandler } from './response.ts';
import { readAll, type ServedRequest, serveHttp } from './server.ts';
import { type Act, ScriptedStream } from './testing/scripted-stream.ts';

/** Answers with what was asked: method, target and body. */
const echo: HttpHandler = async (request) => {
  const body = utf8Decode(await readAll(request));
  return { status: 200, body: utf8Encode(`${request.method} ${request.target} ${body}`.trimEnd()) };
};
const silent: HttpHandler = () => ({ status: 204 });

async function converse(
  script: Act[],
  handler: HttpHandler = echo,
  limits: Partial<HttpLimits> = {},
): Promise<{ stream: ScriptedStream; sent: string; log: ServedRequest[] }> {
  const stream = new ScriptedStream(script);
  const log: ServedRequest[] = [];
  await serveHttp(stream, handler, {
    clock: stream.clock,
    limits: { ...HTTP_LIMITS, ...limits },
    log: (served) => log.push(served),
  });
  expect(stream.closed).toBe(true);
  return { stream, sent: stream.sent, log };
}

const OK = (body: string, more = '') => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
const H = 'Host: h\r\n';

describe('a connection', () => {
  it('carries one request after the other, and ends when the client does', async () => {
    const { sent, log } = await converse([`GET /1 HTTP/1.1\r\n${H}\r\n`, 1, `GET /2 HTTP/1.1\r\n${H}\r\n`, 'END']);
    expect(sent).toBe(OK('GET /1') + OK('GET /2'));
    expect(log.map(({ request, status, bytesSent }) => [request!.target, status, bytesSent])).toEqual([
      ['/1', 200, 6],
      ['/2', 200, 6],
    ]);
  });

  it('answers pipelined requests in their order, the slow one first', async () => {
    let finishFirst = () => {};
    const handler: HttpHandler = async (request) => {
      if (request.target === '/slow') await new Promise<void>((resolve) => (finishFirst = resolve));
      return { status: 200, body: utf8Encode(request.target) };
    };
    const all = `GET /slow HTTP/1.1\r\n${H}\r\nGET /2 HTTP/1.1\r\n${H}\r\nGET /3 HTTP/1.1\r\n${H}\r\n`;
    const done = converse([all, 'END'], handler);
    await new Promise((resolve) => setImmediate(resolve));
    finishFirst();
    expect((await done).sent).toBe(OK('/slow') + OK('/2') + OK('/3'));
  });

  it.each([
    ['HTTP/1.1 with close', `GET / HTTP/1.1\r\n${H}Connection: close\r\n\r\n`, 'Connection: close\r\n'],
    ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 'Connection: close\r\n'],
  ])('ends after one answer: %s', async (_what, request, field) => {
    const { sent } = await converse([request + request, 'END']);
    expect(sent).toBe(OK('GET /', field));
  });

  it('stays for HTTP/1.0 when asked to', async () => {
    const request = 'GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n';
    const { sent } = await converse([request, request, 'END']);
    expect(sent).toBe(OK('GET /', 'Connection: keep-alive\r\n').repeat(2));
  });

  it('ends after as many requests as it may carry', async () => {
    const request = `GET / HTTP/1.1\r\n${H}\r\n`;
    const { sent } = await converse([request.repeat(4), 'END'], echo, { requestsPerConnection: 3 });
    expect(sent).toBe(OK('GET /').repeat(2) + OK('GET /', 'Connection: close\r\n'));
  });

  it('ends silently when nothing is asked, and after a reset', async () => {
    expect((await converse([])).sent).toBe('');
    expect((await converse([], echo, { idleSeconds: 3 })).stream.clock.now).toBe(3e9);
    expect((await converse(['GET / HT', 'RESET'])).sent).toBe('');
    expect((await converse(['END'])).sent).toBe('');
  });
});

describe('bodies', () => {
  it('are read by the handler, in pieces and chunks', async () => {
    const { sent } = await converse([
      `POST /a HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\nhe`,
      'llo',
      `POST /b HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`,
      '0\r\n\r\n',
      'END',
    ]);
    expect(sent).toBe(OK('POST /a hello') + OK('POST /b abc'));
  });

  it('are skipped when the handler does not want them, and then the next request is read', async () => {
    const { sent } = await converse(
      [`POST /a HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\nhello`, `GET /b HTTP/1.1\r\n${H}\r\n`, 'END'],
      silent,
    );
    expect(sent).toBe('HTTP/1.1 204 No Content\r\n\r\n'.repeat(2));
  });

  it('end the connection when they are too long to skip', async () => {
    const { sent, stream } = await converse(
      [`POST /a HTTP/1.1\r\n${H}Content-Length: 6\r\n\r\nhello!`, `GET /b HTTP/1.1\r\n${H}\r\n`, 'END'],
      silent,
      { drainBytes: 5 },
    );
    expect(sent).toBe('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n');
    expect(stream.shut).toBe(true);
  });

  it('are asked for with 100 Continue once the handler reads, and not before', async () => {
    const request = `POST / HTTP/1.1\r\n${H}Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n`;
    expect((await converse([request, 'hi', 'END'])).sent).toBe(`HTTP/1.1 100 Continue\r\n\r\n${OK('POST / hi')}`);
    const refused = await converse([request, 'END'], silent);
    expect(refused.sent).toBe('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n');
  });

  it('go out in chunks when nobody knows how long they are, and until the end for HTTP/1.0', async () => {
    const counting: HttpHandler = () => ({
      status: 200,
      body: (async function* () {
        yield utf8Encode('one');
        yield utf8Encode('');
        yield utf8Encode('two');
      })(),
    });
    const { sent } = await converse([`GET / HTTP/1.1\r\n${H}\r\nGET / HTTP/1.0\r\n\r\n`, 'END'], counting);
    expect(sent).toBe(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n' +
        'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nonetwo',
    );
  });

  it('are never longer than they were announced, and one that is shorter ends the connection', async () => {
    const body = (text: string): HttpHandler => {
      return () => ({
        status: 200,
        headers: new HttpHeaders([['Content-Length', '3']]),
        body: (async function* () {
          yield utf8Encode(text);
        })(),
      });
    };
    const requests = `GET / HTTP/1.1\r\n${H}\r\n`.repeat(2);
    expect((await converse([requests, 'END'], body('abcdef'))).sent).toBe(OK('abc').repeat(2));
    expect((await converse([requests, 'END'], body('ab'))).sent).toBe('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab');
  });

  it('do not follow a HEAD, whose length is told all the same', async () => {
    const { sent } = await converse([`HEAD / HTTP/1.1\r\n${H}\r\nGET / HTTP/1.1\r\n${H}\r\n`, 'END']);
    expect(sent).toBe(`HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n${OK('GET /')}`);
  });

  it('leave in pieces, the head with the first one', async () => {
    const size = 200_000;
    const { stream } = await converse([`GET / HTTP/1.1\r\n${H}\r\n`, 'END'], () => ({
      status: 200,
      body: new Uint8Array(size),
    }));
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n'.length;
    expect(stream.writes[0]).toBe(head + 65536);
    expect(Math.max(...stream.writes.slice(1))).toBe(65536);
    expect(stream.writes.reduce((sum, bytes) => sum + bytes)).toBe(head + size);
  });
});

describe('what goes wrong', () => {
  const status = (sent: string) => /^HTTP\/1.1 ([0-9]+)/.exec(sent)?.[1];

  it.each([
    ['nonsense', 'hello\r\n\r\n', '400'],
    ['a header that is too large', `GET / HTTP/1.1\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`, '431'],
    ['a target that is too long', `GET /${'x'.repeat(9000)} HTTP/1.1\r\n\r\n`, '414'],
    ['a body that is too large', `POST / HTTP/1.1\r\n${H}Content-Length: 99999999999\r\n\r\n`, '413'],
    ['another version', 'GET / HTTP/3.0\r\n\r\n', '505'],
    ['a coding', `POST / HTTP/1.1\r\n${H}Transfer-Encoding: gzip, chunked\r\n\r\n`, '501'],
    ['an expectation', `GET / HTTP/1.1\r\n${H}Expect: miracles\r\nConnection: close\r\n\r\n`, '417'],
    ['a chunk', `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\nx\r\n`, '400'],
    ['an end inside of the header', 'GET / HTTP/1.1\r\nHost', '400'],
    ['an end inside of the body', `POST / HTTP/1.1\r\n${H}Content-Length: 3\r\n\r\nab`, '400'],
  ])('is told, once, and the connection ends: %s', async (_what, text, expected) => {
    const { sent, log } = await converse([text, 'END']);
    expect(status(sent)).toBe(expected);
    expect(sent).toMatch(/\r\nConnection: close\r\n/);
    expect(sent.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(log).toHaveLength(1);
  });

  it('a header that drips is cut off after its time, whatever the drips', async () => {
    const drip: Act[] = ['GET / HTTP/1.1\r\n'];
    for (let i = 0; i < 20; i++) drip.push(4, 'X: y\r\n');
    const { sent, stream } = await converse(drip, echo, { headerSeconds: 10, idleSeconds: 5, lingerSeconds: 1 });
    expect(status(sent)).toBe('408');
    expect(stream.clock.now).toBeLessThanOrEqual(11e9);
  });

  it('a body that stalls is cut off', async () => {
    const { sent } = await converse([`POST / HTTP/1.1\r\n${H}Content-Length: 3\r\n\r\nab`, 61, 'c']);
    expect(status(sent)).toBe('408');
  });

  it('is read out before the end, so that the answer is not lost to a reset, and not for ever', async () => {
    const endless: Act[] = ['nonsense\r\n\r\n', ...Array.from({ length: 100 }, () => 'x'.repeat(1000))];
    const { stream } = await converse(endless, echo, { drainBytes: 10_000 });
    expect(stream.shut).toBe(true);
    expect(await stream.recv(1)).toHaveLength(1);
    const silence = await converse(['nonsense\r\n\r\n'], echo, { lingerSeconds: 2 });
    expect(silence.stream.clock.now).toBe(2e9);
  });

  it('in the handler becomes an answer, and the connection goes on', async () => {
    const failing: HttpHandler = (request) => {
      if (request.target === '/gone') throw new HttpError(410, 'It was <here>.');
      throw new Error('a bug');
    };
    const { sent } = await converse([`GET /gone HTTP/1.1\r\n${H}\r\nGET / HTTP/1.1\r\n${H}\r\n`, 'END'], failing);
    expect(sent.match(/^HTTP\/1\.1 [^\r]*/gm)).toEqual(['HTTP/1.1 410 Gone', 'HTTP/1.1 500 Internal Server Error']);
    expect(sent).toContain('It was &#60;here&#62;.');
  });

  it('never throws, and always ends, whatever comes', async () => {
    const good =
      `POST /a HTTP/1.1\r\n${H}Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello` +
      `POST /b HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /c HTTP/1.0\r\n\r\n`;
    let seed = 7;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % below;
    };
    for (let round = 0; round < 3000; round++) {
      let text = good;
      for (let n = random(3); n >= 0; n--) {
        const at = random(text.length);
        text = text.slice(0, at) + String.fromCharCode(random(256)) + text.slice(at + random(2));
      }
      const cut = random(text.length);
      const last: Act = round % 3 === 0 ? 'END' : round % 3 === 1 ? 'RESET' : Infinity;
      const { stream } = await converse([text.slice(0, cut) || '\r\n', random(10), text.slice(cut), last]);
      expect(stream.sent === '' || stream.sent.startsWith('HTTP/1.1 ')).toBe(true);
    }
  });
});
