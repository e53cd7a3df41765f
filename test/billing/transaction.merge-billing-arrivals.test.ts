/**
 * Billing events that arrive at the same moment share a statement, and each is stored as if it were alone. Tests hold all turns until
 * their events wait, so that one statement takes them.
 */
import { randomUUID } from 'node:crypto';
import { RowsBusy } from '../../db/base/errors';
import { openDatabase } from '../../db/base/database';
import type { Database } from '../../db/base/database';
import type { BillingArrival } from '../../db/billing/billing-event';
import type { LockTurnLimits } from '../../db/base/lock-turns';
import type { BillingEvent } from '../../domain/billing/billing-event';
import { createMergedArrivals } from '../../transactions/billing/merge-billing-arrivals';
import type { ReceiveBillingEvent } from '../../transactions/billing/merge-billing-arrivals';
import { receiveTogether } from '../../transactions/billing/receive-billing-event';
import type { ReceivedBillingEvent } from '../../transactions/billing/receive-billing-event';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { buildContract } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';
import { lockRows } from '../harness/locked-rows';
import { buildContractOnClock, buildTestClock } from '../harness/test-clocks';

const NOW = '2027-02-01T10:00:00.000Z';

let database: TestDatabase;
let sql: TestDatabase['sql'];
let receive: ReceiveBillingEvent;
let contract_id: string;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
  receive = createMergedArrivals(sql);
  contract_id = await newContract();
});
afterEach(() => sql`DELETE FROM billing_inbox`);
afterAll(async () => {
  await expectInvariants(sql);
  await database.drop();
});

async function newContract(): Promise<string> {
  return (await buildContract(sql)).facts.id;
}

function arrivalOf(changes: Partial<BillingEvent> = {}, raw = '{"as":"it came"}'): BillingArrival {
  const event: BillingEvent = {
    source: 'standard',
    event_id: `msg_${randomUUID()}`,
    type: 'invoice.paid',
    occurred_at: NOW,
    contract_id,
    invoice_id: 'in_1',
    observation: { status: 'PAID', due: '2027-01-31', occurred_at: NOW, version: null },
    relevant: true,
    ...changes,
  };
  return { event, raw, now: NOW, request_id: null };
}

/** Runs with a pool whose transactions wait for rows in another way. */
async function withPool(limits: Partial<LockTurnLimits>, run: (db: Database) => Promise<void>): Promise<void> {
  const db = openDatabase(database.url, { max: 6, application_name: 'test', lockTurnLimits: limits });
  await run(db).finally(() => db.end());
}

/** Sends events while all turns are taken; resolves when they wait, to what becomes of them. */
async function sendTogether(
  arrivals: BillingArrival[],
  { db, send }: { db: Database; send: ReceiveBillingEvent } = { db: sql, send: receive },
): Promise<Promise<ReceivedBillingEvent>[]> {
  let freeTurns!: () => void;
  const freed = new Promise<void>((resolve) => (freeTurns = resolve));
  const { running_max } = db.lockTurns.limits;
  const taken = Array.from({ length: running_max }, () => db.lockTurns.run([], () => freed));
  const received = arrivals.map((arrival) => send(arrival));
  // A test awaits each of them later.
  for (const one of received) one.catch(() => undefined);
  freeTurns();
  await Promise.all(taken);
  return received;
}

async function countTransactions(): Promise<number> {
  const [row] = await sql<[{ count: number }]>`SELECT count(DISTINCT xmin::text)::int FROM billing_inbox`;
  return row.count;
}

/** Inserts an event in a transaction that stays open. */
function holdInsert({ event }: BillingArrival) {
  return lockRows(
    sql,
    (tx) => tx`
      INSERT INTO billing_inbox (source, event_id, type, observation, raw, occurred_at, received_at, reported_at, future_dated, outcome, try_at)
      VALUES (${event.source}, ${event.event_id}, 'of another process', 'null', '{}', ${NOW}, ${NOW}, ${NOW}, false, 'IGNORED', ${NOW})`,
  );
}

test('events of several contracts are stored by one statement, each with the outcome of its own contract', async () => {
  const deleted = await newContract();
  await sql`UPDATE contracts SET deleted_at = ${NOW}, state = 'DELETED' WHERE id = ${deleted}`;
  const cases: [Partial<BillingEvent>, string][] = [
    [{}, 'PENDING'],
    [{ contract_id: await newContract(), observation: null }, 'PENDING'],
    [{ contract_id: randomUUID() }, 'PARKED'],
    [{ contract_id: null, invoice_id: null }, 'PARKED'],
    [{ contract_id: deleted }, 'IGNORED'],
    [{ relevant: false }, 'IGNORED'],
  ];
  const arrivals = cases.map(([changes], index) => arrivalOf(changes, `"\\" ${index} é {},\n`));
  const received = await Promise.all(await sendTogether(arrivals));
  expect(received.map(({ outcome }) => outcome)).toEqual(cases.map(([, outcome]) => outcome));
  expect(received.every(({ repeated }) => !repeated)).toBe(true);
  expect(await countTransactions()).toBe(1);
  for (const [index, { id }] of received.entries()) {
    const [row] = await sql`SELECT event_id, raw, observation, contract_id FROM billing_inbox WHERE id = ${id}`;
    const { event, raw } = arrivals[index]!;
    expect(row).toEqual({
      event_id: event.event_id,
      raw,
      observation: event.observation,
      contract_id: event.contract_id,
    });
  }
});

