/** For operators and orchestrators: liveness, readiness, metrics. Open, because they tell nothing of customers. */
import { Router } from 'express';
import { checkReadiness } from '../../readiness';
import type { Api } from './api';
import { collectBillingMetrics, collectContractMetrics, collectSweepMetrics, register, setLockTurns } from './metrics';

export function operationsRouter(api: Api): Router {
  const router = Router();
  let collecting: Promise<unknown> | undefined;

  /** Those who ask at the same moment share one reading: the route is open, and must not take all connections. */
  function collectMetrics(): Promise<unknown> {
    collecting ??= readMetrics(api).finally(() => (collecting = undefined));
    return collecting;
  }

  router.get('/livez', (_request, response) => void response.json({ status: 'ok' }));
  router.get('/readyz', async (_request, response) => {
    const readiness = await checkReadiness(api);
    response
      .status(readiness.ready ? 200 : 503)
      .set('Cache-Control', 'no-store')
      .json(readiness);
  });
  router.get('/metrics', async (_request, response) => {
    await collectMetrics();
    setLockTurns(api.db.lockTurns.counts());
    response.type(register.contentType).send(await register.metrics());
  });
  return router;
}

async function readMetrics({ db, clock }: Api): Promise<void> {
  await Promise.all([collectBillingMetrics(db, clock), collectContractMetrics(db, clock), collectSweepMetrics(db)]);
}
