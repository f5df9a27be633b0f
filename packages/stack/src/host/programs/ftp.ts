import { NetError } from '../../base/errors.ts';
import { utf8Decode } from '../../base/utf8.ts';
import { FtpClient, FtpError } from '../../l7-application/ftp/client.ts';
import { fromAscii, toAscii } from '../../l7-application/ftp/files.ts';
import { FTP_PORT } from '../../l7-application/ftp/server.ts';
import { resolvePath } from '../files.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { nearest, parseOptions } from './options.ts';

export const ftp: Program = {
  name: 'ftp',
  summary: 'fetch and store files over FTP',
  usage: `usage: ftp [-Asv] [-p PORT] [-u NAME[:PASSWORD]] HOST [COMMAND [ARGUMENT...]]
  -A  active: the server connects to this host for data
  -p  the server's port (21)
  -s  silent: replies are not shown
  -u  the user (anonymous)
  -v  show commands, too
  Without COMMAND: commands from stdin, a line each. There are:
    get FILE [LOCAL]    reget FILE [LOCAL]    ls [PATH]     dir [PATH]     mls [PATH]    cd DIR    cdup    pwd
    put LOCAL [FILE]    reput LOCAL [FILE]    append LOCAL [FILE]          size FILE     modtime FILE
    ascii    binary    active    passive    quote COMMAND    status    help    quit
  LOCAL: a file here, - for stdout`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'Asv', values: 'pu' });
    const [host, ...words] = options.words;
    if (host === undefined) throw new UsageError('no host');
    const [name = '', ...password] = (options.text('u') ?? 'anonymous').split(':');
    const shown = (sign: '>' | '<', line: string) => {
      if (sign === '<' ? !options.has('s') : options.has('v'))
        process.complain(`${sign === '<' ? '' : '---> '}${line}\n`);
    };
    let client: FtpClient | null = null;
    try {
      const port = options.integer('p', FTP_PORT, 1, 65535);
      client = await FtpClient.connect(process.sockets, [host, port], { active: options.has('A'), watch: shown });
      client.ascii = false;
      await client.login(name, password.length > 0 ? password.join(':') : `${name}@${process.host.node.name}`);
      const dialogue = new Dialogue(process, client, options.has('s'));
      return words.length > 0 ? await dialogue.once(words) : await dialogue.lines();
    } catch (error) {
      if (process.signalled !== null) throw error;
      if (error instanceof FtpError)
        process.complain(options.has('s') || error.code === 0 ? `ftp: ${error.message}\n` : '');
      else if (error instanceof NetError) process.complain(`ftp: ${error.message}\n`);
      else throw error;
      return 1;
    } finally {
      client?.close();
    }
  },
};

const COMMANDS =
  'get reget put reput append ls dir mls cd cdup pwd size modtime ascii binary active passive quote status help quit bye'.split(
    ' ',
  );

/** What somebody types, command after command. */
class Dialogue {
  private readonly process: Process;
  private readonly client: FtpClient;
  private readonly silent: boolean;
  private failed = false;

  constructor(process: Process, client: FtpClient, silent: boolean) {
    this.process = process;
    this.client = client;
    this.silent = silent;
  }

  async once(words: readonly string[]): Promise<number> {
    await this.obey(words);
    await this.client.quit();
    return this.failed ? 1 : 0;
  }

  /** Until the end of the input, or `quit`. */
  async lines(): Promise<number> {
    const { stdin } = this.process;
    let text = '';
    for (;;) {
      if (stdin.terminal === true) this.process.print('ftp> ');
      let end = text.indexOf('\n');
      while (end < 0) {
        const bytes = await stdin.read();
        if (bytes === null) break;
        text += utf8Decode(bytes);
        end = text.indexOf('\n');
      }
      if (end < 0 && text === '') break;
      const line = end < 0 ? text : text.slice(0, end);
      text = end < 0 ? '' : text.slice(end + 1);
      const words = line.trim().split(/\s+/);
      if (words[0] === '') continue;
      if (words[0] === 'quit' || words[0] === 'bye') break;
      await this.obey(words);
    }
    await this.client.quit();
    return this.failed ? 1 : 0;
  }

