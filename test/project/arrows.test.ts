/**
 * The import rules of ARCHITECTURE.md work: a small project that breaks each rule is checked with the real
 * configuration.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

interface Violation {
  from: string;
  to: string;
  rule: { name: string };
}

const ROOT = join(__dirname, '..', '..');

/** Files with a forbidden import, and the rule that reports it. */
const FORBIDDEN: [file: string, code: string, rule: string][] = [
  ['domain/a.ts', "import '../db/base/rows';", 'domain-knows-only-its-neighbours'],
  ['domain/b.ts', "import postgres from 'postgres'; postgres();", 'domain-imports-only-its-packages'],
  ['workflows/a.ts', "import '../db/base/rows';", 'workflows-knows-only-its-neighbours'],
  ['workflows/b.ts', "import { act } from '../activities/act'; act();", 'workflows-take-only-types-of-activities'],
  [
    'workflows/c.ts',
    "import { Client } from '@temporalio/client'; new Client();",
    'workflows-imports-only-its-packages',
  ],
  ['activities/a.ts', "import '../api/main';", 'activities-knows-only-its-neighbours'],
  ['activities/b.ts', "import '../workflows/process';", 'activities-knows-only-its-neighbours'],
  ['adapters/a.ts', "import '../db/base/rows';", 'adapters-knows-only-its-neighbours'],
  ['adapters/b.ts', "import { Client } from '@temporalio/client'; new Client();", 'adapters-imports-only-its-packages'],
  ['api/h.ts', "import '../adapters/billing';", 'api-knows-only-its-neighbours'],
  ['activities/c.ts', "import '../temporal/nudge';", 'activities-knows-only-its-neighbours'],
  ['api/a.ts', "import '../activities/act';", 'api-knows-only-its-neighbours'],
  ['api/b.ts', "import '../cli/main';", 'api-knows-only-its-neighbours'],
  ['api/c.ts', "import { loadConfig } from '../config'; loadConfig();", 'only-entry-points-read-settings'],
  ['api/d.ts', "import { expect } from 'yaml'; expect();", 'product-uses-no-development-packages'],
  ['api/e.ts', "import './f';", 'no-cycles'],
  ['domain/billing/a.ts', "import '../contract/facts';", 'domain-billing-knows-only-its-neighbours'],
  ['domain/contract/b.ts', "import '../generation/job';", 'domain-contract-knows-only-its-neighbours'],
  [
    'domain/base/c.ts',
    "import type { Facts } from '../contract/facts'; export type F = Facts;",
    'domain-base-knows-only-its-neighbours',
  ],
  ['domain/generation/d.ts', "import '../contract/hold';", 'other-areas-know-the-shapes-of-contracts'],
  ['domain/e.ts', "import './base/term';", 'every-file-has-an-area'],
  ['transactions/catalogue/a.ts', "import '../contract/change';", 'transactions-catalogue-knows-only-its-neighbours'],
  ['transactions/contract/b.ts', "import '../../temporal/nudge';", 'transactions-knows-only-its-neighbours'],
  ['db/contract/d.ts', "import '../../transactions/contract/change';", 'db-knows-only-its-neighbours'],
  [
    'temporal/b.ts',
    "import type { act } from '../activities/act'; export type A = typeof act;",
    'temporal-knows-the-ports-of-activities',
  ],
  ['api/k.ts', "import type { L } from './l'; export type K = L;", 'no-cycles'],
  ['db/a.ts', "import '../temporal/nudge';", 'db-knows-only-its-neighbours'],
  ['db/b.ts', "import express from 'express'; express();", 'db-imports-only-its-packages'],
  ['db/base/e.ts', "import { randomUUID } from 'node:crypto'; randomUUID();", 'db-makes-neither-hashes-nor-chance'],
  ['db/base/f.ts', "import { refuse } from '../../domain/base/refusal'; refuse();", 'db-refuses-nothing'],
  ['temporal/a.ts', "import '../db/base/rows';", 'temporal-knows-only-its-neighbours'],
  ['cli/a.ts', "import '../activities/act';", 'cli-knows-only-its-neighbours'],
  ['cli/b.ts', "import '../dev/stack';", 'product-stands-without-its-tools'],
  ['db/forgotten.ts', 'export const forgotten = true;', 'no-orphans'],
  ['api/g.ts', "import './nowhere';", 'imports-resolve'],
];

