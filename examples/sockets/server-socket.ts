// The six steps of a server socket, and the client's steps, line by line as a Python program has them.
import { AF_INET, SOCK_STREAM, type SocketApi } from '@netarium/node';
import { twoHosts } from './two-hosts.ts';

async function runServer({ socket }: SocketApi, print: (line: string) => void) {
  // 1. First create a socket of a specific type (protocol)
  const serverSocket = socket(AF_INET, SOCK_STREAM);
  // 2. Then bind the socket to the network address where connections will be made
  serverSocket.bind(['', 8080]);
  // 3. Set the socket to listen for a client to make a connection
  serverSocket.listen();
  // 4. Wait for a connection, accept it, and create a new socket to manage the connection
  //    between the server and this client
  const [connectionSocket, address] = await serverSocket.accept();
  print(`server: connection from ${address[0]}, port ${address[1]}`);
  // 5. Then send and receive (recv) data over the connection socket
  const data = await connectionSocket.recv(1024);
  await connectionSocket.send(data);
  // 6. Finally, close the socket when new connections are no longer needed
  connectionSocket.close();
  serverSocket.close();
}

async function runClient({ socket }: SocketApi, print: (line: string) => void) {
  // First create a socket that is of the same type as the socket you wish to connect to
  const clientSocket = socket(AF_INET, SOCK_STREAM);
  // Then connect the socket to the network address of the server socket
  await clientSocket.connect(['example.com', 8080]);
  // You then send and receive (recv) data over the socket
  await clientSocket.send('Hello, network!');
  const data = await clientSocket.recv(1024);
  print(`client: received ${Buffer.from(data).toString()}`);
  // Finally, close the connection when complete
  clientSocket.close();
}

export async function main(print: (line: string) => void = console.log): Promise<void> {
  const { network, client, server } = twoHosts();
  await network.run(async () => {
    await Promise.all([runServer(server.sockets, print), runClient(client.sockets, print)]);
  });
  print(`both have ended after ${(network.now / 1e6).toFixed(3)} ms of network time`);
}
