/** Health and metrics of the API; see `operations-router.ts`. */
import type { Router } from 'express';
import { createOperationsRouter } from '../../operations-router';
import { checkReadiness } from '../../readiness';
import type { Api } from './api';
import {
  collectBillingMetrics,
  collectContractMetrics,
  collectSweepMetrics,
  collectMailMetrics,
  collectWebhookMetrics,
  setLockTurns,
} from './metrics';

export function operationsRouter(api: Api): Router {
  return createOperationsRouter({ readiness: () => checkReadiness(api), collect: () => collectMetrics(api) });
}

async function collectMetrics({ db, clock }: Api): Promise<void> {
  await Promise.all([
    collectBillingMetrics(db, clock),
    collectContractMetrics(db, clock),
    collectSweepMetrics(db),
    collectWebhookMetrics(db),
    collectMailMetrics(db),
  ]);
  setLockTurns(db.lockTurns.counts());
}
