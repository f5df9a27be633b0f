#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { attachCommand } from './commands/attach.ts';
import { checkCommand } from './commands/check.ts';
import { demoCommand } from './commands/demo.ts';
import { execCommand } from './commands/exec.ts';
import { explainCommand } from './commands/explain.ts';
import { runCommand } from './commands/run.ts';
import { CommandError, ExitCode } from './exit.ts';
import { parseSpeed } from './session.ts';

// A reader that went away (`netarium run x | head`) is no error. What `exit` still has to do (captures) it does.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

const program = new Command('netarium')
  .description('A whole network in one process: hosts, switches, routers, cables, and every byte between them.')
  .version('0.1.0')
  .showHelpAfterError('(netarium --help tells what there is)')
  .enablePositionalOptions()
  .exitOverride();

const speed = () =>
  new Option(
    '--speed <factor>',
    'network time for each second: 1x is real time, 0.1x slow motion, max as fast as it goes',
  ).argParser((text) => {
    const pace = parseSpeed(text);
    if (pace === null) throw new InvalidArgumentError('write 1x, 0.1x, 10x or max.');
    return pace;
  });

let exitCode: number = ExitCode.Ok;
const then = async (work: number | Promise<number>) => {
  exitCode = await work;
};

const capturing = (command: Command) =>
  command
    .option('--seed <seed>', 'seed of all randomness, instead of the scenario’s')
    .option('--pcap <file>', 'write a pcapng capture: each packet once, where it was sent')
    .option('--interface <node:if>', 'with --pcap: what this interface sees, as tcpdump there would')
    .option('--every-hop', 'with --pcap: every frame on every link');

capturing(program.command('run').argument('<file>', 'scenario, e.g. examples/campus.yaml'))
  .addOption(speed())
  .description('run a scenario: its services, its faults')
  .option('--for <duration>', 'how long, in network time, e.g. 10s; without it until nothing is left to happen')
  .action((file, options) => then(runCommand(file, options)));

capturing(program.command('exec').argument('<file>', 'scenario').argument('<node>', 'host'))
  .addOption(speed())
  .argument('[command...]', 'program and its arguments, after --')
  .showHelpAfterError(
    process.argv.includes('--')
      ? '(netarium exec --help lists what may stand before --; it ends with the command)'
      : '(put -- in front of the command, so that its options are its own: exec FILE NODE -- ping -c 3 web)',
  )
  .description('run one command on a host of the scenario, e.g. netarium exec campus.yaml alice -- ping -c 3 web')
  .action((file, node, command, options) => then(execCommand(file, node, command, options)));

const repeated = (value: string, before: string[] = []) => [...before, value];

capturing(program.command('attach').argument('<file>', 'scenario'))
  .description('run a scenario in real time, joined to real networks, e.g. netarium attach campus.yaml --tap tap0:sw1')
  .option('--tap <name[:node[:if]]>', 'a TAP interface of this machine (Linux); all of these may be repeated', repeated)
  .option('--tun <name[:node[:if]]>', 'a TUN interface: IP packets without Ethernet', repeated)
  .option('--vxlan <vni@remote[:port][:node]>', 'a VXLAN tunnel', repeated)
  .option('--qemu <socket|[host:]port[:node]>', 'listen for QEMU’s -netdev stream', repeated)
  .option('--qemu-connect <socket|[host:]port[:node]>', 'connect to one that listens', repeated)
  .option('--udp-tunnel <[port@]host:port[:node]>', 'frames in UDP, from a port of ours to a peer', repeated)
  .option('-p, --port-forward <[bind:]port:host:port[/udp]>', 'a port of this machine that leads inside', repeated)
  .option('--gateway [router]', 'let the network out through this machine’s sockets, to loopback; needs no privilege')
  .option('--allow <address[/length][:ports]>', 'let it out to these addresses, too; “any” is all of them', repeated)
  .option('--for <duration>', 'how long, e.g. 10s; without it until Ctrl-C')
  .action((file, options) => then(attachCommand(file, options)));

program
  .command('check')
  .argument('<file>', 'scenario')
  .description('say what is wrong with a scenario, with line and column')
  .action((file) => then(checkCommand(file)));

program
  .command('explain')
  .argument('<file>', 'pcapng or pcap capture')
  .option('--packet <number>', 'one packet, layer by layer')
  .description('tell in words what happened in a capture')
  .action((file, options) => then(explainCommand(file, options)));

program
  .command('demo')
  .description('the campus: a page of 1 MiB through a bad cable, followed through all seven layers')
  .option('--seed <seed>', 'seed of all randomness')
  .option('--pcap <file>', 'where the capture goes', 'netarium-demo.pcapng')
  .option('--view <model>', 'osi (seven layers), five or four', 'osi')
  .action((options) => then(demoCommand(options)));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommandError) {
    process.stderr.write(`${error.named ? 'netarium: ' : ''}${error.message}\n`);
    exitCode = error.exitCode;
  } else if (error instanceof CommanderError) {
    // Commander has said it already; asking for help is no failure.
    exitCode = error.exitCode === 0 ? ExitCode.Ok : ExitCode.BadInput;
  } else {
    process.stderr.write(
      `netarium: a bug, please report it: ${error instanceof Error ? error.stack : String(error)}\n`,
    );
    exitCode = ExitCode.Bug;
  }
}
process.exitCode = exitCode;
