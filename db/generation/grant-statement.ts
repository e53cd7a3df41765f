/**
 * The statement that claims quota and writes the requested jobs or licenses, and the requests that it takes.
 */
import { storedActor } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import type { Channel, Execution } from '../../domain/base/channel';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { Admission } from '../../domain/generation/rate';
import type { CallerKey } from '../access/caller-key';
import type { AuditClock } from '../base/audit';
import { withoutPipelining } from '../base/database';
import { poolColumns, poolParts, poolRow } from '../pool/available';
import type { Fragment, Sql } from '../base/database';
import { thresholdEvents, thresholdsReached } from '../contract/quota-threshold';

/** One generation request, ready to be granted. */
export interface GenerationRequest {
  /** The id of the job to be inserted. */
  job_id: string;
  contract_id: string;
  environment: Environment;
  terms_id: string;
  /** Whether the licenses are for a pool, and so become available in it. */
  pooled: boolean;
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
  /** Whether it counts in the rate windows of its contract, and is granted only if they admit it. */
  rated: boolean;
  /** The API key of the caller, if the grant has to check it again; null if it needs no check. */
  caller_key: CallerKey | null;
}

/** A granted request. */
export interface GrantedJob {
  id: string;
  serial: string;
  quota_remaining: number;
}

/** Requests for one contract with the same license terms and clock. Those that are admitted are all granted, or none is. */
export interface GrantGroup {
  requests: [GenerationRequest, ...GenerationRequest[]];
  /** The time of the contract's clock when the statement is sent. */
  now: Instant;
}

export interface GrantRow extends Omit<GrantedJob, 'id'> {
  contract_id: string;
  id: string | null;
}

/** The outcome of one group of requests. */
export interface GroupOutcome {
  /** The jobs in any order; none when a condition does not hold. */
  jobs: GrantedJob[];
  /** The admissions of the rated requests that were judged, by the ids of their jobs. */
  admissions: ReadonlyMap<string, Admission>;
}

/** The parts of the statement that differ. */
export interface GrantParts {
  /** The CTEs before the claim: `wanted`, with the sums of each contract, and `candidate`, the requests to grant. */
  before: Fragment;
  /** What the claim joins with `wanted`. */
  claim_from: Fragment;
  /** The condition that the quota row `q` permits what is `wanted`, and that the API keys of the requests are still accepted. */
  may_claim: Fragment;
  /** The final query. */
  answer: Fragment;
}

/** Sends the granting statement. */
export function sendGrant(
  sql: Sql,
  requests: readonly GenerationRequest[],
  { before, claim_from, may_claim, answer }: GrantParts,
): PromiseLike<GrantRow[]> {
  const reached = (total: Fragment, remaining: Fragment) => thresholdsReached(sql, total, remaining);
  return withoutPipelining(sql<GrantRow[]>`
    WITH ${before}, claim AS (
      UPDATE contract_quotas q
      SET claimed = claimed + wanted.requested, thresholds_reached = ${reached(sql`total`, sql`(total - claimed - wanted.requested)`)},
          event_sequence = event_sequence + wanted.inline + ${reached(sql`total`, sql`(total - claimed - wanted.requested)`)}
                           - ${reached(sql`total`, sql`(total - claimed)`)}
      FROM wanted ${claim_from}
      WHERE q.contract_id = wanted.contract_id AND ${may_claim}
      RETURNING q.contract_id, wanted.terms_id, total, total - claimed + wanted.requested AS remaining_before,
                -- The number of the first event, less 1 and less the thresholds that were reached before.
                event_sequence - wanted.inline - thresholds_reached AS events_before
    ), request AS (
      -- Each request gets the quota that remained after it.
      SELECT contract_id, claim.terms_id, r.job_id, r.environment, r.execution, r.requested, r.chunk_size, r.keys, r.expires_at, r.channel, r.actor, r.now,
             r.clock, r.idempotency_key, r.idempotency_fingerprint, r.request_id, r.execution = 'inline' AS inline,
             claim.total, (claim.remaining_before - sum(r.requested) OVER earlier)::int AS quota_remaining,
             ${reached(sql`claim.total`, sql`(claim.remaining_before - sum(r.requested) OVER earlier + r.requested)`)} AS reached_before,
             ${reached(sql`claim.total`, sql`(claim.remaining_before - sum(r.requested) OVER earlier)`)} AS reached_after,
             claim.events_before + count(*) FILTER (WHERE r.execution = 'inline') OVER earlier AS events_before
      FROM claim JOIN candidate r USING (contract_id)
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
    ), ${fillPools(sql, requests)} audited AS (
      INSERT INTO audit_events (at, actor, action, subject_type, subject_id, contract_id, environment, after, request_id, clock)
      SELECT now, actor, 'generation.requested', 'job', job_id, contract_id, environment,
             jsonb_build_object('requested', requested, 'execution', execution, 'channel', channel), request_id, clock
      FROM request
    ), event AS (
      -- Those of a request come after those of earlier ones: its licenses, then the thresholds that it reaches.
      INSERT INTO domain_events (at, type, contract_id, environment, data, sequence)
      SELECT now, 'license.batch_generated', contract_id, environment,
             jsonb_build_object('contract_id', contract_id, 'job_id', job_id, 'state', 'SUCCEEDED', 'licenses_requested', requested,
                                'licenses_generated', requested, 'is_test', false),
             events_before + reached_before
      FROM request WHERE inline
      UNION ALL ${thresholdEvents(sql, sql`request`)}
    )
    ${answer}`);
}

