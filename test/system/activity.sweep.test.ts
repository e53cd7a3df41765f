/**
 * One sweep: each kind of row has its share, a batch is marked before the next is woken, and rows that cannot be settled come after rows
 * that were not tried yet.
 */
import { buildAssignment } from '../harness/license-operations';
import { buildRecipient } from '../harness/notifications';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createSweepActivities, RULES_ROWS_MAX, SWEEP_BATCH_ROWS, SWEEP_ROWS_MAX } from '../../activities/system/sweep';
import type { Swept } from '../../activities/system/sweep';
import { findContract } from '../../db/contract/contract';
import { findOverdueWork } from '../../db/system/health';
import { listRowsToWake, SWEEP_KINDS } from '../../db/system/sweep';
import type { SweepKind } from '../../db/system/sweep';
import { findStuckRows, recordAttempts, STUCK_FROM_ATTEMPTS } from '../../db/system/sweep-attempt';
import { BATCH_CONTRACTS_MIN } from '../../domain/contract/due-batch';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import { TIME_ZONE_RULES } from '../../transactions/base/time-zone-rules';
import type { ClockNotifier, Nudger } from '../../activities/ports';
import { insertInvoiceEvent } from '../harness/billing';
import { buildContract, copyRow, requestJob } from '../harness/contract-rows';
import { buildSchedule } from '../harness/schedules';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { buildContractOnClock, buildTestClock, acceptAdvance } from '../harness/test-clocks';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NOW = new Date().toISOString();
const EPOCH = 'epoch-1';

let database: TestDatabase;
let sql: TestDatabase['sql'];
/** A contract that was started on this server and has nothing due. */
let quiet_contract: string;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
  quiet_contract = (await buildContract(sql)).facts.id;
});
/** Makes every row of earlier tests no longer due. */
beforeEach(async () => {
  await sql`
    UPDATE contracts SET workflow_epoch = ${EPOCH}, next_boundary_at = NULL, wake_at = NULL, verify_at = NULL
    WHERE workflow_epoch IS DISTINCT FROM ${EPOCH} OR coalesce(next_boundary_at, verify_at) IS NOT NULL`;
  await sql`UPDATE contracts SET time_zone_rules = ${TIME_ZONE_RULES} WHERE time_zone_rules IS DISTINCT FROM ${TIME_ZONE_RULES}`;
  await sql`UPDATE contracts SET auto_replenish = NULL WHERE auto_replenish IS NOT NULL`;
  await sql`UPDATE generation_jobs SET state = 'SUCCEEDED' WHERE state <> 'SUCCEEDED'`;
  await sql`UPDATE license_operations SET state = 'SUCCEEDED' WHERE state <> 'SUCCEEDED'`;
  await sql`UPDATE test_clocks SET status = 'ready', advancing_to = NULL WHERE status = 'advancing'`;
  await sql`DELETE FROM billing_inbox`;
  await sql`DELETE FROM refused_attempts`;
  await sql`DELETE FROM generation_schedules`;
  await sql`DELETE FROM webhook_deliveries`;
  await sql`DELETE FROM notifications`;
  await sql`DELETE FROM sweep_attempts`;
});
afterAll(() => database.drop());

const later = (ms: number): string => new Date(Date.parse(NOW) + ms).toISOString();
/** A real time at which the sweep handles late rows. */
const LONG_AGO = later(-HOUR_MS);

/** A sweep without Temporal. It records each batch, and reaches the ids that `reaches` allows. */
interface RecordedSweep {
  run(now?: string, epoch?: string): Promise<Swept>;
  /** The batches in order. */
  batches: string[][];
  /** The moments for which it starts the batch of boundaries. */
  moments: string[];
  /** How often it starts the batch of billing events. */
  billing_batches: number;
  /** Runs before a batch returns. */
  before: (ids: string[]) => Promise<unknown>;
  reaches: (id: string) => boolean;
}

