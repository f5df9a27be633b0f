import { describe, expect, it } from 'vitest';
import * as httpRequest from './http-request.ts';
import * as serverSocket from './server-socket.ts';
import * as tcpClient from './tcp-client.ts';
import * as udpDatagrams from './udp-datagrams.ts';

async function output(program: { main(print: (line: string) => void): Promise<void> }): Promise<string[]> {
  const lines: string[] = [];
  await program.main((line) => lines.push(line));
  return lines;
}

describe('the programs of the textbook', () => {
  it('a server socket in six steps, and its client', async () => {
    const lines = await output(serverSocket);
    expect(lines[0]).toMatch(/^server: connection from 10\.0\.0\.1, port \d+$/);
    expect(lines[1]).toBe('client: received Hello, network!');
  });

  it('send_http_request', async () => {
    const [response] = await output(httpRequest);
    expect(response).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(response).toContain('\r\n\r\n<h1>example.com</h1>');
  });

  it('a TCP client that asks for a page', async () => {
    const [answer] = await output(tcpClient);
    expect(answer).toMatch(/^HTTP\/1\.0 200 OK/);
    expect(answer).toContain('<html></html>');
  });

  it('datagrams there and back', async () => {
    const lines = await output(udpDatagrams);
    expect(lines).toHaveLength(6);
    expect(lines[0]).toMatch(/^received "one from client" from 10\.0\.0\.1:\d+$/);
    expect(lines[1]).toBe('and back came "one from client"');
  });
});
