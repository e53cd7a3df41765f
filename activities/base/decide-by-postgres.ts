/**
 * Activities decide by the clock of Postgres, not by that of the Temporal server.
 *
 * A workflow passes its own time, which is that of the Temporal server when the activity was scheduled. The server's clock
 * may be wrong, and an attempt may begin long after that time. Each attempt begins with a time that Postgres bounds.
 */
import type { BoundNow } from '../../db/base/clock';
import type { Instant } from '../../domain/base/instant';

/** Activities of which each takes the real time as `now`. Those that take the time of a test clock do not belong here. */
type TimedActivities<A> = {
  [Name in keyof A]: A[Name] extends (input: infer Input extends { now: Instant }) => Promise<unknown>
    ? A[Name]
    : never;
};

/** The same activities, with `now` bounded at the start of each attempt. */
export function decideByPostgres<A extends object>(activities: A & TimedActivities<A>, bound: BoundNow): A {
  const timed = Object.entries(activities as Record<string, (input: { now: Instant }) => Promise<unknown>>).map(
    ([name, run]) => [
      name,
      async (input: { now: Instant }): Promise<unknown> => run({ ...input, now: await bound(input.now) }),
    ],
  );
  return Object.fromEntries(timed) as A;
}
