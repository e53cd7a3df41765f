/**
 * The billing inbox: an event is stored once and waits until it is decided; none is lost, and its workflow is always signaled.
 */
import { TEST_ACTOR } from '../harness/contract-facts';
import { replayBillingEvent } from '../../transactions/billing/replay-billing-event';
import { receiveBillingEvent } from '../../transactions/billing/receive-billing-event';
import { randomUUID } from 'node:crypto';
import {
  countParkedForADay,
  countPendingBillingEvents,
  countWaitingBillingEvents,
  decideBillingEvents,
  findBillingEvent,
  identifyBillingEvent,
  listBillingEvents,
  listPendingBillingEvents,
  postponeBillingEvents,
  postponeParkedBillingEvent,
  listUnidentifiedBillingEvents,
  reviewWaitingBillingEvents,
  unparkBillingEvents,
} from '../../db/billing/billing-event';
import { findFirstQueuedEvent, leaveToContract, listQueuedEvents } from '../../db/billing/billing-queue';
import type { BillingEventRow } from '../../db/billing/billing-event';
import type { ReceivedBillingEvent } from '../../transactions/billing/receive-billing-event';
import { TIME_ZONE_RULES } from '../../transactions/base/time-zone-rules';
import { lockContract } from '../../db/contract/contract';
import { findOverdueWork } from '../../db/system/health';
import { listRowsToWake } from '../../db/system/sweep';
import type { BillingEvent, IdentifiedBilling } from '../../domain/billing/billing-event';
import { buildContract } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';

const NOW = '2027-02-01T10:00:00.000Z';
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** More rows than all tests insert. */
const LIMIT = 100;

let database: TestDatabase;
let sql: TestDatabase['sql'];
let contract_id: string;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
beforeEach(async () => {
  await sql`DELETE FROM billing_inbox`;
  contract_id = await newContract();
});
afterAll(async () => {
  await expectInvariants(sql);
  await database.drop();
});

async function newContract(): Promise<string> {
  return (await buildContract(sql, { catalogue: { environment: 'staging' } })).facts.id;
}

function later(ms: number, than = NOW): string {
  return new Date(Date.parse(than) + ms).toISOString();
}

function eventOf(changes: Partial<BillingEvent> = {}): BillingEvent {
  const occurred_at = changes.occurred_at ?? NOW;
  return {
    source: 'standard',
    event_id: `msg_${randomUUID()}`,
    type: 'invoice.paid',
    occurred_at,
    contract_id,
    invoice_id: 'in_1',
    observation: { status: 'PAID', due: '2027-01-31', occurred_at, version: null },
    relevant: true,
    ...changes,
  };
}

function insert(changes: Partial<BillingEvent> = {}, now = NOW): Promise<ReceivedBillingEvent> {
  return receiveBillingEvent(sql, { event: eventOf(changes), raw: '{"as":"it came"}', now, request_id: 'request-1' });
}

async function rowOf(id: string): Promise<BillingEventRow & { raw: string }> {
  const row = await findBillingEvent(sql, id);
  if (!row) throw new Error(`there is no event ${id}`);
  return row;
}