test('copies of an event are one event: in one statement, in one process and in two', async () => {
  const arrival = arrivalOf();
  const copies = [arrival, { ...arrival }, { ...arrival }];
  const { received } = await receiveTogether(sql, copies);
  expect(copies.map((copy) => received.get(copy)?.repeated)).toEqual([false, true, true]);

  await withPool({}, async (db) => {
    const other = createMergedArrivals(db);
    const again = arrivalOf();
    const all = await Promise.all(Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? receive : other)(again)));
    expect(all.filter(({ repeated }) => !repeated)).toHaveLength(1);
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
  });
  expect(await sql`SELECT FROM billing_inbox`).toHaveLength(2);
});

test('two statements with the same events in opposite orders do not deadlock', async () => {
  const [a, b] = [arrivalOf({ event_id: 'msg_a' }), arrivalOf({ event_id: 'msg_b' })];
  const [x, y] = [arrivalOf({ event_id: 'msg_x' }), arrivalOf({ event_id: 'msg_y' })];
  // In the given orders, each statement would have inserted one of the two when it stops, and then need the other.
  const gates = [await holdInsert(x), await holdInsert(y)];
  const first = receiveTogether(sql, [a, x, b]);
  await waitUntilBlocked(sql, 1);
  const second = receiveTogether(sql, [{ ...b }, y, { ...a }]);
  await waitUntilBlocked(sql, 2);
  for (const gate of gates) await gate.release();
  const repeated = [await first, await second].flatMap(({ received }) =>
    [...received.values()].map((one) => one.repeated),
  );
  expect(repeated.filter((is) => !is)).toHaveLength(4);
});

test('an event that Postgres refuses fails alone, and the others of its statement are stored', async () => {
  const arrivals = [arrivalOf(), arrivalOf({}, 'a text with \u0000'), arrivalOf()];
  const [one, refused, other] = await sendTogether(arrivals);
  await expect(refused).rejects.toMatchObject({ code: '22021' });
  expect([(await one)?.outcome, (await other)?.outcome]).toEqual(['PENDING', 'PENDING']);
});

test('an event that another process is storing waits alone, and the others of its statement are stored meanwhile', async () => {
  const [held, free] = [arrivalOf(), arrivalOf()];
  const gate = await holdInsert(held);
  await withPool({ attempt_ms: 50, wait_ms: 60_000 }, async (db) => {
    const send = createMergedArrivals(db);
    const [waits, stored] = await sendTogether([held, free], { db, send });
    expect(await stored).toMatchObject({ repeated: false });
    await waitUntilBlocked(sql);
    await gate.commit();
    expect(await waits).toMatchObject({ repeated: true, outcome: 'IGNORED' });
  });
});

test('an event whose copy stays uncommitted is refused as busy after the limit of waiting', async () => {
  const held = arrivalOf();
  const gate = await holdInsert(held);
  await withPool({ attempt_ms: 20, wait_ms: 60 }, async (db) => {
    await expect(createMergedArrivals(db)(held)).rejects.toBeInstanceOf(RowsBusy);
  });
  await gate.release();
  expect(await receive(held)).toMatchObject({ repeated: false });
});

test('an event on a test clock waits for its clock and is stored at the time of that clock; the others do not wait', async () => {
  const clock = await buildTestClock(sql, '2026-03-01T00:00:00.000Z');
  const on_clock = arrivalOf({ contract_id: await buildContractOnClock(sql, clock) });
  const gate = await lockRows(
    sql,
    (tx) => tx`UPDATE test_clocks SET now = '2026-04-01T00:00:00.000Z' WHERE id = ${clock}`,
  );
  const [waits, stored] = await sendTogether([on_clock, arrivalOf()]);
  expect(await stored).toMatchObject({ outcome: 'PENDING' });
  await waitUntilBlocked(sql);
  await gate.commit();
  const { id } = (await waits) as ReceivedBillingEvent;
  const [row] = await sql`SELECT reported_at, received_at FROM billing_inbox WHERE id = ${id}`;
  expect(row).toEqual({ reported_at: '2026-04-01T00:00:00.000Z', received_at: NOW });
});
