/** All changes of a contract go through one transaction: facts, revision, audit and events are written together or not at all. */
import { randomUUID } from 'node:crypto';
import { findAmendment } from '../../db/contract/amendment';
import { runCommand } from '../../transactions/contract/run-command';
import { settleByTime } from '../../transactions/contract/settle-contract';
import type { ChangedContract } from '../../transactions/contract/changed-contract';
import { findContract } from '../../db/contract/contract';
import type { AmendmentChanges } from '../../domain/contract/facts';
import type { ContractCommand } from '../../domain/contract/command';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import { addCatalogue } from '../harness/catalogue';
import { auditOf, buildContract, jobOf, requestJob } from '../harness/contract-rows';
import type { ContractOptions } from '../harness/contract-rows';
import { TEST_ACTOR } from '../harness/contract-facts';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';

let database: TestDatabase;
let sql: TestDatabase['sql'];

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
afterEach(() => expectInvariants(sql));
afterAll(() => database.drop());

function command(id: string, now: Instant, given: ContractCommand): Promise<ChangedContract | Refusal> {
  return sql.begin((tx) => runCommand(tx, { id, actor: TEST_ACTOR, now, request_id: 'request-1' }, given));
}

async function settle(id: string, now: Instant): Promise<ChangedContract> {
  const outcome = await sql.begin((tx) => settleByTime(tx, { id, now }));
  if (isRefusal(outcome)) throw new Error(outcome.detail);
  return outcome;
}

async function refusedWith(outcome: Promise<ChangedContract | Refusal>): Promise<string | undefined> {
  const came = await outcome;
  return isRefusal(came) ? came.code : came.refusal?.code;
}

/** The year 2027 with ten days of grace, created the month before, without reminders of a renewal. */
const YEAR: ContractOptions = {
  now: '2026-12-01T00:00:00.000Z',
  start_date: '2027-01-01',
  end_date: '2028-01-01',
  expiry_grace_days: 10,
  renewal: { ...DEFAULT_RENEWAL, mode: 'none' },
};
const CREATED_AT = '2026-12-01T00:00:00.000Z';

