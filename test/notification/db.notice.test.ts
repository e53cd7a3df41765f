/** Notices: every statement that writes a domain event with a mail also writes its notice. */
import { insertDomainEvents } from '../../db/contract/domain-event';
import { NOTICE_EVENTS } from '../../domain/notification/kind';
import { NOON } from '../harness/contract-facts';
import { buildContract } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';

let database: TestDatabase;
let sql: TestDatabase['sql'];
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
afterAll(() => database.drop());

test('an event of a type with a mail has a notice in its transaction, and the waiting workers are notified', async () => {
  const { id: contract_id } = (await buildContract(sql)).facts;
  const notified: string[] = [];
  const listening = await sql.listen('notices', (text) => void notified.push(text));
  const lowWater = {
    at: NOON,
    type: 'pool.low_water',
    environment: 'production',
    data: { contract_id, available: 9, low_water: 10 },
  } as const;
  const written = sql.begin(async (tx) => {
    await insertDomainEvents(tx, contract_id, [lowWater, lowWater]);
    throw new Error('rolled back');
  });
  await expect(written).rejects.toThrow('rolled back');
  expect(await sql`SELECT event_id FROM notices WHERE event_type = 'pool.low_water'`).toHaveLength(0);

  await sql.begin((tx) => insertDomainEvents(tx, contract_id, [lowWater, lowWater]));
  const rows = await sql`
    SELECT n.event_type, n.contract_id, n.environment, n.state FROM notices n JOIN domain_events e ON e.id = n.event_id
    WHERE n.event_type = 'pool.low_water'`;
  const notice = { event_type: 'pool.low_water', contract_id, environment: 'production', state: 'owed' };
  expect(rows).toEqual([notice, notice]);
  await sql.begin((tx) => tx.notify('notices', 'last'));
  while (notified.at(-1) !== 'last') await new Promise((resolve) => setImmediate(resolve));
  expect(notified).toEqual(['', 'last']);
  await listening.unlisten();
});

test('the trigger knows exactly the types of the kinds of mail', async () => {
  const [{ source }] = await sql<[{ source: string }]>`
    SELECT prosrc AS source FROM pg_proc WHERE proname = 'owe_notices'`;
  const types = [...source.matchAll(/'([a-z_]+\.[a-z_]+)'/g)].map(([, type]) => type);
  expect(types).toEqual(NOTICE_EVENTS);
});
