/** `deliverWebhooks` delivers each event at least once to an endpoint that answers, whatever happens to its activities, the endpoint and itself. */
import { Webhook } from 'standardwebhooks';
import { failOwed } from '../../db/webhook/endpoint';
import { giveBack } from '../../db/webhook/delivery';
import { listDueEndpoints, restartEndpoint } from '../../db/webhook/queue';
import { waitFor } from '../../dev/waiting';
import { instantFromMillis } from '../../domain/base/instant';
import { ATTEMPTS_MAX, RETRY_DELAYS_S } from '../../domain/webhook/attempt';
import { payloadSchema } from '../../domain/webhook/payload';
import { endpointWorkflowId } from '../../temporal/ids';
import { createLicenseRequests } from '../../transactions/generation/request-licenses';
import { takeDue } from '../../transactions/webhook/attempt';
import { wakeWebhooks } from '../../workflow-wakes';
import type { deliverWebhooks } from '../../workflows/deliver-webhooks';
import { buildContract, buildRequest } from '../harness/contract-rows';
import { startCovenantWorker, withOverrides } from '../harness/covenant-worker';
import type { ActivityOverrides, CovenantWorker } from '../harness/covenant-worker';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { gate } from '../harness/gate';
import { expectInvariants } from '../harness/invariants';
import { connectPreparedTemporal, createTimeSkippingEnvironment } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';
import { answerWith, startWebhookReceiver } from '../harness/webhook-receiver';
import type { Answer, WebhookReceiver } from '../harness/webhook-receiver';
import { buildEndpoint } from '../harness/webhook-rows';
import type { BuiltEndpoint } from '../harness/webhook-rows';
import { WEBHOOK_SECRET, deliveriesOf, testDeliveries, writeEvents } from '../harness/webhooks';

const WAIT_MS = 15_000;
/** The first run on a machine downloads the server that skips time. */
const FETCH_TIMEOUT_MS = 180_000;
/** Longer than an attempt takes, and shorter than the second delay. */
const ATTEMPT_S_MAX = 60;

let temporal: TestTemporal;
let database: TestDatabase;
let sql: TestDatabase['sql'];
let worker: CovenantWorker;
let contract_id: string;
let overrides: ActivityOverrides = () => ({});
const receivers: WebhookReceiver[] = [];

beforeAll(async () => {
  temporal = await connectPreparedTemporal();
  database = await createTestDatabase();
  sql = database.sql;
  const { client, nativeConnection } = temporal;
  worker = await startCovenantWorker({ db: sql, client, nativeConnection, wrap: withOverrides(() => overrides) });
});
beforeEach(async () => {
  contract_id = (await buildContract(sql)).facts.id;
});
afterEach(async () => {
  overrides = () => ({});
  await expectInvariants(sql);
  for (const receiver of receivers.splice(0)) await receiver.close();
});
afterAll(async () => {
  await worker.stop();
  await temporal.close();
  await database.drop();
});

/** A receiver with an endpoint of the contract. */
async function buildReceiver(answer: Answer, given: BuiltEndpoint = {}) {
  const receiver = await startWebhookReceiver(answer);
  receivers.push(receiver);
  const url = `http://127.0.0.1:${receiver.port}/`;
  return { id: await buildEndpoint(sql, { contract_id, url, ...given }), receiver, url };
}

const handleOf = (id: string) => temporal.client.workflow.getHandle<typeof deliverWebhooks>(endpointWorkflowId(id));

/** Wakes an endpoint, and waits until its workflow ends. */
async function run(id: string) {
  await worker.nudger.wakeEndpoints([id]);
  return handleOf(id).result();
}

const idsOf = ({ requests }: WebhookReceiver): string[] => requests.map(({ headers }) => headers['webhook-id'] ?? '');

const storeSecret = (id: string) => sql`
  INSERT INTO webhook_secrets (endpoint_id, sealed, sealed_by, created_at, last_four) VALUES (${id}, 'sealed', 'v1', now(), 'last')`;

/** How many secrets an endpoint has. */
async function secretsOf(id: string): Promise<number> {
  return (await sql`SELECT FROM webhook_secrets WHERE endpoint_id = ${id}`).length;
}

const statusOf = async (id: string) =>
  (
    await sql<[{ status: string; disabled_reason: string | null }]>`
      SELECT status, disabled_reason FROM webhook_endpoints WHERE id = ${id}`
  )[0];
const until = (what: string, condition: () => Promise<boolean>) => waitFor(condition, { timeout_ms: WAIT_MS, what });
const attempted = (id: string) =>
  until('an attempt', async () => (await deliveriesOf(sql, id)).some(({ met }) => met.some((one) => one !== null)));