function createSweep(environment?: MockActivityEnvironment): RecordedSweep {
  const wake = async (ids: string[]): Promise<string[]> => {
    if (ids.length > 0) sweep.batches.push(ids);
    await sweep.before(ids);
    return ids.filter((id) => sweep.reaches(id));
  };
  const nudger: Nudger = {
    wakeContracts: wake,
    wakeJobs: wake,
    wakeOperations: (operations) => wake(operations.map(({ id }) => id)),
    wakePools: wake,
    wakeSchedules: wake,
    wakeLimits: wake,
    wakeEndpoints: wake,
    planNotifications: async () => true,
    wakeNotifications: wake,
    signalBillingEvent: async (id) => [id],
    startBillingBatch: async () => void (sweep.billing_batches += 1),
    settleDue: async (at) => void sweep.moments.push(at),
    wake: async () => undefined,
  };
  const startAdvance: ClockNotifier['startAdvance'] = async (id) => {
    if ((await wake([id])).length === 0) throw new Error('as the test asked');
  };
  const clocks = { startAdvance } as ClockNotifier;
  const { sweepOnce } = createSweepActivities({
    db: sql,
    nudger,
    clocks,
    webhookRetentionDays: 30,
    mailRetentionDays: 90,
  });
  const sweep: RecordedSweep = {
    batches: [],
    moments: [],
    billing_batches: 0,
    before: async () => undefined,
    reaches: () => true,
    run: (now = NOW, epoch = EPOCH) =>
      environment === undefined ? sweepOnce({ epoch, now }) : environment.run(sweepOnce, { epoch, now }),
  };
  return sweep;
}

/** Kinds whose rows the sweep settles itself, or that have one workflow for all rows. */
const OTHER_KINDS = ['time_zone_rules', 'overdue_hold', 'due_report', 'owed_notice', 'due_digest'] as const;
type WakingKind = Exclude<SweepKind, (typeof OTHER_KINDS)[number]>;

/** Inserts `count` rows of one kind that are due. Rows that are inserted later have been due for as long, and come after them. */
type MakeDue = (count: number) => Promise<string[]>;

const DUE: Record<WakingKind, () => Promise<MakeDue>> = {
  boundary: async () => copiesOfContract({ next_boundary_at: LONG_AGO }),
  late_timer: async () => copiesOfContract({ next_boundary_at: later(HOUR_MS / 2), timer_at: later(2 * HOUR_MS) }),
  verification: async () => copiesOfContract({ verify_at: LONG_AGO }),
  async behind_test_clock() {
    const clock = await buildTestClock(sql, '2020-01-01T00:00:00.000Z');
    const id = await buildContractOnClock(sql, clock);
    await sql`UPDATE contracts SET workflow_epoch = ${EPOCH}, next_boundary_at = NULL WHERE id = ${id}`;
    return (count) => copyRow(sql, 'contracts', id, count, { next_boundary_at: '2019-12-31T00:00:00.000Z' });
  },
  async billing_events() {
    await insertInvoiceEvent(sql, quiet_contract, { occurred_at: LONG_AGO });
    return async (count) => {
      const ids = await copiesOfContract({})(count);
      await sql`
        INSERT INTO billing_inbox (source, event_id, type, contract_id, invoice_id, observation, raw, occurred_at,
                                   received_at, reported_at, future_dated, outcome, try_at)
        SELECT source, owing.id, type, owing.id::uuid, invoice_id, observation, raw, occurred_at, received_at, reported_at,
               future_dated, outcome, try_at
        FROM billing_inbox CROSS JOIN unnest(${ids}::text[]) AS owing (id) WHERE contract_id = ${quiet_contract}`;
      return ids;
    };
  },
  contract_workflow: async () => copiesOfContract({ workflow_epoch: null, created_at: LONG_AGO }),
  silent_job: () => copiesOfJob({ state: 'RUNNING', started_at: LONG_AGO }),
  paused_job: () => copiesOfJob({ state: 'PAUSED' }),
  job_workflow: () =>
    // A recent activity, without which they would count as silent jobs too.
    copiesOfJob({ state: 'QUEUED', workflow_epoch: null, created_at: LONG_AGO, started_at: later(HOUR_MS) }),
  silent_operation: () => copiesOfOperation({ state: 'RUNNING', active_at: LONG_AGO }),
  operation_workflow: () => copiesOfOperation({ state: 'QUEUED', workflow_epoch: null, created_at: LONG_AGO }),
  async low_pool() {
    const { facts } = await buildContract(sql, { type: 'pool', auto_replenish: { target: 110 } });
    await sql`UPDATE contracts SET workflow_epoch = ${EPOCH}, state = 'PAUSED' WHERE id = ${facts.id}`;
    return (count) => copyRow(sql, 'contracts', facts.id, count, { state: 'ACTIVE' });
  },
  schedule_run: () => copiesOfSchedule({ next_date: '2020-01-01', next_run_at: LONG_AGO }),
  schedule_workflow: () => copiesOfSchedule({ placed_revision: null }),
  owed_delivery: async () => owedEndpoints({ due_at: LONG_AGO, workflow_epoch: EPOCH }),
  endpoint_workflow: async () => owedEndpoints({ due_at: later(HOUR_MS), workflow_epoch: 'another' }),
  exceeded_limit: async () => async (count) => {
    const ids = await copiesOfContract({})(count);
    await sql`
      INSERT INTO refused_attempts (contract_id, minute, code, attempts, licenses, largest, last_at, is_judged, last_actor_id)
      SELECT id, ${LONG_AGO}, 'QUOTA_EXCEEDED', 1, 1, 1, ${LONG_AGO}, false, 'a' FROM unnest(${ids}::uuid[]) AS id`;
    return ids;
  },
  owed_notification: async () => owedMails({ due_at: LONG_AGO, workflow_epoch: EPOCH }),
  notification_workflow: async () => owedMails({ due_at: later(HOUR_MS), workflow_epoch: 'another' }),
  async test_clock() {
    const id = await buildTestClock(sql, '2020-01-01T00:00:00.000Z');
    await acceptAdvance(sql, id, '2021-01-01T00:00:00.000Z');
    return (count) => copyRow(sql, 'test_clocks', id, count);
  },
};