describe('an arriving event', () => {
  test('is stored with its message', async () => {
    const event = eventOf();
    const received = await receiveBillingEvent(sql, { event, raw: '{ "é": 1 }', now: NOW, request_id: 'request-1' });
    const { relevant: _relevant, ...fields } = event;
    const { id } = received;
    expect(received).toEqual({
      id,
      outcome: 'PENDING',
      contract_id,
      invoice_id: 'in_1',
      repeated: false,
      needs_signal: true,
    });
    expect(await rowOf(received.id)).toEqual({
      ...fields,
      id: received.id,
      received_at: NOW,
      future_dated: false,
      outcome: 'PENDING',
      reason: null,
      try_at: NOW,
      tries: 0,
      decided_at: null,
      request_id: 'request-1',
      raw: '{ "é": 1 }',
    });
  });

  test('is parked while its contract or invoice is unknown, and ignored when it has no contract or a deleted one', async () => {
    const deleted = await newContract();
    await sql`UPDATE contracts SET deleted_at = ${NOW}, state = 'DELETED' WHERE id = ${deleted}`;
    const cases: [Partial<BillingEvent>, string, string | null, string | null][] = [
      [{}, 'PENDING', null, null],
      [{ observation: null }, 'PENDING', null, null],
      [{ contract_id: randomUUID() }, 'PARKED', 'CONTRACT_UNKNOWN', null],
      [{ contract_id: null }, 'PARKED', 'CONTRACT_UNKNOWN', null],
      [{ invoice_id: null, observation: null }, 'PARKED', 'INVOICE_UNKNOWN', null],
      [{ contract_id: deleted }, 'IGNORED', 'CONTRACT_DELETED', NOW],
      [{ contract_id: deleted, invoice_id: null }, 'IGNORED', 'CONTRACT_DELETED', NOW],
      [{ relevant: false }, 'IGNORED', 'NOT_RELEVANT', NOW],
    ];
    for (const [changes, outcome, reason, decided_at] of cases) {
      const { id } = await insert(changes);
      expect([changes, await rowOf(id)]).toEqual([changes, expect.objectContaining({ outcome, reason, decided_at })]);
    }
  });

  test('that arrives again is the same event, with any outcome and any content', async () => {
    const event_id = 'msg_again';
    const first = await insert({ event_id });
    expect(await insert({ event_id, type: 'invoice.open' })).toEqual({ ...first, repeated: true, needs_signal: true });
    await decideBillingEvents(sql, [{ id: first.id, outcome: 'APPLIED', reason: null }], NOW);
    expect(await insert({ event_id })).toMatchObject({
      id: first.id,
      outcome: 'APPLIED',
      repeated: true,
      needs_signal: false,
    });
    expect((await rowOf(first.id)).type).toBe('invoice.paid');
    // The same id from another source is another event.
    expect(await insert({ event_id, source: 'stripe' })).toMatchObject({ repeated: false });
  });

  test('is stored once when it arrives many times at the same moment', async () => {
    const event_id = 'msg_storm';
    const received = await Promise.all(Array.from({ length: 64 }, () => insert({ event_id })));
    expect(received.filter(({ repeated }) => !repeated)).toHaveLength(1);
    expect(new Set(received.map(({ id }) => id)).size).toBe(1);
    expect(await countWaitingBillingEvents(sql)).toEqual({ PENDING: 1, PARKED: 0 });
  });

  test.each([
    ['five minutes ahead', 5 * MINUTE_MS, false],
    ['more than that ahead', 5 * MINUTE_MS + 1, true],
    ['long past', -400 * DAY_MS, false],
  ])('that is dated %s is future-dated: %s', async (_when, ahead_ms, future_dated) => {
    const occurred_at = later(ahead_ms);
    const { id } = await insert({ occurred_at });
    const counted = future_dated ? NOW : occurred_at;
    expect(await rowOf(id)).toMatchObject({
      future_dated,
      occurred_at: counted,
      observation: { occurred_at: counted },
    });
  });

  test('is future-dated or not by the test clock of its contract', async () => {
    const clock_now = '2030-01-01T00:00:00.000Z';
    const [clock] = await sql<[{ id: string }]>`
      INSERT INTO test_clocks ${sql({ name: 'far', now: clock_now, status: 'ready', created_at: NOW, created_by: 'test' })} RETURNING id`;
    await sql`UPDATE contracts SET test_clock_id = ${clock.id} WHERE id = ${contract_id}`;
    const { id } = await insert({ occurred_at: '2029-12-31T00:00:00.000Z' });
    expect(await rowOf(id)).toMatchObject({
      future_dated: false,
      occurred_at: '2029-12-31T00:00:00.000Z',
      try_at: NOW,
    });
    const ahead = await insert({ occurred_at: '2030-01-01T00:06:00.000Z' });
    expect(await rowOf(ahead.id)).toMatchObject({ future_dated: true, occurred_at: clock_now });
  });
});

