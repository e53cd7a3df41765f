/**
 * The import rules of ARCHITECTURE.md: which layers a layer can import, and which areas an area of a layer can import.
 * Imports of types count. Everything that is not listed is forbidden.
 */

/** Each layer with the layers that it can import. */
const LAYERS = {
  domain: [],
  db: ['domain'],
  transactions: ['db', 'domain'],
  workflows: ['domain', 'activities'],
  activities: ['transactions', 'db', 'domain', 'adapters'],
  temporal: ['workflows', 'domain', 'activities'],
  adapters: ['domain'],
  api: ['transactions', 'db', 'domain', 'temporal'],
  cli: ['transactions', 'db', 'domain', 'temporal', 'adapters'],
  web: [],
};

/** `docs` contains programs for partners. */
const TOOLS = ['dev', 'demo', 'docs', 'project', 'bench', 'test'];

/** Each area with the areas that it can import, in `domain/` and in `transactions/`. */
const AREAS = {
  base: [],
  access: ['base', 'contract', 'notification'],
  catalogue: ['base'],
  billing: ['base'],
  contract: ['base', 'billing', 'catalogue'],
  generation: ['base', 'catalogue', 'contract'],
  license: ['base', 'catalogue', 'contract'],
  import: ['base', 'access', 'catalogue', 'contract', 'generation', 'license'],
  pool: ['base', 'catalogue', 'contract', 'generation', 'license'],
  schedule: ['base', 'catalogue', 'contract', 'generation', 'license'],
  metric: ['base', 'contract'],
  webhook: ['base', 'catalogue', 'contract', 'license'],
  notification: ['base', 'billing', 'catalogue', 'contract', 'license', 'schedule', 'webhook'],
  system: ['base', 'access', 'catalogue', 'billing', 'contract', 'generation', 'license', 'import', 'pool', 'schedule'],
};

/**
 * The contract files that other areas can import: the shapes and the reads. `system` computes timelines and can import
 * all.
 */
const CONTRACT_SHAPES = [
  'boundary-kind',
  'change',
  'contract',
  'decision',
  'expiry',
  'facts',
  'features',
  'issued-licenses',
  'nudge',
  'operations',
  'remaining-validity',
  'quota',
  'rate-limits',
  'renewal-policy',
];

/** The packages that a layer can import. A layer that is not listed can import every package of the product. */
const PACKAGES = {
  domain: [
    ['temporal-polyfill', 'temporal-spec', 'zod', 'uuidv7', 'ipaddr.js'],
    'The domain uses pure libraries only.',
  ],
  workflows: [['@temporalio/workflow', '@temporalio/common'], 'What a workflow imports is replayed for years.'],
  adapters: [
    [
      ...['stripe', 'standardwebhooks', 'undici', 'nodemailer', 'openid-client', 'zod'],
      ...['react', '@types/react', '@react-email/[a-z-]+', 'intl-messageformat'],
    ],
    'Packages that talk to external systems, and those that write mail.',
  ],
  db: [['postgres', 'postgrator'], 'The layer of SQL knows the driver only.'],
  temporal: [['@temporalio/[a-z-]+', 'p-map'], 'Only the client of Temporal.'],
};

const layers = [...Object.keys(LAYERS), ...TOOLS];
const areas = Object.keys(AREAS);
const anyOf = (names) => `(${names.join('|')})`;

/** The worker process connects the adapters. Every other program is a tool or outside the layers. */
const ENTRY_POINTS = `^(worker\\.ts|api/main\\.ts|api/http/openapi\\.ts|cli/|${TOOLS.join('/|')}/)`;

const layerArrows = Object.entries(LAYERS).map(([layer, known]) => ({
  name: `${layer}-knows-only-its-neighbours`,
  comment: `${layer}/ can import ${known.join(', ') || 'no other layer'}.`,
  severity: 'error',
  from: { path: `^${layer}/`, pathNot: '^api/main\\.ts$' },
  to: { path: [`^${anyOf(layers.filter((other) => other !== layer && !known.includes(other)))}/`, '^worker\\.ts$'] },
}));

