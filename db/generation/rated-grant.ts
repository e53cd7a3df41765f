/**
 * The parts of the granting statement for requests that count in the rate windows of their contract (domain.md 5.6): it judges and
 * counts them under the lock of the quota row, and grants those that are admitted, in one round trip. counted-grant.ts has those for
 * requests that need not be judged one by one.
 */
import type { Admission } from '../../domain/generation/rate';
import { areKeysAccepted } from '../access/caller-key';
import type { Sql } from '../base/database';
import { limitedLockWait } from '../base/session';
import { countsOf } from './rate';
import type { AdmissionColumns } from './rate';
import { isClaimable, keysOf, selectRequests } from './grant-statement';
import type { GrantGroup, GrantParts, GrantRow, GroupOutcome } from './grant-statement';

/** A row of the answer: one for each request of a contract whose quota row was locked. */
interface RatedRow extends GrantRow {
  job_id: string;
  /** Null when the request was not judged: it is not rated, or its API key is no longer accepted. */
  outcome: AdmissionColumns['outcome'] | null;
  rates: AdmissionColumns['rates'];
  at: AdmissionColumns['at'];
}

/**
 * The parts of a statement with rated requests. `wait` is whether it waits for locked quota rows, else it skips them; `lock_ms` limits
 * every wait. Requests with an API key that is no longer accepted are not judged, so that they are charged to no contract.
 */
export function ratedParts(
  sql: Sql,
  groups: readonly GrantGroup[],
  { wait, lock_ms }: { wait: boolean; lock_ms: number | undefined },
): GrantParts {
  const requests = groups.flatMap((group) => group.requests);
  const keys_accepted = sql`(SELECT are_keys_accepted FROM accepted)`;
  return {
    before: sql`
      asked AS MATERIALIZED (${selectRequests(sql, requests)}),
      -- Judged once for two places: each copy of the condition would cost the start of its plan.
      accepted AS MATERIALIZED (SELECT ${areKeysAccepted(sql, keysOf(requests))} AS are_keys_accepted),
      offered AS (
        SELECT contract_id, terms_id, now, clock FROM unnest(
          ${groups.map(({ requests: [{ contract_id }] }) => contract_id)}::uuid[],
          ${groups.map(({ requests: [{ terms_id }] }) => terms_id)}::bigint[],
          ${groups.map(({ now }) => now)}::timestamptz[],
          ${groups.map(({ requests: [{ clock }] }) => clock)}::text[]
        ) AS o (contract_id, terms_id, now, clock)
      ), free AS MATERIALIZED (
        SELECT q.contract_id FROM contract_quotas q JOIN offered USING (contract_id)
        ${lock_ms === undefined ? sql`` : sql`CROSS JOIN ${limitedLockWait(sql, lock_ms)}`}
        FOR NO KEY UPDATE OF q ${wait ? sql`` : sql`SKIP LOCKED`}
      ), judged AS MATERIALIZED (
        SELECT d.job_id, d.outcome, a.rates, a.at
        FROM (
          SELECT contract_id, array_agg(job_id ORDER BY job_id) AS job_ids, array_agg(requested ORDER BY job_id) AS counts,
                 array_agg(idempotency_key ORDER BY job_id) AS keys
          FROM free JOIN asked USING (contract_id) WHERE rated AND ${keys_accepted} GROUP BY contract_id
        ) r CROSS JOIN admit_requests(r.contract_id, r.counts, r.keys) a CROSS JOIN unnest(r.job_ids, a.outcomes) AS d (job_id, outcome)
      ), candidate AS (
        SELECT contract_id, job_id, environment, execution, requested, chunk_size, keys, expires_at, channel, actor, now, clock, idempotency_key,
               idempotency_fingerprint, request_id
        FROM asked LEFT JOIN judged USING (job_id) WHERE NOT rated OR outcome = 'admitted'
      ), wanted AS (
        SELECT contract_id, terms_id, offered.now, offered.clock, sum(requested)::int AS requested,
               count(*) FILTER (WHERE execution = 'inline')::int AS inline
        FROM offered JOIN free USING (contract_id) JOIN candidate USING (contract_id)
        GROUP BY contract_id, terms_id, offered.now, offered.clock
      )`,
    claim_from: sql``,
    may_claim: sql`${isClaimable(sql)} AND ${keys_accepted}`,
    answer: sql`
      SELECT asked.contract_id, asked.job_id, judged.outcome, judged.rates, judged.at, job.id, job.serial, job.quota_remaining
      FROM asked JOIN free USING (contract_id) LEFT JOIN judged USING (job_id) LEFT JOIN job ON job.id = asked.job_id`,
  };
}

/** The outcome of each contract whose quota row was locked. All requests of a contract have the same counts, which are read once. */
export function ratedOutcomes(rows: readonly GrantRow[]): Map<string, GroupOutcome> {
  const outcomes = new Map<string, RatedOutcome>();
  for (const row of rows as readonly RatedRow[]) {
    const group: RatedOutcome = outcomes.get(row.contract_id) ?? { jobs: [], admissions: new Map(), counts: undefined };
    outcomes.set(row.contract_id, group);
    const { job_id, outcome, id, serial, quota_remaining } = row;
    if (outcome !== null) {
      group.counts ??= countsOf(row);
      group.admissions.set(job_id, { outcome, counts: group.counts });
    }
    if (id !== null) group.jobs.push({ id, serial, quota_remaining });
  }
  return outcomes;
}

interface RatedOutcome extends GroupOutcome {
  admissions: Map<string, Admission>;
  counts: Admission['counts'] | undefined;
}
