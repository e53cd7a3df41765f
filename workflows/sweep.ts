/**
 * The safety net, run each minute by a schedule: whatever is due in Postgres and has no live workflow gets one.
 *
 * It covers the process that died between commit and start, the Temporal server that was down or lost its data, and the
 * workflow that somebody terminated by hand.
 */
import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { SweepActivities, Swept } from '../activities/sweep';
import { instantFromMillis } from '../domain/instant';

export interface SweepInput {
  /** Which Temporal server this is: rows last started under another epoch are started again. */
  epoch: string;
}

const { sweepOnce } = proxyActivities<SweepActivities>({
  startToCloseTimeout: '50s',
  // The schedule comes again in a minute anyway.
  retry: { initialInterval: '1s', maximumAttempts: 3 },
});

export async function sweep(input: SweepInput): Promise<Swept> {
  const swept = await sweepOnce.executeWithOptions({ summary: 'wakes what is owed' }, [
    { epoch: input.epoch, now: instantFromMillis(Date.now()) },
  ]);
  setCurrentDetails(
    `woke ${swept.contracts} contracts, ${swept.jobs} generation jobs and ${swept.test_clocks} test clocks`,
  );
  return swept;
}