  /** One command; what fails is told, and the next may come, unless the connection is gone. */
  private async obey(words: readonly string[]): Promise<void> {
    try {
      await this.run(words[0]!, words.slice(1));
    } catch (error) {
      this.failed = true;
      if (error instanceof FtpError) {
        // The server's words have been shown already.
        if (this.silent || error.code <= 0) this.process.complain(`ftp: ${error.message}\n`);
        if (error.code === 421 || error.code === 0) throw error;
      } else if (
        error instanceof NetError &&
        ['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'EINVAL'].includes(error.code)
      ) {
        this.process.complain(`ftp: ${error.message}\n`);
      } else throw error;
    }
  }

  private async run(verb: string, rest: readonly string[]): Promise<void> {
    const { client, process } = this;
    const [first, second = first?.slice(first.lastIndexOf('/') + 1)] = rest;
    const needed = (): string => {
      if (first === undefined) throw new FtpError(-1, `${verb} what?`);
      return first;
    };
    switch (verb) {
      case 'get':
        return this.keep(second!, await client.fetch(`RETR ${needed()}`));
      case 'reget': {
        const have = await this.local(second ?? needed());
        const more = await client.fetch(`RETR ${needed()}`, have.length);
        return this.keep(second!, joined(have, more));
      }
      case 'put':
        return client.store(`STOR ${second ?? needed()}`, await this.local(needed(), true));
      case 'reput': {
        const bytes = await this.local(needed(), true);
        const type = client.ascii ? 'TYPE A' : 'TYPE I';
        await client.command(type);
        const there = await client.send(`SIZE ${second}`);
        const size = there.code === 213 ? Number(there.lines[0]) : 0;
        return client.store(`STOR ${second}`, bytes.subarray(size), size);
      }
      case 'append':
        return client.store(`APPE ${second ?? needed()}`, await this.local(needed(), true));
      case 'ls':
      case 'dir':
      case 'mls': {
        const command = { ls: 'NLST', dir: 'LIST', mls: 'MLSD' }[verb];
        process.print(utf8Decode(await client.fetch(first === undefined ? command : `${command} ${first}`)));
        return;
      }
      case 'cd':
        await client.command(`CWD ${needed()}`);
        return;
      case 'cdup':
      case 'pwd':
        await client.command(verb.toUpperCase());
        return;
      case 'size':
        await client.command(`SIZE ${needed()}`);
        return;
      case 'modtime':
        await client.command(`MDTM ${needed()}`);
        return;
      case 'quote':
        await client.command([needed(), ...rest.slice(1)].join(' '));
        return;
      case 'ascii':
      case 'binary':
        client.ascii = verb === 'ascii';
        return;
      case 'active':
      case 'passive':
        client.active = verb === 'active';
        return;
      case 'status':
        await client.command('STAT');
        return;
      case 'help':
        process.print(`${COMMANDS.join(' ')}\n`);
        return;
      default: {
        const near = nearest(verb, COMMANDS);
        this.failed = true;
        process.complain(`ftp: no command '${verb}'${near === null ? '; try help' : `; did you mean ${near}?`}\n`);
      }
    }
  }

  /** A file here, in the form of the type; empty when there is none and it need not be. */
  private async local(name: string, must = false): Promise<Uint8Array> {
    const { files } = this.process.host;
    const path = resolvePath('/', name);
    if (!must && (await files.stat(path)) === null) return new Uint8Array(0);
    const bytes = await files.read(path);
    return this.client.ascii ? toAscii(bytes) : bytes;
  }

  private async keep(name: string, wire: Uint8Array): Promise<void> {
    const bytes = this.client.ascii ? fromAscii(wire) : wire;
    if (name === '-') this.process.stdout.write(bytes);
    else await this.process.host.files.write(resolvePath('/', name), bytes);
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
