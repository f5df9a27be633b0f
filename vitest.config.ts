import { defaultExclude, defineConfig } from 'vitest/config';

// Which tests: NETARIUM_SUITE is set by scripts/test.mjs (npm run test:long, npm run test:browser).
const suite = process.env.NETARIUM_SUITE ?? 'normal';

const roots = ['packages/*/src/**', 'examples/**'];
const special = ['**/*.long.test.ts', '**/*.browser.test.ts'];
const endings: Record<string, string> = { normal: '*.test.ts', long: '*.long.test.ts', browser: '*.browser.test.ts' };
const ending = endings[suite];
if (ending === undefined) throw new Error(`NETARIUM_SUITE is normal, long or browser, not "${suite}"`);

export default defineConfig({
  // `source` leads an import of @netarium/... to its TypeScript: tests need no build.
  resolve: { conditions: ['source', 'module', 'node', 'development|production'] },
  ssr: { resolve: { conditions: ['source', 'module', 'node', 'development|production'] } },
  test: {
    include: roots.map((root) => `${root}/${ending}`),
    exclude: [...defaultExclude, '**/dist/**', ...(suite === 'normal' ? special : [])],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: suite === 'normal' ? 60_000 : 600_000,
    hookTimeout: 60_000,
    passWithNoTests: true, // scripts/test.mjs decides what no test at all means
  },
});
