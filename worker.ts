/**
 * The worker process: opens connections, runs workflows and activities, and shuts down gracefully.
 *
 * The process has one Temporal worker for each task queue, each with its own slots (worker-slots.ts).
 */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { NativeConnection } from '@temporalio/worker';
import type { Worker } from '@temporalio/worker';
import express from 'express';
import type { ErrorRequestHandler } from 'express';
import { collectDefaultMetrics } from 'prom-client';
import { createActivities } from './activities/index';
import { composeMail } from './activities/notification/compose';
import type { SendingDependencies } from './activities/notification/sending';
import type { DeliveryDependencies } from './activities/webhook/delivery';
import { createBillingPorts } from './adapters/billing';
import { createMailSender } from './adapters/mail';
import { createWebhookSender } from './adapters/webhook';
import { parseNoArguments } from './command-line';
import { destinationPolicyOf, loadConfig, mailServerOf } from './config';
import type { Config } from './config';
import { createPostgresClock } from './db/base/clock';
import type { LimitNow } from './db/base/clock';
import { assertDriverPatched, openDatabase } from './db/base/database';
import type { Database } from './db/base/database';
import { createTitleReader } from './db/system/operator-title';
import { UnsuitablePooler, assertOwnSessions } from './db/base/pooler';
import { createSealer } from './transactions/base/sealed-text';
import { applicationName } from './transactions/base/time-zone-rules';
import { createSigning } from './transactions/catalogue/sign';
import { createSignedKeys } from './transactions/license/signed-keys';
import { openSigningSecrets } from './transactions/webhook/secret';
import { listen } from './listen';
import { createLog } from './log';
import type { Logger } from './log';
import { createOperationsRouter } from './operations-router';
import { checkReadiness, setUpWithDeadline } from './readiness';
import type { ReadinessDependencies } from './readiness';
import { openTemporal, serverOptions } from './temporal/connection';
import { createStartDescriber } from './temporal/describe-start';
import { createNudger } from './temporal/nudge';
import { createScheduleKeeper } from './temporal/generation-schedule';
import { createSetUp } from './temporal/setup';
import { taskQueues } from './temporal/task-queues';
import { createClockNotifier } from './temporal/test-clock';
import { workerIdentity } from './temporal/worker-identity';
import { logTemporal } from './temporal-log';
import { warnAboutTimeZones } from './time-zones';
import { wakePlanning, wakeWebhooks } from './workflow-wakes';
import { limitHeapGrowth } from './worker-heap';
import { WEBHOOK_CONNECTIONS, createWorkers, workerPoolSize, workerSlots } from './worker-slots';

/** The interval between attempts to reach Postgres or Temporal at the start. */
const START_RETRY_MS = 1_000;

async function main(): Promise<void> {
  parseNoArguments(
    'worker',
    'Run the workflows and their activities. Settings come from the environment: docs/configuration.md.',
  );
  limitHeapGrowth();
  const config = loadConfig(process.env);
  const log = createLog('worker', config.logLevel);
  logTemporal(log);
  assertDriverPatched();

  const queues = taskQueues(config.taskQueuePrefix);
  const slots = workerSlots(config);
  const pool_size = workerPoolSize(slots, config.databasePoolSize);
  const open = (max: number): Database =>
    openDatabase(config.databaseUrl, {
      max,
      application_name: applicationName('worker'),
      limits: {
        statement_ms: config.workerStatementTimeoutMs,
        idle_in_transaction_ms: config.idleTransactionTimeoutMs,
      },
    });
  const db = open(pool_size);
  const webhook_db = open(WEBHOOK_CONNECTIONS);
  const client = openTemporal(config);
  const { ensureSetUp, epoch } = createSetUp(client, queues);
  const dependencies: ReadinessDependencies = { db, client, ensureSetUp };
  let workers: Worker[] = [];
  const isPolling = (): boolean => workers.length > 0 && workers.every((worker) => worker.getState() === 'RUNNING');
  const health = await listenForHealth(config, dependencies, isPolling);

  let ending = false;
  const end = (signal: string): void => {
    if (ending) return;
    ending = true;
    log.info({ signal }, 'worker is shutting down');
    for (const worker of workers) worker.shutdown();
    if (workers.length === 0) process.exit(0);
  };
  process.once('SIGINT', () => end('SIGINT'));
  process.once('SIGTERM', () => end('SIGTERM'));

  await retryUntilReachable(log, 'Postgres', () => assertOwnSessions(db));
  await warnAboutTimeZones(db, log);
  const connection = await retryUntilReachable(log, 'Temporal', () => connectWorker(config));
  await retryUntilReachable(log, 'Temporal', () => setUpWithDeadline(client, ensureSetUp));
  const describe = createStartDescriber({
    publicUrl: config.publicUrl,
    titles: config.temporalShowNames ? createTitleReader(db) : undefined,
  });
  const nudger = createNudger({
    client,
    taskQueues: queues,
    epoch,
    describe,
    onFailure: (error, workflow_id) =>
      log.warn({ err: error, workflow_id }, 'cannot wake the workflow; the sweep wakes it later'),
  });
  const clocks = createClockNotifier(client, queues, epoch, describe);
  const mail = mailDependencies(config, db, log);
  const activities = createActivities({
    db,
    nudger,
    clocks,
    schedules: createScheduleKeeper(client, queues),
    billingPorts: createBillingPorts(config),
    webhooks: webhookDependencies(config, webhook_db, log),
    mail,
    taskQueues: queues,
    showNames: config.temporalShowNames,
    webhookRetentionDays: config.webhookRetentionDays,
    mailRetentionDays: config.mailRetentionDays,
    limitNow: createNowLimit(db, log),
  });
  const shared = {
    connection,
    namespace: config.temporalNamespace,
    identity: workerIdentity(config.workerHealthPort),
    activities,
    shutdownGraceTime: config.shutdownGraceMs,
    shutdownForceTime: config.shutdownGraceMs + 5_000,
  };
  const workflows = {
    maxCachedWorkflows: config.workerCachedWorkflowsMax,
    ...(config.workflowBundle === undefined
      ? { workflowsPath: require.resolve('./workflows/index') }
      : { workflowBundle: { codePath: config.workflowBundle } }),
  };
  workers = await createWorkers(shared, workflows, queues, slots);
  const stopWaking = await wakeWebhooks({
    db: webhook_db,
    nudger,
    clock: createPostgresClock(webhook_db).now,
    onFailure: (error) =>
      log.warn({ err: error }, 'cannot wake endpoints of webhooks that are owed something; the sweep does it later'),
  });
  const stopPlanning = await wakePlanning({
    db: webhook_db,
    nudger,
    onFailure: (error) => log.warn({ err: error }, 'cannot wake the planning of mails; the sweep does it later'),
  });
  log.info({ task_queues: queues, slots, pool_size, health_port: config.workerHealthPort }, 'worker is running');
  try {
    await Promise.all(workers.map((worker) => worker.run()));
  } finally {
    await Promise.allSettled([stopWaking(), stopPlanning()]);
    mail.sender?.close();
    health.close();
    await connection.close();
    await client.connection.close();
    await Promise.all([db, webhook_db].map((pool) => pool.end({ timeout: 5 })));
    log.info('worker has shut down');
  }
}

