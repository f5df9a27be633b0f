import type { DataAddress } from './data-address.ts';
import { formatPort, parseExtendedPort, parsePort } from './data-address.ts';
import { FACTS, type Fact, factsLine, listLine, timeValue } from './files.ts';
import type { FtpCommand, FtpCommands, FtpSession } from './session.ts';
import { append, entriesOf, list, retrieve, sizeOnWire, store, storeUnique } from './transfers.ts';

type Command = Omit<FtpCommand, 'early'>;
const needed = (run: Command['run']): Command => ({ argument: 'needed', run });
const possible = (run: Command['run']): Command => ({ argument: 'possible', run });
const says = (code: number, text: string): Command => possible((session) => session.reply(code, text));
const cannot = says(502, 'Not implemented: files can be read and written here, not removed, renamed or moved');

/** What may be said before one has logged in. */
const EARLY = 'USER PASS ACCT QUIT REIN HELP NOOP SYST FEAT OPTS AUTH ABOR STAT'.split(' ');

const FEATURES = ['EPRT', 'EPSV', 'MDTM', 'MLST', 'REST STREAM', 'SIZE', 'TVFS', 'UTF8'];

const cwd = needed(async (session, argument) => {
  const path = session.path(argument);
  if (path === null) return;
  const stat = await session.options.files.stat(session.place(path));
  if (stat?.kind !== 'directory') {
    session.reply(550, `${path}: ${stat === null ? 'No such file or directory' : 'Not a directory'}`);
    return;
  }
  session.cwd = path;
  session.reply(250, 'Directory changed');
});
const cdup = possible((session) => cwd.run(session, '..'));
const pwd = possible((session) =>
  session.reply(257, `"${session.cwd.replaceAll('"', '""')}" is the current directory`),
);

async function pass(session: FtpSession, argument: string): Promise<void> {
  if (session.account !== null) return session.reply(230, 'Already logged in');
  if (session.asked === null) return session.reply(503, 'Say USER first');
  const account = session.known(session.asked);
  if (account === null || (account.password !== null && account.password !== argument)) {
    session.log(`wrong password for ${JSON.stringify(session.asked.slice(0, 64))}`);
    session.asked = null;
    session.failures++;
    await session.pause(1);
    if (session.failures < session.options.limits.logins) return session.reply(530, 'Login incorrect');
    session.reply(421, 'Login incorrect too often: closing');
    session.ending = true;
    return;
  }
  session.login(account);
  session.reply(230, 'Logged in');
}

/** A client may have data sent to itself only, and to no port of a server (RFC 2577 3). */
function lead(session: FtpSession, target: DataAddress | null): void {
  if (target === null) session.reply(501, 'Not an address and a port');
  else if (target.host !== session.client) session.reply(504, `Data goes to ${session.client} only`);
  else if (target.port < 1024) session.reply(504, 'Data does not go to ports below 1024');
  else {
    session.data.lead(target);
    session.reply(200, 'Data will go there');
  }
}

function onlyExtended(session: FtpSession): boolean {
  if (session.onlyExtendedPassive) session.reply(501, 'After EPSV ALL there is only EPSV');
  return session.onlyExtendedPassive;
}

const protocolOf = (address: string) => (address.includes(':') ? '2' : '1');

async function extendedPassive(session: FtpSession, argument: string): Promise<void> {
  if (argument.toUpperCase() === 'ALL') {
    session.onlyExtendedPassive = true;
    return session.reply(200, 'EPSV only from now on');
  }
  const own = protocolOf(session.local);
  if (argument !== '' && argument !== own) {
    return session.reply(/^[0-9]+$/.test(argument) ? 522 : 501, `Network protocol not supported, use (${own})`);
  }
  session.reply(229, `Entering Extended Passive Mode (|||${session.data.listen().port}|)`);
}

