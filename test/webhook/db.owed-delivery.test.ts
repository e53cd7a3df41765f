/** What endpoints are owed: every statement that writes events also writes their deliveries. */
import { insertDomainEvents } from '../../db/contract/domain-event';
import type { EventType } from '../../domain/webhook/event';
import { createLicenseRequests } from '../../transactions/generation/request-licenses';
import { NOON } from '../harness/contract-facts';
import { buildContract, buildRequest } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { buildEndpoint } from '../harness/webhook-rows';

let database: TestDatabase;
let sql: TestDatabase['sql'];
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
afterAll(() => database.drop());

async function owedTo(endpoint_id: string): Promise<string[]> {
  const rows = await sql<{ type: EventType }[]>`
    SELECT event_type AS type FROM webhook_deliveries WHERE endpoint_id = ${endpoint_id} AND status = 'owed' ORDER BY id`;
  return rows.map(({ type }) => type);
}

const lowWater = (contract_id: string) =>
  ({
    at: NOON,
    type: 'pool.low_water',
    environment: 'production',
    data: { contract_id, available: 9, low_water: 10 },
  }) as const;
const warned = (contract_id: string) =>
  ({ ...lowWater(contract_id), type: 'pool.replenish_blocked_by_quota', data: { contract_id, remaining: 0 } }) as never;

test('an event is owed to every enabled endpoint of its contract, its environment and the installation whose filter matches', async () => {
  const { id: contract_id } = (await buildContract(sql)).facts;
  const { id: other_id } = (await buildContract(sql)).facts;
  const endpoints = {
    contract: await buildEndpoint(sql, { contract_id, environment: 'production' }),
    'another contract': await buildEndpoint(sql, { contract_id: other_id, environment: 'production' }),
    environment: await buildEndpoint(sql, { environment: 'production' }),
    'another environment': await buildEndpoint(sql, { environment: 'staging' }),
    installation: await buildEndpoint(sql, {}),
    'its type': await buildEndpoint(sql, { contract_id, events: ['contract.deleted', 'pool.low_water'] }),
    'types of pools': await buildEndpoint(sql, { contract_id, events: ['pool.*'] }),
    'types of licenses': await buildEndpoint(sql, { contract_id, events: ['license.*'] }),
    disabled: await buildEndpoint(sql, { contract_id, status: 'disabled' }),
    ending: await buildEndpoint(sql, { contract_id, status: 'ending' }),
  };
  await sql.begin((tx) => insertDomainEvents(tx, contract_id, [lowWater(contract_id), warned(contract_id)]));
  const owed = await Promise.all(
    Object.entries(endpoints).map(async ([name, id]) => [name, (await owedTo(id)).join(' ')] as const),
  );
  const both = 'pool.low_water pool.replenish_blocked_by_quota';
  expect(Object.fromEntries(owed)).toEqual({
    contract: both,
    'another contract': '',
    environment: both,
    'another environment': '',
    installation: both,
    'its type': 'pool.low_water',
    'types of pools': both,
    'types of licenses': '',
    disabled: '',
    ending: '',
  });
});

test('filters are compared in the statement itself, without a call of a function for each endpoint', async () => {
  const plan =
    await sql`EXPLAIN (VERBOSE) SELECT FROM webhook_endpoints e WHERE matches_event(e.events, 'pool.low_water')`;
  const text = plan.map((row) => row['QUERY PLAN'] as string).join('\n');
  expect(text).toContain("e.events && '{*,pool.*,pool.low_water}'");
  expect(text).not.toContain('matches_event');
});

test('what a rolled back transaction would have announced is owed to no endpoint', async () => {
  const { id: contract_id } = (await buildContract(sql)).facts;
  const endpoint = await buildEndpoint(sql, { contract_id });
  const rolled_back = sql.begin(async (tx) => {
    await insertDomainEvents(tx, contract_id, [lowWater(contract_id)]);
    throw new Error('rolled back');
  });
  await expect(rolled_back).rejects.toThrow('rolled back');
  expect(await owedTo(endpoint)).toEqual([]);
});

test('a grant, which writes its event in the same statement, is owed too', async () => {
  const { id: contract_id } = (await buildContract(sql)).facts;
  const endpoint = await buildEndpoint(sql, { contract_id, events: ['license.batch_generated'] });
  await createLicenseRequests(sql)(buildRequest(contract_id, 1));
  expect(await owedTo(endpoint)).toEqual(['license.batch_generated']);
});

/** The endpoints that are notified of an event, in order. */
async function notifiedOf(contract_id: string): Promise<string[]> {
  const notified: string[] = [];
  let last = (): void => undefined;
  const complete = new Promise<void>((resolve) => (last = resolve));
  const { unlisten } = await sql.listen('webhooks', (text) => (text === 'last' ? last() : notified.push(text)));
  await sql.begin((tx) => insertDomainEvents(tx, contract_id, [lowWater(contract_id), warned(contract_id)]));
  await sql.notify('webhooks', 'last');
  await complete;
  await unlisten();
  return notified;
}

test('only endpoints whose workflow waits are notified', async () => {
  const { id: contract_id } = (await buildContract(sql)).facts;
  const waiting = await buildEndpoint(sql, { contract_id });
  const busy = await buildEndpoint(sql, { contract_id });
  await sql`UPDATE webhook_queues SET is_waiting = false WHERE endpoint_id = ${busy}`;
  expect((await notifiedOf(contract_id)).filter((id) => id === waiting || id === busy)).toEqual([waiting]);
});

test('endpoints that fail are notified after the others', async () => {
  const { id: contract_id } = (await buildContract(sql)).facts;
  const endpoints: string[] = [];
  for (let n = 0; n < 4; n += 1) endpoints.push(await buildEndpoint(sql, { contract_id }));
  const [first, second, third, fourth] = endpoints as [string, string, string, string];
  await sql`UPDATE webhook_queues SET failing_since = now() WHERE endpoint_id IN ${sql([first, third])}`;
  const notified = (await notifiedOf(contract_id)).filter((id) => endpoints.includes(id));
  expect(notified).toEqual([second, fourth, first, third]);
});
