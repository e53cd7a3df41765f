/** The timeline over HTTP: the forecast of a contract matches what its test clock then applies. */
import { randomUUID } from 'node:crypto';
import { signStandard } from '../../demo/fake-billing';
import { waitFor } from '../../dev/waiting';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import { expectRefusal, wrongFieldsOf } from '../harness/expect-refusal';

const NOW = '2027-01-01T00:00:00.000Z';
const UNKNOWN_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';
const WAIT_MS = 20_000;

interface Entry {
  at: string;
  kind: string;
  action: string;
  state: string;
  past: boolean;
  reason: string | null;
  assumes: string | null;
}

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ worker: true });
});
afterAll(() => api.close());

async function timelineOf(id: string, query = '', key = api.keys.viewer): Promise<{ data: Entry[]; cut: boolean }> {
  const answer = await api.call('GET', `/contracts/${id}/timeline${query}`, { key });
  expect(answer.status).toBe(200);
  return answer.body;
}

/** A contract on its own test clock, from 1 January 2027. */
async function addClockedContract(more: Record<string, unknown> = {}): Promise<{ id: string; clock_id: string }> {
  const clock_id: string = (await api.call('POST', '/test-clocks', { body: { now: NOW } })).body.id;
  const catalogue = await addCatalogue(api, { environment: 'staging' });
  const { id } = await addContract(api, catalogue, { test_clock_id: clock_id, timezone: 'Europe/Berlin', ...more });
  return { id, clock_id };
}

async function advance(clock_id: string, to: string): Promise<void> {
  await api.call('POST', `/test-clocks/${clock_id}/advance`, { body: { to } });
  await waitFor(async () => (await api.call('GET', `/test-clocks/${clock_id}`)).body.status === 'ready', {
    timeout_ms: WAIT_MS,
    what: 'the clock to arrive',
  });
}

/** Reports an open invoice and waits until it is applied. */
async function reportOpenInvoice(contract_id: string, due_date: string): Promise<void> {
  const invoice = { id: `in_${randomUUID()}`, due_date };
  const message = { id: `msg_${randomUUID()}`, type: 'invoice.open', occurred_at: NOW, contract_id, invoice };
  const body = JSON.stringify(message);
  const secret = api.billing.billingStandardSecrets?.[0] ?? '';
  await api.call('POST', '/billing/standard/events', { key: null, body, headers: signStandard(body, secret) });
  const unpaid = async (): Promise<unknown[]> =>
    (await api.call('GET', `/contracts/${contract_id}`)).body.billing.unpaid_invoices;
  await waitFor(async () => (await unpaid()).length === 1, { timeout_ms: WAIT_MS, what: 'the invoice to be known' });
}

const YEARLY = { start_date: '2027-01-01', term: 'P1Y', renewal: { mode: 'auto', quota_effect: { add: 300 } } };

test('the forecast matches what the clock then applies, and afterwards it is the past', async () => {
  const { id, clock_id } = await addClockedContract(YEARLY);
  await reportOpenInvoice(id, '2027-11-20');
  const forecast = await timelineOf(id);
  expect(forecast.cut).toBe(false);
  expect(forecast.data.map(({ at, kind, state, assumes }) => [at, kind, state, assumes])).toEqual([
    ['2027-10-02T22:00:00.000Z', 'reminder', 'ACTIVE', null],
    ['2027-11-01T23:00:00.000Z', 'reminder', 'ACTIVE', null],
    ['2027-11-20T23:00:00.000Z', 'past_due', 'PAST_DUE', 'nothing is paid'],
    ['2027-12-01T23:00:00.000Z', 'notice_deadline', 'PAST_DUE', null],
    ['2027-12-03T23:00:00.000Z', 'suspends', 'SUSPENDED', 'nothing is paid'],
    ['2027-12-24T23:00:00.000Z', 'reminder', 'SUSPENDED', null],
    ['2027-12-31T23:00:00.000Z', 'renews', 'EXPIRED', null],
    ['2027-12-31T23:00:00.000Z', 'expires', 'EXPIRED', null],
  ]);
  expect(forecast.data.every(({ past }) => !past)).toBe(true);
  const paid = await timelineOf(id, '?payments=all');
  expect(paid.data.map(({ kind, state, assumes }) => [kind, state, assumes])).toEqual([
    ['reminder', 'ACTIVE', null],
    ['reminder', 'ACTIVE', null],
    ['notice_deadline', 'ACTIVE', null],
    ['reminder', 'ACTIVE', null],
    ['renews', 'ACTIVE', null],
  ]);

  await advance(clock_id, '2027-12-04T00:00:00.000Z');
  const later = await timelineOf(id, '?until=2028-01-01');
  expect(later.data.filter(({ past }) => past)).toHaveLength(5);
  const reinstated = await timelineOf(id, '?until=2028-01-01&payments=all');
  expect(reinstated.data.at(-1)).toMatchObject({ kind: 'renews', state: 'ACTIVE', past: false });
  expect(later.data.map(({ past: _past, assumes: _assumes, ...entry }) => entry)).toEqual(
    forecast.data.map(({ past: _past, assumes: _assumes, ...entry }) => entry),
  );
});

