/** Starts the advance of a test clock in its workflow, and notifies contracts that their clock moved. */
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

/** How long one contract may take to settle, with the answers of its billing system. */
export const SETTLE_TIMEOUT_MS = 30_000;
/** How long the caller of an advance waits for its start. */
const START_TIMEOUT_MS = 2_000;

/** `epoch` is recorded with contracts that are started, and `describe` describes them to operators; see `temporal/nudge.ts`. */
export function createClockNotifier(
  client: Client,
  taskQueues: TaskQueues,
  epoch?: KnownEpoch,
  describe?: StartDescriber,
): ClockNotifier {
  return {
    async notify(contract_id, signal, now) {
      const descriptionOf = await describe?.contracts([contract_id]);
      const startWorkflowOperation = new WithStartWorkflowOperation(contractLifecycle, {
        ...contractStart(contract_id, taskQueues, { epoch: epoch?.(), description: descriptionOf?.(contract_id) }),
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
      const settle = () =>
        client.workflow.executeUpdateWithStart(clockMovedUpdate, {
          startWorkflowOperation,
          args: [now],
          // Each update has a new id. For an id that it knows, Temporal would repeat the first answer.
          updateId: randomUUID(),
        });
      // The client adds a listener for every call and never removes it, so each call has an `AbortSignal` of its own.
      await client.withAbortSignal(AbortSignal.any([signal]), () =>
        client.withDeadline(Date.now() + SETTLE_TIMEOUT_MS, settle),
      );
    },
    async startAdvance(clock_id, request_id) {
      const descriptionOf = await describe?.testClocks([clock_id]);
      // A signal with start, because the workflow of the previous advance may be ending: the signal makes it read the clock again.
      await client.withDeadline(Date.now() + START_TIMEOUT_MS, () =>
        client.workflow.signalWithStart(advanceTestClock, {
          ...testClockStart(clock_id, taskQueues, { request_id, description: descriptionOf?.(clock_id) }),
          signal: wakeTestClockSignal,
          signalArgs: [],
        }),
      );
    },
  };
}
