/**
 * Fills up the pool of one contract: one job at a time, within the quota, until the pool has enough licenses or nothing more can be done.
 *
 * Postgres decides under the lock of the contract, so a second run requests nothing twice. The workflow waits for the job and decides
 * again after it, because orders may have taken licenses meanwhile. A pool for which nothing can be done now is left to the sweep.
 */
import {
  condition,
  continueAsNew,
  defineSignal,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { PoolActivities, ReplenishedPool } from '../activities/pool/pool';
import { instantFromMillis } from '../domain/base/instant';
import { shortActivities } from './short-activity';

export interface ReplenishPoolInput {
  contract_id: string;
}

/** The pool, its contract or its job was changed: decide again. */
export const wakePoolSignal = defineSignal('wake');

/** The end of a job is signaled. This is how long the workflow waits when the signal is lost. */
const JOB_LOOK_INTERVAL = '1m';

const runShort = shortActivities<PoolActivities>();

export async function replenishPool({ contract_id }: ReplenishPoolInput): Promise<ReplenishedPool> {
  let woken = false;
  setHandler(wakePoolSignal, () => void (woken = true), { description: 'Decide again' });
  for (;;) {
    woken = false;
    const pool = await runShort('replenishPool', 'replenish the pool', { contract_id, now: now() });
    setCurrentDetails(details(pool));
    if (pool.outcome === 'generating') await condition(() => woken, JOB_LOOK_INTERVAL);
    else if (!woken) return pool;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof replenishPool>({ contract_id });
  }
}

function details({ outcome, licenses, blocked_by }: ReplenishedPool): string {
  const requested = licenses === 0 ? '' : `: ${licenses} licenses requested`;
  return `**${outcome}**${requested}${blocked_by === null ? '' : `; blocked by ${blocked_by}`}`;
}

/** The workflow's own time: it follows skipped time, and a replay repeats it. */
function now(): string {
  return instantFromMillis(Date.now());
}
