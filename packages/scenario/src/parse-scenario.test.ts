import { describe, expect, it } from 'vitest';
import { formatProblem, parseScenario } from './index.ts';
import { MAX_PROBLEMS } from './problem.ts';
import { MAX_DEPTH, MAX_FILE_CHARACTERS } from './tree.ts';

const file = 'campus.yaml';
const heads = (text: string): (string | undefined)[] => {
  const result = parseScenario(text, { file });
  return (result.ok ? result.warnings : result.problems).map((problem) =>
    formatProblem(problem)
      .split('\n')[0]
      ?.slice(file.length + 1),
  );
};
const scenario = (text: string) => {
  const result = parseScenario(text, { file });
  return result.ok ? result.scenario : result.problems.map(formatProblem);
};
const pair = (links: string) => `nodes:
  a: { kind: host, interfaces: { eth0: 10.0.0.1/24 } }
  b: { kind: host, interfaces: { eth0: 10.0.0.2/24 } }
links:
${links}`;

describe('a problem', () => {
  it('shows the line and points at the place', () => {
    const result = parseScenario('nodes:\n  sw1: { kind: swich }\n', { file });
    expect(result.ok ? [] : result.problems).toEqual([
      {
        file,
        line: 2,
        column: 16,
        path: 'nodes.sw1.kind',
        message: 'unknown kind "swich"',
        expected: 'one of host, router, gateway, switch, hub',
        suggestion: 'switch',
        source: '  sw1: { kind: swich }',
        length: 5,
      },
    ]);
    expect(result.ok ? [] : result.problems.map(formatProblem)).toEqual([
      [
        'campus.yaml:2:16: unknown kind "swich"; expected one of host, router, gateway, switch, hub. Did you mean "switch"?',
        ' 2 |   sw1: { kind: swich }',
        '   |                ^^^^^',
      ].join('\n'),
    ]);
  });

  it('names the nearest of the words that may stand there, in lists too', () => {
    expect(heads('nodes: { r: { kind: router, routing: [opsf, rip] } }\n')).toEqual([
      '1:39: item 1 cannot be "opsf"; expected ospf or rip. Did you mean "ospf"?',
    ]);
    expect(heads('nodes: { a: { kind: host, interfaces: { eth0: dhpc } } }\n')).toEqual([
      '1:47: "dhpc" is not an address; expected an address and its prefix length, such as 10.0.1.10/24. Did you mean "dhcp"?',
    ]);
    expect(heads('nodes: { s: { kind: switch, snooping: off } }\n')).toEqual([
      '1:39: snooping cannot be "off"; expected true or false. Did you mean "false"?',
    ]);
  });

  it('is told before the server would tell it: leases of no time', () => {
    const dhcp = 'dhcp: { lease: 0s }';
    expect(heads(`nodes: { r: { kind: router, interfaces: { eth0: { address: 10.0.0.1/24, ${dhcp} } } } }\n`)).toEqual([
      expect.stringContaining('a lease lasts a second at least; expected'),
    ]);
  });

  it('is found whatever ends a line', () => {
    expect(heads('nodes:\r\n  sw1:\r\n    kind: swich\r\n')).toEqual([
      '3:11: unknown kind "swich"; expected one of host, router, gateway, switch, hub. Did you mean "switch"?',
    ]);
  });

  it('shows only the neighbourhood in a long line, and no control characters', () => {
    const result = parseScenario(`{ "title": "${'x'.repeat(300)}", "nodes": { a: { kind: "h\\e\u202e" } } }`, { file });
    const shown = result.ok ? '' : result.problems.map(formatProblem).join('\n');
    expect(shown).toContain('^');
    expect(shown).not.toContain('\u202e');
    expect(
      Math.max(
        ...shown
          .split('\n')
          .slice(1)
          .map((line) => line.length),
      ),
    ).toBeLessThan(120);
  });

  it('does not hide another: all of a file are told, in order', () => {
    expect(
      heads(pair('  - { endpoints: [a:eth9, c], rate: 1 }\n  - { endpoints: [a, b], mtu: 1 }\nsede: 1\n')),
    ).toEqual([
      '5:19: "a" has no interface "eth9"; expected eth0. Did you mean "a:eth0"?',
      '5:27: there is no node "c"; expected one of a, b',
      expect.stringMatching(/^6:26: unknown word "mtu" in link 2; expected one of endpoints, name, /),
      '7:1: unknown word "sede"; expected one of title, seed, nodes, ipv6, dns, links, services, files, faults, wires. Did you mean "seed"?',
    ]);
  });
});

