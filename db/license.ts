/** Issued licenses in Postgres; they are inserted by `generation-job.ts` and `generation-chunk.ts` alone. */
import type { Sql } from './index';

/** The licenses of one job, in the order of their ordinals. */
export async function listJobLicenses(sql: Sql, job_serial: string): Promise<{ id: string; key: string }[]> {
  return sql<{ id: string; key: string }[]>`
    SELECT id, key FROM licenses WHERE id BETWEEN ${job_serial}::bigint << 24 AND (${job_serial}::bigint << 24) | 16777215 ORDER BY id`;
}
