/**
 * Short transactions that a workflow waits for: beside the workflow at first, which costs one event and no round trip, and
 * as activities of their own when that fails or takes longer.
 *
 * While a local activity is retried its workflow task is kept alive, at three events every eight seconds: a thousand an
 * hour for each workflow that waits for Postgres. The retries of a regular activity leave no event.
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

/** Shorter than the eight seconds after which a workflow task is first kept alive, longer than the wait for a lock. */
const LOCAL_LIMIT = '6s';
/**
 * One attempt beside the workflow: the SDK's core (1.24) loses a schedule-to-close time-out that falls into the pause before
 * a local retry, and then retries without end.
 */
const LOCAL_ATTEMPTS_MAX = 1;
const ATTEMPT_TIMEOUT = '10s';

type Activity<Input, Output> = (input: Input) => Promise<Output>;
type InputOf<A> = A extends Activity<infer Input, unknown> ? Input : never;
type OutputOf<A> = A extends Activity<never, infer Output> ? Output : never;

/** Runs one activity by its name; it must be safe to run twice. */
export type RunShortActivity<Activities> = <Name extends keyof Activities & string>(
  name: Name,
  summary: string,
  input: InputOf<Activities[Name]>,
) => Promise<OutputOf<Activities[Name]>>;

/** The short steps among some activities. */
export function shortActivities<Activities>(): RunShortActivity<Activities> {
  const local = proxyLocalActivities<Steps>({
    scheduleToCloseTimeout: LOCAL_LIMIT,
    retry: { maximumAttempts: LOCAL_ATTEMPTS_MAX },
  });
  const regular = (name: string) =>
    proxyActivities<Steps>({
      taskQueue: taskQueueName(workflowInfo().taskQueue, 'steps'),
      startToCloseTimeout: ATTEMPT_TIMEOUT,
      retry: { initialInterval: '500ms', maximumInterval: '15s' },
    })[name]!;
  return async function runShortActivity(name, summary, input) {
    try {
      return (await local[name]!.executeWithOptions({ summary }, [input])) as never;
    } catch (error) {
      if (isCancellation(error) || isFinal(error)) throw error;
      return (await regular(name).executeWithOptions({ summary }, [input])) as never;
    }
  };
}

type Steps = Record<string, (input: unknown) => Promise<unknown>>;

/** Whether an activity says of its failure that no repetition can succeed. */
function isFinal(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure && cause.nonRetryable === true;
}