describe('the signal to the billing batch', () => {
  const take = (ids: string[]) =>
    decideBillingEvents(
      sql,
      ids.map((id) => ({ id, outcome: 'APPLIED', reason: null })),
      NOW,
    );

  test('is omitted while another event waits in the queue, and needed again when that one is decided, postponed or left', async () => {
    const first = await insert();
    expect((await insert()).needs_signal).toBe(false);
    expect((await insert({ contract_id: await newContract() })).needs_signal).toBe(false);

    const waiting = await listQueuedEvents(sql, { now: NOW, without: [], limit: LIMIT });
    expect(waiting.map(({ id }) => id)[0]).toBe(first.id);
    await postponeBillingEvents(
      sql,
      waiting.map(({ id }) => id),
      NOW,
      'BILLING_UNREACHABLE',
    );
    const next = await insert();
    expect(next.needs_signal).toBe(true);
    expect((await insert({ event_id: (await rowOf(first.id)).event_id })).needs_signal).toBe(false);
    await take([next.id]);
    const left = await insert();
    expect(left.needs_signal).toBe(true);
    await leaveToContract(sql, [left.id], MINUTE_MS);
    expect((await insert()).needs_signal).toBe(true);
  });

  test('is not needed for events that a contract applies itself: replayed ones, and parked ones that become pending', async () => {
    const [replayed, unparked] = [await insert(), await insert()];
    await take([replayed.id, unparked.id]);
    await sql.begin((tx) => replayBillingEvent(tx, replayed.id, { actor: TEST_ACTOR, now: NOW, request_id: null }));
    await sql`UPDATE billing_inbox SET outcome = 'PARKED' WHERE id = ${unparked.id}`;
    await sql.begin((tx) => unparkBillingEvents(tx, contract_id, NOW));
    expect(await countPendingBillingEvents(sql, contract_id, NOW)).toBe(2);
    expect(await findFirstQueuedEvent(sql, NOW)).toBeUndefined();
  });

  test('is sent for at least one of several events that arrive at the same moment', async () => {
    for (let round = 0; round < 20; round += 1) {
      await sql`DELETE FROM billing_inbox`;
      const received = await Promise.all(Array.from({ length: 8 }, () => insert()));
      const first = received.map(({ id }) => id).sort()[0];
      expect(received.find(({ id }) => id === first)).toMatchObject({ outcome: 'PENDING', needs_signal: true });
    }
  });

  test('is sent again when the first event has waited for long, as after a lost signal', async () => {
    await insert();
    expect((await insert({}, later(5_000))).needs_signal).toBe(false);
    expect((await insert({}, later(5_001))).needs_signal).toBe(true);
  });

  test('when it is omitted while an earlier event is being applied, the queue holds the new event after its transaction', async () => {
    const first = await insert();
    let arrived: ReceivedBillingEvent | undefined;
    await sql.begin(async (tx) => {
      await lockContract(tx, contract_id);
      const due = await listPendingBillingEvents(tx, contract_id, NOW, LIMIT);
      // Its insert does not wait, and comes too late for the events that are applied here.
      arrived = await insert();
      await decideBillingEvents(
        tx,
        due.map(({ id }) => ({ id, outcome: 'APPLIED', reason: null })),
        NOW,
      );
      expect(due.map(({ id }) => id)).toEqual([first.id]);
    });
    expect(arrived).toMatchObject({ outcome: 'PENDING', needs_signal: false });
    expect(await findFirstQueuedEvent(sql, NOW)).toMatchObject({ id: arrived?.id });
    expect(await countPendingBillingEvents(sql, contract_id, NOW)).toBe(1);
  });

  test('an insert that commits after a later one has read the queue signals for itself', async () => {
    // The ids follow the order of the inserts, and the commits do not.
    await sql.begin(async (tx) => {
      await tx`
        INSERT INTO billing_inbox (source, event_id, type, contract_id, invoice_id, observation, raw, occurred_at, received_at, reported_at,
                                   future_dated, outcome, try_at)
        VALUES ('standard', 'msg_uncommitted', 'invoice.paid', ${contract_id}, 'in_1', 'null', '{}', ${NOW}, ${NOW}, ${NOW}, false, 'PENDING', ${NOW})`;
      expect(await insert()).toMatchObject({ needs_signal: true });
    });
    expect(await insert({ event_id: 'msg_uncommitted' })).toMatchObject({ repeated: true, needs_signal: true });
  });
});

