/**
 * Whoever asks Postgres what is due, what lives and what is expired asks contracts of a test clock by their clock's time.
 */
import { presentJob } from '../api/jobs';
import { listLicenses } from '../db/license';
import type { LicenseFilter } from '../db/license';
import { findOwedWork } from '../db/health';
import { contractsToWake, jobsToWake, testClocksToAdvance } from '../db/sweep';
import { clockNowOf, failAdvance, listDueContracts } from '../db/test-clock';
import { licenseStatus } from '../domain/license';
import { buildContract, jobOf, requestJob } from './harness/contract-rows';
import type { ContractOptions } from './harness/contract-rows';
import { createTestDatabase } from './harness/database';
import type { TestDatabase } from './harness/database';
import { buildContractOnClock, buildTestClock, grantAdvance } from './harness/test-clocks';

const MINUTE_MS = 60_000;
/** Long past by the world's time, and far in its future. */
const PAST = '2020-01-01T00:00:00.000Z';
const FUTURE = '2090-01-01T00:00:00.000Z';
const SOON = '2021-01-01T00:00:00.000Z';
const QUESTION = { epoch: 'epoch-1', limit: 100 };

let database: TestDatabase;
let sql: TestDatabase['sql'];

beforeEach(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
afterEach(() => database.drop());

const real = (offset_ms = 0): string => new Date(Date.now() + offset_ms).toISOString();

async function clockAt(now: string, advancing_to: string | null = null, begun_at = real()): Promise<string> {
  const id = await buildTestClock(sql, now);
  if (advancing_to !== null) await grantAdvance(sql, id, advancing_to, begun_at);
  return id;
}

/** A contract on a clock that was started on this server. */
async function onClock(clock_id: string, options: ContractOptions = {}): Promise<string> {
  const id = await buildContractOnClock(sql, clock_id, options);
  await sql`UPDATE contracts SET workflow_epoch = 'epoch-1' WHERE id = ${id}`;
  return id;
}

const move = (clock_id: string, now: string) => sql`UPDATE test_clocks SET now = ${now} WHERE id = ${clock_id}`;

test('the time of a contract is that of its clock, and null for one that lives by the world’s', async () => {
  const { facts } = await buildContract(sql);
  expect(await clockNowOf(sql, await onClock(await clockAt(PAST)))).toBe(PAST);
  expect(await clockNowOf(sql, facts.id)).toBeNull();
});

test('a contract whose boundary is past in the world and to come on its clock is not woken, and one that its clock has passed is', async () => {
  const clock = await clockAt(PAST);
  const [early, late] = [
    await onClock(clock, { start_date: '2020-02-01' }),
    await onClock(clock, { start_date: '2020-06-01' }),
  ];
  const wake = () => contractsToWake(sql, { ...QUESTION, now: real() });
  expect(await wake()).toEqual([]);
  expect(await findOwedWork(sql, real(), 'epoch-1')).toMatchObject({ overdue_contracts: 0 });
  await move(clock, '2020-03-01T00:00:00.000Z');
  expect(await wake()).toEqual([early]);
  expect(await listDueContracts(sql, clock, null, 10)).toEqual([early]);
  expect(await findOwedWork(sql, real(), 'epoch-1')).toMatchObject({ overdue_contracts: 1 });
  await move(clock, FUTURE);
  expect((await wake()).sort()).toEqual([early, late].sort());
});

test('while a clock advances its contracts are the business of its workflow, which the sweep keeps alive', async () => {
  const clock = await clockAt(PAST, SOON);
  await onClock(clock, { start_date: '2020-02-01' });
  await move(clock, '2020-03-01T00:00:00.000Z');
  expect(await contractsToWake(sql, { ...QUESTION, now: real() })).toEqual([]);
  expect(await findOwedWork(sql, real(), 'epoch-1')).toMatchObject({ overdue_contracts: 0 });
  expect(await testClocksToAdvance(sql, 10)).toEqual([clock]);
  await failAdvance(sql, clock, 'as the test asked');
  expect(await testClocksToAdvance(sql, 10)).toEqual([]);
});

test('contracts of the world are woken as ever, those suspended or past due included', async () => {
  const { facts } = await buildContract(sql, { now: PAST, start_date: '2020-02-01' });
  await sql`UPDATE contracts SET workflow_epoch = 'epoch-1' WHERE id = ${facts.id}`;
  const suspended = await buildContract(sql);
  await sql`UPDATE contracts SET state = 'SUSPENDED' WHERE id = ${suspended.facts.id}`;
  const unverified = await buildContract(sql);
  await sql`UPDATE contracts SET verify_at = ${real(-MINUTE_MS)}, workflow_epoch = 'epoch-1' WHERE id = ${unverified.facts.id}`;
  const woken = await contractsToWake(sql, { ...QUESTION, now: real() });
  expect(woken.sort()).toEqual([facts.id, suspended.facts.id, unverified.facts.id].sort());
});

test('the doctor is told of clocks that failed and of advances that take long, and of no other', async () => {
  await clockAt(PAST);
  await clockAt(PAST, SOON);
  expect(await findOwedWork(sql, real(), null)).toMatchObject({ stuck_test_clocks: 0 });
  await clockAt(PAST, SOON, real(-11 * MINUTE_MS));
  await failAdvance(sql, await clockAt(PAST, SOON), 'as the test asked');
  expect(await findOwedWork(sql, real(), null)).toMatchObject({ stuck_test_clocks: 2 });
});

test.each([PAST, FUTURE])('a job on a clock that stands at %s is silent by the world’s time', async (now) => {
  const id = await onClock(await clockAt(now));
  const job = await requestJob(sql, id, 200);
  await sql`UPDATE generation_jobs SET workflow_epoch = 'epoch-1', state = 'RUNNING', started_at = ${now} WHERE id = ${job.id}`;
  const silentAt = async (at: string) => [
    await jobsToWake(sql, { ...QUESTION, now: at }),
    (await findOwedWork(sql, at, 'epoch-1')).silent_jobs,
  ];
  expect(await silentAt(real())).toEqual([[], 0]);
  expect(await silentAt(real(2 * MINUTE_MS))).toEqual([[job.id], 0]);
  expect(await silentAt(real(5 * MINUTE_MS))).toEqual([[job.id], 1]);
});

test('a job on a clock has no speed and no end foretold, since no time passes while it is at work', async () => {
  const clock = await clockAt(PAST);
  const id = await onClock(clock);
  const job = await requestJob(sql, id, 3);
  await move(clock, FUTURE);
  expect(presentJob(await jobOf(sql, job.id), real())).toMatchObject({
    created_at: PAST,
    licenses_per_second: null,
    eta: null,
  });
});

test('a license is available or expired by the clock of its contract, shown and filtered alike', async () => {
  const clock = await clockAt(PAST);
  const id = await onClock(clock, { expiry: { duration: 'P1Y', basis: 'generation' } });
  await requestJob(sql, id, 2);
  const production = await buildContract(sql, { expiry: { duration: 'P1Y', basis: 'generation' } });
  await requestJob(sql, production.facts.id, 2);

  const now = real();
  const list = async (filter: LicenseFilter) =>
    (await listLicenses(sql, filter, { order: 'asc', after: null, limit: 10, now })).map((row) => [
      row.contract_id,
      licenseStatus(row.expires_at, row.clock_now ?? now),
    ]);
  const both = (status: string) => [
    [id, status],
    [id, status],
  ];
  expect(await list({ contract_id: id })).toEqual(both('available'));
  expect(await list({ contract_id: id, status: 'available' })).toEqual(both('available'));
  expect(await list({ contract_id: id, status: 'expired' })).toEqual([]);
  await move(clock, '2021-01-01T00:00:00.000Z');
  expect(await list({ contract_id: id })).toEqual(both('expired'));
  expect(await list({ environment: 'staging', status: 'expired' })).toEqual(both('expired'));
  expect(await list({ environment: 'staging', status: 'available' })).toEqual([]);
  expect(await list({ environment: 'production', status: 'available' })).toHaveLength(2);
  expect(await list({ environment: 'production', status: 'expired' })).toEqual([]);
});
