/** Records what the workflow of a contract does not know yet, so that the sweep wakes it (domain/contract/nudge.ts). */
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { timerInstant } from '../../domain/contract/nudge';
import type { AwaitedByWorkflow } from '../../domain/contract/nudge';
import type { Sql } from '../../db/base/database';
import { updateWorkflowColumns } from '../../db/contract/save-contract';
import type { ChangedContract } from './changed-contract';

/** Leaves it to the sweep to wake a workflow. `before` is what it waited for before the change. The contract's row is locked. */
export async function leaveToSweep(tx: Sql, contract_id: string, before: AwaitedByWorkflow): Promise<void> {
  if (before.timer_at === null) await updateWorkflowColumns(tx, contract_id, { timer_at: timerInstant(before) });
}

/**
 * Records that the caller wakes a workflow after the commit. If it dies first, or Temporal does not answer, the sweep wakes the
 * workflow after a minute. The contract's row is locked.
 */
export async function recordWakeUp(tx: Sql, { facts, stored }: ChangedContract, now: Instant): Promise<void> {
  if (stored.unwoken_since === null) await updateWorkflowColumns(tx, facts.id, { unwoken_since: now });
}

/**
 * Records that a step of the contract's own workflow has changed it, or only looked at it: the workflow sets its timer after this
 * step for the next instant. A change that commits later finds this recorded. The contract's row is locked.
 */
export async function recordOwnStep(tx: Sql, changed: ChangedContract | Refusal): Promise<void> {
  if (isRefusal(changed)) return;
  const { timer_at, unwoken_since } = changed.stored;
  if (timer_at === null && unwoken_since === null) return;
  await updateWorkflowColumns(tx, changed.facts.id, { timer_at: null, unwoken_since: null });
}