describe('pending events', () => {
  test('are listed if they are due, in the order in which they occurred, up to a limit', async () => {
    const [third, first, second] = [
      await insert({ occurred_at: later(-1), observation: null }),
      await insert({ occurred_at: later(-3) }),
      await insert({ occurred_at: later(-2) }),
    ];
    await insert({ contract_id: await newContract() });
    const ids = async (now: string, limit = LIMIT) =>
      (await listPendingBillingEvents(sql, contract_id, now, limit)).map(({ id }) => id);
    expect(await ids(NOW)).toEqual([first.id, second.id, third.id]);
    expect(await ids(NOW, 2)).toEqual([first.id, second.id]);
    // The clock of the process that stored them may be ahead of the process that applies them.
    expect(await ids(later(-DAY_MS))).toHaveLength(3);
    expect(await countPendingBillingEvents(sql, contract_id, NOW)).toBe(3);
    const [row] = await listPendingBillingEvents(sql, contract_id, NOW, 1);
    expect(row).toEqual({
      id: first.id,
      source: 'standard',
      event_id: expect.any(String),
      type: 'invoice.paid',
      invoice_id: 'in_1',
      observation: { status: 'PAID', due: '2027-01-31', occurred_at: later(-3), version: null },
      occurred_at: later(-3),
      reported_at: NOW,
      future_dated: false,
      tries: 0,
    });
    expect((await listPendingBillingEvents(sql, contract_id, NOW, LIMIT)).at(-1)?.observation).toBeNull();
  });

  test('are decided once: a second decision changes nothing', async () => {
    const [applied, ignored, parked] = [await insert(), await insert(), await insert()];
    const at = later(MINUTE_MS);
    await decideBillingEvents(
      sql,
      [
        { id: applied.id, outcome: 'APPLIED', reason: null },
        { id: ignored.id, outcome: 'IGNORED', reason: 'OLDER' },
        { id: parked.id, outcome: 'PARKED', reason: 'INVOICE_UNKNOWN' },
      ],
      at,
    );
    const decided = [
      { outcome: 'APPLIED', reason: null, decided_at: at, tries: 0 },
      { outcome: 'IGNORED', reason: 'OLDER', decided_at: at, tries: 0 },
      { outcome: 'PARKED', reason: 'INVOICE_UNKNOWN', decided_at: null, tries: 1, try_at: later(2 * MINUTE_MS) },
    ];
    const all = [applied, ignored, parked].map(({ id }) => id);
    expect(await Promise.all(all.map(rowOf))).toMatchObject(decided);
    await decideBillingEvents(
      sql,
      all.map((id) => ({ id, outcome: 'IGNORED', reason: 'AGAIN' })),
      later(HOUR_MS),
    );
    await decideBillingEvents(sql, [], NOW);
    expect(await Promise.all(all.map(rowOf))).toMatchObject(decided);
  });

  test.each([
    [10_000, MINUTE_MS],
    [20 * MINUTE_MS, 20 * MINUTE_MS],
    [5 * HOUR_MS, HOUR_MS],
    [-MINUTE_MS, MINUTE_MS],
  ])('put off after %d ms are tried again after %d more', async (waited_ms, after_ms) => {
    const { id } = await insert();
    const now = later(waited_ms);
    await postponeBillingEvents(sql, [id], now, 'BILLING_UNREACHABLE');
    expect(await rowOf(id)).toMatchObject({
      outcome: 'PENDING',
      reason: 'BILLING_UNREACHABLE',
      tries: 1,
      try_at: later(after_ms, now),
    });
    expect(await listPendingBillingEvents(sql, contract_id, now, LIMIT)).toEqual([]);
  });
});

