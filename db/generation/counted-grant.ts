/**
 * The parts of the granting statement for requests of API keys of contracts that are within their rate windows, as nearly all are
 * (domain.md 5.6): it claims the quota and counts the requests, or does neither.
 *
 * Judging each request alone (`admit_requests`, rated-grant.ts) costs twice as much. So a statement with these parts is sent first when a
 * contract was within its windows before, in the same minute. If a minute has begun, if a window has too little left, or if anything else
 * keeps the requests of a contract from being granted, it changes nothing of this contract, and its requests are judged afterwards. A
 * repeated idempotency key fails the whole statement, so that nothing is counted for it either.
 */
import type { Admission, RateCounts } from '../../domain/generation/rate';
import { areKeysAccepted } from '../access/caller-key';
import type { Fragment, Sql } from '../base/database';
import { limitedLockWait } from '../base/session';
import { isClaimable, keysOf, requestSums } from './grant-statement';
import type { GrantGroup, GrantParts, GrantRow, GroupOutcome } from './grant-statement';
import { countsOf } from './rate';
import type { AdmissionColumns } from './rate';

/** A row of the answer: one for each job, and one for a contract that was granted nothing. */
type CountedRow = GrantRow & Pick<AdmissionColumns, 'rates' | 'at'>;

/** The parts of a statement whose requests are all rated. It skips locked quota rows. */
export function countedParts(sql: Sql, groups: readonly GrantGroup[], lock_ms: number): GrantParts {
  const requests = groups.flatMap((group) => group.requests);
  return {
    before: sql`
      ${requestSums(sql, groups)}, free AS MATERIALIZED (
        -- Decided once for the counters and the quota: a second decision could differ, because the clock goes on.
        SELECT q.contract_id, wanted.calls, wanted.requested AS licenses,
               ${isClaimable(sql)} AND ${areKeysAccepted(sql, keysOf(requests))} AS may_claim
        FROM contract_quotas q JOIN wanted USING (contract_id) CROSS JOIN ${limitedLockWait(sql, lock_ms)}
        FOR NO KEY UPDATE OF q SKIP LOCKED
      ), counted AS (${countCalls(sql)})`,
    claim_from: sql`JOIN counted USING (contract_id)`,
    may_claim: sql`true`,
    answer: sql`
      SELECT free.contract_id, job.id, job.serial, job.quota_remaining, counted.rates, counted.at
      FROM free LEFT JOIN job USING (contract_id) LEFT JOIN counted USING (contract_id)`,
  };
}

/** Adds the calls of each free contract to its windows, if they are those of this minute and all have enough left. */
function countCalls(sql: Sql): Fragment {
  return sql`
    UPDATE contract_rates r SET
      minute_requests = minute_requests + calls, hour_requests = hour_requests + calls, day_requests = day_requests + calls,
      minute_licenses = minute_licenses + licenses, hour_licenses = hour_licenses + licenses, day_licenses = day_licenses + licenses
    FROM free CROSS JOIN (SELECT rate_clock() AS at) clock
    WHERE r.contract_id = free.contract_id AND may_claim AND at < minute_start + interval '1 minute' AND (
      minute_requests + calls <= per_minute AND hour_requests + calls <= per_hour AND day_requests + calls <= per_day
      AND minute_licenses + licenses <= licenses_per_minute AND hour_licenses + licenses <= licenses_per_hour
      AND day_licenses + licenses <= licenses_per_day
    ) IS NOT FALSE
    RETURNING r.contract_id, to_json(r) AS rates, at`;
}

/** The outcome of each contract whose quota row was locked; without jobs for one whose requests are to be judged. */
export function countedOutcomes(rows: readonly GrantRow[]): Map<string, GroupOutcome> {
  const outcomes = new Map<string, CountedOutcome>();
  for (const row of rows as readonly CountedRow[]) {
    const { contract_id, id, serial, quota_remaining } = row;
    const group: CountedOutcome = outcomes.get(contract_id) ?? {
      jobs: [],
      admissions: new Map(),
      counts: countsOf(row),
    };
    outcomes.set(contract_id, group);
    if (id === null) continue;
    group.jobs.push({ id, serial, quota_remaining });
    group.admissions.set(id, { outcome: 'admitted', counts: group.counts });
  }
  return outcomes;
}

interface CountedOutcome extends GroupOutcome {
  admissions: Map<string, Admission>;
  counts: RateCounts | null;
}
