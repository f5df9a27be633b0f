// Sends so many bytes of a pseudo-random sequence that anybody can compute: `source PORT BYTES`.

import { createHash } from 'node:crypto';
import { tcpServer } from './serve.mjs';

const PIECE = 1 << 18;
const block = Buffer.alloc(PIECE);
for (let i = 0, x = 1; i < PIECE; i++) {
  x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0;
  block[i] = x >>> 16;
}

/** The SHA-256 of what is sent. */
export function sourceSha256(bytes) {
  const hash = createHash('sha256');
  for (let left = bytes; left > 0; left -= PIECE) hash.update(block.subarray(0, Math.min(left, PIECE)));
  return hash.digest('hex');
}

export default tcpServer('source', async (connection, [bytes]) => {
  for (let left = Number(bytes); left > 0; left -= PIECE) {
    await connection.sendall(block.subarray(0, Math.min(left, PIECE)));
  }
});
