/** Every activity, made from its dependencies by name. */
import type { BoundNow } from '../db/base/clock';
import type { Database } from '../db/base/database';
import type { Nudger, ClockNotifier } from './ports';
import { createBillingInboxActivities } from './billing/billing-event';
import type { BillingPorts } from './billing/billing-event';
import { createBillingActivities } from './billing/billing';
import { createContractActivities } from './contract/contract';
import { decideByPostgres } from './base/decide-by-postgres';
import { createGenerationJobActivities } from './generation/generation-job';
import { createSweepActivities } from './system/sweep';
import { createTestClockActivities } from './system/test-clock';

export interface ActivityDependencies {
  db: Database;
  nudger: Nudger;
  clocks: ClockNotifier;
  /** Of the billing systems that are configured. */
  billingPorts: BillingPorts;
  /** Where chunks are filled, and where the contracts of test clocks settle. */
  taskQueues: { generation: string; clocks: string };
  /** Whether names may stand in Temporal, in the search attributes and details that workflows set by what activities say. */
  showNames: boolean;
  /** Makes the time of a decision out of a workflow's; what skips time in a test leaves it as it is. */
  bound: BoundNow;
}

export function createActivities(dependencies: ActivityDependencies) {
  const { taskQueues, bound } = dependencies;
  return {
    ...decideByPostgres(createContractActivities(dependencies), bound),
    ...decideByPostgres(createBillingActivities(dependencies), bound),
    ...decideByPostgres(
      createGenerationJobActivities({ ...dependencies, fillTaskQueue: taskQueues.generation }),
      bound,
    ),
    ...decideByPostgres(createBillingInboxActivities(dependencies), bound),
    ...decideByPostgres(createSweepActivities(dependencies), bound),
    ...createTestClockActivities({ ...dependencies, settleTaskQueue: taskQueues.clocks }),
  };
}
