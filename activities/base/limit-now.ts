/**
 * Makes activities use the clock of Postgres instead of that of the Temporal server.
 *
 * A workflow passes its own time: that of the Temporal server when the activity was scheduled. The server's clock may be wrong, and an
 * attempt may begin long after that time. So each attempt begins with a time that is limited by the clock of Postgres.
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
