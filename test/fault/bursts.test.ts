/**
 * Bursts in one stack with two API processes while servers are killed: every boundary of one instant is applied once, at that instant,
 * also those that the batch has to leave, and every billing event is decided once.
 *
 * A start takes seconds, so the tests share a stack and depend on their order.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { runCommand } from '../../transactions/contract/run-command';
import { FakeBilling } from '../../demo/fake-billing';
import type { StandardEvent } from '../../demo/fake-billing';
import type { ExtraApi } from '../../dev/stack';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { dueBatchWorkflowId, SWEEP_SCHEDULE_ID } from '../../temporal/ids';
import { createNudger } from '../../temporal/nudge';
import type { Nudger } from '../../temporal/nudge';
import { findSweepSchedule } from '../../temporal/sweep-schedule';
import { taskQueues } from '../../temporal/task-queues';
import { MESSAGES_PER_CONTRACT, buildBillingCase } from '../harness/billing-cases';
import type { BillingCase } from '../harness/billing-cases';
import { TEST_ACTOR } from '../harness/contract-facts';
import { copyContract } from '../harness/contract-copies';
import { buildContract } from '../harness/contract-rows';
import { seededRandom } from '../harness/flaky-database';
import { expectInvariants } from '../harness/invariants';
import { buildPausedContracts } from '../harness/paused-contracts';
import { startTestStack, waitFor } from '../harness/stack';
import type { TestStack } from '../harness/stack';
import { RECOVERY_TIMEOUT_MS, withTemporal } from '../harness/stack-client';
import { testTwoApis } from './api-cases';

jest.setTimeout(300_000);

/** The contracts with workflows, which also receive the billing events. */
const CONTRACTS = 250;
/** Long enough to start the workflows. A workflow that starts later applies its boundary late. */
const BOUNDARY_AHEAD_MS = 8_000;

/** One message of each contract is sent twice. */
const EVENTS = CONTRACTS * (MESSAGES_PER_CONTRACT - 1);
const SENDERS = 64;
/** How many events are stored when each server is killed. Most events are not sent yet then. */
const EVENTS_WHEN_KILLED = { worker: 200, api: 700, temporal: 1_200 } as const;
/** How long a sender waits before it repeats a message that got no answer. */
const REPEAT_AFTER_MS = 50;
/**
 * Less than the time limit of one attempt to apply events (two minutes): the events of the killed worker must be taken
 * over sooner.
 */
const DECIDED_TIMEOUT_MS = 100_000;
const SEED = 4;

/** The contracts that a batch settles. */
const BATCH_CONTRACTS = 1_000;
/** Contracts that cannot be settled while the batch runs. */
const FAILING = 3;
/** The part of the contracts that is settled when each server is killed. */
const PART_WHEN_KILLED = { postgres: 0.2, temporal: 0.45, worker: 0.7 } as const;
const PAUSED_AT = '2026-01-01T00:00:00.000Z';
const RESUME_AT = '2026-01-02T00:00:00.000Z';

let stack: TestStack;
let second: ExtraApi;
let billing: FakeBilling;
let contract_ids: string[];
beforeAll(async () => {
  stack = await startTestStack();
  [second, billing] = await Promise.all([stack.addApi(), FakeBilling.start()]);
});
afterAll(async () => {
  await billing?.stop();
  await stack?.end();
});

describe('two API processes', () => testTwoApis(() => ({ stack, second })));

async function buildContracts(): Promise<string[]> {
  const { facts } = await buildContract(stack.sql);
  return [facts.id, ...(await copyContract(stack.sql, facts.id, CONTRACTS - 1))].sort();
}

/** Calls `run` with a nudger of which no nudge may fail. */
async function nudge(client: Client, run: (nudger: Nudger) => Promise<void>, epoch?: string): Promise<void> {
  const failures: unknown[] = [];
  const onFailure = (error: unknown) => void failures.push(error);
  const known = epoch === undefined ? {} : { epoch: () => epoch };
  await run(createNudger({ client, taskQueues: taskQueues('covenant'), ...known, onFailure }));
  expect(failures).toEqual([]);
}

