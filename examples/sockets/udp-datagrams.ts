// UDP: no connection; each datagram is sent to an address and arrives whole, or not at all.
import { AF_INET, SOCK_DGRAM, type SocketApi } from '@netarium/node';
import { twoHosts } from './two-hosts.ts';

async function receiver({ socket }: SocketApi, print: (line: string) => void): Promise<void> {
  const s = socket(AF_INET, SOCK_DGRAM);
  s.bind(['', 5005]);
  for (let i = 0; i < 3; i++) {
    const [data, address] = await s.recvfrom(1024);
    print(`received "${new TextDecoder().decode(data)}" from ${address![0]}:${address![1]}`);
    await s.sendto(data, address!);
  }
  s.close();
}

async function sender({ socket, gethostname }: SocketApi, print: (line: string) => void): Promise<void> {
  const s = socket(AF_INET, SOCK_DGRAM);
  for (const word of ['one', 'two', 'three']) {
    await s.sendto(`${word} from ${gethostname()}`, ['example.com', 5005]);
    const [data] = await s.recvfrom(1024);
    print(`and back came "${new TextDecoder().decode(data)}"`);
  }
  s.close();
}

export async function main(print: (line: string) => void = console.log): Promise<void> {
  const { network, client, server } = twoHosts();
  await network.run(async () => {
    await Promise.all([receiver(server.sockets, print), sender(client.sockets, print)]);
  });
}