test('reaches to an instant or to the end of a local day, at most ten years ahead', async () => {
  const { id } = await addClockedContract(YEARLY);
  const last = async (until: string): Promise<string | undefined> =>
    (await timelineOf(id, `?until=${until}`)).data.at(-1)?.at;
  expect(await last('2027-10-03')).toBe('2027-10-02T22:00:00.000Z');
  expect(await last('2027-10-02')).toBeUndefined();
  expect(await last('2027-10-02T22:00:00.000Z')).toBe('2027-10-02T22:00:00.000Z');
  expect(await last('2027-10-02T21:59:59.999Z')).toBeUndefined();
  expect(await last('2026-01-01')).toBeUndefined();
  expect((await timelineOf(id, '?until=2036-12-31')).data.filter(({ kind }) => kind === 'renews')).toHaveLength(9);

  const tooFar = await api.call('GET', `/contracts/${id}/timeline?until=2037-01-02`);
  expectRefusal(tooFar, 422, 'VALIDATION_FAILED');
  expect(wrongFieldsOf(tooFar)).toEqual(['until']);
  expectRefusal(await api.call('GET', `/contracts/${id}/timeline?until=soon`), 422, 'VALIDATION_FAILED');
});

test('shows when entries are omitted', async () => {
  const { id } = await addClockedContract({ ...YEARLY, term: 'P1D' });
  const { data, cut } = await timelineOf(id, '?until=2036-12-31');
  expect([data.length, cut]).toEqual([1000, true]);
});

test('actions of admins are not in the timeline, and a draft has no boundaries', async () => {
  const { id } = await addClockedContract({ start_date: '2027-01-01' });
  await api.call('POST', `/contracts/${id}/pause`, { body: {} });
  await api.call('POST', `/contracts/${id}/resume`, { body: {} });
  expect(await timelineOf(id)).toEqual({ data: [], cut: false });
  const draft = await addClockedContract({ ...YEARLY, status: 'inactive' });
  expect(await timelineOf(draft.id)).toEqual({ data: [], cut: false });
});

test('a deleted contract has only its past, and an unknown contract is not found', async () => {
  const { id, clock_id } = await addClockedContract({ ...YEARLY, start_date: '2027-02-01', name: 'Gone' });
  await advance(clock_id, '2027-02-02T00:00:00.000Z');
  await api.call('POST', `/contracts/${id}/pause`, { body: {} });
  expect((await api.call('DELETE', `/contracts/${id}`, { body: { confirm_name: 'Gone' } })).status).toBe(204);
  expect((await timelineOf(id)).data).toEqual([
    {
      at: '2027-01-31T23:00:00.000Z',
      kind: 'starts',
      action: 'contract.term_started',
      state: 'ACTIVE',
      past: true,
      reason: null,
      assumes: null,
      schedule_id: null,
      licenses: null,
    },
  ]);
  expectRefusal(await api.call('GET', `/contracts/${UNKNOWN_ID}/timeline`), 404, 'NOT_FOUND');
});