/** The other files of the import cycles above. A cycle is reported once. */
const WAYS_BACK: [file: string, code: string][] = [
  ['api/f.ts', "import './e';"],
  ['api/l.ts', "import type { K } from './k'; export type L = K;"],
];

/** Files that follow the rules. Nothing is reported for them. */
const ALLOWED: [file: string, code: string][] = [
  ['config.ts', 'export function loadConfig() {} export interface Config { port: number }'],
  ['domain/base/term.ts', "import { z } from 'zod'; export const term = z.string();"],
  ['domain/base/refusal.ts', 'export function refuse() {} export interface Refusal { code: string }'],
  [
    'db/base/clock.ts',
    "import type { Refusal } from '../../domain/base/refusal'; import './rows'; export type Code = Refusal['code'];",
  ],
  ['domain/contract/facts.ts', "import '../base/term'; export interface Facts { id: string }"],
  ['domain/contract/hold.ts', "import './facts';"],
  ['domain/generation/job.ts', "import '../contract/facts';"],
  ['transactions/contract/change.ts', "import '../../db/base/rows'; import '../../domain/contract/hold';"],
  ['activities/ports.ts', "import type { Facts } from '../domain/contract/facts'; export type Port = Facts;"],
  [
    'db/base/rows.ts',
    "import '../../domain/base/term'; import postgres from 'postgres'; export const sql = postgres();",
  ],
  ['activities/act.ts', "import '../db/base/rows'; import '../adapters/billing'; export function act() {}"],
  [
    'workflows/process.ts',
    "import '@temporalio/workflow'; import '../domain/base/term'; import type { act } from '../activities/act'; export type Act = typeof act;",
  ],
  ['temporal/nudge.ts', "import '../workflows/process'; import '../activities/ports'; import '@temporalio/client';"],
  [
    'api/app.ts',
    "import '../db/base/rows'; import '../temporal/nudge'; import type { Config } from '../config'; export type C = Config;",
  ],
  [
    'adapters/billing.ts',
    "import '../domain/base/term'; import Stripe from 'stripe'; export const stripe = new Stripe('');",
  ],
  [
    'api/main.ts',
    "import './app'; import '../adapters/billing'; import { loadConfig } from '../config'; loadConfig();",
  ],
  [
    'cli/main.ts',
    "import '../db/base/rows'; import '../temporal/nudge'; import { loadConfig } from '../config'; loadConfig();",
  ],
  ['dev/stack.ts', "import '../db/base/rows'; import '../db/base/clock';"],
];

let project: string;
let violations: Violation[];

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'covenant-arrows-'));
  for (const [file, code] of [...ALLOWED, ...FORBIDDEN, ...WAYS_BACK]) {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    writeFileSync(join(project, file), `${code}\nexport {};\n`);
  }
  for (const file of ['package.json', 'tsconfig.json', '.dependency-cruiser.cjs']) {
    copyFileSync(join(ROOT, file), join(project, file));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'), 'junction');
  const cruiser = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const run = spawnSync(process.execPath, [cruiser, '--output-type', 'json', '.'], { cwd: project, encoding: 'utf8' });
  if (!run.stdout) throw new Error(run.stderr);
  violations = (JSON.parse(run.stdout) as { summary: { violations: Violation[] } }).summary.violations;
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

test.each(FORBIDDEN)('%s must not contain: %s', (file, _, rule) => {
  expect(violations.filter(({ from }) => from === file).map((violation) => violation.rule.name)).toContain(rule);
});

test('permitted imports are not reported', () => {
  const allowed = ALLOWED.map(([file]) => file);
  expect(violations.filter(({ from }) => allowed.includes(from))).toEqual([]);
});
