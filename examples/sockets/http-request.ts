// Open a TCP connection -> send an HTTP message -> read the response -> close the connection.
import { AF_INET, SOCK_STREAM, type SocketApi } from '@netarium/node';
import { twoHosts } from './two-hosts.ts';

async function sendHttpRequest({ socket }: SocketApi, host: string, port: number, message: string) {
  // Create a TCP socket
  const s = socket(AF_INET, SOCK_STREAM);
  try {
    // Connect to the server
    await s.connect([host, port]);

    // Send the HTTP request
    await s.sendall(new TextEncoder().encode(message));

    // Receive the response
    const response = await s.recv(4096); // You might need to adjust the buffer size

    return new TextDecoder().decode(response);
  } finally {
    s.close();
  }
}

export async function main(print: (line: string) => void = console.log): Promise<void> {
  const { network, client, server } = twoHosts();
  server.files.mount('/srv', {
    stat: async (path) =>
      path === '/index.html'
        ? { kind: 'file', size: 20, modifiedMs: 0 }
        : path === '/'
          ? { kind: 'directory', size: 0, modifiedMs: 0 }
          : null,
    read: async () => new TextEncoder().encode('<h1>example.com</h1>'),
    list: async () => ['index.html'],
    write: async () => {},
  });
  server.start('httpd /srv');

  // Example usage
  const host = 'example.com';
  const port = 80;
  const httpRequest = 'GET / HTTP/1.1\r\nHost: example.com\r\n\r\n';

  const response = await network.run(() => sendHttpRequest(client.sockets, host, port, httpRequest));
  print(response);
}
