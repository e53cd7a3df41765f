/** Lint enforces the rules of the project: code that breaks a rule of its layer is reported. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

interface LintMessage {
  ruleId: string | null;
  message: string;
}

/** Files with forbidden code, and the rule that reports it. */
const FORBIDDEN: [file: string, code: string, rule: string][] = [
  ['domain/a.ts', 'export const now = Date.now();', 'no-restricted-syntax'],
  ['domain/a.ts', 'export const now = new Date();', 'no-restricted-syntax'],
  ['domain/a.ts', 'export const chance = Math.random();', 'no-restricted-syntax'],
  ['domain/a.ts', "import 'node:fs';", 'no-restricted-imports'],
  ['domain/a.ts', 'export const host = process.env.HOST;', 'no-restricted-globals'],
  ['domain/a.ts', "export const answer = fetch('http://a');", 'no-restricted-globals'],
  ['workflows/a.ts', "import 'node:crypto';", 'no-restricted-imports'],
  ['workflows/a.ts', "import 'fs';", 'no-restricted-imports'],
  ['workflows/a.ts', "export const answer = fetch('http://a');", 'no-restricted-globals'],
  ['workflows/a.ts', 'export const host = process.env.HOST;', 'no-restricted-globals'],
  ['api/a.ts', 'setInterval(() => {}, 1);', 'no-restricted-globals'],
  ['activities/a.ts', 'globalThis.setInterval(() => {}, 1);', 'no-restricted-syntax'],
  ['api/a.ts', 'export const host = process.env.HOST;', 'no-restricted-syntax'],
  ['api/a.ts', 'export const now = Date.now();', 'no-restricted-syntax'],
  ['activities/a.ts', 'export const now = new Date();', 'no-restricted-syntax'],
  ['db/a.ts', 'export const now = new Date().toISOString();', 'no-restricted-syntax'],
  ['db/a.ts', 'export const read = (sql) => sql`SELECT * FROM products`;', 'no-restricted-syntax'],
  ['db/a.ts', 'export const read = (sql) => sql`SELECT p.id, c.* FROM contracts c`;', 'no-restricted-syntax'],
  ['db/a.ts', 'export const read = (sql) => sql`SELECT ${sql(A)},\n  g.* FROM generators g`;', 'no-restricted-syntax'],
  [
    'db/a.ts',
    'export const write = (sql) => sql`UPDATE admins SET name = ${1}\n  RETURNING *, 0 AS n`;',
    'no-restricted-syntax',
  ],
  ['cli/a.ts', "export const read = (sql) => sql.unsafe('select k.* from k');", 'no-restricted-syntax'],
  ['cli/a.ts', 'export const read = (sql) => sql`SELECT id FROM contracts`;', 'no-restricted-syntax'],
  ['activities/a.ts', 'export const read = (api) => api.db`SELECT id FROM contracts`;', 'no-restricted-syntax'],
  ['transactions/a.ts', 'export const read = (tx) => tx`SELECT id FROM contracts`;', 'no-restricted-syntax'],
  ['api/a.ts', 'export const read = (tx) => tx`SELECT id FROM contracts`;', 'no-restricted-syntax'],
  [
    'api/contract/a.ts',
    "import { lockContract } from '../../db/contract/contract'; lockContract();",
    'no-restricted-imports',
  ],
  ['activities/a.ts', "import { insertAudit } from '../db/base/audit'; insertAudit();", 'no-restricted-imports'],
  ['cli/a.ts', "import { updateAdmin } from '../db/access/admin'; updateAdmin();", 'no-restricted-imports'],
];

const ALLOWED: [file: string, code: string][] = [
  ['api/contract/a.ts', "import { findContract } from '../../db/contract/contract'; findContract();"],
  ['activities/generation/a.ts', "import { insertChunk } from '../../db/generation/chunk'; insertChunk();"],
  ['transactions/contract/a.ts', "import { lockContract } from '../../db/contract/contract'; lockContract();"],
  ['domain/a.ts', 'export const then = new Date(0).toISOString();'],
  ['workflows/a.ts', 'export const now = Date.now();'],
  ['dev/a.ts', 'setInterval(() => {}, process.env.MS ? 1 : 2);'],
  ['db/base/clock.ts', 'export const now = Date.now();'],
  ['api/main.ts', 'export const env = process.env;'],
  ['db/a.ts', 'export const count = (sql) => sql`SELECT count(*)::int, 2 * id, sum(a * b) FROM t`;'],
];

/**
 * Lints texts as if they were in these files. A separate process is used, because ESLint and its configuration are ES
 * modules. Type information is disabled, because the files do not exist.
 */
const LINT_SCRIPT = `
  import { ESLint } from 'eslint';
  import typescript from 'typescript-eslint';
  const eslint = new ESLint({
    overrideConfig: [typescript.configs.disableTypeChecked, { languageOptions: { parserOptions: { projectService: false } } },
      { rules: { '@typescript-eslint/switch-exhaustiveness-check': 'off', '@typescript-eslint/consistent-type-imports': 'off' } }],
  });
  const texts = JSON.parse(process.argv[1]);
  const results = [];
  for (const [filePath, code] of texts) results.push((await eslint.lintText(code, { filePath }))[0].messages);
  console.log(JSON.stringify(results));
`;

function lint(texts: [file: string, code: string][]): LintMessage[][] {
  const script = ['--input-type=module', '--eval', LINT_SCRIPT, JSON.stringify(texts)];
  const run = spawnSync(process.execPath, script, { cwd: join(__dirname, '..', '..'), encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout) as LintMessage[][];
}

const messages = lint([...FORBIDDEN.map(([file, code]): [string, string] => [file, code]), ...ALLOWED]);

test.each(FORBIDDEN.map((row, index) => [...row, index] as const))(
  '%s must not contain: %s',
  (_file, _code, rule, index) => {
    expect(messages[index]?.map(({ ruleId }) => ruleId)).toContain(rule);
  },
);

test.each(ALLOWED.map((row, index) => [...row, index] as const))('%s can contain: %s', (_file, _code, index) => {
  expect(messages[FORBIDDEN.length + index]).toEqual([]);
});
