/** The activity of `limitExceeded`. */
import type { Database } from '../../db/base/database';
import type { Instant } from '../../domain/base/instant';
import { judgeQuota } from '../../transactions/notification/judge-quota';
import type { JudgedLimit } from '../../transactions/notification/judge-quota';
import { beginWithShortWaits } from '../base/short-wait';

export type { JudgedLimit } from '../../transactions/notification/judge-quota';

export interface JudgeLimitInput {
  contract_id: string;
  now: Instant;
  epoch?: string | undefined;
}

export type LimitActivities = ReturnType<typeof createLimitActivities>;

export function createLimitActivities({ db }: { db: Database }) {
  return {
    /** Looks at the quota of a contract. Safe to run twice: a notice that is written is no longer due. */
    judgeLimit: (input: JudgeLimitInput): Promise<JudgedLimit> =>
      beginWithShortWaits(db, (tx) => judgeQuota(tx, input)),
  };
}
