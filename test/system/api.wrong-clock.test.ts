/**
 * An API with a wrong clock: a separate process, whose clock the tests set. Postgres, Temporal and the worker have the right time.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { billingRoutes } from '../../api/billing/billing-event';
import { signStandard, signStripe } from '../../demo/fake-billing';
import { addDays } from '../../domain/base/calendar';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { addCatalogue, contractBody } from '../harness/catalogue';
import { listAuditActions, buildContract } from '../harness/contract-rows';
import type { ContractOptions } from '../harness/contract-rows';
import { startSkewedProcess } from '../harness/skewed-process';
import type { SkewedProcess } from '../harness/skewed-process';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** The clock skew that readiness allows (decisions 33). */
const ALLOWED_MS = 2 * SECOND_MS;

const SKEWS: [string, number][] = [
  ['0.2 s ahead', 0.2 * SECOND_MS],
  ['0.2 s behind', -0.2 * SECOND_MS],
  ['1 s ahead', SECOND_MS],
  ['1 s behind', -SECOND_MS],
  ['10 minutes ahead', 10 * MINUTE_MS],
  ['10 minutes behind', -10 * MINUTE_MS],
  ['a day ahead', DAY_MS],
  ['a day behind', -DAY_MS],
];

/** Renews automatically, each time for a month. */
const RENEWAL = { ...DEFAULT_RENEWAL, mode: 'auto', term: 'P1M', opt_out_term: null } as const;

const STANDARD_SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const STRIPE_SECRET = 'whsec_stripe';
const BILLING_SETTINGS = {
  COVENANT_BILLING_STANDARD_SECRET: STANDARD_SECRET,
  STRIPE_WEBHOOK_SECRET: STRIPE_SECRET,
  STRIPE_API_KEY: 'rk_test_0123456789',
};

jest.setTimeout(90_000);

let right: TestApi;
let wrong: SkewedProcess;

beforeAll(async () => {
  right = await startTestApi({ worker: true });
  wrong = await startSkewedProcess(right, 'api/main.ts', BILLING_SETTINGS);
});
afterAll(async () => {
  await wrong.stop();
  await right.close();
});

