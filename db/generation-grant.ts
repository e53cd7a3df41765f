/**
 * Granting licenses in Postgres: the statement that claims quota and writes what was asked for.
 */
import type { Actor } from '../domain/actor';
import type { Environment } from '../domain/environment';
import { laterOf } from '../domain/instant';
import type { Instant } from '../domain/instant';
import { stillAccepted } from './admin';
import type { CallerKey } from './admin';
import { insertAudit } from './commit';
import type { AuditClock } from './commit';
import { sentAlone } from './index';
import type { Sql } from './index';
import { limitedLockWait } from './session';

/** One generation request, ready to be granted. */
export interface GenerationRequest {
  /** The id its job will have. */
  job_id: string;
  contract_id: string;
  environment: Environment;
  terms_id: string;
  execution: 'inline' | 'background';
  requested: number;
  chunk_size: number;
  /** The keys of an inline request, joined; null for a background job. */
  keys: string | null;
  expires_at: Instant | null;
  channel: 'ui' | 'api';
  actor: Actor;
  now: Instant;
  /** Whose time `now` is. */
  clock: AuditClock;
  idempotency_key: string | null;
  idempotency_fingerprint: string | null;
  request_id: string | null;
  /** The key of the caller where the grant has to check it again; null where it was checked. */
  caller_key: CallerKey | null;
}

/** A granted request. */
export interface GrantedJob {
  id: string;
  serial: string;
  quota_remaining: number;
}

/**
 * Grants requests for one contract in one statement, all or none: claims the quota and writes for each its job, its audit
 * row and, when it is inline, its licenses and its domain event. Empty when anything stands against it; the caller then finds out
 * what (`diagnose` in generation-request.ts). Requests that wait at the same moment come together, because the row of the
 * quota lets only one statement through at a time (bench/: 1,402 calls a second alone, 11,162 merged, 32 callers).
 *
 * The row that is claimed from says under which terms and until when licenses are granted, and nothing else is asked: what was
 * read before the row's lock was granted may have changed since (db/contract-quota.ts). All requests must name the same
 * contract, terms and clock. `now` is when the statement is sent. The keys of callers (`caller_key`) must be accepted then.
 * `lock_ms` limits the wait for the row, of a statement that is no part of a transaction.
 *
 * @throws 23505 on `jobs_idempotency_unique` for a doubled idempotency key and on `license_key_unique` for a collision
 */
export async function grantGeneration(
  sql: Sql,
  requests: [GenerationRequest, ...GenerationRequest[]],
  now: Instant = requests.map((request) => request.now).reduce(laterOf),
  lock_ms?: number,
): Promise<GrantedJob[]> {
  const [{ contract_id, terms_id }] = requests;
  const requested = requests.reduce((sum, request) => sum + request.requested, 0);
  const inline = requests.filter(({ execution }) => execution === 'inline').length;
  // A boundary may pass while the row's lock is awaited. A test clock stands still meanwhile.
  const waited = requests[0].clock === 'real' ? sql`(clock_timestamp() - statement_timestamp())` : sql`interval '0'`;
  return sentAlone(sql<GrantedJob[]>`
    WITH claim AS (
      UPDATE contract_quotas SET claimed = claimed + ${requested}, event_sequence = event_sequence + ${inline}
      ${lock_ms === undefined ? sql`` : sql`FROM ${limitedLockWait(sql, lock_ms)}`}
      WHERE contract_id = ${contract_id} AND grantable_terms_id = ${terms_id} AND open_until > ${now}::timestamptz + ${waited}
        AND claimed + ${requested} <= total AND ${stillAccepted(sql, keysOf(requests))}
      RETURNING contract_id, total - claimed AS remaining, event_sequence - ${inline} AS events_before
    ), request AS (
      -- Each answer tells what was left after its own request: what the later ones took is added again.
      SELECT claim.contract_id, r.job_id, r.environment, r.execution, r.requested, r.chunk_size, r.keys, r.expires_at, r.channel, r.actor, r.now,
             r.clock, r.idempotency_key, r.idempotency_fingerprint, r.request_id, r.execution = 'inline' AS inline,
             (claim.remaining + ${requested} - sum(r.requested) OVER (ORDER BY r.job_id))::int AS quota_remaining,
             claim.events_before + count(*) FILTER (WHERE r.execution = 'inline') OVER (ORDER BY r.job_id) AS event_sequence
      FROM claim, jsonb_to_recordset(${sql.json(requests as never)}) AS r (
        job_id uuid, environment text, execution text, requested int, chunk_size int, keys text, expires_at timestamptz, channel text, actor jsonb,
        now timestamptz, clock text, idempotency_key text, idempotency_fingerprint text, request_id text)
    ), job AS (
      INSERT INTO generation_jobs (id, contract_id, environment, terms_id, execution, requested, chunk_size, state, channel, actor, expires_at,
                                   created_at, started_at, finished_at, idempotency_key, idempotency_fingerprint, quota_remaining, request_id)
      SELECT job_id, contract_id, environment, ${terms_id}, execution, requested, chunk_size, CASE WHEN inline THEN 'SUCCEEDED' ELSE 'QUEUED' END,
             channel, actor, expires_at, now, CASE WHEN inline THEN now END, CASE WHEN inline THEN now END,
             idempotency_key, idempotency_fingerprint, quota_remaining, request_id
      FROM request
      RETURNING id, serial, quota_remaining
    ), chunk AS (
      INSERT INTO generation_chunks (job_id, chunk_no, licenses, created_at)
      SELECT job.id, 0, request.requested, request.now FROM job JOIN request ON request.job_id = job.id WHERE request.inline
    ), made AS (
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
    SELECT id, serial, quota_remaining FROM job`);
}

/** The keys that are to be checked, each once. */
function keysOf(requests: readonly GenerationRequest[]): CallerKey[] {
  const keys = requests.flatMap(({ caller_key }) => caller_key ?? []);
  return [...new Map(keys.map((key) => [`${key.api_key_id} ${key.roles.join(' ')}`, key])).values()];
}

/** Writes a request for test licenses, which cost no quota; call it with the contract locked. */
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
      actor: tx.json({ ...request.actor }),
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
  await insertAudit(tx, [
    {
      at: request.now,
      actor: request.actor,
      action: 'generation.requested',
      subject_type: 'job',
      subject_id: job.id,
      contract_id: request.contract_id,
      environment: request.environment,
      after: { requested: request.requested, execution: 'inline', channel: request.channel, is_test: true },
      request_id: request.request_id,
      clock: request.clock,
    },
  ]);
  return job;
}
