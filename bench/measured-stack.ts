/** The stack that a benchmark measures: its own, which is removed afterwards, or a running one. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { loadConfig, loadStackConfig, KEY_PEPPER_LENGTH_MIN } from '../config';
import { openDatabase } from '../db/base/database';
import type { Database } from '../db/base/database';
import type { DevFile } from '../dev/dev-file';
import { startStack } from '../dev/stack';
import { openTemporal } from '../temporal/connection';
import { createApiClient } from './api-client';
import type { ApiClient } from './api-client';

export interface MeasuredStack {
  api: ApiClient;
  /** The origin of the API. */
  api_url: string;
  /** For setup and cleaning. Measured code opens its own connections. */
  db: Database;
  database_url: string;
  temporal: Client;
  temporal_address: string;
  /** The secret (`whsec_…`) that signs billing events. */
  billing_secret: string;
  worker_pid: number;
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
};
const SETUP_CONNECTIONS = 2;

/** Starts a stack in a new directory, or uses the running stack of a `dev.json`. */
export async function openMeasuredStack(
  devFile: string | undefined,
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
  const temporal = openTemporal(
    loadConfig({
      ...process.env,
      DATABASE_URL: database_url,
      TEMPORAL_ADDRESS: temporal_address,
      COVENANT_KEY_PEPPER: '-'.repeat(KEY_PEPPER_LENGTH_MIN),
    }),
  );
  return {
    api,
    api_url: described.api_url,
    db,
    database_url,
    temporal,
    temporal_address,
    billing_secret: described.billing_secret,
    worker_pid: described.pids.worker,
    async end() {
      api.close();
      await db.end();
      await temporal.connection.close();
      await endStack();
    },
  };
}
