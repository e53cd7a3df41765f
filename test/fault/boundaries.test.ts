/**
 * Many boundaries at one instant while Postgres, Temporal and the worker are killed one after another: every contract is settled once, at
 * that instant, also those that the batch has to leave.
 */
import type { Client } from '@temporalio/client';
import { dueBatchWorkflowId, SWEEP_SCHEDULE_ID } from '../../temporal/ids';
import { createNudger } from '../../temporal/nudge';
import { findSweepSchedule } from '../../temporal/sweep-schedule';
import { taskQueues } from '../../temporal/task-queues';
import { expectInvariants } from '../harness/invariants';
import { buildPausedContracts } from '../harness/paused-contracts';
import { startTestStack, waitFor } from '../harness/stack';
import type { TestStack } from '../harness/stack';
import { RECOVERY_TIMEOUT_MS, withTemporal } from '../harness/stack-client';

jest.setTimeout(300_000);

const CONTRACTS = 1_000;
/** Contracts that cannot be settled while the batch runs. */
const FAILING = 3;
/** The part of the contracts that is settled when each server is killed. */
const KILLED_AT = { postgres: 0.2, temporal: 0.45, worker: 0.7 } as const;
const PAUSED_AT = '2026-01-01T00:00:00.000Z';
const RESUME_AT = '2026-01-02T00:00:00.000Z';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
});
afterAll(() => stack?.end());

async function countSettled(): Promise<number> {
  const { count } = await stack.sql`SELECT FROM contracts WHERE state = 'ACTIVE'`;
  return count;
}

async function untilSettled(contracts: number): Promise<void> {
  await waitFor(async () => (await countSettled()) >= contracts, {
    timeout_ms: RECOVERY_TIMEOUT_MS,
    what: `${contracts} contracts to be settled`,
  });
}

/** Starts the batch, as a step of a contract does. Its epoch is that of the server, so that it records what it leaves. */
async function startBatch(client: Client, epoch: string): Promise<void> {
  const failures: unknown[] = [];
  const onFailure = (error: unknown) => void failures.push(error);
  const nudger = createNudger({ client, taskQueues: taskQueues('covenant'), epoch: () => epoch, onFailure });
  await nudger.settleDue(new Date().toISOString());
  expect(failures).toEqual([]);
}

test(`${CONTRACTS} boundaries of one instant, during which Postgres, Temporal and the worker are killed, are each applied once`, async () => {
  // A sweep would settle contracts before the batch.
  await withTemporal(stack, (client) => client.schedule.getHandle(SWEEP_SCHEDULE_ID).pause());
  const ids = await buildPausedContracts(stack.sql, CONTRACTS, { paused_at: PAUSED_AT, resume_at: RESUME_AT });
  const failing = Array.from(
    { length: FAILING },
    (_, index) => ids[Math.floor((index * CONTRACTS) / FAILING)] as string,
  );
  await stack.sql.unsafe(`
    CREATE FUNCTION test_forbidden() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'forbidden by the test'; END $$;
    CREATE TRIGGER test_forbidden BEFORE UPDATE ON contracts FOR EACH ROW
    WHEN (NEW.id IN ('${failing.join("', '")}') AND NEW.state = 'ACTIVE') EXECUTE FUNCTION test_forbidden()`);
  await withTemporal(stack, async (client) => {
    const epoch = (await findSweepSchedule(client))?.epoch as string;
    // As if their workflows ran.
    await stack.sql`UPDATE contracts SET workflow_epoch = ${epoch}`;
    await startBatch(client, epoch);
  });
  for (const server of ['postgres', 'temporal', 'worker'] as const) {
    await untilSettled(CONTRACTS * KILLED_AT[server]);
    expect(await countSettled()).toBeLessThan(CONTRACTS - FAILING);
    await stack.kill(server);
  }

  await stack.ready('temporal');
  await withTemporal(stack, async (client) => {
    await client.workflow.getHandle(dueBatchWorkflowId(taskQueues('covenant').contracts)).result();
    const left = await stack.sql`SELECT FROM sweep_attempts WHERE kind = 'boundary' AND subject_id = ANY(${failing})`;
    expect(left.count).toBe(FAILING);
    await stack.sql`DROP TRIGGER test_forbidden ON contracts`;
    // Contracts whose rows a killed process still held were left too.
    await waitFor(
      async () => {
        await stack.sql`UPDATE sweep_attempts SET next_try_at = now()`;
        await client.schedule.getHandle(SWEEP_SCHEDULE_ID).trigger();
        return (await countSettled()) === CONTRACTS;
      },
      { timeout_ms: RECOVERY_TIMEOUT_MS, interval_ms: 2_000, what: 'the sweep to settle what was left' },
    );
  });
  const once = { at: RESUME_AT, rows: CONTRACTS, contracts: CONTRACTS };
  const applied = await stack.sql`
    SELECT action, at, count(*)::int AS rows, count(DISTINCT contract_id)::int AS contracts
    FROM audit_events WHERE actor ->> 'type' = 'system' AND subject_type = 'contract' GROUP BY action, at`;
  expect([...applied]).toEqual([{ action: 'contract.resumed', ...once }]);
  const announced = await stack.sql`
    SELECT at, count(*)::int AS rows, count(DISTINCT contract_id)::int AS contracts
    FROM domain_events WHERE type = 'contract.resumed' GROUP BY at`;
  expect([...announced]).toEqual([once]);
  await expectInvariants(stack.sql);
});
