/**
 * Contracts whose boundaries were computed by other time zone rules (domain.md 1.8.8). A child process has the rules of 2023c; those of
 * this process are newer, as in every version of Node that runs Covenant.
 */
import { uuidv7 } from 'uuidv7';
import { createSweepActivities } from '../../activities/system/sweep';
import { factsOf, findContract } from '../../db/contract/contract';
import { TIME_ZONE_RULES } from '../../transactions/base/time-zone-rules';
import { startOfDay } from '../../domain/base/calendar';
import { stateAt } from '../../domain/contract/contract';
import type { ContractCommand } from '../../domain/contract/command';
import type { Instant, LocalDate } from '../../domain/base/instant';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import type { ClockNotifier, Nudger } from '../../activities/ports';
import { runStep } from '../harness/time-zone-rules-program';
import type { ContractStep, StepResult } from '../harness/time-zone-rules-program';
import type { ContractOptions } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';
import { OLDER_RULES, startRulesProcess, olderRulesEnvironment } from '../harness/time-zone-rules-process';
import type { RulesProcess } from '../harness/time-zone-rules-process';
import { buildTestClock } from '../harness/test-clocks';

/** Days in Almaty begin at 18:00 UTC by the older rules and at 19:00 by those of this process. */
const LATER_ZONE = 'Asia/Almaty';
/** Winter days in Asunción begin at 04:00 UTC by the older rules and at 03:00 by those of this process. */
const EARLIER_ZONE = 'America/Asuncion';

const NOW = '2027-01-10T12:00:00.000Z';

let database: TestDatabase;
let sql: TestDatabase['sql'];
let older: RulesProcess;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
  older = await startRulesProcess(database.url, { env: olderRulesEnvironment() });
});
/** Marks all contracts of earlier tests as computed by the rules of this process. */
beforeEach(() => sweep());
afterEach(() => expectInvariants(sql));
afterAll(async () => {
  await older.stop();
  await database.drop();
});

async function buildUnderOlderRules(options: ContractOptions): Promise<StepResult> {
  const [built] = await older.act({ name: 'build', options: { now: NOW, ...options } });
  return built as StepResult;
}

/** Runs one sweep with the rules of this process; returns the contracts that it woke. */
async function sweep(now: Instant = NOW): Promise<string[]> {
  const woken: string[] = [];
  const nudger: Nudger = {
    wakeContracts: async (ids) => (woken.push(...ids), ids),
    wakeJobs: async (ids) => ids,
    wakeOperations: async () => [],
    wakePools: async (ids) => ids,
    wakeSchedules: async (ids) => ids,
    wakeLimits: async (ids) => ids,
    wakeEndpoints: async (ids) => ids,
    planNotifications: async () => true,
    wakeNotifications: async (ids) => ids,
    signalBillingEvent: async (id) => [id],
    startBillingBatch: async () => undefined,
    settleDue: async () => undefined,
    wake: async () => undefined,
  };
  const clocks = { startAdvance: async () => undefined } as unknown as ClockNotifier;
  // All were started on this server already, so only contracts whose boundary moved are woken.
  await sql`UPDATE contracts SET workflow_epoch = 'epoch-1' WHERE workflow_epoch IS DISTINCT FROM 'epoch-1'`;
  await createSweepActivities({ db: sql, nudger, clocks, webhookRetentionDays: 30, mailRetentionDays: 90 }).sweepOnce({
    epoch: 'epoch-1',
    now,
  });
  return woken;
}

async function contractOf(id: string) {
  const row = await findContract(sql, id);
  const [quota] = await sql<
    { open_until: Instant | null }[]
  >`SELECT open_until FROM contract_quotas WHERE contract_id = ${id}`;
  if (!row || !quota) throw new Error(`there is no contract ${id}`);
  return { ...row, open_until: quota.open_until };
}

function amendOn(effective_date: LocalDate): ContractCommand {
  const input = { amendment_id: uuidv7(), effective_date, changes: { quota_add: 5 }, note: null };
  return { name: 'amend', input };
}

/** The audit of a contract after its creation: actions with their instants. */
async function auditOf(id: string): Promise<string[]> {
  const rows = await sql<{ action: string; at: Instant }[]>`
    SELECT action, at FROM audit_events WHERE contract_id = ${id} AND action <> 'contract.created' ORDER BY id`;
  return rows.map(({ action, at }) => `${action} ${at}`);
}