describe('parked events', () => {
  test('become pending when their contract is created', async () => {
    const { id } = await insert();
    const nameless = await insert({ invoice_id: null });
    await sql`UPDATE billing_inbox SET outcome = 'PARKED', reason = 'CONTRACT_UNKNOWN', try_at = ${later(HOUR_MS)}`;
    expect(await sql.begin((tx) => unparkBillingEvents(tx, contract_id, NOW))).toBe(1);
    expect(await rowOf(id)).toMatchObject({ outcome: 'PENDING', reason: null, try_at: NOW });
    expect(await rowOf(nameless.id)).toMatchObject({ outcome: 'PARKED' });
    expect(await sql.begin((tx) => unparkBillingEvents(tx, contract_id, NOW))).toBe(0);
  });

  test('are decided again when they are due: pending if the contract exists, given up after ninety days', async () => {
    const [there, not_due, absent, ancient, gone] = [
      await insert(),
      await insert(),
      await insert({ contract_id: randomUUID() }),
      await insert({ contract_id: null }, later(-91 * DAY_MS)),
      await insert({ contract_id: await newContract() }),
    ];
    await sql`UPDATE billing_inbox SET outcome = 'PARKED', try_at = ${NOW}`;
    await sql`UPDATE billing_inbox SET try_at = ${later(1)} WHERE id = ${not_due.id}`;
    await sql`UPDATE contracts SET deleted_at = ${NOW}, state = 'DELETED' WHERE id = ${(await rowOf(gone.id)).contract_id}`;
    expect(await reviewWaitingBillingEvents(sql, { now: NOW, limit: LIMIT })).toEqual([contract_id]);
    const rows = await Promise.all([there, not_due, absent, ancient, gone].map(({ id }) => rowOf(id)));
    expect(rows.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['PENDING', null],
      ['PARKED', null],
      ['PARKED', 'CONTRACT_UNKNOWN'],
      ['IGNORED', 'GIVEN_UP'],
      ['IGNORED', 'CONTRACT_DELETED'],
    ]);
    expect(await reviewWaitingBillingEvents(sql, { now: NOW, limit: LIMIT })).toEqual([]);
  });

  test('and pending events are ignored when their contract was deleted meanwhile', async () => {
    const { id } = await insert();
    await sql`UPDATE contracts SET deleted_at = ${NOW}, state = 'DELETED' WHERE id = ${contract_id}`;
    expect(await reviewWaitingBillingEvents(sql, { now: NOW, limit: LIMIT })).toEqual([]);
    expect(await rowOf(id)).toMatchObject({ outcome: 'IGNORED', reason: 'CONTRACT_DELETED', decided_at: NOW });
  });

  test('without contract or invoice are listed for identification, and get the contract and invoice that are found', async () => {
    const dispute = { source: 'stripe', type: 'charge.dispute.created', observation: null, invoice_id: null } as const;
    const found = await insert({ ...dispute, contract_id: null });
    const [named, none, foreign, early] = [
      await insert(dispute),
      await insert({ ...dispute, contract_id: null }),
      await insert({ source: 'stripe', observation: null, contract_id: null, invoice_id: 'in_9' }),
      await insert({ source: 'stripe', observation: null, contract_id: null, invoice_id: 'in_10' }),
    ];
    await insert({ contract_id: randomUUID() });
    const offer = () => listUnidentifiedBillingEvents(sql, 'stripe', { now: NOW, limit: LIMIT });
    const offered = await offer();
    expect(offered.map(({ id }) => id).sort()).toEqual([found, named, none, foreign, early].map(({ id }) => id).sort());
    expect(offered[0]).toMatchObject({ source: 'stripe', raw: '{"as":"it came"}' });

    const identify = (id: string, concerns: Omit<IdentifiedBilling, 'names_contract'>) =>
      identifyBillingEvent(sql, id, { names_contract: concerns.contract_id !== null, ...concerns }, NOW);
    expect(await identify(found.id, { invoice_id: 'in_7', contract_id })).toBe(contract_id);
    // Ids that the message named are kept.
    expect(await identify(named.id, { invoice_id: 'in_8', contract_id: randomUUID() })).toBe(contract_id);
    expect(await identify(none.id, { invoice_id: null, contract_id: null })).toBeNull();
    expect(await identify(foreign.id, { invoice_id: 'in_9', contract_id: null })).toBeNull();
    expect(await identify(early.id, { invoice_id: 'in_10', contract_id: randomUUID() })).toBeNull();
    expect(await rowOf(found.id)).toMatchObject({ outcome: 'PENDING', reason: null, invoice_id: 'in_7', contract_id });
    expect(await rowOf(named.id)).toMatchObject({ outcome: 'PENDING', reason: null, invoice_id: 'in_8', contract_id });
    expect(await rowOf(none.id)).toMatchObject({ outcome: 'IGNORED', reason: 'NO_INVOICE', decided_at: NOW });
    expect(await rowOf(foreign.id)).toMatchObject({ outcome: 'IGNORED', reason: 'NO_CONTRACT', decided_at: NOW });
    const misspelt = await insert({ source: 'stripe', observation: null, contract_id: null, invoice_id: 'in_11' });
    const unreadable = { invoice_id: 'in_11', contract_id: null, names_contract: true };
    expect(await identifyBillingEvent(sql, misspelt.id, unreadable, NOW)).toBeNull();
    // An operator has to correct it.
    expect(await rowOf(misspelt.id)).toMatchObject({ outcome: 'PARKED', reason: 'CONTRACT_UNKNOWN', tries: 1 });
    // A named contract that does not exist may still be created.
    expect(await rowOf(early.id)).toMatchObject({
      outcome: 'PARKED',
      reason: 'CONTRACT_UNKNOWN',
      tries: 1,
      try_at: later(MINUTE_MS),
    });
    expect(await offer()).toEqual([]);
    expect(await identify(none.id, { invoice_id: 'in_7', contract_id })).toBeNull();
  });

  test('are tried later when their billing system gave no answer', async () => {
    const { id } = await insert({ contract_id: null });
    await postponeParkedBillingEvent(sql, id, later(10 * MINUTE_MS));
    expect(await rowOf(id)).toMatchObject({ outcome: 'PARKED', tries: 1, try_at: later(20 * MINUTE_MS) });
  });
});