/** The condition that the quota row `q` permits what is `wanted`. */
export function isClaimable(sql: Sql): Fragment {
  return sql`grantable_terms_id = wanted.terms_id AND claimed + wanted.requested <= total
        -- A boundary may pass during the wait for the row's lock. A test clock does not move meanwhile.
        AND open_until > wanted.now + CASE wanted.clock WHEN 'real' THEN clock_timestamp() - statement_timestamp() ELSE '0' END`;
}

/** The CTE that makes inline licenses of pools available. A statement without such requests has none, because each CTE costs time. */
function fillPools(sql: Sql, requests: readonly GenerationRequest[]): Fragment {
  const pooled = requests.filter((request) => request.pooled && request.execution === 'inline');
  if (pooled.length === 0) return sql``;
  return sql`
    pooled AS (
      INSERT INTO pool_available (${poolColumns(sql)})
      SELECT request.contract_id, coalesce(request.expires_at, 'infinity'), ${poolRow(sql, sql`(job.serial << 24) + 1`, sql`request.requested`)}
      FROM job JOIN request ON request.job_id = job.id, ${poolParts(sql, sql`request.requested`)}
      WHERE job.id = ANY(${pooled.map(({ job_id }) => job_id)}::uuid[])
    ),`;
}

/** The CTEs `wanted` and `candidate` of a statement that grants all requests of a group or none. */
export function requestSums(sql: Sql, groups: readonly GrantGroup[]): Fragment {
  const requests = groups.flatMap((group) => group.requests);
  return sql`
    wanted AS (
      SELECT contract_id, terms_id, now, clock, calls, requested, inline FROM unnest(
        ${groups.map(({ requests: [{ contract_id }] }) => contract_id)}::uuid[],
        ${groups.map(({ requests: [{ terms_id }] }) => terms_id)}::bigint[],
        ${groups.map(({ now }) => now)}::timestamptz[],
        ${groups.map(({ requests: [{ clock }] }) => clock)}::text[],
        ${groups.map((group) => group.requests.length)}::int[],
        ${groups.map((group) => group.requests.reduce((sum, { requested }) => sum + requested, 0))}::int[],
        ${groups.map((group) => group.requests.filter(({ execution }) => execution === 'inline').length)}::int[]
      ) AS w (contract_id, terms_id, now, clock, calls, requested, inline)
    ), candidate AS (${selectRequests(sql, requests)})`;
}

/** A query of the requests. */
export function selectRequests(sql: Sql, requests: readonly GenerationRequest[]): Fragment {
  return sql`
    SELECT contract_id, job_id, environment, execution, requested, chunk_size, keys, expires_at, channel, actor, now, clock,
           idempotency_key, idempotency_fingerprint, request_id, rated
    FROM jsonb_to_recordset(${sql.json(requests.map(statementInput) as never)}) AS r (
      contract_id uuid, job_id uuid, environment text, execution text, requested int, chunk_size int, keys text, expires_at timestamptz,
      channel text, actor jsonb, now timestamptz, clock text, idempotency_key text, idempotency_fingerprint text, request_id text,
      rated boolean)`;
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
    rated: request.rated,
  };
}

/** The API keys to check. */
export function keysOf(requests: readonly GenerationRequest[]): (CallerKey | null)[] {
  return requests.map(({ caller_key }) => caller_key);
}
