/**
 * The import arrows of ARCHITECTURE.md: which room may know which. A room that is not named beside its arrow is closed to it.
 */
const everyRoom = [
  'domain',
  'transactions',
  'workflows',
  'activities',
  'adapters',
  'api',
  'db',
  'temporal',
  'cli',
  'dev',
  'demo',
  'project',
  'bench',
  'test',
];

/**
 * A rule that lets the files of `room` know only `known` rooms (and itself) among those of the house; the files that match
 * `free` put the rooms together and know whom they must.
 */
function arrow(room, known, comment, free) {
  const closed = everyRoom.filter((other) => other !== room && !known.includes(other));
  return {
    name: `${room}-knows-only-its-neighbours`,
    comment,
    severity: 'error',
    from: { path: `^${room}/`, ...(free === undefined ? {} : { pathNot: free }) },
    to: { path: [`^(${closed.join('|')})/`, '^worker\\.ts$'] },
  };
}

/** A rule that lets the files of `room` import only these packages. */
function packagesOf(room, packages, comment) {
  return {
    name: `${room}-imports-only-its-packages`,
    comment,
    severity: 'error',
    from: { path: `^${room}/` },
    to: { path: 'node_modules/', pathNot: packages.map((name) => `node_modules/${name}/`) },
  };
}

const entryPoints = '^(worker\\.ts|api/main\\.ts|api/http/openapi\\.ts|cli/|dev/|demo/|project/|bench/|test/)';

module.exports = {
  forbidden: [
    arrow('domain', [], 'The domain decides and knows nobody.'),
    arrow('workflows', ['domain', 'activities'], 'A workflow knows the domain, and the types of activities.'),
    arrow(
      'activities',
      ['domain', 'db', 'transactions', 'temporal'],
      'Activities write to Postgres and speak to the outside.',
    ),
    arrow('adapters', ['domain'], 'An adapter turns what a foreign system says into words of the domain.'),
    arrow(
      'api',
      ['domain', 'db', 'transactions', 'temporal', 'workflows'],
      'The API never runs an activity itself.',
      '^api/main\\.ts$',
    ),
    arrow(
      'api',
      ['domain', 'db', 'transactions', 'temporal', 'workflows', 'adapters'],
      'The process puts adapters in place; the interface only knows their form.',
    ),
    arrow('transactions', ['domain', 'db'], 'A transaction asks the domain and saves by the statements of db/.'),
    arrow('db', ['domain'], 'The database rooms know the decisions and nobody who asks for them.'),
    arrow('temporal', ['domain', 'workflows'], 'Starts, signals and updates by the message definitions of workflows.'),
    arrow(
      'cli',
      ['domain', 'db', 'transactions', 'temporal'],
      'A command does its work through the same doors as the API.',
    ),
    packagesOf(
      'domain',
      ['temporal-polyfill', 'temporal-spec', 'zod', 'uuidv7'],
      'The domain uses pure libraries only.',
    ),
    packagesOf(
      'workflows',
      ['@temporalio/workflow', '@temporalio/common'],
      'What a workflow imports is replayed for years.',
    ),
    packagesOf(
      'adapters',
      ['stripe', 'standardwebhooks', 'zod'],
      'What foreign systems publish for those who speak to them.',
    ),
    packagesOf('db', ['postgres', 'postgrator', 'uuidv7'], 'The database rooms know the driver only.'),
    packagesOf('temporal', ['@temporalio/[a-z-]+'], 'Only the client of Temporal.'),
    {
      name: 'workflows-take-only-types-of-activities',
      comment: 'A workflow calls an activity by name, over the server; its code must not come into the bundle.',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { path: '^activities/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-entry-points-read-settings',
      comment: 'Settings come in as arguments everywhere else; the types of config.ts may be used.',
      severity: 'error',
      from: { pathNot: [entryPoints, '^config\\.ts$'] },
      to: { path: '^config\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'product-stands-without-its-tools',
      comment: 'What runs in production needs neither the embedded stack, the benchmarks nor the tests.',
      severity: 'error',
      from: { pathNot: '^(dev|demo|project|bench|test)/|^[^/]+\\.(js|cjs|mjs)$|^jest\\.config' },
      to: { path: '^(dev|demo|project|bench|test)/' },
    },
    {
      name: 'product-uses-no-development-packages',
      severity: 'error',
      from: {
        path: '^(domain|workflows|activities|adapters|api|db|transactions|temporal|cli)/|^(worker|config)\\.ts$',
      },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or hide a third. (Types alone may point back.)',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nobody imports and that is not started by itself is forgotten.',
      severity: 'error',
      from: { orphan: true, pathNot: [entryPoints, '^[^/]+\\.(js|cjs|mjs)$', '\\.d\\.ts$', '^config\\.ts$'] },
      to: {},
    },
    {
      name: 'imports-resolve',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'packages-are-declared',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'undetermined'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|\\.covenant)/|^bench/peers/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
