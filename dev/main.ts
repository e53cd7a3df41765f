/**
 * `npm run dev`: starts the embedded stack, says where everything is, tells its stories once, and runs until Ctrl-C.
 */
import { parseNoArguments } from '../command-line';
import { KEY_PEPPER_LENGTH_MIN, loadConfig, loadStackConfig, type Config } from '../config';
import { readDevFile, type DevFile } from './dev-file';
import { DataDirLockedError } from './lock';
import { startStack, type Stack } from './stack';
import { runScenarioOnce, type Scenario } from '../demo/scenario';
import { POOL_SCENARIO } from '../demo/scenario-pool';
import { QUARTER_SCENARIO } from '../demo/scenario-quarter';
import type { ServerEvent } from './supervisor';

const PARENT_CHECK_MS = 1_000;

void main();

async function main(): Promise<void> {
  parseNoArguments(
    'npm run dev',
    'Start Postgres, Temporal, the worker and the API on this machine, and play the stories once. Data lives in ' +
      '.covenant/ (COVENANT_DATA_DIR) and survives; Ctrl-C stops everything. Settings: docs/configuration.md.',
  );
  const ending = new AbortController();
  let stack: Stack | undefined;
  let temporalNamespace: string | undefined;
  let scenarios: readonly Scenario[] = [];
  let stopping = false;

  function end(): void {
    if (stopping) {
      // Whoever asks twice does not want to wait: the keepers end what is left.
      stack?.kill();
      process.exit(1);
    }
    stopping = true;
    print('Stopping; press Ctrl-C again to force it.');
    if (stack === undefined) ending.abort(new Error('Stopped while starting.'));
    else void stack.stop().then(() => process.exit(0));
  }
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  process.on('SIGHUP', end);
  stopWhenNpmEnds(end);

  try {
    const { dataDir, cacheDir, temporalAddress } = loadStackConfig(process.env);
    const config = loadProcessConfig();
    temporalNamespace = config.temporalNamespace;
    scenarios = scenariosFor(config);
    const started = performance.now();
    stack = await startStack({
      dataDir,
      cacheDir,
      temporalNamespace,
      externalTemporal:
        temporalAddress === undefined ? undefined : { address: temporalAddress, uiUrl: config.temporalUiUrl },
      report: print,
      onServerEvent: printServerEvent,
      signal: ending.signal,
    });
    print(
      `Ready after ${((performance.now() - started) / 1_000).toFixed(1)} s.\n\n${formatAddresses(stack.describe())}`,
    );
  } catch (error) {
    if (stopping) process.exit(0);
    print(error instanceof DataDirLockedError ? formatAlreadyRunning(error) : errorMessage(error));
    process.exit(1);
  }

  try {
    const stage = { dataDir: stack.dataDir, describe: () => stack.describe(), temporalNamespace };
    for (const story of scenarios) await runScenarioOnce(story, stage, process.stdout);
  } catch (error) {
    // The stack is of use without stories; a start that is being stopped cuts them short.
    if (!stopping) print(`The story broke off: ${errorMessage(error)}`);
  }
}

/** Reads the settings as the API and the worker do; the stack makes their required ones itself. */
function loadProcessConfig(): Config {
  const placeholders = {
    DATABASE_URL: 'postgres://stack/stack',
    COVENANT_KEY_PEPPER: '-'.repeat(KEY_PEPPER_LENGTH_MIN),
  };
  return loadConfig({ ...process.env, ...placeholders });
}

/** The second story needs a test clock, and invoices that nobody else is asked about. */
function scenariosFor({ testClocks, billingStandardUrl }: Config): readonly Scenario[] {
  return testClocks && billingStandardUrl === undefined ? [POOL_SCENARIO, QUARTER_SCENARIO] : [POOL_SCENARIO];
}

function formatAddresses(running: DevFile): string {
  return `  API             ${running.api_url}
  Documentation   ${running.docs_url}
  Temporal UI     ${running.temporal_ui_url}
  Mail            ${running.mail_url ?? 'none'}

  Super admin     ${running.super_admin_key}

Try it in another terminal:
  eval "$(npm run --silent dev:env)"
  curl -H "Authorization: Bearer $KEY" "$API/contracts"
`;
}

function printServerEvent(news: ServerEvent): void {
  if (news.kind === 'died') {
    const how = news.exit.signal ?? `exit ${news.exit.code ?? 'unknown'}`;
    print(`${news.name} (pid ${news.pid}) died by ${how}; it is started again${formatDelay(news.restart_in_ms)}.`);
  } else if (news.kind === 'not_started') {
    print(`${news.name} could not be started (${news.reason}); trying again${formatDelay(news.restart_in_ms)}.`);
  }
}

function formatDelay(delay_ms: number): string {
  return delay_ms === 0 ? ' at once' : ` in ${delay_ms} ms`;
}

function formatAlreadyRunning(error: DataDirLockedError): string {
  const running = readDevFile(error.dataDir);
  const where = running === undefined ? 'and is still starting' : `with its API at ${running.api_url}`;
  return `Covenant is running already in ${error.dataDir} (pid ${error.pid}) ${where}; give another COVENANT_DATA_DIR to run a second one.`;
}

/**
 * Ends the stack when npm, which started it, was killed: npm cannot pass a `kill -9` on. Without npm, being left alone
 * is how one runs in the background.
 */
function stopWhenNpmEnds(end: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    end();
  }, PARENT_CHECK_MS);
  timer.unref();
}

function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}\n(${error.cause.message})` : error.message;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