/** What deliveries of webhooks need. Without sealing keys there are no endpoints, because their secrets are sealed. */
function webhookDependencies(config: Config, db: Database, log: Logger): DeliveryDependencies {
  const sealer = createSealer(config.sealingKeys ?? []);
  const public_url = config.publicUrl.replace(/\/+$/, '');
  return {
    db,
    sender: createWebhookSender({ policy: destinationPolicyOf(config), proxy: config.webhookProxy }),
    signedKeys: createSignedKeys(sealer && { signing: createSigning(sealer), url: public_url }, (details, reason) =>
      log.warn(details, reason),
    ),
    public_url,
    async openSecrets(sql, endpoint_id) {
      if (sealer === undefined)
        throw new Error('COVENANT_SEALING_KEYS of this worker has no key to open the secrets of webhooks');
      return openSigningSecrets(sql, endpoint_id, sealer);
    },
  };
}

/** What mails need. Without a mail server, they are recorded and not sent. */
function mailDependencies(config: Config, db: Database, log: Logger): SendingDependencies {
  const server = mailServerOf(config);
  const public_url = config.publicUrl.replace(/\/+$/, '');
  return {
    db,
    sender: server && createMailSender(server, { connections: config.workerMailSlots }),
    compose: (notification_id, options) => composeMail(db, notification_id, { ...options, public_url }),
    public_url,
    pepper: config.keyPepper,
    onFailure: (error, id) => log.error({ err: error, id }, 'cannot compose a mail'),
  };
}

/** Limits the times of workflows to the clock of Postgres, and logs when the clock of the Temporal server is ahead. */
function createNowLimit(db: Database, log: Logger): LimitNow {
  const clock = createPostgresClock(db);
  return async (workflow_now) => {
    const now = await clock.limitNow(workflow_now);
    if (now < workflow_now)
      log.warn({ temporal: workflow_now, now }, 'the clock of the Temporal server is ahead of that of Postgres');
    return now;
  };
}

function connectWorker(config: Config): Promise<NativeConnection> {
  return NativeConnection.connect(serverOptions(config));
}

/** Retries until the server responds, and logs each failure: at the start of the process, servers may still be starting. */
async function retryUntilReachable<T>(log: Logger, what: string, attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof UnsuitablePooler) throw error;
      log.warn({ err: error }, `${what} is not ready yet`);
      await new Promise((resolve) => setTimeout(resolve, START_RETRY_MS));
    }
  }
}

/** `/livez`, `/readyz` and `/metrics` of the worker. */
async function listenForHealth(
  config: Config,
  dependencies: ReadinessDependencies,
  polling: () => boolean,
): Promise<Server> {
  collectDefaultMetrics();
  const readiness = async () => {
    const { ready, checks, ...more } = await checkReadiness(dependencies);
    const worker = polling() ? 'ok' : 'not polling for tasks';
    return { ...more, ready: ready && polling(), checks: { ...checks, worker } };
  };
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(createOperationsRouter({ readiness }));
  app.use((_request, response) => void response.status(404).json({ status: 'not found' }));
  const fail: ErrorRequestHandler = (_error, _request, response, _next) => void response.status(500).end();
  app.use(fail);
  const server = createServer(app);
  await listen(server, { host: config.host, port: config.workerHealthPort, port_setting: 'WORKER_HEALTH_PORT' });
  return server;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
