/**
 * Imports in Postgres. A file is stored while it arrives, without a job; then a transaction creates the job of the import, which has the
 * same id. `licenses.ts` inserts the licenses.
 */
import { storedActor } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { Channel } from '../../domain/base/channel';
import type { JobState } from '../../domain/generation/generation-job';
import { SHOWN_ROWS_MAX, UPLOAD_MINUTES_MAX } from '../../domain/import/import';
import type { DuplicateRule, ImportCounts } from '../../domain/import/import';
import type { ImportCode } from '../../domain/import/row';
import type { ContractState } from '../../domain/contract/facts';
import type { Fragment, Sql } from '../base/database';
import { pageBy } from '../base/paging';
import type { KeysetPage, Sorted } from '../base/paging';

export interface StoredImport {
  id: string;
  contract_id: string;
  duplicates: DuplicateRule;
  rows: number;
  file_bytes: number;
  file_sha256: string | null;
  rows_until: Instant | null;
  report_until: Instant | null;
}

/** A row of a file that was not imported. */
export interface OutcomeOfRow {
  ordinal: number;
  key: string | null;
  outcome: 'skipped' | 'rejected';
  code: ImportCode;
  detail: string | null;
}

/** An import with its job. */
export interface ImportRecord extends StoredImport {
  environment: Environment;
  state: JobState;
  /** Rows of a chunk; also tells whether the request or a job imports them. */
  chunk_size: number;
  channel: Channel;
  actor: Actor;
  counts: ImportCounts;
  /** Whether the rows that are not decided yet can still be read. */
  has_rows: boolean;
  /** The first rows that were not imported. */
  not_imported: OutcomeOfRow[];
  contract_state: ContractState;
  created_at: Instant;
  started_at: Instant | null;
  finished_at: Instant | null;
}

/** A query for imports `i` with their jobs `g`. */
function selectImports(sql: Sql, more: Fragment = sql``): Fragment {
  return sql`
    SELECT i.id, i.contract_id, i.duplicates, i.rows, i.file_bytes::float8 AS file_bytes, i.file_sha256, i.rows_until, i.report_until,
           g.environment, g.state, g.chunk_size, g.channel, shown_actor(g.actor) AS actor, c.state AS contract_state, g.created_at, g.started_at,
           g.finished_at, k.has_rows,
           jsonb_build_object('imported', k.imported, 'skipped', k.skipped, 'rejected', k.rejected,
                              'pending', i.rows - k.imported - k.skipped - k.rejected) AS counts,
           coalesce((SELECT jsonb_agg(o ORDER BY o.ordinal) FROM (
             SELECT ordinal, key, outcome, code, detail FROM license_import_outcomes
             WHERE import_id = i.id ORDER BY ordinal LIMIT ${SHOWN_ROWS_MAX}) o), '[]') AS not_imported ${more}
    FROM license_imports i JOIN generation_jobs g ON g.id = i.id JOIN contracts c ON c.id = i.contract_id
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(imported), 0)::int AS imported, coalesce(sum(skipped), 0)::int AS skipped,
             coalesce(sum(rejected), 0)::int AS rejected, coalesce(bool_and(payload IS NOT NULL) FILTER (WHERE imported IS NULL), false) AS has_rows
      FROM license_import_chunks WHERE import_id = i.id
    ) k`;
}

/** An import whose file has arrived. */
export async function findImport(sql: Sql, id: string): Promise<ImportRecord | undefined> {
  const [row] = await sql<ImportRecord[]>`${selectImports(sql)} WHERE i.id = ${id}`;
  return row;
}

/** The newest import of a file into a contract with the same rule for duplicates. */
export async function findImportOfFile(
  sql: Sql,
  { contract_id, sha256, duplicates }: { contract_id: string; sha256: string; duplicates: DuplicateRule },
): Promise<ImportRecord | undefined> {
  const [row] = await sql<ImportRecord[]>`
    ${selectImports(sql)}
    WHERE i.contract_id = ${contract_id} AND i.file_sha256 = ${sha256} AND i.duplicates = ${duplicates}
    ORDER BY i.received_at DESC, i.id DESC LIMIT 1`;
  return row;
}

