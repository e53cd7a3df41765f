/**
 * Wakes workflows after a commit.
 *
 * A nudge only wakes a workflow. The facts are committed, and the sweep wakes within two minutes what is due and was not woken. So a
 * nudge that fails is logged and not repeated, and it never fails the request that sent it.
 */
import type { Client } from '@temporalio/client';
import pMap, { pMapSkip } from 'p-map';
import { applyBilling, billingEventQueuedSignal } from '../workflows/apply-billing';
import { billingEventSignal, contractLifecycle, wakeContractSignal } from '../workflows/contract-lifecycle';
import type { Nudger } from '../activities/ports';
import type { OperationRef } from '../domain/contract/nudge';
import { deliverWebhooks, wakeEndpointSignal } from '../workflows/deliver-webhooks';
import { generateLicenses, wakeJobSignal } from '../workflows/generate-licenses';
import { assignLicenses, changeLicenses, wakeOperationSignal } from '../workflows/license-operation';
import { limitExceeded, wakeLimitSignal } from '../workflows/limit-exceeded';
import { noticeSignal, planNotifications } from '../workflows/plan-notifications';
import { replenishPool, wakePoolSignal } from '../workflows/replenish-pool';
import { runSchedule, wakeScheduleSignal } from '../workflows/run-schedule';
import { sendNotification, wakeNotificationSignal } from '../workflows/send-notification';
import { dueSignal, settleDue } from '../workflows/settle-due';
import type { StartDescriber, StartDescription } from './describe-start';
import {
  billingBatchWorkflowId,
  contractWorkflowId,
  dueBatchWorkflowId,
  endpointWorkflowId,
  generationJobWorkflowId,
  limitWorkflowId,
  notificationWorkflowId,
  operationWorkflowId,
  planningWorkflowId,
  replenishmentWorkflowId,
  scheduleWorkflowId,
} from './ids';
import {
  billingBatchStart,
  contractStart,
  dueBatchStart,
  endpointStart,
  generationJobStart,
  limitStart,
  notificationStart,
  operationStart,
  planningStart,
  replenishmentStart,
  scheduleStart,
} from './start';
import type { KnownEpoch } from './start';
import type { TaskQueues } from './task-queues';

export type { Nudger } from '../activities/ports';

/** How long the caller waits for a nudge after its commit. */
const NUDGE_TIMEOUT_MS = 2_000;
/** Nudges that are sent at the same time, when there are many. */
const NUDGES_IN_FLIGHT_MAX = 20;

export interface NudgerOptions {
  client: Client;
  taskQueues: TaskQueues;
  /** How long one nudge may take; {@link NUDGE_TIMEOUT_MS} unless given. */
  timeout_ms?: number;
  /** Recorded with the started workflow, so that the sweep does not start it again. Without it, the sweep records the epoch. */
  epoch?: KnownEpoch | undefined;
  /** Describes the started workflow for operators. Without it, they see only the id of the workflow. */
  describe?: StartDescriber | undefined;
  /** Called for each nudge that fails. */
  onFailure: (error: unknown, workflow_id: string) => void;
}

