/** Changes the state of an assignment job, each change with its audit row. */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import {
  findAssignmentJob,
  insertAssignmentJob,
  lockAssignmentJob,
  setAssignmentState,
  takeContracts,
} from '../../db/license/assignment-job';
import type { AssignmentJobRow, NewAssignmentJob } from '../../db/license/assignment-job';
import { recordStart } from '../../db/system/sweep';
import { SYSTEM } from '../../domain/base/actor';
import type { Act } from '../../domain/base/edit';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import {
  assignmentJobAction,
  cancelAssignmentDecision,
  finalAssignmentState,
  resumeAssignmentDecision,
} from '../../domain/license/assignment-job';
import type { AssignmentState } from '../../domain/license/assignment-job';
import { insertAssignmentEvents } from './assign-licenses';

/** Creates a job that waits for its workflow. */
export async function createAssignment(
  tx: Sql,
  job: Omit<NewAssignmentJob, keyof Act>,
  act: Act,
): Promise<AssignmentJobRow> {
  const row = await insertAssignmentJob(tx, { ...job, ...act });
  const { reassign, requested, exact, filter } = row;
  await audit(tx, row, act, 'assignment.requested', {
    before: null,
    after: { state: row.state, requested, exact, reassign, ...(filter === null ? {} : { filter: { ...filter } as JsonObject }) },
  });
  return row;
}

/** Sets a queued job running, and records where its workflow was started. Returns the job. Safe to run twice. */
export async function openAssignment(
  tx: Sql,
  { job_id, now, epoch }: { job_id: string; now: Instant; epoch: string | undefined },
): Promise<AssignmentJobRow> {
  const job = await lockAssignmentJob(tx, job_id);
  if (!job) throw new Error(`assignment job ${job_id} does not exist`);
  await recordStart(tx, 'assignment', job_id, epoch);
  if (job.state !== 'QUEUED') return job;
  await setState(tx, job, 'RUNNING', bySystem(now));
  return { ...job, state: 'RUNNING' };
}

/** Ends a job that has nothing left to do, with one domain event for each contract. Returns its state. Safe to run twice. */
export async function closeAssignment(tx: Sql, job_id: string, now: Instant): Promise<AssignmentState> {
  const job = await lockAssignmentJob(tx, job_id);
  if (!job) throw new Error(`assignment job ${job_id} does not exist`);
  if (job.state !== 'RUNNING' && job.state !== 'CANCELLING') return job.state;
  const state = finalAssignmentState(job.state, job);
  const { assigned, reassigned, already_assigned_same, conflict, not_available } = job;
  await setState(tx, job, state, bySystem(now), {
    ...{ assigned, reassigned, already_assigned_same, conflict, not_available },
  });
  const contracts = await takeContracts(tx, job_id);
  await insertAssignmentEvents(
    tx,
    { customer_id: job.customer_id, assignment_id: job_id },
    contracts.map((contract) => ({ ...contract, at: contract.clock_now ?? now })),
  );
  return state;
}

/** Cancels a job; what is assigned stays assigned. Returns the job. */
export function cancelAssignment(tx: Sql, job_id: string, act: Act): Promise<AssignmentJobRow | Refusal> {
  return changeState(tx, job_id, act, cancelAssignmentDecision);
}

/** Lets a job go on after the last license that it decided about. Returns the job. */
export function resumeAssignment(tx: Sql, job_id: string, act: Act): Promise<AssignmentJobRow | Refusal> {
  return changeState(tx, job_id, act, resumeAssignmentDecision);
}

async function changeState(
  tx: Sql,
  job_id: string,
  act: Act,
  decide: (state: AssignmentState) => AssignmentState | 'unchanged' | Refusal,
): Promise<AssignmentJobRow | Refusal> {
  const job = await lockAssignmentJob(tx, job_id);
  if (!job) return notFound('assignment', job_id);
  const state = decide(job.state);
  if (isRefusal(state)) return state;
  if (state !== 'unchanged') await setState(tx, job, state, act);
  return (await findAssignmentJob(tx, job_id)) as AssignmentJobRow;
}

async function setState(tx: Sql, job: AssignmentJobRow, state: AssignmentState, act: Act, more: JsonObject = {}): Promise<void> {
  await setAssignmentState(tx, job.id, { state, now: act.now });
  await audit(tx, job, act, assignmentJobAction(state), { before: { state: job.state }, after: { state, ...more } });
}

function bySystem(now: Instant): Act {
  return { actor: SYSTEM, now, request_id: null };
}

/** The subject of the audit rows of a job is its customer. */
function audit(
  tx: Sql,
  { id, customer_id }: AssignmentJobRow,
  act: Act,
  action: string,
  { before, after }: { before: JsonObject | null; after: JsonObject },
): Promise<void> {
  return auditAct(tx, act, {
    action,
    subject_type: 'customer',
    subject_id: customer_id,
    before,
    after: { assignment_id: id, ...after },
  });
}