/** One page of the imports of a contract, by creation time. */
export async function listImports(
  sql: Sql,
  { contract_id }: { contract_id: string },
  { order, after, limit }: KeysetPage,
): Promise<Sorted<ImportRecord>[]> {
  const page = pageBy(sql, { key: sql`g.created_at`, type: 'instant', id: sql`g.id` }, { order, after, limit });
  return sql<Sorted<ImportRecord>[]>`
    ${selectImports(sql, sql`, ${page.sort_key} AS sort_key`)}
    WHERE g.contract_id = ${contract_id} AND g.execution = 'import' AND ${page.after} ${page.order}`;
}

/** Whether a contract has imports, whose files a request may repeat. */
export async function hasImports(sql: Sql, contract_id: string): Promise<boolean> {
  const found = await sql`SELECT FROM license_imports WHERE contract_id = ${contract_id} AND rows IS NOT NULL LIMIT 1`;
  return found.count > 0;
}

/** Begins an import whose file arrives. */
export async function insertImport(
  sql: Sql,
  { id, contract_id, duplicates }: Pick<StoredImport, 'id' | 'contract_id' | 'duplicates'>,
): Promise<void> {
  await sql`INSERT INTO license_imports ${sql({ id, contract_id, duplicates })}`;
}

/** Marks the file of an import as complete. */
export async function completeImport(
  tx: Sql,
  id: string,
  { rows, bytes, sha256 }: { rows: number; bytes: number; sha256: string },
): Promise<void> {
  const done = await tx`
    UPDATE license_imports SET rows = ${rows}, file_bytes = ${bytes}, file_sha256 = ${sha256} WHERE id = ${id} AND rows IS NULL`;
  if (done.count === 0) throw new Error(`the import ${id} was given up while its file arrived`);
}

/** The job of an import, to be inserted. */
export interface ImportJob {
  id: string;
  contract_id: string;
  environment: Environment;
  terms_id: string;
  requested: number;
  chunk_size: number;
  state: JobState;
  channel: Channel;
  actor: Actor;
  expires_at: Instant | null;
  now: Instant;
  request_id: string | null;
}

/** Inserts the job of an import, whose licenses are claimed; returns its serial. A job that runs at once has started. */
export async function insertImportJob(tx: Sql, job: ImportJob): Promise<string> {
  const { id, contract_id, environment, terms_id, requested, chunk_size, state, channel, expires_at, now, request_id } =
    job;
  const [row] = await tx<[{ serial: string }]>`
    INSERT INTO generation_jobs (id, contract_id, environment, terms_id, execution, requested, chunk_size, state, channel, actor, expires_at,
                                 created_at, started_at, quota_remaining, request_id)
    SELECT ${id}, ${contract_id}, ${environment}, ${terms_id}, 'import', ${requested}, ${chunk_size}, ${state}, ${channel},
           ${tx.json(storedActor(job.actor))}, ${expires_at}::timestamptz, ${now}::timestamptz,
           ${state === 'RUNNING' ? now : null}::timestamptz, total - claimed, ${request_id}
    FROM contract_quotas WHERE contract_id = ${contract_id} RETURNING serial`;
  return row.serial;
}

/** Sets how many licenses a locked job requests: those that it has, and those of its undecided rows. */
export async function setRequested(tx: Sql, id: string, requested: number): Promise<void> {
  await tx`UPDATE generation_jobs SET requested = ${requested} WHERE id = ${id}`;
}

/** The licenses that the undecided chunks of an import can still have. */
export async function countUndecided(tx: Sql, id: string): Promise<number> {
  const [row] = await tx<[{ count: number }]>`
    SELECT coalesce(sum(accepted), 0)::int AS count FROM license_import_chunks WHERE import_id = ${id} AND imported IS NULL`;
  return row.count;
}

/** How many chunks an import has. */
export async function countImportChunks(sql: Sql, id: string): Promise<number> {
  const [row] = await sql<
    [{ count: number }]
  >`SELECT count(*)::int AS count FROM license_import_chunks WHERE import_id = ${id}`;
  return row.count;
}

