/** Erases a person from the stored rows of imports: those that wait, run or can be resumed, and files that arrive. */
import type { Fragment, Sql } from '../base/database';

/** Chunks whose rows contain one of the addresses. Reads the rows of every import that still has some. */
function chunksWith(sql: Sql, emails: readonly string[]): Fragment {
  return sql`
    SELECT import_id, chunk_no FROM license_import_chunks
    WHERE payload IS NOT NULL AND EXISTS (SELECT FROM unnest(${emails}::text[]) AS email WHERE strpos(lower(payload), lower(email)) > 0)
    ORDER BY import_id, chunk_no FOR NO KEY UPDATE`;
}

/** Locks the chunks that name a person. Like an import, call it before the lock of the customer. */
export async function lockImportRows(tx: Sql, emails: readonly string[]): Promise<void> {
  await tx`${chunksWith(tx, emails)}`;
}

/** How many files are arriving. */
export async function countArrivingFiles(tx: Sql): Promise<number> {
  const [row] = await tx<[{ count: number }]>`SELECT count(*)::int AS count FROM license_imports WHERE rows IS NULL`;
  return row.count;
}

/**
 * Deletes the rows with one of these addresses as their customer, and returns how many. A row that is not decided yet is rejected with
 * PERSON_ERASED, so that the person is not created again. `accepted` stays as high as the other rows need.
 */
export async function eraseImportRows(tx: Sql, emails: readonly string[]): Promise<number> {
  const [erased] = await tx<[{ rows: number }]>`
    WITH named AS MATERIALIZED (${chunksWith(tx, emails)}), row AS MATERIALIZED (
      SELECT k.import_id, k.chunk_no, k.imported IS NULL AS is_undecided, given.value, given.place,
             coalesce(lower(given.value ->> 'customer') IN (SELECT lower(email) FROM unnest(${emails}::text[]) AS email), false) AS is_person
      FROM named JOIN license_import_chunks k USING (import_id, chunk_no)
      CROSS JOIN LATERAL json_array_elements(k.payload::json) WITH ORDINALITY AS given (value, place)
    ), rest AS (
      SELECT import_id, chunk_no, coalesce(json_agg(value ORDER BY place) FILTER (WHERE NOT is_person), '[]')::text AS payload,
             count(*) FILTER (WHERE NOT is_person)::int AS rows, count(*) FILTER (WHERE is_person AND is_undecided)::int AS rejected
      FROM row GROUP BY import_id, chunk_no HAVING bool_or(is_person)
    ), changed AS (
      UPDATE license_import_chunks k
      SET payload = rest.payload, rejected = k.rejected + rest.rejected,
          accepted = CASE WHEN k.imported IS NULL THEN least(k.accepted, rest.rows) ELSE k.accepted END
      FROM rest WHERE k.import_id = rest.import_id AND k.chunk_no = rest.chunk_no
    ), outcome AS (
      INSERT INTO license_import_outcomes (import_id, ordinal, key, outcome, code)
      SELECT import_id, (value ->> 'ordinal')::int, value ->> 'key', 'rejected', 'PERSON_ERASED' FROM row WHERE is_person AND is_undecided
    )
    SELECT count(*)::int AS rows FROM row WHERE is_person`;
  return erased.rows;
}
