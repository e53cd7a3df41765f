/** Makes the interface's dependencies from connections: the same for the process and for tests. */
import type { Client } from '@temporalio/client';
import type { BillingReceiver, BillingSource } from '../domain/billing/billing-event';
import { createPostgresClock } from '../db/base/clock';
import { settleCommand } from '../transactions/contract/settle-command';
import { findJob } from '../db/generation/generation-job';
import { createListReads } from '../db/base/list-reads';
import type { Database } from '../db/base/database';
import { createSessionProof } from '../db/base/pooler';
import { createLicenseRequests } from '../transactions/generation/request-licenses';
import type { Logger } from '../log';
import { createCommandSender } from '../temporal/command';
import type { StartDescriber } from '../temporal/describe-start';
import { createNudger } from '../temporal/nudge';
import { createSetUp } from '../temporal/setup';
import type { TaskQueues } from '../temporal/task-queues';
import { createClockNotifier } from '../temporal/test-clock';
import type { Api } from './http/api';
import { createAuthentication } from './http/authentication';
import { createOpenStreams, streamLimits } from './http/open-streams';
import type { StreamLimits } from './http/open-streams';
import { HEARTBEAT_MS, createProgressFeed } from './generation/progress';

export interface ApiOptions {
  db: Database;
  client: Client;
  taskQueues: TaskQueues;
  log: Logger;
  keyPepper: string;
  billingReceivers: ReadonlyMap<BillingSource, BillingReceiver>;
  testClocks: boolean;
  /** How operators see what is started in Temporal; by its id unless given. */
  describe?: StartDescriber | undefined;
  /** How long one statement of a list may take. */
  list_statement_ms: number;
  /** How long a request waits for the outcome of its command; see `temporal/command.ts` for what holds unless given. */
  command_timeout_ms?: number | undefined;
  /** Other limits of streams than those of a process. */
  streamLimits?: Partial<StreamLimits> | undefined;
}

export function createApi(options: ApiOptions): Api {
  const { db, client, taskQueues, log, describe } = options;
  const { now } = createPostgresClock(db);
  const sessionsProven = createSessionProof(db);
  // Whatever decides asks for the time first, so behind a pooler that loses writes nothing is decided.
  const clock = () => sessionsProven().then(now);
  const { ensureSetUp, epoch } = createSetUp(client, taskQueues);
  return {
    ...options,
    clock,
    ...createAuthentication(db, options.keyPepper, clock),
    readList: createListReads(db, options.list_statement_ms),
    nudger: createNudger({
      client,
      taskQueues,
      epoch,
      describe,
      onFailure: (error, workflow_id) =>
        log.warn({ err: error, workflow_id }, 'a nudge did not arrive; the sweep will see to it'),
    }),
    clocks: createClockNotifier(client, taskQueues, epoch, describe),
    ensureSetUp,
    sendCommand: createCommandSender({
      client,
      taskQueues,
      epoch,
      describe,
      clock,
      timeout_ms: options.command_timeout_ms,
      settle: (contract_id, { command_id, fingerprint, deadline }) =>
        settleCommand(db, { contract_id, command_id, fingerprint, deadline }),
    }),
    requestLicenses: createLicenseRequests(db),
    progress: createProgressFeed({
      listen: (channel, onNotify, onListen) => db.listen(channel, onNotify, onListen),
      readJob: (job_id) => findJob(db, job_id),
      clock,
      heartbeat_ms: HEARTBEAT_MS,
    }),
    streams: createOpenStreams(db, log, { ...streamLimits(db.options.max), ...options.streamLimits }),
  };
}
