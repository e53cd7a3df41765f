/**
 * Grants licenses: the statement that claims quota and writes the requested jobs or licenses.
 */
import { storedActor } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import type { Channel, Execution } from '../../domain/base/channel';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import { areKeysAccepted } from '../access/caller-key';
import type { CallerKey } from '../access/caller-key';
import { auditAct } from '../base/audit';
import type { AuditClock } from '../base/audit';
import { withoutPipelining } from '../base/database';
import type { Fragment, Sql } from '../base/database';
import { limitedLockWait } from '../base/session';

/** One generation request, ready to be granted. */
export interface GenerationRequest {
  /** The id of the job to be inserted. */
  job_id: string;
  contract_id: string;
  environment: Environment;
  terms_id: string;
  execution: Execution;
  requested: number;
  chunk_size: number;
  /** The keys of an inline request, joined by commas; null for a background job. */
  keys: string | null;
  expires_at: Instant | null;
  channel: Channel;
  actor: Actor;
  now: Instant;
  /** The clock that `now` is from. */
  clock: AuditClock;
  idempotency_key: string | null;
  idempotency_fingerprint: string | null;
  request_id: string | null;
  /** The API key of the caller, if the grant has to check it again; null if it needs no check. */
  caller_key: CallerKey | null;
}

/** A granted request. */
export interface GrantedJob {
  id: string;
  serial: string;
  quota_remaining: number;
}

/** Requests for one contract with the same license terms and clock. All of them are granted, or none. */
export interface GrantGroup {
  requests: [GenerationRequest, ...GenerationRequest[]];
  /** The time of the contract's clock when the statement is sent. */
  now: Instant;
}

/**
 * Grants requests for one contract in one statement, all or none. It claims the quota and writes for each request the job, the audit row
 * and, if it is inline, the licenses and the domain event. Returns an empty list when a condition does not hold; then the caller finds
 * the reason (`diagnose` in transactions/generation/check-license-request.ts).
 *
 * Only the quota row decides with which license terms and until when licenses are granted: anything read before its lock was granted may
 * have changed (db/contract/quota.ts). The API keys of callers (`caller_key`) must be accepted when the statement begins. `lock_ms`
 * limits the wait for the row; give it only outside a transaction.
 *
 * @throws 23505 on `jobs_idempotency_unique` for a repeated idempotency key and on `license_key_unique` for an existing license key
 */
export async function grantGeneration(sql: Sql, group: GrantGroup, lock_ms?: number): Promise<GrantedJob[]> {
  const rows = await sendGrant(sql, [group], {
    before: sql``,
    claim_from: lock_ms === undefined ? sql`` : sql`CROSS JOIN ${limitedLockWait(sql, lock_ms)}`,
    answer: sql`SELECT id, serial, quota_remaining FROM job`,
  });
  return rows as GrantedJob[];
}

/** The outcome of one group of requests: its jobs in any order, or none when a condition does not hold. */
export type GroupOutcome = GrantedJob[] | 'row_is_locked';

/**
 * Grants groups of requests, each for a different contract, in one statement, as `grantGeneration` grants one group. It does not wait for
 * quota rows: it skips a contract whose row another transaction has locked. `lock_ms` limits every other wait, such as that for a
 * repeated idempotency key. Returns the outcomes in the order of the groups.
 */
export async function grantWithoutWaiting(
  sql: Sql,
  groups: readonly GrantGroup[],
  lock_ms: number,
): Promise<GroupOutcome[]> {
  const rows = await sendGrant(sql, groups, {
    before: sql`
      free AS MATERIALIZED (
        SELECT q.contract_id FROM contract_quotas q JOIN wanted USING (contract_id) CROSS JOIN ${limitedLockWait(sql, lock_ms)}
        FOR NO KEY UPDATE OF q SKIP LOCKED
      ),`,
    claim_from: sql`JOIN free USING (contract_id)`,
    answer: sql`
      SELECT free.contract_id, job.id, job.serial, job.quota_remaining FROM free LEFT JOIN job ON job.contract_id = free.contract_id`,
  });
  const outcomes = new Map<string, GrantedJob[]>();
  for (const { contract_id, id, serial, quota_remaining } of rows) {
    const jobs = outcomes.get(contract_id) ?? [];
    if (id !== null) jobs.push({ id, serial, quota_remaining });
    outcomes.set(contract_id, jobs);
  }
  return groups.map(({ requests: [{ contract_id }] }) => outcomes.get(contract_id) ?? 'row_is_locked');
}

interface GrantRow extends Omit<GrantedJob, 'id'> {
  contract_id: string;
  id: string | null;
}

/**
 * Sends the granting statement. `before` holds further CTEs before the claim, `claim_from` the tables that the claim joins with the
 * groups, and `answer` the final query.
 */
