/**
 * Requests for licenses of several contracts that wait at the same moment share a statement, and each contract is granted or refused
 * as if it were alone. Each test holds all turns until its requests wait, so that one statement takes them.
 */
import { RowsBusy } from '../../db/base/errors';
import { createLicenseRequests } from '../../transactions/generation/request-licenses';
import type { LicenseRequest, RequestLicenses } from '../../transactions/generation/license-request';
import { openDatabase } from '../../db/base/database';
import type { Database } from '../../db/base/database';
import type { LockTurnLimits } from '../../db/base/lock-turns';
import { isRefusal } from '../../domain/base/refusal';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { buildContract, buildRequest } from '../harness/contract-rows';
import { callTogether } from '../harness/taken-turns';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { lockRows } from '../harness/locked-rows';
import type { LockedRows } from '../harness/locked-rows';
import { expectInvariants } from '../harness/invariants';
import { buildContractOnClock, buildTestClock } from '../harness/test-clocks';

let database: TestDatabase;
let sql: TestDatabase['sql'];
let requestLicenses: RequestLicenses;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
  requestLicenses = createLicenseRequests(sql);
});
afterEach(() => expectInvariants(sql));
afterAll(() => database.drop());

/** An open contract whose license terms are known to `requestLicenses`. */
async function openContract(quota?: number): Promise<string> {
  const { facts } = await buildContract(sql, quota === undefined ? {} : { quota });
  await requestLicenses(buildRequest(facts.id, 1));
  return facts.id;
}

/** Runs with a pool whose transactions wait for rows in another way. */
async function withPool(limits: Partial<LockTurnLimits>, run: (db: Database) => Promise<void>): Promise<void> {
  const db = openDatabase(database.url, { max: 6, application_name: 'test', lockTurnLimits: limits });
  await run(db).finally(() => db.end());
}

const holdQuota = (id: string): Promise<LockedRows> =>
  lockRows(sql, (tx) => tx`SELECT FROM contract_quotas WHERE contract_id = ${id} FOR UPDATE`);

/** Sends requests while all turns are taken; resolves when they wait, to what ends that. */
async function sendTogether(
  requests: LicenseRequest[],
  { db, request: send }: { db: Database; request: RequestLicenses } = { db: sql, request: requestLicenses },
): Promise<Promise<string>[]> {
  const calls = requests.map((request) => async () => {
    const { result } = await send(request);
    return isRefusal(result) ? result.code : String(result.job.quota_remaining);
  });
  return callTogether(db, calls);
}

const sendAndAnswer = async (requests: LicenseRequest[]): Promise<string[]> =>
  Promise.all(await sendTogether(requests));

/** How many transactions made the jobs of these contracts, without the first job of each. */
async function transactionsOf(contract_ids: string[]): Promise<number> {
  const [row] = await sql<[{ count: number }]>`
    SELECT count(DISTINCT xmin::text)::int FROM generation_jobs g
    WHERE contract_id = ANY(${contract_ids}::uuid[]) AND serial > (SELECT min(serial) FROM generation_jobs WHERE contract_id = g.contract_id)`;
  return row.count;
}

test('one statement grants requests of several contracts, and each answer has the remaining quota of its own contract', async () => {
  const clock = await buildTestClock(sql, '2026-03-01T00:00:00.000Z');
  const [a, b] = [await openContract(1_000), await openContract(500)];
  const c = await buildContractOnClock(sql, clock);
  await requestLicenses(buildRequest(c, 1));
  const requests = [a, b, a, c, a, b].map((id, index) => buildRequest(id, index === 4 ? 200 : 10));
  expect(await sendAndAnswer(requests)).toEqual(['989', '489', '979', expect.any(String), '779', '479']);
  // The time of a test clock is read first, so its contract may come later.
  expect(await transactionsOf([a, b])).toBe(1);
});

test('a contract with a locked quota row waits alone, and the others of its statement are granted meanwhile', async () => {
  // Only what the row is free for is granted: no attempt ends while the test runs.
  await withPool({ attempt_ms: 60_000, wait_ms: 60_000 }, async (db) => {
    const [held, free, other] = [await openContract(), await openContract(), await openContract()];
    const request = createLicenseRequests(db);
    for (const id of [held, free, other]) await request(buildRequest(id, 1));
    const row = await holdQuota(held);
    const requests = [held, free, held, other, held].map((id) => buildRequest(id, 1));
    const answers = await sendTogether(requests, { db, request });
    expect(await Promise.all([answers[1], answers[3]])).toEqual(['997', '997']);
    await waitUntilBlocked(sql);
    expect(await Promise.race([answers[0], Promise.resolve('waits')])).toBe('waits');
    // What comes later waits behind them.
    const later = request(buildRequest(held, 1));
    await row.release();
    expect(await Promise.all([answers[0], answers[2], answers[4]])).toEqual(['997', '996', '995']);
    expect(isRefusal((await later).result)).toBe(false);
  });
});

test('a contract whose row stays locked is refused as busy, and shares no statement with others until it was granted', async () => {
  await withPool({ attempt_ms: 20, wait_ms: 60 }, async (db) => {
    const [held, free] = [await openContract(), await openContract()];
    const quota = { table: 'contract_quotas', id: held };
    const request = createLicenseRequests(db);
    for (const id of [held, free]) await request(buildRequest(id, 1));
    const row = await holdQuota(held);
    await expect(request(buildRequest(held, 1))).rejects.toBeInstanceOf(RowsBusy);
    expect(db.lockTurns.isFree(quota)).toBe(false);
    expect(isRefusal((await request(buildRequest(free, 1))).result)).toBe(false);
    await row.release();
    expect(isRefusal((await request(buildRequest(held, 1))).result)).toBe(false);
    expect(db.lockTurns.isFree(quota)).toBe(true);
  });
});

test('a request above its quota is refused, and prevents no grant of others', async () => {
  const [small, large] = [await openContract(20), await openContract(1_000)];
  const requests = [buildRequest(small, 50), buildRequest(large, 50), buildRequest(small, 5), buildRequest(large, 5)];
  expect(await sendAndAnswer(requests)).toEqual(['QUOTA_EXCEEDED', '949', '14', '944']);
});

test('a repeated request is answered with its job, and prevents no grant of others', async () => {
  const [a, b] = [await openContract(), await openContract()];
  const idempotency = { key: 'once', fingerprint: 'f' };
  await requestLicenses(buildRequest(a, 1, { idempotency }));
  const requests = [buildRequest(b, 1), buildRequest(a, 1, { idempotency }), buildRequest(b, 1, { idempotency })];
  expect(await sendAndAnswer(requests)).toEqual(['998', '998', '997']);
  expect(await sql`SELECT FROM generation_jobs WHERE contract_id = ${a}`).toHaveLength(2);
});

test('a contract that was closed after its terms were read is refused, and prevents no grant of others', async () => {
  const [closed, open] = [await openContract(), await openContract()];
  await sql`UPDATE products SET status = 'inactive' WHERE id = (SELECT product_id FROM contracts WHERE id = ${closed})`;
  await sql`UPDATE contract_quotas SET grantable_terms_id = NULL, open_until = NULL WHERE contract_id = ${closed}`;
  expect(await sendAndAnswer([closed, open].map((id) => buildRequest(id, 1)))).toEqual(['PRODUCT_INACTIVE', '998']);
});
