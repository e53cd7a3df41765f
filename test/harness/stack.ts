/**
 * A whole stack of its own for a test that breaks things: own data directory, free ports, default Postgres settings.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadStackConfig } from '../../config';
import { openDatabase } from '../../db/base/database';
import type { DevFile } from '../../dev/dev-file';
import { startStack, type ExtraApi, type ServerName, type StackOptions } from '../../dev/stack';
import { makeDataDir } from './data-dir';
import { makeRunDirectory } from './run-directory';
import { RUN_SOURCES } from './run-sources';
import { randomTestPort } from './test-ports';

export { waitFor } from '../../dev/waiting';

export interface TestStack {
  /** The addresses and the super admin's key; they stay the same while servers come and go. */
  addresses: Omit<DevFile, 'pids'>;
  /** The addresses with the pids of the moment. Throws while a server is down. */
  describe(): DevFile;
  sql: ReturnType<typeof openDatabase>;
  dataDir: string;
  /** The file that Temporal keeps its state in. */
  temporalStateFile: string;
  /** Sends the running process a signal and resolves when it has ended; supervision starts it again at once. */
  kill(name: ServerName, signal?: NodeJS.Signals): Promise<void>;
  /** Stops a server in good order and keeps it down until `start`. */
  stop(name: ServerName): Promise<void>;
  start(name: ServerName): Promise<void>;
  /** Stops it in good order, starts it, and resolves when it answers. */
  restart(name: ServerName): Promise<void>;
  /** Resolves when the server answers, after `kill` for instance. */
  ready(name: ServerName): Promise<void>;
  addApi: (program?: StackOptions['api']) => Promise<ExtraApi>;
  /** Stops everything and removes the data directory. */
  end(): Promise<void>;
}

export type TestStackOptions = Pick<
  StackOptions,
  'api' | 'worker' | 'temporalDynamicConfig' | 'postgresSettings' | 'onServerEvent'
>;

const POOL_SIZE = 5;
/** Room for the ports of one stack and of what it adds, so that their searches do not meet. */
const PORTS_APART = 3;

/** Starts a stack without mail. Takes about four seconds. */
export async function startTestStack(options: TestStackOptions = {}): Promise<TestStack> {
  const directory = makeRunDirectory('stack');
  const dataDir = join(directory, 'data');
  makeDataDir(dataDir);
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
      // What they know is thrown away. Only Postgres, which is many processes, ends in good order.
      for (const name of ['api', 'worker', 'temporal'] as const) stack.server(name).kill();
      await stack.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
