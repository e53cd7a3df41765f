/**
 * Makes the runs of schedules that are due, each by a request for licenses as a person would send it (domain.md 5.1 to 5.3).
 *
 * A transaction makes one run: under the lock of the contract it settles the contract, finds the earliest run that is due, requests the
 * licenses, inserts the row of the run, and moves the schedule to its next run. So a run is made once, also after an interruption, and the
 * runs of one contract are made in the order of their instants.
 */
import { insertAudit } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { violates } from '../../db/base/errors';
import { findCustomer } from '../../db/catalogue/customer';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { insertRun } from '../../db/schedule/run';
import { listRunningSchedules, moveSchedule } from '../../db/schedule/schedule';
import type { ScheduleRow } from '../../db/schedule/schedule';
import { SCHEDULE } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import type { ContractFacts } from '../../domain/contract/facts';
import { NO_NUDGE } from '../../domain/contract/nudge';
import type { Nudge } from '../../domain/contract/nudge';
import { generationRefusal } from '../../domain/generation/generation';
import { runAfter } from '../../domain/schedule/calendar';
import { runDecision } from '../../domain/schedule/run';
import type { RunDecision } from '../../domain/schedule/run';
import type { ChangedContract } from '../contract/changed-contract';
import { settleForGrant } from '../contract/check-contract';
import { grantSettled } from '../generation/grant-licenses';
import type { GeneratedJob } from '../generation/license-request';
import { KEY_DRAWS_MAX } from '../generation/request-licenses';
import { requestOperation } from '../license/request-operation';
import { computedRun, isComputedByOwnRules } from './next-run';

/** A run that was made or skipped. */
export interface MadeRun extends RunDecision {
  schedule_id: string;
  due_at: Instant;
}

export interface RunStep {
  /** Null: none was due. */
  run: MadeRun | null;
  /** When the next run of the contract is due; null: it has none, or it follows a test clock. */
  next_run_at: Instant | null;
  /** The workflows to signal after the commit. */
  nudge: Nudge;
}

/** Runs a transaction. */
type Begin = <T>(work: (tx: Sql) => Promise<T>) => Promise<T>;

interface RunAct {
  contract_id: string;
  /** The real time. */
  now: Instant;
}

/**
 * Makes the earliest run of a contract that is due, if one is. Up to 99 licenses are generated in the transaction, more by a background
 * job. Safe to run twice, also at the same time. `begin` runs its transactions.
 */
export async function makeNextRun(act: RunAct, begin: Begin): Promise<RunStep> {
  for (let draws = 1; ; draws++) {
    const exhausted =
      draws > KEY_DRAWS_MAX ? refuse('GENERATOR_KEYSPACE_EXHAUSTED', { attempts: KEY_DRAWS_MAX }) : null;
    try {
      return await begin((tx) => decideAndMake(tx, act, exhausted));
    } catch (error) {
      if (exhausted !== null || !violates(error, 'license_key_unique')) throw error;
    }
  }
}

async function decideAndMake(tx: Sql, { contract_id, now }: RunAct, exhausted: Refusal | null): Promise<RunStep> {
  const act = { id: contract_id, actor: SCHEDULE, now, request_id: null };
  const settled = await settleForGrant(tx, act, (facts, context) => exhausted ?? generationRefusal(facts, context));
  if (isRefusal(settled)) return { run: null, next_run_at: null, nudge: NO_NUDGE };
  const schedules = await listComputed(tx, settled.facts);
  const [due] = schedules;
  const next_run_at = due?.next_run_at ?? null;
  if (due === undefined || next_run_at === null || next_run_at > settled.facts.settled_until)
    return { run: null, next_run_at: settled.stored.clock_now === null ? next_run_at : null, nudge: settled.nudge };
  return make(tx, settled, due, now);
}

/** The running schedules of a contract by their next runs, whose instants are computed by the time zone rules of this process. */
async function listComputed(tx: Sql, { id, timezone }: ContractFacts): Promise<ScheduleRow[]> {
  const schedules = await listRunningSchedules(tx, id);
  for (const schedule of schedules) {
    if (isComputedByOwnRules(schedule)) continue;
    const next = computedRun(schedule, timezone, schedule.next_date);
    schedule.next_run_at = next?.at ?? null;
    await moveSchedule(tx, schedule.id, { next });
  }
  return schedules.sort((a, b) => ((a.next_run_at ?? '') < (b.next_run_at ?? '') ? -1 : 1));
}

