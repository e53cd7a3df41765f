/** The activity of `replenishPool`. */
import type { Database } from '../../db/base/database';
import type { Instant } from '../../domain/base/instant';
import { replenishPool } from '../../transactions/pool/replenish-pool';
import type { Replenishment } from '../../transactions/pool/replenish-pool';
import { beginWithShortWaits } from '../base/short-wait';
import type { Nudger } from '../ports';

export interface ReplenishPoolInput {
  contract_id: string;
  now: Instant;
}

/** What the workflow knows of the pool. */
export type ReplenishedPool = Omit<Replenishment, 'nudge'>;

export type PoolActivities = ReturnType<typeof createPoolActivities>;

export function createPoolActivities({ db, nudger }: { db: Database; nudger: Nudger }) {
  return {
    /** Requests the licenses that the pool needs, and wakes the workflow of their job. Safe to run twice: a job that runs is awaited. */
    async replenishPool(input: ReplenishPoolInput): Promise<ReplenishedPool> {
      const { nudge, ...pool } = await replenishPool(db, input, (work) => beginWithShortWaits(db, work));
      await nudger.wake(nudge);
      return pool;
    },
  };
}
