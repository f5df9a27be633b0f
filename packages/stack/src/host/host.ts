import type { IpAddress } from '../base/ip-address.ts';
import type { NodeContext } from '../base/node-context.ts';
import { splitCommandLine } from './command-line.ts';
import { EtcFiles } from './etc-files.ts';
import { HostResolver } from './host-resolver.ts';
import type { HostsFile } from './hosts-file.ts';
import { type HostTime, Machine, type MachineOptions } from './machine.ts';
import { Process, type Program } from './process.ts';
import { programs } from './programs/index.ts';
import { nearest } from './programs/options.ts';
import type { ProcessStreams } from './streams.ts';

/**
 * A machine and the programs that run on it.
 *
 *     programs  ->  sockets  ->  the layers (`Machine`)
 */
export class Host extends Machine {
  /** Those that run, by their number. */
  override readonly processes = new Map<number, Process>();
  /** Programs that ended with another exit code than 0. */
  failures = 0;
  override readonly resolver: HostResolver = new HostResolver(this);
  private nextPid = 1;

  constructor(node: NodeContext, names: HostsFile, time: HostTime, options: MachineOptions = {}) {
    super(node, names, time, options);
    this.files.mount('/etc', new EtcFiles(this));
  }

  /**
   * From now on names that the hosts file does not have are asked for in the DNS: of these servers, and of those that
   * others tell of (`nameServers`). A name without dots is looked for in `domain`.
   */
  useNameServers(servers: readonly IpAddress[], domain: string | readonly string[] | null = null): void {
    this.nameServers.set('by hand', servers, domain);
  }

  /** Starts a command line as it stands in a scenario. One that cannot be read ends with 2, as in a shell. */
  start(commandLine: string, streams: ProcessStreams = {}): Process {
    const words = splitCommandLine(commandLine);
    if (words === null) return this.begin(unreadable(commandLine), [], streams);
    return this.spawn(words, streams);
  }

  /** Starts a program; `argv[0]` is its name. Unknown: it says so on stderr and ends with 127, as in a shell. */
  spawn(argv: readonly string[], streams: ProcessStreams = {}): Process {
    const [name = '', ...args] = argv;
    return this.begin(programs.get(name) ?? unknownProgram(name), args, streams);
  }

  /** Starts a program that is not among those that every host has. */
  begin(program: Program, args: readonly string[] = [], streams: ProcessStreams = {}): Process {
    const process = new Process(this.nextPid++, this, program, args, streams, ({ pid }, code) => {
      this.processes.delete(pid);
      if (code !== 0) this.failures++;
    });
    this.processes.set(process.pid, process);
    return process;
  }
}

function unknownProgram(name: string): Program {
  const near = nearest(name, [...programs.keys()]);
  const hint = near === null ? `there are ${[...programs.keys()].sort().join(', ')}` : `did you mean ${near}?`;
  return complaint(name, `command not found; ${hint}`, 127);
}

function unreadable(commandLine: string): Program {
  return complaint('sh', `${commandLine}: a quote is not closed`, 2);
}

/** A program that only says why there is none. */
function complaint(name: string, text: string, exitCode: number): Program {
  return {
    name,
    summary: '',
    usage: `${name}: ${text}`,
    main: async (process) => {
      process.complain(`${name}: ${text}\n`);
      return exitCode;
    },
  };
}
