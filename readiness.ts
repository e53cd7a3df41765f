/**
 * Whether a process can do its work: Postgres answers, its clock and that of the process agree, migrations are in, Temporal
 * answers and is set up.
 *
 * Asking also mends one thing: a Temporal server that lost its data and came back empty is set up again. A running worker
 * does not notice such a change by itself, and orchestrators ask for readiness every few seconds anyway.
 */
import type { Client } from '@temporalio/client';
import { findClockSkewMs, skewSentence } from './db/clock';
import { missingMigrations } from './db/migrate';
import type { Database } from './db/index';
import { isSetUp, setUpTemporal } from './temporal/setup';
import type { TaskQueues } from './temporal/task-queues';

const CHECK_TIMEOUT_MS = 3_000;

export interface Readiness {
  ready: boolean;
  /** "ok", or what is wrong in a sentence. */
  checks: { postgres: string; clock: string; migrations: string; temporal: string };
}

export interface ReadinessDependencies {
  db: Database;
  client: Client;
  taskQueues: TaskQueues;
}

/** Checks every dependency; none waits longer than three seconds. */
export async function checkReadiness({ db, client, taskQueues }: ReadinessDependencies): Promise<Readiness> {
  const [database, temporal] = await Promise.all([
    within(Promise.all([missingMigrations(db), findClockSkewMs(db)])).then(
      ([missing, ahead_ms]) => ({
        postgres: 'ok',
        clock: skewSentence(ahead_ms) ?? 'ok',
        migrations: missing === 0 ? 'ok' : `${missing} missing: run \`covenant migrate\``,
      }),
      (error: unknown) => ({ postgres: `unreachable: ${messageOf(error)}`, clock: 'unknown', migrations: 'unknown' }),
    ),
    within(ensureSetUp(client, taskQueues)).then(
      () => 'ok',
      (error: unknown) => `unreachable: ${messageOf(error)}`,
    ),
  ]);
  const checks = { ...database, temporal };
  return { ready: Object.values(checks).every((check) => check === 'ok'), checks };
}

/** Sets Temporal up where that is missing; throws while it is out of reach. */
export async function ensureSetUp(client: Client, taskQueues: TaskQueues): Promise<void> {
  await client.withDeadline(Date.now() + CHECK_TIMEOUT_MS, async () => {
    if (!(await isSetUp(client))) await setUpTemporal(client, taskQueues);
  });
}

async function within<T>(check: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  try {
    return await Promise.race([check, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
