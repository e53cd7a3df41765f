/** What `covenant doctor` reads from Temporal: the server, the sweep's schedule and the workers that poll. Nothing is changed. */
import type { Client, Connection } from '@temporalio/client';
import { QueryNotRegisteredError, ScheduleNotFoundError } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { GRPC, grpcFailureOf } from './grpc-status';
import { SWEEP_SCHEDULE_ID } from './ids';
import { readSweepSchedule } from './sweep-schedule';

/** The sweep as its schedule describes it. */
export interface SweepHealth {
  paused: boolean;
  /** Distinguishes this server from one that it replaced; null when Covenant did not create the schedule. */
  epoch: string | null;
  /** When the last sweep was started, and its workflow; null before the first. */
  last: { at: Date; workflow_id: string; status: string } | null;
}

/** The kind of tasks that a worker polls for. */
export type QueueKind = 'workflow' | 'activity';

/** The workers that poll a task queue, and the tasks that wait there. */
export interface QueueHealth {
  pollers: number;
  /** The time of the last poll; null without pollers. */
  last_poll_at: Date | null;
  /** The identities of the worker processes that poll. */
  identities: string[];
  /** Tasks that wait for a worker, and the age of the oldest. Approximate: the server counts some tasks that have expired. */
  waiting: { tasks: number; oldest_ms: number };
}

/** The version of the server. Throws after ten seconds, the client's own limit, when the server cannot be reached. */
export async function findServerVersion(client: Client): Promise<string> {
  await connectionOf(client).ensureConnected();
  const { serverVersion } = await connectionOf(client).workflowService.getSystemInfo({});
  return serverVersion;
}

/** Throws a ServiceError (NOT_FOUND) when the client's namespace does not exist. */
export async function findNamespaceRetentionDays(client: Client): Promise<number> {
  const { namespace } = client.options;
  const { config } = await connectionOf(client).workflowService.describeNamespace({ namespace });
  return Math.round(Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / SECONDS_PER_DAY);
}

/** The sweep; undefined when its schedule does not exist. */
export async function findSweep(client: Client): Promise<SweepHealth | undefined> {
  try {
    const description = await client.schedule.getHandle(SWEEP_SCHEDULE_ID).describe();
    const { state, info } = description;
    const { epoch } = readSweepSchedule(description);
    const latest = info.recentActions.at(-1);
    if (latest === undefined) return { paused: state.paused, epoch, last: null };
    const { workflowId, firstExecutionRunId } = latest.action.workflow;
    const { status } = await client.workflow.getHandle(workflowId, firstExecutionRunId).describe();
    return { paused: state.paused, epoch, last: { at: latest.takenAt, workflow_id: workflowId, status: status.name } };
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

/**
 * The workers that poll a task queue for one kind of tasks, and the tasks that wait there. The server remembers a worker for some
 * minutes after it is gone. Workflow tasks that wait for the worker that has their workflow in memory are not counted.
 */
export async function findQueueHealth(client: Client, task_queue: string, kind: QueueKind): Promise<QueueHealth> {
  const types = temporal.api.enums.v1.TaskQueueType;
  const { pollers, stats } = await connectionOf(client).workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: task_queue },
    taskQueueType: kind === 'workflow' ? types.TASK_QUEUE_TYPE_WORKFLOW : types.TASK_QUEUE_TYPE_ACTIVITY,
    reportStats: true,
  });
  const polls_ms = pollers.map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000);
  return {
    pollers: pollers.length,
    last_poll_at: polls_ms.length === 0 ? null : new Date(Math.max(...polls_ms)),
    identities: [...new Set(pollers.map(({ identity }) => identity ?? ''))],
    waiting: {
      tasks: Number(stats?.approximateBacklogCount ?? 0),
      oldest_ms: Number(stats?.approximateBacklogAge?.seconds ?? 0) * 1_000,
    },
  };
}

/**
 * Whether a worker answers a query to a workflow in time. The server lists a worker that has stopped for a minute or more, because
 * its polls are still open; a query needs a worker that runs. A workflow that has ended can be queried too.
 */
export async function answersQuery(client: Client, workflow_id: string, timeout_ms: number): Promise<boolean> {
  try {
    await client.withDeadline(Date.now() + timeout_ms, () =>
      client.workflow.getHandle(workflow_id).query(METADATA_QUERY),
    );
    return true;
  } catch (error) {
    // A worker sent this error.
    if (error instanceof QueryNotRegisteredError) return true;
    const failure = grpcFailureOf(error);
    if (failure !== undefined && UNANSWERED.has(failure.code)) return false;
    throw error;
  }
}

/** The SDK answers it in every workflow. */
const METADATA_QUERY = '__temporal_workflow_metadata';
/** Statuses of a query that no worker answered in time; CANCELLED when the server's deadline passes before the client's. */
const UNANSWERED = new Set<number>([
  GRPC.CANCELLED,
  GRPC.DEADLINE_EXCEEDED,
  GRPC.FAILED_PRECONDITION,
  GRPC.UNAVAILABLE,
]);

const SECONDS_PER_DAY = 86_400;

function connectionOf(client: Client): Connection {
  return client.connection as Connection;
}
