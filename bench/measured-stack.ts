/** The stack that a benchmark measures: its own, which is removed afterwards, or a running one. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { loadConfig, loadStackConfig, KEY_PEPPER_LENGTH_MIN } from '../config';
import type { Config } from '../config';
import { openDatabase } from '../db/base/database';
import type { Database } from '../db/base/database';
import type { DevFile } from '../dev/dev-file';
import { startStack } from '../dev/stack';
import { openTemporal } from '../temporal/connection';
import { taskQueues } from '../temporal/task-queues';
import type { TaskQueues } from '../temporal/task-queues';
import { createApiClient } from './api-client';
import type { ApiClient } from './api-client';

export interface MeasuredStack {
  api: ApiClient;
  /** The origin of the API. */
  api_url: string;
  /** The key of a super admin. */
  api_key: string;
  /** For setup and cleaning. Measured code opens its own connections. */
  db: Database;
  database_url: string;
  /** With the namespace of the stack (TEMPORAL_NAMESPACE). */
  temporal: Client;
  temporal_address: string;
  /** The queues of the stack (TEMPORAL_TASK_QUEUE_PREFIX). */
  task_queues: TaskQueues;
  /** The secret (`whsec_…`) that signs billing events. */
  billing_secret: string;
  worker_pid: number;
  api_pid: number;
  /** Closes the connections. Stops and removes the stack when the benchmark started it. */
  end(): Promise<void>;
}

/** The first port of the search for free ports, different from the ports of `npm run dev`. */
const PORTS = {
  api: 18_080,
  worker_health: 18_280,
  postgres: 18_480,
  temporal: 18_680,
  temporal_ui: 18_880,
  mail_page: 19_080,
  smtp: 19_280,
  receiver: 19_480,
};
const SETUP_CONNECTIONS = 2;

/** Which stack is measured. */
export interface StackChoice {
  /** The `dev.json` of a running stack. Without it the benchmark starts a stack. */
  devFile: string | undefined;
  /** Where Temporal stores its state in a stack that the benchmark starts. */
  temporalStore: 'file' | 'postgres';
}

/**
 * Starts a stack in a new directory, or uses a running stack. The environment names the namespace and the task queues
 * of either, as for the programs of the product.
 */
export async function openMeasuredStack(
  { devFile, temporalStore }: StackChoice,
  progress: (sentence: string) => void,
): Promise<MeasuredStack> {
  if (devFile !== undefined) {
    return connect(JSON.parse(readFileSync(devFile, 'utf8')) as DevFile, async () => undefined);
  }
  const directory = mkdtempSync(join(tmpdir(), 'covenant-bench-'));
  // As root, Postgres runs as another user, which must be able to traverse this directory.
  chmodSync(directory, 0o711);
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort(new Error('Interrupted.'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const { cacheDir } = loadStackConfig(process.env);
    const dataDir = join(directory, 'data');
    const stack = await startStack({
      dataDir,
      cacheDir,
      ports: PORTS,
      temporalStore,
      temporalNamespace: loadEnvironment().temporalNamespace,
      withMail: false,
      report: progress,
      signal: interrupted.signal,
    });
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    const end = async (): Promise<void> => {
      await stack.stop();
      rmSync(directory, { recursive: true, force: true });
    };
    // The watchdogs end the servers when this process ends, but the directory would remain.
    const endEarly = (): void => void end().finally(() => process.exit(1));
    process.once('SIGINT', endEarly).once('SIGTERM', endEarly);
    return connect(stack.describe(), end);
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

function connect(described: DevFile, endStack: () => Promise<void>): MeasuredStack {
  const { database_url, temporal_address } = described;
  const api = createApiClient(described.api_url, described.super_admin_key);
  const db = openDatabase(database_url, { max: SETUP_CONNECTIONS, application_name: 'covenant bench' });
  const config = loadEnvironment({ DATABASE_URL: database_url, TEMPORAL_ADDRESS: temporal_address });
  const temporal = openTemporal(config);
  return {
    api,
    api_url: described.api_url,
    api_key: described.super_admin_key,
    db,
    database_url,
    temporal,
    temporal_address,
    task_queues: taskQueues(config.taskQueuePrefix),
    billing_secret: described.billing_secret,
    worker_pid: described.pids.worker,
    api_pid: described.pids.api,
    async end() {
      api.close();
      await db.end();
      await temporal.connection.close();
      await endStack();
    },
  };
}

/** Reads the settings as the API and the worker do. The placeholders replace those that only these programs need. */
function loadEnvironment(settings: Readonly<Record<string, string>> = {}): Config {
  const placeholders = {
    DATABASE_URL: 'postgres://stack/stack',
    COVENANT_KEY_PEPPER: '-'.repeat(KEY_PEPPER_LENGTH_MIN),
  };
  return loadConfig({ ...process.env, ...placeholders, ...settings });
}
