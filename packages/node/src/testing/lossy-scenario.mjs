// Plain JavaScript, so that one scenario runs from the sources (in tests) and from the build (in other processes).

/** Three clients fetch from a server behind a router, over links that lose, duplicate, reorder and corrupt. */
export async function lossyScenario(Network, seed, bystander, watch = () => {}) {
  const network = new Network({ seed, fingerprint: true });
  const bad = {
    rate: '50Mbit',
    delay: '3ms',
    loss: '2%',
    duplication: '1%',
    reordering: '1%',
    corruption: '0.5%',
    jitter: '1ms',
  };
  const clients = ['a', 'b', 'c'].map((name, i) =>
    network.host(name, { interfaces: { eth0: `10.0.1.${10 + i}/24` }, gateway: '10.0.1.1' }),
  );
  network.switch('sw');
  network.router('r', { interfaces: { eth0: '10.0.1.1/24', eth1: '10.0.2.1/24' } });
  const server = network.host('s', { interfaces: { eth0: '10.0.2.2/24' }, gateway: '10.0.2.1' });
  if (bystander) {
    network.host('z', { interfaces: { eth0: '10.9.9.9/24' } });
    network.hub('hub');
    network.link(['z', 'hub'], bad);
  }
  for (const client of clients) network.link([`${client.name}:eth0`, 'sw'], bad);
  network.link(['sw', 'r:eth0']);
  network.link(['r:eth1', 's:eth0'], bad);
  watch(network);
  await network.run(async () => {
    const listener = server.sockets.socket(2, 1);
    listener.bind(['', 80]);
    listener.listen();
    const serve = async () => {
      const [connection] = await listener.accept();
      const want = Number(new TextDecoder().decode(await connection.recv(100)));
      await connection.sendall(new Uint8Array(want).fill(want & 255));
      connection.close();
    };
    const fetch = async (client, bytes) => {
      const s = client.sockets.socket(2, 1);
      await s.connect(['s', 80]);
      await s.sendall(String(bytes));
      let got = 0;
      for (;;) {
        const chunk = await s.recv(65536);
        if (chunk.length === 0) break;
        got += chunk.length;
      }
      s.close();
      if (got !== bytes) throw new Error(`${client.name} got ${got} of ${bytes} bytes`);
    };
    const served = clients.map(serve);
    await Promise.all([...served, ...clients.map((client, i) => fetch(client, 20_000 * (i + 1)))]);
  });
  network.runSync({ for: 120 });
  return network.fingerprint.value;
}