function sendGrant(
  sql: Sql,
  groups: readonly GrantGroup[],
  { before, claim_from, answer }: { before: Fragment; claim_from: Fragment; answer: Fragment },
): PromiseLike<GrantRow[]> {
  const requests = groups.flatMap((group) => group.requests);
  const rows = requests.map(statementInput);
  return withoutPipelining(sql<GrantRow[]>`
    WITH wanted AS (
      SELECT contract_id, terms_id, now, clock, requested, inline FROM unnest(
        ${groups.map(({ requests: [{ contract_id }] }) => contract_id)}::uuid[],
        ${groups.map(({ requests: [{ terms_id }] }) => terms_id)}::bigint[],
        ${groups.map(({ now }) => now)}::timestamptz[],
        ${groups.map(({ requests: [{ clock }] }) => clock)}::text[],
        ${groups.map((group) => group.requests.reduce((sum, { requested }) => sum + requested, 0))}::int[],
        ${groups.map((group) => group.requests.filter(({ execution }) => execution === 'inline').length)}::int[]
      ) AS w (contract_id, terms_id, now, clock, requested, inline)
    ), ${before} claim AS (
      UPDATE contract_quotas q SET claimed = claimed + wanted.requested, event_sequence = event_sequence + wanted.inline
      FROM wanted ${claim_from}
      WHERE q.contract_id = wanted.contract_id AND grantable_terms_id = wanted.terms_id
        -- A boundary may pass during the wait for the row's lock. A test clock does not move meanwhile.
        AND open_until > wanted.now + CASE wanted.clock WHEN 'real' THEN clock_timestamp() - statement_timestamp() ELSE '0' END
        AND claimed + wanted.requested <= total AND ${areKeysAccepted(sql, keysOf(requests))}
      RETURNING q.contract_id, wanted.terms_id, total - claimed + wanted.requested AS remaining_before,
                event_sequence - wanted.inline AS events_before
    ), request AS (
      -- Each request gets the quota that remained after it.
      SELECT contract_id, claim.terms_id, r.job_id, r.environment, r.execution, r.requested, r.chunk_size, r.keys, r.expires_at, r.channel, r.actor, r.now,
             r.clock, r.idempotency_key, r.idempotency_fingerprint, r.request_id, r.execution = 'inline' AS inline,
             (claim.remaining_before - sum(r.requested) OVER earlier)::int AS quota_remaining,
             claim.events_before + count(*) FILTER (WHERE r.execution = 'inline') OVER earlier AS event_sequence
      FROM claim JOIN jsonb_to_recordset(${sql.json(rows as never)}) AS r (
        contract_id uuid, job_id uuid, environment text, execution text, requested int, chunk_size int, keys text, expires_at timestamptz,
        channel text, actor jsonb, now timestamptz, clock text, idempotency_key text, idempotency_fingerprint text, request_id text
      ) USING (contract_id)
      WINDOW earlier AS (PARTITION BY r.contract_id ORDER BY r.job_id)
    ), job AS (
      INSERT INTO generation_jobs (id, contract_id, environment, terms_id, execution, requested, chunk_size, state, channel, actor, expires_at,
                                   created_at, started_at, finished_at, idempotency_key, idempotency_fingerprint, quota_remaining, request_id)
      SELECT job_id, contract_id, environment, terms_id, execution, requested, chunk_size, CASE WHEN inline THEN 'SUCCEEDED' ELSE 'QUEUED' END,
             channel, actor, expires_at, now, CASE WHEN inline THEN now END, CASE WHEN inline THEN now END,
             idempotency_key, idempotency_fingerprint, quota_remaining, request_id
      FROM request
      RETURNING contract_id, id, serial, quota_remaining
    ), chunk AS (
      INSERT INTO generation_chunks (job_id, chunk_no, licenses, created_at)
      SELECT job.id, 0, request.requested, request.now FROM job JOIN request ON request.job_id = job.id WHERE request.inline
    ), inserted AS (
      INSERT INTO licenses (id, key)
      SELECT (job.serial << 24) + k.ordinal, k.key
      FROM job JOIN request ON request.job_id = job.id, string_to_table(request.keys, ',') WITH ORDINALITY AS k (key, ordinal)
    ), audited AS (
      INSERT INTO audit_events (at, actor, action, subject_type, subject_id, contract_id, environment, after, request_id, clock)
      SELECT now, actor, 'generation.requested', 'job', job_id, contract_id, environment,
             jsonb_build_object('requested', requested, 'execution', execution, 'channel', channel), request_id, clock
      FROM request
    ), event AS (
      INSERT INTO domain_events (at, type, contract_id, environment, data, sequence)
      SELECT now, 'license.batch_generated', contract_id, environment,
             jsonb_build_object('contract_id', contract_id, 'job_id', job_id, 'state', 'SUCCEEDED', 'licenses', requested), event_sequence
      FROM request WHERE inline
    )
    ${answer}`);
}

/** The fields of a request that the statement reads. It runs for each grant, so it is an object literal and not a copy by spread. */
function statementInput(request: GenerationRequest): object {
  return {
    contract_id: request.contract_id,
    job_id: request.job_id,
    environment: request.environment,
    execution: request.execution,
    requested: request.requested,
    chunk_size: request.chunk_size,
    keys: request.keys,
    expires_at: request.expires_at,
    channel: request.channel,
    actor: storedActor(request.actor),
    now: request.now,
    clock: request.clock,
    idempotency_key: request.idempotency_key,
    idempotency_fingerprint: request.idempotency_fingerprint,
    request_id: request.request_id,
  };
}

/** The API keys to check, each once. */
function keysOf(requests: readonly GenerationRequest[]): CallerKey[] {
  const keys = requests.flatMap(({ caller_key }) => caller_key ?? []);
  const nameOf = (key: CallerKey) => `${key.api_key_id} ${key.kind === 'admin' ? key.roles.join(' ') : ''}`;
  return [...new Map(keys.map((key) => [nameOf(key), key])).values()];
}

/** Writes a request for test licenses, which use no quota. Call it with the contract locked. */
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
  return job;
}
