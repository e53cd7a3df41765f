/**
 * What must hold in Postgres at every moment, whatever died on the way: the quota, the licenses, their chunks, the history.
 *
 * One statement, so that it sees one snapshot and may run while jobs are at work.
 */
import type { Sql } from '../../db/index';

/** One row that breaks a rule: which rule, whose row, and what was found in it. */
export interface BrokenInvariant {
  rule: string;
  subject: string;
  found: string;
}

/** Rows shown in the error, at most. */
const SHOWN_MAX = 20;

/** Throws an error that shows the rows that break an invariant. */
export async function expectInvariants(sql: Sql): Promise<void> {
  const broken = await brokenInvariants(sql);
  if (broken.length === 0) return;
  const shown = broken.slice(0, SHOWN_MAX).map(({ rule, subject, found }) => `- ${rule}: ${subject} has ${found}`);
  throw new Error(`${broken.length} rows break an invariant:\n${shown.join('\n')}`);
}

/** Every row that breaks an invariant; none when all is well. */
export async function brokenInvariants(sql: Sql): Promise<BrokenInvariant[]> {
  return sql<BrokenInvariant[]>`
    WITH made AS (
      SELECT id >> 24 AS serial, count(*)::int AS licenses, min(id & 16777215) AS first, max(id & 16777215) AS last
      FROM licenses GROUP BY id >> 24
    ), chunked AS (
      SELECT job_id, sum(licenses)::int AS licenses FROM generation_chunks GROUP BY job_id
    ), job AS (
      SELECT g.*, g.state IN ('QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING') AS unfinished,
             coalesce(chunked.licenses, 0) AS chunked, coalesce(made.licenses, 0) AS made, made.first, made.last
      FROM generation_jobs g LEFT JOIN made USING (serial) LEFT JOIN chunked ON chunked.job_id = g.id
    ), owed AS (
      SELECT contract_id, sum(made)::int AS made, coalesce(sum(requested - chunked) FILTER (WHERE unfinished), 0)::int AS reserved
      FROM job WHERE NOT is_test GROUP BY contract_id
    ), quota AS (
      SELECT q.*, coalesce(owed.made, 0) AS made, coalesce(owed.reserved, 0) AS reserved,
             (SELECT coalesce(sum(amount), 0)::int FROM quota_grants WHERE contract_id = q.contract_id) AS granted
      FROM contract_quotas q LEFT JOIN owed USING (contract_id)
    ), license_chunk AS (
      SELECT l.id, l.id & 16777215 AS ordinal, j.id AS job_id, j.requested, ((l.id & 16777215) - 1) / j.chunk_size AS chunk_no
      FROM licenses l LEFT JOIN generation_jobs j ON j.serial = l.id >> 24
    ), chunk AS (
      SELECT k.job_id, k.chunk_no, k.licenses, least(j.chunk_size, j.requested - k.chunk_no * j.chunk_size) AS span,
             (SELECT count(*)::int FROM licenses l
              WHERE l.id > (j.serial << 24) + k.chunk_no::bigint * j.chunk_size
                AND l.id <= (j.serial << 24) + (k.chunk_no + 1)::bigint * j.chunk_size) AS made
      FROM generation_chunks k JOIN generation_jobs j ON j.id = k.job_id
    ), told AS (
      SELECT j.id, j.execution, j.is_test, j.unfinished,
             (SELECT count(*) FROM audit_events WHERE subject_id = j.id::text AND action = 'generation.requested') AS requested,
             (SELECT count(*) FROM audit_events WHERE subject_id = j.id::text AND action = 'job.resumed') AS resumed,
             (SELECT count(*) FROM audit_events WHERE subject_id = j.id::text AND action = 'job.finished') AS finished,
             (SELECT count(*) FROM audit_events
              WHERE subject_id = j.id::text AND action = 'job.finished' AND (after ->> 'completed')::int > 0) AS finished_with_licenses,
             (SELECT count(*) FROM domain_events
              WHERE contract_id = j.contract_id AND type = 'license.batch_generated' AND data ->> 'job_id' = j.id::text) AS batches
      FROM job j
    ), revised AS (
      SELECT c.id, c.revision, count(r.revision) AS revisions, min(r.revision) AS first, max(r.revision) AS last
      FROM contracts c LEFT JOIN contract_revisions r ON r.contract_id = c.id GROUP BY c.id
    ), created AS (
      SELECT c.id, count(a.id) AS rows FROM contracts c
      LEFT JOIN audit_events a ON a.contract_id = c.id AND a.action = 'contract.created' GROUP BY c.id
    )
    SELECT 'generated (claimed - reserved) is the number of licenses that are no tests' AS rule, 'contract ' || contract_id AS subject,
           format('claimed %s, reserved %s and %s licenses', claimed, reserved, made) AS found
    FROM quota WHERE claimed - reserved <> made
    UNION ALL
    SELECT 'no quota is oversold', 'contract ' || contract_id, format('claimed %s of %s', claimed, total) FROM quota WHERE claimed NOT BETWEEN 0 AND total
    UNION ALL
    SELECT 'a quota is the sum of its grants', 'contract ' || contract_id, format('total %s and grants of %s', total, granted) FROM quota WHERE total <> granted
    UNION ALL
    SELECT 'every contract has a quota', 'contract ' || id, 'none' FROM contracts c WHERE NOT EXISTS (SELECT FROM contract_quotas WHERE contract_id = c.id)
    UNION ALL
    SELECT 'a chunk has exactly its licenses', format('chunk %s of job %s', chunk_no, job_id), format('%s of %s, with a span of %s', made, licenses, span)
    FROM chunk WHERE made <> licenses OR licenses <> span
    UNION ALL
    SELECT 'a license has its chunk and an ordinal of its job', 'license ' || l.id, format('job %s, ordinal %s, chunk %s', l.job_id, l.ordinal, l.chunk_no)
    FROM license_chunk l LEFT JOIN generation_chunks k ON k.job_id = l.job_id AND k.chunk_no = l.chunk_no
    WHERE k.job_id IS NULL OR l.ordinal NOT BETWEEN 1 AND l.requested
    UNION ALL
    SELECT 'the ordinals of a job that succeeded are 1 to requested', 'job ' || id, format('%s of %s, from %s to %s', made, requested, first, last)
    FROM job WHERE state = 'SUCCEEDED' AND (made <> requested OR first <> 1 OR last <> requested)
    UNION ALL
    SELECT 'a job that did not succeed lacks licenses', 'job ' || id, format('state %s with %s of %s', state, made, requested)
    FROM job WHERE (state = 'PARTIAL' AND made NOT BETWEEN 1 AND requested - 1) OR (state = 'FAILED' AND made <> 0)
    UNION ALL
    SELECT 'a license key is unique', 'key ' || key, count(*) || ' licenses' FROM licenses GROUP BY key HAVING count(*) > 1
    UNION ALL
    SELECT 'a job is finished when it has an end', 'job ' || id, format('state %s and finished_at %s', state, finished_at)
    FROM job WHERE unfinished <> (finished_at IS NULL)
    UNION ALL
    SELECT 'a request is told once', 'job ' || id, requested || ' rows of generation.requested' FROM told WHERE requested <> 1
    UNION ALL
    SELECT 'each end of a job is told once', 'job ' || id, format('%s rows of job.finished and %s of job.resumed', finished, resumed)
    FROM told WHERE finished <> CASE WHEN execution = 'inline' THEN 0 WHEN unfinished THEN resumed ELSE resumed + 1 END
    UNION ALL
    SELECT 'each batch of licenses is told once', 'job ' || id, batches || ' domain events of license.batch_generated'
    FROM told WHERE batches <> CASE WHEN is_test THEN 0 WHEN execution = 'inline' THEN 1 ELSE finished_with_licenses END
    UNION ALL
    SELECT 'a contract is created once', 'contract ' || id, rows || ' rows of contract.created' FROM created WHERE rows <> 1
    UNION ALL
    SELECT 'revisions are 1 to the current one', 'contract ' || id, format('%s, from %s to %s, at revision %s', revisions, first, last, revision)
    FROM revised WHERE revisions <> revision OR first <> 1 OR last <> revision
    UNION ALL
    SELECT 'a boundary is crossed once', format('%s of contract %s at %s', action, contract_id, at), count(*) || ' audit rows'
    FROM audit_events WHERE subject_type = 'contract' AND actor ->> 'type' = 'system'
    GROUP BY contract_id, action, at HAVING count(*) > 1
    UNION ALL
    SELECT 'no boundary is settled over', 'contract ' || id, format('next boundary %s, settled until %s', next_boundary_at, settled_until)
    FROM contracts WHERE next_boundary_at <= settled_until`;
}
