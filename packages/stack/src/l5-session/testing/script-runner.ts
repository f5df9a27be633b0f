import { errnoName, NetError } from '../../base/errors.ts';
import { utf8Decode } from '../../base/utf8.ts';
import { inet_pton, type SocketAddress } from '../addresses.ts';
import * as constants from '../constants.ts';
import type { OptionValue } from '../option-values.ts';
import type { Socket } from '../socket.ts';
import { type LoneHost, WAITS } from './lone-host.ts';

/** The steps of a script, and what each is expected to give. */
export function stepsOf(script: string): { step: string; expected: string }[] {
  return script.split(';').map((line) => {
    const [step = '', expected = 'ok'] = line.split('->').map((part) => part.trim());
    return { step, expected };
  });
}

/** Runs the steps of one script of posix-table.ts on a host; what each gave. */
export async function runScript(host: LoneHost, script: string): Promise<string[]> {
  const run = new ScriptRun(host);
  const results: string[] = [];
  for (const { step } of stepsOf(script)) {
    const result = await host.untilSettled(run.step(step.split(/\s+/)).catch(nameOfError));
    results.push(result === WAITS ? 'waits' : result);
  }
  return results;
}

function nameOfError(error: unknown): string {
  if (error instanceof NetError) return error.code;
  throw error;
}

class ScriptRun {
  private readonly host: LoneHost;
  private readonly sockets = new Map<string, Socket>();
  private kept = 0;

  constructor(host: LoneHost) {
    this.host = host;
  }

  async step(words: string[]): Promise<string> {
    if (words[1] === '=') {
      const made = await this.make(words.slice(2));
      words[0]!.split(',').forEach((name, i) => {
        this.sockets.set(name, made[i]!);
      });
      return 'ok';
    }
    if (words[0] === 'wait') {
      await this.host.sockets.sleep(Number(words[1]));
      return 'ok';
    }
    if (words[0] === 'keep') {
      this.kept = this.port(words[1]!);
      return 'ok';
    }
    if (words[0] === 'later') {
      void this.host.sockets.sleep(Number(words[1])).then(() => this.step(words.slice(2)));
      return 'ok';
    }
    const [name = '', call = ''] = words[0]!.split('.');
    return (await this.call(this.sockets.get(name)!, call, words.slice(1))) ?? 'ok';
  }

  private async make(words: string[]): Promise<Socket[]> {
    const { sockets } = this.host;
    const [how = '', ...rest] = words;
    if (how === 'stream') return [sockets.socket(constants.AF_INET, constants.SOCK_STREAM)];
    if (how === 'stream6') return [sockets.socket(constants.AF_INET6, constants.SOCK_STREAM)];
    if (how === 'dgram6') return [sockets.socket(constants.AF_INET6, constants.SOCK_DGRAM)];
    if (how === 'dgram') return [sockets.socket(constants.AF_INET, constants.SOCK_DGRAM)];
    if (how === 'pair') return sockets.socketpair();
    const numbers = rest.map(numberOf);
    if (how === 'socketpair') return sockets.socketpair(...numbers);
    if (how === 'socket') return [sockets.socket(...numbers)];
    if (how === 'server' || how === 'server6') {
      const server = sockets.socket(how === 'server' ? constants.AF_INET : constants.AF_INET6);
      server.bind([how === 'server' ? '127.0.0.1' : '::1', 0]);
      server.listen(5);
      return [server];
    }
    const [connection] = await this.sockets.get(how.split('.')[0]!)!.accept();
    return [connection];
  }

