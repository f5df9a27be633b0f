// Sends for ever, and tells which error ended that: a send that takes longer than a second is one.

import { tcpServer } from './serve.mjs';

export default tcpServer('hasty', async (connection, _args, process) => {
  connection.settimeout(1);
  const block = new Uint8Array(1 << 16);
  for (let sent = 0; ; sent += block.length) {
    if (sent === 1 << 20) process.print('streaming\n');
    try {
      await connection.sendall(block);
    } catch (error) {
      process.print(`sendall: ${error.code} ${error.text}\n`);
      return;
    }
  }
});
