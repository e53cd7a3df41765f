/** Grants licenses: requests that wait together by one statement, and test licenses. */
import { storedActor } from '../../domain/base/actor';
import type { Admission } from '../../domain/generation/rate';
import { areKeysAccepted } from '../access/caller-key';
import { auditAct } from '../base/audit';
import type { Sql } from '../base/database';
import { limitedLockWait } from '../base/session';
import { insertDomainEvents } from '../contract/domain-event';
import { isClaimable, keysOf, requestSums, sendGrant } from './grant-statement';
import type { GenerationRequest, GrantGroup, GrantedJob, GroupOutcome } from './grant-statement';
import { countedOutcomes, countedParts } from './counted-grant';
import { ratedOutcomes, ratedParts } from './rated-grant';

/**
 * Grants requests for one contract in one statement, all or none; of rated requests only those that the rate windows of the contract
 * admit. It claims the quota and writes for each request the job, the audit row and, if it is inline, the licenses and the domain event.
 * Returns no jobs when a condition does not hold; then the caller finds the reason (`diagnose` in
 * transactions/generation/check-license-request.ts). What was admitted is counted then too, and must not be sent as rated again.
 *
 * Only the quota row decides with which license terms and until when licenses are granted: anything read before its lock was granted may
 * have changed (db/contract/quota.ts). The API keys of callers (`caller_key`) must be accepted when the statement begins. `lock_ms`
 * limits the wait for the row; give it only outside a transaction.
 *
 * @throws 23505 on `jobs_idempotency_unique` for a repeated idempotency key and on `license_key_unique` for an existing license key.
 * Nothing is counted then
 */
export async function grantGeneration(sql: Sql, group: GrantGroup, lock_ms?: number): Promise<GroupOutcome> {
  const { requests } = group;
  if (requests.some(({ rated }) => rated)) {
    const rows = await sendGrant(sql, requests, ratedParts(sql, [group], { wait: true, lock_ms }));
    return ratedOutcomes(rows).get(requests[0].contract_id) ?? { jobs: [], admissions: new Map() };
  }
  const jobs = await sendGrant(sql, requests, {
    before: requestSums(sql, [group]),
    claim_from: lock_ms === undefined ? sql`` : sql`CROSS JOIN ${limitedLockWait(sql, lock_ms)}`,
    may_claim: sql`${isClaimable(sql)} AND ${areKeysAccepted(sql, keysOf(requests))}`,
    answer: sql`SELECT id, serial, quota_remaining FROM job`,
  });
  return { jobs: jobs as GrantedJob[], admissions: NO_ADMISSIONS };
}

/**
 * Grants groups of requests, each for a different contract, in one statement, as `grantGeneration` grants one group. It does not wait for
 * quota rows: it skips a contract whose row another transaction has locked. `lock_ms` limits every other wait, such as that for a
 * repeated idempotency key. Returns the outcomes in the order of the groups.
 */
export async function grantWithoutWaiting(
  sql: Sql,
  groups: readonly GrantGroup[],
  lock_ms: number,
): Promise<(GroupOutcome | 'row_is_locked')[]> {
  const is_rated = groups.some(({ requests }) => requests.some(({ rated }) => rated));
  const outcomes = is_rated ? await grantJudged(sql, groups, lock_ms) : await grantUnrated(sql, groups, lock_ms);
  return inOrder(groups, outcomes);
}

/**
 * The same for rated requests that are expected to be within the windows of their contracts. The requests of a contract are all admitted,
 * counted and granted; else nothing of it is changed, and its outcome has no jobs and no admissions.
 */
export async function grantCounted(
  sql: Sql,
  groups: readonly GrantGroup[],
  lock_ms: number,
): Promise<(GroupOutcome | 'row_is_locked')[]> {
  const requests = groups.flatMap((group) => group.requests);
  return inOrder(groups, countedOutcomes(await sendGrant(sql, requests, countedParts(sql, groups, lock_ms))));
}

function inOrder(
  groups: readonly GrantGroup[],
  outcomes: ReadonlyMap<string, GroupOutcome>,
): (GroupOutcome | 'row_is_locked')[] {
  return groups.map(({ requests: [{ contract_id }] }) => outcomes.get(contract_id) ?? 'row_is_locked');
}