  private async call(s: Socket, call: string, args: string[]): Promise<string | undefined> {
    switch (call) {
      case 'bind':
        s.bind(this.address(args));
        return;
      case 'listen':
        s.listen(numberOf(args[0]!));
        return;
      case 'accept':
        await s.accept();
        return;
      case 'connect':
        await s.connect(this.address(args));
        return;
      case 'send':
        return String(await s.send(dataOf(args[0]!), args.length > 1 ? numberOf(args[1]!) : 0));
      case 'sendto':
        return String(await s.sendto(dataOf(args[0]!), this.address(args.slice(1))));
      case 'recv':
        return shownData(
          await s.recv(
            Number(args[0]),
            args.slice(1).reduce((flags, flag) => flags | numberOf(flag), 0),
          ),
        );
      case 'recvfrom': {
        const [data, from] = await s.recvfrom(Number(args[0]));
        return `${shownData(data)} ${from![0]}`;
      }
      case 'join':
      case 'leave':
        s.setsockopt(
          constants.IPPROTO_IPV6,
          call === 'join' ? constants.IPV6_JOIN_GROUP : constants.IPV6_LEAVE_GROUP,
          groupRequest(args[0]!, Number(args[1])),
        );
        return;
      case 'shutdown':
        s.shutdown(numberOf(args[0]!));
        return;
      case 'close':
        s.close();
        return;
      case 'blocking':
        s.setblocking(args[0] === '1');
        return;
      case 'timeout':
        s.settimeout(Number(args[0]));
        return;
      case 'patience':
        s.setsockopt(constants.SOL_SOCKET, numberOf(args[0]!), [0, Number(args[1]) * 1000]);
        return;
      case 'set': {
        const values = args.slice(2).map(numberOf);
        const value: OptionValue = values.length === 1 ? values[0]! : values;
        s.setsockopt(numberOf(args[0]!), numberOf(args[1]!), value);
        return;
      }
      case 'get': {
        const value = s.getsockopt(numberOf(args[0]!), numberOf(args[1]!));
        return args[1] === 'SO_ERROR' && value !== 0 ? errnoName(value) : String(value);
      }
      case 'name':
        return shownAddress(s.getsockname());
      case 'peer':
        return shownAddress(s.getpeername());
      case 'poll': {
        const poller = this.host.sockets.poll();
        poller.register(s, constants.POLLIN | constants.POLLOUT | constants.POLLRDHUP);
        const events = (await poller.poll(0))[0]?.[1] ?? 0;
        const names = ['POLLIN', 'POLLOUT', 'POLLERR', 'POLLHUP', 'POLLRDHUP', 'POLLNVAL'];
        const told = names.filter((name) => events & NUMBERS[name]!).map((name) => name.slice(4));
        return told.join(' ') || 'nothing';
      }
      default:
        throw new Error(`no such call: ${call}`);
    }
  }

  private address(words: string[]): SocketAddress {
    return [words[0] === '*' ? '' : words[0]!, this.port(words[1]!)];
  }

  private port(word: string): number {
    if (word === 'kept') return this.kept;
    if (word.startsWith('port(')) return this.sockets.get(word.slice(5, -1))!.getsockname()[1];
    if (word !== 'unused') return Number(word);
    const probe = this.host.sockets.socket();
    probe.bind(['127.0.0.1', 0]);
    const [, port] = probe.getsockname();
    probe.close();
    return port;
  }
}

/** `struct ipv6_mreq` */
function groupRequest(group: string, index: number): Uint8Array {
  return Uint8Array.of(...inet_pton(constants.AF_INET6, group), index, 0, 0, 0);
}

const NUMBERS: Readonly<Record<string, number>> = { ...constants };

function numberOf(word: string): number {
  return NUMBERS[word] ?? Number(word);
}

function dataOf(word: string): Uint8Array | string {
  return word.startsWith('bytes(') ? new Uint8Array(Number(word.slice(6, -1))).fill(0x78) : word;
}

function shownData(data: Uint8Array): string {
  if (data.length === 0) return 'empty';
  return data.length <= 20 ? utf8Decode(data) : `bytes(${data.length})`;
}

function shownAddress([host, port]: SocketAddress): string {
  return `${host} ${port === 0 ? '0' : 'port'}`;
}