const areaArrows = ['domain', 'transactions'].flatMap((layer) =>
  Object.entries(AREAS)
    .map(([area, known]) => [area, areas.filter((other) => other !== area && !known.includes(other))])
    .filter(([, closed]) => closed.length > 0)
    .map(([area, closed]) => ({
      name: `${layer}-${area}-knows-only-its-neighbours`,
      comment: `The area ${area} can import ${AREAS[area].join(', ') || 'no other area'}.`,
      severity: 'error',
      from: { path: `^${layer}/${area}/` },
      to: { path: `^${layer}/${anyOf(closed)}/` },
    })),
);

const packageArrows = Object.entries(PACKAGES).map(([layer, [packages, comment]]) => ({
  name: `${layer}-imports-only-its-packages`,
  comment,
  severity: 'error',
  from: { path: `^${layer}/` },
  to: { path: 'node_modules/', pathNot: packages.map((name) => `node_modules/${name}/`) },
}));

module.exports = {
  forbidden: [
    ...layerArrows,
    ...areaArrows,
    ...packageArrows,
    {
      name: 'other-areas-know-the-shapes-of-contracts',
      comment: 'Decisions about a contract are made in its own area.',
      severity: 'error',
      from: { path: `^domain/${anyOf(areas.filter((area) => area !== 'contract' && area !== 'system'))}/` },
      to: { path: '^domain/contract/', pathNot: `^domain/contract/${anyOf(CONTRACT_SHAPES)}\\.ts$` },
    },
    {
      name: 'contracts-change-through-their-transactions',
      comment:
        'Each transaction on a contract is a function with its own input. The shared code has option flags and is internal to this folder.',
      severity: 'error',
      from: { pathNot: '^transactions/contract/' },
      to: { path: '^transactions/contract/(settle-and-decide|save-change)\\.ts$' },
    },
    {
      name: 'every-file-has-an-area',
      comment: 'Every noun belongs to an area (CONTRIBUTING.md).',
      severity: 'error',
      from: { path: '^(domain|transactions|db)/', pathNot: `^(domain|transactions|db)/${anyOf(areas)}/` },
      to: {},
    },
    {
      name: 'db-makes-neither-hashes-nor-chance',
      comment: 'transactions/ draws keys and compares secrets. Postgres computes the hashes that it can compute.',
      severity: 'error',
      from: { path: '^db/' },
      to: { path: '^(node:)?crypto$' },
    },
    {
      name: 'db-refuses-nothing',
      comment: 'A refusal is a decision: db/ returns what it found, and the transaction calls the domain.',
      severity: 'error',
      from: { path: '^db/' },
      to: { path: '^domain/base/refusal\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workflows-take-only-types-of-activities',
      comment:
        'A workflow calls an activity by name through the server. The code of the activity must not be in the bundle.',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { path: '^activities/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'temporal-knows-the-ports-of-activities',
      comment: 'The client implements the ports of activities, and imports no activity.',
      severity: 'error',
      from: { path: '^temporal/' },
      to: { path: '^activities/', pathNot: '^activities/ports\\.ts$' },
    },
    {
      name: 'only-entry-points-read-settings',
      comment: 'Everywhere else, settings are arguments. Types of config.ts can be imported.',
      severity: 'error',
      from: { pathNot: [ENTRY_POINTS, '^config\\.ts$'] },
      to: { path: '^config\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'product-stands-without-its-tools',
      comment: 'Production code needs neither the embedded stack, the demo, the benchmarks nor the tests.',
      severity: 'error',
      from: { pathNot: `^${anyOf(TOOLS)}/|^[^/]+\\.(js|cjs|mjs)$|^jest\\.config` },
      to: { path: `^${anyOf(TOOLS)}/` },
    },
    {
      name: 'product-uses-no-development-packages',
      comment: 'The build puts the packages of the admin pages into their files.',
      severity: 'error',
      from: { path: `^${anyOf(Object.keys(LAYERS).filter((layer) => layer !== 'web'))}/|^(worker|config)\\.ts$` },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that import each other, also only for a type, must be merged or need a third file.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A file that is neither imported nor a program is unused.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: [
          ENTRY_POINTS,
          '^[^/]+\\.(js|cjs|mjs)$',
          '\\.d\\.ts$',
          '^config\\.ts$',
          '^api/http/docs-page/',
          '^web/public/',
        ],
      },
      to: {},
    },
    { name: 'imports-resolve', severity: 'error', from: {}, to: { couldNotResolve: true } },
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
