import type { Nic } from '../../l2-link/nic.ts';
import { AF_INET, SOCK_STREAM } from '../../l5-session/constants.ts';
import type { Descriptor } from '../../l5-session/descriptor.ts';
import { openSocket } from '../../l5-session/socket-kinds.ts';
import type { LinkDescription } from '../../network/description.ts';
import type { Network } from '../../network/network.ts';
import type { Host } from '../host.ts';

export const MEGABYTE = 1 << 20;

/** Two hosts on a cable, of which `a` sends a megabyte to `b` as time runs; `progress` tells how it went. */
export function transferMegabyte(
  network: Network,
  link: Omit<LinkDescription, 'endpoints'>,
  prepare: (nic: Nic) => void = () => {},
) {
  const a = network.host('a', { interfaces: { eth0: '10.0.0.1/24' } });
  const b = network.host('b', { interfaces: { eth0: '10.0.0.2/24' } });
  const cable = network.link(['a:eth0', 'b:eth0'], link);
  for (const host of [a, b]) for (const nic of host.nics.values()) prepare(nic);
  const progress = { received: 0, wrong: 0 };
  receive(b, progress);
  send(a, b);
  return { a, b, cable, progress };
}

function receive(host: Host, progress: { received: number; wrong: number }): void {
  const listener = openSocket(host, AF_INET, SOCK_STREAM, 0, true) as Descriptor;
  listener.bind(null, 80);
  listener.listen(1);
  const into = new Uint8Array(1 << 16);
  listener.onReady = {
    socketReady() {
      const connection = listener.accept();
      if (typeof connection === 'number') return;
      const read = () => {
        for (let n = connection.receive(into, 0, into.length); n > 0; n = connection.receive(into, 0, into.length)) {
          for (let i = 0; i < n; i++) if (into[i] !== pattern(progress.received + i)) progress.wrong++;
          progress.received += n;
        }
      };
      connection.onReady = { socketReady: read };
      read();
    },
  };
}

function send(from: Host, to: Host): void {
  const bytes = new Uint8Array(MEGABYTE).map((_, i) => pattern(i));
  const client = openSocket(from, AF_INET, SOCK_STREAM, 0, true) as Descriptor;
  let sent = 0;
  client.onReady = {
    socketReady() {
      for (let n = 1; n > 0 && sent < MEGABYTE; ) {
        n = client.send(bytes, sent, MEGABYTE - sent);
        if (n > 0) sent += n;
      }
    },
  };
  client.connect(to.addresses()[0]!.address, 80);
}

function pattern(at: number): number {
  return (at * 7 + (at >> 8)) & 0xff;
}