async function grantJudged(
  sql: Sql,
  groups: readonly GrantGroup[],
  lock_ms: number,
): Promise<Map<string, GroupOutcome>> {
  const requests = groups.flatMap((group) => group.requests);
  return ratedOutcomes(await sendGrant(sql, requests, ratedParts(sql, groups, { wait: false, lock_ms })));
}

async function grantUnrated(
  sql: Sql,
  groups: readonly GrantGroup[],
  lock_ms: number,
): Promise<Map<string, GroupOutcome>> {
  const requests = groups.flatMap((group) => group.requests);
  const rows = await sendGrant(sql, requests, {
    before: sql`
        ${requestSums(sql, groups)}, free AS MATERIALIZED (
          SELECT q.contract_id FROM contract_quotas q JOIN wanted USING (contract_id) CROSS JOIN ${limitedLockWait(sql, lock_ms)}
          FOR NO KEY UPDATE OF q SKIP LOCKED
        )`,
    claim_from: sql`JOIN free USING (contract_id)`,
    may_claim: sql`${isClaimable(sql)} AND ${areKeysAccepted(sql, keysOf(requests))}`,
    answer: sql`
        SELECT free.contract_id, job.id, job.serial, job.quota_remaining FROM free LEFT JOIN job ON job.contract_id = free.contract_id`,
  });
  const outcomes = new Map<string, GroupOutcome>();
  for (const { contract_id, id, serial, quota_remaining } of rows) {
    const group: GroupOutcome = outcomes.get(contract_id) ?? { jobs: [], admissions: NO_ADMISSIONS };
    if (id !== null) group.jobs.push({ id, serial, quota_remaining });
    outcomes.set(contract_id, group);
  }
  return outcomes;
}

const NO_ADMISSIONS: ReadonlyMap<string, Admission> = new Map();

/** Writes a request for test licenses, which use no quota, with its domain event. Call it with the contract locked. */
export async function insertTestGeneration(tx: Sql, request: GenerationRequest): Promise<GrantedJob> {
  const [job] = await tx<[GrantedJob]>`
    INSERT INTO generation_jobs ${tx({
      id: request.job_id,
      contract_id: request.contract_id,
      environment: request.environment,
      terms_id: request.terms_id,
      execution: 'inline',
      is_test: true,
      requested: request.requested,
      chunk_size: request.chunk_size,
      state: 'SUCCEEDED',
      channel: request.channel,
      actor: tx.json(storedActor(request.actor)),
      expires_at: request.expires_at,
      created_at: request.now,
      started_at: request.now,
      finished_at: request.now,
      idempotency_key: request.idempotency_key,
      idempotency_fingerprint: request.idempotency_fingerprint,
      quota_remaining:
        tx`(SELECT total - claimed FROM contract_quotas WHERE contract_id = ${request.contract_id})` as never,
      request_id: request.request_id,
    })} RETURNING id, serial, quota_remaining`;
  await tx`INSERT INTO generation_chunks ${tx({ job_id: job.id, chunk_no: 0, licenses: request.requested, created_at: request.now })}`;
  await tx`
    INSERT INTO licenses (id, key)
    SELECT (${job.serial}::bigint << 24) + k.ordinal, k.key FROM string_to_table(${request.keys}, ',') WITH ORDINALITY AS k (key, ordinal)`;
  await auditAct(tx, request, {
    action: 'generation.requested',
    subject_type: 'job',
    subject_id: job.id,
    contract_id: request.contract_id,
    environment: request.environment,
    after: { requested: request.requested, execution: 'inline', channel: request.channel, is_test: true },
    clock: request.clock,
  });
  const counts = { licenses_requested: request.requested, licenses_generated: request.requested };
  const data = {
    contract_id: request.contract_id,
    job_id: job.id,
    state: 'SUCCEEDED',
    ...counts,
    is_test: true,
  } as const;
  await insertDomainEvents(tx, request.contract_id, [
    { at: request.now, type: 'license.batch_generated', environment: request.environment, data },
  ]);
  return job;
}
