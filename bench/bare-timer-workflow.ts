/**
 * A workflow with a timer and one activity, like a contract but without its logic: the cost of Temporal alone
 * (bare-timers.ts).
 */
import { proxyActivities, sleep, upsertSearchAttributes } from '@temporalio/workflow';
import { NEXT_BOUNDARY } from '../workflows/search-attributes';

const { passBoundary } = proxyActivities<BareTimerActivities>({ startToCloseTimeout: '1m' });

export async function bareTimer({ boundary_ms }: { boundary_ms: number }): Promise<void> {
  upsertSearchAttributes([{ key: NEXT_BOUNDARY, value: new Date(boundary_ms) }]);
  await sleep(Math.max(1, boundary_ms - Date.now()));
  await passBoundary();
  upsertSearchAttributes([{ key: NEXT_BOUNDARY, value: null }]);
}

export interface BareTimerActivities {
  passBoundary(): Promise<void>;
}
