// The DNS: our server on a TAP and dnsmasq on a veth pair, asked for the same thousand names by dnsperf (Debian's).
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { netarium, veth } from './sides.mjs';

const NAMES = 1000;
const name = (i) => `host${i}.bench.test`;
const address = (i) => `10.200.${i >> 8}.${i & 255}`;
const each = (line) => Array.from({ length: NAMES }, (_, i) => line(i)).join('\n');

/** Our server's zone, as a master file. */
export const ZONE = `$TTL 1h
@ SOA ns hostmaster 1 1h 15m 2w 5m
@ NS ns
ns A 10.9.0.2
${[0, 1, 2, 3].map((i) => `$GENERATE ${i * 256}-${Math.min(NAMES, i * 256 + 256) - 1} host$ A 10.200.${i}.\${-${i * 256}}`).join('\n')}
`;

const folder = mkdtempSync(join(tmpdir(), 'netarium-bench-dns-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const file = (base, text) => {
  writeFileSync(join(folder, base), text);
  return join(folder, base);
};
/** What dnsperf asks: each name once, in an order that follows no pattern of theirs. */
const QUESTIONS = file('questions', `${each((i) => `${name((i * 617) % NAMES)} A`)}\n`);
const HOSTS = file('hosts', `${each((i) => `${address(i)} ${name(i)}`)}\n`);

export const ourDns = (options) => netarium({ ...options, zone: ZONE });

/** dnsmasq in the foreground, with nothing but these names; it says that it is ready on stderr. */
export const dnsmasq = ({ mtu }) =>
  veth({
    mtu,
    server: [
      'sh',
      '-c',
      `dnsmasq -k -u root -C /dev/null --no-resolv --no-hosts --addn-hosts=${HOSTS} --local=/bench.test/ --local-ttl=3600 \
--log-facility=- --pid-file= & sleep 0.5; echo ready; wait`,
    ],
  });

/** Answers a second: dnsperf's figure, all of them the ones that were asked for. */
export async function dnsperf(there, server, seconds) {
  const args = ['-s', server, '-d', QUESTIONS, '-l', `${Math.ceil(seconds)}`, '-c', '8', '-q', '100'];
  const output = await there.output('dnsperf', args, seconds * 2 + 10);
  const found = /Queries per second:\s*([\d.]+)/.exec(output);
  const lost = /Queries lost:\s*\d+ \(([\d.]+)%\)/.exec(output);
  const good = /Response codes:\s*NOERROR \d+ \(100\.00%\)/.test(output);
  if (found === null || !good || Number(lost?.[1] ?? 100) > 1) throw new Error(`Error: dnsperf: ${output.slice(-600)}`);
  return Number(found[1]);
}
