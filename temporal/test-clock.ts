/** What an advance of a test clock says over Temporal: to the workflow that carries it out, and to the contracts. */
import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { advanceTestClock, wakeTestClockSignal } from '../workflows/advance-test-clock';
import { clockMovedUpdate, contractLifecycle } from '../workflows/contract-lifecycle';
import type { StartDescriber } from './describe-start';
import { contractStart, testClockStart } from './start';
import type { KnownEpoch } from './start';
import type { TaskQueues } from './task-queues';
import type { ClockNotifier } from '../activities/ports';

export type { ClockNotifier } from '../activities/ports';

/** How long one contract may take to settle, its billing system asked included. */
export const SETTLE_TIMEOUT_MS = 30_000;
/** How long the caller of an advance waits until it is started. */
const START_TIMEOUT_MS = 2_000;

/** `epoch` is recorded with contracts that are started, and `describe` says how operators see them; see `temporal/nudge.ts`. */
export function createClockNotifier(
  client: Client,
  taskQueues: TaskQueues,
  epoch?: KnownEpoch,
  describe?: StartDescriber,
): ClockNotifier {
  return {
    async notify(contract_id, signal, now) {
      const described = await describe?.contracts([contract_id]);
      const startWorkflowOperation = new WithStartWorkflowOperation(contractLifecycle, {
        ...contractStart(contract_id, taskQueues, { epoch: epoch?.(), description: described?.(contract_id) }),
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
      const settle = () =>
        client.workflow.executeUpdateWithStart(clockMovedUpdate, {
          startWorkflowOperation,
          args: [now],
          // An id of its own each time: an equal one would be answered from Temporal's memory.
          updateId: randomUUID(),
        });
      // The client never takes back the listeners it adds, one a call: so each telling has a signal of its own.
      await client.withAbortSignal(AbortSignal.any([signal]), () =>
        client.withDeadline(Date.now() + SETTLE_TIMEOUT_MS, settle),
      );
    },
    async startAdvance(clock_id, request_id) {
      const described = await describe?.testClocks([clock_id]);
      // With a signal: an advance that begins while the workflow of the one before is ending is not overlooked.
      await client.withDeadline(Date.now() + START_TIMEOUT_MS, () =>
        client.workflow.signalWithStart(advanceTestClock, {
          ...testClockStart(clock_id, taskQueues, { request_id, description: described?.(clock_id) }),
          signal: wakeTestClockSignal,
          signalArgs: [],
        }),
      );
    },
  };
}
