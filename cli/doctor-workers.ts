/**
 * The doctor's look at workers: each queue has one that polls and keeps up, each process on this machine answers, and queries are answered.
 *
 * That a worker polls does not say that it runs. Temporal keeps the polls of a process that has stopped open for a minute or
 * more, and goes on giving it tasks.
 */
import type { Client } from '@temporalio/client';
import type { Config } from '../config';
import { originOf } from '../config';
import { answersQuery, findQueueHealth } from '../temporal/health';
import type { QueueHealth, QueueKind } from '../temporal/health';
import { taskQueues } from '../temporal/task-queues';
import type { TaskQueues } from '../temporal/task-queues';
import { localHealthPort } from '../temporal/worker-identity';
import { askReadiness, READINESS_TIMEOUT_MS } from './ask-readiness';
import { errorMessage } from './failure';
import { runCheck, ok, warning, withTimeout, wrong, type Finding } from './finding';

const QUEUES_TIMEOUT_MS = 8_000;
/** Some more than the ten seconds for which the server offers a query to the worker that ran the workflow last. */
const QUERY_TIMEOUT_MS = 15_000;
/** A waiting worker asks at least once a minute. */
const POLL_SILENCE_MS_MAX = 2 * 60_000;
/** How long a task may wait for a worker: a command that waits for longer has expired. */
const TASK_WAIT_MS_MAX = 10_000;
/** Jobs share few slots, and ranges of large ones wait for those before them. */
const FILL_WAIT_MS_MAX = 10 * 60_000;
export const START_WORKER = 'Start a worker: `npm run start:worker`, with the same TEMPORAL_TASK_QUEUE_PREFIX.';
const RESTART =
  'See whether the process runs (it may be stopped, or short of CPU or memory), and restart it: what it has in hand goes on in another worker.';

/** What workers are judged by. */
export interface WorkerReference {
  /** How long ago an instant of the Temporal server is, in milliseconds. */
  ageMs: (at: Date) => number;
  /** The id of this installation; null when it is unknown. */
  installation: string | null;
  /** The last sweep, which any worker on the queue of workflows can be asked about; undefined before the first. */
  sweep_workflow_id: string | undefined;
}

/** One queue of a worker, and the setting for its slots; null when only further worker processes have more. */
interface Queue {
  name: string;
  kind: QueueKind;
  setting: string | null;
  /** How long a task may wait there. */
  wait_ms_max: number;
}

export type PolledQueue = Queue & QueueHealth;

export async function checkWorkers(client: Client, config: Config, reference: WorkerReference): Promise<Finding[]> {
  const queues = taskQueues(config.taskQueuePrefix);
  let polled: PolledQueue[];
  try {
    polled = await withTimeout(QUEUES_TIMEOUT_MS, findPolledQueues(client, queues), 'worker');
  } catch (error) {
    return [wrong('worker', errorMessage(error), START_WORKER)];
  }
  const [processes, queries] = await Promise.all([
    processFindings(config, polled, reference.installation),
    queryFindings(client, polled, reference),
  ]);
  return [...polled.map((queue) => queueFinding(queue, reference.ageMs)), ...processes, ...queries];
}

function findPolledQueues(client: Client, queues: TaskQueues): Promise<PolledQueue[]> {
  const activities = (name: string, setting: string | null, wait_ms_max = TASK_WAIT_MS_MAX): Queue => ({
    name,
    kind: 'activity',
    setting,
    wait_ms_max,
  });
  const wanted: Queue[] = [
    { name: queues.contracts, kind: 'workflow', setting: null, wait_ms_max: TASK_WAIT_MS_MAX },
    activities(queues.contracts, 'WORKER_COMMAND_SLOTS'),
    activities(queues.settling, 'WORKER_SETTLING_SLOTS'),
    activities(queues.steps, 'WORKER_STEP_SLOTS'),
    activities(queues.billing, null),
    ...queues.billingSources.map((queue) => activities(queue, 'WORKER_BILLING_SLOTS')),
    activities(queues.sweep, null),
    activities(queues.generation, 'WORKER_FILL_SLOTS', FILL_WAIT_MS_MAX),
    activities(queues.clocks, null),
  ];
  return Promise.all(
    wanted.map(async (queue) => ({ ...queue, ...(await findQueueHealth(client, queue.name, queue.kind)) })),
  );
}

