/**
 * Rows that other transactions lock: only the requests that need them wait. The tests expect responses for all other requests before
 * the rows are released. The duration does not matter, because requests in these tests may wait for a minute.
 */
import { randomUUID } from 'node:crypto';
import type { Sql } from '../../db/base/database';
import { signStandard } from '../../demo/fake-billing';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { addCatalogue, addContract, contractBody } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';
import { lockRows } from '../harness/locked-rows';
import type { LockedRows } from '../harness/locked-rows';
import { waitFor } from '../harness/stack';

const POOL_SIZE = 10;
/** More contracts than the number of turns with ten connections. */
const HELD_CONTRACTS = 8;
/** More requests than the pool has connections. */
const REQUESTS = 14;
/** Merged requests wait in a separate queue. */
const WAITING_MAX = 30;
/** Much longer than a test takes. */
const LONG_TIMEOUTS = { statement_ms: 120_000, idle_in_transaction_ms: 120_000, lock_ms: 60_000 };

let api: TestApi;
let catalogue: TestCatalogue;
let held: LockedRows[] = [];

beforeAll(async () => {
  api = await startTestApi({
    poolSize: POOL_SIZE,
    limits: LONG_TIMEOUTS,
    lockTurnLimits: { waiting_per_row_max: REQUESTS - 1, waiting_max: WAITING_MAX },
  });
  catalogue = await addCatalogue(api);
});
afterEach(async () => {
  for (const rows of held) await rows.release();
  held = [];
  // Every turn was released, whatever the outcome of its request.
  await expectTurns({ running: 0, waiting: 0 });
});
afterAll(() => api.close());

async function lockUntilReleased(lock: (tx: Sql) => PromiseLike<unknown>): Promise<LockedRows> {
  const rows = await lockRows(api.sql, lock);
  held.push(rows);
  return rows;
}

const lockContract = (id: string) => lockUntilReleased((tx) => tx`SELECT FROM contracts WHERE id = ${id} FOR UPDATE`);

async function expectTurns(expected: { running: number; waiting: number }): Promise<void> {
  const { lockTurns } = api.api.db;
  const same = () => JSON.stringify(lockTurns.counts()) === JSON.stringify(expected);
  await waitFor(async () => same() || undefined, { timeout_ms: 10_000, what: `turns ${JSON.stringify(expected)}` });
}

/** Sends the same request `size` times. */
const sendMany = (ask: (n: number) => Promise<ApiAnswer>, size = REQUESTS): Promise<ApiAnswer>[] =>
  Array.from({ length: size }, (_, n) => ask(n));

const edit = (id: string) => api.call('PATCH', `/contracts/${id}`, { body: { name: `Renamed ${randomUUID()}` } });
const generate = (id: string, count: number) => api.call('POST', `/contracts/${id}/generate`, { body: { count } });
const statusesOf = async (requests: Promise<ApiAnswer>[]): Promise<number[]> => [
  ...new Set((await Promise.all(requests)).map(({ status }) => status)),
];

/** Sends more simultaneous reads than there are connections left for them. */
async function expectReadsAnswered(contract_id: string): Promise<void> {
  const paths = ['/products?limit=1', `/contracts/${contract_id}`, '/contracts?limit=1', '/customers?limit=1'];
  const reads = [...paths, ...paths, ...paths].map((path) => api.call('GET', path));
  expect(await statusesOf(reads)).toEqual([200]);
}

async function expectWritesAnswered(contract_id: string): Promise<void> {
  const writes = [
    edit(contract_id),
    generate(contract_id, 1),
    generate(contract_id, 100),
    api.call('POST', '/contracts', { body: contractBody(catalogue) }),
    api.call('PATCH', `/generators/${catalogue.generator_id}`, { body: { name: `Generator ${randomUUID()}` } }),
  ];
  expect((await Promise.all(writes)).map(({ status }) => status)).toEqual([200, 201, 202, 201, 200]);
}

/** A contract with a due boundary that is not applied yet. */
async function addDueContract(): Promise<string> {
  const { id } = await addContract(api, catalogue);
  await api.sql`UPDATE contracts SET next_boundary_at = now() - interval '1 hour' WHERE id = ${id}`;
  return id as string;
}