/** Endpoints that are owed one event each. */
function owedEndpoints({ due_at, workflow_epoch }: { due_at: string; workflow_epoch: string }): MakeDue {
  return async (count) => {
    const rows = await sql<{ id: string }[]>`
      WITH endpoints AS (
        INSERT INTO webhook_endpoints (url, events, payload_version, created_at, updated_at)
        SELECT 'https://receiver.example', '{*}', 1, ${NOW}, ${NOW} FROM generate_series(1, ${count}::int) RETURNING id
      ), queues AS (
        INSERT INTO webhook_queues (endpoint_id, workflow_epoch) SELECT id, ${workflow_epoch} FROM endpoints
      )
      INSERT INTO webhook_deliveries (endpoint_id, event_id, event_type, due_at) SELECT id, id, 'pool.low_water', ${due_at} FROM endpoints
      RETURNING endpoint_id AS id`;
    return rows.map(({ id }) => id);
  };
}

/** Mails to one address. */
async function owedMails(changes: { due_at: string; workflow_epoch: string }): Promise<MakeDue> {
  const recipient_id = await buildRecipient(sql);
  return async (count) => {
    const rows = await sql<{ id: string }[]>`
      INSERT INTO notifications (kind, recipient_id, role, dedupe_key, state, due_at, workflow_epoch, created_at)
      SELECT 'quota_raised', ${recipient_id}, 'customer', gen_random_uuid(), 'owed', ${changes.due_at}, ${changes.workflow_epoch}, ${NOW}
      FROM generate_series(1, ${count}::int) RETURNING id`;
    return rows.map(({ id }) => id);
  };
}

function copiesOfContract(changes: Record<string, string | null>): MakeDue {
  return (count) => copyRow(sql, 'contracts', quiet_contract, count, changes);
}

async function copiesOfJob(changes: Record<string, string | null>): Promise<MakeDue> {
  const { id } = await requestJob(sql, quiet_contract, 100);
  await sql`UPDATE generation_jobs SET state = 'SUCCEEDED', workflow_epoch = ${EPOCH} WHERE id = ${id}`;
  return (count) => copyRow(sql, 'generation_jobs', id, count, changes);
}

async function copiesOfSchedule(changes: Record<string, string | null>): Promise<MakeDue> {
  const { id } = await buildSchedule(sql, quiet_contract, { enabled: false });
  await sql`
    UPDATE generation_schedules SET placed_revision = revision, workflow_epoch = ${EPOCH}, changed_at = ${LONG_AGO}, enabled = true WHERE id = ${id}`;
  return (count) => copyRow(sql, 'generation_schedules', id, count, { ...changes, time_zone_rules: TIME_ZONE_RULES });
}