/** Calls the API with the wrong clock. */
async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> {
  const response = await fetch(`${wrong.url}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${right.keys.super_admin}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

/** Sends a message that concerns no contract, signed at `at`, to the API with the wrong clock. */
async function sendBilling(source: 'standard' | 'stripe', at: Date): Promise<{ status: number; body: any }> {
  const event = { id: randomUUID(), object: 'event', type: 'customer.created', created: 1, data: { object: {} } };
  const text = JSON.stringify(event);
  const headers =
    source === 'standard' ? signStandard(text, STANDARD_SECRET, { at }) : signStripe(text, STRIPE_SECRET, at);
  const path = billingRoutes.find(({ path: one }) => one.endsWith('/:source/events'))?.path.replace(':source', source);
  const response = await fetch(`${wrong.url}${path}`, { method: 'POST', body: text, headers });
  return { status: response.status, body: await response.json() };
}

/** A time zone in which it is about noon, so that both midnights are half a day away; and the date there. */
function noonZone(): { timezone: string; today: string } {
  const offset = 12 - new Date().getUTCHours();
  const timezone = offset === 0 ? 'Etc/GMT' : `Etc/GMT${offset > 0 ? '-' : '+'}${Math.abs(offset)}`;
  return { timezone, today: new Date(Date.now() + offset * 60 * MINUTE_MS).toISOString().slice(0, 10) };
}

/** A contract from three days ago that ends on `end_date`, and that was not settled since. */
async function contractUntil(end_date: string, more: ContractOptions = {}): Promise<string> {
  const { facts } = await buildContract(right.sql, {
    now: new Date(Date.now() - 3 * DAY_MS).toISOString(),
    timezone: noonZone().timezone,
    start_date: addDays(end_date, -30),
    end_date,
    ...more,
  });
  return facts.id;
}

const postgresNow = async (): Promise<string> =>
  (await right.sql<[{ now: string }]>`SELECT clock_timestamp() AS now`)[0].now;

describe.each(SKEWS)('an API whose clock is %s', (_name, skew_ms) => {
  beforeAll(() => wrong.setSkew(skew_ms));

  test('applies no boundary before its time', async () => {
    const tomorrow = addDays(noonZone().today, 1);
    const expiring = await contractUntil(tomorrow);
    const renewing = await contractUntil(tomorrow, { renewal: RENEWAL });
    for (const id of [expiring, renewing]) {
      const { status, body } = await call('GET', `/contracts/${id}`);
      expect([status, body.state, body.term.end_date]).toEqual([200, 'ACTIVE', tomorrow]);
      const applied = (await listAuditActions(right.sql, id)).filter((action) => /renewed|expired/.test(action));
      expect(applied).toEqual([]);
    }
  });

  test('does not use the state from before a boundary that has passed', async () => {
    const { today } = noonZone();
    const shown = await call('GET', `/contracts/${await contractUntil(today)}`);
    expect([shown.status, shown.body.state]).toEqual([200, 'EXPIRED']);
    const ended = await contractUntil(today);
    const answer = await call('POST', `/contracts/${ended}/generate`, { count: 1 });
    expect([answer.status, answer.body.code]).toEqual([409, 'CONTRACT_EXPIRED']);
    expect(await right.sql`SELECT FROM generation_jobs WHERE contract_id = ${ended}`).toHaveLength(0);
  });

  test('responds to a command with the resulting state', async () => {
    const { facts } = await buildContract(right.sql);
    const paused = await call('POST', `/contracts/${facts.id}/pause`, {});
    expect([paused.status, paused.body.state]).toEqual([200, 'PAUSED']);
    const resumed = await call('POST', `/contracts/${facts.id}/resume`, {});
    expect([resumed.status, resumed.body.state]).toEqual([200, 'ACTIVE']);
  });

  test('orders amendments of one day by creation, also from different processes', async () => {
    const { facts } = await buildContract(right.sql);
    const path = `/contracts/${facts.id}/amendments`;
    const effective_date = addDays(noonZone().today, 30);
    const amend = (seats: number) => ({ effective_date, changes: { feature_overrides: { seats } } });
    const first = await right.call('POST', path, { body: amend(1) });
    const second = await call('POST', path, amend(2));
    const third = await right.call('POST', path, { body: amend(3) });
    expect([first.status, second.status, third.status]).toEqual([201, 201, 201]);
    const listed = await right.call('GET', path);
    expect(listed.body.data.map(({ id }: { id: string }) => id)).toEqual([
      third.body.id,
      second.body.id,
      first.body.id,
    ]);
  });

  test.each(['standard', 'stripe'] as const)(
    'accepts a billing message of %s that was signed now, and rejects one of ten minutes ago',
    async (source) => {
      expect(await sendBilling(source, new Date())).toMatchObject({ status: 202 });
      const late = await sendBilling(source, new Date(Date.now() - 10 * MINUTE_MS));
      expect([late.status, late.body.code]).toEqual([401, 'BAD_SIGNATURE']);
    },
  );

  test('writes the time of Postgres', async () => {
    const catalogue = await addCatalogue(right);
    const before = await postgresNow();
    const created = await call('POST', '/contracts', contractBody(catalogue));
    expect(created.status).toBe(201);
    // Reading the clock takes a moment, so the time that is computed from it is behind by that moment.
    const earliest = new Date(Date.parse(before) - ALLOWED_MS).toISOString();
    expect(created.body.created_at >= earliest).toBe(true);
    expect(created.body.created_at <= (await postgresNow())).toBe(true);
  });

  test(`${Math.abs(skew_ms) > ALLOWED_MS ? 'is not ready, and reports the reason' : 'is ready'}`, async () => {
    const response = await fetch(`${wrong.url}/readyz`);
    const { ready, checks } = (await response.json()) as { ready: boolean; checks: Record<string, string> };
    if (Math.abs(skew_ms) <= ALLOWED_MS) {
      expect([response.status, ready, checks['clock']]).toEqual([200, true, 'ok']);
      return;
    }
    const side = skew_ms > 0 ? 'ahead of' : 'behind';
    expect([response.status, ready]).toEqual([503, false]);
    expect(checks['clock']).toMatch(
      new RegExp(`^this clock is [\\d.]+ s ${side} that of Postgres, and 2 s are allowed: synchronise both \\(NTP\\)$`),
    );
    expect(checks['postgres']).toBe('ok');
  });
});
