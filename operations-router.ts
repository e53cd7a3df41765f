/** `/livez`, `/readyz` and `/metrics` of the API and of the worker. They need no API key, because they contain no customer data. */
import { Router } from 'express';
import { register } from 'prom-client';

/** The functions that a process provides. */
export interface Operations {
  /** Whether the process can do its work, with the reasons. */
  readiness: () => Promise<{ ready: boolean }>;
  /** Updates metrics before they are read. */
  collect?: () => Promise<unknown>;
}

export function createOperationsRouter({ readiness, collect }: Operations): Router {
  const router = Router();
  let collecting: Promise<unknown> | undefined;

  /** Simultaneous requests share one collection: the route needs no API key, and must not use all connections. */
  function collectOnce(): Promise<unknown> {
    collecting ??= Promise.resolve(collect?.()).finally(() => (collecting = undefined));
    return collecting;
  }

  router.get('/livez', (_request, response) => void response.json({ status: 'ok' }));
  router.get('/readyz', async (_request, response) => {
    const body = await readiness();
    response
      .status(body.ready ? 200 : 503)
      .set('Cache-Control', 'no-store')
      .json(body);
  });
  router.get('/metrics', async (_request, response) => {
    await collectOnce();
    response.type(register.contentType).send(await register.metrics());
  });
  return router;
}
