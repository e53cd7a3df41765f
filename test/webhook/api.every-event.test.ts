/**
 * Every type of event of the catalogue, provoked as an admin, a partner or a billing system does it, on test clocks. One endpoint of the
 * installation receives them all. Each body is signed with its secret and is what the OpenAPI document publishes for its type.
 */
import { Webhook } from 'standardwebhooks';
import { waitFor } from '../../dev/waiting';
import { IMPORT_INLINE_ROWS_MAX } from '../../domain/import/file';
import { EVENT_TYPES } from '../../domain/webhook/event';
import type { EventType } from '../../domain/webhook/event';
import { erasePerson } from '../../transactions/access/erase-person';
import { wakeWebhooks } from '../../workflow-wakes';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { sendInvoiceEvent } from '../harness/billing';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { TEST_ACTOR } from '../harness/contract-facts';
import type { CovenantWorker } from '../harness/covenant-worker';
import { expectInvariants } from '../harness/invariants';
import { publishedSchema } from '../harness/published-event';
import { answerWith, startWebhookReceiver } from '../harness/webhook-receiver';
import type { ReceivedRequest, WebhookReceiver } from '../harness/webhook-receiver';

const WAIT_MS = 20_000;
const LOOK_INTERVAL_MS = 100;
/** The receiver answers 410 here. */
const GONE_PATH = '/gone';
const BEGIN = '2027-01-01T00:00:00.000Z';

let api: TestApi;
let worker: CovenantWorker;
let receiver: WebhookReceiver;
let catalogue: TestCatalogue;
let endpoint: { id: string; secret: string };
let stopWaking: () => Promise<void>;
const failures: unknown[] = [];

beforeAll(async () => {
  receiver = await startWebhookReceiver((socket, request) =>
    answerWith(request.line.includes(GONE_PATH) ? 410 : 200)(socket, request),
  );
  api = await startTestApi({ worker: true });
  worker = api.worker!;
  const clock = async () => real();
  stopWaking = await wakeWebhooks({
    db: api.sql,
    nudger: worker.nudger,
    clock,
    onFailure: (error) => failures.push(error),
  });
  catalogue = await addCatalogue(api, { environment: 'staging' });
  endpoint = await send('POST', '/webhook-endpoints', { url: urlOf('/all'), environment: 'all' });
});
afterAll(async () => {
  await expectInvariants(api.sql);
  await stopWaking();
  await Promise.all([api.close(), receiver.close()]);
});

const real = () => new Date().toISOString();
const urlOf = (path: string) => `http://127.0.0.1:${receiver.port}${path}`;

/** Calls the API and returns the body of its answer, which is not a refusal. */
async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<any> {
  const answer = await api.call(method, path, { ...(body !== undefined && { body }), headers });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
  return answer.body;
}

/** What has arrived at the endpoint of all events. */
const received = (): ReceivedRequest[] => receiver.requests.filter(({ line }) => !line.includes(GONE_PATH));
const typeOf = ({ body }: ReceivedRequest): EventType => JSON.parse(body).type;
const arrivedTypes = (): EventType[] => [...new Set(received().map(typeOf))];

/** Waits until events of these types have arrived, and runs `before` before each look. The error names those that are missing. */
async function arrival(types: readonly EventType[], before: () => Promise<unknown> = async () => undefined) {
  const missing = () => types.filter((type) => !arrivedTypes().includes(type));
  const isComplete = () => before().then(() => missing().length === 0);
  try {
    await waitFor(isComplete, { timeout_ms: WAIT_MS, what: 'events', interval_ms: LOOK_INTERVAL_MS });
  } catch (cause) {
    throw new Error(`No event arrived of the types ${missing().join(', ')}`, { cause });
  }
}

/** A test clock, and a function that advances it. */
async function createClock(): Promise<{ test_clock_id: string; advance: (to: string) => Promise<void> }> {
  const { id } = await send('POST', '/test-clocks', { now: BEGIN });
  const advance = async (to: string) => {
    await send('POST', `/test-clocks/${id}/advance`, { to: `${to}T00:00:00.000Z` });
    const isThere = async () => (await send('GET', `/test-clocks/${id}`)).status === 'ready';
    await waitFor(isThere, { timeout_ms: WAIT_MS, what: 'the clock' });
  };
  return { test_clock_id: id, advance };
}

test('a contract from its draft to its deletion', async () => {
  const { test_clock_id, advance } = await createClock();
  const { id, name } = await addContract(api, catalogue, {
    ...{ status: 'inactive', start_date: '2027-01-10', term: 'P1Y', expiry_grace_days: 30, test_clock_id },
    ...{ renewal: { mode: 'auto' }, api_access: true },
  });
  const contract = `/contracts/${id}`;
  await send('PATCH', contract, { metadata: { region: 'EU' } });
  await send('PATCH', contract, { quota: 1_100 });
  await send('POST', `${contract}/api-key/reveal`);
  await send('POST', `${contract}/api-key/rotate`, { overlap_minutes: 60 });
  await send('POST', `${contract}/activate`);
  const first_invoice = { invoice_id: 'in_1', due_date: '2027-01-20' };
  await sendInvoiceEvent(api, id, first_invoice);
  await advance('2027-02-01');
  await sendInvoiceEvent(api, id, { ...first_invoice, type: 'invoice.paid' });
  await arrival(['contract.term_started', 'billing.past_due', 'billing.cleared']);
  await send('POST', `${contract}/pause`);
  await send('POST', `${contract}/resume`);
  await send('POST', `${contract}/compliance-hold`, { note: 'On a list.' });
  await send('POST', `${contract}/compliance-release`);
  const amend = (effective_date: string, changes: object) =>
    send('POST', `${contract}/amendments`, { effective_date, changes });
  await amend('2027-02-01', { activation_limit: 7 });
  const withdrawn = await amend('2027-03-01', { quota_add: 5 });
  await send('DELETE', `${contract}/amendments/${withdrawn.id}`);

  // Unpaid on the last day of its term: the contract is suspended, cannot be amended, and is not renewed until it is paid.
  await amend('2027-12-30', { quota_add: 5 });
  const last_invoice = { invoice_id: 'in_2', due_date: '2027-12-01' };
  await sendInvoiceEvent(api, id, last_invoice);
  await advance('2028-01-12');
  await sendInvoiceEvent(api, id, { ...last_invoice, type: 'invoice.paid' });
  await arrival(['amendment.failed', 'renewal.blocked', 'contract.renewed']);
  await send('POST', `${contract}/opt-out`);
  await advance('2029-03-01');
  await send('DELETE', contract, { confirm_name: name });
  await arrival(['contract.expired', 'contract.deleted']);
});

