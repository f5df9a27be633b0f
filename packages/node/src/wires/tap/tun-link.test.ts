import type { Host } from '@netarium/stack/host/host';
import { BuildError } from '@netarium/stack/network/build-error';
import type { RunEnd } from '@netarium/stack/network/scheduler';
import { expectNoLeaks } from '@netarium/stack/testing/test-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Network } from '../../network.ts';
import { namespaceMissing, TestNamespace } from '../testing/test-namespace.ts';
import { dropsOf, until } from '../testing/wire-bench.ts';
import { TunLink, type TunLinkOptions } from './tun-link.ts';

const title = 'a netarium host and the kernel, by a TUN';
const describeTun = namespaceMissing === undefined ? describe : describe.skip;

describeTun(namespaceMissing === undefined ? title : `${title} [skipped: ${namespaceMissing}]`, () => {
  let there: TestNamespace;
  let network: Network;
  let running: Promise<RunEnd>;
  let host: Host;
  let tun: TunLink;

  beforeEach(async () => {
    there = await TestNamespace.create();
    network = new Network();
    network.pool.track();
    network.setPace(1);
    host = network.host('web', { interfaces: { eth0: { address: ['10.9.0.2/24', 'fd09::2/64'] } } });
  });

  afterEach(async () => {
    host.sockets.closeAll();
    tun.close();
    network.scheduler.stop();
    await running;
    there.close();
  });

  function attach(options: Partial<TunLinkOptions> = {}): void {
    tun = new TunLink(network, { device: 'tun0', namespace: there.path, ...options });
    network.plug('web:eth0', tun);
    there.ip('addr add 10.9.0.1/24 dev tun0\naddr add fd09::1/64 dev tun0 nodad\nlink set tun0 up');
    running = network.run();
  }

  it('answers ping, and pings: nobody there answers ARP, and nobody has to', async () => {
    attach();
    const { output } = await there.run('ping', ['-n', '-q', '-c', '3', '-i', '0.01', '-s', '3000', '10.9.0.2']);
    expect(output).toMatch(/3 received, 0% packet loss/);
    let said = '';
    const write = (bytes: Uint8Array) => (said += Buffer.from(bytes).toString());
    network.scheduler.external(() => void host.start('ping -c 2 -i 0.05 10.9.0.1', { stdout: { write } }));
    await until(() => said.includes('2 received'), `our ping: ${said}`);
    expect(dropsOf(tun)).toEqual({});
    await until(() => network.pool.outstanding === 0, 'all packets to be released');
    expectNoLeaks(network.pool);
  });

  it('and the same over IPv6', async () => {
    attach();
    await until(() => host.ip6.interfaces().some(({ name }) => name === 'eth0'), 'IPv6');
    const { output } = await there.run('ping', ['-6', '-n', '-q', '-c', '3', '-i', '0.2', '-s', '1400', 'fd09::2']);
    expect(output).toMatch(/[23] received/);
  });

  it.each([true, false])('carries a stream both ways unharmed, offload %s', async (offload) => {
    attach({ offload });
    const listener = host.sockets.create_server(['', 7]);
    void (async () => {
      const [peer] = await listener.accept();
      for (let data = await peer.recv(1 << 20); data.length > 0; data = await peer.recv(1 << 20))
        await peer.sendall(data);
      peer.close();
    })();
    const program = `head -c 8000000 /dev/urandom > $1 && sha256sum < $1 && nc -N 10.9.0.2 7 < $1 | sha256sum; rm $1`;
    const { output } = await there.run('sh', ['-c', program, 'sh', `/tmp/netarium-tun-${process.pid}`]);
    const [sent, received] = output.trim().split('\n');
    expect(received).toBe(sent);
  });

  it('has no frames for a switch', () => {
    network.switch('sw1');
    tun = new TunLink(network, { device: 'tun0', namespace: there.path });
    running = network.run();
    expect(() => network.plug('sw1', tun)).toThrow(BuildError);
  });
});