async function type(session: FtpSession, argument: string): Promise<void> {
  const words = argument.toUpperCase();
  if (words === 'A' || words === 'A N') session.ascii = true;
  else if (words === 'I' || words === 'L 8') session.ascii = false;
  else return session.reply(/^(A [TC]|E( [NTC])?|L [0-9]+)$/.test(words) ? 504 : 501, `Type ${argument} is not for us`);
  session.reply(200, `Type is ${session.ascii ? 'A' : 'I'}`);
}

async function restart(session: FtpSession, argument: string): Promise<void> {
  if (!/^[0-9]{1,15}$/.test(argument)) return session.reply(501, 'REST needs a number of bytes');
  session.restart = Number(argument);
  session.reply(350, `Going on at ${session.restart} with the next RETR or STOR`);
}

async function status(session: FtpSession, argument: string): Promise<void> {
  if (argument === '') {
    const { account, ascii, carrying, options } = session;
    session.reply(211, [
      `${options.node.name} FTP server status:`,
      `Connected from ${session.client}`,
      account === null ? 'Not logged in' : `Logged in as ${account.name}`,
      `TYPE: ${ascii ? 'ASCII' : 'Image'}; STRUcture: File; transfer MODE: Stream`,
      carrying === null ? 'No data connection' : `Carrying ${carrying}`,
      'End of status',
    ]);
    return;
  }
  if (session.account === null) return session.reply(530, 'Please log in with USER and PASS');
  const path = session.path(argument);
  if (path === null) return;
  const entries = await entriesOf(session, path);
  if (entries === null) return session.reply(550, `${path}: No such file or directory`);
  const lines = entries.entries.map(([name, stat]) => listLine(name, stat, session.now));
  session.reply(entries.directory ? 212 : 213, [`Status of ${path}:`, ...lines, 'End of status']);
}

async function facts(session: FtpSession, argument: string): Promise<void> {
  const path = session.path(argument);
  if (path === null) return;
  const stat = await session.options.files.stat(session.place(path));
  if (stat === null) return session.reply(550, `${path}: No such file or directory`);
  session.reply(250, [`Listing ${path}`, factsLine(path, stat, session.facts, session.account!.writable), 'End']);
}

async function options(session: FtpSession, argument: string): Promise<void> {
  const [name = '', ...words] = argument.split(' ');
  if (name.toUpperCase() === 'UTF8')
    return session.reply(words[0]?.toUpperCase() === 'OFF' ? 501 : 200, 'Names are in UTF-8');
  if (name.toUpperCase() !== 'MLST') return session.reply(501, `No options of ${name}`);
  const asked = (words[0] ?? '').toLowerCase().split(';');
  session.facts = new Set(FACTS.filter((fact: Fact) => asked.includes(fact)));
  session.reply(200, `MLST OPTS ${[...session.facts].map((fact) => `${fact};`).join('')}`);
}

/** SIZE and MDTM: a value of a file. */
const aboutFile = (
  value: (session: FtpSession, path: string, modifiedMs: number) => Promise<string | null> | string | null,
) =>
  needed(async (session, argument) => {
    const path = session.path(argument);
    if (path === null) return;
    const stat = await session.options.files.stat(session.place(path));
    if (stat?.kind !== 'file') return session.reply(550, `${path}: ${stat === null ? 'No such file' : 'Not a file'}`);
    const text = await value(session, path, stat.modifiedMs);
    session.reply(text === null ? 550 : 213, text ?? `${path}: not known`);
  });