test('the child process has other rules than this one', () => {
  expect(older.rules).toBe(OLDER_RULES);
  expect(TIME_ZONE_RULES > OLDER_RULES).toBe(true);
  expect(startOfDay('2027-02-01', LATER_ZONE)).toBe('2027-01-31T19:00:00.000Z');
  expect(startOfDay('2027-07-01', EARLIER_ZONE)).toBe('2027-07-01T03:00:00.000Z');
});

describe('a boundary that the newer rules move', () => {
  const ENDS_IN_WINTER = { start_date: '2026-07-01', end_date: '2027-07-01' };
  const NO_REMINDERS = { renewal: { ...DEFAULT_RENEWAL, mode: 'none' } } as const;

  test.each([
    [
      'later',
      { timezone: LATER_ZONE, end_date: '2027-02-01', ...NO_REMINDERS },
      '2027-01-31T18:00:00.000Z',
      '2027-01-31T19:00:00.000Z',
    ],
    [
      'earlier',
      { timezone: EARLIER_ZONE, ...ENDS_IN_WINTER, ...NO_REMINDERS },
      '2027-07-01T04:00:00.000Z',
      '2027-07-01T03:00:00.000Z',
    ],
  ])(
    '%s is stored again by one sweep, with one audit row, and is applied at its new instant',
    async (_where, options, was, is) => {
      const { id, next_boundary_at } = await buildUnderOlderRules(options);
      expect(next_boundary_at).toBe(was);

      expect(await sweep()).toEqual([id]);
      expect(await contractOf(id)).toMatchObject({
        next_boundary_at: is,
        next_boundary_kind: 'expires',
        time_zone_rules: TIME_ZONE_RULES,
      });
      expect(await auditOf(id)).toEqual([`contract.boundary_moved ${NOW}`]);
      const [row] =
        await sql`SELECT after -> 'next_boundary' AS moved, reason FROM audit_events WHERE contract_id = ${id} ORDER BY id DESC LIMIT 1`;
      expect(row).toEqual({
        moved: { was: { at: was, kind: 'expires' }, is: { at: is, kind: 'expires' } },
        reason: `time zone rules ${TIME_ZONE_RULES}`,
      });

      expect(await sweep()).toEqual([]);
      expect(await auditOf(id)).toHaveLength(1);
      const before = new Date(Date.parse(is) - 1).toISOString();
      expect(await runStep(sql, { name: 'settle', id, now: before })).toMatchObject({ state: 'ACTIVE' });
      expect(await runStep(sql, { name: 'settle', id, now: is })).toMatchObject({ state: 'EXPIRED' });
      expect(await auditOf(id)).toEqual([expect.anything(), `contract.expired ${is}`]);
    },
  );

  test('can be a reminder, an amendment, a dunning step or a renewal: each moves to the instant of the newer rules', async () => {
    const auto = { ...DEFAULT_RENEWAL, mode: 'auto', term: 'P1M', notice_days: 0 } as const;
    const reminded = { timezone: LATER_ZONE, end_date: '2027-04-20', renewal: DEFAULT_RENEWAL };
    const renewed = { timezone: LATER_ZONE, start_date: '2027-01-05', term: 'P1M', renewal: auto };
    const owing = { timezone: LATER_ZONE };
    const amended = { timezone: LATER_ZONE };
    const built = await older.act(
      ...[reminded, renewed, owing, amended].map((options): ContractStep => ({
        name: 'build',
        options: { now: NOW, ...options },
      })),
    );
    const [reminder, renewal, dunning_step, amendment] = built.map(({ id }) => id) as [string, string, string, string];
    await sql`
      INSERT INTO invoice_facts (contract_id, source, invoice_id, status, due_date, occurred_at, rank)
      VALUES (${dunning_step}, 'standard', 'in_1', 'OPEN', '2027-01-20', ${NOW}, 1)`;
    await older.act(
      { name: 'settle', id: dunning_step, now: NOW },
      { name: 'command', id: amendment, now: NOW, command: amendOn('2027-02-10') },
    );
    const boundaries = async () =>
      Promise.all(
        [reminder, renewal, dunning_step, amendment].map(async (id) => {
          const { next_boundary_kind, next_boundary_at } = await contractOf(id);
          return `${next_boundary_kind} ${next_boundary_at}`;
        }),
      );
    expect(await boundaries()).toEqual([
      'reminder 2027-01-19T18:00:00.000Z',
      expect.stringMatching(/^reminder 2027-01-\d\dT18:00:00.000Z$/),
      'past_due 2027-01-20T18:00:00.000Z',
      'quota_granted 2027-02-09T18:00:00.000Z',
    ]);
    expect((await sweep()).sort()).toEqual([reminder, renewal, dunning_step, amendment].sort());
    expect(await boundaries()).toEqual([
      'reminder 2027-01-19T19:00:00.000Z',
      expect.stringMatching(/^reminder 2027-01-\d\dT19:00:00.000Z$/),
      'past_due 2027-01-20T19:00:00.000Z',
      'quota_granted 2027-02-09T19:00:00.000Z',
    ]);
  });

  test('moves for a contract on a test clock too', async () => {
    const test_clock_id = await buildTestClock(sql, NOW);
    const { id } = await buildUnderOlderRules({
      timezone: LATER_ZONE,
      start_date: '2027-02-01',
      test_clock_id,
      catalogue: { environment: 'staging' },
    });
    await sweep('2026-12-01T00:00:00.000Z');
    expect(await contractOf(id)).toMatchObject({ next_boundary_at: '2027-01-31T19:00:00.000Z' });
    expect(await auditOf(id)).toEqual([`contract.boundary_moved ${NOW}`]);
  });

  test('is stored again by any transaction that settles the contract before the sweep', async () => {
    const { id } = await buildUnderOlderRules({ timezone: LATER_ZONE, start_date: '2027-02-01' });
    const command = { name: 'edit', input: { metadata: { seen: true } } } as const;
    await runStep(sql, { name: 'command', id, now: NOW, command });
    expect(await contractOf(id)).toMatchObject({ next_boundary_at: '2027-01-31T19:00:00.000Z' });
    expect((await auditOf(id)).map((line) => line.split(' ')[0])).toEqual([
      'contract.boundary_moved',
      'contract.updated',
    ]);
    expect(await sweep()).toEqual([]);
  });
});

