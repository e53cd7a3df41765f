/**
 * A migration that adds columns while the API and the worker run under load: clients notice nothing.
 */
import { waitFor } from '../harness/stack';
import { startTestApi, type ApiAnswer, type TestApi } from '../harness/api';
import { addCatalogue, contractBody, type TestCatalogue } from '../harness/catalogue';

/** Clients that send a mix of requests continuously, one after the other. */
const USERS = 6;
const TABLE_LOCK_TIMEOUT_MS = 500;
const JOB_TIMEOUT_MS = 30_000;

let api: TestApi;
let catalogue: TestCatalogue;
beforeAll(async () => {
  api = await startTestApi({ worker: true });
  catalogue = await addCatalogue(api);
});
afterAll(() => api.close());

async function addContract(): Promise<string> {
  const answer = await api.call('POST', '/contracts', {
    body: contractBody(catalogue, { status: 'active', quota: 1_000_000 }),
  });
  expect(answer.status).toBe(201);
  return (answer.body as { id: string }).id;
}

/** A typical mix of requests, for one contract of the client and the shared catalogue. */
function requestMix(id: string, turn: number): (() => Promise<ApiAnswer>)[] {
  const name = `Name ${turn}`;
  return [
    () => api.call('POST', `/contracts/${id}/generate`, { body: { count: 3 } }),
    () => api.call('PATCH', `/contracts/${id}`, { body: { name } }),
    () => api.call('PATCH', `/products/${catalogue.product_id}`, { body: { name } }),
    () => api.call('PATCH', `/generators/${catalogue.generator_id}`, { body: { name } }),
    () => api.call('POST', `/contracts/${id}/generate`, { body: { count: 150 } }),
    () => api.call('POST', `/contracts/${id}/pause`, { body: {} }),
    () => api.call('POST', `/contracts/${id}/resume`, { body: {} }),
    () => api.call('POST', '/customers', { body: { name }, headers: { 'Idempotency-Key': `${id} ${turn}` } }),
    () => api.call('GET', `/contracts/${id}`),
    () => api.call('GET', `/contracts/${id}/licenses`),
    () => api.call('GET', '/contracts?limit=20'),
    () => api.call('GET', '/products'),
    () => api.call('GET', `/jobs?contract_id=${id}`),
    () => api.call('GET', '/activity'),
  ];
}

/** Adds a column as `covenant migrate` does: it waits only briefly for the lock of the table, and retries. */
async function addColumn(table: string): Promise<void> {
  await waitFor(
    () =>
      api.sql
        .unsafe(`SET lock_timeout = ${TABLE_LOCK_TIMEOUT_MS}; ALTER TABLE ${table} ADD COLUMN of_a_migration int`)
        .then(
          () => true,
          () => undefined,
        ),
    { timeout_ms: JOB_TIMEOUT_MS, what: `a column of ${table}` },
  );
}

test('columns are added to every table under mixed load: no request fails, no connection is lost', async () => {
  const answers: { what: string; status: number }[] = [];
  let migrating = true;
  const contracts = await Promise.all(Array.from({ length: USERS }, addContract));
  const users = contracts.map(async (id, user) => {
    // Each client starts at another request, and sends the complete mix at least once before and once after the last column.
    for (let turn = 0, after = 0; after < 2; turn++) {
      if (!migrating) after += 1;
      const day = requestMix(id, turn);
      for (let n = 0; n < day.length; n++) {
        const answer = await (day[(n + user * 2) % day.length] as () => Promise<ApiAnswer>)();
        answers.push({ what: answer.text.slice(0, 300), status: answer.status });
      }
    }
  });
  const tables = await api.sql<{ name: string }[]>`
    SELECT table_name AS name FROM information_schema.tables
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'schema_version' ORDER BY table_name`;
  expect(tables.length).toBeGreaterThan(15);
  for (const { name } of tables) await addColumn(name);
  migrating = false;
  await Promise.all(users);

  expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
  expect(answers.filter(({ status }) => status < 400).length).toBeGreaterThan(answers.length / 2);
  await waitFor(
    async () => {
      const open = await api.sql`SELECT FROM generation_jobs WHERE state IN ('QUEUED', 'RUNNING', 'CANCELLING')`;
      return open.length === 0 ? true : undefined;
    },
    { timeout_ms: JOB_TIMEOUT_MS, what: 'the jobs to end' },
  );
  await waitFor(
    async () => {
      const stuck = await api.sql`
        SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`;
      return stuck.length === 0 ? true : undefined;
    },
    { timeout_ms: JOB_TIMEOUT_MS, what: 'every transaction to end' },
  );
  const pool = await Promise.all(Array.from({ length: 30 }, () => api.call('GET', '/products')));
  expect(pool.every(({ status }) => status === 200)).toBe(true);
});