async function copiesOfOperation(changes: Record<string, string | null>): Promise<MakeDue> {
  const id = await buildAssignment(sql, { ids: ['1'] });
  await sql`
    UPDATE license_operations SET state = 'SUCCEEDED', workflow_epoch = ${EPOCH}, active_at = ${later(HOUR_MS)} WHERE id = ${id}`;
  return (count) => copyRow(sql, 'license_operations', id, count, changes);
}

const KINDS = (Object.keys(SWEEP_KINDS) as SweepKind[]).filter(
  (kind): kind is WakingKind => !(OTHER_KINDS as readonly SweepKind[]).includes(kind),
);

/** All rows of a kind that are due. */
const due = (kind: SweepKind, now = NOW, epoch = EPOCH) =>
  listRowsToWake(sql, kind, { epoch, now, limit: 10_000, time_zone_rules: TIME_ZONE_RULES });

async function attemptsAt(id: string): Promise<{ attempts: number; next_try_at: string }[]> {
  return sql<{ attempts: number; next_try_at: string }[]>`
    SELECT attempts, next_try_at FROM sweep_attempts WHERE subject_id = ${id}`;
}

test.each(KINDS)('%s: a full share of rows that cannot be settled does not delay the next rows', async (kind) => {
  const make = await DUE[kind]();
  const stuck = new Set(await make(SWEEP_ROWS_MAX));
  const [other] = (await make(1)) as [string];
  const sweep = createSweep();
  // Rows that had to be started on this server are settled when they are reached; the others stay due.
  sweep.reaches = (id) => !stuck.has(id);
  await sweep.run().catch(() => undefined);
  expect(sweep.batches.flat()).toHaveLength(SWEEP_ROWS_MAX);
  expect(sweep.batches.flat()).not.toContain(other);

  sweep.batches = [];
  await sweep.run(later(10_000));
  expect(sweep.batches.flat()).toContain(other);
  // They are woken again at their next try.
  sweep.batches = [];
  await sweep.run(later(MINUTE_MS));
  expect(sweep.batches.flat().filter((id) => stuck.has(id)).length).toBeGreaterThan(SWEEP_ROWS_MAX - 3);
});

test('time_zone_rules: a full share of rows that cannot be computed does not delay the next rows', async () => {
  const other = (await buildContract(sql)).facts.id;
  // A contract without a quota cannot be read.
  const stuck = await copiesOfContract({ time_zone_rules: null })(RULES_ROWS_MAX);
  await sql`UPDATE contracts SET time_zone_rules = NULL WHERE id = ${other}`;
  await sql`UPDATE contracts SET next_boundary_at = ${later(HOUR_MS)} WHERE id = ANY(${stuck}::uuid[])`;
  await createSweep().run();
  expect(await attemptsAt(stuck[0] as string)).toMatchObject([{ attempts: 1 }]);
  expect(await due('time_zone_rules')).toEqual([other]);
  await createSweep().run(later(10_000));
  expect(await due('time_zone_rules', later(10_000))).toEqual([]);
  expect((await due('time_zone_rules', later(MINUTE_MS))).sort()).toEqual(stuck.sort());
}, 90_000);

test('overdue_hold: a hold that cannot be ended delays no other, and both are looked at again', async () => {
  const { facts } = await buildContract(sql, { type: 'pool' });
  const [broken, other] = [await insertOverdueHold(facts.id, 'A'), await insertOverdueHold(facts.id, 'B')];
  await sql.unsafe(`
    CREATE FUNCTION refuse_hold() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF OLD.id = '${broken}' THEN RAISE EXCEPTION 'broken'; END IF; RETURN NEW; END $$;
    CREATE TRIGGER refuse_hold BEFORE UPDATE ON pool_holds FOR EACH ROW EXECUTE FUNCTION refuse_hold()`);
  await expect(createSweep().run()).rejects.toThrow('broken');
  expect(await sql`SELECT id, state FROM pool_holds WHERE contract_id = ${facts.id} ORDER BY order_ref`).toEqual([
    { id: broken, state: 'held' },
    { id: other, state: 'expired' },
  ]);
  expect(await attemptsAt(broken)).toMatchObject([{ attempts: 1 }]);
  await sql.unsafe('DROP TRIGGER refuse_hold ON pool_holds; DROP FUNCTION refuse_hold');
  await createSweep().run(later(MINUTE_MS));
  expect(await due('overdue_hold', later(MINUTE_MS))).toEqual([]);
  await createSweep().run(later(2 * MINUTE_MS));
  expect(await attemptsAt(broken)).toEqual([]);
});

