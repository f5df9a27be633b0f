import { utf8Encode } from '../../base/utf8.ts';
import type { Socket } from '../../l5-session/socket.ts';
import { DataChannel } from './data-channel.ts';
import { clientPath, type FtpStat, factsLine, fromAscii, listLine, matches, shown, toAscii } from './files.ts';
import type { FtpSession } from './session.ts';

/** The commands that need a data connection. */

/** RETR: the file, from where REST said; offsets are those of the wire. */
export async function retrieve(session: FtpSession, argument: string): Promise<void> {
  const { restart } = session;
  const path = session.path(argument);
  if (path === null) return;
  const bytes = await readForWire(session, path);
  if (bytes === null) return;
  if (restart > bytes.length) return session.reply(551, `${path} has ${bytes.length} bytes only`);
  session.begin(`${path} (${bytes.length - restart} bytes)`, async (socket) => {
    await DataChannel.send(socket, bytes.subarray(restart));
    return [226, 'Transfer complete'];
  });
}

/** STOR: replaces the file, or, after REST, what follows there. */
export async function store(session: FtpSession, argument: string): Promise<void> {
  const { restart } = session;
  const path = session.path(argument);
  if (path === null || !(await mayWrite(session, path))) return;
  let before: Uint8Array = new Uint8Array(0);
  if (restart > 0) {
    const old = await readForWire(session, path);
    if (old === null) return;
    if (restart > old.length) return session.reply(551, `${path} has ${old.length} bytes only`);
    before = old.subarray(0, restart);
  }
  session.begin(path, (socket) => keep(session, socket, path, before));
}

export async function append(session: FtpSession, argument: string): Promise<void> {
  const path = session.path(argument);
  if (path === null || !(await mayWrite(session, path))) return;
  const exists = (await session.options.files.stat(session.place(path))) !== null;
  const before = exists ? await readForWire(session, path) : new Uint8Array(0);
  if (before !== null) session.begin(path, (socket) => keep(session, socket, path, before));
}

/** STOU: under a name that there is not yet, which the first reply tells (RFC 1123 4.1.2.9). */
export async function storeUnique(session: FtpSession): Promise<void> {
  const { files } = session.options;
  for (let number = 1; number < 10_000; number++) {
    const path = clientPath(session.cwd, `ftp.${String(number).padStart(4, '0')}`)!;
    if ((await files.stat(session.place(path))) !== null) continue;
    if (!(await mayWrite(session, path))) return;
    const name = path.slice(path.lastIndexOf('/') + 1);
    session.begin(`FILE: ${name}`, (socket) => keep(session, socket, path, new Uint8Array(0)));
    return;
  }
  session.reply(452, 'No name is left');
}

/** What SIZE tells: bytes on the wire, as the type is (RFC 3659 4). */
export async function sizeOnWire(session: FtpSession, path: string): Promise<number | null> {
  const stat = await session.options.files.stat(session.place(path));
  if (stat === null || !session.ascii) return stat?.size ?? null;
  if (stat.size > session.options.limits.fileBytes) return null;
  return toAscii(await session.options.files.read(session.place(path))).length;
}

export type Entries = { readonly directory: boolean; readonly entries: [name: string, stat: FtpStat][] };

/** What is in a directory, the file of that name, or those that a pattern in the last part means; null: nothing. */
export async function entriesOf(session: FtpSession, path: string): Promise<Entries | null> {
  const { files, limits } = session.options;
  const stat = await files.stat(session.place(path));
  const slash = path.lastIndexOf('/');
  const last = path.slice(slash + 1);
  if (stat !== null && stat.kind === 'file') return { directory: false, entries: [[last, stat]] };
  const pattern = stat === null && /[*?]/.test(last) ? last : null;
  if (stat === null && pattern === null) return null;
  const directory = session.place(pattern === null ? path : path.slice(0, slash) || '/');
  if (pattern !== null && (await files.stat(directory))?.kind !== 'directory') return null;
  const entries: [string, FtpStat][] = [];
  for (const name of await files.list(directory)) {
    if (pattern !== null && !matches(name, pattern)) continue;
    if (entries.length >= limits.names) break;
    const found = await files.stat(`${directory === '/' ? '' : directory}/${name}`);
    if (found !== null) entries.push([name, found]);
  }
  return { directory: true, entries };
}

