import { NetError } from '../../base/errors.ts';
import type { Socket } from '../../l5-session/socket.ts';
import { type HttpReply, open, type RequestWatcher } from '../../l7-application/http/client.ts';
import { HttpHeaders, type HttpRequest, type HttpResponse } from '../../l7-application/http/message.ts';
import { formatUrl, hostHeader } from '../../l7-application/http/url.ts';
import { resolvePath } from '../files.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { type Options, parseOptions } from './options.ts';

/** Curl's exit code for "the server said 400 or more", with `-f`. */
const HTTP_RETURNED_ERROR = 22;

export const get: Program = {
  name: 'get',
  summary: 'fetch a page over HTTP',
  usage: `usage: get [-fIisv] [-H FIELD] [-m SECONDS] [-o FILE] URL
  -f  fail (22), and print nothing, when the server says 400 or more
  -H  send this field too: 'Name: value'
  -I  the header only (HEAD)
  -i  the header, then the body
  -m  give up when nothing comes for so many seconds
  -o  write the body to FILE
  -s  silent: no messages
  -v  show what is sent and received, on stderr
exit: 0 there is an answer, 1 there is none`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'fIisvL', values: 'Hmo' });
    const [url, ...rest] = options.words;
    if (url === undefined) throw new UsageError('no URL specified');
    if (rest.length > 0) throw new UsageError(`one URL, not ${options.words.length}`);
    const complain = (text: string) => {
      if (!options.has('s')) process.complain(`get: ${text}\n`);
    };
    let reply: HttpReply | null = null;
    try {
      reply = await open(process.sockets, url, {
        method: options.has('I') ? 'HEAD' : 'GET',
        headers: fields(options),
        node: process.host.node,
        timeoutSeconds: options.has('m') ? options.seconds('m', 0, 0.001, 1e6) : null,
        ...(options.has('v') ? { watch: verbose(process) } : {}),
      });
      if (options.has('f') && reply.status >= 400) {
        complain(`The requested URL returned error: ${reply.status}`);
        return HTTP_RETURNED_ERROR;
      }
      if (options.has('I') || options.has('i')) process.print(head(reply));
      const file = options.text('o');
      const whole = await take(process, reply, file !== null);
      if (file !== null && whole !== null) {
        try {
          await process.host.files.write(resolvePath('/', file), whole);
        } catch (error) {
          if (!(error instanceof NetError)) throw error;
          complain(`${file}: ${error.text}`);
          return 1;
        }
      }
      return 0;
    } catch (error) {
      if (!(error instanceof NetError) || process.signalled !== null) throw error;
      complain(explain(url, error));
      return 1;
    } finally {
      reply?.close();
    }
  },
};

/** The body to stdout as it comes; or all of it, to be kept. */
async function take(process: Process, reply: HttpReply, keep: boolean): Promise<Uint8Array | null> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (let piece = await reply.read(); piece !== null; piece = await reply.read()) {
    length += piece.length;
    if (keep) pieces.push(piece);
    else process.stdout.write(piece);
  }
  if (!keep) return null;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function fields(options: Options): HttpHeaders {
  const headers = new HttpHeaders([['User-Agent', 'get/netarium']]);
  for (const text of options.all('H')) {
    const colon = text.indexOf(':');
    if (colon < 1) throw new UsageError(`-H: "${text}" is not of the form 'Name: value'`);
    headers.set(text.slice(0, colon), text.slice(colon + 1).trim());
  }
  return headers;
}

function head(reply: HttpReply): string {
  const lines = [...reply.headers].map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.${reply.minor} ${reply.status} ${reply.reason}\r\n${lines.join('')}\r\n`;
}

/** What happens, in curl's signs: `*` what is done, `>` what is sent, `<` what comes. */
function verbose(process: Process): RequestWatcher {
  const say = (text: string) => process.complain(`${text}\n`);
  const message = (sign: string, first: string, headers: HttpHeaders) => {
    say(`${sign} ${first}`);
    for (const [name, value] of headers) say(`${sign} ${name}: ${value}`);
    say(sign === '>' ? '> ' : '< ');
  };
  return {
    connecting: (url) => say(`*   Trying ${hostHeader(url)}...`),
    connected: (url, stream) => {
      const [address, port] = (stream as Socket).getpeername();
      say(`* Connected to ${url.host} (${address}) port ${port}`);
    },
    sent: (request: HttpRequest) =>
      message('>', `${request.method} ${request.target} HTTP/1.${request.minor}`, request.headers),
    received: (response: HttpResponse) =>
      message('<', `HTTP/1.${response.minor} ${response.status} ${response.reason}`, response.headers),
    redirected: (url) => say(`* Issue another request to this URL: '${formatUrl(url)}'`),
  };
}

/** POSIX's words, and what it was about where they do not say enough. */
function explain(url: string, error: NetError): string {
  if (error.syscall === 'url' || error.code === 'EPROTO' || error.code === 'EPROTONOSUPPORT') {
    return `${url}: ${error.message.replace(/^\w+ \w+ /, '').replace(/: [^:]*$/, '')}`;
  }
  if (error.code === 'ELOOP') return `${url}: redirected too often`;
  return `${url}: ${error.text}`;
}
