import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Errno, NetError } from '../../base/errors.ts';
import { utf8Decode, utf8Encode } from '../../base/utf8.ts';
import { type FileHandlerOptions, type FileSource, fileHandler } from './file-handler.ts';
import { type HttpField, HttpHeaders } from './message.ts';
import { HttpError } from './response.ts';

const MODIFIED = 784111777;

/** Files in memory; remembers every path that it was asked for. */
class MemoryFiles implements FileSource {
  readonly asked: string[] = [];
  private readonly content: Record<string, string>;

  constructor(content: Record<string, string>) {
    this.content = content;
  }

  async stat(path: string) {
    this.asked.push(path);
    const text = this.content[path];
    if (text !== undefined)
      return { kind: 'file' as const, size: utf8Encode(text).length, modifiedMs: MODIFIED * 1000 + 500 };
    const directory = path.endsWith('/') ? path : `${path}/`;
    const below = Object.keys(this.content).some((name) => name.startsWith(directory));
    return below ? { kind: 'directory' as const, size: 0, modifiedMs: 0 } : null;
  }

  async read(path: string) {
    if (path.endsWith('secret')) throw new NetError(Errno.EACCES, 'open', path);
    return utf8Encode(this.content[path]!);
  }

  async list(path: string) {
    const names = Object.keys(this.content).filter((name) => name.startsWith(path));
    return [...new Set(names.map((name) => name.slice(path.length).split('/')[0]!))];
  }
}

const CONTENT = {
  '/srv/index.html': '<h1>hi</h1>',
  '/srv/a.txt': '0123456789',
  '/srv/docs/b<>&.bin': 'b',
  '/srv/docs/ä ö.txt': 'umlauts',
  '/srv/docs/deep/c.css': 'c',
  '/srv/secret': 's',
  '/etc/passwd': 'root',
  '/srvother/x': 'x',
};

async function ask(target: string, fields: HttpField[] = [], method = 'GET', options: FileHandlerOptions = {}) {
  const files = new MemoryFiles(CONTENT);
  const request = {
    method,
    target,
    minor: 1 as const,
    headers: new HttpHeaders(fields),
    read: () => Promise.resolve(null),
  };
  try {
    const response = await fileHandler(files, '/srv/', options)(request);
    const body = response.body instanceof Uint8Array ? utf8Decode(response.body) : '';
    return { status: response.status, body, headers: response.headers ?? new HttpHeaders(), files };
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return { status: error.status, body: error.message, headers: new HttpHeaders(), files };
  }
}

