/** Something to show on every admin page: a contract that has generated and assigned licenses, a pool, a partner, a test clock. */
import { waitFor } from './stack';
import type { TestStack } from './stack';
import { callStack } from './stack-client';

/** The names of what is created, which tests look for. */
export const SHOWN = {
  product: 'CAD Suite',
  generator: 'CAD keys',
  partner: 'TechPartner Inc - Reseller Agreement Q1 2026',
  pool: 'Holiday Sale Pool - 1000 Licenses',
  customer: 'acme-admin@acmecorp.example',
} as const;

/** Creates the data through the interface. Returns the ids. */
export async function fillAdminPages(stack: TestStack) {
  const post = async (path: string, body: unknown): Promise<any> => {
    const answer = await callStack(stack, 'POST', path, { body });
    if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const product = await post('/products', { name: SHOWN.product, code: 'cad-suite', environment: 'production' });
  const format = { prefix: 'CAD', groups: 4, group_length: 5 };
  const features = { export: true, seats: 5, edition: 'pro' };
  const generator = await post('/generators', { name: SHOWN.generator, product_id: product.id, format, features });
  const source = { product_id: product.id, generator_id: generator.id, status: 'active' };
  const partner = await post('/contracts', {
    ...{ ...source, name: SHOWN.partner, type: 'reseller', quota: 200, api_access: true, timezone: 'Europe/Berlin' },
    ...{ rate_limits: { per_minute: 10, per_hour: 100, per_day: 200 }, term: 'P1Y', renewal: { mode: 'auto' } },
  });
  const pool = await post('/contracts', { ...source, name: SHOWN.pool, type: 'pool', quota: 1_000, low_water: 50 });
  await post(`/contracts/${partner.id}/generate`, { count: 12 });
  const { job_id } = await post(`/contracts/${pool.id}/generate`, { count: 150 });
  await waitFor(async () => (await callStack(stack, 'GET', `/jobs/${job_id}`)).body.state === 'SUCCEEDED', {
    what: 'the licenses of the pool',
    timeout_ms: 60_000,
  });
  await post('/licenses/assign', { filter: { contract_id: partner.id }, customer_email: SHOWN.customer });
  await post(`/contracts/${pool.id}/pool/grab`, { order_ref: 'order-1', count: 2, hold_minutes: 60 });
  const endpoint = await post('/webhook-endpoints', {
    ...{ url: 'http://127.0.0.1:9/hook', events: ['license.*'], contract_id: partner.id },
  });
  const clock = await post('/test-clocks', { now: '2027-01-01T08:00:00.000Z', name: 'A clock' });
  return { product, generator, partner, pool, endpoint, clock, job_id: job_id as string };
}
