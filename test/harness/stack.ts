/**
 * A separate stack for a test that simulates faults, with its own data directory, free ports and default Postgres
 * settings.
 */
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadStackConfig } from '../../config';
import { openDatabase } from '../../db/base/database';
import type { DevFile } from '../../dev/dev-file';
import { startStack, type ExtraApi, type ServerName, type StackOptions } from '../../dev/stack';
import { makeDataDir } from './data-dir';
import { expectNoApiKeyInLogs } from './leaked-keys';
import { makeRunDirectory } from './run-directory';
import { RUN_SOURCES } from '../../dev/run-sources';
import { sharedServers } from './shared-servers';
import { randomTestPort } from './test-ports';

export { waitFor } from '../../dev/waiting';

export interface TestStack {
  /** The addresses and the super admin's key. They do not change when servers restart. */
  addresses: Omit<DevFile, 'pids'>;
  /** Returns the addresses with the current pids. Throws while a server is not running. */
  describe(): DevFile;
  sql: ReturnType<typeof openDatabase>;
  dataDir: string;
  /** The state file of Temporal. */
  temporalStateFile: string;
  /** Sends a signal to the running process and resolves when it has ended. The supervisor restarts it immediately. */
  kill(name: ServerName, signal?: NodeJS.Signals): Promise<void>;
  /** Stops a server cleanly until `start` is called. */
  stop(name: ServerName): Promise<void>;
  start(name: ServerName): Promise<void>;
  /** Stops a server cleanly, starts it, and resolves when it is ready. */
  restart(name: ServerName): Promise<void>;
  /** Resolves when the server is ready, for example after `kill`. */
  ready(name: ServerName): Promise<void>;
  addApi: (program?: StackOptions['api']) => Promise<ExtraApi>;
  /** Stops all servers and removes the data directory. Throws if a log contains an API key. */
  end(): Promise<void>;
}

export type TestStackOptions = Pick<
  StackOptions,
  'api' | 'worker' | 'temporalDynamicConfig' | 'postgresSettings' | 'onServerEvent'
>;

const POOL_SIZE = 5;
/** The distance between the ports of a stack, so that the searches for free ports do not overlap. */
const PORTS_APART = 3;

/** Copies the bundle of the run to where a stack would make its own, which takes 3 s of CPU. */
function placeWorkflowBundle(dataDir: string): void {
  const { workflow_bundle } = sharedServers();
  if (workflow_bundle !== undefined) copyFileSync(workflow_bundle, join(dataDir, 'workflow-bundle.js'));
}

/** Starts a stack without mail. Takes about four seconds. */
export async function startTestStack(options: TestStackOptions = {}): Promise<TestStack> {
  const directory = makeRunDirectory('stack');
  const dataDir = join(directory, 'data');
  makeDataDir(dataDir);
  placeWorkflowBundle(dataDir);
  const first = randomTestPort();
  const stack = await startStack({
    dataDir,
    cacheDir: loadStackConfig(process.env).cacheDir,
    withMail: false,
    ports: {
      api: first,
      worker_health: first + PORTS_APART * 10,
      postgres: first + PORTS_APART * 20,
      temporal: first + PORTS_APART * 30,
      temporal_ui: first + PORTS_APART * 40,
      mail_page: first + PORTS_APART * 50,
      smtp: first + PORTS_APART * 60,
    },
    ...options,
    api: { nodeFlags: RUN_SOURCES, ...options.api },
    worker: { nodeFlags: RUN_SOURCES, ...options.worker },
  });
  const { pids: _pids, ...addresses } = stack.describe();
  const sql = openDatabase(addresses.database_url, { max: POOL_SIZE, application_name: 'covenant-test' });

  return {
    addresses,
    describe: () => stack.describe(),
    sql,
    dataDir,
    temporalStateFile: join(dataDir, 'temporal.db'),
    async kill(name, signal = 'SIGKILL') {
      const running = stack.server(name).current;
      if (running === undefined) throw new Error(`${name} is not running, so it cannot be killed.`);
      running.kill(signal);
      await running.exited;
    },
    stop: (name) => stack.server(name).stop(),
    start: (name) => stack.server(name).start(),
    async restart(name) {
      await stack.server(name).stop();
      await stack.server(name).start();
    },
    ready: (name) => stack.server(name).ready(),
    addApi: (program) => stack.addApi({ nodeFlags: RUN_SOURCES, ...program }),
    async end() {
      await sql.end({ timeout: 1 });
      // Their state is not needed any more. Only Postgres, which has many processes, is stopped cleanly.
      for (const name of ['api', 'worker', 'temporal'] as const) stack.server(name).kill();
      await stack.stop();
      expectNoApiKeyInLogs(join(dataDir, 'logs'));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
