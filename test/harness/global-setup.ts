/**
 * Starts what all test files share: one Postgres with a migrated template, one Temporal server, one workflow bundle.
 * Both servers have watchdogs, so a killed test run leaves no process. The next run removes its directory.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import postgres from 'postgres';
import { loadStackConfig } from '../../config';
import { migrate } from '../../db/system/migration';
import { reservePort } from '../../dev/ports';
import { createDatabaseIfMissing, planPostgres } from '../../dev/postgres';
import { supervise, type SupervisedServer } from '../../dev/supervisor';
import { findTemporal } from '../../dev/temporal-binary';
import { planTemporalServer } from '../../dev/temporal-server';
import { makeRunDirectory } from './run-directory';
import { randomTestPort } from './test-ports';
import { publishSharedServers } from './shared-servers';

/** The state that the teardown needs. It runs in the same process. */
export interface SharedRun {
  servers: SupervisedServer[];
  directory: string;
}

const TEMPLATE_DATABASE = 'template_covenant';

/**
 * For every Temporal server of the run, also those of stacks: with one Go processor it uses about 10 % less CPU, and
 * without garbage collection below 1 GiB another 7 %. The tests keep all processors busy.
 */
const TEMPORAL_RUNTIME = { GOMAXPROCS: '1', GOGC: 'off', GOMEMLIMIT: '1GiB' };

/**
 * Each test has task queues of its own, hundreds in a run. The server would divide each of them into four parts, and
 * count for each of them separately, which is a tenth of its CPU time.
 */
const SMALL_TASK_QUEUES = {
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
  'metrics.breakdownByTaskQueue': false,
};

/** The address of a socket has 104 bytes on macOS, with the zero at its end, and 108 on Linux. */
const SOCKET_PATH_BYTES_MAX = 104;

/** The servers of this run, once for all jest projects: jest calls the setup for each of them. */
const RUN = Symbol.for('covenant.test.run');
const holder = globalThis as typeof globalThis & { [RUN]?: Promise<SharedRun> | undefined };

export default async function globalSetup(): Promise<void> {
  holder[RUN] ??= startRun();
  await holder[RUN];
}

/** Removes and returns the run, so that only the first teardown ends it. */
export async function takeRun(): Promise<SharedRun | undefined> {
  const run = holder[RUN];
  holder[RUN] = undefined;
  return await run;
}

async function startRun(): Promise<SharedRun> {
  Object.assign(process.env, { ...TEMPORAL_RUNTIME, ...process.env });
  const directory = makeRunDirectory('servers');
  const postgresDirectory = join(directory, 'postgres');

  const servers: SupervisedServer[] = [];
  try {
    const [postgres, temporal, bundle] = await Promise.all([
      startPostgres(directory, postgresDirectory, servers),
      startTemporal(directory, servers),
      bundleWorkflows(directory),
    ]);
    publishSharedServers({
      postgres_url: postgres,
      ...(isShortEnough(postgresDirectory) ? { postgres_socket_directory: postgresDirectory } : {}),
      template_database: TEMPLATE_DATABASE,
      temporal_address: temporal,
      ...(bundle === undefined ? {} : { workflow_bundle: bundle }),
    });
  } catch (error) {
    await Promise.all(servers.map((server) => server.stop()));
    throw error;
  }
  return { servers, directory };
}

/** Whether Postgres can have its Unix socket in this directory. */
function isShortEnough(directory: string): boolean {
  return Buffer.byteLength(join(directory, '.s.PGSQL.65535')) < SOCKET_PATH_BYTES_MAX;
}

async function startPostgres(
  directory: string,
  postgresDirectory: string,
  servers: SupervisedServer[],
): Promise<string> {
  const port = await reservePort(randomTestPort());
  const password = randomBytes(16).toString('hex');
  const plan = await planPostgres({
    directory: postgresDirectory,
    port: port.port,
    password,
    logFile: join(directory, 'postgres.log'),
    // These settings only risk data at a power failure, which no test of this server simulates. Fault tests have stacks
    // of their own with Postgres' defaults.
    settings: {
      fsync: 'off',
      full_page_writes: 'off',
      // The tests run most statements a few times on each connection. Postgres would make a plan each time, a third of its CPU time.
      plan_cache_mode: 'force_generic_plan',
      ...(isShortEnough(postgresDirectory) ? { unix_socket_directories: postgresDirectory } : {}),
    },
  });
  const server = supervise(plan, { restart: false });
  servers.push(server);
  await port.release();
  await server.start();

  const url = plan.urlOf('postgres');
  await shortenKeyDerivation(url, password);
  await createDatabaseIfMissing(url, TEMPLATE_DATABASE);
  await migrate(plan.urlOf(TEMPLATE_DATABASE));
  return url;
}

/** Stores the password with one iteration in place of 4,096: each of the two thousand logins of a run would take 2 ms of CPU for them. */
async function shortenKeyDerivation(url: string, password: string): Promise<void> {
  const sql = postgres(url, { max: 1 });
  await sql`SET scram_iterations = 1`;
  await sql.unsafe(`ALTER ROLE CURRENT_USER PASSWORD '${password}'`);
  await sql.end();
}

async function startTemporal(directory: string, servers: SupervisedServer[]): Promise<string> {
  const report = (sentence: string): void => void process.stderr.write(`${sentence}\n`);
  const program = await findTemporal({
    cacheDir: loadStackConfig(process.env).cacheDir,
    env: process.env,
    report: report,
  });
  const port = await reservePort(randomTestPort());
  const plan = planTemporalServer({
    program,
    port: port.port,
    uiPort: undefined,
    stateFile: undefined,
    namespace: 'default',
    logFile: join(directory, 'temporal.log'),
    dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': 60, ...SMALL_TASK_QUEUES },
  });
  const server = supervise(plan, { restart: false });
  servers.push(server);
  await port.release();
  await server.start();
  return plan.address;
}

async function bundleWorkflows(directory: string): Promise<string | undefined> {
  const entry = join(__dirname, '..', '..', 'workflows', 'index.ts');
  if (!existsSync(entry)) return undefined;
  const { code } = await bundleWorkflowCode({ workflowsPath: entry, logger: new DefaultLogger('WARN') });
  const file = join(directory, 'workflow-bundle.cjs');
  writeFileSync(file, code);
  return file;
}
