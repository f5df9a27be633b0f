// A network card as browser VMs (v86's "wsproxy" relay, jor1k) have it: each Ethernet frame is one binary message of a
// WebSocket, nothing around it. Asks for a station by ARP, pings it, and prints what came.
//
//     node interop/programs/browser-vm.mjs ws://127.0.0.1:5003/ 10.77.1.201 10.77.1.200 [ORIGIN]

import { WebSocket } from 'ws';

const [, , url, own, other, origin] = process.argv;
const MAC = '020000000a01';
const ip = (text) =>
  text
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('');
const frame = (hex) => Buffer.from(hex.padEnd(120, '0'), 'hex');
const timer = setTimeout(() => end('nothing came'), 8000);

const socket = new WebSocket(url, origin === undefined ? {} : { origin });
socket.on('error', (error) => end(error.message));
socket.on('open', () => {
  socket.send('a text, which is no frame');
  socket.send(frame(`ffffffffffff${MAC}08060001080006040001${MAC}${ip(own)}000000000000${ip(other)}`));
});
socket.on('message', (bytes, isBinary) => {
  if (!isBinary) return end('a text came');
  const type = bytes.readUInt16BE(12);
  if (type === 0x0806 && bytes.readUInt16BE(20) === 2) {
    const mac = bytes.toString('hex', 22, 28);
    console.log(`arp ${mac}`);
    const echo = `0800f7fd00010001`;
    const head = (sum) => `4500001c000100004001${sum}${ip(own)}${ip(other)}`;
    socket.send(frame(`${mac}${MAC}0800${head(checksum(head('0000')))}${echo}`));
  } else if (type === 0x0800 && bytes[23] === 1 && bytes[34] === 0) {
    end('echo reply');
  }
});

function checksum(hex) {
  let sum = 0;
  for (let at = 0; at < hex.length; at += 4) sum += Number.parseInt(hex.slice(at, at + 4), 16);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return (~sum & 0xffff).toString(16).padStart(4, '0');
}

function end(words) {
  console.log(words);
  clearTimeout(timer);
  socket.terminate();
}