describe('what is right', () => {
  it('is the network in the words of the stack', () => {
    const text = pair('  - { endpoints: [a, b:eth0], rate: 1Gbit, loss: 0.5%, backward: { delay: 2ms } }\nseed: abc\n');
    expect(scenario(text)).toEqual({
      seed: 'abc',
      nodes: {
        a: { kind: 'host', interfaces: { eth0: '10.0.0.1/24' } },
        b: { kind: 'host', interfaces: { eth0: '10.0.0.2/24' } },
      },
      links: [{ endpoints: ['a', 'b:eth0'], rate: '1Gbit', loss: '0.5%', backward: { delay: '2ms' } }],
    });
  });

  it('may leave a section or an interface empty', () => {
    expect(scenario('nodes:\n  a: { kind: host, interfaces: { eth0: } }\nlinks:\nfaults:\n')).toEqual({
      nodes: { a: { kind: 'host', interfaces: { eth0: {} } } },
    });
  });

  it('may be JSON, and may say things once with anchors', () => {
    expect(scenario('{"nodes": {"a": {"kind": "hub"}}}')).toEqual({ nodes: { a: { kind: 'hub' } } });
    const text = 'nodes: { a: { kind: host }, b: { kind: host, interfaces: { eth0: , eth1: } }, 10: { kind: hub } }\n';
    expect(
      scenario(`${text}links: [&l { endpoints: [b, "10"], loss: &x 1% }, { endpoints: [b, "10"], loss: *x }]`),
    ).toMatchObject({
      links: [{ loss: '1%' }, { loss: '1%' }],
    });
  });

  it('has several addresses on one interface, and /31 without reserved ones', () => {
    const text =
      'nodes: { r: { kind: router, interfaces: { eth0: { address: [10.0.0.1/24, 10.0.1.1/24] }, eth1: 10.9.0.0/31 } } }';
    expect(scenario(text)).toMatchObject({ nodes: { r: { interfaces: { eth1: '10.9.0.0/31' } } } });
  });

  it('may name a link of a fault by its name, its default name or an endpoint', () => {
    for (const name of ['a:eth0', 'b:eth0', 'a:eth0-b:eth0']) {
      expect(heads(pair(`  - endpoints: [a, b]\nfaults: [{ at: 1s, link: "${name}", down: true }]`))).toEqual([]);
    }
  });
});

describe('what is odd is warned of', () => {
  it.each([
    [
      'an interface without a cable',
      'nodes: { a: { kind: host, interfaces: { eth0: 10.0.0.1/24 } } }',
      '1:41: "a:eth0" is not connected to anything; expected a link with this endpoint',
    ],
    [
      'a gateway that nobody is',
      'nodes:\n  a: { kind: host, interfaces: { eth0: 10.0.0.9/24 }, gateway: 10.0.0.7 }\n  r: { kind: router, interfaces: { eth0: 10.0.0.1/24 } }\nlinks: [{ endpoints: [a, r] }]',
      '2:64: no node has the address of the gateway, 10.0.0.7; expected a router\'s address in the same network. Did you mean "10.0.0.1"?',
    ],
    [
      'a loop of switches',
      'nodes: { s: { kind: switch }, t: { kind: hub } }\nlinks:\n  - endpoints: [s, t]\n  - endpoints: [s, t]\n',
      '4:5: this link closes a loop: "s" and "t" are joined already; expected one way between any two switches; in a loop broadcasts circulate without end',
    ],
    [
      'a cable between two networks',
      'nodes:\n  a: { kind: host, interfaces: { eth0: 10.0.0.1/24 } }\n  b: { kind: host, interfaces: { eth0: 10.0.1.1/24 } }\nlinks:\n  - { endpoints: [a, b] }\n',
      '5:7: the ends of this link are in no common network: 10.0.0.1/24 and 10.0.1.1/24; expected addresses of one network at both ends',
    ],
    [
      'a host without interfaces',
      'nodes: { a: { kind: host }, s: { kind: switch } }\nlinks:\n  - endpoints: [a, s]\n',
      '3:17: "a" gets an interface without an address here, eth0; expected interfaces: { eth0: 10.0.1.10/24 } or so in "a"',
    ],
    [
      'loss: 1',
      pair('  - { endpoints: [a, b], loss: 1 }'),
      '5:32: loss: 1 is every frame; expected 100% if so. Did you mean "1%"?',
    ],
    [
      'rate: 100',
      pair('  - { endpoints: [a, b], rate: 100 }'),
      '5:32: rate: 100 is 100 bits a second; expected a unit. Did you mean "100Mbit"?',
    ],
    [
      'delay: 10',
      pair('  - { endpoints: [a, b], forward: { delay: 10 } }'),
      '5:44: delay: 10 is 10 seconds; expected a unit. Did you mean "10ms"?',
    ],
  ])('%s', (_, text, warning) => {
    expect(parseScenario(text, { file }).ok).toBe(true);
    expect(heads(text)).toEqual([warning]);
  });
});

