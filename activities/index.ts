/** Creates all activities from their named dependencies. */
import type { LimitNow } from '../db/base/clock';
import type { Database } from '../db/base/database';
import type { Nudger, ClockNotifier, ScheduleKeeper } from './ports';
import { createBillingInboxActivities } from './billing/billing-event';
import type { BillingPorts } from './billing/billing-event';
import { createBillingBatchActivities } from './billing/billing-batch';
import { createBillingActivities } from './billing/billing';
import { createContractActivities } from './contract/contract';
import { createDueBatchActivities } from './contract/due-batch';
import { limitNowByPostgres } from './base/limit-now';
import { createGenerationJobActivities } from './generation/generation-job';
import { createLicenseOperationActivities } from './license/license-operation';
import { createLimitActivities } from './notification/limit';
import { createPlanningActivities } from './notification/planning';
import { createSendingActivities } from './notification/sending';
import type { SendingDependencies } from './notification/sending';
import { createPoolActivities } from './pool/pool';
import { createScheduleActivities } from './schedule/schedule';
import { createSweepActivities } from './system/sweep';
import { createTestClockActivities } from './system/test-clock';
import { createDeliveryActivities } from './webhook/delivery';
import type { DeliveryDependencies } from './webhook/delivery';

export interface ActivityDependencies {
  db: Database;
  nudger: Nudger;
  clocks: ClockNotifier;
  schedules: ScheduleKeeper;
  /** The ports of the configured billing systems. */
  billingPorts: BillingPorts;
  /** The task queues for the chunks of jobs and for the settling of contracts on test clocks. */
  taskQueues: { generation: string; clocks: string };
  /** How many days deliveries of webhooks are kept after their end. */
  webhookRetentionDays: number;
  /** Whether activities return names, which workflows set as search attributes and details in Temporal. */
  showNames: boolean;
  /** What deliveries of webhooks need. */
  webhooks: DeliveryDependencies;
  /** What mails need. */
  mail: SendingDependencies;
  /** How many days notifications are kept after their end. */
  mailRetentionDays: number;
  /** Converts the time of a workflow into the time of a decision. Tests that skip time return it unchanged. */
  limitNow: LimitNow;
}

export function createActivities(dependencies: ActivityDependencies) {
  const { taskQueues, limitNow: bound } = dependencies;
  return {
    ...limitNowByPostgres(createContractActivities(dependencies), bound),
    ...limitNowByPostgres(createDueBatchActivities(dependencies), bound),
    ...limitNowByPostgres(createBillingActivities(dependencies), bound),
    ...limitNowByPostgres(createBillingBatchActivities(dependencies), bound),
    ...limitNowByPostgres(
      createGenerationJobActivities({ ...dependencies, fillTaskQueue: taskQueues.generation }),
      bound,
    ),
    ...limitNowByPostgres(
      createLicenseOperationActivities({ ...dependencies, batchTaskQueue: taskQueues.generation }),
      bound,
    ),
    ...limitNowByPostgres(createPoolActivities(dependencies), bound),
    ...limitNowByPostgres(createScheduleActivities(dependencies), bound),
    ...limitNowByPostgres(createLimitActivities(dependencies), bound),
    ...limitNowByPostgres(createBillingInboxActivities(dependencies), bound),
    ...limitNowByPostgres(createSweepActivities(dependencies), bound),
    ...limitNowByPostgres(createDeliveryActivities(dependencies.webhooks), bound),
    ...limitNowByPostgres(createPlanningActivities({ ...dependencies, onFailure: dependencies.mail.onFailure }), bound),
    ...limitNowByPostgres(createSendingActivities(dependencies.mail), bound),
    ...createTestClockActivities({ ...dependencies, settleTaskQueue: taskQueues.clocks }),
  };
}
