/**
 * Many contracts at the same moment, with two API processes and a worker that is killed: every boundary of one second
 * is applied once, and every billing event of a burst is decided once.
 */
import { runCommand } from '../../transactions/contract/run-command';
import { FakeBilling } from '../../demo/fake-billing';
import type { StandardEvent } from '../../demo/fake-billing';
import type { ExtraApi } from '../../dev/stack';
import type { InvoiceStatus } from '../../domain/billing/billing-event';
import { addDays } from '../../domain/base/calendar';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { createNudger } from '../../temporal/nudge';
import { taskQueues } from '../../temporal/task-queues';
import { buildContract } from '../harness/contract-rows';
import { TEST_ACTOR } from '../harness/contract-facts';
import { seededRandom } from '../harness/flaky-database';
import { expectInvariants } from '../harness/invariants';
import { startTestStack, waitFor } from '../harness/stack';
import type { TestStack } from '../harness/stack';
import { RECOVERY_TIMEOUT_MS, withTemporal } from '../harness/stack-client';

jest.setTimeout(300_000);

const CONTRACTS = 250;
const MESSAGES_PER_CONTRACT = 10;
/** One message of each contract is sent twice. */
const EVENTS = CONTRACTS * (MESSAGES_PER_CONTRACT - 1);
/** Long enough to start the workflows. A workflow that starts later applies its boundary late. */
const BOUNDARY_AHEAD_MS = 8_000;
const SENDERS = 64;
/** The worker is killed when this number of events is decided. Most events are not sent yet then. */
const KILLED_AFTER_EVENTS = 200;
const SEED = 4;
/**
 * Less than the time limit of one attempt to apply events (two minutes): the events of the killed worker must be taken
 * over sooner.
 */
const DECIDED_TIMEOUT_MS = 100_000;

let stack: TestStack;
let second: ExtraApi;
let billing: FakeBilling;
let contract_ids: string[];
beforeAll(async () => {
  stack = await startTestStack();
  billing = await FakeBilling.start();
  [second, contract_ids] = await Promise.all([stack.addApi(), buildContracts()]);
});
afterAll(async () => {
  await billing?.stop();
  await stack?.end();
});

async function buildContracts(): Promise<string[]> {
  const built = await Promise.all(Array.from({ length: CONTRACTS }, () => buildContract(stack.sql)));
  return built.map(({ facts }) => facts.id);
}

/** Pauses every contract until the same instant. Returns that instant. */
async function pauseAll(): Promise<Instant> {
  const now = new Date().toISOString();
  const resume_at = instantFromMillis(millisOf(now) + BOUNDARY_AHEAD_MS);
  const pause = { name: 'pause', input: { resume_at } } as const;
  await Promise.all(
    contract_ids.map((id) =>
      stack.sql.begin((tx) => runCommand(tx, { id, actor: TEST_ACTOR, now, request_id: null }, pause)),
    ),
  );
  return resume_at;
}

test('250 contracts whose holds end in the same second are each resumed once, at that instant', async () => {
  const resume_at = await pauseAll();
  await withTemporal(stack, async (client) => {
    const failures: unknown[] = [];
    const nudger = createNudger({
      client,
      taskQueues: taskQueues('covenant'),
      onFailure: (error) => failures.push(error),
    });
    expect(await nudger.wakeContracts(contract_ids)).toHaveLength(CONTRACTS);
    expect(failures).toEqual([]);
  });

  await waitFor(
    async () => {
      const [row] = await stack.sql<[{ active: number }]>`
        SELECT count(*) FILTER (WHERE state = 'ACTIVE')::int AS active FROM contracts`;
      return row.active === CONTRACTS;
    },
    { timeout_ms: RECOVERY_TIMEOUT_MS, what: 'every contract to be resumed' },
  );
  await expectResumedOnce(resume_at);
  await expectInvariants(stack.sql);
});

/** Each contract has one audit row and one domain event of its resumption. */
async function expectResumedOnce(resume_at: Instant): Promise<void> {
  const applied = await stack.sql`
    SELECT action, at, count(*)::int AS rows, count(DISTINCT contract_id)::int AS contracts
    FROM audit_events WHERE actor ->> 'type' = 'system' AND subject_type = 'contract' GROUP BY action, at`;
  expect([...applied]).toEqual([{ action: 'contract.resumed', at: resume_at, rows: CONTRACTS, contracts: CONTRACTS }]);
  const rows = await stack.sql`
    SELECT at, count(*)::int AS rows, count(DISTINCT contract_id)::int AS contracts
    FROM domain_events WHERE type = 'contract.resumed' GROUP BY at`;
  expect([...rows]).toEqual([{ at: resume_at, rows: CONTRACTS, contracts: CONTRACTS }]);
}

/** The billing messages of one contract, and the invoices and state that must result. */
interface BillingCase {
  contract_id: string;
  /** In the order of `occurred_at`. */
  messages: StandardEvent[];
  invoices: {
    contract_id: string;
    invoice_id: string;
    status: InvoiceStatus;
    due_date: string;
    occurred_at: Instant;
  }[];
  state: 'ACTIVE' | 'PAST_DUE';
}

