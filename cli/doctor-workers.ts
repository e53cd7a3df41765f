/**
 * Checks workers: each task queue has a worker that polls and keeps up, each worker process on this machine responds, and a query is
 * answered.
 *
 * A worker that polls is not necessarily running. Temporal keeps the polls of a stopped process open for a minute or more, and
 * continues to dispatch tasks to it.
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
/** Longer than the ten seconds for which the server offers a query only to the worker that last ran the workflow. */
const QUERY_TIMEOUT_MS = 15_000;
/** An idle worker polls at least once a minute. */
const POLL_SILENCE_MS_MAX = 2 * 60_000;
/** How long a task may wait for a worker. A command that waits longer has expired. */
const TASK_WAIT_MS_MAX = 10_000;
/** Ranges of large jobs wait for earlier ranges, because jobs share few slots. */
const FILL_WAIT_MS_MAX = 10 * 60_000;
/** Mails wait while the mail server is slow. */
const MAIL_WAIT_MS_MAX = 5 * 60_000;
export const START_WORKER = 'Start a worker: `npm run start:worker`, with the same TEMPORAL_TASK_QUEUE_PREFIX.';
const RESTART =
  'Check whether the process runs (it may be stopped, or lack CPU or memory), and restart it. Its tasks continue in another worker.';

/** The values with which workers are compared. */
export interface WorkerReference {
  /** The age of an instant of the Temporal server, in milliseconds. */
  ageMs: (at: Date) => number;
  /** The id of this installation; null when it is unknown. */
  installation: string | null;
  /** The last sweep, which any worker on the workflow task queue can query; undefined before the first. */
  sweep_workflow_id: string | undefined;
}

/** One task queue, and the setting of its slots; null when only more worker processes add slots. */
interface Queue {
  name: string;
  kind: QueueKind;
  setting: string | null;
  /** How long a task may wait in the queue. */
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
    activities(queues.batches, null),
    activities(queues.steps, 'WORKER_STEP_SLOTS'),
    activities(queues.billing, null),
    ...queues.billingSources.map((queue) => activities(queue, 'WORKER_BILLING_SLOTS')),
    activities(queues.mailPlanning, null),
    activities(queues.mail, 'WORKER_MAIL_SLOTS', MAIL_WAIT_MS_MAX),
    activities(queues.sweep, null),
    activities(queues.generation, 'WORKER_FILL_SLOTS', FILL_WAIT_MS_MAX),
    activities(queues.clocks, null),
    activities(queues.webhooks, 'WORKER_WEBHOOK_SLOTS'),
    activities(queues.webhooksFailing, 'WORKER_WEBHOOK_SLOTS'),
  ];
  return Promise.all(
    wanted.map(async (queue) => ({ ...queue, ...(await findQueueHealth(client, queue.name, queue.kind)) })),
  );
}

/** Whether the queue has a worker that polls, and whether its tasks wait too long. */
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
  return warning(check, detail, `Start another worker process${more}. See docs/operations.md, "Tasks that wait".`);
}

function waitingSentence({ tasks, oldest_ms }: QueueHealth['waiting']): string {
  if (tasks === 0) return '';
  return `; about ${tasks} ${tasks === 1 ? 'task waits' : 'tasks wait'}, the oldest for ${Math.round(oldest_ms / 1_000)} s`;
}

/** Checks the health of each worker process on this machine. The ports of other machines usually cannot be reached. */
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
      // The server still lists a process for some minutes after it ended.
      return [];
    case 'silent':
      return [
        wrong(
          check,
          `${identity} polls but does not respond within ${READINESS_TIMEOUT_MS / 1_000} s: it is frozen`,
          RESTART,
        ),
      ];
    case 'answered':
  }
  if (installation !== null && answer.installation !== null && answer.installation !== installation) {
    return [
      wrong(
        check,
        `${identity} polls the task queues of this installation, but uses the database of another one, ${answer.installation}; DATABASE_URL belongs to ${installation}`,
        'Set its DATABASE_URL to this one, or set another TEMPORAL_NAMESPACE or TEMPORAL_TASK_QUEUE_PREFIX, and restart it.',
      ),
    ];
  }
  if (!answer.ready) return [wrong(check, `${identity} is not ready: ${answer.failing}`, 'Fix these checks first.')];
  return [ok(check, `${identity} is ready`)];
}

/** Checks workers on any machine with a query, which only a running worker can answer. */
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
  // The finding of the queue already reports this.
  if (age_ms > POLL_SILENCE_MS_MAX) return [];
  return runCheck(
    check,
    QUERY_TIMEOUT_MS + 1_000,
    async () => {
      if (await answersQuery(client, sweep_workflow_id, QUERY_TIMEOUT_MS)) return [ok(check, 'a query was answered')];
      const identities = workflows?.identities.join(', ');
      return [
        wrong(
          check,
          `a worker polled ${Math.round(age_ms / 1_000)} s ago, but no worker answers a query within ${QUERY_TIMEOUT_MS / 1_000} s: one may be frozen (${identities})`,
          RESTART,
        ),
      ];
    },
    (error) => warning(check, `the query failed (${errorMessage(error)})`, 'Read the log of the worker.'),
  );
}
