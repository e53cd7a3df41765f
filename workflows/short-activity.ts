/**
 * Runs a short transaction as a local activity, which costs one event and no round trip, and as a regular activity when the local
 * one fails or takes too long.
 *
 * The retries of a local activity keep its workflow task alive, at three events every eight seconds: a thousand an hour for each
 * workflow that waits for Postgres. The retries of a regular activity leave no event.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import { taskQueueName } from './task-queue-name';

/** Shorter than the eight seconds after which a workflow task is kept alive for the first time, longer than the wait for a lock. */
const LOCAL_TIMEOUT_MS_DEFAULT = 6_000;
/**
 * One local attempt: the SDK's core (1.24) loses a schedule-to-close timeout that falls into the pause before a local retry, and
 * then retries without end.
 */
const LOCAL_ATTEMPTS_MAX = 1;
const ATTEMPT_TIMEOUT = '10s';

type Activity<Input, Output> = (input: Input) => Promise<Output>;
type InputOf<A> = A extends Activity<infer Input, unknown> ? Input : never;
type OutputOf<A> = A extends Activity<never, infer Output> ? Output : never;

/** Runs one activity by its name. The activity must be safe to run twice. */
export type RunShortActivity<Activities> = <Name extends keyof Activities & string>(
  name: Name,
  summary: string,
  input: InputOf<Activities[Name]>,
) => Promise<OutputOf<Activities[Name]>>;

export interface ShortActivityOptions {
  /** The same activities as regular ones; unless given, those on the task queue `steps`. */
  regularActivities?: () => unknown;
  /** How long the local activity may take, with its wait for a slot, while the messages of the workflow wait. */
  localTimeoutMs?: number;
  /** How long the regular activity is tried; unless given, without a limit. */
  regularTimeoutMs?: number;
}

/** Returns a function that runs one of these activities, which must be short. */
export function shortActivities<Activities>({
  regularTimeoutMs,
  regularActivities = () => stepActivities(regularTimeoutMs),
  localTimeoutMs = LOCAL_TIMEOUT_MS_DEFAULT,
}: ShortActivityOptions = {}): RunShortActivity<Activities> {
  const local = proxyLocalActivities<UntypedActivities>({
    scheduleToCloseTimeout: localTimeoutMs,
    retry: { maximumAttempts: LOCAL_ATTEMPTS_MAX },
  });
  const regular = (name: string) => (regularActivities() as typeof local)[name]!;
  return async function runShortActivity(name, summary, input) {
    try {
      return (await local[name]!.executeWithOptions({ summary }, [input])) as never;
    } catch (error) {
      if (isCancellation(error) || isPermanent(error)) throw error;
      return (await regular(name).executeWithOptions({ summary }, [input])) as never;
    }
  };
}

function stepActivities(scheduleToCloseTimeout: number | undefined) {
  return proxyActivities<UntypedActivities>({
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'steps'),
    startToCloseTimeout: ATTEMPT_TIMEOUT,
    ...(scheduleToCloseTimeout === undefined ? {} : { scheduleToCloseTimeout }),
    retry: { initialInterval: '500ms', maximumInterval: '15s' },
  });
}

type UntypedActivities = Record<string, (input: unknown) => Promise<unknown>>;

/** Whether the activity marked its error as not retryable. */
function isPermanent(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure && cause.nonRetryable === true;
}
