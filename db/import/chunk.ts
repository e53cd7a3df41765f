/** The chunks of an import: their rows while they are needed, and what became of them. */
import type { DuplicateRule } from '../../domain/import/import';
import type { ImportRow } from '../../domain/import/row';
import type { Instant } from '../../domain/base/instant';
import type { Sql } from '../base/database';
import type { OutcomeOfRow } from './import';

/** Rows of a file that were read: those that can be imported, and what is wrong with the others. */
export interface ReadChunk {
  chunk_no: number;
  accepted: readonly ImportRow[];
  outcomes: readonly OutcomeOfRow[];
}

/** What became of the accepted rows of a chunk. */
export interface ChunkResult {
  imported: number;
  outcomes: readonly OutcomeOfRow[];
}

/** Stores a chunk of a file. */
export async function insertImportChunk(
  tx: Sql,
  import_id: string,
  { chunk_no, accepted, outcomes }: ReadChunk,
): Promise<void> {
  await tx`
    INSERT INTO license_import_chunks ${tx({ import_id, chunk_no, accepted: accepted.length, payload: JSON.stringify(accepted), ...countsOf(outcomes) })}`;
  await insertOutcomes(tx, import_id, outcomes);
}

/**
 * Takes rows whose keys exist already off the number of licenses that a stored chunk can have, and returns that number. Licenses are never
 * deleted, so it only falls.
 */
export async function discountExistingKeys(sql: Sql, import_id: string, chunk_no: number): Promise<number> {
  const [row] = await sql<[{ accepted: number }]>`
    UPDATE license_import_chunks SET accepted = (
      SELECT count(*) FROM json_array_elements(payload::json) AS given (row)
      LEFT JOIN LATERAL (SELECT id FROM licenses WHERE key = given.row ->> 'key' OFFSET 0) l ON true WHERE l.id IS NULL)
    WHERE import_id = ${import_id} AND chunk_no = ${chunk_no} RETURNING accepted`;
  return row.accepted;
}

function countsOf(outcomes: readonly OutcomeOfRow[]): { skipped: number; rejected: number } {
  const skipped = outcomes.filter(({ outcome }) => outcome === 'skipped').length;
  return { skipped, rejected: outcomes.length - skipped };
}

async function insertOutcomes(tx: Sql, import_id: string, outcomes: readonly OutcomeOfRow[]): Promise<void> {
  if (outcomes.length === 0) return;
  await tx`
    INSERT INTO license_import_outcomes (import_id, ordinal, key, outcome, code, detail)
    SELECT ${import_id}, ordinal, key, outcome, code, detail
    FROM jsonb_to_recordset(${tx.json(outcomes as never)}) AS o (ordinal int, key text, outcome text, code text, detail text)`;
}

/** What a chunk of a job is imported by. */
export interface AdmittedChunk {
  serial: string;
  open: boolean;
  due: boolean;
}

/**
 * Takes the lock that chunks of a contract share, and says whether the contract allows licenses now (`admit_chunk` in db/schema.sql);
 * undefined when the job does not run.
 */
export async function admitImportChunk(tx: Sql, job_id: string, now: Instant): Promise<AdmittedChunk | undefined> {
  const [row] = await tx<AdmittedChunk[]>`
    SELECT job_serial AS serial, open, next_boundary_at <= ${now}::timestamptz AS due FROM admit_chunk(${job_id})`;
  return row;
}

/** Locks a chunk, so that it is imported once; undefined when it was decided before. */
export async function lockImportChunk(
  tx: Sql,
  import_id: string,
  chunk_no: number,
): Promise<{ rows: ImportRow[]; duplicates: DuplicateRule } | undefined> {
  const [row] = await tx<{ payload: string | null; imported: number | null; duplicates: DuplicateRule }[]>`
    SELECT k.payload, k.imported, i.duplicates FROM license_import_chunks k JOIN license_imports i ON i.id = k.import_id
    WHERE k.import_id = ${import_id} AND k.chunk_no = ${chunk_no} FOR NO KEY UPDATE OF k`;
  if (row === undefined || row.payload === null)
    throw new Error(`the rows of chunk ${chunk_no} of the import ${import_id} are gone`);
  return row.imported === null
    ? { rows: JSON.parse(row.payload) as ImportRow[], duplicates: row.duplicates }
    : undefined;
}

/** Stores what became of a locked chunk, with its marker, which lists of licenses need. */
export async function storeChunkResult(
  tx: Sql,
  { import_id, chunk_no, now }: { import_id: string; chunk_no: number; now: Instant },
  { imported, outcomes }: ChunkResult,
): Promise<void> {
  const { skipped, rejected } = countsOf(outcomes);
  await tx`
    WITH marker AS (
      INSERT INTO generation_chunks (job_id, chunk_no, licenses, created_at) VALUES (${import_id}, ${chunk_no}, ${imported}, ${now})
    )
    UPDATE license_import_chunks SET imported = ${imported}, skipped = skipped + ${skipped}, rejected = rejected + ${rejected}
    WHERE import_id = ${import_id} AND chunk_no = ${chunk_no}`;
  await insertOutcomes(tx, import_id, outcomes);
}

/** A row of the report. */
export interface ReportedRow {
  ordinal: number;
  /** The stored id of the license. */
  license_id: string | null;
  key: string | null;
  outcome: 'imported' | 'skipped' | 'rejected' | 'pending';
  code: OutcomeOfRow['code'] | null;
  detail: string | null;
}

/** Rows of one read of a report. */
const REPORT_PAGE_ROWS = 1_000;

/** What became of every row of a file, in order and in batches. Between two batches it holds no connection. */
export async function* reportRows(sql: Sql, { id, rows }: { id: string; rows: number }): AsyncGenerator<ReportedRow[]> {
  for (let from = 1; from <= rows; from += REPORT_PAGE_ROWS) {
    const to = Math.min(rows, from + REPORT_PAGE_ROWS - 1);
    yield await sql<ReportedRow[]>`
      SELECT n AS ordinal, l.id AS license_id, coalesce(l.key, o.key) AS key, coalesce(o.outcome, CASE WHEN l.id IS NULL THEN 'pending' ELSE 'imported' END) AS outcome,
             o.code, o.detail
      FROM generation_jobs g CROSS JOIN generate_series(${from}::int, ${to}::int) AS n
      LEFT JOIN licenses l ON l.id = (g.serial << 24) + n
      LEFT JOIN license_import_outcomes o ON o.import_id = g.id AND o.ordinal = n
      WHERE g.id = ${id} ORDER BY n`;
  }
}