/** Stores how long the rows and the report of an import are kept, in days of real time; null: they are kept while it runs. */
export async function keepUntil(tx: Sql, id: string, days: { rows: number; report: number } | null): Promise<void> {
  await tx`
    UPDATE license_imports SET rows_until = now() + make_interval(days => ${days?.rows ?? null}::int),
           report_until = now() + make_interval(days => ${days?.report ?? null}::int)
    WHERE id = ${id}`;
}

/** How many rows the domain events of an import have said to be imported, skipped or rejected. */
export type AnnouncedCounts = Omit<ImportCounts, 'pending'>;

/**
 * Stores the counts of an import that ends, and returns those that its earlier events have said; undefined when it has imported no license
 * since, so that it has no event.
 */
export async function announceCounts(
  tx: Sql,
  id: string,
  { imported, skipped, rejected }: AnnouncedCounts,
): Promise<AnnouncedCounts | undefined> {
  const [row] = await tx<{ announced: AnnouncedCounts | null }[]>`
    WITH before AS (SELECT id, announced FROM license_imports WHERE id = ${id})
    UPDATE license_imports i SET announced = ${tx.json({ imported, skipped, rejected })} FROM before
    WHERE i.id = before.id AND ${imported} > coalesce((before.announced ->> 'imported')::int, 0)
    RETURNING before.announced`;
  return row && (row.announced ?? { imported: 0, skipped: 0, rejected: 0 });
}

/** Deletes what is stored of a file that did not arrive completely, or that was imported before. An import with a job stays. */
export async function deleteImport(tx: Sql, id: string): Promise<void> {
  const found = await tx`SELECT FROM license_imports WHERE id = ${id} AND rows IS NULL FOR UPDATE`;
  if (found.count === 0) return;
  await tx`DELETE FROM license_import_outcomes WHERE import_id = ${id}`;
  await tx`DELETE FROM license_import_chunks WHERE import_id = ${id}`;
  await tx`DELETE FROM license_imports WHERE id = ${id}`;
}

/** The imports whose files stopped to arrive: their process was killed. */
export async function listGivenUp(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    SELECT id FROM license_imports WHERE rows IS NULL AND received_at < now() - 2 * make_interval(mins => ${UPLOAD_MINUTES_MAX}) LIMIT ${limit}`;
  return rows.map(({ id }) => id);
}

/** Deletes the rows of at most `limit` chunks of imports that no longer need them, and returns how many. */
export async function deleteRows(sql: Sql, limit: number): Promise<number> {
  const deleted = await sql`
    UPDATE license_import_chunks k SET payload = NULL FROM (
      SELECT import_id, chunk_no FROM license_imports i JOIN license_import_chunks k ON k.import_id = i.id
      WHERE i.rows_until < now() AND payload IS NOT NULL LIMIT ${limit} FOR NO KEY UPDATE OF k SKIP LOCKED
    ) old WHERE k.import_id = old.import_id AND k.chunk_no = old.chunk_no`;
  await sql`
    UPDATE license_imports i SET rows_until = NULL
    WHERE rows_until < now() AND NOT EXISTS (SELECT FROM license_import_chunks WHERE import_id = i.id AND payload IS NOT NULL)`;
  return deleted.count;
}

/** Deletes at most `limit` outcomes of rows that are past their retention, and returns how many. */
export async function deleteReports(sql: Sql, limit: number): Promise<number> {
  const deleted = await sql`
    DELETE FROM license_import_outcomes WHERE (import_id, ordinal) IN (
      SELECT o.import_id, o.ordinal FROM license_imports i JOIN license_import_outcomes o ON o.import_id = i.id
      WHERE i.report_until < now() LIMIT ${limit})`;
  await sql`
    UPDATE license_imports i SET report_until = NULL
    WHERE report_until < now() AND NOT EXISTS (SELECT FROM license_import_outcomes WHERE import_id = i.id)`;
  return deleted.count;
}
