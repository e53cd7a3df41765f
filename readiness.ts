/**
 * Whether a process can do its work: Postgres answers, its clock and that of the process agree, migrations are in, Temporal
 * answers and is set up.
 *
 * Asking also repairs: a Temporal server that lost its data and came back empty is set up again, and a search attribute that
 * was removed is added again. A running worker does not notice such a change by itself, and orchestrators ask for
 * readiness every few seconds anyway.
 */
import type { Client } from '@temporalio/client';
import { findClockSkewMs, skewSentence } from './db/base/clock';
import { findInstallationId } from './db/system/installation';
import { missingMigrations } from './db/system/migration';
import { assertStillOwnSessions, poolerRefusal } from './db/base/pooler';
import type { Database } from './db/base/database';
import { TIME_ZONE_RULES } from './transactions/base/time-zone-rules';
import { SearchAttributeProblem } from './temporal/search-attribute-problem';
import type { EnsureSetUp, SetUp } from './temporal/setup';
import { findTimeZoneNotes } from './time-zones';

const CHECK_TIMEOUT_MS = 3_000;

export interface Readiness {
  ready: boolean;
  /** "ok", or what is wrong in a sentence. */
  checks: { postgres: string; clock: string; migrations: string; temporal: string; search_attributes: string };
  /** Which installation this is (db/system/installation.ts); null while its database cannot say. */
  installation: string | null;
  /** By which rules of time zones this process computes, such as 2026c. */
  time_zone_rules: string;
  /** What is worth knowing and no reason not to be ready; left out when there is nothing. */
  notes?: string[];
}

export interface ReadinessDependencies {
  db: Database;
  client: Client;
  ensureSetUp: EnsureSetUp;
}

/** Checks every dependency; none waits longer than three seconds. */
export async function checkReadiness({ db, client, ensureSetUp }: ReadinessDependencies): Promise<Readiness> {
  const [database, { notes: of_temporal, ...temporal }, installation, of_time_zones] = await Promise.all([
    withTimeout(Promise.all([missingMigrations(db), findClockSkewMs(db), assertStillOwnSessions(db)])).then(
      ([missing, ahead_ms]) => ({
        postgres: 'ok',
        clock: skewSentence(ahead_ms) ?? 'ok',
        migrations: missing === 0 ? 'ok' : `${missing} missing: run \`covenant migrate\``,
      }),
      (error: unknown) => ({
        postgres: poolerRefusal(error)?.message ?? `unreachable: ${messageOf(error)}`,
        clock: 'unknown',
        migrations: 'unknown',
      }),
    ),
    withTimeout(setUpWithDeadline(client, ensureSetUp)).then(
      ({ search_attributes }) => ({ temporal: 'ok', search_attributes: 'ok', notes: notesOf(search_attributes) }),
      (error: unknown) => ({ ...temporalFailure(error), notes: [] }),
    ),
    // The checks say why a database cannot be asked.
    withTimeout(findInstallationId(db)).catch(() => null),
    withTimeout(findTimeZoneNotes(db)).catch(() => []),
  ]);
  const checks = { ...database, ...temporal };
  const ready = Object.values(checks).every((check) => check === 'ok');
  const notes = [...of_temporal, ...of_time_zones];
  return { ready, checks, installation, time_zone_rules: TIME_ZONE_RULES, ...(notes.length === 0 ? {} : { notes }) };
}

/** Sets Temporal up where that is missing; throws when that cannot be done within three seconds. */
export async function setUpWithDeadline(client: Client, ensureSetUp: EnsureSetUp): Promise<SetUp> {
  return client.withDeadline(Date.now() + CHECK_TIMEOUT_MS, ensureSetUp);
}

function temporalFailure(error: unknown): { temporal: string; search_attributes: string } {
  if (error instanceof SearchAttributeProblem) return { temporal: 'ok', search_attributes: error.message };
  return { temporal: `unreachable: ${messageOf(error)}`, search_attributes: 'unknown' };
}

function notesOf(attributes: SetUp['search_attributes']): string[] {
  const unknown = attributes.filter(({ state }) => state === 'unknown').map(({ name }) => name);
  if (unknown.length === 0) return [];
  return [`Temporal does not let this process check its search attributes: ${unknown.join(', ')}`];
}

async function withTimeout<T>(check: Promise<T>): Promise<T> {
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
