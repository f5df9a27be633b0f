// Who may import whom. `npm run check` holds it; ARCHITECTURE.md tells why.

const STACK = '^packages/stack/src/';

// The folders of packages/stack/src: each may import itself and the folders that it lists, and no other.
const LAYERS = [
  'l1-physical',
  'l2-link',
  'l3-network',
  'l4-transport',
  'l5-session',
  'l6-presentation',
  'l7-application',
];
const MAY_IMPORT = {
  base: [],
  'l1-physical': ['base'],
  'l2-link': ['base', 'l1-physical'],
  'l3-network': ['base', 'l1-physical', 'l2-link'],
  'l4-transport': ['base', 'l3-network'],
  'l5-session': ['base', 'l4-transport'], // and the types of l3-network, below
  'l6-presentation': ['base'],
  'l7-application': ['base', 'l5-session', 'l6-presentation'],
  inspect: ['base'],
  host: ['base', ...LAYERS, 'inspect'],
  network: ['base', ...LAYERS, 'inspect', 'host'],
};
const TYPES_ONLY = { 'l5-session': ['l3-network'] };

// Tests and what only tests use may look anywhere.
const TESTS = '\\.test\\.ts$|/testing/';

const folder = (names) => `${STACK}(${names.join('|')})/`;

const layerRules = Object.entries(MAY_IMPORT).flatMap(([name, allowed]) => {
  const types = TYPES_ONLY[name] ?? [];
  const from = { path: folder([name]), pathNot: TESTS };
  const comment = `${name} may import ${['itself', ...allowed].join(', ')}${types.length ? `, and types of ${types}` : ''}.`;
  const rules = [
    {
      name: `layers: ${name}`,
      comment,
      severity: 'error',
      from,
      to: { path: STACK, pathNot: `${folder([name, ...allowed, ...types])}|${TESTS}` },
    },
  ];
  if (types.length > 0) {
    rules.push({
      name: `layers: ${name}, types only`,
      comment,
      severity: 'error',
      from,
      to: { path: folder(types), dependencyTypesNot: ['type-only'] },
    });
  }
  return rules;
});

// A new folder has to be given its place in the table above.
const unknownFolder = {
  name: 'layers: a folder without a place',
  comment: 'Add the folder to MAY_IMPORT in .dependency-cruiser.cjs.',
  severity: 'error',
  from: { path: `${STACK}[^/]+/`, pathNot: `${folder(Object.keys(MAY_IMPORT))}|${TESTS}` },
  to: {},
};

// package -> the packages of this repository that it may import.
const PACKAGES = {
  stack: [],
  scenario: ['stack'],
  node: ['stack'],
  cli: ['stack', 'scenario', 'node'],
};
const packageRules = Object.entries(PACKAGES).map(([name, allowed]) => ({
  name: `packages: ${name}`,
  comment: `packages/${name} may import ${allowed.length ? allowed.join(', ') : 'no other package'}.`,
  severity: 'error',
  from: { path: `^packages/${name}/`, pathNot: TESTS },
  to: { path: '^packages/', pathNot: `^packages/(${[name, ...allowed].join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    unknownFolder,
    ...packageRules,
    {
      name: 'packages: nobody imports the command',
      comment: 'What others need from packages/cli belongs into another package. Tests start it as a program.',
      severity: 'error',
      from: { path: '^(packages|examples|bench|interop)/', pathNot: '^packages/cli/' },
      to: { path: '^packages/cli/' },
    },
    {
      name: 'stack: no dependencies',
      comment: 'The stack runs anywhere: no package, no built-in of Node.',
      severity: 'error',
      from: { path: STACK, pathNot: TESTS },
      to: { pathNot: '^packages/', couldNotResolve: false }, // other packages of ours: see above
    },
    {
      name: 'no testing in products',
      comment: 'What is in a testing/ folder, or in a test, is not built and not published.',
      severity: 'error',
      from: { path: '^packages/', pathNot: TESTS },
      to: { path: TESTS },
    },
    {
      name: 'no circles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'nothing missing',
      comment: 'An import that leads nowhere, or to a package that package.json does not name.',
      severity: 'error',
      from: { pathNot: TESTS },
      to: { dependencyTypes: ['unknown', 'undetermined', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true, // imports of types are imports too
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.cjs', '.js', '.json'],
    },
  },
};
