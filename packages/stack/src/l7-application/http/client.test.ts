import { describe, expect, it } from 'vitest';
import { NetError } from '../../base/errors.ts';
import { latin1Decode } from '../../base/utf8.ts';
import type { SocketApi } from '../../l5-session/sockets.ts';
import { get, open, type RequestOptions } from './client.ts';
import { HttpHeaders } from './message.ts';
import { type Act, ScriptedStream } from './testing/scripted-stream.ts';
import { formatUrl } from './url.ts';

const NO_SOCKETS = null as unknown as SocketApi;

/** A client whose every connection is the next script. */
function scripted(...scripts: Act[][]): { streams: ScriptedStream[]; urls: string[]; options: RequestOptions } {
  const streams: ScriptedStream[] = [];
  const urls: string[] = [];
  const options: RequestOptions = {
    dial: async (url, timeoutSeconds) => {
      urls.push(formatUrl(url));
      const stream = new ScriptedStream(scripts[streams.length]!);
      stream.settimeout(timeoutSeconds);
      streams.push(stream);
      return stream;
    },
  };
  return { streams, urls, options };
}

async function failure(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NetError);
  return (error as NetError).message;
}

describe('the client', () => {
  it('asks, and gives the answer', async () => {
    const { streams, options } = scripted([
      'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n',
      'Content-Length: 5\r\n\r\nhel',
      'lo',
    ]);
    const result = await get(NO_SOCKETS, 'http://web:81/x?y', options);
    expect([result.status, result.reason, latin1Decode(result.body)]).toEqual([200, 'OK', 'hello']);
    expect(result.headers.get('content-type')).toBe('text/plain');
    expect(streams[0]!.sent).toBe(
      'GET /x?y HTTP/1.1\r\nHost: web:81\r\nUser-Agent: netarium\r\nAccept: */*\r\nConnection: close\r\n\r\n',
    );
    expect(streams[0]!.closed).toBe(true);
  });

  it('takes fields of the caller instead of its own', async () => {
    const { streams, options } = scripted(['HTTP/1.1 204 No Content\r\n\r\n']);
    const headers = new HttpHeaders([
      ['user-agent', 'me'],
      ['HOST', 'other'],
      ['X', '1'],
    ]);
    await get(NO_SOCKETS, 'web', { ...options, headers, method: 'POST', body: new Uint8Array(2) });
    expect(streams[0]!.sent).toBe(
      'POST / HTTP/1.1\r\nHost: other\r\nAccept: */*\r\nuser-agent: me\r\nX: 1\r\nContent-Length: 2\r\nConnection: close\r\n\r\n\0\0',
    );
  });

  it('tells how far it is', async () => {
    const { options } = scripted(['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\nabc', 'de', 'END']);
    const told: string[] = [];
    await get(NO_SOCKETS, 'http://web/', {
      ...options,
      watch: {
        connecting: (url) => told.push(`connecting ${url.host}`),
        connected: () => told.push('connected'),
        sent: (request) => told.push(request.method),
        received: (response) => told.push(String(response.status)),
        progress: (bytes, total) => told.push(`${bytes}/${total}`),
      },
    });
    expect(told).toEqual(['connecting web', 'connected', 'GET', '100', '200', '3/-1', '5/-1']);
  });

  it('reads no body after HEAD', async () => {
    const { options } = scripted(['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n']);
    const result = await get(NO_SOCKETS, 'http://web/', { ...options, method: 'HEAD' });
    expect([result.body.length, result.headers.get('Content-Length')]).toEqual([0, '5']);
  });

  it('follows redirections, each on its own connection', async () => {
    const to = (status: number, location: string): Act[] => [
      `HTTP/1.1 ${status} x\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`,
    ];
    const { urls, streams, options } = scripted(to(301, '/b'), to(302, 'c'), to(307, '//other:8080/d'), [
      'HTTP/1.0 200 OK\r\n\r\n',
      'END',
    ]);
    const result = await get(NO_SOCKETS, 'http://web/a', options);
    expect(urls).toEqual(['http://web/a', 'http://web/b', 'http://web/c', 'http://other:8080/d']);
    expect(formatUrl(result.url)).toBe('http://other:8080/d');
    expect(streams.every((stream) => stream.closed)).toBe(true);
  });

  it('makes GET out of POST where everybody does, and elsewhere does not', async () => {
    const to = (status: number): Act[] => [`HTTP/1.1 ${status} x\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n`];
    for (const [status, expected] of [
      [301, 'GET /b'],
      [302, 'GET /b'],
      [303, 'GET /b'],
      [307, 'POST /b'],
      [308, 'POST /b'],
    ] as const) {
      const { streams, options } = scripted(to(status), ['HTTP/1.0 200 OK\r\n\r\n', 'END']);
      await get(NO_SOCKETS, 'web', { ...options, method: 'POST', body: new Uint8Array(1) });
      expect(streams[1]!.sent.startsWith(expected)).toBe(true);
      expect(streams[1]!.sent.includes('Content-Length: 1')).toBe(expected.startsWith('POST'));
    }
  });

  it('does not run in circles, and does not leave the web', async () => {
    const circle: Act[] = ['HTTP/1.1 302 x\r\nLocation: /\r\nContent-Length: 0\r\n\r\n'];
    const { streams, options } = scripted(...Array.from({ length: 20 }, () => [...circle]));
    expect(await failure(get(NO_SOCKETS, 'web', { ...options, redirects: 3 }))).toMatch(/ELOOP http:\/\/web\//);
    expect(streams).toHaveLength(4);
    const away = scripted(['HTTP/1.1 302 x\r\nLocation: file:///etc/passwd\r\n\r\n']);
    expect(await failure(get(NO_SOCKETS, 'web', away.options))).toMatch(/EINVAL/);
    const none = scripted([...circle]);
    expect((await get(NO_SOCKETS, 'web', { ...none.options, redirects: 0 })).status).toBe(302);
  });

  it.each<[string, Act[], RegExp]>([
    ['silence', ['END'], /ECONNRESET the server closed without an answer/],
    ['a reset', ['HTTP/1.1 200 OK\r\n', 'RESET'], /ECONNRESET/],
    ['nonsense', ['SSH-2.0-OpenSSH\r\n'], /EPROTO this is not a status line/],
    ['half a body', ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab', 'END'], /EPROTO .*inside of the body/],
    ['only interim answers', ['HTTP/1.1 100 Continue\r\n\r\n'.repeat(99), 'END'], /EPROTO .*interim/],
    ['a pause', ['HTTP/1.1 200 OK\r\n', 20, '\r\n'], /ETIMEDOUT/],
  ])('says what went wrong: %s', async (_what, script, expected) => {
    const { streams, options } = scripted(script);
    expect(await failure(get(NO_SOCKETS, 'web', { ...options, timeoutSeconds: 10 }))).toMatch(expected);
    expect(streams[0]!.closed).toBe(true);
  });

  it('does not wait for a body that nobody reads', async () => {
    const { streams, options } = scripted(['HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n']);
    const reply = await open(NO_SOCKETS, 'web', options);
    reply.close();
    expect(reply.status).toBe(200);
    expect(streams[0]!.closed).toBe(true);
  });
});
