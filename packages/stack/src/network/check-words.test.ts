import { expect, it } from 'vitest';
import { BuildError, Network } from './network.ts';

/** What the builder says to someone whose compiler did not. */
function told(build: (network: Network) => unknown, options: object = {}): string {
  try {
    build(new Network(options));
  } catch (error) {
    if (error instanceof BuildError) return error.message;
    throw error;
  }
  return 'nothing';
}

const two = (network: Network) => {
  network.host('a');
  network.host('b');
  return network;
};
const joined = (network: Network) => {
  two(network).link(['a', 'b']);
  return network;
};

it.each<[string, string]>([
  [told((n) => n.build({ nodes: {}, lnks: [] } as never)), 'the network: unknown word "lnks"; did you mean links?'],
  [told((n) => n.host('a', { gatway: '10.0.0.1' } as never)), 'a: unknown word "gatway"; did you mean gateway?'],
  [
    told((n) => n.host('a', { interfaces: { eth0: { adress: '10.0.0.1/24' } as never } })),
    'a:eth0: unknown word "adress"; did you mean address?',
  ],
  [
    told((n) => n.host('a', { routes: [{ to: 'default', va: '10.0.0.1' } as never] })),
    'a: route to default: unknown word "va"; did you mean via?',
  ],
  [
    told((n) => n.router('r', { outside: {} } as never)),
    expect.stringMatching(/^r: unknown word "outside"; there are kind, /) as never,
  ],
  [told((n) => n.add('g', { kind: 'gateway', outside: {} })), 'nothing'],
  [told((n) => n.switch('s', { port: 4 } as never)), 's: unknown word "port"; did you mean ports?'],
  [told((n) => n.hub('h', { ageing: 1 } as never)), 'h: unknown word "ageing"; there are kind, ports'],
  [
    told((n) => two(n).link(['a', 'b'], { los: '1%' } as never)),
    'link a:eth0-b:eth0: unknown word "los"; did you mean loss?',
  ],
  [
    told((n) => two(n).link(['a', 'b'], { forward: { speed: '1Mbit' } as never })),
    expect.stringMatching(/^link a:eth0-b:eth0: forward: unknown word "speed"; there are rate, /) as never,
  ],
  [
    told((n) => joined(n).fault({ at: 1, link: 'a:eth0', dwn: true } as never)),
    'fault of a:eth0: unknown word "dwn"; did you mean down?',
  ],
  [
    told((n) => two(n).service({ node: 'a', run: 'echo', when: 1 } as never)),
    'service of a: unknown word "when"; there are node, run, at',
  ],
  [told(() => {}, { limits: { poolByts: 1 } }), 'limits: unknown word "poolByts"; did you mean poolBytes?'],
  [told(() => {}, { limits: { poolBytes: NaN } }), 'limits: poolBytes cannot be NaN; write a number from 0'],
  [told(() => {}, { limits: { poolBytes: -1 } }), 'limits: poolBytes cannot be -1; write a number from 0'],
  [told(() => {}, { seed: NaN }), 'seed: NaN is neither a number nor a text'],
  [told(() => {}, { seed: null }), 'seed: null is neither a number nor a text'],
  [told(() => {}, { seed: 'anything' }), 'nothing'],
])('%s', (message, expected) => {
  expect(message).toEqual(expected);
});
