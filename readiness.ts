/**
 * Whether a process can do its work: Postgres responds, its clock agrees with that of the process, all migrations are applied, and
 * Temporal responds and is set up.
 *
 * The check also repairs: a Temporal server that lost its data is set up again, and a removed search attribute is added again. A
 * running worker does not detect such a change, and orchestrators check readiness every few seconds anyway.
 */
import type { Client } from '@temporalio/client';
import { findClockSkewMs, skewSentence } from './db/base/clock';
import { findInstallationId } from './db/system/installation';
import { countMissingMigrations } from './db/system/migration';
import { assertStillOwnSessions, poolerRefusal } from './db/base/pooler';
import type { Database } from './db/base/database';
import { TIME_ZONE_RULES } from './transactions/base/time-zone-rules';
import { SearchAttributeProblem } from './temporal/search-attribute-problem';
import type { EnsureSetUp, SetUp } from './temporal/setup';
import { findTimeZoneNotes } from './time-zones';

const CHECK_TIMEOUT_MS = 3_000;

export interface Readiness {
  ready: boolean;
  /** "ok", or what is wrong, in a sentence. */
  checks: { postgres: string; clock: string; migrations: string; temporal: string; search_attributes: string };
  /** The id of the installation (db/system/installation.ts); null when the database cannot be read. */
  installation: string | null;
  /** The time zone rules of this process, such as 2026c. */
  time_zone_rules: string;
  /** Notes that do not affect readiness; omitted when there are none. */
  notes?: string[];
}

export interface ReadinessDependencies {
  db: Database;
  client: Client;
  ensureSetUp: EnsureSetUp;
}

/**
 * Checks every dependency. No check takes longer than three seconds. Postgres is asked on a connection that only these checks use: a process
 * whose pool is busy is ready, and taking it out of service would give its work to the others.
 */
export async function checkReadiness({ db, client, ensureSetUp }: ReadinessDependencies): Promise<Readiness> {
  const { probe } = db;
  const [database, { notes: temporal_notes, ...temporal }, installation, time_zone_notes] = await Promise.all([
    withTimeout(Promise.all([countMissingMigrations(probe), findClockSkewMs(probe), assertStillOwnSessions(db)])).then(
      ([missing, ahead_ms]) => ({
        postgres: 'ok',
        clock: skewSentence(ahead_ms) ?? 'ok',
        migrations: missing === 0 ? 'ok' : `${missing} missing: run \`covenant migrate\``,
      }),
      (error: unknown) => ({
        postgres: poolerRefusal(error)?.message ?? `unreachable: ${errorMessage(error)}`,
        clock: 'unknown',
        migrations: 'unknown',
      }),
    ),
    withTimeout(setUpWithDeadline(client, ensureSetUp)).then(
      ({ search_attributes }) => ({ temporal: 'ok', search_attributes: 'ok', notes: notesOf(search_attributes) }),
      (error: unknown) => ({ ...temporalFailure(error), notes: [] }),
    ),
    // The checks above report why the database cannot be read.
    withTimeout(findInstallationId(probe)).catch(() => null),
    withTimeout(findTimeZoneNotes(db)).catch(() => []),
  ]);
  const checks = { ...database, ...temporal };
  const ready = Object.values(checks).every((check) => check === 'ok');
  const notes = [...temporal_notes, ...time_zone_notes];
  return { ready, checks, installation, time_zone_rules: TIME_ZONE_RULES, ...(notes.length === 0 ? {} : { notes }) };
}

/** Adds what is missing in the set-up of Temporal. Throws when that takes longer than three seconds. */
export async function setUpWithDeadline(client: Client, ensureSetUp: EnsureSetUp): Promise<SetUp> {
  return client.withDeadline(Date.now() + CHECK_TIMEOUT_MS, ensureSetUp);
}

function temporalFailure(error: unknown): { temporal: string; search_attributes: string } {
  if (error instanceof SearchAttributeProblem) return { temporal: 'ok', search_attributes: error.message };
  return { temporal: `unreachable: ${errorMessage(error)}`, search_attributes: 'unknown' };
}

function notesOf(attributes: SetUp['search_attributes']): string[] {
  const unknown = attributes.filter(({ state }) => state === 'unknown').map(({ name }) => name);
  if (unknown.length === 0) return [];
  return [`This process has no permission to check the search attributes of Temporal: ${unknown.join(', ')}`];
}

async function withTimeout<T>(check: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no response within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  try {
    return await Promise.race([check, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
