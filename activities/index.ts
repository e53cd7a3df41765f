/** Every activity, made from its dependencies by name. */
import type { Database } from '../db/index';
import type { Nudger } from '../temporal/nudge';
import { createContractActivities } from './contract';
import { createGenerationJobActivities } from './generation-job';
import { createSweepActivities } from './sweep';

export interface ActivityDependencies {
  db: Database;
  nudger: Nudger;
  /** The task queue on which chunks are made. */
  fillTaskQueue: string;
}

export function createActivities(dependencies: ActivityDependencies) {
  return {
    ...createContractActivities(dependencies),
    ...createGenerationJobActivities(dependencies),
    ...createSweepActivities(dependencies),
  };
}