/** Whether a queue has a worker that polls, and whether what waits there waits for too long. */
export function queueFinding(queue: PolledQueue, ageMs: WorkerReference['ageMs']): Finding {
  const { name, kind, setting, wait_ms_max, pollers, last_poll_at, waiting } = queue;
  const check = `worker on ${name} (${kind})`;
  const waits = waitingSentence(waiting);
  if (last_poll_at === null) return wrong(check, `no worker polls${waits}`, START_WORKER);
  const age_ms = ageMs(last_poll_at);
  if (age_ms > POLL_SILENCE_MS_MAX) {
    return wrong(check, `no worker has polled for ${Math.round(age_ms / 1_000)} s${waits}`, START_WORKER);
  }
  const detail = `${pollers === 1 ? 'one poller' : `${pollers} pollers`}${waits}`;
  if (waiting.oldest_ms <= wait_ms_max) return ok(check, detail);
  const more = setting === null ? '' : `, or raise ${setting}`;
  return warning(check, detail, `Start another worker process${more}; docs/operations.md, "Tasks that wait".`);
}

function waitingSentence({ tasks, oldest_ms }: QueueHealth['waiting']): string {
  if (tasks === 0) return '';
  return `; about ${tasks} ${tasks === 1 ? 'task waits' : 'tasks wait'}, the oldest for ${Math.round(oldest_ms / 1_000)} s`;
}

/** Asks each worker process of this machine for its health. The ports of other machines are rarely open to this one. */
async function processFindings(
  { host }: Config,
  polled: PolledQueue[],
  installation: string | null,
): Promise<Finding[]> {
  const byPort = new Map<number, Set<string>>();
  for (const identity of polled.flatMap(({ identities }) => identities)) {
    const port = localHealthPort(identity);
    if (port !== undefined) byPort.set(port, (byPort.get(port) ?? new Set()).add(identity));
  }
  const findings = await Promise.all(
    [...byPort].map(([port, identities]) =>
      processFinding(originOf(host, port), [...identities].join(' or '), installation),
    ),
  );
  return findings.flat();
}

async function processFinding(origin: string, identity: string, installation: string | null): Promise<Finding[]> {
  const check = `worker at ${origin}`;
  const answer = await askReadiness(origin);
  switch (answer.outcome) {
    case 'unreachable':
    case 'foreign':
      // The server names a process that has ended for some minutes more.
      return [];
    case 'silent':
      return [
        wrong(
          check,
          `${identity} polls but gives no answer within ${READINESS_TIMEOUT_MS / 1_000} s: it is frozen`,
          RESTART,
        ),
      ];
    case 'answered':
  }
  if (installation !== null && answer.installation !== null && answer.installation !== installation) {
    return [
      wrong(
        check,
        `${identity} takes tasks of this installation and works with the database of another one, ${answer.installation}; DATABASE_URL is that of ${installation}`,
        'Give it this DATABASE_URL, or another TEMPORAL_NAMESPACE or TEMPORAL_TASK_QUEUE_PREFIX, and restart it.',
      ),
    ];
  }
  if (!answer.ready) return [wrong(check, `${identity} says not ready: ${answer.failing}`, 'Correct these first.')];
  return [ok(check, `${identity} says ready`)];
}

/** Asks workers wherever they run, by a query that only one that runs can answer. */
async function queryFindings(
  client: Client,
  polled: PolledQueue[],
  { ageMs, sweep_workflow_id }: WorkerReference,
): Promise<Finding[]> {
  const check = 'worker answers';
  const workflows = polled.find(({ kind }) => kind === 'workflow');
  const last_poll_at = workflows?.last_poll_at ?? null;
  if (sweep_workflow_id === undefined || last_poll_at === null) return [];
  const age_ms = ageMs(last_poll_at);
  // The finding of the queue says so already.
  if (age_ms > POLL_SILENCE_MS_MAX) return [];
  return runCheck(
    check,
    QUERY_TIMEOUT_MS + 1_000,
    async () => {
      if (await answersQuery(client, sweep_workflow_id, QUERY_TIMEOUT_MS)) return [ok(check, 'a query was answered')];
      const who = workflows?.identities.join(', ');
      return [
        wrong(
          check,
          `a worker polled ${Math.round(age_ms / 1_000)} s ago, but none answers a query within ${QUERY_TIMEOUT_MS / 1_000} s: one may be frozen (${who})`,
          RESTART,
        ),
      ];
    },
    (error) => warning(check, `could not be asked (${errorMessage(error)})`, 'See the log of the worker.'),
  );
}
