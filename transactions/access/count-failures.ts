/** Counts failed authentications. Failures at the same moment share a statement, and a process runs one such statement at a time. */
import { createHash } from 'node:crypto';
import type { Database } from '../../db/base/database';
import { countFailures, FAILURE_BUCKETS } from '../../db/access/failed-authentication';
import { createBatchedCalls } from '../base/batched-calls';
import type { Merge } from '../base/merged-calls';

/** Failures in one statement. */
const FAILURES_OF_STATEMENT_MAX = 1_000;

/** The place of a failure among those of its client in this minute, from 1, and the seconds until the next minute. */
export interface CountedFailure {
  rank: number;
  seconds_left: number;
}

export interface FailureCounter {
  /** Counts a failure of a client. @throws RowsBusy when the count cannot be stored in time */
  count(client: string): Promise<CountedFailure>;
  /** Whether so many failures wait that further ones should be refused without being counted. */
  isFull(): boolean;
}

export function createFailureCounter(db: Database): FailureCounter {
  const { attempt_ms } = db.lockTurns.limits;
  const batched = createBatchedCalls<number, CountedFailure>({
    turns: db.lockTurns,
    statements_max: 1,
    further_from: Infinity,
    keyOf: String,
    take: (queue) => queue.splice(0, FAILURES_OF_STATEMENT_MAX),
    serve,
  });

  async function serve(calls: Merge<number, CountedFailure>): Promise<void> {
    const failures = new Map<number, number>();
    for (const { input } of calls) failures.set(input, (failures.get(input) ?? 0) + 1);
    try {
      const given = [...failures].map(([bucket, count]) => ({ bucket, failures: count }));
      const counts = new Map((await countFailures(db, given, attempt_ms)).map((count) => [count.bucket, count]));
      for (const { input, resolve, reject } of calls) {
        const counted = counts.get(input);
        const left = failures.get(input) as number;
        failures.set(input, left - 1);
        if (counted === undefined) reject(new Error(`bucket ${input} was not counted`));
        else resolve({ rank: counted.failures - left + 1, seconds_left: counted.seconds_left });
      }
    } catch (error) {
      for (const { reject } of calls) reject(error);
    }
  }

  return { count: (client) => batched.call(bucketOf(client)), isFull: () => batched.isFull() };
}

/** The bucket of a client: two bytes of a hash. */
function bucketOf(client: string): number {
  return createHash('sha256').update(client).digest().readUInt16BE(0) % FAILURE_BUCKETS;
}
