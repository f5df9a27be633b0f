import { Pop3Client, parsePopUrl, popProblem } from '../../../l7-application/pop/pop3-client.ts';
import type { Process } from '../../process.ts';
import { UsageError } from '../../program.ts';
import { listLine } from './list.ts';

/** Lists, prints or deletes messages of a mailbox that a POP3 server has. */
export async function readRemote(
  process: Process,
  url: string,
  words: readonly string[],
  deletes: boolean,
): Promise<number> {
  const where = parsePopUrl(url);
  if (where === null) throw new UsageError(`'${url}' is not pop3://USER:PASSWORD@HOST`);
  if (deletes && words.length === 0) throw new UsageError('-d needs the numbers of messages');
  let client: Pop3Client | null = null;
  try {
    client = new Pop3Client(
      await process.sockets.create_connection([where.host, where.port], 30),
      process.host.node.clock,
    );
    await client.login(where.user, where.password);
    const list = await client.list();
    if (words.length === 0) {
      if (list.length === 0) process.print(`No mail for ${where.user}\n`);
      for (const { number, bytes } of list) process.print(listLine(number, await client.top(number, 0), bytes));
    }
    for (const word of words) {
      if (!/^[0-9]{1,6}$/.test(word)) throw new UsageError(`'${word}' is no number of a message`);
      if (deletes) await client.delete(Number(word));
      else process.stdout.write((await client.retrieve(Number(word))).filter((byte) => byte !== 0x0d));
    }
    await client.quit();
    return 0;
  } catch (error) {
    const problem = popProblem(error);
    if (problem === null || process.signalled !== null) throw error;
    process.complain(`mail: ${where.host}: ${problem}\n`);
    return 1;
  } finally {
    client?.close();
  }
}
