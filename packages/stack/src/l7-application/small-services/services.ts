import type { Clock } from '../../base/clock.ts';
import { NetError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { ByteStream } from '../byte-stream.ts';
import { CHARGEN_DATAGRAM_BYTES, CHARGEN_LINE_BYTES, chargenLines, daytimeText, timeBytes } from './answers.ts';
import type { SmallServiceLimits } from './limits.ts';

/** What a service has of its host. */
export interface ServiceSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  /** Seconds since 1970 at the network's time 0: a network has no date of its own. */
  readonly epochSeconds: number;
  readonly limits: SmallServiceLimits;
}

/** One service, over both transports. */
export interface SmallService {
  readonly name: string;
  readonly port: number;
  readonly rfc: string;
  stream(stream: ByteStream, here: ServiceSurroundings): Promise<void>;
  /** The answer to a datagram; null: none. */
  datagram(question: Uint8Array, here: ServiceSurroundings): Uint8Array | null;
}

const PIECE = 16 << 10;
/** Lines that the character generator sends at once. */
const LINES = 55;

function now({ clock, epochSeconds }: ServiceSurroundings): number {
  return epochSeconds + Math.floor(clock.now / 1e9);
}

/** Takes what comes, to its end; `each` gets every piece. */
async function takeAll(stream: ByteStream, each: (piece: Uint8Array) => Promise<unknown> | null): Promise<void> {
  for (let piece = await stream.recv(PIECE); piece.length > 0; piece = await stream.recv(PIECE)) await each(piece);
}

const echo: SmallService = {
  name: 'echo',
  port: 7,
  rfc: 'RFC 862',
  stream(stream, { limits }) {
    stream.settimeout(limits.idleSeconds);
    return takeAll(stream, (piece) => stream.sendall(piece));
  },
  datagram: (question) => question,
};

const discard: SmallService = {
  name: 'discard',
  port: 9,
  rfc: 'RFC 863',
  stream(stream, { limits }) {
    stream.settimeout(limits.idleSeconds);
    return takeAll(stream, () => null);
  },
  datagram: () => null,
};

const daytime: SmallService = {
  name: 'daytime',
  port: 13,
  rfc: 'RFC 867',
  async stream(stream, here) {
    stream.settimeout(here.limits.idleSeconds);
    await stream.sendall(daytimeText(now(here)));
  },
  datagram: (_, here) => daytimeText(now(here)),
};

const chargen: SmallService = {
  name: 'chargen',
  port: 19,
  rfc: 'RFC 864',
  /** Sends until the peer resets, or takes nothing for long; what it says meanwhile is thrown away. */
  async stream(stream, { limits }) {
    stream.settimeout(limits.idleSeconds);
    const discarded = takeAll(stream, () => null).catch((error) => {
      if (!(error instanceof NetError)) throw error;
    });
    try {
      for (let line = 0; ; line += LINES) await stream.sendall(chargenLines(line, LINES));
    } finally {
      stream.close();
      await discarded;
    }
  },
  datagram(_, { random }) {
    const first = random.below(95);
    const lines = Math.ceil(CHARGEN_DATAGRAM_BYTES / CHARGEN_LINE_BYTES);
    return chargenLines(first, lines).subarray(0, random.below(CHARGEN_DATAGRAM_BYTES + 1));
  },
};

const time: SmallService = {
  name: 'time',
  port: 37,
  rfc: 'RFC 868',
  async stream(stream, here) {
    stream.settimeout(here.limits.idleSeconds);
    await stream.sendall(timeBytes(now(here)));
  },
  datagram: (_, here) => timeBytes(now(here)),
};

export const SMALL_SERVICES: readonly SmallService[] = [echo, discard, daytime, chargen, time];
