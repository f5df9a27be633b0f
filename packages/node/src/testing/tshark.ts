/**
 * Wireshark's command-line sister, as a judge that nobody here wrote: tests give it a capture and ask what it makes
 * of it. Where there is no tshark, tests that need it are skipped with the reason.
 */

import { spawnSync } from 'node:child_process';
import { describe, it, type TestContext } from 'vitest';

/** Why there is no tshark on this machine; undefined when there is one. */
export const tsharkMissing: string | undefined = whyMissing();

// tshark leaves checksums alone by default, because captures on a real host see packets before the card fills them in.
const PREFERENCES = [
  'eth.check_fcs:TRUE',
  'ip.check_checksum:TRUE',
  'tcp.check_checksum:TRUE',
  'udp.check_checksum:TRUE',
  'wlan.check_fcs:TRUE',
  'wlan.check_checksum:TRUE',
].flatMap((preference) => ['-o', preference]);

// An ICMP error quotes the beginning of a segment, over which its checksum cannot be right; tshark sums it all the
// same. There only the checksums of the error itself and of the quoted IP header count.
const ICMP_ERROR = 'icmp.type in {3, 4, 5, 11, 12}';
const ICMP6_ERROR = 'icmpv6.type in {1, 2, 3, 4, 137}';
const MALFORMED_OR_BAD_CHECKSUM = [
  '_ws.malformed',
  '_ws.expert.group == "Malformed"',
  `(_ws.expert.group == "Checksum" && !(${ICMP_ERROR}) && !(${ICMP6_ERROR}))`,
  `(${ICMP_ERROR} && (icmp.checksum.status == 0 || ip.checksum.status == 0))`,
  `(${ICMP6_ERROR} && icmpv6.checksum.status == 0)`,
].join(' || ');

const TCP_TROUBLE = [
  'tcp.analysis.retransmission', // fast and spurious ones included
  'tcp.analysis.out_of_order',
  'tcp.analysis.duplicate_ack',
  'tcp.analysis.lost_segment',
  'tcp.analysis.ack_lost_segment',
].join(' || ');

/** `describe`, skipped where there is no tshark. */
export function describeWithTshark(name: string, body: () => void): void {
  if (tsharkMissing === undefined) describe(name, body);
  else describe.skip(`${name} [skipped: ${tsharkMissing}]`, body);
}

/** `it`, skipped where there is no tshark. */
export function itWithTshark(name: string, body: (context: TestContext) => void | Promise<void>): void {
  it(name, (context) => {
    if (tsharkMissing !== undefined) context.skip(tsharkMissing);
    return body(context);
  });
}

/**
 * Runs `tshark -r capture` with every checksum verified; the lines that it prints.
 * `tshark('a.pcapng', ['-Y', 'tcp.flags.syn == 1', '-T', 'fields', '-e', 'tcp.seq_raw'])`
 */
export function tshark(pcapPath: string, args: readonly string[] = []): string[] {
  // -n: no name resolution, which would differ from machine to machine.
  const { status, stdout, stderr, error } = spawnSync('tshark', ['-n', '-r', pcapPath, ...PREFERENCES, ...args], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C.UTF-8' },
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`tshark ${args.join(' ')} on ${pcapPath} ended with ${status}:\n${stderr}`);
  return stdout.split('\n').filter((line) => line !== '');
}

/**
 * The frames of a capture in which tshark finds a fault, a line each: malformed, with a bad checksum, or (unless
 * retransmissions are expected) with TCP's retransmissions, reordering, duplicate acknowledgements and gaps.
 */
export function expertProblems(pcapPath: string, options: { allowRetransmissions?: boolean } = {}): string[] {
  const filter = options.allowRetransmissions
    ? MALFORMED_OR_BAD_CHECKSUM
    : `${MALFORMED_OR_BAD_CHECKSUM} || ${TCP_TROUBLE}`;
  const frames = tshark(pcapPath, ['-Y', filter]);
  if (frames.length === 0) return frames;
  const findings = tshark(pcapPath, ['-Y', filter, '-T', 'fields', '-e', '_ws.expert.message']);
  return frames.map((frame, index) => `${frame.trim()} [${findings[index] ?? ''}]`);
}

function whyMissing(): string | undefined {
  const told = process.env['NETARIUM_WITHOUT_TSHARK'];
  if (told) return told;
  const { error, status } = spawnSync('tshark', ['--version'], { stdio: 'ignore' });
  if (error || status !== 0) return 'tshark is not installed (npm test installs it on Debian, as root)';
  return undefined;
}