async function addCountedRefusal(): Promise<string> {
  const { id } = await addContract(api, catalogue, { quota: 1 });
  expectRefusal(await generate(id, 2), 409, 'QUOTA_EXCEEDED');
  return id as string;
}

const addActiveContract = async (): Promise<string> => (await addContract(api, catalogue)).id as string;

describe('while more requests than connections wait for one locked row, all other requests are served:', () => {
  test.each<{
    what: string;
    add: () => Promise<string>;
    lock: (tx: Sql, id: string) => PromiseLike<unknown>;
    ask: (id: string) => Promise<ApiAnswer>;
    status: number;
  }>([
    {
      what: 'edits of a contract',
      add: addActiveContract,
      lock: (tx, id) => tx`SELECT FROM contracts WHERE id = ${id} FOR UPDATE`,
      ask: edit,
      status: 200,
    },
    {
      what: 'dry runs of edits of a contract',
      add: addActiveContract,
      lock: (tx, id) => tx`SELECT FROM contracts WHERE id = ${id} FOR UPDATE`,
      ask: (id) => api.call('PATCH', `/contracts/${id}?dry_run=true`, { body: { quota: 2_000 } }),
      status: 200,
    },
    {
      what: 'reads of a contract that must be settled first',
      add: addDueContract,
      lock: (tx, id) => tx`SELECT FROM contracts WHERE id = ${id} FOR UPDATE`,
      ask: (id) => api.call('GET', `/contracts/${id}`),
      status: 200,
    },
    {
      what: 'inline requests for licenses of a contract whose quota is held',
      add: addActiveContract,
      lock: (tx, id) => tx`SELECT FROM contract_quotas WHERE contract_id = ${id} FOR UPDATE`,
      ask: (id) => generate(id, 1),
      status: 201,
    },
    {
      what: 'refused requests for licenses whose count is held',
      add: addCountedRefusal,
      lock: (tx, id) => tx`SELECT FROM refused_attempts WHERE contract_id = ${id} FOR UPDATE`,
      ask: (id) => generate(id, 2),
      status: 409,
    },
    {
      what: 'edits of a product',
      add: async () => (await addCatalogue(api)).product_id,
      lock: (tx, id) => tx`SELECT FROM products WHERE id = ${id} FOR UPDATE`,
      ask: (id) => api.call('PATCH', `/products/${id}`, { body: { name: `Product ${randomUUID()}` } }),
      status: 200,
    },
  ])('$what', async ({ add, lock, ask, status }) => {
    const [id, other] = [await add(), await addActiveContract()];
    const row = await lockUntilReleased((tx) => lock(tx, id));
    const requests = sendMany(() => ask(id));
    await waitUntilBlocked(api.sql);
    await expectReadsAnswered(other);
    await expectWritesAnswered(other);
    await row.release();
    expect(await statusesOf(requests)).toEqual([status]);
  });

  test('creating contracts of a product', async () => {
    const [sources, other] = [await addCatalogue(api), await addActiveContract()];
    const row = await lockUntilReleased((tx) => tx`SELECT FROM products WHERE id = ${sources.product_id} FOR UPDATE`);
    const requests = sendMany(() => api.call('POST', '/contracts', { body: contractBody(sources) }));
    await waitUntilBlocked(api.sql, 4);
    await expectReadsAnswered(other);
    await expectWritesAnswered(other);
    await row.release();
    expect(await statusesOf(requests)).toEqual([201]);
  });

  test('equal requests with one idempotency key, which run once', async () => {
    const other = await addActiveContract();
    const code = `P-${randomUUID()}`;
    const body = { name: 'Product', code, environment: 'production' };
    const row = await lockUntilReleased(
      (tx) => tx`
        INSERT INTO products (name, code, environment, status, created_at, updated_at)
        VALUES ('Product', ${code}, 'production', 'active', now(), now())`,
    );
    const requests = sendMany(() => api.call('POST', '/products', { body, headers: { 'Idempotency-Key': code } }));
    await waitUntilBlocked(api.sql);
    await expectReadsAnswered(other);
    await expectWritesAnswered(other);
    await row.release();
    expect(await statusesOf(requests)).toEqual([201]);
    expect((await api.sql`SELECT FROM products WHERE code = ${code}`).count).toBe(1);
  });

  test('billing events of a test clock', async () => {
    const other = await addActiveContract();
    const clock = await api.call('POST', '/test-clocks', { body: { now: new Date().toISOString() } });
    const { id } = await addContract(api, await addCatalogue(api, { environment: 'staging' }), {
      test_clock_id: clock.body.id,
    });
    const row = await lockUntilReleased((tx) => tx`SELECT FROM test_clocks WHERE id = ${clock.body.id} FOR UPDATE`);
    const requests = sendMany(() => sendEvent(id));
    await waitUntilBlocked(api.sql);
    await expectReadsAnswered(other);
    await expectWritesAnswered(other);
    await row.release();
    expect(await statusesOf(requests)).toEqual([202]);
  });
});

