import { NetError } from '../../base/errors.ts';
import { utf8Encode } from '../../base/utf8.ts';
import { joined } from '../../l7-application/lines/line-stream.ts';
import { headerSafe } from '../../l7-application/mail/message.ts';
import { NewsClient, NewsError } from '../../l7-application/nntp/client.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { typedText } from './mail/typed.ts';
import { type Options, parseOptions } from './options.ts';

export const news: Program = {
  name: 'news',
  summary: 'read and post news',
  usage: `usage: news [-p PORT] SERVER [GROUP [NUMBER...]]
       news -w [-s SUBJECT] [-r SENDER] [-m TEXT] [-p PORT] SERVER GROUP[,GROUP]...
  SERVER: the groups; GROUP: what is in one; NUMBER: the articles of these numbers
  -m  the text; without: what comes in, up to its end or a line with a single dot
  -p  the port (119)
  -r  the sender (user@ this host)
  -s  the subject
  -w  write an article
exit: 0 done, 1 not`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'w', values: 'mprs' });
    const [server, group, ...numbers] = options.words;
    if (server === undefined) throw new UsageError('no server');
    if (options.has('w') && (group === undefined || numbers.length > 0))
      throw new UsageError('-w needs a server and groups');
    const wrong = numbers.find((word) => !/^[0-9]{1,16}$/.test(word));
    if (wrong !== undefined) throw new UsageError(`'${wrong}' is no number of an article`);
    const article = options.has('w') ? await write(process, options, group!) : null;
    let client: NewsClient | null = null;
    try {
      const port = options.integer('p', 119, 1, 65_535);
      client = new NewsClient(await process.sockets.create_connection([server, port], 30), process.host.node.clock);
      await client.greet();
      if (article !== null) await client.post(article);
      else if (group === undefined) await listGroups(process, client);
      else await read(process, client, group, numbers);
      await client.quit();
      return 0;
    } catch (error) {
      const known = error instanceof NewsError || error instanceof NetError;
      if (!known || process.signalled !== null) throw error;
      process.complain(`news: ${server}: ${headerSafe(error instanceof NetError ? error.text : error.message)}\n`);
      return 1;
    } finally {
      client?.close();
    }
  },
};

async function write(process: Process, options: Options, groups: string): Promise<Uint8Array> {
  const text = options.has('m') ? utf8Encode(`${options.text('m')}\n`) : await typedText(process);
  const sender = headerSafe(options.text('r') ?? `user@${process.host.name}`);
  const subject = headerSafe(options.text('s') ?? '') || '(no subject)';
  const header = `From: ${sender}\r\nNewsgroups: ${headerSafe(groups)}\r\nSubject: ${subject}\r\n\r\n`;
  return joined([utf8Encode(header), text]);
}

/** Name, number of articles at most, description. */
async function listGroups(process: Process, client: NewsClient): Promise<void> {
  const descriptions = new Map<string, string>();
  for (const line of await client.askLines('LIST NEWSGROUPS', '215')) {
    const [name = '', ...rest] = line.split(/[ \t]+/);
    descriptions.set(name, rest.join(' '));
  }
  for (const line of await client.askLines('LIST ACTIVE', '215')) {
    const [name = '', high, low] = line.split(' ');
    const count = Math.max(0, Number(high) - Number(low) + 1);
    process.print(
      `${headerSafe(name).padEnd(28)} ${String(count).padStart(6)}  ${headerSafe(descriptions.get(name) ?? '')}\n`,
    );
  }
}

async function read(process: Process, client: NewsClient, group: string, numbers: readonly string[]): Promise<void> {
  const answer = await client.ask(`GROUP ${group}`, '211');
  const [, count, low, high] = answer.split(' ');
  if (numbers.length === 0 && count !== '0') {
    for (const line of await client.askLines(`OVER ${low}-${high}`, '224')) {
      const [number = '', subject = '', from = '', date = ''] = line.split('\t').map(headerSafe);
      process.print(`${number.padStart(4)} ${from.padEnd(28)} ${date.padEnd(31)}  ${subject}\n`);
    }
  }
  for (const number of numbers) {
    process.stdout.write((await client.askText(`ARTICLE ${number}`, '220')).filter((byte) => byte !== 0x0d));
  }
}
