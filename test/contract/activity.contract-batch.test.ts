/** Contracts that are changed in batches: each once, and none delays the others. */
import { BATCH_CONTRACTS, changeInBatches } from '../../activities/contract/contract-batch';
import { ROW_LOCKED } from '../../activities/base/short-wait';
import { lockContract } from '../../db/contract/contract';
import { lockQuota } from '../../db/contract/quota';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import { settleContract } from '../../transactions/contract/settle-contract';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { auditOf, buildContract } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';
import { lockRows } from '../harness/locked-rows';

const START: Instant = '2026-10-20T00:00:00.000Z';
const END: Instant = '2026-11-20T00:00:00.000Z';

let database: TestDatabase;
let sql: TestDatabase['sql'];

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
afterEach(() => expectInvariants(sql));
afterAll(() => database.drop());

/** Contracts that renew at `END`. */
async function buildRenewing(count: number): Promise<string[]> {
  const renewal = { ...DEFAULT_RENEWAL, mode: 'auto' } as const;
  const contracts = await Promise.all(
    Array.from({ length: count }, () => buildContract(sql, { now: START, term: 'P1M', renewal })),
  );
  return contracts.map(({ facts }) => facts.id);
}

const settleAll = (ids: readonly string[], change = settleContract) =>
  changeInBatches(sql, ids, (tx, id) => change(tx, { id, now: END }));

async function renewalsOf(ids: readonly string[]): Promise<(Instant | undefined)[][]> {
  const audits = await Promise.all(ids.map((id) => auditOf(sql, id)));
  return audits.map((rows) => rows.filter(({ action }) => action === 'contract.renewed').map(({ at }) => at));
}

test('two calls at the same time apply each boundary once, at its own instant', async () => {
  const ids = await buildRenewing(2 * BATCH_CONTRACTS + 1);
  const outcomes = await Promise.all([settleAll(ids), settleAll([...ids].reverse())]);
  for (const { changed, failed } of outcomes) {
    // A contract that the other call has locked for long is left to the next call.
    for (const error of failed.values()) expect(error).toMatchObject({ type: ROW_LOCKED });
    expect([...changed.keys(), ...failed.keys()].sort()).toEqual([...ids].sort());
  }
  expect(new Set(outcomes.flatMap(({ changed }) => [...changed.keys()])).size).toBe(ids.length);
  expect(await renewalsOf(ids)).toEqual(ids.map(() => [END]));
});

test('a contract that fails is reported and does not undo or delay the others of its batch', async () => {
  const ids = await buildRenewing(3);
  const [, failing] = ids as [string, string, string];
  const { changed, failed } = await settleAll(ids, async (tx, contract) => {
    const settled = await settleContract(tx, contract);
    if (contract.id === failing) await tx`SELECT 1 / 0`;
    return settled;
  });
  expect([...failed.keys()]).toEqual([failing]);
  expect(String(failed.get(failing))).toContain('division by zero');
  expect(changed.size).toBe(2);
  expect(await renewalsOf(ids)).toEqual([[END], [], [END]]);
});

test('a contract that another transaction has locked is waited for shortly, after the others are committed', async () => {
  const ids = await buildRenewing(3);
  const [held] = ids as [string, string, string];
  const lock = await lockRows(sql, (tx) => lockContract(tx, held));
  const settling = settleAll(ids);
  await waitUntilBlocked(sql);
  expect(await renewalsOf(ids)).toEqual([[], [END], [END]]);
  const { changed, failed } = await settling;
  await lock.release();
  expect([...failed.keys()]).toEqual([held]);
  expect(failed.get(held)).toMatchObject({ type: ROW_LOCKED });
  expect(changed.size).toBe(2);
  expect((await settleAll([held])).changed.size).toBe(1);
  expect(await renewalsOf(ids)).toEqual([[END], [END], [END]]);
});

test('a locked quota holds the other contracts of its batch only shortly', async () => {
  const ids = await buildRenewing(3);
  const [held] = ids as [string, string, string];
  const lock = await lockRows(sql, (tx) => lockQuota(tx, held));
  const { changed, failed } = await settleAll(ids, async (tx, contract) => {
    const settled = await settleContract(tx, contract);
    await lockQuota(tx, contract.id);
    return settled;
  });
  await lock.release();
  expect([...failed.keys()]).toEqual([held]);
  expect(failed.get(held)).toMatchObject({ type: ROW_LOCKED });
  expect(changed.size).toBe(2);
});

test('a contract that does not exist is a refusal, and the others are changed', async () => {
  const [id] = (await buildRenewing(1)) as [string];
  const missing = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';
  const { changed } = await settleAll([id, missing]);
  expect(isRefusal(changed.get(missing) as object)).toBe(true);
  expect(await renewalsOf([id])).toEqual([[END]]);
});
