/**
 * Limits the time that activities decide by: it differs only a little from the clock of Postgres.
 *
 * A workflow passes its own time to an activity: that of the Temporal server when the activity was scheduled. The server's clock can be
 * wrong, and an attempt can begin long after that time. So each attempt limits the time by the clock of Postgres.
 */
import type { LimitNow } from '../../db/base/clock';
import type { Instant } from '../../domain/base/instant';

/** Activities that all take the real time as `now`. Activities that take the time of a test clock do not belong here. */
type TimedActivities<A> = {
  [Name in keyof A]: A[Name] extends (input: infer Input extends { now: Instant }) => Promise<unknown>
    ? A[Name]
    : never;
};

/** Wraps activities so that `now` is limited at the start of each attempt. */
export function limitNowByPostgres<A extends object>(activities: A & TimedActivities<A>, limitNow: LimitNow): A {
  const timed = Object.entries(activities as Record<string, (input: { now: Instant }) => Promise<unknown>>).map(
    ([name, run]) => [
      name,
      async (input: { now: Instant }): Promise<unknown> => run({ ...input, now: await limitNow(input.now) }),
    ],
  );
  return Object.fromEntries(timed) as A;
}
