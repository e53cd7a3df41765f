/**
 * `npm run dev` starts the embedded stack, prints its addresses, runs the demo scenarios once, and runs until Ctrl-C.
 */
import { parseNoArguments } from '../command-line';
import { KEY_PEPPER_LENGTH_MIN, LOCAL_TEMPORAL_UI, loadConfig, loadStackConfig, type Config } from '../config';
import { readDevFile, type DevFile } from './dev-file';
import { DataDirLockedError } from './lock';
import { ensureReceiverEndpoint } from './receiver-endpoint';
import { createDevSignInLink } from './sign-in-link';
import { SUPER_ADMIN, startStack, type Stack } from './stack';
import { SIGN_IN_LINK_MINUTES } from '../domain/access/session';
import { runScenarioOnce, type Scenario } from '../demo/scenario';
import { ENTERPRISE_SCENARIO } from '../demo/scenario-enterprise';
import { PARTNER_SCENARIO } from '../demo/scenario-partner';
import { POOL_SCENARIO } from '../demo/scenario-pool';
import { QUARTER_SCENARIO } from '../demo/scenario-quarter';
import { SALE_SCENARIO } from '../demo/scenario-sale';
import type { ServerEvent } from './supervisor';

const PARENT_CHECK_MS = 1_000;

void main();

async function main(): Promise<void> {
  parseNoArguments(
    'npm run dev',
    'Start Postgres, Temporal, the worker and the API on this machine, and run the demo scenarios once. The data in ' +
      '.covenant/ (COVENANT_DATA_DIR) is kept; Ctrl-C stops everything. Settings: docs/configuration.md.',
  );
  const startAbort = new AbortController();
  let stack: Stack | undefined;
  let temporalNamespace: string | undefined;
  let scenarios: readonly Scenario[] = [];
  let stopping = false;

  function end(): void {
    if (stopping) {
      // The second signal means "do not wait". The watchdogs end the remaining processes.
      stack?.kill();
      process.exit(1);
    }
    stopping = true;
    print('Stopping; press Ctrl-C again to force it.');
    if (stack === undefined) startAbort.abort(new Error('Stopped while starting.'));
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
        temporalAddress === undefined
          ? undefined
          : { address: temporalAddress, uiUrl: config.temporalUiUrl ?? LOCAL_TEMPORAL_UI },
      withHotReload: true,
      report: print,
      onServerEvent: printServerEvent,
      signal: startAbort.signal,
    });
    const link = await createDevSignInLink(stack.describe(), stack.dataDir);
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    print(`Ready after ${seconds} s.\n\n${formatAddresses(stack.describe(), link)}`);
  } catch (error) {
    if (stopping) process.exit(0);
    print(error instanceof DataDirLockedError ? formatAlreadyRunning(error) : errorMessage(error));
    process.exit(1);
  }

  try {
    await ensureReceiverEndpoint(stack.describe());
  } catch (error) {
    if (!stopping) print(`The page of webhooks has no endpoint: ${errorMessage(error)}`);
  }
  try {
    const context = { dataDir: stack.dataDir, describe: () => stack.describe(), temporalNamespace };
    for (const scenario of scenarios) await runScenarioOnce(scenario, context, process.stdout);
  } catch (error) {
    // The stack remains useful when a scenario fails. Stopping the stack interrupts a scenario.
    if (!stopping) print(`A demo scenario failed: ${errorMessage(error)}`);
  }
}

/**
 * Reads the settings as the API and the worker do. The placeholders replace the settings that the stack sets itself.
 */
function loadProcessConfig(): Config {
  const placeholders = {
    DATABASE_URL: 'postgres://stack/stack',
    COVENANT_KEY_PEPPER: '-'.repeat(KEY_PEPPER_LENGTH_MIN),
  };
  return loadConfig({ ...process.env, ...placeholders });
}

/** The quarter needs test clocks, and invoices that are not fetched from an external billing system. */
function scenariosFor({ testClocks, billingStandardUrl }: Config): readonly Scenario[] {
  const quarter = testClocks && billingStandardUrl === undefined ? [QUARTER_SCENARIO] : [];
  return [POOL_SCENARIO, SALE_SCENARIO, ENTERPRISE_SCENARIO, ...quarter, PARTNER_SCENARIO];
}

function formatAddresses(running: DevFile, sign_in_url: string | null): string {
  return `  Admin pages     ${sign_in_url ?? `${running.api_url}/admin`}
  API             ${running.api_url}
  Documentation   ${running.docs_url}
  Temporal UI     ${running.temporal_ui_url}
  Mail            ${running.mail_url ?? 'none'}
  Webhooks        ${running.receiver_url ?? 'none'}

  Super admin     ${running.super_admin_key}

The link to the admin pages works once, for ${SIGN_IN_LINK_MINUTES} minutes. Another one:
  npm run --silent covenant -- admin sign-in-link ${SUPER_ADMIN.email}

Try it in another terminal:
  eval "$(npm run --silent dev:env)"
  curl -H "Authorization: Bearer $KEY" "$API/contracts"
`;
}

function printServerEvent(event: ServerEvent): void {
  if (event.kind === 'exited') {
    const how = event.exit.signal ?? `exit ${event.exit.code ?? 'unknown'}`;
    print(`${event.name} (pid ${event.pid}) exited with ${how}; restarting${formatDelay(event.restart_in_ms)}.`);
  } else if (event.kind === 'not_started') {
    print(`${event.name} could not be started (${event.reason}); retrying${formatDelay(event.restart_in_ms)}.`);
  }
}

function formatDelay(delay_ms: number): string {
  return delay_ms === 0 ? ' now' : ` in ${delay_ms} ms`;
}

function formatAlreadyRunning(error: DataDirLockedError): string {
  const running = readDevFile(error.dataDir);
  const where = running === undefined ? 'and is still starting' : `with the API at ${running.api_url}`;
  return `Covenant is already running in ${error.dataDir} (pid ${error.pid}) ${where}; set another COVENANT_DATA_DIR to run a second stack.`;
}

/**
 * Stops the stack when the npm process that started it was killed: npm cannot forward `kill -9`. Without npm the stack
 * keeps running when its parent process ends, as a background process does.
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
