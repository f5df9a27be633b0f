import { NetError } from '../../base/errors.ts';
import { type TftpClientOptions, tftpGet, tftpPut } from '../../l7-application/tftp/client.ts';
import { TftpError } from '../../l7-application/tftp/exchange.ts';
import { TFTP_PORT } from '../../l7-application/tftp/server.ts';
import { resolvePath } from '../files.ts';
import type { Process } from '../process.ts';
import { type Program, UsageError } from '../program.ts';
import { type Options, parseOptions } from './options.ts';

export const tftp: Program = {
  name: 'tftp',
  summary: 'fetch or store a file over TFTP',
  usage: `usage: tftp [-av] [-b BYTES] [-p PORT] [-t SECONDS] [-w BLOCKS] HOST get FILE [LOCAL]
       tftp [-av] [-b BYTES] [-p PORT] [-t SECONDS] [-w BLOCKS] HOST put LOCAL [FILE]
  LOCAL: a file here, - for stdout; left out, the last part of the name
  -a  netascii: text, whose ends of lines are translated (octet: the bytes as they are)
  -b  ask for blocks of so many bytes, 8 to 65464 (512)
  -p  the server's port (69)
  -t  ask for so many seconds, 1 to 255, until something is sent again
  -v  tell what was carried
  -w  ask for windows of so many blocks, 1 to 65535 (1)`,
  async main(process) {
    const options = parseOptions(process.args, { flags: 'av', values: 'bptw' });
    const [host, verb, ...names] = options.words;
    if (host === undefined || verb === undefined) throw new UsageError('HOST and get or put are needed');
    if (verb !== 'get' && verb !== 'put') throw new UsageError(`'${verb}': get or put`);
    if (names.length === 0) throw new UsageError(`${verb} what?`);
    if (names.length > 2) throw new UsageError('one file, not several');
    const port = options.integer('p', TFTP_PORT, 1, 65535);
    const begun = process.host.node.clock.now;
    const terms = termsOf(process, options);
    try {
      const [from = '', to = baseName(from)] = names;
      const result =
        verb === 'get'
          ? await tftpGet(process.sockets, [host, port], from, (data) => keep(process, to, data), terms)
          : await tftpPut(
              process.sockets,
              [host, port],
              to,
              await process.host.files.read(resolvePath('/', from)),
              terms,
            );
      const seconds = ((process.host.node.clock.now - begun) / 1e9).toFixed(1);
      const done = verb === 'get' ? 'Received' : 'Sent';
      if (options.has('v')) {
        process.complain(`${done} ${result.bytes} bytes in ${seconds} seconds, ${result.timeouts} timeouts\n`);
      }
      return 0;
    } catch (error) {
      if (process.signalled !== null) throw error;
      if (error instanceof TftpError && error.remote) {
        process.complain(`tftp: Error code ${error.code}: ${error.message}\n`);
      } else if (error instanceof TftpError) process.complain(`tftp: ${error.message}\n`);
      else if (error instanceof NetError) process.complain(`tftp: ${error.message}\n`);
      else throw error;
      return 1;
    }
  },
};

function termsOf(process: Process, options: Options): TftpClientOptions {
  const asked = (letter: string, least: number, most: number) =>
    options.has(letter) ? options.integer(letter, 0, least, most) : null;
  return {
    node: process.host.node,
    mode: options.has('a') ? 'netascii' : 'octet',
    blockBytes: asked('b', 8, 65_464),
    timeoutSeconds: asked('t', 1, 255),
    windowBlocks: asked('w', 1, 65_535),
  };
}

async function keep(process: Process, name: string, data: Uint8Array): Promise<void> {
  if (name === '-') process.stdout.write(data);
  else await process.host.files.write(resolvePath('/', name), data);
}

function baseName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
