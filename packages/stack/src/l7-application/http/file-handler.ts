import { NetError } from '../../base/errors.ts';
import { latin1Decode, latin1Encode, utf8Decode, utf8Encode } from '../../base/utf8.ts';
import { contentType } from './content-types.ts';
import { formatHttpDate, parseHttpDate } from './http-date.ts';
import { HttpHeaders } from './message.ts';
import {
  escapeHtml,
  HttpError,
  type HttpHandler,
  html,
  page,
  type ServerRequest,
  type ServerResponse,
} from './response.ts';
import { percentDecode, percentEncode, removeDotSegments, splitQuery } from './url.ts';

/** The files that are served; a host's files have this shape. Paths are absolute and hold no `..`. */
export interface FileSource {
  /** Null when there is no such file. `modifiedMs`: milliseconds since 1970, 0 when unknown. */
  stat(
    path: string,
  ): Promise<{ readonly kind: 'file' | 'directory'; readonly size: number; readonly modifiedMs: number } | null>;
  read(path: string): Promise<Uint8Array>;
  /** Names in a directory. */
  list(path: string): Promise<string[]>;
}

export interface FileHandlerOptions {
  /** Files that stand for their directory; default `index.html`. */
  readonly index?: readonly string[];
  /** Shows what is in a directory without one; default true. */
  readonly listing?: boolean;
}

/** Methods of RFC 9110 9.3 and RFC 5789 that exist, and are not for files here. */
const OTHER_METHODS = new Set(['POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']);

/** Serves what lies below `root` (an absolute directory of `files`), and nothing else: GET and HEAD. */
export function fileHandler(files: FileSource, root: string, options: FileHandlerOptions = {}): HttpHandler {
  const handler = new FileHandler(files, root.replace(/\/+$/, ''), options);
  return (request) => handler.answer(request);
}

class FileHandler {
  private readonly files: FileSource;
  private readonly root: string;
  private readonly index: readonly string[];
  private readonly listing: boolean;

  constructor(files: FileSource, root: string, options: FileHandlerOptions) {
    this.files = files;
    this.root = root;
    this.index = options.index ?? ['index.html'];
    this.listing = options.listing ?? true;
  }