async function insertOverdueHold(contract_id: string, order_ref: string): Promise<string> {
  const [row] = await sql<[{ id: string }]>`
    INSERT INTO pool_holds (id, contract_id, environment, order_ref, license_ids, state, held_until, created_at, fingerprint)
    VALUES (gen_random_uuid(), ${contract_id}, 'production', ${order_ref}, '{}', 'held', ${LONG_AGO}, ${LONG_AGO}, 'none') RETURNING id`;
  return row.id;
}

test('each kind has its own share, and batches alternate between the kinds', async () => {
  const boundaries = await (await DUE.boundary())(3 * SWEEP_BATCH_ROWS);
  const jobs = await (await DUE.job_workflow())(SWEEP_ROWS_MAX + 1);
  const sweep = createSweep();
  expect(await sweep.run()).toEqual({ contracts: boundaries.length, jobs: SWEEP_ROWS_MAX, test_clocks: 0 });
  const order = sweep.batches.map(([first]) => (boundaries.includes(first as string) ? 'boundary' : 'job'));
  expect(order.slice(0, 6)).toEqual(['boundary', 'job', 'boundary', 'job', 'boundary', 'job']);
  expect(sweep.batches.every((batch) => batch.length === SWEEP_BATCH_ROWS)).toBe(true);
  expect(await due('job_workflow')).toEqual(jobs.slice(-1));
});

test('a sweep that dies in its third batch has marked what the first two woke', async () => {
  const ids = await (await DUE.contract_workflow())(4 * SWEEP_BATCH_ROWS);
  const dying = createSweep();
  const third = new Promise<void>((resolve) => {
    dying.before = async () => {
      if (dying.batches.length < 3) return;
      resolve();
      // The process ends here: this batch never returns.
      await new Promise(() => undefined);
    };
  });
  void dying.run();
  await third;
  expect(await due('contract_workflow')).toHaveLength(2 * SWEEP_BATCH_ROWS);
  const next = createSweep();
  await next.run();
  expect(next.batches.flat().sort()).toEqual(ids.slice(2 * SWEEP_BATCH_ROWS).sort());
});

test('a row that another transaction has locked is marked by the next sweep and does not delay other rows', async () => {
  const ids = await (await DUE.contract_workflow())(3);
  await sql.begin(async (holder) => {
    await holder`SELECT FROM contracts WHERE id = ${ids[1] as string} FOR UPDATE`;
    await createSweep().run();
    expect(await due('contract_workflow')).toEqual([ids[1]]);
  });
  await createSweep().run();
  expect(await due('contract_workflow')).toEqual([]);
});

test('rows whose marking fails still get a next try', async () => {
  const [id] = (await copiesOfContract({ next_boundary_at: LONG_AGO, workflow_epoch: null })(1)) as [string];
  await sql`CREATE FUNCTION refuse_marking() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$`;
  await sql`CREATE TRIGGER refuse_marking BEFORE UPDATE OF workflow_epoch ON contracts FOR EACH ROW EXECUTE FUNCTION refuse_marking()`;
  try {
    await expect(createSweep().run()).rejects.toThrow('refused');
  } finally {
    await sql`DROP TRIGGER refuse_marking ON contracts`;
  }
  expect((await attemptsAt(id))[0]?.attempts).toBe(1);
});

test('a cancelled sweep ends after the current batch, which is marked', async () => {
  await (
    await DUE.contract_workflow()
  )(4 * SWEEP_BATCH_ROWS);
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const sweep = createSweep(environment);
  sweep.before = async () => environment.cancel();
  await expect(sweep.run()).rejects.toThrow('CANCELLED');
  expect(sweep.batches).toHaveLength(1);
  expect(await due('contract_workflow')).toHaveLength(3 * SWEEP_BATCH_ROWS);
});

test('all attempts at a sweep share one time limit, and the next sweep continues', async () => {
  const ids = await (await DUE.contract_workflow())(1);
  const late = { scheduledTimestampMs: 0, currentAttemptScheduledTimestampMs: 40_000 };
  const sweep = createSweep(new MockActivityEnvironment(late, { logger: new DefaultLogger('ERROR') }));
  expect(await sweep.run()).toEqual({ contracts: 0, jobs: 0, test_clocks: 0 });
  expect(await due('contract_workflow')).toEqual(ids);
});

