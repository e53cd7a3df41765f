/**
 * Lint rules. In addition to the usual ones they enforce rules of this project: promises are awaited, the domain uses
 * no clock and no randomness, SQL is in one layer, workflows are deterministic, and only entry points read the
 * environment.
 */
import { builtinModules } from 'node:module';
import eslint from '@eslint/js';
import { defineConfig } from 'eslint/config';
import typescript from 'typescript-eslint';

const nodeModules = builtinModules.filter((name) => !name.startsWith('_')).flatMap((name) => [name, `node:${name}`]);

const noInterval = {
  name: 'setInterval',
  message: 'Use a workflow or a Temporal schedule to wait or to repeat (ARCHITECTURE.md).',
};

const noIntervalMember = {
  selector: "CallExpression[callee.property.name='setInterval']",
  message: noInterval.message,
};

const noEnvironment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Only entry points read the environment, through config.ts.',
};

// A column that a migration adds would change the result of these statements (db/base/columns.ts).
const noStar = {
  selector:
    ':matches(TemplateElement[value.raw=/((SELECT|RETURNING)( DISTINCT)?|,)\\s+(\\w+\\.)?\\*/i], Literal[value=/(SELECT|RETURNING)\\s+(\\w+\\.)?\\*/i])',
  message: 'Name the columns: a statement with * fails in running processes when a migration adds a column.',
};

// A transaction that waits for a row occupies a connection, so it must wait for its turn before it starts
// (db/base/lock-turns.ts).
const noOwnBegin = {
  selector: "CallExpression[callee.property.name='begin'][callee.object.property.name='db']",
  message: 'Use beginLocked with the rows that the transaction locks, or `write` of the request.',
};

const noOwnSql = {
  selector:
    ':matches(TaggedTemplateExpression[tag.name=/^(tx|sql|db)$/], TaggedTemplateExpression[tag.property.name=/^(tx|sql|db)$/])',
  message: 'SQL is only in db/: call a function of the file of its noun.',
};

// Code that decides and saves is a transaction. `insertChunk` is an exception: its single statement checks what it
// locks.
const noOwnWrites = {
  regex: '/db/',
  importNamePattern: '^(insert(?!Chunk$)|update|save|store|set|lock|delete|claim|release)[A-Z]',
  message: 'Code that locks, decides and saves is a function in transactions/.',
};

const noOwnClock = [
  {
    selector: "MemberExpression[object.name='Date'][property.name='now']",
    message: 'The domain has no clock: take `now` as an argument.',
  },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Take `now` as an argument.' },
  { selector: "CallExpression[callee.name='Date']", message: 'Take `now` as an argument.' },
  { selector: "MemberExpression[object.name='Temporal'][property.name='Now']", message: 'Take `now` as an argument.' },
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: 'Take randomness as an argument.',
  },
];

// The clock of a process can be wrong, so decisions use the time of Postgres (db/base/clock.ts).
const noProcessClock = noOwnClock
  .filter(({ selector }) => selector.includes('Date'))
  .map(({ selector }) => ({ selector, message: 'Take `now` as an argument; db/base/clock.ts reads it.' }));

const globalsOfNode = [
  'module',
  'require',
  'process',
  'console',
  'Buffer',
  'URL',
  '__dirname',
  'setTimeout',
  'clearTimeout',
];

/** The globals of a browser that the script before the admin pages uses. */
const globalsOfAdminPages = ['localStorage', 'matchMedia', 'document', 'navigator'];

/** The globals of a browser, and the one that the renderer of the page at `/docs` adds. */
const globalsOfDocsPage = ['Scalar', 'MutationObserver', 'addEventListener', 'document', 'location'];

const globalsWithSideEffects = ['process', 'fetch', 'setTimeout', 'setImmediate', 'performance', 'require'];

export default defineConfig(
  {
    ignores: [
      'dist/',
      'coverage/',
      '.covenant/',
      'node_modules/',
      'bench/node_modules/',
      'bench/peers/node_modules/',
      // Written by a generator.
      'docs/clients/typescript/covenant.d.ts',
      'web/src/base/interface.d.ts',
    ],
  },
  eslint.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [typescript.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // Commands without input have empty types, and the driver's types start with {}.
      '@typescript-eslint/no-empty-object-type': 'off',
      // An implementation of an asynchronous interface can be without an await.
      '@typescript-eslint/require-await': 'off',
      eqeqeq: 'error',
      'no-restricted-globals': ['error', noInterval],
      'no-restricted-syntax': ['error', noIntervalMember, noEnvironment, noStar],
    },
  },
  {
    files: ['domain/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', { paths: nodeModules }],
      'no-restricted-globals': ['error', noInterval, ...globalsWithSideEffects],
      'no-restricted-syntax': ['error', noIntervalMember, ...noOwnClock],
    },
  },
  {
    // The workflow sandbox replaces Date.now() and setTimeout. All of Node's modules are forbidden.
    files: ['workflows/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', { paths: nodeModules }],
      'no-restricted-globals': ['error', noInterval, ...globalsWithSideEffects.filter((name) => name !== 'setTimeout')],
    },
  },
  {
    files: ['api/**/*.ts', 'activities/**/*.ts', 'transactions/**/*.ts', 'db/**/*.ts'],
    ignores: ['db/base/clock.ts'],
    rules: { 'no-restricted-syntax': ['error', noIntervalMember, noEnvironment, noStar, ...noProcessClock] },
  },
  {
    files: ['activities/**/*.ts', 'transactions/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', noIntervalMember, noEnvironment, noStar, ...noProcessClock, noOwnSql] },
  },
  {
    files: ['api/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        noIntervalMember,
        noEnvironment,
        noStar,
        ...noProcessClock,
        noOwnBegin,
        noOwnSql,
      ],
    },
  },
  {
    files: ['api/**/*.ts', 'activities/**/*.ts', 'cli/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [noOwnWrites] }] },
  },
  {
    files: ['config.ts', 'worker.ts', 'api/main.ts', 'cli/**/*.ts', 'bench/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', noIntervalMember, noStar] },
  },
  {
    files: ['cli/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', noIntervalMember, noStar, noOwnSql] },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', noIntervalMember],
      // Tests assert the content of JSON bodies themselves.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-explicit-any': 'off',
      // Activities are functions in an object and do not use `this`.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['dev/**/*.ts', 'demo/**/*.ts', 'docs/**/*.ts', 'project/**/*.ts'],
    rules: { 'no-restricted-globals': 'off', 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.js', '**/*.cjs', '**/*.mjs'],
    ignores: ['api/http/docs-page/', 'web/public/'],
    languageOptions: {
      globals: Object.fromEntries(globalsOfNode.map((name) => [name, 'readonly'])),
    },
  },
  {
    files: ['web/public/*.js'],
    languageOptions: {
      sourceType: 'script',
      globals: Object.fromEntries(globalsOfAdminPages.map((name) => [name, 'readonly'])),
    },
  },
  {
    files: ['api/http/docs-page/*.js'],
    languageOptions: {
      sourceType: 'script',
      globals: Object.fromEntries(globalsOfDocsPage.map((name) => [name, 'readonly'])),
    },
  },
);
