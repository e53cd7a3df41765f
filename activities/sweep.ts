/** What the sweep does each minute: finds what is owed in Postgres and wakes it, and forgets what has run its time. */
import type { Instant } from '../domain/instant';
import { billingContractsToWake, unparkDueBillingEvents } from '../db/billing-inbox';
import type { Database } from '../db/index';
import { dropExpiredIdempotency } from '../db/idempotency';
import { contractsToWake, jobsToWake, markContractsStarted, markJobsStarted, testClocksToAdvance } from '../db/sweep';
import type { Nudger } from '../temporal/nudge';
import type { ClockTeller } from '../temporal/test-clock';
import { alive } from './heartbeat';

/** Rows of each kind woken in one run, so that a server that lost its data is filled again without being flooded. */
export const SWEEP_ROWS_MAX = 500;

export interface SweepOnceInput {
  epoch: string;
  now: Instant;
}

export interface Swept {
  contracts: number;
  jobs: number;
  /** Test clocks on their way. */
  test_clocks: number;
}

export type SweepActivities = ReturnType<typeof createSweepActivities>;

export interface SweepDependencies {
  db: Database;
  nudger: Nudger;
  clocks: ClockTeller;
}

export function createSweepActivities({ db, nudger, clocks }: SweepDependencies) {
  return {
    /** Wakes what is due or was last started on another server. Safe to run twice: waking the living changes nothing. */
    sweepOnce: (input: SweepOnceInput): Promise<Swept> => alive(sweepOnce(input)),
  };

  async function sweepOnce({ epoch, now }: SweepOnceInput): Promise<Swept> {
    const jobs = await jobsToWake(db, { epoch, now, limit: SWEEP_ROWS_MAX });
    const woken_jobs = await nudger.wakeJobs(jobs);
    await markJobsStarted(db, woken_jobs, epoch);
    const contracts = new Set([
      ...(await contractsToWake(db, { epoch, now, limit: SWEEP_ROWS_MAX })),
      ...(await unparkDueBillingEvents(db, { now, limit: SWEEP_ROWS_MAX })),
      ...(await billingContractsToWake(db, { now, limit: SWEEP_ROWS_MAX })),
    ]);
    const woken_contracts = await nudger.wakeContracts([...contracts]);
    await markContractsStarted(db, woken_contracts, epoch);
    await dropExpiredIdempotency(db);
    const advancing = await testClocksToAdvance(db, SWEEP_ROWS_MAX);
    for (const clock_id of advancing) await clocks.startAdvance(clock_id);
    return {
      contracts: woken_contracts.length,
      jobs: woken_jobs.length,
      test_clocks: advancing.length,
    };
  }
}