/** Three invoices: one is paid late, one is voided by its last version, and one stays unpaid, overdue or not. */
function buildBillingCase(contract_id: string, number: number, now: Instant): BillingCase {
  const today = now.slice(0, 10);
  const minutesAgo = (minutes: number): Instant => instantFromMillis(millisOf(now) - minutes * 60_000);
  const overdue = number % 2 === 0;
  const paid = { id: `in_paid_${number}`, due_date: addDays(today, -3) };
  const voided = { id: `in_voided_${number}`, due_date: addDays(today, -2) };
  const unpaid = { id: `in_unpaid_${number}`, due_date: addDays(today, overdue ? -3 : 30) };
  const rows: [StandardEvent['type'], number, StandardEvent['invoice']][] = [
    ['invoice.open', 90, paid],
    ['invoice.open', 80, { ...voided, version: 1 }],
    ['invoice.payment_failed', 70, paid],
    ['invoice.open', 60, unpaid],
    // A partial payment.
    ['invoice.open', 50, paid],
    ['invoice.payment_failed', 40, { ...voided, version: 2 }],
    ['invoice.paid', 30, paid],
    // Both have the same instant: only the versions decide which is newer.
    ['invoice.voided', 40, { ...voided, version: 3 }],
    ['invoice.payment_failed', 10, unpaid],
  ];
  const messages = rows.map(([type, minutes, invoice], index) => {
    return { id: `msg_${number}_${index}`, type, occurred_at: minutesAgo(minutes), contract_id, invoice };
  });
  const known = (status: InvoiceStatus, { id, due_date }: { id: string; due_date: string }, minutes: number) => {
    return { contract_id, invoice_id: id, status, due_date, occurred_at: minutesAgo(minutes) };
  };
  return {
    contract_id,
    messages: [...messages, messages[6] as StandardEvent],
    invoices: [known('PAID', paid, 30), known('FAILED', unpaid, 10), known('VOID', voided, 40)],
    state: overdue ? 'PAST_DUE' : 'ACTIVE',
  };
}

/** Returns the items in a random order that is the same in every run. */
function shuffled<T>(items: readonly T[]): T[] {
  const random = seededRandom(SEED);
  return items
    .map((item) => ({ item, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}

/** Sends all messages to the two API processes alternately. Returns how often each status was answered. */
async function sendAll(messages: readonly StandardEvent[]): Promise<Record<number, number>> {
  const { api_url, billing_secret } = stack.addresses;
  const answers: Record<number, number> = {};
  const waiting = messages.entries();
  async function sender(): Promise<void> {
    for (const [turn, message] of waiting) {
      const { status } = await billing.send(turn % 2 === 0 ? api_url : second.url, billing_secret, message);
      answers[status] = (answers[status] ?? 0) + 1;
    }
  }
  await Promise.all(Array.from({ length: SENDERS }, sender));
  return answers;
}

async function countDecided(): Promise<number> {
  const [row] = await stack.sql<[{ decided: number }]>`
    SELECT count(*)::int AS decided FROM billing_inbox WHERE outcome IN ('APPLIED', 'IGNORED')`;
  return row.decided;
}

test('2,500 concurrent billing events for 250 contracts, through two API processes and with the worker killed in between, are each decided once', async () => {
  const now = new Date().toISOString();
  const cases = contract_ids.map((contract_id, number) => buildBillingCase(contract_id, number, now));
  const messages = shuffled(cases.flatMap((one) => one.messages));
  expect(messages).toHaveLength(CONTRACTS * MESSAGES_PER_CONTRACT);

  const sending = sendAll(messages);
  await waitFor(async () => (await countDecided()) >= KILLED_AFTER_EVENTS, {
    timeout_ms: RECOVERY_TIMEOUT_MS,
    what: 'the worker to decide some of the events',
  });
  await stack.kill('worker');
  expect(await countDecided()).toBeLessThan(EVENTS);
  // A repeated event is answered with the outcome of the first.
  expect(await sending).toEqual({ 202: EVENTS, 200: CONTRACTS });
  await waitFor(async () => (await countDecided()) === EVENTS, {
    timeout_ms: DECIDED_TIMEOUT_MS,
    what: 'every event to be decided',
  });

  await expectAuditedOnce();
  const invoices = await stack.sql<BillingCase['invoices']>`
    SELECT contract_id, invoice_id, status, due_date, occurred_at FROM invoice_facts ORDER BY contract_id, invoice_id`;
  expect([...invoices]).toEqual(byContract(cases).flatMap((one) => one.invoices));
  const contracts = await stack.sql<Pick<BillingCase, 'contract_id' | 'state'>[]>`
    SELECT id AS contract_id, state FROM contracts ORDER BY id`;
  expect([...contracts]).toEqual(byContract(cases).map(({ contract_id, state }) => ({ contract_id, state })));
  await expectInvariants(stack.sql);
});

/** Every event is in the inbox once and has one audit row, which agrees with the inbox. */
async function expectAuditedOnce(): Promise<void> {
  const rows = await stack.sql`
    SELECT i.outcome, a.action, a.rows, count(*)::int AS events
    FROM billing_inbox i
    LEFT JOIN (
      SELECT after ->> 'event_id' AS event_id, contract_id, min(action) AS action, count(*)::int AS rows
      FROM audit_events WHERE action IN ('billing.event_received', 'billing.event_ignored', 'billing.parked') GROUP BY 1, 2
    ) a ON a.event_id = i.event_id AND a.contract_id = i.contract_id
    GROUP BY i.outcome, a.action, a.rows ORDER BY i.outcome`;
  expect([...rows]).toEqual([
    { outcome: 'APPLIED', action: 'billing.event_received', rows: 1, events: expect.any(Number) as number },
    { outcome: 'IGNORED', action: 'billing.event_ignored', rows: 1, events: expect.any(Number) as number },
  ]);
  expect(rows.reduce((sum, { events }) => sum + (events as number), 0)).toBe(EVENTS);
}

function byContract(cases: readonly BillingCase[]): BillingCase[] {
  return [...cases].sort((a, b) => (a.contract_id < b.contract_id ? -1 : 1));
}