/** Makes or skips the run of a schedule that is due. */
async function make(tx: Sql, settled: ChangedContract, schedule: ScheduleRow, real_now: Instant): Promise<RunStep> {
  const { facts } = settled;
  const { settled_until: now, timezone } = facts;
  const { id: schedule_id, contract_id, count } = schedule;
  const due_at = schedule.next_run_at as Instant;
  const run_date = schedule.next_date as string;
  const decision = runDecision({ due_at, count }, { quota: facts.quota, refusal: settled.refusal, now });
  const job = decision.licenses === 0 ? null : await request(tx, settled, decision.licenses, real_now);
  const assigned = job === null ? NOT_ASSIGNED : await assign(tx, schedule, job, real_now);
  const run = { ...decision, code: decision.code ?? assigned.code };
  await insertRun(tx, {
    ...{ schedule_id, contract_id, run_date, due_at, executed_at: now },
    ...{ outcome: run.outcome, code: run.code, requested: count, licenses: run.licenses },
    ...{ job_id: job?.id ?? null, customer_id: assigned.customer_id, contract_state: settled.stored.state },
  });
  await record(tx, facts, { schedule, due_at, decision, unassigned: assigned.code, job_id: job?.id ?? null });
  const date = runAfter(schedule, timezone, { date: run_date, at: due_at })?.date ?? null;
  await moveSchedule(tx, schedule_id, { last_date: run_date, next: computedRun(schedule, timezone, date) });
  const job_ids = job?.execution === 'background' ? [job.id] : [];
  const nudge = { ...settled.nudge, job_ids: [...settled.nudge.job_ids, ...job_ids] };
  // Another schedule may be due at the same instant.
  return { run: { ...run, schedule_id, due_at }, next_run_at: now, nudge };
}

async function request(tx: Sql, settled: ChangedContract, count: number, now: Instant): Promise<GeneratedJob> {
  const { id: contract_id } = settled.facts;
  const asked = { contract_id, count, test: false, actor: SCHEDULE, channel: 'schedule' as const, now };
  const rest = { idempotency: null, request_id: null, rated: false, credential: null };
  const { granted } = await grantSettled(tx, { ...asked, ...rest }, null, settled);
  if (granted === 'not_granted')
    throw new Error(`the licenses of a schedule of contract ${contract_id} were not granted`);
  return granted.job;
}

const NOT_ASSIGNED = { customer_id: null, code: null };

/**
 * Assigns the licenses of an inline job to the customer of the schedule. Those of a background job are assigned at its end
 * (transactions/generation/assign-scheduled.ts). A customer who was erased meanwhile gets none.
 */
async function assign(
  tx: Sql,
  { contract_id, customer_id }: ScheduleRow,
  job: GeneratedJob,
  now: Instant,
): Promise<{ customer_id: string | null; code: string | null }> {
  if (customer_id === null) return NOT_ASSIGNED;
  const customer = await findCustomer(tx, customer_id, { lock: 'refer' });
  if (customer === undefined || customer.erased_at !== null) return { customer_id: null, code: 'PERSON_ERASED' };
  if (job.execution === 'background') return { customer_id, code: null };
  const task = { kind: 'assign', customer_id, reassign: false } as const;
  const selection = { filter: { contract_id, job_id: job.id }, limit: null };
  const assigned = await requestOperation(tx, task, selection, { actor: SCHEDULE, now, request_id: null });
  if (isRefusal(assigned)) throw new Error(`the licenses of job ${job.id} were not assigned: ${assigned.code}`);
  return { customer_id, code: null };
}

/** What was made of a run that is due. */
interface DecidedRun {
  schedule: ScheduleRow;
  due_at: Instant;
  decision: RunDecision;
  /** Why its licenses are not assigned to the customer of the schedule; null: they are, or it has none. */
  unassigned: string | null;
  job_id: string | null;
}

/**
 * Writes an audit row and a domain event about a run that was skipped or shortened, and about one whose licenses have no customer. The job
 * of another run has its own.
 */
async function record(
  tx: Sql,
  { environment, test_clock_id, settled_until: at, quota }: ContractFacts,
  { schedule, due_at, decision, unassigned, job_id }: DecidedRun,
): Promise<void> {
  const { id: schedule_id, contract_id, count: requested } = schedule;
  const { outcome, licenses } = decision;
  const remaining = quota.total - quota.claimed - licenses;
  const noticed = [
    { action: outcome === 'skipped' ? 'schedule.run_skipped' : 'schedule.run_shortened', code: decision.code },
    { action: 'schedule.run_unassigned', code: unassigned },
  ] as const;
  for (const { action, code } of noticed) {
    if (code === null) continue;
    const after = { due_at, code, requested, licenses, job_id, remaining };
    const subject = { subject_type: 'schedule', subject_id: schedule_id, contract_id, environment } as const;
    const clock = test_clock_id === null ? 'real' : 'test';
    await insertAudit(tx, [{ at, actor: SCHEDULE, action, ...subject, after, reason: code, clock }]);
    const data = { contract_id, schedule_id, ...after };
    await insertDomainEvents(tx, contract_id, [{ at, type: action, environment, data }]);
  }
}
