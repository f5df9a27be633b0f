// How to make an outgoing connection: the shortest TCP client, which reads until the server closes.
import { AF_INET, SOCK_STREAM, type SocketApi } from '@netarium/node';
import { twoHosts } from './two-hosts.ts';

async function client({ socket }: SocketApi): Promise<Uint8Array> {
  const s = socket(AF_INET, SOCK_STREAM);
  await s.connect(['www.python.org', 80]);
  await s.send('GET /index.html HTTP/1.0\n\n');
  const data = await s.recv(10000);
  s.close();
  return data;
}

/** A server that says the same to everybody, as a textbook prints an answer. */
async function server({ socket }: SocketApi): Promise<void> {
  const s = socket(AF_INET, SOCK_STREAM);
  s.bind(['', 80]);
  s.listen();
  const [connection] = await s.accept();
  await connection.recv(1000);
  await connection.sendall('HTTP/1.0 200 OK\r\nContent-type: text/html\r\nContent-length: 13\r\n\r\n<html></html>');
  connection.close();
  s.close();
}

export async function main(print: (line: string) => void = console.log): Promise<void> {
  const hosts = twoHosts();
  hosts.network.names.add(hosts.server.addresses()[0]!.address, 'www.python.org');
  const data = await hosts.network.run(async () => {
    const [answer] = await Promise.all([client(hosts.client.sockets), server(hosts.server.sockets)]);
    return answer;
  });
  print(new TextDecoder().decode(data));
}
