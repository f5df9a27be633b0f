import type { IpAddress } from '../../base/ip-address.ts';
import type { Random } from '../../base/random.ts';
import { sipHash24 } from '../../base/siphash.ts';

/**
 * Initial sequence numbers (RFC 6528 3): ISN = M + F(localip, localport, remoteip, remoteport, secretkey), where M is
 * the clock of 4 microseconds of RFC 9293 3.4.1 and F is SipHash-2-4. So a connection's numbers go on from those of
 * its earlier incarnation, and nobody who lacks the key can guess them.
 *
 * Timestamps begin likewise with a keyed offset, for each pair of hosts one (RFC 7323 7.1): it stays the same from
 * connection to connection, or a newer timestamp could not tell a new connection from an old one (RFC 6191).
 */
export class SequenceSource {
  private readonly isnKey = new Uint32Array(4);
  private readonly timestampKey = new Uint32Array(4);
  private readonly words = new Uint32Array(9);
  private readonly addresses = new Uint32Array(8);

  constructor(random: Random) {
    for (let i = 0; i < 4; i++) this.isnKey[i] = random.u32();
    for (let i = 0; i < 4; i++) this.timestampKey[i] = random.u32();
  }

  isn(local: IpAddress, localPort: number, remote: IpAddress, remotePort: number, nowNs: number): number {
    const { words } = this;
    fillAddresses(words, local, remote);
    words[8] = localPort * 65536 + remotePort;
    const m = Math.floor(nowNs / 4000) % 4294967296;
    return (sipHash24(this.isnKey, words) + m) | 0;
  }

  timestampOffset(local: IpAddress, remote: IpAddress): number {
    fillAddresses(this.addresses, local, remote);
    return sipHash24(this.timestampKey, this.addresses) | 0;
  }
}

/** Both addresses, as the first eight words of what is hashed. */
export function fillAddresses(words: Uint32Array, local: IpAddress, remote: IpAddress): void {
  words[0] = local.w0;
  words[1] = local.w1;
  words[2] = local.w2;
  words[3] = local.w3;
  words[4] = remote.w0;
  words[5] = remote.w1;
  words[6] = remote.w2;
  words[7] = remote.w3;
}
