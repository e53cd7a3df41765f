/** `/livez`, `/readyz` and `/metrics`, of the API and of the worker alike. Open, because they tell nothing of customers. */
import { Router } from 'express';
import { register } from 'prom-client';

/** What a process knows about itself. */
export interface Operations {
  /** Whether it can do its work, with the reasons. */
  readiness: () => Promise<{ ready: boolean }>;
  /** Brings metrics up to date before they are read. */
  collect?: () => Promise<unknown>;
}

export function createOperationsRouter({ readiness, collect }: Operations): Router {
  const router = Router();
  let collecting: Promise<unknown> | undefined;

  /** Those who ask at the same moment share one reading: the route is open, and must not take all connections. */
  function collectOnce(): Promise<unknown> {
    collecting ??= Promise.resolve(collect?.()).finally(() => (collecting = undefined));
    return collecting;
  }

  router.get('/livez', (_request, response) => void response.json({ status: 'ok' }));
  router.get('/readyz', async (_request, response) => {
    const answer = await readiness();
    response
      .status(answer.ready ? 200 : 503)
      .set('Cache-Control', 'no-store')
      .json(answer);
  });
  router.get('/metrics', async (_request, response) => {
    await collectOnce();
    response.type(register.contentType).send(await register.metrics());
  });
  return router;
}
