// What Wireshark makes of a capture: every checksum is looked at, every dissector may complain.

import assert from 'node:assert/strict';
import { runQuietly } from '../scripts/run.mjs';
import { Failure, Skip } from './outcome.mjs';

const CHECKSUMS = ['ip.check_checksum', 'tcp.check_checksum', 'udp.check_checksum'].flatMap((name) => [
  '-o',
  `${name}:TRUE`,
]);

/** What checks (and traceroute, and tracepath) send to these ports is noise: no protocol is to be guessed in it. */
const NOISE = ['tcp.port==7000-7099', 'udp.port==7000-7099', 'udp.port==33434-33600', 'udp.port==44444-44600'].flatMap(
  (ports) => ['-d', `${ports},data`],
);

/** Malformed, a bad checksum, a length that does not fit, or an error of Wireshark's experts. */
const WRONG = [
  '_ws.malformed',
  '_ws.expert.severity == error',
  'ip.checksum.status == 0',
  // Linux, when it completes a checksum that comes out as zero, writes all ones into TCP, too (`skb_checksum_help`): the same
  // number to whoever sums, and one packet in 65,536.
  '(tcp.checksum.status == 0 && tcp.checksum != 0xffff)',
  'udp.checksum.status == 0',
  'icmp.checksum.status == 0',
  'icmpv6.checksum.status == 0',
].join(' || ');

function tshark(args) {
  const { ok, output } = runQuietly('tshark', args);
  if (!ok) throw new Failure(`tshark ${args.join(' ')}: ${output}`);
  return output.split('\n').filter((line) => line !== '' && !line.startsWith('Running as user'));
}

/** Fails with the first packets that tshark finds wrong, `but` for those that this filter is told of. How many there were. */
export function assertSound(pcap, but = null) {
  const all = tshark(['-r', pcap, '-T', 'fields', '-e', 'frame.protocols']);
  const filter = but === null ? WRONG : `(${WRONG}) && !(${but})`;
  const wrong = tshark([
    '-r',
    pcap,
    ...NOISE,
    ...CHECKSUMS,
    '-Y',
    filter,
    '-T',
    'fields',
    '-e',
    'frame.number',
    '-e',
    '_ws.col.Info',
  ]);
  assert.deepEqual(wrong.slice(0, 10), [], `${wrong.length} packets of ${all.length} in ${pcap}`);
  return all.length;
}

/** The last check of a laboratory with `capture`: all that its other checks have sent is looked at. */
export const soundCapture = (but = null) => ({
  name: 'tshark finds nothing malformed and no bad checksum in what tcpdump has seen',
  needs: ['ip', 'tcpdump', 'tshark', 'ethtool'],
  quick: true,
  async run(lab) {
    if (lab.pcap === null) throw new Skip('tcpdump or ethtool did not run');
    return `${assertSound(await lab.stopCapture(), but)} packets`;
  },
});