function sendEvent(contract_id: string): Promise<ApiAnswer> {
  const secret = api.billing.billingStandardSecrets?.[0] as string;
  const occurred_at = new Date().toISOString();
  const invoice = { id: `in_${randomUUID()}`, due_date: '2099-01-31' };
  const body = JSON.stringify({ id: `evt_${randomUUID()}`, type: 'invoice.open', occurred_at, contract_id, invoice });
  return api.call('POST', '/billing/standard/events', { key: null, body, headers: signStandard(body, secret) });
}

test('a caller whose API key row is locked, for example while it is revoked, is served', async () => {
  const { key, id } = await api.addAdmin('viewer');
  await lockUntilReleased((tx) => tx`SELECT FROM admin_api_keys WHERE admin_id = ${id} FOR UPDATE`);
  expect((await api.call('GET', '/products?limit=1', { key })).status).toBe(200);
});

describe('while the rows of more contracts than turns are locked', () => {
  /** Locks all rows that a change of a contract locks. */
  const holdAll = (id: string) =>
    lockUntilReleased(async (tx) => {
      await tx`SELECT FROM contracts WHERE id = ${id} FOR UPDATE`;
      await tx`SELECT FROM contract_quotas WHERE contract_id = ${id} FOR UPDATE`;
    });

  /** Expects responses for reads and changes of all other rows before the release, and for the waiting requests afterwards. */
  async function expectOthersAnswered(
    requests: Promise<ApiAnswer>[],
    statuses: number[],
    other: string,
  ): Promise<void> {
    await waitUntilBlocked(api.sql);
    await expectReadsAnswered(other);
    await expectWritesAnswered(other);
    const { running, waiting } = api.api.db.lockTurns.counts();
    expect(running + waiting).toBe(requests.length);
    const { text } = await api.call('GET', '//metrics', { key: null });
    expect(text).toContain('covenant_lock_turns{state="waiting"} ');
    for (const rows of held) await rows.release();
    expect((await statusesOf(requests)).sort()).toEqual(statuses);
  }

  test('edits and license requests of these contracts wait, and all other requests are served', async () => {
    const other = await addActiveContract();
    const ids = await Promise.all(Array.from({ length: HELD_CONTRACTS }, addActiveContract));
    for (const id of ids) await holdAll(id);
    const requests = ids.flatMap((id) => [...sendMany(() => edit(id), 2), generate(id, 1)]);
    await expectOthersAnswered(requests, [200, 201], other);
  });

  test('locked jobs of one contract are cancelled after the release', async () => {
    const [id, other] = [await addActiveContract(), await addActiveContract()];
    const jobs = await Promise.all(sendMany(() => generate(id, 100), 10));
    await lockUntilReleased((tx) => tx`SELECT FROM generation_jobs WHERE contract_id = ${id} FOR UPDATE`);
    const requests = jobs.map(({ body }) => api.call('POST', `/jobs/${body.job_id}/cancel`));
    await expectOthersAnswered(requests, [200], other);
  });

  test('a generator of a locked contract is edited after the release, and licenses of its other contracts are generated', async () => {
    const sources = await addCatalogue(api);
    const [last, first] = (await Promise.all([addContract(api, sources), addContract(api, sources)]))
      .map(({ id }) => id as string)
      .sort()
      .reverse() as [string, string];
    await generate(first, 1);
    await generate(last, 1);
    await holdAll(last);
    const requests = [
      api.call('PATCH', `/generators/${sources.generator_id}`, { body: { features: { seats: 1 } } }),
      ...sendMany(() => edit(last), 2),
    ];
    await waitUntilBlocked(api.sql, 2);
    expect(await statusesOf(sendMany(() => generate(first, 1)))).toEqual([201]);
    await expectOthersAnswered(requests, [200], await addActiveContract());
  });
});

