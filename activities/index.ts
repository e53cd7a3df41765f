/** Every activity, made from its dependencies by name. */
import type { Database } from '../db/index';
import type { Nudger } from '../temporal/nudge';
import type { TaskQueues } from '../temporal/task-queues';
import type { ClockTeller } from '../temporal/test-clock';
import { createBillingInboxActivities } from './billing-inbox';
import type { BillingPorts } from './billing-inbox';
import { createBillingActivities } from './billing';
import { createContractActivities } from './contract';
import { createGenerationJobActivities } from './generation-job';
import { createSweepActivities } from './sweep';
import { createTestClockActivities } from './test-clock';

export interface ActivityDependencies {
  db: Database;
  nudger: Nudger;
  clocks: ClockTeller;
  /** Of the billing systems that are configured. */
  billingPorts: BillingPorts;
  taskQueues: TaskQueues;
}

export function createActivities(dependencies: ActivityDependencies) {
  const { taskQueues } = dependencies;
  return {
    ...createContractActivities(dependencies),
    ...createBillingActivities(dependencies),
    ...createGenerationJobActivities({ ...dependencies, fillTaskQueue: taskQueues.generation }),
    ...createBillingInboxActivities(dependencies),
    ...createSweepActivities(dependencies),
    ...createTestClockActivities({ ...dependencies, settleTaskQueue: taskQueues.clocks }),
  };
}