describe('files', () => {
  it('are served with their type, length and date', async () => {
    const { status, body, headers } = await ask('/a.txt');
    expect([status, body]).toEqual([200, '0123456789']);
    expect([...headers]).toEqual([
      ['Last-Modified', 'Sun, 06 Nov 1994 08:49:37 GMT'],
      ['Accept-Ranges', 'bytes'],
      ['Content-Type', 'text/plain; charset=utf-8'],
    ]);
    const head = await ask('/a.txt', [], 'HEAD');
    expect([head.status, head.body, head.headers.get('Content-Length')]).toEqual([200, '', '10']);
  });

  it('have names of any characters, and the query is not part of them', async () => {
    expect((await ask('/docs/%C3%A4%20%c3%b6.txt?x=/../..')).body).toBe('umlauts');
    expect((await ask('http://h/a.txt')).status).toBe(200);
    expect((await ask('//a.txt')).status).toBe(200);
  });

  it('of a directory are its index, or a list', async () => {
    expect((await ask('/')).body).toBe('<h1>hi</h1>');
    const { status, headers } = await ask('/docs?q=1');
    expect([status, headers.get('Location')]).toEqual([301, '/docs/?q=1']);
    const list = (await ask('/docs/')).body;
    expect(list).toContain('<li><a href="../">../</a></li>');
    expect(list).toContain('<li><a href="deep/">deep/</a></li>');
    expect(list).toContain('<li><a href="b%3C%3E%26.bin">b&#60;&#62;&#38;.bin</a></li>');
    expect((await ask('/docs/', [], 'GET', { listing: false })).status).toBe(403);
    expect((await ask('/docs/', [], 'GET', { index: ['deep/c.css'] })).body).toBe('c');
  });

  it.each([
    ['/nothing', 404],
    ['/a.txt/', 404],
    ['/secret', 403],
    ['/%', 400],
    ['/%0', 400],
    ['*', 400],
    ['h:443', 400],
    ['/a%2Ftxt', 404],
    ['/a.txt%00', 404],
  ])('%s is %i', async (target, status) => {
    expect((await ask(target)).status).toBe(status);
  });

  it('are for GET and HEAD', async () => {
    const { status, headers } = await ask('/a.txt', [], 'DELETE');
    expect([status, headers.get('Allow')]).toEqual([405, 'GET, HEAD']);
    expect((await ask('/a.txt', [], 'FROB')).status).toBe(501);
    expect((await ask('/a.txt', [], 'get')).status).toBe(501);
  });

  it('are not sent again when they have not changed', async () => {
    const since = async (text: string, more: HttpField[] = []) =>
      (await ask('/a.txt', [['If-Modified-Since', text], ...more])).status;
    expect(await since('Sun, 06 Nov 1994 08:49:37 GMT')).toBe(304);
    expect(await since('Sun, 06 Nov 1994 08:49:36 GMT')).toBe(200);
    expect(await since('the other day')).toBe(200);
    expect(await since('Sun, 06 Nov 1994 08:49:37 GMT', [['If-None-Match', '"x"']])).toBe(200);
  });

  it.each([
    ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=5-99', 206, '56789', 'bytes 5-9/10'],
    ['bytes=10-', 416, null, 'bytes */10'],
    ['bytes=-0', 416, null, 'bytes */10'],
    ['bytes=4-2', 200, '0123456789', null],
    ['bytes=1-2,4-5', 200, '0123456789', null],
    ['bytes=-', 200, '0123456789', null],
    ['lines=1-2', 200, '0123456789', null],
    ['bytes=99999999999999999999-', 200, '0123456789', null],
  ])('in part: %s', async (range, status, body, contentRange) => {
    const answer = await ask('/a.txt', [['Range', range]]);
    expect([answer.status, answer.headers.get('Content-Range')]).toEqual([status, contentRange]);
    if (body !== null) expect(answer.body).toBe(body);
  });

  it('in part only of the file that the client knows', async () => {
    const part = (condition: string) =>
      ask('/a.txt', [
        ['Range', 'bytes=1-1'],
        ['If-Range', condition],
      ]);
    expect((await part('Sun, 06 Nov 1994 08:49:37 GMT')).status).toBe(206);
    expect((await part('Sun, 06 Nov 1994 08:49:38 GMT')).status).toBe(200);
    expect((await part('"tag"')).status).toBe(200);
  });

  it.each([
    '/../etc/passwd',
    '/docs/../../etc/passwd',
    '/%2e%2e/etc/passwd',
    '/..%2fetc/passwd',
    '/%2e%2e%2fetc%2fpasswd',
    '/....//etc/passwd',
    '/..\\etc\\passwd',
    '/..%5cetc%5cpasswd',
    '/%252e%252e/etc/passwd',
    'http://h/../etc/passwd',
    '/../srvother/x',
  ])('never come from outside of the root: %s', async (target) => {
    const { status, body, files } = await ask(target);
    expect(status).toBe(404);
    expect(body).not.toContain('root');
    expect(files.asked.every((path) => path.startsWith('/srv/') && !/(^|\/)\.\.(\/|$)/.test(path))).toBe(true);
  });

  it('never come from outside of the root, whatever is asked', async () => {
    const part = fc.constantFrom(
      '..',
      '.',
      '/',
      '%2e',
      '%2f',
      'etc',
      'passwd',
      '%',
      '\\',
      '%5c',
      'srv',
      'a.txt',
      '?',
      '#',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
        const { files } = await ask(`/${parts.join('')}`);
        expect(files.asked.every((path) => path.startsWith('/srv/') && !/(^|\/)\.\.(\/|$)/.test(path))).toBe(true);
      }),
    );
  });
});