test('licenses that are sold by hand, imported, and created without a contract', async () => {
  const contract = `/contracts/${(await addContract(api, catalogue, { quota: 2_000 })).id}`;
  const { licenses } = await send('POST', `${contract}/generate`, { count: 1 });
  const ids = [licenses[0].id];
  await send('POST', '/licenses/assign', { ids, customer_email: 'ada@example.com' });
  await send('POST', '/licenses/assign', { ids, customer_email: 'grace@example.com', reassign: true });
  for (const change of ['suspend', 'reinstate', 'revoke']) await send('POST', `/licenses/${ids[0]}/${change}`);
  await send('POST', '/licenses', { ...catalogue, count: 1 });
  // So many that a job imports them. The last one is refused.
  const rows = Array.from({ length: IMPORT_INLINE_ROWS_MAX }, (_, n) => `OLD-118-${n},`);
  const file = ['key,customer', ...rows, 'OLD-119,no address'].join('\n');
  await send('POST', `${contract}/licenses/import`, file, { 'Content-Type': 'text/csv' });
  await arrival(['job.failed']);
  await send('POST', `${contract}/terminate`, { reason: 'The customer left.' });
  await arrival(['license.batch_imported', 'license.revoked', 'contract.terminated']);
});

test('a pool that runs low and cannot be filled', async () => {
  const contract = `/contracts/${(await addContract(api, catalogue, { type: 'pool', quota: 12, low_water: 10 })).id}`;
  await send('POST', `${contract}/generate`, { count: 12 });
  const { licenses } = await send('POST', `${contract}/pool/grab`, {
    ...{ order_ref: 'SO-118', count: 3, customer_email: 'ada@example.com' },
  });
  await send('POST', `/licenses/${licenses[0].id}/return`);
  await send('POST', `${contract}/pool/grab`, { order_ref: 'SO-119', count: 1 });
  await send('PATCH', contract, { auto_replenish: { target: 30 } });
  await arrival(['pool.low_water', 'license.returned', 'pool.replenish_blocked_by_quota']);
  await send('PATCH', `/products/${catalogue.product_id}`, { status: 'inactive' });
  await send('PATCH', contract, { quota: 20 });
  await arrival(['pool.replenish_blocked']);
  await send('PATCH', `/products/${catalogue.product_id}`, { status: 'active' });
});

test('what only a sweep finds: a quota that runs out or is too small, and a report that is due', async () => {
  const { test_clock_id, advance } = await createClock();
  const { id } = await addContract(api, catalogue, { quota: 100, test_clock_id });
  await send('POST', `/contracts/${id}/report-schedules`, { frequency: 'weekly' });
  await send('POST', `/contracts/${id}/generate`, { count: 90 });
  await advance('2027-01-09');
  expect((await api.call('POST', `/contracts/${id}/generate`, { body: { count: 20 } })).status).toBe(409);
  // A sweep leaves a quota that is locked, as by the look at its limit, to the next one.
  await arrival(['quota.runs_out_soon', 'limit.exceeded', 'report.due'], () =>
    worker.activities.sweepOnce({ epoch: 'test', now: real() }),
  );
});

test('a schedule whose customer is erased, and whose quota is used up', async () => {
  const { test_clock_id, advance } = await createClock();
  const { id } = await addContract(api, catalogue, { quota: 15, test_clock_id });
  const { customer_id } = await send('POST', `/contracts/${id}/schedules`, {
    ...{ count: 10, every: 'P1D', from: '2027-01-02', assign_to: 'gone@example.com' },
  });
  const act = { actor: TEST_ACTOR, now: real(), request_id: null };
  await api.sql.begin((tx) => erasePerson(tx, customer_id, act));
  await advance('2027-01-05');
  await arrival(['schedule.run_unassigned', 'schedule.run_shortened', 'schedule.run_skipped']);
});

test('an endpoint that is tested, and one that is gone', async () => {
  await send('POST', `/webhook-endpoints/${endpoint.id}/test`);
  const gone = await send('POST', '/webhook-endpoints', { url: urlOf(GONE_PATH) });
  await send('POST', `/webhook-endpoints/${gone.id}/test`);
  await arrival(['webhook.test', 'webhook.disabled']);
});

test('every type of the catalogue has arrived, signed with the secret of the endpoint, as its published schema says', async () => {
  await arrival(EVENT_TYPES);
  const webhook = new Webhook(endpoint.secret);
  const wrong = received().flatMap(({ body, headers }) => {
    const event: unknown = webhook.verify(body, headers);
    const { type } = event as { type: EventType };
    const isValid = publishedSchema(type);
    return isValid(event) ? [] : [{ type, errors: isValid.errors }];
  });
  expect([wrong, failures]).toEqual([[], []]);
  expect(arrivedTypes().sort()).toEqual([...EVENT_TYPES].sort());
});