test('the end of a pause and every boundary are audited at their own instants, however late they are applied', async () => {
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

test('settling late and settling at each boundary leave the same rows', async () => {
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
  const rowsOf = (id: string) => sql`
    SELECT at, action, actor, before - 'id' - 'product_id' - 'generator_id' AS before, after - 'id' - 'product_id' - 'generator_id' AS after, reason, revision
    FROM audit_events WHERE contract_id = ${id} ORDER BY id`;
  expect([...(await rowsOf(late.facts.id))]).toEqual([...(await rowsOf(punctual.facts.id))]);
  const events = (id: string) =>
    sql`SELECT at, type, data - 'contract_id' AS data FROM domain_events WHERE contract_id = ${id} ORDER BY id`;
  expect([...(await events(late.facts.id))]).toEqual([...(await events(punctual.facts.id))]);
});

test('the derived columns for SQL match the facts', async () => {
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

test('a refusal commits the boundaries that were applied before it, and nothing else', async () => {
  const { facts } = await buildContract(sql, YEAR);
  const refusal = await refusedWith(command(facts.id, '2028-02-01T00:00:00.000Z', { name: 'pause', input: {} }));
  expect(refusal).toBe('INVALID_STATE_TRANSITION');
  const actions = (await auditOf(sql, facts.id)).map(({ action }) => action);
  expect(actions).toEqual(['contract.created', 'contract.term_started', 'contract.grace_started', 'contract.expired']);
  expect((await findContract(sql, facts.id))?.revision).toBe(1);
});

test('a repeated command writes nothing', async () => {
  const { facts } = await buildContract(sql);
  const now = new Date().toISOString();
  await command(facts.id, now, { name: 'pause', input: {} });
  const before = await auditOf(sql, facts.id);
  const again = await command(facts.id, now, { name: 'pause', input: {} });
  expect(again).toMatchObject({ changed: false, refusal: null });
  expect(await auditOf(sql, facts.id)).toEqual(before);
});

test('a clock behind the last settlement reverts nothing', async () => {
  const { facts } = await buildContract(sql, YEAR);
  await settle(facts.id, '2028-01-05T00:00:00.000Z');
  const late = await command(facts.id, '2027-06-01T00:00:00.000Z', { name: 'pause', input: {} });
  expect(isRefusal(late) ? null : late.stored.state).toBe('PAUSED');
  const [hold] = await sql`SELECT placed_at FROM contract_holds WHERE contract_id = ${facts.id}`;
  expect(hold?.['placed_at']).toBe('2028-01-05T00:00:00.000Z');
});

test('twenty simultaneous pauses make one change', async () => {
  const { facts } = await buildContract(sql);
  const now = new Date().toISOString();
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () => command(facts.id, now, { name: 'pause', input: {} })),
  );
  expect(outcomes.filter((outcome) => !isRefusal(outcome) && outcome.changed)).toHaveLength(1);
  expect((await auditOf(sql, facts.id)).map(({ action }) => action)).toEqual(['contract.created', 'contract.paused']);
});

test('a raised quota is a grant in the ledger, with its actor and amount', async () => {
  const { facts } = await buildContract(sql, { quota: 10 });
  await command(facts.id, new Date().toISOString(), { name: 'edit', input: { quota: 25 } });
  const grants =
    await sql`SELECT amount, reason, shown_actor(actor) ->> 'name' AS name FROM quota_grants WHERE contract_id = ${facts.id} ORDER BY id`;
  expect([...grants]).toEqual([
    { amount: 10, reason: 'contract.created', name: TEST_ACTOR.name },
    { amount: 15, reason: 'contract.updated', name: TEST_ACTOR.name },
  ]);
});

test('resuming returns the paused jobs to signal', async () => {
  const { facts } = await buildContract(sql);
  const job = await requestJob(sql, facts.id, 200);
  await command(facts.id, new Date().toISOString(), { name: 'pause', input: {} });
  await sql`UPDATE generation_jobs SET state = 'PAUSED' WHERE id = ${job.id}`;
  const resumed = await command(facts.id, new Date().toISOString(), { name: 'resume', input: {} });
  expect(isRefusal(resumed) ? null : resumed.nudge).toEqual({ contract_id: facts.id, job_ids: [job.id] });
});

test('a renewal that twenty transactions find at once is made once, with its term, quota and history', async () => {
  const renewal = { ...DEFAULT_RENEWAL, mode: 'auto', quota_effect: { add: 50 } } as const;
  const { facts } = await buildContract(sql, { now: CREATED_AT, quota: 100, term: 'P1Y', renewal });
  const renewed_at = '2027-12-01T00:00:00.000Z';
  await settle(facts.id, '2027-11-30T23:59:59.999Z');
  await Promise.all(Array.from({ length: 20 }, () => settle(facts.id, renewed_at)));
  const terms = await sql`
    SELECT term_number, at, mode, basis, start_date, end_date, quota_added FROM contract_renewals WHERE contract_id = ${facts.id}`;
  const second = {
    term_number: 2,
    mode: 'auto',
    basis: 'from_expiry',
    start_date: '2027-12-01',
    end_date: '2028-12-01',
  };
  expect([...terms]).toEqual([{ ...second, at: renewed_at, quota_added: 50 }]);
  const grants = await sql`
    SELECT amount, reason, actor ->> 'id' AS by, period_label AS label FROM quota_grants WHERE contract_id = ${facts.id} ORDER BY id`;
  expect([...grants]).toEqual([
    { amount: 100, reason: 'contract.created', by: TEST_ACTOR.id, label: null },
    { amount: 50, reason: 'contract.renewed', by: 'covenant', label: 'term 2' },
  ]);
  expect(await findContract(sql, facts.id)).toMatchObject({ term_number: 2, quota_total: 150, revision: 2 });
  expect((await auditOf(sql, facts.id)).map(({ action }) => action)).toEqual([
    'contract.created',
    'renewal.reminder_due',
    'renewal.reminder_due',
    'renewal.notice_due',
    'renewal.reminder_due',
    'contract.renewed',
  ]);
});

test('missed terms are renewed one by one, from the anchor', async () => {
  const renewal = { ...DEFAULT_RENEWAL, mode: 'auto', notice_days: 0 } as const;
  const { facts } = await buildContract(sql, { now: '2027-01-31T12:00:00.000Z', term: 'P1M', renewal });
  await settle(facts.id, '2027-06-15T00:00:00.000Z');
  const terms = await sql`SELECT end_date FROM contract_renewals WHERE contract_id = ${facts.id} ORDER BY term_number`;
  expect(terms.map((row) => row['end_date'] as string)).toEqual([
    '2027-03-31',
    '2027-04-30',
    '2027-05-31',
    '2027-06-30',
  ]);
});

describe('amendments', () => {
  /** Keeps an amendment for a day, and answers its id. */
  async function amend(id: string, effective_date: string, changes: AmendmentChanges): Promise<string> {
    const amendment_id = randomUUID();
    const input = { amendment_id, effective_date, changes, note: null };
    const outcome = await command(id, CREATED_AT, { name: 'amend', input });
    if (isRefusal(outcome) || outcome.refusal) throw new Error('the amendment was refused');
    return amendment_id;
  }

  const amendmentOf = async (id: string, amendment_id: string) => {
    const row = await findAmendment(sql, id, amendment_id);
    return { status: row?.status, failure: row?.failure?.code, decided_at: row?.decided_at };
  };

  test('of one day are applied one by one, and one that is no longer possible fails completely', async () => {
    const { facts } = await buildContract(sql, { now: CREATED_AT, quota: 100 });
    const other = await addCatalogue({ sql });
    await sql`UPDATE generators SET product_id = ${facts.product_id} WHERE id = ${other.generator_id}`;
    const day = '2027-03-01';
    const [first, doomed, last] = [
      await amend(facts.id, day, { quota_add: 10 }),
      await amend(facts.id, day, { generator_id: other.generator_id, activation_limit: 9 }),
      await amend(facts.id, day, { quota_add: 20 }),
    ];
    await sql`UPDATE generators SET status = 'inactive' WHERE id = ${other.generator_id}`;
    await Promise.all(Array.from({ length: 5 }, () => settle(facts.id, '2027-04-01T00:00:00.000Z')));

    const decided_at = '2027-03-01T00:00:00.000Z';
    const applied = { status: 'applied', failure: undefined, decided_at };
    expect(await amendmentOf(facts.id, first)).toEqual(applied);
    expect(await amendmentOf(facts.id, last)).toEqual(applied);
    expect(await amendmentOf(facts.id, doomed)).toEqual({
      status: 'failed',
      failure: 'GENERATOR_NOT_AVAILABLE',
      decided_at,
    });
    expect(await findContract(sql, facts.id)).toMatchObject({
      quota_total: 130,
      generator_id: facts.generator_id,
      activation_limit: null,
      amendments: [],
    });
    expect((await auditOf(sql, facts.id)).slice(-3).map(({ action, at }) => [action, at])).toEqual([
      ['quota.granted', decided_at],
      ['quota.granted', decided_at],
      ['amendment.failed', decided_at],
    ]);
    const granted = await sql`SELECT amount FROM quota_grants WHERE contract_id = ${facts.id} ORDER BY id`;
    expect(granted.map((row) => row['amount'] as number).sort()).toEqual([10, 100, 20]);
  });

  test('whose date has passed are applied, and can no longer be withdrawn', async () => {
    const { facts } = await buildContract(sql, { now: CREATED_AT });
    const amendment_id = await amend(facts.id, '2027-03-01', { activation_limit: 9 });
    const withdraw: ContractCommand = { name: 'withdraw-amendment', input: { amendment_id } };
    expect(await refusedWith(command(facts.id, '2027-03-01T00:00:00.000Z', withdraw))).toBe('AMENDMENT_NOT_PENDING');
    expect(await amendmentOf(facts.id, amendment_id)).toMatchObject({ status: 'applied' });
    expect(await findContract(sql, facts.id)).toMatchObject({ activation_limit: 9 });
  });

  test('that are pending are withdrawn once, and with the end of their contract', async () => {
    const { facts } = await buildContract(sql, { now: CREATED_AT });
    const [one, other] = [
      await amend(facts.id, '2027-03-01', { activation_limit: 8 }),
      await amend(facts.id, '2027-03-01', { activation_limit: 9 }),
    ];
    const withdrawn_at = '2027-02-01T00:00:00.000Z';
    const withdraw: ContractCommand = { name: 'withdraw-amendment', input: { amendment_id: one } };
    await command(facts.id, withdrawn_at, withdraw);
    expect(await refusedWith(command(facts.id, withdrawn_at, withdraw))).toBe('AMENDMENT_NOT_PENDING');
    const terminated_at = '2027-02-02T00:00:00.000Z';
    await command(facts.id, terminated_at, { name: 'terminate', input: { reason: 'the customer left' } });
    expect(await amendmentOf(facts.id, one)).toMatchObject({ status: 'cancelled', decided_at: withdrawn_at });
    expect(await amendmentOf(facts.id, other)).toMatchObject({ status: 'cancelled', decided_at: terminated_at });
  });
});

test('a termination cancels every open job, and returns them to signal', async () => {
  const { facts } = await buildContract(sql);
  const jobs = [await requestJob(sql, facts.id, 200), await requestJob(sql, facts.id, 300)].map(({ id }) => id);
  const [done] = [await requestJob(sql, facts.id, 1)];
  const terminate: ContractCommand = { name: 'terminate', input: { reason: 'the customer left' } };
  const terminated = await command(facts.id, new Date().toISOString(), terminate);
  expect(isRefusal(terminated) ? null : terminated.nudge).toEqual({ contract_id: facts.id, job_ids: jobs });
  for (const id of jobs) expect((await jobOf(sql, id)).state).toBe('CANCELLING');
  expect((await jobOf(sql, done.id)).state).toBe('SUCCEEDED');
});

test('each hold is lifted only by its own source, and the others stay open', async () => {
  const { facts } = await buildContract(sql);
  const now = new Date().toISOString();
  const run = async (given: ContractCommand) => {
    const outcome = await command(facts.id, now, given);
    return isRefusal(outcome) ? outcome.code : outcome.stored.state;
  };
  const open = async () =>
    (
      await sql`SELECT source FROM contract_holds WHERE contract_id = ${facts.id} AND lifted_at IS NULL ORDER BY source`
    ).map((row) => row['source'] as string);
  expect(await run({ name: 'pause', input: {} })).toBe('PAUSED');
  expect(await run({ name: 'compliance-hold', input: { note: 'on a list' } })).toBe('SUSPENDED');
  expect(await open()).toEqual(['admin', 'compliance']);
  expect(await run({ name: 'resume', input: {} })).toBe('SUSPENDED');
  expect(await open()).toEqual(['compliance']);
  expect(await run({ name: 'compliance-release', input: {} })).toBe('ACTIVE');
  expect(await open()).toEqual([]);
});

test('a deleted contract leaves its tombstone and refuses everything else', async () => {
  const { facts } = await buildContract(sql, { status: 'inactive' });
  const now = new Date().toISOString();
  await command(facts.id, now, { name: 'delete', input: { confirm_name: facts.name } });
  expect(await refusedWith(command(facts.id, now, { name: 'activate', input: {} }))).toBe('CONTRACT_DELETED');
  expect(await findContract(sql, facts.id)).toMatchObject({
    state: 'DELETED',
    deleted_by: TEST_ACTOR.name,
    may_generate: false,
    next_boundary_at: null,
  });
});

test('an unknown contract is not found', async () => {
  expect(
    await refusedWith(command('00000000-0000-7000-8000-00000000dead', CREATED_AT, { name: 'activate', input: {} })),
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
