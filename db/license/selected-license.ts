/**
 * The licenses of a job by filter, as they were selected when it was requested. So each of them has an outcome, also one that no longer
 * matches when the job reaches it, and the job decides about no others. A million licenses that were generated together take 2,000 short rows.
 */
import type { Instant } from '../../domain/base/instant';
import { OPERATION_BATCH_LICENSES } from '../../domain/license/license-operation';
import type { Sql } from '../base/database';
import { lookUp, pageOf } from './license-page';
import type { LicenseFilter } from './license-page';

/**
 * Stores the first `max` licenses that match a filter, for an operation that is inserted afterwards. Returns how many they are. Consecutive
 * ids are one range before the ranges of a batch are united: a million licenses take half as long as by a range of each.
 */
export async function insertSelected(
  tx: Sql,
  operation_id: string,
  filter: LicenseFilter,
  { max, now }: { max: number; now: Instant },
): Promise<number> {
  const known = await lookUp(tx, filter);
  const [row] = await tx<[{ licenses: number }]>`
    WITH page AS (
      SELECT id, row_number() OVER (ORDER BY id) AS place
      FROM (${pageOf(tx, known, { order: 'asc', after: null, limit: max, now })}) AS page
    ), ranges AS MATERIALIZED (
      SELECT batch, min(id) AS first, max(id) AS last
      FROM (SELECT id, (place - 1) / ${OPERATION_BATCH_LICENSES}::int AS batch, id - place AS gaps FROM page) AS batched
      GROUP BY batch, gaps
    ), stored AS (
      INSERT INTO license_operation_selected (operation_id, last_id, ids)
      SELECT ${operation_id}, max(last), range_agg(int8range(first, last + 1)) FROM ranges GROUP BY batch
    )
    SELECT coalesce(sum(last - first + 1), 0)::int AS licenses FROM ranges`;
  return row.licenses;
}

/**
 * The next selected licenses after a stored id; undefined for an operation without stored ones. A selection of all licenses of a contract
 * that was terminated is not stored: it does not change.
 */
export async function listSelectedIds(
  tx: Sql,
  operation_id: string,
  after: string | null,
  limit: number,
): Promise<string[] | undefined> {
  const rows = await tx<{ id: string | null }[]>`
    SELECT next.id FROM (SELECT WHERE EXISTS (SELECT FROM license_operation_selected WHERE operation_id = ${operation_id})) has_some
    LEFT JOIN LATERAL (
      SELECT s.id FROM (
        SELECT ids FROM license_operation_selected
        WHERE operation_id = ${operation_id} AND last_id > ${after ?? '0'}::bigint ORDER BY last_id LIMIT 1
      ) first, unnest(first.ids) AS part, generate_series(lower(part), upper(part) - 1) AS s (id)
      WHERE s.id > ${after ?? '0'}::bigint ORDER BY s.id LIMIT ${limit}
    ) next ON true`;
  return rows.length === 0 ? undefined : rows.flatMap(({ id }) => (id === null ? [] : [id]));
}

/** Removes the selection of an operation that has decided about all of it. */
export async function deleteSelected(tx: Sql, operation_id: string): Promise<void> {
  await tx`DELETE FROM license_operation_selected WHERE operation_id = ${operation_id}`;
}