test('contracts whose boundary does not move are marked without an audit row, including those of versions that recorded no rules', async () => {
  const elsewhere = { start_date: '2027-02-01', timezone: 'Europe/Berlin' };
  const [still, evergreen] = (await older.act(
    { name: 'build', options: { now: NOW, ...elsewhere } },
    { name: 'build', options: { now: NOW, timezone: LATER_ZONE } },
  )) as [StepResult, StepResult];
  await sql`UPDATE contracts SET time_zone_rules = NULL, settled_on = NULL WHERE id = ${still.id}`;
  const updated_at = async () =>
    sql`SELECT updated_at, revision FROM contracts WHERE id = ANY(${[still.id, evergreen.id]}::uuid[])`;
  const before = await updated_at();
  expect(await sweep()).toEqual([]);
  for (const { id } of [still, evergreen]) {
    expect(await contractOf(id)).toMatchObject({ time_zone_rules: TIME_ZONE_RULES });
    expect(await auditOf(id)).toEqual([]);
  }
  expect(await updated_at()).toEqual(before);
});

describe('a process with older rules next to one with newer rules', () => {
  const moved = async () => {
    const { id } = await runStep(sql, {
      name: 'build',
      options: { now: NOW, timezone: LATER_ZONE, start_date: '2027-02-01' },
    });
    return id;
  };

  test('does not move back the boundary of a contract when it changes something else', async () => {
    const id = await moved();
    const command = { name: 'edit', input: { metadata: { seen: true } } } as const;
    const [settled, edited] = await older.act(
      { name: 'settle', id, now: NOW },
      { name: 'command', id, now: NOW, command },
    );
    for (const acted of [settled, edited])
      expect(acted).toMatchObject({ next_boundary_at: '2027-01-31T19:00:00.000Z', time_zone_rules: TIME_ZONE_RULES });
    expect(await sweep()).toEqual([]);
    expect(await auditOf(id)).toEqual([`contract.updated ${NOW}`]);
  });

  test('records its rules with a boundary that it moves, and the newer rules then compute it again', async () => {
    const id = await moved();
    const [amended] = await older.act({ name: 'command', id, now: NOW, command: amendOn('2027-01-20') });
    expect(amended).toMatchObject({ next_boundary_at: '2027-01-19T18:00:00.000Z', time_zone_rules: OLDER_RULES });
    expect(await sweep()).toEqual([id]);
    expect(await contractOf(id)).toMatchObject({ next_boundary_at: '2027-01-19T19:00:00.000Z' });
  });

  test('applies a boundary that the newer rules have made due, and does not wait forever', async () => {
    const winter = { now: NOW, timezone: EARLIER_ZONE, start_date: '2027-07-01' };
    const { id } = await runStep(sql, { name: 'build', options: winter });
    const [early, late] = await older.act(
      { name: 'settle', id, now: '2027-07-01T03:30:00.000Z' },
      { name: 'settle', id, now: '2027-07-01T04:00:00.000Z' },
    );
    expect(early).toMatchObject({ state: 'SCHEDULED', next_boundary_at: '2027-07-01T04:00:00.000Z' });
    expect(late).toMatchObject({ state: 'ACTIVE' });
  });
});

