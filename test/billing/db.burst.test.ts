/**
 * How Postgres finds events during a burst, when the last statistics have no pending event: by their ids or their contract. A statement
 * that reads all that wait makes the time of a burst grow with the square of its size.
 */
import { randomUUID } from 'node:crypto';
import type { Sql } from '../../db/base/database';
import { decideBillingEvents, listPendingBillingEvents } from '../../db/billing/billing-event';
import { findFirstQueuedEvent } from '../../db/billing/billing-queue';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';

const NOW = '2027-01-20T10:00:00.000Z';
const DECIDED = 5_000;
const CONTRACTS = 300;
const EVENTS = 10;
/** The events of a contract, and some that Postgres reads beside them. */
const ROWS_READ_MAX = 3 * EVENTS;
/** Postgres plans a prepared statement for its values at first, and for any values from the sixth time on. */
const TIMES = 8;

let database: TestDatabase;
let sql: TestDatabase['sql'];
const contract_ids = Array.from({ length: CONTRACTS }, () => randomUUID());

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
  await insertEvents(
    'APPLIED',
    Array.from({ length: DECIDED / EVENTS }, () => randomUUID()),
  );
  await sql.unsafe('VACUUM ANALYZE billing_inbox');
  await insertEvents('PENDING', contract_ids);
});
afterAll(() => database.drop());

async function insertEvents(outcome: string, contracts: readonly string[]): Promise<void> {
  await sql`
    INSERT INTO billing_inbox (source, event_id, type, contract_id, invoice_id, observation, raw, occurred_at, received_at, reported_at,
                               future_dated, outcome, try_at)
    SELECT 'standard', c || '-' || n, 'invoice.open', c, 'in_' || c, 'null', '{}', ${NOW}, ${NOW}, ${NOW}, false, ${outcome}, ${NOW}
    FROM unnest(${[...contracts]}::uuid[]) AS c, generate_series(1, ${EVENTS}) AS n`;
}

/** How many rows of the inbox each of several transactions reads. */
async function rowsRead(run: (tx: Sql, contract_id: string) => Promise<unknown>): Promise<number[]> {
  const connection = await sql.reserve();
  const counts: number[] = [];
  try {
    for (const contract_id of contract_ids.slice(0, TIMES)) {
      await connection`BEGIN`;
      const before = await readSoFar(connection);
      await run(connection, contract_id);
      counts.push((await readSoFar(connection)) - before);
      await connection`ROLLBACK`;
    }
  } finally {
    connection.release();
  }
  return counts;
}

async function readSoFar(tx: Sql): Promise<number> {
  const [row] = await tx<[{ rows: number }]>`
    SELECT (seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS rows FROM pg_stat_xact_user_tables WHERE relname = 'billing_inbox'`;
  return row.rows;
}

test("the list of a contract's events reads only these", async () => {
  const counts = await rowsRead(async (tx, id) => {
    expect(await listPendingBillingEvents(tx, id, NOW, 100)).toHaveLength(EVENTS);
  });
  expect(Math.max(...counts)).toBeLessThanOrEqual(ROWS_READ_MAX);
});

test("the decision about a contract's events reads only these", async () => {
  const counts = await rowsRead(async (tx, contract_id) => {
    const events = await tx<{ id: string }[]>`SELECT id FROM billing_inbox WHERE contract_id = ${contract_id}`;
    const decisions = events.map(({ id }) => ({ id, outcome: 'APPLIED', reason: null }) as const);
    await decideBillingEvents(tx, decisions, NOW);
    expect(await listPendingBillingEvents(tx, contract_id, NOW, 100)).toEqual([]);
  });
  expect(Math.max(...counts)).toBeLessThanOrEqual(3 * ROWS_READ_MAX);
});

test('the look at the first event in the queue reads one', async () => {
  const counts = await rowsRead((tx) => findFirstQueuedEvent(tx, NOW));
  expect(counts).toEqual(counts.map(() => 1));
});
