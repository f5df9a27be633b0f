// RFC 862: whatever comes goes back.

import { tcpServer } from './serve.mjs';

export default tcpServer('echo', async (connection) => {
  for (;;) {
    const data = await connection.recv(1 << 20);
    if (data.length === 0) return;
    await connection.sendall(data);
  }
});
