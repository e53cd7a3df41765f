/** Licenses of many small jobs, inserted by SQL: through the product this would take an hour. */
import { createHash } from 'node:crypto';
import { vacuumTables } from './cleaning';
import type { MeasuredStack } from './measured-stack';

const LICENSES_PER_JOB = 28;

/**
 * Inserts finished jobs of a contract with `licenses` licenses. For each number of `matches`, so many keys begin with `prefixOf` of it;
 * without matches, license `n` from 1 on has the key `filledKey(n)`.
 */
export async function fillLicenses(
  { api, db }: MeasuredStack,
  contract_id: string,
  { licenses, matches }: { licenses: number; matches: readonly number[] },
): Promise<void> {
  // This job creates the license terms that the other jobs share.
  const { job_id } = await api.post<{ job_id: string }>(`/api/v1/contracts/${contract_id}/generate`, { count: 1 });
  const jobs = Math.ceil(licenses / LICENSES_PER_JOB);
  await db.begin(async (tx) => {
    await tx`SET LOCAL statement_timeout = 0`;
    await tx`
      CREATE TEMPORARY TABLE filled_jobs ON COMMIT DROP AS
      WITH made AS (
        INSERT INTO generation_jobs (contract_id, environment, terms_id, execution, requested, chunk_size, state, channel, actor, created_at, quota_remaining)
        SELECT j.contract_id, j.environment, j.terms_id, 'inline', ${LICENSES_PER_JOB}, 100, 'SUCCEEDED', j.channel, j.actor, j.created_at, 0
        FROM generation_jobs j, generate_series(1, ${jobs}::int) WHERE j.id = ${job_id}
        RETURNING id, serial, created_at)
      SELECT id, serial, created_at, row_number() OVER (ORDER BY serial) - 1 AS number FROM made`;
    await tx`
      INSERT INTO generation_chunks (job_id, chunk_no, licenses, created_at)
      SELECT id, 0, ${LICENSES_PER_JOB}, created_at FROM filled_jobs`;
    const prefixes = matches.map(prefixOf);
    // The matches of a search are spread at a fixed interval. Each search starts one license later.
    const steps = matches.map((found) => Math.max(matches.length, Math.floor(licenses / found)));
    await tx`
      INSERT INTO licenses (id, key)
      SELECT (j.serial << 24) + o, coalesce(
        (SELECT s.prefix || n FROM unnest(${prefixes}::text[], ${matches}::int[], ${steps}::int[]) WITH ORDINALITY AS s (prefix, found, step, place)
         WHERE n % s.step = s.place AND n / s.step < s.found LIMIT 1), 'BENCH-' || upper(md5(n::text)))
      FROM filled_jobs j, generate_series(1, ${LICENSES_PER_JOB}::int) o, LATERAL (SELECT j.number * ${LICENSES_PER_JOB}::int + o AS n) AS numbered`;
  });
  await vacuumTables(db, ['licenses', 'generation_chunks', 'generation_jobs']);
}

/** Returns the key prefix that `matches` licenses have. */
export function prefixOf(matches: number): string {
  return `FOUND${matches}-`;
}

/** Returns the key of a license that matches no search. */
export function filledKey(n: number): string {
  return `BENCH-${createHash('md5').update(String(n)).digest('hex').toUpperCase()}`;
}