const COMMAND_LIST: Readonly<Record<string, Command>> = {
  USER: needed((session, name) => {
    session.logout();
    session.asked = name;
    const anonymous = session.known(name)?.password === null;
    session.reply(331, anonymous ? 'Any password will do, your address for instance' : `Password of ${name}, please`);
  }),
  PASS: possible(pass),
  ACCT: says(202, 'No accounts here'),
  CWD: cwd,
  CDUP: cdup,
  SMNT: cannot,
  REIN: possible((session) => {
    session.logout();
    session.data.close();
    session.reply(220, 'As at the beginning');
  }),
  QUIT: possible((session) => {
    session.reply(221, 'Goodbye');
    session.ending = true;
  }),
  PORT: needed((session, argument) => {
    if (!onlyExtended(session)) lead(session, parsePort(argument));
  }),
  PASV: possible((session) => {
    if (onlyExtended(session)) return;
    // RFC 2428 3: its answer has no room for the address.
    if (session.local.includes(':')) return session.reply(425, 'Over IPv6 there is EPSV');
    session.reply(227, `Entering Passive Mode (${formatPort(session.data.listen())})`);
  }),
  EPRT: needed((session, argument) => {
    if (onlyExtended(session)) return;
    const target = parseExtendedPort(argument);
    const other = target === 'protocol' || (target !== null && protocolOf(target.host) !== protocolOf(session.local));
    if (other) session.reply(522, `Network protocol not supported, use (${protocolOf(session.local)})`);
    else lead(session, target);
  }),
  EPSV: possible(extendedPassive),
  TYPE: needed(type),
  STRU: needed((session, argument) => {
    const known = ['F', 'R', 'P'].includes(argument.toUpperCase());
    session.reply(argument.toUpperCase() === 'F' ? 200 : known ? 504 : 501, 'The structure is F: a file of bytes');
  }),
  MODE: needed((session, argument) => {
    const known = ['S', 'B', 'C'].includes(argument.toUpperCase());
    session.reply(argument.toUpperCase() === 'S' ? 200 : known ? 504 : 501, 'The mode is S: a stream');
  }),
  RETR: needed(retrieve),
  STOR: needed(store),
  STOU: possible(storeUnique),
  APPE: needed(append),
  ALLO: says(202, 'No room has to be made'),
  REST: needed(restart),
  RNFR: cannot,
  RNTO: cannot,
  DELE: cannot,
  RMD: cannot,
  MKD: cannot,
  ABOR: possible(async (session) => {
    if (session.abort()) await session.transferEnded();
    session.reply(226, 'Nothing is being carried');
  }),
  PWD: pwd,
  LIST: possible((session, argument) => list(session, argument, 'long')),
  NLST: possible((session, argument) => list(session, argument, 'names')),
  MLSD: possible((session, argument) => list(session, argument, 'facts')),
  MLST: possible(facts),
  SITE: says(504, 'No SITE commands here'),
  SYST: says(215, 'UNIX Type: L8'),
  STAT: possible(status),
  HELP: possible((session) => {
    const lines: string[] = [];
    const names = [...COMMANDS.keys()];
    for (let i = 0; i < names.length; i += 8) lines.push(names.slice(i, i + 8).join(' '));
    session.reply(214, ['These commands are understood:', ...lines, 'End of help']);
  }),
  NOOP: says(200, 'Nothing done'),
  FEAT: possible((session) => {
    const mlst = FACTS.map((fact) => `${fact}${session.facts.has(fact) ? '*' : ''};`).join('');
    session.reply(211, ['Features:', ...FEATURES.map((name) => (name === 'MLST' ? `MLST ${mlst}` : name)), 'End']);
  }),
  OPTS: needed(options),
  SIZE: aboutFile(async (session, path) => {
    const size = await sizeOnWire(session, path);
    return size === null ? null : String(size);
  }),
  MDTM: aboutFile((_, __, modifiedMs) => (modifiedMs === 0 ? null : timeValue(modifiedMs))),
  AUTH: says(502, 'No TLS here'),
  // The names of before 1985 (RFC 1123 4.1.3.1).
  XCWD: cwd,
  XCUP: cdup,
  XPWD: pwd,
  XMKD: cannot,
  XRMD: cannot,
};

export const COMMANDS: FtpCommands = new Map(
  Object.entries(COMMAND_LIST).map(([name, command]) => [name, { ...command, early: EARLY.includes(name) }]),
);
