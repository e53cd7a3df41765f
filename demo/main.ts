/**
 * `npm run demo` runs the scenarios on a stack of its own and checks the results. It exits with 0 when every step and
 * every check through the API and SQL passes, else with 1. It leaves no process and no file.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { parseNoArguments } from '../command-line';
import { LOCAL_TEMPORAL_UI, KEY_PEPPER_LENGTH_MIN, loadConfig, loadStackConfig } from '../config';
import { openDatabase } from '../db/base/database';
import { checkEnterprise } from './check-enterprise';
import { checkMails } from './check-mails';
import { checkPartner } from './check-partner';
import { checkPool } from './check-pool';
import { checkQuarter } from './check-quarter';
import { checkSale } from './check-sale';
import { identifyProcess, isRunning, type ProcessIdentity } from '../dev/process-identity';
import { startStack, type Stack } from '../dev/stack';
import { DEFAULT_PORTS, type StackPorts } from '../dev/stack-ports';
import { assertThat } from './scenario';
import { ENTERPRISE_SCENARIO } from './scenario-enterprise';
import { PARTNER_SCENARIO } from './scenario-partner';
import { POOL_SCENARIO } from './scenario-pool';
import { QUARTER_SCENARIO } from './scenario-quarter';
import { SALE_SCENARIO } from './scenario-sale';

/** Added to the default ports, so that a demo does not take the ports of a stack that starts at the same time. */
const PORTS_APART = 10_000;

/**
 * Placeholders for the two settings that the stack sets itself. The other settings are read as the API and the worker
 * read them.
 */
const PLACEHOLDERS = {
  DATABASE_URL: 'postgres://demo/demo',
  COVENANT_KEY_PEPPER: '-'.repeat(KEY_PEPPER_LENGTH_MIN),
};

/** Settings that the scenarios need: test clocks, and invoices that are not fetched from an external billing system. */
const SCENARIO_SETTINGS = { COVENANT_TEST_CLOCKS: 'on', COVENANT_BILLING_STANDARD_URL: '' };

void main();

async function main(): Promise<void> {
  parseNoArguments(
    'npm run demo',
    'Run the demo scenarios on a stack of their own and check the results through the API and SQL. The exit code is 0 when every check passes. ' +
      'No process and no file remains. Settings: docs/configuration.md.',
  );
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => controller.abort(new Error(`The demo was stopped by ${signal}.`)));
  }
  const directory = mkdtempSync(join(tmpdir(), 'covenant-demo-'));
  // As root, Postgres runs as another user, which must be able to traverse this directory.
  chmodSync(directory, 0o711);
  let failed = false;
  try {
    await runDemo(directory, controller.signal);
    print('Every step and every check passed.');
  } catch (error) {
    failed = true;
    print(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  process.exit(failed ? 1 : 0);
}

/** Starts a stack, runs and checks the scenarios, and stops the stack. Throws when a step or a check fails. */
async function runDemo(dataDir: string, signal: AbortSignal): Promise<void> {
  const { cacheDir, temporalAddress } = loadStackConfig(process.env);
  const { temporalNamespace, temporalUiUrl } = loadConfig({ ...process.env, ...PLACEHOLDERS });
  const stack = await startStack({
    dataDir,
    cacheDir,
    temporalNamespace,
    externalTemporal:
      temporalAddress === undefined
        ? undefined
        : { address: temporalAddress, uiUrl: temporalUiUrl ?? LOCAL_TEMPORAL_UI },
    api: { env: SCENARIO_SETTINGS },
    worker: { env: SCENARIO_SETTINGS },
    ports: demoPorts(),
    report: print,
    signal,
  });
  const processes = Object.values(stack.describe().pids).flatMap((pid) => (pid && identifyProcess(pid)) || []);
  try {
    await Promise.race([runAndCheck(stack, temporalNamespace), aborted(signal)]);
  } finally {
    await stack.stop();
  }
  assertEnded(processes);
}

async function runAndCheck(stack: Stack, temporalNamespace: string): Promise<void> {
  const { dataDir } = stack;
  const context = { dataDir, describe: () => stack.describe(), temporalNamespace };
  const sql = openDatabase(stack.describe().database_url, { max: 1, application_name: 'covenant demo' });
  // Its script waits up to a minute for its rate limit. The others run meanwhile, and its report follows theirs.
  const partnerReport = new PassThrough();
  const partner = PARTNER_SCENARIO.run(context, partnerReport);
  partner.catch(() => undefined);
  try {
    const pool = await POOL_SCENARIO.run(context, process.stdout);
    await checkPool(stack.describe(), sql, pool, print);
    print('');
    const sale = await SALE_SCENARIO.run(context, process.stdout);
    await checkSale(stack.describe(), sql, sale, print);
    print('');
    const enterprise = await ENTERPRISE_SCENARIO.run(context, process.stdout);
    await checkEnterprise(sql, enterprise, print);
    print('');
    const quarter = await QUARTER_SCENARIO.run(context, process.stdout);
    await checkQuarter(stack.describe(), sql, quarter, print);
    print('');
    partnerReport.pipe(process.stdout, { end: false });
    await partner.finally(() => finished(partnerReport.end()));
    await checkPartner(sql, await partner, print);
    const { mail_url } = stack.describe();
    if (mail_url !== null) await checkMails(sql, mail_url, print);
  } finally {
    await sql.end();
  }
}

function assertEnded(processes: readonly ProcessIdentity[]): void {
  const left = processes.filter(isRunning);
  assertThat(left.length === 0, `processes still run: ${left.map(({ pid }) => pid).join(', ')}`);
}

function demoPorts(): Partial<StackPorts> {
  return Object.fromEntries(Object.entries(DEFAULT_PORTS).map(([name, port]) => [name, port + PORTS_APART]));
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void => reject(signal.reason as Error);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

function print(sentence: string): void {
  process.stdout.write(`${sentence}\n`);
}
