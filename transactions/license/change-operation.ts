/** Changes the state of a job that operates on licenses, each change with its audit row. */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { findContract } from '../../db/contract/contract';
import { insertDomainEvents } from '../../db/contract/domain-event';
import {
  findOperation,
  insertOperation,
  lockOperation,
  setOperationState,
  takeContracts,
} from '../../db/license/license-operation';
import type { LicenseOperationRow, NewLicenseOperation, StoredOperation } from '../../db/license/license-operation';
import { insertOutcomes } from '../../db/license/license-outcome';
import { deleteSelected } from '../../db/license/selected-license';
import { recordStart } from '../../db/system/sweep';
import { SYSTEM } from '../../domain/base/actor';
import type { Act } from '../../domain/base/edit';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import {
  cancelOperationDecision,
  finalOperationState,
  leftOf,
  operationAction,
  resumeOperationDecision,
} from '../../domain/license/license-operation';
import type { LicenseOperationState } from '../../domain/license/license-operation';
import { taskOf } from '../../domain/license/license-task';
import { auditSubjectOf, insertOperationEvents, unknownDecisions } from './operate-on-licenses';

/** Creates a job that waits for its workflow. */
export async function createOperation(
  tx: Sql,
  job: Omit<NewLicenseOperation, keyof Act>,
  act: Act,
): Promise<LicenseOperationRow> {
  const id = await insertOperation(tx, { ...job, ...act });
  await insertOutcomes(tx, id, unknownDecisions(job.unknown_ids ?? []));
  const row = (await findOperation(tx, id)) as LicenseOperationRow;
  const { kind, state, requested, exact, reassign, filter } = row;
  await audit(tx, row, act, 'license_operation.requested', {
    before: null,
    after: {
      ...{ kind, state, requested, exact },
      ...(kind === 'assign' ? { reassign } : {}),
      ...(filter === null ? {} : { filter: { ...filter } as JsonObject }),
    },
  });
  return row;
}

/** Sets a queued job running, and records where its workflow was started. Returns the job. Safe to run twice. */
export async function openOperation(
  tx: Sql,
  { job_id, now, epoch }: { job_id: string; now: Instant; epoch: string | undefined },
): Promise<StoredOperation> {
  const job = await lockOperation(tx, job_id);
  if (!job) throw new Error(`license operation ${job_id} does not exist`);
  await recordStart(tx, 'operation', job_id, epoch);
  if (job.state !== 'QUEUED') return job;
  await setState(tx, job, 'RUNNING', bySystem(now));
  return { ...job, state: 'RUNNING' };
}

/** Ends a job that has nothing left to do, with one domain event for each contract. Returns its state. Safe to run twice. */
export async function closeOperation(tx: Sql, job_id: string, now: Instant): Promise<LicenseOperationState> {
  const job = await lockOperation(tx, job_id);
  if (!job) throw new Error(`license operation ${job_id} does not exist`);
  if (job.state !== 'RUNNING' && job.state !== 'CANCELLING') return job.state;
  const state = finalOperationState(job.state, job);
  const { done, moved, unchanged, conflict, not_available } = job;
  await setState(tx, job, state, bySystem(now), { done, moved, unchanged, conflict, not_available });
  if (leftOf(job) === 0) await deleteSelected(tx, job_id);
  const contracts = await takeContracts(tx, job_id);
  await insertOperationEvents(
    tx,
    { operation_id: job_id, task: taskOf(job) },
    contracts.map((contract) => ({ ...contract, at: contract.clock_now ?? now })),
  );
  if (state === 'PARTIAL' || state === 'FAILED') await reportFailure(tx, job, state, now);
  return state;
}

/** Reports that the job has not changed all licenses, of the only contract that it is about, or of none. */
async function reportFailure(
  tx: Sql,
  job: StoredOperation,
  state: 'PARTIAL' | 'FAILED',
  now: Instant,
): Promise<void> {
  const { id: job_id, contract_id, requested, exact } = job;
  const contract = contract_id === null ? undefined : await findContract(tx, contract_id);
  const done = job.done + (exact ? 0 : job.unchanged);
  const data = {
    ...{ contract_id, kind: 'license_operation' as const, job_id, state },
    ...{ requested, done, failed: requested - done, code: null },
  };
  const at = contract?.clock_now ?? now;
  const environment = contract?.environment ?? null;
  await insertDomainEvents(tx, contract_id, [{ at, type: 'job.failed', environment, data }]);
}

/** Cancels a job; what is changed stays changed. Returns the job. */
export function cancelOperation(tx: Sql, job_id: string, act: Act): Promise<LicenseOperationRow | Refusal> {
  return changeState(tx, job_id, act, cancelOperationDecision);
}

/** Lets a job go on after the last license that it decided about. Returns the job. */
export function resumeOperation(tx: Sql, job_id: string, act: Act): Promise<LicenseOperationRow | Refusal> {
  return changeState(tx, job_id, act, resumeOperationDecision);
}

async function changeState(
  tx: Sql,
  job_id: string,
  act: Act,
  decide: (job: StoredOperation) => LicenseOperationState | 'unchanged' | Refusal,
): Promise<LicenseOperationRow | Refusal> {
  const job = await lockOperation(tx, job_id);
  if (!job) return notFound('license operation', job_id);
  const state = decide(job);
  if (isRefusal(state)) return state;
  if (state !== 'unchanged') await setState(tx, job, state, act);
  return (await findOperation(tx, job_id)) as LicenseOperationRow;
}

async function setState(
  tx: Sql,
  job: StoredOperation,
  state: LicenseOperationState,
  act: Act,
  more: JsonObject = {},
): Promise<void> {
  await setOperationState(tx, job.id, { state, now: act.now });
  await audit(tx, job, act, operationAction(state), { before: { state: job.state }, after: { state, ...more } });
}

function bySystem(now: Instant): Act {
  return { actor: SYSTEM, now, request_id: null };
}

function audit(
  tx: Sql,
  { id, customer_id, contract_id, reason }: StoredOperation,
  act: Act,
  action: string,
  { before, after }: { before: JsonObject | null; after: JsonObject },
): Promise<void> {
  const subject = auditSubjectOf(id, customer_id);
  return auditAct(tx, act, { action, ...subject, contract_id, before, after: { operation_id: id, ...after }, reason });
}