test('each event is delivered once, signed, with its own id and what the catalogue says', async () => {
  const { id, receiver } = await buildReceiver(answerWith(200));
  await writeEvents(sql, contract_id, 70);
  expect(await run(id)).toEqual({ delivered: 70, failed: 0 });
  const deliveries = await deliveriesOf(sql, id);
  expect(idsOf(receiver).sort()).toEqual(deliveries.map(({ event_id }) => event_id).sort());
  expect(deliveries.every(({ status, met }) => status === 'delivered' && met.join() === '200')).toBe(true);
  const [{ body, headers }] = receiver.requests as [WebhookReceiver['requests'][0]];
  expect(new Webhook(WEBHOOK_SECRET).verify(body, headers)).toMatchObject({
    type: 'pool.low_water',
    id: headers['webhook-id'],
    contract_id,
    environment: 'production',
    data: { contract_id, available: 9, low_water: 10 },
  });
});

test('an event about licenses is delivered with their keys, as the catalogue describes it', async () => {
  const { id, receiver } = await buildReceiver(answerWith(200), { events: ['license.*'] });
  await createLicenseRequests(sql)(buildRequest(contract_id, 3));
  await run(id);
  const [{ body }] = receiver.requests as [WebhookReceiver['requests'][0]];
  const payload = payloadSchema('license.batch_generated').parse(JSON.parse(body));
  const stored = await sql<{ id: string; key: string }[]>`
    SELECT 'lic_' || l.id AS id, key FROM licenses l JOIN generation_jobs j ON j.serial = l.id >> 24
    WHERE j.contract_id = ${contract_id} ORDER BY l.id`;
  expect(payload.data).toMatchObject({
    licenses_generated: 3,
    licenses: [...stored],
    licenses_url: `https://covenant.example/api/v1/licenses?job_id=${String(payload.data['job_id'])}`,
  });
});

test('what was taken and not sent leaves no attempt, also when the endpoint was removed meanwhile', async () => {
  const id = await buildEndpoint(sql, { contract_id });
  await writeEvents(sql, contract_id, 3);
  const now = instantFromMillis(Date.now());
  const taken = await takeDue(sql, { endpoint_id: id, version: 1, now, limit: 3 }, testDeliveries(sql));
  await giveBack(sql, taken.slice(0, 1), now);
  await sql`UPDATE webhook_endpoints SET status = 'removed' WHERE id = ${id}`;
  await failOwed(sql, id, now, 10);
  await giveBack(sql, taken.slice(1, 2), now);
  const deliveries = await deliveriesOf(sql, id);
  expect(deliveries.map(({ status, attempts, met }) => [status, attempts, met.length])).toEqual([
    ['failed', 0, 0],
    ['failed', 0, 0],
    ['failed', 1, 1],
  ]);
});

test('each activity may run twice, also at the same time, and die after its attempts', async () => {
  const { id, receiver } = await buildReceiver(answerWith(200));
  await writeEvents(sql, contract_id, 40);
  let died = false;
  overrides = (real) => ({
    async deliverOwed(input) {
      const sent = (await Promise.all([real.deliverOwed(input), real.deliverOwed(input)]))[0];
      if (died) return sent;
      died = true;
      throw new Error('the process dies here');
    },
  });
  await run(id);
  expect([died, new Set(idsOf(receiver)).size, receiver.requests.length]).toEqual([true, 40, 40]);
});

test('an event that is written during the wait for a retry is delivered at once', async () => {
  let is_down = true;
  const { id, receiver } = await buildReceiver((socket, request) =>
    answerWith(is_down ? 503 : 200, ['retry-after: 3600'])(socket, request),
  );
  await writeEvents(sql, contract_id);
  await worker.nudger.wakeEndpoints([id]);
  await attempted(id);
  is_down = false;
  await until('the workflow to wait', async () => (await queueOf(id)).is_waiting);
  await writeEvents(sql, contract_id);
  await worker.nudger.wakeEndpoints([id]);
  await until('the second event', async () => (await deliveriesOf(sql, id))[1]?.status === 'delivered');
  const [first] = await deliveriesOf(sql, id);
  expect(first).toMatchObject({ status: 'owed', attempts: 1, met: ['503'] });
  expect(Date.parse(first?.due_at ?? '') - Date.now()).toBeGreaterThan(3_000_000);
  expect(receiver.requests).toHaveLength(2);
  await handleOf(id).terminate();
});

const queueOf = async (id: string) =>
  (await sql<[{ is_waiting: boolean }]>`SELECT is_waiting FROM webhook_queues WHERE endpoint_id = ${id}`)[0];