test('a kind that fails stops no other, and the sweep throws its error', async () => {
  const [contract] = (await (await DUE.boundary())(1)) as [string];
  const [job] = (await (await DUE.silent_job())(1)) as [string];
  const [clock] = (await (await DUE.test_clock())(1)) as [string];
  const sweep = createSweep();
  sweep.before = async ([id]) => {
    if (id === contract) throw new Error('as the test asked');
  };
  await expect(sweep.run()).rejects.toThrow('as the test asked');
  expect(sweep.batches.flat()).toEqual(expect.arrayContaining([contract, job, clock]));
  expect(await attemptsAt(job)).toHaveLength(1);
  expect(await attemptsAt(clock)).toHaveLength(1);
});

test('a contract that is due for two reasons is woken once, and counts an attempt for both', async () => {
  const id = quiet_contract;
  await sql`UPDATE contracts SET next_boundary_at = ${LONG_AGO}, verify_at = ${LONG_AGO} WHERE id = ${id}`;
  const sweep = createSweep();
  expect(await sweep.run()).toMatchObject({ contracts: 1 });
  expect(sweep.batches).toEqual([[id]]);
  expect(await attemptsAt(id)).toHaveLength(2);
});

test('the record of a settled row is removed: when the row is due again, that is its first attempt', async () => {
  const id = quiet_contract;
  const dueAgain = () => sql`UPDATE contracts SET next_boundary_at = ${LONG_AGO} WHERE id = ${id}`;
  const sweep = createSweep();
  await dueAgain();
  await sweep.run();
  await sweep.run(later(MINUTE_MS));
  expect(await attemptsAt(id)).toMatchObject([{ attempts: 2 }]);
  await sql`UPDATE contracts SET next_boundary_at = NULL WHERE id = ${id}`;
  await sweep.run(later(2 * MINUTE_MS));
  expect(await attemptsAt(id)).toEqual([]);
  await dueAgain();
  await sweep.run(later(2 * MINUTE_MS + 1));
  expect(await attemptsAt(id)).toMatchObject([{ attempts: 1 }]);
});

test('the interval between tries doubles, from just under a minute to six hours', async () => {
  const id = quiet_contract;
  const seconds: number[] = [];
  for (let attempt = 1; attempt <= 12; attempt++) {
    await recordAttempts(sql, 'boundary', [id], { epoch: EPOCH, now: NOW });
    const [row] = (await attemptsAt(id)) as [{ attempts: number; next_try_at: string }];
    expect(row.attempts).toBe(attempt);
    seconds.push((Date.parse(row.next_try_at) - Date.parse(NOW)) / 1_000);
  }
  expect(seconds).toEqual([50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 21_600, 21_600, 21_600]);
});

test.each(['boundary', 'verification'] as const)(
  '%s: the sweep leaves a row to its workflow until the row is a minute late',
  async (kind) => {
    const column = kind === 'boundary' ? 'next_boundary_at' : 'verify_at';
    const ids = await copiesOfContract({ [column]: NOW })(1);
    expect(await due(kind, later(MINUTE_MS - 1))).toEqual([]);
    expect(await due(kind, later(MINUTE_MS))).toEqual(ids);
  },
);

test.each(['contract_workflow', 'job_workflow'] as const)(
  '%s: the sweep leaves a row that was not started to its starter for a minute, but not one of another server',
  async (kind) => {
    const made = { state: kind === 'job_workflow' ? 'QUEUED' : 'ACTIVE', created_at: NOW };
    const make = async (workflow_epoch: string | null) => {
      const changes = { ...made, workflow_epoch };
      return (await (kind === 'job_workflow' ? await copiesOfJob(changes) : copiesOfContract(changes))(1))[0];
    };
    const [unstarted, lost] = [await make(null), await make('epoch-0')];
    expect(await due(kind, later(MINUTE_MS - 1))).toEqual([lost]);
    expect((await due(kind, later(MINUTE_MS))).sort()).toEqual([unstarted, lost].sort());
  },
);

