/**
 * The scenario of a sale, which continues that of the license pool: 200 shoppers order at once, each order takes its license from
 * the pool, the fall is noticed, and the pool fills itself up as soon as the quota allows it.
 *
 * The number of an order is its reference, so an interrupted scenario takes no license twice.
 */
import { z } from 'zod';
import { createScenarioClient, ScenarioError, type ScenarioClient } from './client';
import { assertMailSays, waitForMail } from './mail';
import type { ScenarioOutput } from './progress';
import { waitFor } from '../dev/waiting';
import { assertFields, assertThat, formatCount, startReport } from './scenario';
import type { Scenario, ScenarioContext } from './scenario';
import { CONTRACT_NAME, QUOTA } from './scenario-pool';

/** The id of the contract. */
export interface SaleResult {
  contract_id: string;
}

export const SHOPPERS = 200;
/** The person of the vendor who looks after the pool. */
const POOL_MANAGER = 'shop@cad.example';
/** High for a pool of 2,000, so that the orders of the scenario fall below it. */
export const LOW_WATER = 1_810;
const QUOTA_ADDED = 1_000;
/** The sweep wakes a replenishment that was not woken, each minute. */
const REFILL_TIMEOUT_MS = 120_000;

const Page = z.object({ data: z.array(z.object({ id: z.string() })) });
const Pool = z.object({ available: z.int(), held: z.int(), assigned: z.int() });
const Contract = z.object({ id: z.string(), pool: Pool, quota: z.object({ total: z.int(), remaining: z.int() }) });
const Order = z.object({
  state: z.literal('assigned'),
  licenses: z.array(z.object({ id: z.string(), key: z.string() })).length(1),
});
const Events = z.object({
  next_cursor: z.string().nullable(),
  data: z.array(z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) })),
});
const Refills = z.object({
  data: z.array(z.object({ requested: z.int(), method: z.literal('replenishment'), status: z.literal('completed') })),
});

export const SALE_SCENARIO: Scenario<SaleResult> = { file: 'story-sale.json', run: runSaleScenario };

async function runSaleScenario(context: ScenarioContext, out: ScenarioOutput): Promise<SaleResult> {
  const { api_url, super_admin_key, mail_url } = context.describe();
  const api = createScenarioClient(api_url, super_admin_key);
  const { step, report } = startReport(out, `Scenario: Black Friday, with the pool of ${formatCount(QUOTA)} licenses`);

  step('The shop gets a key of its own, and the pool is to be filled up when few licenses are left');
  const { id, path } = await findPool(api);
  await api.call('PATCH', path, {
    body: { api_access: true, account_manager: POOL_MANAGER, low_water: LOW_WATER, auto_replenish: { target: QUOTA } },
    status: 200,
    shape: Contract,
  });
  const { key } = await api.call('POST', `${path}/api-key/reveal`, {
    status: 200,
    shape: z.object({ key: z.string() }),
  });
  const shop = createScenarioClient(api_url, key);
  const before = (await api.call('GET', path, { status: 200, shape: Contract })).pool;
  report(
    `${formatCount(before.available)} licenses are available; with fewer than ${formatCount(LOW_WATER)}, it is filled up to ${formatCount(QUOTA)}`,
  );

  step(`${SHOPPERS} shoppers pay at the same moment`);
  const order = (number: number): Promise<z.infer<typeof Order>> =>
    shop.call('POST', `${path}/pool/grab`, {
      body: { order_ref: `SO-${number}`, count: 1, customer_email: `shopper-${number}@example.com` },
      status: 201,
      shape: Order,
    });
  const started_ms = performance.now();
  const orders = await Promise.all(Array.from({ length: SHOPPERS }, (_shopper, index) => order(index + 1)));
  const took_ms = performance.now() - started_ms;
  const keys = new Set(orders.flatMap(({ licenses }) => licenses.map((license) => license.key)));
  assertThat(keys.size === SHOPPERS, `${SHOPPERS} orders got ${keys.size} different licenses`);
  report(`each has a license of its own, after ${(took_ms / 1_000).toFixed(1)} s in all`);
  const repeated = await order(1);
  assertFields(repeated.licenses[0] as object, { ...orders[0]?.licenses[0] }, 'the repeated order');
  report(`the shop repeats order SO-1 after a time-out, and gets the same license`);

  if (mail_url !== null) {
    const mail = await waitForMail(mail_url, { to: 'shopper-1@example.com', subject: 'Your license for order SO-1' });
    assertMailSays(mail, orders[0]?.licenses[0]?.key ?? '');
    report(`mail to shopper-1@example.com: “${mail.subject}”, with the license`);
  }

  step('The pool has few licenses, which is noticed once');
  const { pool } = await api.call('GET', path, { status: 200, shape: Contract });
  assertFields(pool, { held: 0, assigned: SHOPPERS }, 'the pool');
  const [low, ...others] = (await listEvents(api, path)).filter(({ type }) => type === 'pool.low_water');
  if (low === undefined || others.length > 0)
    throw new ScenarioError(`there are ${others.length + (low ? 1 : 0)} events pool.low_water, not one`);
  report(`one event pool.low_water, at ${formatCount(Number(low.data['available']))} available licenses`);

  if (mail_url !== null) {
    const mail = await waitForMail(mail_url, { to: POOL_MANAGER, subject: 'Pool is running low' });
    report(`mail to ${POOL_MANAGER}: “${mail.subject}”`);
  }

  step(`The quota is used up; it is raised to ${formatCount(QUOTA + QUOTA_ADDED)}, and the pool fills itself up`);
  await api.call('PATCH', path, { body: { quota: QUOTA + QUOTA_ADDED }, status: 200, shape: Contract });
  const refilled = await waitFor(
    async () => {
      const contract = await api.call('GET', path, { status: 200, shape: Contract });
      return contract.pool.available >= QUOTA ? contract : undefined;
    },
    { timeout_ms: REFILL_TIMEOUT_MS, what: 'the pool to be filled up' },
  );
  assertFields(refilled.pool, { available: QUOTA, held: 0, assigned: SHOPPERS }, 'the pool');
  const refills = `/api/v1/jobs?contract_id=${id}&method=replenishment`;
  // The last licenses are available a moment before their job is completed.
  const { data } = await waitFor(() => api.call('GET', refills, { status: 200, shape: Refills }), {
    timeout_ms: REFILL_TIMEOUT_MS,
    what: 'the refill to be completed',
  });
  report(`${data.map(({ requested }) => requested).join(' and ')} licenses were generated, without a person`);
  report(
    `${formatCount(refilled.pool.available)} are available; ${formatCount(refilled.quota.remaining)} more can follow`,
  );
  out.write('\n');
  return { contract_id: id };
}

/** All events of the contract. */
async function listEvents(api: ScenarioClient, path: string): Promise<z.infer<typeof Events>['data']> {
  const events: z.infer<typeof Events>['data'] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const from = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: z.infer<typeof Events> = await api.call('GET', `${path}/events?limit=100${from}`, {
      status: 200,
      shape: Events,
    });
    events.push(...page.data);
    cursor = page.next_cursor;
  }
  return events;
}

/** The contract that the scenario of the pool created. */
async function findPool(api: ScenarioClient): Promise<{ id: string; path: string }> {
  const search = encodeURIComponent(CONTRACT_NAME);
  const { data } = await api.call('GET', `/api/v1/contracts?search=${search}`, { status: 200, shape: Page });
  const id = data[0]?.id;
  if (id === undefined) throw new ScenarioError(`there is no contract “${CONTRACT_NAME}”`);
  return { id, path: `/api/v1/contracts/${id}` };
}
