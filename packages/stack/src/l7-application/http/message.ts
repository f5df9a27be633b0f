/**
 * HTTP messages as values (RFC 9110 6): what the parser gives and the writer takes. Field names and values are
 * strings of which each character is one byte (ISO 8859-1), as they stand on the wire.
 */

/** One field line: its name as it was written, its value without the white space around it. */
export type HttpField = readonly [name: string, value: string];

/** The fields of a message in their order. Names compare without regard to case (RFC 9110 5.1). */
export class HttpHeaders {
  private readonly fields: HttpField[] = [];
  /** The fields' names in lower case. */
  private readonly keys: string[] = [];

  constructor(fields: Iterable<HttpField> = []) {
    for (const [name, value] of fields) this.append(name, value);
  }

  get size(): number {
    return this.fields.length;
  }

  /** The value of a field; several lines of one name joined by ", ", which means the same (RFC 9110 5.3). Null: absent. */
  get(name: string): string | null {
    const key = name.toLowerCase();
    let joined: string | null = null;
    for (let i = 0; i < this.keys.length; i++) {
      if (this.keys[i] !== key) continue;
      const value = this.fields[i]![1];
      joined = joined === null ? value : `${joined}, ${value}`;
    }
    return joined;
  }

  /** The values of each line of that name. */
  all(name: string): string[] {
    const key = name.toLowerCase();
    return this.fields.filter((_field, i) => this.keys[i] === key).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.keys.includes(name.toLowerCase());
  }

  /** Does a comma-separated list hold this word, in whatever case? `has('Connection', 'close')`. */
  lists(name: string, word: string): boolean {
    return this.has(name) && this.words(name).includes(word.toLowerCase());
  }

  /** The elements of a comma-separated list, in lower case, empty ones left out (RFC 9110 5.6.1.2). */
  words(name: string): string[] {
    return this.all(name)
      .flatMap((value) => value.split(','))
      .map((word) => word.replace(/^[ \t]+|[ \t]+$/g, '').toLowerCase())
      .filter((word) => word !== '');
  }

  append(name: string, value: string): this {
    this.fields.push([name, value]);
    this.keys.push(name.toLowerCase());
    return this;
  }

  /** Replaces all lines of that name by one. */
  set(name: string, value: string): this {
    return this.delete(name).append(name, value);
  }

  delete(name: string): this {
    const key = name.toLowerCase();
    for (let i = this.keys.lastIndexOf(key); i >= 0; i = this.keys.lastIndexOf(key)) {
      this.fields.splice(i, 1);
      this.keys.splice(i, 1);
    }
    return this;
  }

  [Symbol.iterator](): IterableIterator<HttpField> {
    return this.fields[Symbol.iterator]();
  }
}

/** The head of a request. */
export interface HttpRequest {
  /** A token, case-sensitive: `GET`. */
  readonly method: string;
  /** As on the request line: `/index.html?q=1`, `http://host/`, `host:443` or `*` (RFC 9112 3.2). */
  readonly target: string;
  /** Minor version: 0 for HTTP/1.0, 1 for 1.1 and later. */
  readonly minor: 0 | 1;
  readonly headers: HttpHeaders;
}

/** The head of a response. */
export interface HttpResponse {
  /** 100 to 599 and up to 999. */
  readonly status: number;
  /** May be empty; means nothing to a program. */
  readonly reason: string;
  readonly minor: 0 | 1;
  readonly headers: HttpHeaders;
}

/**
 * May the connection carry another message after this one (RFC 9112 9.3)? HTTP/1.1 unless it says `close`, HTTP/1.0
 * only if it says `keep-alive`.
 */
export function isPersistent(message: { readonly minor: 0 | 1; readonly headers: HttpHeaders }): boolean {
  if (!message.headers.has('Connection')) return message.minor === 1;
  const words = message.headers.words('Connection');
  if (words.includes('close')) return false;
  return message.minor === 1 || words.includes('keep-alive');
}

/** The reason phrases of RFC 9110 15 and RFC 6585. */
const PHRASES: Readonly<Record<number, string>> = {
  100: 'Continue',
  101: 'Switching Protocols',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

/** `'Not Found'` for 404; empty for a status without a registered phrase here. */
export function reasonPhrase(status: number): string {
  return PHRASES[status] ?? '';
}