test('an event whose transaction read the queue before it rested, and commits afterwards, is found', async () => {
  const { id, receiver } = await buildReceiver(answerWith(200));
  await sql`UPDATE webhook_queues SET is_waiting = false WHERE endpoint_id = ${id}`;
  let looks = 0;
  overrides = (real) => ({
    async deliverOwed(input) {
      const sent = await real.deliverOwed(input);
      looks += 1;
      // The queue rests now. The event notifies no process, because its transaction read that the workflow works.
      if (looks === 1) {
        await sql`UPDATE webhook_queues SET is_waiting = false WHERE endpoint_id = ${id}`;
        await writeEvents(sql, contract_id);
        await sql`UPDATE webhook_queues SET is_waiting = true WHERE endpoint_id = ${id}`;
      }
      return sent;
    },
  });
  expect(await run(id)).toEqual({ delivered: 1, failed: 0 });
  expect(receiver.requests).toHaveLength(1);
});

describe('an endpoint that answers 410', () => {
  const recorded = async (id: string) => {
    const audit = await sql`SELECT action, after ->> 'reason' AS reason FROM audit_events WHERE subject_id = ${id}`;
    const events = await sql`
      SELECT type, data ->> 'reason' AS reason FROM domain_events WHERE data ->> 'endpoint_id' = ${id}`;
    return { audit: [...audit], events: [...events] };
  };

  test('is disabled with one audit row and one event, and gets what it is owed after it was enabled', async () => {
    let is_gone = true;
    const { id, receiver } = await buildReceiver((socket, request) => answerWith(is_gone ? 410 : 200)(socket, request));
    await writeEvents(sql, contract_id, 20);
    overrides = (real) => ({
      deliverOwed: async (input) => (await Promise.all([real.deliverOwed(input), real.deliverOwed(input)]))[0],
    });
    await run(id);
    expect(await statusOf(id)).toEqual({ status: 'disabled', disabled_reason: 'gone' });
    const once = { type: 'webhook.disabled', reason: 'gone' };
    expect(await recorded(id)).toEqual({
      audit: [{ action: 'webhook_endpoint.disabled', reason: 'gone' }],
      events: [once],
    });
    expect((await deliveriesOf(sql, id)).map(({ status }) => status)).toEqual(Array(20).fill('owed'));
    // Nothing is sent while it is disabled.
    const sent = receiver.requests.length;
    await run(id);
    expect(receiver.requests).toHaveLength(sent);

    is_gone = false;
    await sql`UPDATE webhook_endpoints SET status = 'enabled', disabled_at = NULL, disabled_reason = NULL WHERE id = ${id}`;
    await restartEndpoint(sql, id);
    await run(id);
    expect((await deliveriesOf(sql, id)).every(({ status }) => status === 'delivered')).toBe(true);
  });

  test('is removed if it was ending', async () => {
    const { id } = await buildReceiver(answerWith(410));
    await storeSecret(id);
    await writeEvents(sql, contract_id, 2);
    await sql`UPDATE webhook_endpoints SET status = 'ending' WHERE id = ${id}`;
    await run(id);
    expect(await statusOf(id)).toMatchObject({ status: 'removed' });
    expect((await deliveriesOf(sql, id)).map(({ status }) => status)).toEqual(['failed', 'failed']);
    expect((await recorded(id)).audit).toEqual([{ action: 'webhook_endpoint.removed', reason: 'gone' }]);
    expect(await secretsOf(id)).toBe(0);
  });

  test.each([
    ['has another URL meanwhile', `url = 'https://other.example'`, 'enabled', null],
    [
      'is disabled by hand meanwhile',
      `status = 'disabled', disabled_at = now(), disabled_reason = 'by_hand'`,
      'disabled',
      'by_hand',
    ],
  ])('stays as it is when it %s', async (_what, change, status, disabled_reason) => {
    const answering = gate();
    const { id } = await buildReceiver((socket, request) => {
      answering.arrive();
      void answering.opened.then(() => answerWith(410)(socket, request));
    });
    await writeEvents(sql, contract_id);
    await worker.nudger.wakeEndpoints([id]);
    await answering.reached;
    await sql.unsafe(`UPDATE webhook_endpoints SET ${change} WHERE id = '${id}'`);
    answering.open();
    await attempted(id);
    await until('the queue to rest', async () => (await queueOf(id)).is_waiting || status === 'enabled');
    expect(await statusOf(id)).toEqual({ status, disabled_reason });
    expect(await recorded(id)).toEqual({ audit: [], events: [] });
    await handleOf(id)
      .terminate()
      .catch(() => undefined);
  });
});