export function createNudger(options: NudgerOptions): Nudger {
  const { client, taskQueues, describe, timeout_ms = NUDGE_TIMEOUT_MS, onFailure } = options;
  const details = (request_id: string | undefined, description: StartDescription | undefined) => ({
    request_id,
    description,
    epoch: options.epoch?.(),
  });

  /** Runs `wakeOne` for each id, a limited number at a time. Returns the ids for which it succeeded. */
  function wakeEach(
    ids: string[],
    workflowId: (id: string) => string,
    wakeOne: (id: string) => Promise<unknown>,
  ): Promise<string[]> {
    return pMap(
      ids,
      async (id) => {
        try {
          await client.withDeadline(Date.now() + timeout_ms, () => wakeOne(id));
          return id;
        } catch (error) {
          onFailure(error, workflowId(id));
          return pMapSkip;
        }
      },
      { concurrency: NUDGES_IN_FLIGHT_MAX },
    );
  }

  const nudger: Nudger = {
    async wakeContracts(contract_ids, { request_id, ...request } = {}) {
      const descriptionOf = await describe?.contracts(contract_ids);
      return wakeEach(contract_ids, contractWorkflowId, (contract_id) =>
        client.workflow.signalWithStart(contractLifecycle, {
          ...contractStart(contract_id, taskQueues, details(request_id, descriptionOf?.(contract_id))),
          signal: wakeContractSignal,
          signalArgs: [request],
        }),
      );
    },
    async wakeJobs(job_ids, { request_id, ...request } = {}) {
      const descriptionOf = await describe?.jobs(job_ids);
      return wakeEach(job_ids, generationJobWorkflowId, (job_id) =>
        client.workflow.signalWithStart(generateLicenses, {
          ...generationJobStart(job_id, taskQueues, details(request_id, descriptionOf?.(job_id))),
          signal: wakeJobSignal,
          signalArgs: [request],
        }),
      );
    },
    async wakeOperations(operations, { request_id } = {}) {
      const by_id = new Map(operations.map((operation) => [operation.id, operation]));
      const operationOf = (id: string) => by_id.get(id) as OperationRef;
      return wakeEach(
        [...by_id.keys()],
        (id) => operationWorkflowId(operationOf(id)),
        (id) =>
          client.workflow.signalWithStart(operationOf(id).kind === 'assign' ? assignLicenses : changeLicenses, {
            ...operationStart(operationOf(id), taskQueues, { request_id, epoch: options.epoch?.() }),
            signal: wakeOperationSignal,
          }),
      );
    },
    async wakePools(contract_ids, { request_id } = {}) {
      const descriptionOf = await describe?.contracts(contract_ids);
      return wakeEach(contract_ids, replenishmentWorkflowId, (contract_id) =>
        client.workflow.signalWithStart(replenishPool, {
          ...replenishmentStart(contract_id, taskQueues, { request_id, description: descriptionOf?.(contract_id) }),
          signal: wakePoolSignal,
        }),
      );
    },
    async wakeSchedules(schedule_ids, { request_id } = {}) {
      return wakeEach(schedule_ids, scheduleWorkflowId, (schedule_id) =>
        client.workflow.signalWithStart(runSchedule, {
          ...scheduleStart(schedule_id, taskQueues, details(request_id, undefined)),
          signal: wakeScheduleSignal,
        }),
      );
    },
    async wakeLimits(contract_ids) {
      return wakeEach(contract_ids, limitWorkflowId, (contract_id) =>
        client.workflow.signalWithStart(limitExceeded, {
          ...limitStart(contract_id, taskQueues, { epoch: options.epoch?.() }),
          signal: wakeLimitSignal,
        }),
      );
    },
    async wakeEndpoints(endpoint_ids) {
      return wakeEach(endpoint_ids, endpointWorkflowId, (endpoint_id) =>
        client.workflow.signalWithStart(deliverWebhooks, {
          ...endpointStart(endpoint_id, taskQueues, { epoch: options.epoch?.() }),
          signal: wakeEndpointSignal,
        }),
      );
    },
    async planNotifications() {
      const woken = await wakeEach(
        [planningWorkflowId(taskQueues.contracts)],
        (id) => id,
        () =>
          client.workflow.signalWithStart(planNotifications, { ...planningStart(taskQueues), signal: noticeSignal }),
      );
      return woken.length > 0;
    },
    async wakeNotifications(notification_ids) {
      return wakeEach(notification_ids, notificationWorkflowId, (notification_id) =>
        client.workflow.signalWithStart(sendNotification, {
          ...notificationStart(notification_id, taskQueues, { epoch: options.epoch?.() }),
          signal: wakeNotificationSignal,
        }),
      );
    },
    async signalBillingEvent(contract_id, notice, request_id) {
      const descriptionOf = await describe?.contracts([contract_id]);
      return wakeEach([contract_id], contractWorkflowId, () =>
        client.workflow.signalWithStart(contractLifecycle, {
          ...contractStart(contract_id, taskQueues, details(request_id, descriptionOf?.(contract_id))),
          signal: billingEventSignal,
          signalArgs: [notice],
        }),
      );
    },
    async startBillingBatch(notice, request_id) {
      await wakeEach(
        [billingBatchWorkflowId(taskQueues.contracts)],
        (id) => id,
        () =>
          client.workflow.signalWithStart(applyBilling, {
            ...billingBatchStart(taskQueues, { request_id }),
            signal: billingEventQueuedSignal,
            signalArgs: notice === undefined ? [] : [notice],
          }),
      );
    },
    async settleDue(at) {
      await wakeEach(
        [dueBatchWorkflowId(taskQueues.contracts)],
        (id) => id,
        () =>
          client.workflow.signalWithStart(settleDue, {
            ...dueBatchStart(taskQueues, { epoch: options.epoch?.() }),
            signal: dueSignal,
            signalArgs: [at],
          }),
      );
    },
    async wake(nudge, request_id) {
      const { job_ids, operations = [], pool_ids = [], schedule_ids = [], notification_ids = [] } = nudge;
      if (
        nudge.contract_id === null &&
        [job_ids, operations, pool_ids, schedule_ids, notification_ids].every(({ length }) => length === 0)
      )
        return;
      const contract_ids = nudge.contract_id === null ? [] : [nudge.contract_id];
      const options = { request_id };
      await Promise.all([
        nudger.wakeContracts(contract_ids, options),
        nudger.wakeJobs(job_ids, options),
        nudger.wakeOperations(operations, options),
        nudger.wakePools(pool_ids, options),
        nudger.wakeSchedules(schedule_ids, options),
        nudger.wakeNotifications(notification_ids),
      ]);
    },
  };
  return nudger;
}