describe('the history does not change', () => {
  test('a boundary that was applied by older rules is not applied again at the instant of the newer rules', async () => {
    const options = {
      timezone: LATER_ZONE,
      end_date: '2027-02-01',
      renewal: { ...DEFAULT_RENEWAL, mode: 'none' },
    } as const;
    const { id } = await buildUnderOlderRules(options);
    const applied_at = '2027-01-31T18:00:00.000Z';
    const [expired] = await older.act({ name: 'settle', id, now: '2027-01-31T18:20:00.000Z' });
    expect(expired).toMatchObject({ state: 'EXPIRED' });

    const shown = factsOf(await contractOf(id));
    expect(stateAt(shown, shown.settled_until)).toBe('EXPIRED');
    for (const now of ['2027-01-31T18:40:00.000Z', '2027-01-31T19:00:00.000Z', '2027-01-31T19:30:00.000Z'])
      expect(await runStep(sql, { name: 'settle', id, now })).toMatchObject({
        state: 'EXPIRED',
        next_boundary_at: null,
      });
    expect(await auditOf(id)).toEqual([`contract.expired ${applied_at}`]);
  });

  test('a pause that ends between the old and the new start of a day ends on time', async () => {
    const { id } = await buildUnderOlderRules({ timezone: LATER_ZONE, start_date: '2027-02-01' });
    const pause = { name: 'pause', input: { resume_at: '2027-01-31T18:45:00.000Z' } } as const;
    await older.act({ name: 'command', id, now: '2027-01-31T18:10:00.000Z', command: pause });
    // The contract has reached that day, which now begins at 19:00, and with it the end of the pause.
    for (const now of ['2027-01-31T18:50:00.000Z', '2027-01-31T19:30:00.000Z'])
      expect(await runStep(sql, { name: 'settle', id, now })).toMatchObject({ state: 'ACTIVE' });
    expect(await auditOf(id)).toEqual([
      'contract.term_started 2027-01-31T18:00:00.000Z',
      'contract.paused 2027-01-31T18:10:00.000Z',
      'contract.boundary_moved 2027-01-31T19:00:00.000Z',
      'contract.resumed 2027-01-31T19:00:00.000Z',
    ]);
  });

  test('a boundary that the newer rules move before the last settling is applied, at its own instant', async () => {
    const renewal = { ...DEFAULT_RENEWAL, mode: 'auto', notice_days: 0 } as const;
    const options = {
      now: '2027-06-01T12:00:00.000Z',
      timezone: EARLIER_ZONE,
      start_date: '2027-06-01',
      term: 'P1M',
      renewal,
    };
    const { id } = await buildUnderOlderRules(options);
    const command = { name: 'edit', input: { metadata: { seen: true } } } as const;
    // With the older rules the term ends at 04:00.
    await older.act({ name: 'command', id, now: '2027-07-01T03:30:00.000Z', command });
    expect(await contractOf(id)).toMatchObject({ term_number: 1, settled_until: '2027-07-01T03:30:00.000Z' });

    expect(await sweep('2027-07-01T03:31:00.000Z')).toContain(id);
    expect(await contractOf(id)).toMatchObject({ term_number: 2, end_date: '2027-08-01', state: 'ACTIVE' });
    expect(await auditOf(id)).toContain('contract.renewed 2027-07-01T03:00:00.000Z');
    await runStep(sql, { name: 'settle', id, now: '2027-07-01T04:30:00.000Z' });
    expect((await auditOf(id)).filter((line) => line.startsWith('contract.renewed'))).toHaveLength(1);
  });
});