  async answer(request: ServerRequest): Promise<ServerResponse> {
    const { method } = request;
    if (OTHER_METHODS.has(method)) {
      return page(405, `${method} is not for files.`, new HttpHeaders([['Allow', 'GET, HEAD']]));
    }
    if (method !== 'GET' && method !== 'HEAD') throw new HttpError(501, `The method ${method} is not known here.`);
    const [path, query] = splitQuery(pathOf(request.target));
    const name = fileName(path);
    try {
      const stat = await this.files.stat(this.root + name);
      if (stat === null || (stat.kind === 'file' && name.endsWith('/'))) return notFound(path);
      if (stat.kind === 'file') return await this.file(request, name, stat.size, stat.modifiedMs);
      // Relative links of a page in a directory need the slash at the end of the directory's own address.
      if (!name.endsWith('/')) return redirect(`${encodePath(name)}/${query === null ? '' : `?${query}`}`);
      for (const index of this.index) {
        const found = await this.files.stat(this.root + name + index);
        if (found?.kind === 'file') return await this.file(request, name + index, found.size, found.modifiedMs);
      }
      if (!this.listing) throw new HttpError(403, 'This directory is not shown.');
      return await this.directory(name);
    } catch (error) {
      if (error instanceof NetError && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return notFound(path);
      if (error instanceof NetError && error.code === 'EACCES') throw new HttpError(403, 'This is not for everybody.');
      throw error;
    }
  }

  private async file(request: ServerRequest, name: string, size: number, modifiedMs: number): Promise<ServerResponse> {
    const headers = new HttpHeaders();
    const modified = Math.floor(modifiedMs / 1000);
    if (modified > 0) headers.set('Last-Modified', formatHttpDate(modified));
    headers.set('Accept-Ranges', 'bytes');
    if (modified > 0 && unchangedSince(request, modified)) return { status: 304, headers };
    headers.set('Content-Type', contentType(name));
    const range = wantedRange(request, size, headers.get('Last-Modified'));
    if (range === 'unsatisfiable') {
      return page(416, `The file has ${size} bytes.`, new HttpHeaders([['Content-Range', `bytes */${size}`]]));
    }
    if (request.method === 'HEAD') {
      return { status: 200, headers: headers.set('Content-Length', String(size)) };
    }
    const bytes = await this.files.read(this.root + name);
    if (range === null || bytes.length !== size) return { status: 200, headers, body: bytes };
    headers.set('Content-Range', `bytes ${range.first}-${range.last}/${size}`);
    return { status: 206, headers, body: bytes.subarray(range.first, range.last + 1) };
  }

  private async directory(name: string): Promise<ServerResponse> {
    const lines = name === '/' ? [] : ['<li><a href="../">../</a></li>\n'];
    for (const entry of await this.files.list(this.root + name)) {
      const stat = await this.files.stat(this.root + name + entry);
      const shown = stat?.kind === 'directory' ? `${entry}/` : entry;
      lines.push(`<li><a href="${encodePath(shown)}">${escapeHtml(shown)}</a></li>\n`);
    }
    return html(200, `Index of ${name}`, `<ul>\n${lines.join('')}</ul>\n`);
  }
}

/** The path and query of a target: a server accepts a whole URL too (RFC 9112 3.2.2). */
function pathOf(target: string): string {
  if (target.startsWith('/')) return target;
  const absolute = /^https?:\/\/[^/?#]*(.*)$/i.exec(target);
  if (absolute === null) throw new HttpError(400, 'The request target is not a path.');
  const rest = absolute[1]!;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** A path in which there is nothing to decode and nothing to resolve, as in most. */
const PLAIN = /^(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+\/?$/;

/**
 * The file that a path names, below the root. The parts are separated before they are decoded, so that `%2F` and `%2E`
 * are characters of a name and cannot lead anywhere (RFC 3986 2.4, 7.3).
 */
function fileName(path: string): string {
  if (PLAIN.test(path)) return path;
  const parts: string[] = [];
  for (const part of removeDotSegments(path).split('/').slice(1)) {
    const bytes = percentDecode(part);
    if (bytes === null) throw new HttpError(400, 'A % stands without two hexadecimal digits.');
    const text = utf8Decode(latin1Encode(bytes));
    if (text === '.' || text === '..' || /[/\\\0]/.test(text)) throw new HttpError(404, 'There is no such file.');
    parts.push(text);
  }
  // Empty parts in the middle are what file systems take them for: nothing.
  const last = parts.pop() ?? '';
  return `/${parts
    .filter((part) => part !== '')
    .map((part) => `${part}/`)
    .join('')}${last}`;
}

function encodePath(path: string): string {
  return path
    .split('/')
    .map((part) => percentEncode(latin1Decode(utf8Encode(part))))
    .join('/');
}

function notFound(path: string): ServerResponse {
  return page(404, `There is no ${path} here.`);
}

function redirect(to: string): ServerResponse {
  return page(301, `It is at ${to}`, new HttpHeaders([['Location', to]]));
}

/** RFC 9110 13.1.3; If-None-Match goes before it, and matches nothing where there are no entity tags (13.2.2). */
function unchangedSince(request: ServerRequest, modified: number): boolean {
  if (request.headers.has('If-None-Match')) return false;
  const since = parseHttpDate(request.headers.get('If-Modified-Since') ?? '');
  return since !== null && modified <= since;
}

/**
 * The part of a file that GET asks for (RFC 9110 14): one range of bytes. Several ranges, other units and nonsense are
 * ignored, as a server may, and then the whole file is the answer: null.
 */
function wantedRange(
  request: ServerRequest,
  size: number,
  lastModified: string | null,
): { first: number; last: number } | 'unsatisfiable' | null {
  const text = request.headers.get('Range');
  if (text === null || request.method !== 'GET') return null;
  // RFC 9110 13.1.5: a part only of that very file of which the client holds the rest.
  const condition = request.headers.get('If-Range');
  if (condition !== null && condition !== lastModified) return null;
  const match = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/i.exec(text.replace(/[ \t]/g, ''));
  if (match === null) return null;
  const [, from = '', to = ''] = match;
  if (from === '') {
    if (to === '') return null;
    const count = Math.min(Number(to), size);
    return count === 0 ? 'unsatisfiable' : { first: size - count, last: size - 1 };
  }
  if (to !== '' && Number(to) < Number(from)) return null;
  if (Number(from) >= size) return 'unsatisfiable';
  return { first: Number(from), last: to === '' ? size - 1 : Math.min(Number(to), size - 1) };
}
