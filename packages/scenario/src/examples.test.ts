import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { formatProblem, parseScenario } from './index.ts';
import { BROKEN } from './testing/broken.ts';

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url));
const read = (name: string) => parseScenario(readFileSync(examples + name, 'utf8'), { file: name });
const yamlFiles = (folder: string) => readdirSync(examples + folder).filter((name) => name.endsWith('.yaml'));

describe('the examples', () => {
  it.each(yamlFiles(''))('%s is right, and nothing in it is odd', (name) => {
    const result = read(name);
    expect(result.ok ? result.warnings : result.problems.map(formatProblem)).toEqual([]);
  });

  it('has a campus with a page and a megabyte to fetch', () => {
    const result = read('campus.yaml');
    if (!result.ok) throw new Error('campus.yaml');
    expect(result.scenario.services).toEqual([{ node: 'web', run: 'httpd /srv' }]);
    expect(result.scenario.links?.find((link) => link.name === 'uplink')?.loss).toBe('1%');
    expect(readFileSync(`${examples}site/index.html`, 'utf8')).toContain('primes.txt');
    expect(readFileSync(`${examples}site/primes.txt`).length).toBeGreaterThan(1024 * 1024);
  });
});

describe('the broken examples', () => {
  it('are all here', () => {
    expect(yamlFiles('broken').sort()).toEqual(Object.keys(BROKEN).sort());
  });

  it.each(Object.keys(BROKEN))('%s', (name) => {
    const result = read(`broken/${name}`);
    const heads = result.ok ? ['no problem'] : result.problems.map((problem) => formatProblem(problem).split('\n')[0]);
    expect(heads).toEqual(BROKEN[name]?.map((head) => `broken/${name}:${head}`));
  });
});