/** LIST, NLST and MLSD. */
export async function list(session: FtpSession, argument: string, form: 'long' | 'names' | 'facts'): Promise<void> {
  // `LIST -la`: what clients give to `ls` is passed over.
  const words = form === 'facts' ? argument : argument.replace(/^(-[A-Za-z0-9]*( |$))+/, '');
  const path = session.path(words);
  if (path === null) return;
  const found = await entriesOf(session, path);
  if (found === null) return session.reply(550, `${path}: No such file or directory`);
  if (form === 'facts' && !found.directory) return session.reply(501, `${path}: Not a directory`);
  // NLST names what a client can ask for: with the directory that it named.
  const before = form === 'names' && found.directory && words.includes('/') && /[*?]/.test(words);
  const prefix = before ? words.slice(0, words.lastIndexOf('/') + 1) : '';
  const { facts } = session;
  const writable = session.account!.writable;
  const line = (name: string, stat: FtpStat) => {
    if (form === 'names') return prefix + shown(name);
    return form === 'long' ? listLine(name, stat, session.now) : factsLine(name, stat, facts, writable);
  };
  const lines = found.entries.map(([name, stat]) => `${line(name, stat)}\r\n`);
  const bytes = utf8Encode(lines.join(''));
  session.begin(`list of ${path}`, async (socket) => {
    await DataChannel.send(socket, bytes);
    return [226, 'Transfer complete'];
  });
}

async function mayWrite(session: FtpSession, path: string): Promise<boolean> {
  const stat = await session.options.files.stat(session.place(path));
  if (session.account!.writable && stat?.kind !== 'directory') return true;
  session.reply(
    stat?.kind === 'directory' ? 550 : 553,
    `${path}: ${stat?.kind === 'directory' ? 'Is a directory' : 'Permission denied'}`,
  );
  return false;
}

/** A file in the form of the type; null: there is none, as the client has been told. */
async function readForWire(session: FtpSession, path: string): Promise<Uint8Array | null> {
  const { files, limits } = session.options;
  const stat = await files.stat(session.place(path));
  if (stat?.kind !== 'file') {
    session.reply(550, `${path}: ${stat === null ? 'No such file or directory' : 'Not a file'}`);
    return null;
  }
  if (stat.size > limits.fileBytes) {
    session.reply(550, `${path}: larger than ${limits.fileBytes} bytes`);
    return null;
  }
  const bytes = await files.read(session.place(path));
  return session.ascii ? toAscii(bytes) : bytes;
}

/** Takes the file. What came of one that broke off is kept: with REST the client can go on there. */
async function keep(
  session: FtpSession,
  socket: Socket,
  path: string,
  before: Uint8Array,
): Promise<[code: number, text: string]> {
  const { files, limits } = session.options;
  const { ascii } = session;
  const { bytes, complete, tooMuch } = await DataChannel.receive(socket, limits.fileBytes - before.length);
  if (tooMuch) return [552, `More than ${limits.fileBytes} bytes: nothing is kept`];
  const whole = new Uint8Array(before.length + bytes.length);
  whole.set(before);
  whole.set(bytes, before.length);
  try {
    await files.write(session.place(path), ascii ? fromAscii(whole) : whole);
  } catch (error) {
    return [550, `${path}: ${error instanceof Error && 'text' in error ? error.text : 'cannot be written'}`];
  }
  return complete ? [226, 'Transfer complete'] : [426, 'Transfer aborted: what came is kept'];
}
