/**
 * The import arrows of ARCHITECTURE.md: which layer may know which, and which area of a layer which other. Imports of types count.
 * What is not named beside its arrow is closed to it.
 */

/** Each layer with those that it may know. */
const LAYERS = {
  domain: [],
  db: ['domain'],
  transactions: ['db', 'domain'],
  workflows: ['domain', 'activities'],
  activities: ['transactions', 'db', 'domain', 'adapters'],
  temporal: ['workflows', 'domain', 'activities'],
  adapters: ['domain'],
  api: ['transactions', 'db', 'domain', 'temporal'],
  cli: ['transactions', 'db', 'domain', 'temporal'],
};

const TOOLS = ['dev', 'demo', 'project', 'bench', 'test'];

/** Each area with those that it may know, in `domain/` and in `transactions/`. */
const AREAS = {
  base: [],
  access: ['base'],
  catalogue: ['base'],
  billing: ['base'],
  contract: ['base', 'billing', 'catalogue'],
  generation: ['base', 'catalogue', 'contract'],
  license: ['base', 'catalogue', 'contract'],
  system: ['base', 'access', 'catalogue', 'billing', 'contract', 'generation', 'license'],
};

/** What other areas may know of contracts: their shapes, and how they are read. `system` computes timelines, and so knows all. */
const CONTRACT_SHAPES = [
  'boundary-kind',
  'change',
  'contract',
  'decision',
  'expiry',
  'facts',
  'features',
  'nudge',
  'operations',
  'quota',
  'renewal-policy',
];

/** The packages that a layer may import; a layer that is not named may import any that the product has. */
const PACKAGES = {
  domain: [['temporal-polyfill', 'temporal-spec', 'zod', 'uuidv7'], 'The domain uses pure libraries only.'],
  workflows: [['@temporalio/workflow', '@temporalio/common'], 'What a workflow imports is replayed for years.'],
  adapters: [['stripe', 'standardwebhooks', 'zod'], 'What foreign systems publish for those who speak to them.'],
  db: [['postgres', 'postgrator'], 'The layer of SQL knows the driver only.'],
  temporal: [['@temporalio/[a-z-]+', 'p-map'], 'Only the client of Temporal.'],
};

const layers = [...Object.keys(LAYERS), ...TOOLS];
const areas = Object.keys(AREAS);
const anyOf = (names) => `(${names.join('|')})`;

/** The process puts adapters in place; everything else that starts by itself is a tool or stands outside the layers. */
const ENTRY_POINTS = `^(worker\\.ts|api/main\\.ts|api/http/openapi\\.ts|cli/|${TOOLS.join('/|')}/)`;

const layerArrows = Object.entries(LAYERS).map(([layer, known]) => ({
  name: `${layer}-knows-only-its-neighbours`,
  comment: `${layer}/ may know ${known.join(', ') || 'no other layer'}.`,
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
      comment: `The area ${area} may know ${AREAS[area].join(', ') || 'no other area'}.`,
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
      comment: 'What is decided of a contract is decided in its own area.',
      severity: 'error',
      from: { path: `^domain/${anyOf(areas.filter((area) => area !== 'contract' && area !== 'system'))}/` },
      to: { path: '^domain/contract/', pathNot: `^domain/contract/${anyOf(CONTRACT_SHAPES)}\\.ts$` },
    },
    {
      name: 'contracts-change-through-their-transactions',
      comment:
        'Each transaction upon a contract has an input of its own; what they share takes switches and is theirs.',
      severity: 'error',
      from: { pathNot: '^transactions/contract/' },
      to: { path: '^transactions/contract/(settle-and-decide|save-change)\\.ts$' },
    },
    {
      name: 'every-file-has-an-area',
      comment: 'Say the noun, find its area (CONTRIBUTING.md).',
      severity: 'error',
      from: { path: '^(domain|transactions|db)/', pathNot: `^(domain|transactions|db)/${anyOf(areas)}/` },
      to: {},
    },
    {
      name: 'db-makes-neither-hashes-nor-chance',
      comment: 'Keys are drawn and secrets are compared in transactions/; what Postgres can hash, it hashes itself.',
      severity: 'error',
      from: { path: '^db/' },
      to: { path: '^(node:)?crypto$' },
    },
    {
      name: 'db-refuses-nothing',
      comment: 'A refusal is a decision: db/ answers what it found, and the transaction asks the domain.',
      severity: 'error',
      from: { path: '^db/' },
      to: { path: '^domain/base/refusal\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workflows-take-only-types-of-activities',
      comment: 'A workflow calls an activity by name, over the server; its code must not come into the bundle.',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { path: '^activities/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'temporal-knows-the-ports-of-activities',
      comment: 'The client implements what activities need, and knows no activity.',
      severity: 'error',
      from: { path: '^temporal/' },
      to: { path: '^activities/', pathNot: '^activities/ports\\.ts$' },
    },
    {
      name: 'only-entry-points-read-settings',
      comment: 'Settings come in as arguments everywhere else; the types of config.ts may be used.',
      severity: 'error',
      from: { pathNot: [ENTRY_POINTS, '^config\\.ts$'] },
      to: { path: '^config\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'product-stands-without-its-tools',
      comment: 'What runs in production needs neither the embedded stack, the stories, the benchmarks nor the tests.',
      severity: 'error',
      from: { pathNot: `^${anyOf(TOOLS)}/|^[^/]+\\.(js|cjs|mjs)$|^jest\\.config` },
      to: { path: `^${anyOf(TOOLS)}/` },
    },
    {
      name: 'product-uses-no-development-packages',
      severity: 'error',
      from: { path: `^${anyOf(Object.keys(LAYERS))}/|^(worker|config)\\.ts$` },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other, be it for a type, are one file, or hide a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A file that is neither imported nor started by itself is forgotten.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: [ENTRY_POINTS, '^[^/]+\\.(js|cjs|mjs)$', '\\.d\\.ts$', '^config\\.ts$', '^api/http/docs-page/'],
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