describe('anchors and aliases', () => {
  it('that stand for themselves, or for nothing', () => {
    expect(heads('nodes: &a { x: *a }')).toEqual([
      '1:16: *a stands inside of what it names; expected an alias of something that is complete',
    ]);
    expect(heads('nodes: *b')).toEqual([
      '1:8: nothing is named &b before this; expected an alias of an anchor further up',
    ]);
  });
  it('with a mistake are told once', () => {
    const text = 'nodes: { a: &n { kind: host, gatway: x }, b: *n, c: *n }';
    expect(heads(text)).toHaveLength(3); // in node "a", in node "b", in node "c"
    expect(heads('nodes: { a: &n { kind: hots }, b: *n, c: *n }')).toHaveLength(1);
  });
});

describe('limits', () => {
  const timed = (text: string, seconds: number): (string | undefined)[] => {
    const start = performance.now();
    const told = heads(text);
    expect(performance.now() - start).toBeLessThan(seconds * 1000);
    return told;
  };

  it('of the size of a file', () => {
    expect(timed(`#${' '.repeat(MAX_FILE_CHARACTERS)}`, 1)).toEqual([
      `1:1: the file has ${MAX_FILE_CHARACTERS + 1} characters; expected at most ${MAX_FILE_CHARACTERS}`,
    ]);
  });

  it('of depth', () => {
    for (const step of ['[', '{a: ', '- ', '? ', 'a: ', '- - ', '[{']) {
      const told = timed(step.repeat(100_000), 5);
      expect(told.length, step).toBeGreaterThan(0);
    }
    expect(timed('['.repeat(1_000), 1)[0]).toMatch(/nested too deeply/);
    const nested = (depth: number) => `title: ${'['.repeat(depth)}${']'.repeat(depth)}\nnodes: {}`;
    expect(heads(nested(MAX_DEPTH - 2))[0]).toMatch(/title cannot be/);
    expect(heads(nested(MAX_DEPTH + 1))[0]).toMatch(/levels inside each other/);
  });

  it('of problems', () => {
    const many = `nodes:\n${Array.from({ length: MAX_PROBLEMS + 5 }, (_, index) => `  h${index}: { kind: hb }\n`).join('')}`;
    expect(timed(many, 5)).toHaveLength(MAX_PROBLEMS);
  });

  it('of time, for files that are long in one way', () => {
    for (const part of [
      'a\n',
      '\n',
      '"a\n',
      '#x\n',
      'a: |\n',
      '&a ',
      '!a ',
      '}',
      '---\n',
      '\t\n',
      'a: 1\n',
      '*a ',
      'a,',
    ]) {
      timed(part.repeat(20_000), 5);
    }
    const star = `nodes:\n  s: { kind: switch }\n  h: { kind: host }\nlinks:\n${'  - endpoints: [s, s]\n'.repeat(5_000)}`;
    expect(timed(star, 10).length).toBeGreaterThan(0);
  });
});
