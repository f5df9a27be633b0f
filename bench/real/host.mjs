// A netarium host on a TAP in somebody's network namespace: a sink on port 5001, a source on 5002, an echo on 5003, a
// reader of datagrams on 9, our web server on 80. Usage: node bench/real/host.mjs '{"namespace","mtu","offload"}'
// Prints "ready", and when its input ends { frames, cpuSeconds }: what came in, and what it took.
import { Network } from '@netarium/node/network';
import { TapLink } from '@netarium/node/wires/tap/tap-link';
import { MemoryFiles } from '@netarium/stack/host/memory-files';
import { PAGE } from './programs.mjs';

const { namespace, mtu, offload, zone } = JSON.parse(process.argv[2]);
const network = new Network();
network.setPace(1);
const host = network.host('host', { interfaces: { eth0: { address: '10.9.0.2/24', mtu } } });
const tap = new TapLink(network, { device: 'tap0', namespace, offload });
network.plug('host:eth0', tap);
const { sockets } = host;

const datagrams = sockets.socket(sockets.AF_INET, sockets.SOCK_DGRAM);
datagrams.bind(['', 9]);
void forEver(() => datagrams.recv(2000));

serve(5001, async (peer) => {
  const block = new Uint8Array(1 << 20);
  while ((await peer.recv_into(block)) > 0);
});
serve(5002, async (peer) => {
  const block = new Uint8Array(1 << 18);
  for (;;) await peer.sendall(block);
});
serve(5003, async (peer) => {
  peer.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1);
  for (let data = await peer.recv(65_536); data.length > 0; data = await peer.recv(65_536)) await peer.sendall(data);
});

host.files.mount('/web', new MemoryFiles({ '/index.html': PAGE }));
void network.run();
host.spawn(['httpd', '/web']);
if (zone !== undefined) {
  host.files.mount('/zones', new MemoryFiles({ '/bench.test.zone': zone }));
  host.spawn(['dnsd', '/zones/bench.test.zone']);
}
console.log('ready');

process.stdin.resume();
process.stdin.on('end', () => {
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ frames: tap.deliveredFrames, cpuSeconds: (user + system) / 1e6 }));
  tap.close();
  process.exit(0);
});

function serve(port, talk) {
  const listener = sockets.create_server(['', port]);
  void forEver(async () => {
    const [peer] = await listener.accept();
    void talk(peer)
      .catch(() => {})
      .finally(() => peer.close());
  });
}

async function forEver(step) {
  for (;;) await step();
}
