/**
 * The one door through which a contract changes: facts, revision, audit and events are written together or not at all.
 */
import { changeContract } from '../db/contract-change';
import type { Changed } from '../db/contract-change';
import { findContract } from '../db/contract';
import { decide } from '../domain/contract-commands';
import type { ContractCommand } from '../domain/contract-commands';
import type { Instant } from '../domain/instant';
import { isRefusal } from '../domain/refusal';
import type { Refusal } from '../domain/refusal';
import { auditOf, buildContract, requestJob, SOMEBODY } from './harness/contract-rows';
import { createTestDatabase } from './harness/database';
import type { TestDatabase } from './harness/database';
import { expectInvariants } from './harness/invariants';

let database: TestDatabase;
let sql: TestDatabase['sql'];

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
afterEach(() => expectInvariants(sql));
afterAll(() => database.drop());

function command(id: string, now: Instant, given: ContractCommand): Promise<Changed | Refusal> {
  return sql.begin((tx) =>
    changeContract(tx, { id, actor: SOMEBODY, now, request_id: 'request-1' }, (facts, context) =>
      decide(given, facts, context),
    ),
  );
}

async function settle(id: string, now: Instant): Promise<Changed> {
  const outcome = await sql.begin((tx) =>
    changeContract(tx, { id, actor: SOMEBODY, now, request_id: null }, () => 'unchanged'),
  );
  if (isRefusal(outcome)) throw new Error(outcome.detail);
  return outcome;
}

async function refusedWith(outcome: Promise<Changed | Refusal>): Promise<string | undefined> {
  const came = await outcome;
  return isRefusal(came) ? came.code : came.refusal?.code;
}

/** A year of 2027 with ten days of grace, created the month before. */
const YEAR = {
  now: '2026-12-01T00:00:00.000Z',
  start_date: '2027-01-01',
  end_date: '2028-01-01',
  expiry_grace_days: 10,
};

test('a pause that lifts itself, and every boundary, stand in the audit at their own instants however late they are crossed', async () => {
  const { facts } = await buildContract(sql, YEAR);
  await command(facts.id, '2027-02-01T10:00:00.000Z', {
    name: 'pause',
    input: { resume_at: '2027-03-01T09:30:00.000Z' },
  });
  await settle(facts.id, '2029-01-01T00:00:00.000Z');

  expect(await auditOf(sql, facts.id)).toEqual([
    { action: 'contract.created', at: '2026-12-01T00:00:00.000Z', actor: 'user', state: 'SCHEDULED' },
    { action: 'contract.term_started', at: '2027-01-01T00:00:00.000Z', actor: 'system', state: 'ACTIVE' },
    { action: 'contract.paused', at: '2027-02-01T10:00:00.000Z', actor: 'user', state: 'PAUSED' },
    { action: 'contract.resumed', at: '2027-03-01T09:30:00.000Z', actor: 'system', state: 'ACTIVE' },
    { action: 'contract.grace_started', at: '2028-01-01T00:00:00.000Z', actor: 'system', state: 'EXPIRY_GRACE' },
    { action: 'contract.expired', at: '2028-01-11T00:00:00.000Z', actor: 'system', state: 'EXPIRED' },
  ]);
});

test('looking late and looking at each boundary leave the same rows', async () => {
  const [late, punctual] = [await buildContract(sql, YEAR), await buildContract(sql, YEAR)];
  const pause: ContractCommand = { name: 'pause', input: { resume_at: '2027-03-01T00:00:00.000Z' } };
  for (const { facts } of [late, punctual]) await command(facts.id, '2027-02-01T00:00:00.000Z', pause);
  for (const now of [
    '2027-03-01T00:00:00.000Z',
    '2028-01-01T00:00:00.000Z',
    '2028-01-11T00:00:00.000Z',
    '2030-01-01T00:00:00.000Z',
  ]) {
    await settle(punctual.facts.id, now);
  }
  await settle(late.facts.id, '2030-01-01T00:00:00.000Z');
  const told = (id: string) => sql`
    SELECT at, action, actor, before - 'id' - 'product_id' - 'generator_id' AS before, after - 'id' - 'product_id' - 'generator_id' AS after, reason, revision
    FROM audit_events WHERE contract_id = ${id} ORDER BY id`;
  expect([...(await told(late.facts.id))]).toEqual([...(await told(punctual.facts.id))]);
  const events = (id: string) =>
    sql`SELECT at, type, data - 'contract_id' AS data FROM domain_events WHERE contract_id = ${id} ORDER BY id`;
  expect([...(await events(late.facts.id))]).toEqual([...(await events(punctual.facts.id))]);
});

