import type { Network } from '@netarium/node';
import { dropReasons, isHarmless } from '@netarium/stack/base/drop-reasons';
import { formatDuration } from '@netarium/stack/base/units';
import type { CaptureFile } from './capture-file.ts';

/** What a run came to: time, deliveries, drops with their reasons, the fingerprint, and how to open the capture. */
export function summary(network: Network, realSeconds: number, capture: CaptureFile | null): string {
  const { fingerprint } = network;
  const lines = [
    `time         ${roundDuration(network.now)} of the network in ${realSeconds.toFixed(2)} s`,
    `events       ${network.queue.processed}`,
  ];
  if (fingerprint !== null) {
    lines.push(`deliveries   ${fingerprint.deliveries} frames`, `fingerprint  ${fingerprint.value}`);
  }
  const drops = dropLines(network);
  lines.push(drops.length === 0 ? 'drops        none' : `drops        ${drops[0]}`);
  for (const line of drops.slice(1)) lines.push(`             ${line}`);
  if (capture !== null && !capture.failed) lines.push(`capture      ${capture.path}   (wireshark ${capture.path})`);
  return `${lines.join('\n')}\n`;
}

/**
 * `37 at link uplink: lost on the line (the scenario says so)`, most first; and what was said of the last of them:
 * `4 at a: no answer to ARP (RFC 1122 2.3.2.1); the last: waiting for ARP of 10.0.1.254, 3 tries`.
 */
export function dropLines(network: Network): string[] {
  const found: { count: number; text: string }[] = [];
  const collect = (where: string, drops: ArrayLike<number>, details: readonly string[]) => {
    for (let reason = 1; reason < drops.length; reason++) {
      const { text, source } = dropReasons[reason]!;
      const count = drops[reason]!;
      if (count === 0 || isHarmless(reason)) continue;
      const detail = details[reason] ?? '';
      const last = detail === '' ? '' : count === 1 ? `: ${detail}` : `; the last: ${detail}`;
      found.push({ count, text: `at ${where}: ${text}${source === '' ? '' : ` (${source})`}${last}` });
    }
  };
  for (const cable of network.cables.values()) {
    const both = cable.forward.drops.map((count, reason) => count + cable.backward.drops[reason]!);
    collect(`link ${cable.name}`, both, []);
  }
  for (const [name, node] of network.nodes) collect(name, node.node.drops, node.node.dropDetails);
  return found.sort((a, b) => b.count - a.count).map(({ count, text }) => `${count} ${text}`);
}

/** A duration as people say it: whole milliseconds from a second on, whole microseconds below. */
export function roundDuration(ns: number): string {
  const step = ns >= 1e9 ? 1e6 : 1e3;
  return formatDuration(Math.round(ns / step) * step);
}
