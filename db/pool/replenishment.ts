/**
 * The replenishment of pools: what a decision about it depends on, and what became of the last one. The table `pool_replenishments` has a row
 * from the first attempt until the pool has enough licenses. Only a transaction that has locked the contract writes it.
 */
import type { Instant } from '../../domain/base/instant';
import type { RefusalCode } from '../../domain/base/refusal';
import {
  BLOCKED_BY_JOB,
  BLOCKED_BY_QUOTA,
  BLOCKED_BY_SHORT_VALIDITY,
  BLOCKED_RETRY_HOURS,
} from '../../domain/pool/replenishment';
import type { PoolSupply } from '../../domain/pool/replenishment';
import type { Fragment, Sql } from '../base/database';
import { openJobsOf } from '../generation/generation-job';
import { countAvailable, givenOutAfter, hasAvailable, isLow, isOpenPool, timeOfContract } from './level';

/**
 * Reads what the replenishment of a pool depends on, in one statement: a chunk that is committed meanwhile changes reserved licenses into
 * available ones. Counts at most `target` licenses that can be given out.
 */
export async function findPoolSupply(sql: Sql, contract_id: string, at: Instant, target: number): Promise<PoolSupply> {
  const [supply] = await sql<[PoolSupply]>`
    SELECT ${countAvailable(sql, { contract_id: sql`c.id`, after: givenOutAfter(sql, sql`${at}::timestamptz`), most: sql`${target}::int` })} AS available,
           (SELECT reserved FROM (${openJobsOf(sql, sql`${contract_id}`)}) open) AS reserved,
           (SELECT jsonb_build_object('id', j.id, 'state', j.state)
            FROM pool_replenishments r JOIN generation_jobs j ON j.id = r.job_id WHERE r.contract_id = ${contract_id}) AS job,
           (SELECT jsonb_build_object('code', blocked_by, 'at', to_char(blocked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
            FROM pool_replenishments WHERE contract_id = ${contract_id} AND blocked_by IS NOT NULL) AS block
    FROM contracts c WHERE c.id = ${contract_id}`;
  return supply;
}

/** Stores what became of a replenishment: its job, or why it was blocked. What is left out stays. */
export async function saveReplenishment(
  tx: Sql,
  contract_id: string,
  outcome: { job_id?: string; block: PoolSupply['block'] },
): Promise<void> {
  const [blocked_by, blocked_at] = [outcome.block?.code ?? null, outcome.block?.at ?? null];
  await tx`
    INSERT INTO pool_replenishments (contract_id, job_id, blocked_by, blocked_at)
    VALUES (${contract_id}, ${outcome.job_id ?? null}, ${blocked_by}, ${blocked_at})
    ON CONFLICT (contract_id) DO UPDATE
    SET job_id = coalesce(excluded.job_id, pool_replenishments.job_id), blocked_by = excluded.blocked_by, blocked_at = excluded.blocked_at`;
}

/** Forgets the last replenishment: the pool has enough licenses, or its contract states another target. */
export async function deleteReplenishment(tx: Sql, contract_id: string): Promise<void> {
  await tx`DELETE FROM pool_replenishments WHERE contract_id = ${contract_id}`;
}

/** What blocks a replenishment until its contract says something else about the validity of licenses. */
const BLOCKED_BY_VALIDITY: readonly string[] = ['EXPIRY_IN_PAST' satisfies RefusalCode, BLOCKED_BY_SHORT_VALIDITY];

/** Ends what blocks a replenishment because of the validity of licenses, after its contract was changed. */
export async function unblockValidity(tx: Sql, contract_id: string): Promise<void> {
  await tx`
    UPDATE pool_replenishments SET blocked_by = NULL, blocked_at = NULL
    WHERE contract_id = ${contract_id} AND blocked_by = ANY(${[...BLOCKED_BY_VALIDITY]})`;
}

/**
 * The condition that the replenishment of the pool `c` is blocked: by the quota until it is raised, by something else while the pool has
 * few licenses and the cause remains.
 */
export function isReplenishmentBlocked(sql: Sql): Fragment {
  return sql`(c.auto_replenish IS NOT NULL AND EXISTS (
    SELECT FROM pool_replenishments r JOIN contract_quotas q USING (contract_id)
    WHERE r.contract_id = c.id AND CASE r.blocked_by
      WHEN ${BLOCKED_BY_QUOTA} THEN q.claimed >= q.total AND NOT ${hasAvailable(sql, targetOf(sql))}
      ELSE r.blocked_by IS NOT NULL AND ${causeRemains(sql)} AND ${isLow(sql)} END))`;
}

/** Causes that are rows of the catalogue. */
const OF_CATALOGUE = {
  product: 'PRODUCT_INACTIVE',
  generator: 'GENERATOR_NOT_AVAILABLE',
} as const satisfies Record<string, RefusalCode>;

/**
 * The condition that the cause, other than the quota, remains that blocked the replenishment `r` of the pool `c`. It is read from where the
 * cause is, because the end of a cause changes no row of the pool. Causes that are in no row remain until the next attempt.
 */
function causeRemains(sql: Sql): Fragment {
  return sql`CASE r.blocked_by
    WHEN ${BLOCKED_BY_JOB} THEN EXISTS (SELECT FROM generation_jobs j WHERE j.id = r.job_id AND j.state IN ('CANCELLED', 'PARTIAL', 'FAILED'))
    WHEN ${OF_CATALOGUE.product} THEN EXISTS (SELECT FROM products p WHERE p.id = c.product_id AND p.status <> 'active')
    WHEN ${OF_CATALOGUE.generator} THEN NOT EXISTS (
      SELECT FROM generators g WHERE g.id = c.generator_id AND g.status = 'active' AND g.deleted_at IS NULL)
    ELSE true END`;
}

/**
 * A query for pools to be replenished, with the time since when: those with few licenses, and those that were short and have quota again.
 * A pool with an unfinished job waits for it; one that is blocked by something else than its quota is tried again when the cause is gone,
 * and each hour.
 */
export function poolsToReplenish(sql: Sql, since: Fragment): Fragment {
  return sql`
    SELECT c.id, coalesce(l.low_since, ${since}) AS since
    FROM contracts c LEFT JOIN pool_replenishments r ON r.contract_id = c.id LEFT JOIN pool_levels l ON l.contract_id = c.id
    WHERE ${isOpenPool(sql)} AND c.auto_replenish IS NOT NULL
      AND NOT EXISTS (
        SELECT FROM generation_jobs g WHERE g.contract_id = c.id AND g.state IN ('QUEUED', 'RUNNING', 'PAUSED', 'CANCELLING'))
      AND CASE r.blocked_by
        WHEN ${BLOCKED_BY_QUOTA} THEN EXISTS (SELECT FROM contract_quotas q WHERE q.contract_id = c.id AND q.claimed < q.total)
                                      AND NOT ${hasAvailable(sql, targetOf(sql))}
        ELSE (coalesce(r.blocked_at <= ${timeOfContract(sql)} - make_interval(hours => ${BLOCKED_RETRY_HOURS}), true) OR NOT ${causeRemains(sql)})
             AND ${isLow(sql)} END`;
}

function targetOf(sql: Sql): Fragment {
  return sql`(c.auto_replenish ->> 'target')::int`;
}