test('what SQL judges by is a true copy of what the facts say', async () => {
  const { facts } = await buildContract(sql, YEAR);
  const stored = async () => {
    const row = await findContract(sql, facts.id);
    return [row?.state, row?.may_generate, row?.next_boundary_kind, row?.next_boundary_at];
  };
  expect(await stored()).toEqual(['SCHEDULED', false, 'starts', '2027-01-01T00:00:00.000Z']);
  await settle(facts.id, '2027-06-01T00:00:00.000Z');
  expect(await stored()).toEqual(['ACTIVE', true, 'grace_starts', '2028-01-01T00:00:00.000Z']);
  await command(facts.id, '2027-06-02T00:00:00.000Z', {
    name: 'pause',
    input: { resume_at: '2027-07-01T00:00:00.000Z' },
  });
  expect(await stored()).toEqual(['PAUSED', false, 'resumes', '2027-07-01T00:00:00.000Z']);
  await settle(facts.id, '2028-01-01T00:00:00.000Z');
  expect(await stored()).toEqual(['EXPIRY_GRACE', false, 'expires', '2028-01-11T00:00:00.000Z']);
  await settle(facts.id, '2028-01-11T00:00:00.000Z');
  expect(await stored()).toEqual(['EXPIRED', false, null, null]);
});

test('a refusal keeps the boundaries that were crossed on its way, and nothing else', async () => {
  const { facts } = await buildContract(sql, YEAR);
  const refusal = await refusedWith(command(facts.id, '2028-02-01T00:00:00.000Z', { name: 'pause', input: {} }));
  expect(refusal).toBe('INVALID_STATE_TRANSITION');
  const actions = (await auditOf(sql, facts.id)).map(({ action }) => action);
  expect(actions).toEqual(['contract.created', 'contract.term_started', 'contract.grace_started', 'contract.expired']);
  expect((await findContract(sql, facts.id))?.revision).toBe(1);
});

test('repeating what already holds writes nothing', async () => {
  const { facts } = await buildContract(sql);
  const now = new Date().toISOString();
  await command(facts.id, now, { name: 'pause', input: {} });
  const before = await auditOf(sql, facts.id);
  const again = await command(facts.id, now, { name: 'pause', input: {} });
  expect(again).toMatchObject({ changed: false, refusal: null });
  expect(await auditOf(sql, facts.id)).toEqual(before);
});

test('a clock that lags behind the last settlement turns nothing back', async () => {
  const { facts } = await buildContract(sql, YEAR);
  await settle(facts.id, '2028-01-05T00:00:00.000Z');
  const late = await command(facts.id, '2027-06-01T00:00:00.000Z', { name: 'pause', input: {} });
  expect(isRefusal(late) ? null : late.row.state).toBe('PAUSED');
  const [hold] = await sql`SELECT placed_at FROM contract_holds WHERE contract_id = ${facts.id}`;
  expect(hold?.['placed_at']).toBe('2028-01-05T00:00:00.000Z');
});

test('twenty that pause at once make one change', async () => {
  const { facts } = await buildContract(sql);
  const now = new Date().toISOString();
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () => command(facts.id, now, { name: 'pause', input: {} })),
  );
  expect(outcomes.filter((outcome) => !isRefusal(outcome) && outcome.changed)).toHaveLength(1);
  expect((await auditOf(sql, facts.id)).map(({ action }) => action)).toEqual(['contract.created', 'contract.paused']);
});

test('a raised quota is granted in the ledger, with who and how much', async () => {
  const { facts } = await buildContract(sql, { quota: 10 });
  await command(facts.id, new Date().toISOString(), { name: 'edit', input: { quota: 25 } });
  const grants =
    await sql`SELECT amount, reason, actor ->> 'name' AS name FROM quota_grants WHERE contract_id = ${facts.id} ORDER BY id`;
  expect([...grants]).toEqual([
    { amount: 10, reason: 'created', name: SOMEBODY.name },
    { amount: 15, reason: 'edited', name: SOMEBODY.name },
  ]);
});

test('resuming names the paused jobs to be woken', async () => {
  const { facts } = await buildContract(sql);
  const job = await requestJob(sql, facts.id, 200);
  await command(facts.id, new Date().toISOString(), { name: 'pause', input: {} });
  await sql`UPDATE generation_jobs SET state = 'PAUSED' WHERE id = ${job.id}`;
  const resumed = await command(facts.id, new Date().toISOString(), { name: 'resume', input: {} });
  expect(isRefusal(resumed) ? null : resumed.nudge).toEqual({ contract_id: facts.id, job_ids: [job.id] });
});

test('a deleted contract leaves its tombstone and refuses everything else', async () => {
  const { facts } = await buildContract(sql, { status: 'inactive' });
  const now = new Date().toISOString();
  await command(facts.id, now, { name: 'delete', input: { confirm_name: facts.name } });
  expect(await refusedWith(command(facts.id, now, { name: 'activate', input: {} }))).toBe('CONTRACT_DELETED');
  expect(await findContract(sql, facts.id)).toMatchObject({
    state: 'DELETED',
    deleted_by: SOMEBODY.name,
    may_generate: false,
    next_boundary_at: null,
  });
});

test('an unknown contract is not found', async () => {
  expect(
    await refusedWith(command('00000000-0000-7000-8000-00000000dead', YEAR.now, { name: 'activate', input: {} })),
  ).toBe('NOT_FOUND');
});

test('history cannot be rewritten', async () => {
  await buildContract(sql);
  for (const table of ['audit_events', 'contract_revisions']) {
    await expect(sql`UPDATE ${sql(table)} SET action = 'contract.forged'`).rejects.toThrow('append-only');
    await expect(sql`DELETE FROM ${sql(table)}`).rejects.toThrow('append-only');
    await expect(sql`TRUNCATE ${sql(table)}`).rejects.toThrow('append-only');
  }
});