/** Checks that each contract has one audit row and one domain event of its resumption, and no other change by time. */
async function expectResumedOnce(ids: readonly string[], resume_at: Instant): Promise<void> {
  const once = { at: resume_at, rows: ids.length, contracts: ids.length };
  const applied = await stack.sql`
    SELECT action, at, count(*)::int AS rows, count(DISTINCT contract_id)::int AS contracts
    FROM audit_events
    WHERE actor ->> 'type' = 'system' AND subject_type = 'contract' AND contract_id = ANY(${ids as string[]})
    GROUP BY action, at`;
  expect([...applied]).toEqual([{ action: 'contract.resumed', ...once }]);
  const announced = await stack.sql`
    SELECT at, count(*)::int AS rows, count(DISTINCT contract_id)::int AS contracts
    FROM domain_events WHERE type = 'contract.resumed' AND contract_id = ANY(${ids as string[]}) GROUP BY at`;
  expect([...announced]).toEqual([once]);
}

async function countActive(ids: readonly string[]): Promise<number> {
  const { count } = await stack.sql`
    SELECT FROM contracts WHERE state = 'ACTIVE' AND id = ANY(${ids as string[]})`;
  return count;
}

async function untilActive(ids: readonly string[], contracts: number): Promise<void> {
  await waitFor(async () => (await countActive(ids)) >= contracts, {
    timeout_ms: RECOVERY_TIMEOUT_MS,
    what: `${contracts} contracts to be resumed`,
  });
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

test(`${CONTRACTS} contracts whose holds end in the same second are each resumed once by their workflows, at that instant`, async () => {
  contract_ids = await buildContracts();
  const resume_at = await pauseAll();
  await withTemporal(stack, (client) =>
    nudge(client, async (nudger) => expect(await nudger.wakeContracts(contract_ids)).toHaveLength(CONTRACTS)),
  );
  await untilActive(contract_ids, CONTRACTS);
  await expectResumedOnce(contract_ids, resume_at);
  await expectInvariants(stack.sql);
});

/** Returns the items in a random order that is the same in every run. */
function shuffled<T>(items: readonly T[]): T[] {
  const random = seededRandom(SEED);
  return items
    .map((item) => ({ item, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}

/** Sends all messages to the two API processes alternately. Like a billing system, it repeats each until it is accepted. */
async function sendAll(messages: readonly StandardEvent[]): Promise<void> {
  const { api_url, billing_secret } = stack.addresses;
  const waiting = messages.entries();
  async function sender(): Promise<void> {
    for (const [turn, message] of waiting) {
      const url = turn % 2 === 0 ? api_url : second.url;
      for (;;) {
        const answer = await billing.send(url, billing_secret, message).catch(() => undefined);
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

test(`${EVENTS} billing events, through two API processes and with the worker, an API and Temporal killed in between, are each decided once`, async () => {
  const now = new Date().toISOString();
  const cases = contract_ids.map((contract_id, number) => buildBillingCase(contract_id, number, now));
  const messages = shuffled(cases.flatMap((one) => one.messages));
  expect(messages).toHaveLength(CONTRACTS * MESSAGES_PER_CONTRACT);

  const sending = sendAll(messages);
  for (const server of ['worker', 'api', 'temporal'] as const) {
    await waitFor(async () => (await countEvents(['PENDING', 'APPLIED', 'IGNORED'])) >= EVENTS_WHEN_KILLED[server], {
      timeout_ms: RECOVERY_TIMEOUT_MS,
      what: `${EVENTS_WHEN_KILLED[server]} events to be stored`,
    });
    expect(await countEvents(['APPLIED', 'IGNORED'])).toBeLessThan(EVENTS);
    await stack.kill(server);
  }
  await sending;
  await waitFor(async () => (await countEvents(['APPLIED', 'IGNORED'])) === EVENTS, {
    timeout_ms: DECIDED_TIMEOUT_MS,
    what: 'every event to be decided',
  });

  await expectAuditedOnce();
  const invoices = await stack.sql<BillingCase['invoices']>`
    SELECT contract_id, invoice_id, status, due_date, occurred_at FROM invoice_facts ORDER BY contract_id, invoice_id`;
  expect([...invoices]).toEqual(cases.flatMap((one) => one.invoices));
  const contracts = await stack.sql<Pick<BillingCase, 'contract_id' | 'state'>[]>`
    SELECT id AS contract_id, state FROM contracts WHERE id = ANY(${contract_ids}) ORDER BY id`;
  expect([...contracts]).toEqual(cases.map(({ contract_id, state }) => ({ contract_id, state })));
  await expectInvariants(stack.sql);
});

/** Checks that every event is in the inbox once and has one audit row, which agrees with the inbox. */
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

/** Lets each change of these contracts to ACTIVE fail until the returned function is called. */
async function forbidResuming(ids: readonly string[]): Promise<() => Promise<void>> {
  await stack.sql.unsafe(`
    CREATE FUNCTION test_forbidden() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'forbidden by the test'; END $$;
    CREATE TRIGGER test_forbidden BEFORE UPDATE ON contracts FOR EACH ROW
    WHEN (NEW.id IN ('${ids.join("', '")}') AND NEW.state = 'ACTIVE') EXECUTE FUNCTION test_forbidden()`);
  return async () => {
    await stack.sql`DROP TRIGGER test_forbidden ON contracts`;
  };
}

test(`${BATCH_CONTRACTS} boundaries of one instant, during which Postgres, Temporal and the worker are killed, are each applied once by a batch`, async () => {
  // A sweep would settle contracts before the batch.
  await withTemporal(stack, (client) => client.schedule.getHandle(SWEEP_SCHEDULE_ID).pause());
  const ids = await buildPausedContracts(stack.sql, BATCH_CONTRACTS, { paused_at: PAUSED_AT, resume_at: RESUME_AT });
  const failing = Array.from(
    { length: FAILING },
    (_, index) => ids[Math.floor((index * BATCH_CONTRACTS) / FAILING)] as string,
  );
  const allowResuming = await forbidResuming(failing);
  await withTemporal(stack, async (client) => {
    // The epoch is that of the server, so that the batch records what it leaves.
    const epoch = (await findSweepSchedule(client))?.epoch as string;
    // As if their workflows ran.
    await stack.sql`UPDATE contracts SET workflow_epoch = ${epoch} WHERE id = ANY(${ids})`;
    // As a step of a contract starts it.
    await nudge(client, (nudger) => nudger.settleDue(new Date().toISOString()), epoch);
  });
  for (const server of ['postgres', 'temporal', 'worker'] as const) {
    await untilActive(ids, BATCH_CONTRACTS * PART_WHEN_KILLED[server]);
    expect(await countActive(ids)).toBeLessThan(BATCH_CONTRACTS - FAILING);
    await stack.kill(server);
  }

  await stack.ready('temporal');
  await withTemporal(stack, async (client) => {
    await client.workflow.getHandle(dueBatchWorkflowId(taskQueues('covenant').contracts)).result();
    const left = await stack.sql`SELECT FROM sweep_attempts WHERE kind = 'boundary' AND subject_id = ANY(${failing})`;
    expect(left.count).toBe(FAILING);
    await allowResuming();
    // Contracts whose rows a killed process still held were left too.
    await waitFor(
      async () => {
        await stack.sql`UPDATE sweep_attempts SET next_try_at = now()`;
        await client.schedule.getHandle(SWEEP_SCHEDULE_ID).trigger();
        return (await countActive(ids)) === BATCH_CONTRACTS;
      },
      { timeout_ms: RECOVERY_TIMEOUT_MS, interval_ms: 2_000, what: 'the sweep to settle what was left' },
    );
  });
  await expectResumedOnce(ids, RESUME_AT);
  await expectInvariants(stack.sql);
});