test('on another Temporal server every row is tried at once, as its first attempt', async () => {
  const [id] = (await (await DUE.boundary())(1)) as [string];
  for (let attempt = 1; attempt <= 5; attempt++)
    await recordAttempts(sql, 'boundary', [id], { epoch: EPOCH, now: NOW });
  expect(await due('boundary', later(MINUTE_MS))).toEqual([]);
  expect(await due('boundary', later(MINUTE_MS), 'epoch-2')).toEqual([id]);
  await recordAttempts(sql, 'boundary', [id], { epoch: 'epoch-2', now: NOW });
  expect(await attemptsAt(id)).toEqual([{ attempts: 1, next_try_at: later(50_000) }]);
});

test('rows that stay due after five attempts are shown to operators, by kind, with the first few ids', async () => {
  const ids = await (await DUE.boundary())(4);
  for (const [index, id] of ids.entries()) {
    for (let attempt = 1; attempt <= STUCK_FROM_ATTEMPTS; attempt++)
      await recordAttempts(sql, 'boundary', [id], { epoch: EPOCH, now: later(index) });
  }
  const [job] = (await (await DUE.silent_job())(1)) as [string];
  for (let attempt = 1; attempt < STUCK_FROM_ATTEMPTS; attempt++)
    await recordAttempts(sql, 'silent_job', [job], { epoch: EPOCH, now: NOW });
  expect(await findStuckRows(sql)).toEqual([{ kind: 'boundary', rows: 4, ids: ids.slice(0, 3) }]);
});

test('a contract whose reminder is due is woken by no sweep and not overdue; it is when its renewal is due', async () => {
  const { facts } = await buildContract(sql, {
    now: '2026-01-01T00:00:00.000Z',
    start_date: '2026-01-01',
    term: 'P11M',
    renewal: { ...DEFAULT_RENEWAL, mode: 'auto', notice_days: 0 },
  });
  await sql`UPDATE contracts SET workflow_epoch = ${EPOCH} WHERE id = ${facts.id}`;
  const isWokenAt = async (now: string): Promise<boolean> => {
    const sweep = createSweep();
    await sweep.run(now);
    const { overdue_contracts } = await findOverdueWork(sql, now, EPOCH);
    const is_woken = sweep.batches.flat().includes(facts.id);
    expect(overdue_contracts > 0).toBe(is_woken);
    return is_woken;
  };
  // The last of three reminders is due seven days before the end.
  expect(await isWokenAt('2026-11-30T00:00:00.000Z')).toBe(false);
  expect((await findContract(sql, facts.id))?.next_boundary_kind).toBe('reminder');
  expect(await isWokenAt('2026-12-01T00:10:00.000Z')).toBe(true);
});

test.each<[string, number, number, string[]]>([
  ['a batch of boundaries for many contracts that are due', -HOUR_MS, 0, [NOW]],
  [
    'a batch of boundaries for many that will be due before the next sweep has looked',
    MINUTE_MS,
    0,
    [later(MINUTE_MS)],
  ],
  ['no batch for many that are due later', 5 * MINUTE_MS, 0, []],
  ['no batch for few', MINUTE_MS, 1, []],
])('the sweep starts %s', async (_what, ahead_ms, missing, moments) => {
  await copiesOfContract({ next_boundary_at: later(ahead_ms) })(BATCH_CONTRACTS_MIN - missing);
  const sweep = createSweep();
  await sweep.run();
  expect(sweep.moments).toEqual(moments);
});

test('the sweep starts the batch for each of two moments, and for a single contract that has been due for seconds', async () => {
  const [first, second] = [later(20_000), later(40_000)];
  for (const next_boundary_at of [first, second]) await copiesOfContract({ next_boundary_at })(BATCH_CONTRACTS_MIN);
  await copiesOfContract({ next_boundary_at: later(-5_000) })(1);
  const sweep = createSweep();
  await sweep.run(later(-1));
  expect(sweep.moments).toEqual([first, second]);
  sweep.moments = [];
  await sweep.run();
  expect(sweep.moments).toEqual([NOW, first, second]);
});

test('the sweep starts the billing batch when an event has waited in its queue for a minute', async () => {
  await insertInvoiceEvent(sql, quiet_contract, { occurred_at: NOW, version: 1 });
  const sweep = createSweep();
  await sweep.run(later(MINUTE_MS - 1));
  expect(sweep.billing_batches).toBe(0);
  await sweep.run(later(MINUTE_MS));
  expect(sweep.billing_batches).toBe(1);
});
