// RFC 863 with a receipt: at the end of the stream it says how many bytes came, and their SHA-256.

import { createHash } from 'node:crypto';
import { tcpServer } from './serve.mjs';

export default tcpServer('discard', async (connection, _args, process) => {
  const hash = createHash('sha256');
  let bytes = 0;
  for (;;) {
    const data = await connection.recv(1 << 20);
    if (data.length === 0) break;
    bytes += data.length;
    hash.update(data);
  }
  const receipt = `${bytes} ${hash.digest('hex')}\n`;
  await connection.sendall(receipt);
  process.print(receipt);
});
