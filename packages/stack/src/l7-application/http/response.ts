import { utf8Encode } from '../../base/utf8.ts';
import { HttpHeaders, type HttpRequest, reasonPhrase } from './message.ts';

/** What a handler is given: the head of a request, and its body to read if it likes. */
export interface ServerRequest extends HttpRequest {
  /** The next piece of the body, null at its end. Throws an HttpError where the body makes no sense. */
  read(): Promise<Uint8Array | null>;
}

/** What a handler answers. The server adds how the body is framed, and what is to become of the connection. */
export interface ServerResponse {
  readonly status: number;
  readonly headers?: HttpHeaders;
  /** Pieces of a body whose length nobody knows yet go out in chunks. Absent: no body. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
}

export type HttpHandler = (request: ServerRequest) => Promise<ServerResponse> | ServerResponse;

/** A handler throws it to answer with a status and a sentence. */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, sentence: string) {
    super(sentence);
    this.status = status;
  }
}

/** A small page that says one thing. */
export function page(status: number, sentence: string, headers = new HttpHeaders()): ServerResponse {
  const title = `${status} ${reasonPhrase(status)}`.trim();
  return html(status, title, `<p>${escapeHtml(sentence)}</p>\n`, headers);
}

/** A page of HTML: `content` stands below the title and is inserted as it is. */
export function html(status: number, title: string, content: string, headers = new HttpHeaders()): ServerResponse {
  const text =
    '<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n' +
    `<title>${escapeHtml(title)}</title>\n<h1>${escapeHtml(title)}</h1>\n${content}</html>\n`;
  return { status, headers: headers.set('Content-Type', 'text/html; charset=utf-8'), body: utf8Encode(text) };
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