test('contracts with an event that has waited for a minute are woken, the longest waiting first', async () => {
  const other = await newContract();
  await insert({ contract_id: other });
  await insert({}, later(-MINUTE_MS));
  await insert({}, later(-30 * MINUTE_MS));
  await insert({ contract_id: randomUUID() }, later(-DAY_MS));
  const woken = (now: string, limit = LIMIT) =>
    listRowsToWake(sql, 'billing_events', { epoch: 'epoch-1', now, limit, time_zone_rules: TIME_ZONE_RULES });
  expect(await woken(later(MINUTE_MS - 1))).toEqual([contract_id]);
  expect(await woken(later(MINUTE_MS))).toEqual([contract_id, other]);
  expect(await woken(later(MINUTE_MS), 1)).toEqual([contract_id]);
});

describe('replaying', () => {
  const replay = (id: string, now = later(HOUR_MS)) =>
    sql.begin((tx) => replayBillingEvent(tx, id, { actor: TEST_ACTOR, now, request_id: null }));

  test('decides about a decided event again, as if it had just arrived', async () => {
    const { id } = await insert();
    await decideBillingEvents(sql, [{ id, outcome: 'IGNORED', reason: 'OLDER' }], NOW);
    const replayed = await replay(id);
    expect(replayed).toMatchObject({
      before: { outcome: 'IGNORED', reason: 'OLDER', decided_at: NOW },
      after: { outcome: 'PENDING', reason: null, decided_at: null, tries: 0, try_at: later(HOUR_MS) },
      environment: 'staging',
    });
    expect(await rowOf(id)).toEqual(replayed?.after);
  });

  test('makes a parked event due now: pending if its contract exists, else parked', async () => {
    const absent = await insert({ contract_id: randomUUID() });
    expect(await replay(absent.id)).toMatchObject({
      after: { outcome: 'PARKED', reason: 'CONTRACT_UNKNOWN', try_at: later(HOUR_MS) },
      environment: null,
    });
    const there = await insert();
    await sql`UPDATE billing_inbox SET outcome = 'PARKED' WHERE id = ${there.id}`;
    expect(await replay(there.id)).toMatchObject({ after: { outcome: 'PENDING' } });
  });

  test('changes no pending event, no event without a contract, and no event that does not exist', async () => {
    const [pending, irrelevant] = [await insert(), await insert({ relevant: false })];
    const before = [await rowOf(pending.id), await rowOf(irrelevant.id)];
    expect(await replay(pending.id)).toBeNull();
    expect(await replay(irrelevant.id)).toBeNull();
    expect(await replay(randomUUID())).toBeUndefined();
    expect([await rowOf(pending.id), await rowOf(irrelevant.id)]).toEqual(before);
  });
});

test('waiting events are counted, and those that are parked for more than a day', async () => {
  await insert();
  await insert({ relevant: false });
  await insert({ contract_id: null });
  await insert({ contract_id: null }, later(-DAY_MS - 1));
  await insert({}, later(-2 * DAY_MS));
  expect(await countWaitingBillingEvents(sql)).toEqual({ PENDING: 2, PARKED: 2 });
  expect(await countParkedForADay(sql, NOW)).toBe(1);
  // What the doctor reads.
  expect(await findOverdueWork(sql, NOW, null)).toMatchObject({ overdue_billing_events: 1, parked_billing_events: 1 });
});

test('events are listed newest first, page by page, by outcome, source and contract', async () => {
  const ids: string[] = [];
  for (const changes of [{}, { source: 'stripe' }, { contract_id: null }, { relevant: false }] as const)
    ids.unshift((await insert(changes)).id);
  const list = async (filter: Parameters<typeof listBillingEvents>[1], before: string | null = null, limit = LIMIT) =>
    (await listBillingEvents(sql, filter, before, limit)).map(({ id }) => id);
  expect(await list({})).toEqual(ids);
  expect(await list({}, null, 2)).toEqual(ids.slice(0, 2));
  expect(await list({}, ids[1] as string)).toEqual(ids.slice(2));
  expect(await list({ outcome: 'PARKED' })).toEqual([ids[1]]);
  expect(await list({ source: 'stripe' })).toEqual([ids[2]]);
  expect(await list({ contract_id, outcome: 'PENDING' })).toEqual([ids[2], ids[3]]);
});
