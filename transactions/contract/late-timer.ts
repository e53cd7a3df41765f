/** Records when the workflow of a contract waits for a later instant than it should (`timer_at`, domain/contract/nudge.ts). */
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { timerInstant } from '../../domain/contract/nudge';
import type { AwaitedByWorkflow } from '../../domain/contract/nudge';
import type { Sql } from '../../db/base/database';
import { setTimerInstant } from '../../db/contract/save-contract';
import type { ChangedContract } from './changed-contract';

/** Leaves it to the sweep to wake a workflow. `before` is what it waited for before the change. The contract's row is locked. */
export async function leaveToSweep(tx: Sql, contract_id: string, before: AwaitedByWorkflow): Promise<void> {
  if (before.timer_at === null) await setTimerInstant(tx, contract_id, timerInstant(before));
}

/**
 * Records that a step of the contract's own workflow has changed it, or only looked at it: the workflow sets its timer after this
 * step for the next instant. A change that commits later finds this recorded. The contract's row is locked.
 */
export async function recordOwnStep(tx: Sql, changed: ChangedContract | Refusal): Promise<void> {
  if (!isRefusal(changed) && changed.stored.timer_at !== null) await setTimerInstant(tx, changed.facts.id, null);
}
