import { isIP } from 'node:net';
import { IpAddress } from '@netarium/stack/base/ip-address';
import { BuildError } from '@netarium/stack/network/build-error';
import { parsePortForwardWords } from '@netarium/stack/network/outside-words';
import type { GatewayParts } from './gateway-parts.ts';

/** A port of the real machine that leads to one inside. */
export interface PortForwardOptions {
  /** Default tcp. */
  protocol?: 'tcp' | 'udp';
  /** The real address to listen at; default 127.0.0.1. `0.0.0.0` lets the whole real network in. */
  bind?: string;
  /** The real port; 0: one that is free. */
  port: number;
  /** The inside host: its name or address. */
  to: string;
  toPort: number;
}

/** An open port forward. */
export interface PortForward {
  readonly protocol: 'tcp' | 'udp';
  readonly bind: string;
  /** The real port that it got. */
  readonly port: number;
  readonly to: string;
  readonly toPort: number;
  /** Stops listening, and ends what it let in. */
  close(): void;
}

/** Reads `8080:web:80`, `127.0.0.1:5353:dns:53/udp`, `[::1]:8080:web:80`. Throws a BuildError. */
export function parsePortForward(text: string): PortForwardOptions {
  const words = parsePortForwardWords(text);
  if (words !== null) return checkPortForward(words);
  throw new BuildError(`"${text}" is no port forward; write it like 8080:web:80 or 127.0.0.1:5353:dns:53/udp`);
}

/** The same options, complete. Throws a BuildError that says what cannot be. */
export function checkPortForward(options: PortForwardOptions): Required<PortForwardOptions> {
  const { protocol = 'tcp', bind = '127.0.0.1', port, to, toPort } = options;
  const where = `port forward ${port}:${to}:${toPort}`;
  if (protocol !== 'tcp' && protocol !== 'udp')
    throw new BuildError(`${where}: there are tcp and udp, no "${protocol}"`);
  if (isIP(bind) === 0) throw new BuildError(`${where}: "${bind}" is no address to listen at`);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new BuildError(`${where}: ${port} is no port`);
  if (!Number.isInteger(toPort) || toPort < 1 || toPort > 65_535)
    throw new BuildError(`${where}: ${toPort} is no port`);
  return { protocol, bind, port, to, toPort };
}

/** Where inside a forward leads; null when nobody has that name (any more). */
export function insideAddress(parts: GatewayParts, to: string): IpAddress | null {
  const address = IpAddress.parse(to);
  if (address !== null) return address;
  const found = parts.host.lookup(to);
  return typeof found === 'number' ? null : (found.find(({ family }) => family === 4) ?? null);
}
