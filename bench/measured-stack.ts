/** The stack that a benchmark measures: one of its own, thrown away afterwards, or one that runs already. */
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
  /** For setting up and cleaning; what is measured opens connections of its own. */
  db: Database;
  database_url: string;
  temporal: Client;
  temporal_address: string;
  /** The secret (`whsec_…`) with which billing events are signed. */
  billing_secret: string;
  worker_pid: number;
  /** Closes the connections, and ends and removes the stack when it is the benchmark's own. */
  end(): Promise<void>;
}

/** Where the search for free ports begins, away from a stack of `npm run dev`. */
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

/** Starts a stack in a new directory, or uses the one that a `dev.json` describes. */
export async function openMeasuredStack(
  devFile: string | undefined,
  say: (sentence: string) => void,
): Promise<MeasuredStack> {
  if (devFile !== undefined) {
    return connect(JSON.parse(readFileSync(devFile, 'utf8')) as DevFile, async () => undefined);
  }
  const directory = mkdtempSync(join(tmpdir(), 'covenant-bench-'));
  // As root, Postgres runs as another user, who must pass through here.
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
      report: say,
      signal: interrupted.signal,
    });
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    const end = async (): Promise<void> => {
      await stack.stop();
      rmSync(directory, { recursive: true, force: true });
    };
    // The keepers end the servers when this process does; the directory would be left.
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
