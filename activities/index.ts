/** Every activity, made from its dependencies by name. */
import type { Database } from '../db/index';
import type { Nudger } from '../temporal/nudge';
import type { ClockTeller } from '../temporal/test-clock';
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
  /** The task queue on which chunks are made, and on which the contracts of a test clock are told of it. */
  fillTaskQueue: string;
}

export function createActivities(dependencies: ActivityDependencies) {
  return {
    ...createContractActivities(dependencies),
    ...createBillingActivities(dependencies),
    ...createGenerationJobActivities(dependencies),
    ...createSweepActivities(dependencies),
    ...createTestClockActivities({ ...dependencies, settleTaskQueue: dependencies.fillTaskQueue }),
  };
}