describe('above the limit of waiting requests', () => {
  function expectBusy(answers: ApiAnswer[], contract_id: string): void {
    for (const answer of answers) {
      expectRefusal(answer, 503, 'CONTRACT_BUSY');
      expect(answer.headers.get('retry-after')).toBe('2');
      expect(answer.body.metadata).toEqual({ contract_id });
    }
  }

  test('requests for a locked contract are CONTRACT_BUSY with Retry-After, and the waiting requests run later', async () => {
    const id = await addActiveContract();
    const row = await lockContract(id);
    const requests = sendMany(() => edit(id));
    await expectTurns({ running: 1, waiting: REQUESTS - 1 });
    expectBusy([await edit(id), await api.call('DELETE', `/contracts/${id}`, { body: { confirm_name: 'x' } })], id);
    await row.release();
    expect(await statusesOf(requests)).toEqual([200]);
  });

  test('license requests of the contract are CONTRACT_BUSY too', async () => {
    const id = await addActiveContract();
    const row = await lockUntilReleased((tx) => tx`SELECT FROM contract_quotas WHERE contract_id = ${id} FOR UPDATE`);
    const requests = [generate(id, 1)];
    await waitUntilBlocked(api.sql);
    const refused: ApiAnswer[] = [];
    // Sent together: the first ones wait, and those above the limit get their response at once.
    requests.push(
      ...sendMany(async () => {
        const answer = await generate(id, 1);
        if (answer.status === 503) refused.push(answer);
        return answer;
      }, WAITING_MAX + 3),
    );
    await waitFor(async () => refused.length >= 3 || undefined, { timeout_ms: 10_000, what: 'three refusals' });
    await row.release();
    const answers = await Promise.all(requests);
    expectBusy(refused, id);
    expect(refused).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(WAITING_MAX + 1);
  });
});

describe('a turn is released', () => {
  test('by requests whose clients have disconnected', async () => {
    const id = await addActiveContract();
    const row = await lockContract(id);
    const clients = new AbortController();
    const { signal } = clients;
    const requests = sendMany(() => api.call('PATCH', `/contracts/${id}`, { body: { name: 'Renamed' }, signal }), 5);
    const outcomes = Promise.allSettled(requests);
    await expectTurns({ running: 1, waiting: 4 });
    clients.abort();
    await outcomes;
    await row.release();
    await expectTurns({ running: 0, waiting: 0 });
    expect((await edit(id)).status).toBe(200);
  });

  test('by a transaction that ran twice, and by one that failed', async () => {
    await api.sql.unsafe(`
      CREATE SEQUENCE failures;
      CREATE FUNCTION fail_at_times() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW.name = 'fails once' AND nextval('failures') = 1 THEN RAISE SQLSTATE '40001'; END IF;
        IF NEW.name = 'fails' THEN RAISE 'on purpose'; END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER fail_at_times BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION fail_at_times()`);
    const post = (name: string) =>
      api.call('POST', '/customers', { body: { name, email: `${randomUUID()}@covenant.test` } });
    expect((await post('fails once')).status).toBe(201);
    await expect(post('fails')).rejects.toThrow('→ 500');
    await api.sql`DROP TRIGGER fail_at_times ON customers`;
  });
});

test('a contract that stays locked is CONTRACT_BUSY for the request that waits in Postgres and for those behind it', async () => {
  const lock_ms = 200;
  const apiWithShortLimits = await startTestApi({ limits: { ...LONG_TIMEOUTS, lock_ms } });
  const { id } = await addContract(apiWithShortLimits, await addCatalogue(apiWithShortLimits));
  const row = await lockRows(apiWithShortLimits.sql, (tx) => tx`SELECT FROM contracts WHERE id = ${id} FOR UPDATE`);
  const requests = sendMany(
    (n) => apiWithShortLimits.call('PATCH', `/contracts/${id}`, { body: { name: `Renamed ${n}` } }),
    4,
  );
  for (const answer of await Promise.all(requests)) {
    expectRefusal(answer, 503, 'CONTRACT_BUSY');
    expect(answer.headers.get('retry-after')).toBe('2');
  }
  await row.release();
  await apiWithShortLimits.close();
});