test('an endpoint that fails for five days is disabled', async () => {
  const { id } = await buildReceiver(answerWith(500));
  await writeEvents(sql, contract_id);
  await sql`UPDATE webhook_queues SET failing_since = now() - interval '5 days' WHERE endpoint_id = ${id}`;
  await run(id);
  expect(await statusOf(id)).toEqual({ status: 'disabled', disabled_reason: 'failing' });
  expect(await deliveriesOf(sql, id)).toMatchObject([{ status: 'owed', attempts: 1, met: ['500'] }]);
});

test('an endpoint that is ending gets what it is owed, and is removed then', async () => {
  const { id, receiver } = await buildReceiver(answerWith(200));
  await storeSecret(id);
  await writeEvents(sql, contract_id, 3);
  await sql`UPDATE webhook_endpoints SET status = 'ending' WHERE id = ${id}`;
  await run(id);
  expect([receiver.requests.length, (await statusOf(id)).status]).toEqual([3, 'removed']);
  expect(await secretsOf(id)).toBe(0);
});

test('what a removed endpoint is owed is found, also what is due later, and ends without being sent', async () => {
  const { id, receiver } = await buildReceiver(answerWith(200));
  const soon = instantFromMillis(Date.now() + ATTEMPT_S_MAX * 1_000);
  await sql`
    INSERT INTO webhook_deliveries (endpoint_id, event_id, event_type, due_at)
    SELECT ${id}, gen_random_uuid(), 'pool.low_water', now() + interval '1 day' FROM generate_series(1, 4500)`;
  const isDue = async () => (await listDueEndpoints(sql, soon, 1_000)).includes(id);
  expect(await isDue()).toBe(false);
  await sql`UPDATE webhook_endpoints SET status = 'removed', updated_at = now() WHERE id = ${id}`;
  expect(await isDue()).toBe(true);
  await run(id);
  // By a transaction that began before the removal.
  await sql`INSERT INTO webhook_deliveries (endpoint_id, event_id, event_type) VALUES (${id}, gen_random_uuid(), 'pool.low_water')`;
  expect(await isDue()).toBe(true);
  await run(id);
  const [{ failed }] = await sql<[{ failed: number }]>`
    SELECT count(*)::int AS failed FROM webhook_deliveries WHERE endpoint_id = ${id} AND status = 'failed' AND ended_at IS NOT NULL`;
  expect([failed, receiver.requests.length, await isDue()]).toEqual([4_501, 0, false]);
});

test('a delivery that is cancelled leaves what is owed, and the next run delivers it', async () => {
  const answering = gate();
  const { id, receiver } = await buildReceiver((socket, request) => {
    answering.arrive();
    void answering.opened.then(() => answerWith(200)(socket, request));
  });
  await writeEvents(sql, contract_id, 2);
  await worker.nudger.wakeEndpoints([id]);
  await answering.reached;
  await handleOf(id).cancel();
  answering.open();
  await expect(handleOf(id).result()).rejects.toThrow('cancelled');
  await run(id);
  expect((await deliveriesOf(sql, id)).map(({ status }) => status)).toEqual(['delivered', 'delivered']);
  expect(new Set(idsOf(receiver)).size).toBe(2);
});

test('an endpoint with a rate gets no more in a second, and waits without attempts', async () => {
  const { id } = await buildReceiver(answerWith(200), { rate_per_second: 5 });
  await writeEvents(sql, contract_id, 11);
  expect(await run(id)).toEqual({ delivered: 11, failed: 0 });
  const attempts = await sql<{ ms: number }[]>`
    SELECT extract(epoch FROM at)::float8 * 1000 AS ms FROM webhook_attempts
    WHERE delivery_id IN (SELECT id FROM webhook_deliveries WHERE endpoint_id = ${id})`;
  const in_a_second = attempts.map(({ ms: from }) => attempts.filter(({ ms }) => ms >= from && ms < from + 999).length);
  expect([attempts.length, Math.max(...in_a_second)]).toEqual([11, 5]);
});

