/**
 * Fills up a pool that has few available licenses, by a request for licenses as a person would send it (domain.md 5.4).
 *
 * One transaction decides and requests under the lock of the contract, so two replenishments never run at the same time, and a repetition
 * finds the job of the first attempt.
 */
import { insertAudit } from '../../db/base/audit';
import type { Database, Sql } from '../../db/base/database';
import { violates } from '../../db/base/errors';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { deleteReplenishment, findPoolSupply, saveReplenishment } from '../../db/pool/replenishment';
import { REPLENISHMENT } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import type { ContractFacts } from '../../domain/contract/facts';
import { NO_NUDGE } from '../../domain/contract/nudge';
import type { Nudge } from '../../domain/contract/nudge';
import { generationRefusal } from '../../domain/generation/generation';
import { BLOCKED_BY_JOB, BLOCKED_BY_QUOTA, replenishDecision } from '../../domain/pool/replenishment';
import type { PoolSupply } from '../../domain/pool/replenishment';
import type { ChangedContract } from '../contract/changed-contract';
import { settleForGrant } from '../contract/check-contract';
import { grantSettled } from '../generation/grant-licenses';
import { KEY_DRAWS_MAX } from '../generation/request-licenses';
import { endOverdueHolds } from './end-overdue-holds';

export interface Replenishment {
  /** `generating`: a job of the replenishment is unfinished. The others end it for now. */
  outcome: 'not_now' | 'enough' | 'blocked' | 'generating';
  /** How many licenses this call has requested. */
  licenses: number;
  /** Why it is blocked; null otherwise. */
  blocked_by: string | null;
  /** The workflows to signal after the commit. */
  nudge: Nudge;
}

/** Runs a transaction. */
type Begin = <T>(work: (tx: Sql) => Promise<T>) => Promise<T>;

interface PoolAct {
  contract_id: string;
  /** The real time. */
  now: Instant;
}

/**
 * Fills up the pool of a contract as far as its quota allows, if it has fewer licenses than `low_water`. Up to 99 licenses are generated in
 * the transaction, more by a background job. Safe to run twice, also at the same time. `begin` runs its transactions.
 */
export async function replenishPool(db: Database, act: PoolAct, begin: Begin): Promise<Replenishment> {
  // Their licenses are available again, and would be too many afterwards.
  await endOverdueHolds(db, act);
  for (let draws = 1; ; draws++) {
    const exhausted =
      draws > KEY_DRAWS_MAX ? refuse('GENERATOR_KEYSPACE_EXHAUSTED', { attempts: KEY_DRAWS_MAX }) : null;
    try {
      return await begin((tx) => decideAndRequest(tx, act, exhausted));
    } catch (error) {
      if (exhausted !== null || !violates(error, 'license_key_unique')) throw error;
    }
  }
}

async function decideAndRequest(
  tx: Sql,
  { contract_id, now: real_now }: PoolAct,
  exhausted: Refusal | null,
): Promise<Replenishment> {
  const act = { id: contract_id, actor: REPLENISHMENT, now: real_now, request_id: null };
  const settled = await settleForGrant(tx, act, (facts, context) => exhausted ?? generationRefusal(facts, context));
  if (isRefusal(settled)) return { outcome: 'not_now', licenses: 0, blocked_by: null, nudge: NO_NUDGE };
  const { facts, refusal, nudge } = settled;
  const target = facts.auto_replenish?.target ?? 0;
  const supply = await findPoolSupply(tx, contract_id, facts.settled_until, target);
  const decision = replenishDecision(facts, supply, refusal, facts.settled_until);
  const ended = { licenses: 0, blocked_by: null, nudge };
  switch (decision.outcome) {
    case 'enough':
      await deleteReplenishment(tx, contract_id);
      return { ...ended, outcome: 'enough' };
    case 'blocked':
      await block(tx, facts, supply, { ...decision, licenses: 0 });
      return { ...ended, outcome: 'blocked', blocked_by: decision.code };
    case 'generate':
      return request(tx, settled, supply, { ...decision, real_now });
    case 'generating':
      return { ...ended, outcome: 'generating', nudge: withQueuedJob(nudge, supply.job) };
    case 'not_now':
      return { ...ended, outcome: 'not_now' };
  }
}

/** The workflow of a job that has not begun may not have been started: the process died after the commit. */
function withQueuedJob(nudge: Nudge, job: PoolSupply['job']): Nudge {
  return job?.state === 'QUEUED' ? { ...nudge, job_ids: [...nudge.job_ids, job.id] } : nudge;
}

/** Requests licenses. When the quota is not enough for the target, the replenishment is blocked from then on. */
async function request(
  tx: Sql,
  settled: ChangedContract,
  supply: PoolSupply,
  { licenses, is_short, real_now }: { licenses: number; is_short: boolean; real_now: Instant },
): Promise<Replenishment> {
  const { facts } = settled;
  const contract_id = facts.id;
  const { granted } = await grantSettled(tx, licenseRequest(contract_id, licenses, real_now), null, settled);
  if (granted === 'not_granted')
    throw new Error(`the licenses for the pool of contract ${contract_id} were not granted`);
  const { job } = granted;
  const nudge =
    job.execution === 'background' ? { ...settled.nudge, job_ids: [...settled.nudge.job_ids, job.id] } : settled.nudge;
  await saveReplenishment(tx, contract_id, { job_id: job.id, block: null });
  if (is_short) await block(tx, facts, supply, { code: BLOCKED_BY_QUOTA, is_new: true, licenses });
  const blocked_by = is_short ? BLOCKED_BY_QUOTA : null;
  if (job.execution === 'background') return { outcome: 'generating', licenses, blocked_by, nudge };
  return { outcome: is_short ? 'blocked' : 'enough', licenses, blocked_by, nudge };
}

function licenseRequest(contract_id: string, count: number, now: Instant) {
  const asked = { contract_id, count, test: false, actor: REPLENISHMENT, channel: 'replenish' as const, now };
  return { ...asked, idempotency: null, request_id: null, rated: false, credential: null };
}

/**
 * Records that a replenishment is blocked, with an audit row and a domain event if it was not blocked by this before. `licenses` were
 * requested nevertheless.
 */
async function block(
  tx: Sql,
  { id: contract_id, environment, auto_replenish, test_clock_id, quota, settled_until: at }: ContractFacts,
  { available, reserved }: PoolSupply,
  { code, is_new, licenses }: { code: string; is_new: boolean; licenses: number },
): Promise<void> {
  // A failed job is tried again after an hour, counted from its end; everything else after an hour from the last attempt.
  if (is_new || code !== BLOCKED_BY_JOB) await saveReplenishment(tx, contract_id, { block: { code, at } });
  if (!is_new) return;
  const action = code === BLOCKED_BY_QUOTA ? 'pool.replenish_blocked_by_quota' : 'pool.replenish_blocked';
  const remaining = quota.total - quota.claimed - licenses;
  const after = { code, target: auto_replenish?.target ?? null, available, reserved, requested: licenses, remaining };
  const subject = { subject_type: 'contract', subject_id: contract_id, contract_id, environment } as const;
  const clock = test_clock_id === null ? 'real' : 'test';
  await insertAudit(tx, [{ at, actor: REPLENISHMENT, action, ...subject, after, clock }]);
  await insertDomainEvents(tx, contract_id, [{ at, type: action, environment, data: { contract_id, ...after } }]);
}
