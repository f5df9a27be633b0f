// RFC 862 over UDP.

import { AF_INET, SOCK_DGRAM } from '@netarium/node';

export default {
  name: 'udp-echo',
  summary: '',
  usage: 'usage: udp-echo PORT',
  async main(process) {
    const socket = process.sockets.socket(AF_INET, SOCK_DGRAM);
    socket.bind(['', Number(process.args[0])]);
    process.print('ready\n');
    for (;;) {
      const [data, peer] = await socket.recvfrom(0xffff);
      await socket.sendto(data, peer);
    }
  },
};
