/**
 * A burst of billing events while the worker, the API and Temporal are killed one after another: every event is decided once, and every
 * invoice is as its newest event says.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FakeBilling } from '../../demo/fake-billing';
import type { StandardEvent } from '../../demo/fake-billing';
import { buildContract } from '../harness/contract-rows';
import { seededRandom } from '../harness/flaky-database';
import { expectInvariants } from '../harness/invariants';
import { startTestStack, waitFor } from '../harness/stack';
import type { TestStack } from '../harness/stack';

jest.setTimeout(300_000);

const CONTRACTS = 100;
const INVOICES_PER_CONTRACT = 25;
/** Each invoice is opened and paid. */
const EVENTS = CONTRACTS * INVOICES_PER_CONTRACT * 2;
const SENDERS = 32;
/** How many events are stored when each server is killed. */
const KILLED_AT = { worker: 500, api: 1_500, temporal: 2_500 } as const;
/** How long a sender waits before it repeats a message that got no answer. */
const REPEAT_AFTER_MS = 50;
const DECIDED_TIMEOUT_MS = 120_000;
const SEED = 12;

let stack: TestStack;
let billing: FakeBilling;
beforeAll(async () => {
  stack = await startTestStack();
  billing = await FakeBilling.start();
});
afterAll(async () => {
  await billing?.stop();
  await stack?.end();
});

/** The messages of all contracts in a random order that is the same in every run. */
function messagesOf(contract_ids: readonly string[]): StandardEvent[] {
  const random = seededRandom(SEED);
  const occurred_at = new Date().toISOString();
  const messages = contract_ids.flatMap((contract_id, number) =>
    Array.from({ length: INVOICES_PER_CONTRACT * 2 }, (_, index): StandardEvent => {
      const version = 1 + (index % 2);
      const invoice = { id: `in_${number}_${index >> 1}`, due_date: '2099-01-01', version };
      const type = version === 1 ? 'invoice.open' : 'invoice.paid';
      return { id: `msg_${number}_${index}`, type, occurred_at, contract_id, invoice };
    }),
  );
  return messages
    .map((message) => ({ message, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ message }) => message);
}

/** Sends all messages, as a billing system does: each until it is accepted. */
async function sendAll(messages: readonly StandardEvent[]): Promise<void> {
  const { api_url, billing_secret } = stack.addresses;
  const waiting = messages.values();
  async function sender(): Promise<void> {
    for (const message of waiting) {
      for (;;) {
        const answer = await billing.send(api_url, billing_secret, message).catch(() => undefined);
        if (answer?.status === 202 || answer?.status === 200) break;
        await sleep(REPEAT_AFTER_MS);
      }
    }
  }
  await Promise.all(Array.from({ length: SENDERS }, sender));
}

async function countEvents(outcomes: string[]): Promise<number> {
  const [row] = await stack.sql<[{ count: number }]>`
    SELECT count(*)::int FROM billing_inbox WHERE outcome = ANY(${outcomes})`;
  return row.count;
}

test('5,000 events during which the worker, the API and Temporal are killed are each decided once', async () => {
  const built = await Promise.all(Array.from({ length: CONTRACTS }, () => buildContract(stack.sql)));
  const contract_ids = built.map(({ facts }) => facts.id);
  const sending = sendAll(messagesOf(contract_ids));
  for (const server of ['worker', 'api', 'temporal'] as const) {
    await waitFor(async () => (await countEvents(['PENDING', 'APPLIED', 'IGNORED'])) >= KILLED_AT[server], {
      timeout_ms: DECIDED_TIMEOUT_MS,
      what: `${KILLED_AT[server]} events to be stored`,
    });
    expect(await countEvents(['APPLIED', 'IGNORED'])).toBeLessThan(EVENTS);
    await stack.kill(server);
  }
  await sending;
  await waitFor(async () => (await countEvents(['APPLIED', 'IGNORED'])) === EVENTS, {
    timeout_ms: DECIDED_TIMEOUT_MS,
    what: 'every event to be decided',
  });

  const invoices = await stack.sql`
    SELECT status, version::int, count(*)::int, count(DISTINCT contract_id)::int AS contracts
    FROM invoice_facts GROUP BY status, version`;
  expect([...invoices]).toEqual([
    { status: 'PAID', version: 2, count: CONTRACTS * INVOICES_PER_CONTRACT, contracts: CONTRACTS },
  ]);
  const audited = await stack.sql`
    SELECT i.outcome, a.action, a.rows, count(*)::int AS events
    FROM billing_inbox i
    LEFT JOIN (
      SELECT after ->> 'event_id' AS event_id, min(action) AS action, count(*)::int AS rows
      FROM audit_events WHERE action LIKE 'billing.%' GROUP BY 1
    ) a ON a.event_id = i.event_id
    GROUP BY i.outcome, a.action, a.rows ORDER BY i.outcome`;
  expect(audited.map(({ outcome, action, rows }) => [outcome, action, rows])).toEqual([
    ['APPLIED', 'billing.event_received', 1],
    ['IGNORED', 'billing.event_ignored', 1],
  ]);
  expect(audited.reduce((sum, { events }) => sum + (events as number), 0)).toBe(EVENTS);
  await expectInvariants(stack.sql);
});
