/** The numbers of domain events: in the order of the commits and without gaps, whatever is rolled back. */
import { insertDomainEvents } from '../../db/contract/domain-event';
import { listDomainEventsOfContract } from '../../db/system/history';
import type { DomainEventEntry } from '../../domain/webhook/event';
import { createLicenseRequests } from '../../transactions/generation/request-licenses';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { NOON } from '../harness/contract-facts';
import { buildContract, buildRequest } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { gate } from '../harness/gate';
import { expectInvariants } from '../harness/invariants';

let database: TestDatabase;
let sql: TestDatabase['sql'];
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
afterEach(() => expectInvariants(sql));
afterAll(() => database.drop());

/** The events after the first one, which says that the contract was created. */
async function eventsOf(contract_id: string): Promise<string[]> {
  const events = await listDomainEventsOfContract(sql, contract_id, { after: 1 }, 100);
  return events.map(({ sequence, type }) => `${sequence} ${type}`);
}

test.each(['is rolled back', 'commits'])('an event waits for its number until an earlier change %s', async (end) => {
  const { id: contract_id } = (await buildContract(sql)).facts;
  const data = { contract_id, available: 9, low_water: 10 };
  const event: DomainEventEntry = { at: NOON, type: 'pool.low_water', environment: 'production', data };
  const held = gate();
  const change = sql.begin(async (tx) => {
    await insertDomainEvents(tx, contract_id, [event, event]);
    held.arrive();
    await held.opened;
    if (end === 'is rolled back') throw new Error('rolled back');
  });
  const ended = change.then(
    () => 'commits',
    () => 'is rolled back',
  );
  await held.reached;
  const request = createLicenseRequests(sql)(buildRequest(contract_id, 1));
  await waitUntilBlocked(sql);
  expect(await eventsOf(contract_id)).toEqual([]);
  held.open();
  expect(await ended).toBe(end);
  await request;
  expect(await eventsOf(contract_id)).toEqual(
    end === 'commits'
      ? ['2 pool.low_water', '3 pool.low_water', '4 license.batch_generated']
      : ['2 license.batch_generated'],
  );
});