describe('without the sweep', () => {
  let stop: () => Promise<void>;
  beforeEach(async () => {
    const clock = () => Promise.resolve(new Date().toISOString());
    stop = await wakeWebhooks({ db: sql, nudger: worker.nudger, clock, onFailure: () => undefined });
  });
  afterEach(() => stop());

  test('events are delivered when their transactions commit, also those that follow each other', async () => {
    const { id, receiver } = await buildReceiver(answerWith(200));
    await writeEvents(sql, contract_id);
    await until('the first event', async () => receiver.requests.length === 1);
    for (let n = 0; n < 5; n += 1) await writeEvents(sql, contract_id);
    await until('all events', async () => receiver.requests.length === 6);
    expect(new Set(idsOf(receiver)).size).toBe(6);
    expect(await handleOf(id).result()).toMatchObject({ failed: 0 });
  });

  test('what became due while no process listened is delivered when one does', async () => {
    await stop();
    const { id, receiver } = await buildReceiver(answerWith(200));
    await writeEvents(sql, contract_id, 3);
    const clock = () => Promise.resolve(new Date().toISOString());
    stop = await wakeWebhooks({ db: sql, nudger: worker.nudger, clock, onFailure: () => undefined });
    await until('the events', async () => receiver.requests.length === 3);
    await handleOf(id).result();
  });
});

test('of many endpoints that are notified together few are woken at a time, in their order', async () => {
  const ids = Array.from({ length: 60 }, (_, n) => `endpoint-${n}`);
  const woken: string[] = [];
  const answering = gate();
  let in_flight = 0;
  let in_flight_max = 0;
  const nudger = {
    async wakeEndpoints(endpoint_ids: string[]) {
      if (endpoint_ids.length === 0) return [];
      woken.push(...endpoint_ids);
      in_flight += 1;
      in_flight_max = Math.max(in_flight_max, in_flight);
      await answering.opened;
      in_flight -= 1;
      return endpoint_ids;
    },
  };
  const clock = () => Promise.resolve('2000-01-01T00:00:00.000Z');
  const stop = await wakeWebhooks({ db: sql, nudger, clock, onFailure: () => undefined });
  for (const id of ids) await sql.notify('webhooks', id);
  await until('the first endpoints', async () => woken.length === 20);
  // It is woken again, because what it was notified of may be owed since then.
  await sql.notify('webhooks', ids[0]!);
  await sql.notify('webhooks', 'last');
  answering.open();
  await until('all endpoints', async () => woken.includes('last'));
  await stop();
  expect(in_flight_max).toBe(20);
  expect(woken).toEqual([...ids, ids[0], 'last']);
});

test('endpoints that cannot be woken do not stop the waking of others', async () => {
  const failures: unknown[] = [];
  const woken: string[] = [];
  const nudger = {
    async wakeEndpoints(endpoint_ids: string[]) {
      if (endpoint_ids.some((id) => id.startsWith('lost'))) throw new Error('Temporal is gone');
      woken.push(...endpoint_ids);
      return endpoint_ids;
    },
  };
  const clock = () => Promise.resolve('2000-01-01T00:00:00.000Z');
  const stop = await wakeWebhooks({ db: sql, nudger, clock, onFailure: (error) => failures.push(error) });
  // More than are woken at the same time.
  for (let n = 0; n < 30; n += 1) await sql.notify('webhooks', `lost-${n}`);
  await sql.notify('webhooks', 'found');
  await until('the endpoint after them', async () => woken.includes('found'));
  await stop();
  expect(failures).toHaveLength(30);
});

test(
  'a delivery is attempted ten times in about three days, each time later than before, and has failed then',
  async () => {
    const { id, receiver } = await buildReceiver(answerWith(500));
    await writeEvents(sql, contract_id);
    const environment = await createTimeSkippingEnvironment();
    const { client, nativeConnection } = environment;
    const patient = await startCovenantWorker({ db: sql, client, nativeConnection });
    try {
      await patient.nudger.wakeEndpoints([id]);
      expect(await client.workflow.getHandle(endpointWorkflowId(id)).result()).toEqual({
        delivered: 0,
        failed: ATTEMPTS_MAX,
      });
    } finally {
      await patient.stop();
      await environment.teardown();
    }
    expect(await deliveriesOf(sql, id)).toMatchObject([{ status: 'failed', due_at: null, attempts: ATTEMPTS_MAX }]);
    expect(receiver.requests).toHaveLength(ATTEMPTS_MAX);
    const attempts = await sql<{ at: string }[]>`
      SELECT at FROM webhook_attempts a JOIN webhook_deliveries d ON d.id = a.delivery_id WHERE d.endpoint_id = ${id} ORDER BY number`;
    const waits_s = attempts
      .slice(1)
      .map(({ at }, index) => (Date.parse(at) - Date.parse(attempts[index]!.at)) / 1_000);
    expect(RETRY_DELAYS_S).toEqual([5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
    for (const [index, delay_s] of RETRY_DELAYS_S.entries()) {
      expect(waits_s[index]).toBeGreaterThanOrEqual(0.8 * delay_s);
      expect(waits_s[index]).toBeLessThan(1.2 * delay_s + ATTEMPT_S_MAX);
    }
  },
  FETCH_TIMEOUT_MS,
);
