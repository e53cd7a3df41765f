/** `assignLicenses` and `changeLicenses`: an operation decides about each license of its job exactly once, whatever happens to its activities. */
import { LICENSE_CHANGES } from '../../domain/license/license-change';
import { NO_LICENSES, OPERATION_BATCH_LICENSES } from '../../domain/license/license-operation';
import type { OperationCounts } from '../../domain/license/license-operation';
import type { LicenseTask } from '../../domain/license/license-task';
import { followedOperations, presentAssignment, presentOperation } from '../../api/license/license-operation-presenter';
import { createProgressFeed } from '../../api/http/progress-feed';
import { ANONYMOUS } from '../../domain/access/caller';
import { findOperation } from '../../db/license/license-operation';
import type { LicenseOperationRow } from '../../db/license/license-operation';
import { listOutcomes } from '../../db/license/license-outcome';
import type { Sql } from '../../db/base/database';
import { runBatch } from '../../transactions/license/operation-batch';
import type { LicenseSelection } from '../../transactions/license/operate-on-licenses';
import { createJob, requestOperation } from '../../transactions/license/request-operation';
import { assignLicenses as assign } from '../../transactions/license/assign-licenses';
import { cancelOperation, openOperation, resumeOperation } from '../../transactions/license/change-operation';
import { countOperation } from '../../transactions/license/count-operation';
import { operationWorkflowId } from '../../temporal/ids';
import type { changeLicenses } from '../../workflows/license-operation';
import { buildAssignment, buildLicenses, buildOperation } from '../harness/license-operations';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { TEST_ACTOR } from '../harness/contract-facts';
import { requestJob } from '../harness/contract-rows';
import { startCovenantWorker, withOverrides } from '../harness/covenant-worker';
import type { ActivityOverrides, CovenantWorker } from '../harness/covenant-worker';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { gate } from '../harness/gate';
import { gatedDatabase } from '../harness/gated-database';
import { expectInvariants } from '../harness/invariants';
import { connectPreparedTemporal } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';

const LICENSES = 2 * OPERATION_BATCH_LICENSES + 10;

let temporal: TestTemporal;
let database: TestDatabase;
let sql: TestDatabase['sql'];
let worker: CovenantWorker;
let overrides: ActivityOverrides = () => ({});

beforeAll(async () => {
  temporal = await connectPreparedTemporal();
  database = await createTestDatabase();
  sql = database.sql;
  const { client, nativeConnection } = temporal;
  worker = await startCovenantWorker({ db: sql, client, nativeConnection, wrap: withOverrides(() => overrides) });
});
afterEach(async () => {
  overrides = () => ({});
  await expectInvariants(sql);
});
afterAll(async () => {
  await worker.stop();
  await temporal.close();
  await database.drop();
});

const act = () => ({ actor: TEST_ACTOR, now: new Date().toISOString(), request_id: null });
const jobOf = (id: string) => findOperation(sql, id);

async function run(id: string) {
  const operation = { id, kind: (await jobOf(id))!.kind };
  await worker.nudger.wakeOperations([operation]);
  return temporal.client.workflow.getHandle<typeof changeLicenses>(operationWorkflowId(operation)).result();
}

/** How many licenses of a contract each customer has, and the counts in its events. */
async function assignedOf(contract_id: string) {
  const customers = await sql<{ customer_id: string; count: number }[]>`
    SELECT f.customer_id, count(*)::int FROM license_facts f JOIN generation_jobs j ON j.serial = f.license_id >> 24
    WHERE j.contract_id = ${contract_id} AND f.customer_id IS NOT NULL GROUP BY 1`;
  const events = await sql<{ count: number }[]>`
    SELECT (data ->> 'count')::int AS count FROM domain_events
    WHERE contract_id = ${contract_id} AND type = 'license.assigned' ORDER BY sequence`;
  return {
    customers: Object.fromEntries(customers.map(({ customer_id, count }) => [customer_id, count])),
    events: events.map(({ count }) => count),
  };
}

const actionsOf = async (subject_id: string) =>
  (await sql<{ action: string }[]>`SELECT action FROM audit_events WHERE subject_id = ${subject_id} ORDER BY id`).map(
    ({ action }) => action,
  );

test('a job assigns all its licenses, with one event and one audit row for each change of its state', async () => {
  const { contract_id, license_ids } = await buildLicenses(sql, LICENSES);
  const id = await buildAssignment(sql, { ids: license_ids });
  expect(await run(id)).toMatchObject({ state: 'SUCCEEDED', done: LICENSES });
  const customer_id = (await jobOf(id))!.customer_id as string;
  expect(await assignedOf(contract_id)).toEqual({ customers: { [customer_id]: LICENSES }, events: [LICENSES] });
  expect(await actionsOf(customer_id)).toEqual(['license_operation.requested', 'license_operation.started', 'license_operation.finished']);
});

test('a job is followed from its first state to its end, with the names of its resource', async () => {
  const { license_ids } = await buildLicenses(sql, LICENSES);
  const id = await buildAssignment(sql, { ids: license_ids });
  const feed = createProgressFeed({
    ...followedOperations(sql, presentAssignment),
    listen: (channel, onNotify, onListen) => sql.listen(channel, onNotify, onListen),
    clock: () => Promise.resolve(act().now),
    heartbeat_ms: 60_000,
  });
  const events: { type: string; job: any }[] = [];
  const following = feed.follow(id, new AbortController().signal, ANONYMOUS);
  for await (const text of following) {
    const [, type = '', data = ''] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(text) ?? [];
    events.push({ type, job: JSON.parse(data) });
    if (events.length === 1) await worker.nudger.wakeOperations([{ id, kind: 'assign' }]);
  }
  expect(events[0]).toMatchObject({ type: 'progress', job: { id, state: 'QUEUED', percent: 0 } });
  expect(events.at(-1)).toMatchObject({
    type: 'end',
    job: { state: 'SUCCEEDED', percent: 100, decided: LICENSES, counts: { assigned: LICENSES } },
  });
  const decided = events.map(({ job }) => job.decided as number);
  expect(decided).toEqual([...decided].sort((a, b) => a - b));
});

test('each activity may run twice, and the batches also twice at the same time', async () => {
  overrides = (real) => ({
    openAssignment: async (input) => (await real.openAssignment(input), real.openAssignment(input)),
    assignBatches: async (input) => (await Promise.all([real.assignBatches(input), real.assignBatches(input)]))[1],
    closeAssignment: async (input) => (await real.closeAssignment(input), real.closeAssignment(input)),
  });
  const { contract_id, license_ids } = await buildLicenses(sql, LICENSES);
  const id = await buildAssignment(sql, { ids: license_ids });
  await run(id);
  const job = (await jobOf(id))!;
  expect(job).toMatchObject({ state: 'SUCCEEDED', done: LICENSES, unchanged: 0 });
  expect(await assignedOf(contract_id)).toEqual({ customers: { [String(job.customer_id)]: LICENSES }, events: [LICENSES] });
});

test('a job whose activity dies after a batch goes on after that batch', async () => {
  let died = false;
  overrides = (real) => ({
    async assignBatches(input) {
      if (died) return real.assignBatches(input);
      died = true;
      await sql.begin((tx) => runBatch(tx, input.job_id, input.now));
      throw new Error('the process dies here');
    },
  });
  const { contract_id, license_ids } = await buildLicenses(sql, LICENSES);
  const id = await buildAssignment(sql, { ids: license_ids });
  await run(id);
  expect(died).toBe(true);
  const job = (await jobOf(id))!;
  expect(job).toMatchObject({ state: 'SUCCEEDED', done: LICENSES, unchanged: 0 });
  expect((await assignedOf(contract_id)).events).toEqual([LICENSES]);
});

test('a job that is cancelled between two batches keeps what is assigned, and resumes with the rest', async () => {
  const { contract_id, license_ids } = await buildLicenses(sql, LICENSES);
  const id = await buildAssignment(sql, { ids: license_ids });
  overrides = (real) => ({
    async assignBatches(input) {
      await sql.begin((tx) => runBatch(tx, input.job_id, input.now));
      await sql.begin((tx) => cancelOperation(tx, id, act()));
      return real.assignBatches(input);
    },
  });
  expect(await run(id)).toMatchObject({ state: 'CANCELLED', done: OPERATION_BATCH_LICENSES });
  overrides = () => ({});
  await sql.begin((tx) => resumeOperation(tx, id, act()));
  expect(await run(id)).toMatchObject({ state: 'SUCCEEDED', done: LICENSES });
  const { events } = await assignedOf(contract_id);
  expect(events).toEqual([OPERATION_BATCH_LICENSES, LICENSES - OPERATION_BATCH_LICENSES]);
});

test('each license that a job could not change is stored once, whatever dies meanwhile', async () => {
  const { license_ids } = await buildLicenses(sql, LICENSES);
  const revoked = license_ids.filter((_, n) => n % 2 === 1);
  await sql`INSERT INTO license_facts (license_id, revoked_at) SELECT unnest(${revoked}::bigint[]), now()`;
  const id = await buildOperation(sql, { kind: 'suspend', reason: null }, { ids: license_ids });
  let died = false;
  overrides = (real) => ({
    async runBatches(input) {
      if (died) return (await Promise.all([real.runBatches(input), real.runBatches(input)]))[1];
      died = true;
      const lost = sql.begin(async (tx) => {
        await runBatch(tx, input.job_id, input.now);
        throw new Error('the transaction is lost');
      });
      await expect(lost).rejects.toThrow('lost');
      await sql.begin((tx) => runBatch(tx, input.job_id, input.now));
      throw new Error('the process dies here');
    },
  });
  expect(await run(id)).toMatchObject({ state: 'PARTIAL', done: LICENSES - revoked.length });
  const stored = await listOutcomes(sql, id, { after: null, limit: LICENSES });
  const decision = { outcome: 'not_available', reason: 'revoked', other_customer_id: null };
  expect(stored).toEqual(revoked.map((license_id) => ({ id: license_id, unknown_id: null, ...decision })));
  const job = (await jobOf(id))!;
  expect(job.not_done).toEqual(revoked.slice(0, 100).map((license_id) => ({ license_id: `lic_${license_id}`, ...decision })));
  expect(job.outcomes_until).not.toBeNull();
});

test('a job shows the first licenses that it could not assign', async () => {
  const { license_ids } = await buildLicenses(sql, 3);
  const taken = await buildAssignment(sql, { ids: license_ids.slice(0, 1) });
  await run(taken);
  await sql`INSERT INTO license_facts (license_id, revoked_at) VALUES (${license_ids[1] as string}, now())`;
  const id = await buildAssignment(sql, { ids: license_ids });
  expect(await run(id)).toMatchObject({ state: 'PARTIAL', done: 1 });
  const job = (await jobOf(id))!;
  expect(job).toMatchObject({ done: 1, conflict: 1, not_available: 1 });
  expect(await sql`SELECT data FROM domain_events WHERE type = 'job.failed' AND data ->> 'job_id' = ${id}`).toMatchObject([
    { data: { contract_id: null, requested: 3, done: 1, failed: 2 } },
  ]);
  expect(job.not_done.map(({ license_id, reason, outcome }) => [license_id, reason ?? outcome])).toEqual([
    [`lic_${license_ids[0]}`, 'conflict'],
    [`lic_${license_ids[1]}`, 'revoked'],
  ]);
});

test('each license that a filter selected has an outcome, also one that no longer matches when the job reaches it', async () => {
  const { contract_id, license_ids } = await buildLicenses(sql, LICENSES, LICENSES + 1);
  const task = { kind: 'suspend', reason: null } as const;
  const selection = { filter: { contract_id, status: 'available' }, limit: null } as const;
  const { id } = (await sql.begin((tx) => createJob(tx, task, selection, act()))) as LicenseOperationRow;
  const revoked = [license_ids[OPERATION_BATCH_LICENSES] as string, license_ids.at(-1) as string];
  overrides = (real) => ({
    async runBatches(input) {
      await sql.begin((tx) => runBatch(tx, input.job_id, input.now));
      await sql`INSERT INTO license_facts (license_id, revoked_at) SELECT unnest(${revoked}::bigint[]), now()`;
      await sql.begin((tx) => cancelOperation(tx, id, act()));
      return real.runBatches(input);
    },
  });
  await run(id);
  expect(presentOperation((await jobOf(id))!)).toMatchObject({
    ...{ state: 'CANCELLED', requested: LICENSES, decided: OPERATION_BATCH_LICENSES },
    undecided: LICENSES - OPERATION_BATCH_LICENSES,
  });
  overrides = () => ({});
  await requestJob(sql, contract_id, 1);
  await sql.begin((tx) => resumeOperation(tx, id, act()));
  await run(id);
  const outcome = { outcome: 'not_available', reason: 'changed_meanwhile', other_customer_id: null };
  expect(presentOperation((await jobOf(id))!)).toMatchObject({
    ...{ state: 'PARTIAL', requested: LICENSES, decided: LICENSES, undecided: 0 },
    counts: { done: LICENSES - revoked.length, unchanged: 0, conflict: 0, not_available: revoked.length },
    not_done: revoked.map((license_id) => ({ license_id: `lic_${license_id}`, ...outcome })),
  });
  expect(await sql.begin((tx) => resumeOperation(tx, id, act()))).toMatchObject({
    ...{ code: 'OPERATION_NOT_RESUMABLE', metadata: { undecided: 0 } },
  });
  expect((await sql`SELECT FROM license_operation_selected WHERE operation_id = ${id}`).count).toBe(0);
});

test('a job for exactly so many licenses does not count those that it passes over', async () => {
  const { contract_id, license_ids } = await buildLicenses(sql, 12);
  const [customer] = await sql<[{ id: string }]>`
    INSERT INTO customers (email, name, created_at, updated_at) VALUES ('passed@covenant.test', 'Ada', now(), now()) RETURNING id`;
  const mine = license_ids.slice(0, 2);
  await sql`
    INSERT INTO license_facts (license_id, customer_id, assigned_at) SELECT unnest(${mine}::bigint[]), ${customer.id}, now()`;
  const task = { kind: 'assign', customer_id: customer.id, reassign: true } as const;
  for (const [limit, expected] of [
    [6, { state: 'SUCCEEDED', decided: 6, undecided: 0 }],
    [5, { state: 'PARTIAL', decided: 4, undecided: 1 }],
  ] as const) {
    const id = await buildOperation(sql, task, { filter: { contract_id }, limit });
    await run(id);
    const job = presentOperation((await jobOf(id))!);
    expect(job).toMatchObject({ ...expected, counts: { done: expected.decided, unchanged: 0 } });
  }
  expect(await sql`SELECT environment, data FROM domain_events WHERE type = 'job.failed' AND contract_id = ${contract_id}`).toMatchObject([
    { environment: 'production', data: { kind: 'license_operation', state: 'PARTIAL', requested: 5, done: 4, failed: 1 } },
  ]);
});

test('two jobs with one filter assign each license to one customer, and each gets its number', async () => {
  const { contract_id } = await buildLicenses(sql, LICENSES);
  const limits = [OPERATION_BATCH_LICENSES + 5, OPERATION_BATCH_LICENSES + 5] as const;
  const ids = await Promise.all(limits.map((limit) => buildAssignment(sql, { filter: { contract_id }, limit })));
  for (const job_id of ids) await sql.begin((tx) => openOperation(tx, { job_id, now: act().now, epoch: undefined }));
  // The first batch holds its locks while that of the other job selects the same licenses.
  const { db, gate } = gatedDatabase(sql, { at: 'commit' });
  const first = db.begin((tx) => runBatch(tx, ids[0] as string, act().now));
  await gate.reached;
  const second = sql.begin((tx) => runBatch(tx, ids[1] as string, act().now));
  await waitUntilBlocked(sql);
  gate.open();
  await Promise.all([first, second]);
  const results = await Promise.all(ids.map(run));
  expect(results.map(({ state, done }) => [state, done])).toEqual(limits.map((limit) => ['SUCCEEDED', limit]));
  const { customers, events } = await assignedOf(contract_id);
  expect([Object.values(customers), events]).toEqual([limits, limits]);
});

test('a job and a request with one filter never assign a license twice', async () => {
  const { contract_id } = await buildLicenses(sql, 20);
  const id = await buildAssignment(sql, { filter: { contract_id }, limit: 12 });
  const request = {
    selection: { filter: { contract_id }, limit: 8 },
    customer: { email: 'bob@covenant.test', name: null },
    reassign: false,
  };
  const [, inline] = await Promise.all([run(id), sql.begin((tx) => assign(tx, request, act()))]);
  expect(inline).toMatchObject({ result: { counts: { done: 8 } } });
  expect(Object.values((await assignedOf(contract_id)).customers).sort()).toEqual([12, 8]);
});

/** How many licenses of a contract are revoked, and the counts in its events. */
async function revokedOf(contract_id: string) {
  const [row] = await sql<[{ count: number }]>`
    SELECT count(*)::int FROM license_facts f JOIN generation_jobs j ON j.serial = f.license_id >> 24
    WHERE j.contract_id = ${contract_id} AND f.revoked_at IS NOT NULL`;
  const events = await sql<{ count: number }[]>`
    SELECT (data ->> 'count')::int AS count FROM domain_events
    WHERE contract_id = ${contract_id} AND type = 'license.revoked' ORDER BY sequence`;
  return { revoked: row.count, events: events.map(({ count }) => count) };
}

const REVOKE = { kind: 'revoke', reason: 'The order was refunded' } as const;

test('two jobs that revoke by one filter at once change each license once, and each event counts its own', async () => {
  const { contract_id } = await buildLicenses(sql, LICENSES);
  const selection = { filter: { contract_id }, limit: LICENSES };
  const ids = [await buildOperation(sql, REVOKE, selection), await buildOperation(sql, REVOKE, selection)] as const;
  for (const job_id of ids) await sql.begin((tx) => openOperation(tx, { job_id, now: act().now, epoch: undefined }));
  // The first batch holds its locks while that of the other job selects the same licenses.
  const { db, gate } = gatedDatabase(sql, { at: 'commit' });
  const first = db.begin((tx) => runBatch(tx, ids[0], act().now));
  await gate.reached;
  const second = sql.begin((tx) => runBatch(tx, ids[1], act().now));
  await waitUntilBlocked(sql);
  gate.open();
  await Promise.all([first, second]);
  const results = await Promise.all(ids.map(run));
  expect(results.reduce((sum, { done }) => sum + done, 0)).toBe(LICENSES);
  const { revoked, events } = await revokedOf(contract_id);
  expect([revoked, events.reduce((sum, count) => sum + count, 0)]).toEqual([LICENSES, LICENSES]);
  expect(events.length).toBeLessThanOrEqual(2);
  expect(await actionsOf(ids[0])).toEqual([
    'license_operation.requested',
    'license_operation.started',
    'license_operation.finished',
  ]);
});

test('a job that revokes may run each activity twice, and is cancelled between two batches', async () => {
  const { contract_id, license_ids } = await buildLicenses(sql, LICENSES);
  const id = await buildOperation(sql, REVOKE, { ids: license_ids });
  overrides = (real) => ({
    openOperation: async (input) => (await real.openOperation(input), real.openOperation(input)),
    async runBatches(input) {
      await sql.begin((tx) => runBatch(tx, input.job_id, input.now));
      await sql.begin((tx) => cancelOperation(tx, id, act()));
      return (await Promise.all([real.runBatches(input), real.runBatches(input)]))[1];
    },
    closeOperation: async (input) => (await real.closeOperation(input), real.closeOperation(input)),
  });
  expect(await run(id)).toMatchObject({ state: 'CANCELLED', done: OPERATION_BATCH_LICENSES });
  expect(await revokedOf(contract_id)).toEqual({
    revoked: OPERATION_BATCH_LICENSES,
    events: [OPERATION_BATCH_LICENSES],
  });
});

describe('a dry run of a job', () => {
  class RolledBack extends Error {}

  async function rolledBack<T>(run: (tx: Sql) => Promise<T>): Promise<T> {
    let result: T | undefined;
    const undone = sql.begin(async (tx) => {
      result = await run(tx);
      throw new RolledBack();
    });
    await expect(undone).rejects.toThrow(RolledBack);
    return result as T;
  }

  const countsOf = ({ done, moved, unchanged, conflict, not_available }: OperationCounts) => ({
    ...{ done, moved, unchanged, conflict, not_available },
  });

  test('counts exactly what the job then does, for each kind, by ids and by filter', async () => {
    const { contract_id, license_ids } = await buildLicenses(sql, 90);
    const [ada, bob] = await sql<{ id: string }[]>`
      INSERT INTO customers (email, name, created_at, updated_at)
      SELECT gen_random_uuid() || '@covenant.test', 'Ada', now(), now() FROM generate_series(1, 2) RETURNING id`;
    await sql`
      INSERT INTO license_facts (license_id, customer_id, assigned_at, held_until, activated_at, suspended_at, revoked_at, expires_at)
      SELECT id, CASE WHEN n % 7 = 1 THEN ${ada!.id}::uuid WHEN n % 7 = 2 THEN ${bob!.id} END, CASE WHEN n % 7 IN (1, 2) THEN now() END,
             now() + CASE WHEN n % 5 = 0 THEN 1 WHEN n % 5 = 1 THEN -1 END * interval '1 day', CASE WHEN n % 6 = 0 THEN now() END,
             CASE WHEN n % 8 = 0 THEN now() END, CASE WHEN n % 9 = 0 THEN now() END,
             now() + CASE WHEN n % 10 = 0 THEN -1 WHEN n % 10 = 1 THEN 1 END * interval '1 day'
      FROM unnest(${license_ids}::bigint[]) WITH ORDINALITY AS l (id, n) WHERE n % 3 > 0`;
    const tasks: LicenseTask[] = [
      ...[true, false].map((reassign) => ({ kind: 'assign', customer_id: ada!.id, reassign }) as const),
      ...LICENSE_CHANGES.map((kind) => ({ kind, reason: null })),
    ];
    const filter = { contract_id };
    const selections: LicenseSelection[] = [
      { ids: [...license_ids, '1'].sort((a, b) => Number(BigInt(a) - BigInt(b))), unknown_ids: ['x', 'y'] },
      { filter, limit: null },
      { filter: { ...filter, status: ['assigned', 'available', 'expired', 'suspended'] }, limit: null },
      { filter, limit: 20 },
      { filter: { ...filter, status: ['assigned', 'available', 'revoked', 'suspended'] }, limit: 20 },
    ];
    const seen: OperationCounts[] = [];
    for (const task of tasks)
      for (const selection of selections) {
        const requested = 'ids' in selection ? selection.ids.length + 2 : (selection.limit ?? license_ids.length);
        const counted = await countOperation(sql, task, { selection, requested, now: act().now });
        const done = await rolledBack(async (tx) => {
          const { id } = (await createJob(tx, task, selection, act())) as LicenseOperationRow;
          await openOperation(tx, { job_id: id, now: act().now, epoch: undefined });
          while (!(await runBatch(tx, id, act().now)).done);
          return (await findOperation(tx, id))!;
        });
        expect([task, selection, counted]).toEqual([task, selection, countsOf(done)]);
        seen.push(countsOf(done));
      }
    for (const outcome of Object.keys(NO_LICENSES) as (keyof OperationCounts)[])
      expect([outcome, seen.some((counts) => counts[outcome] > 0)]).toEqual([outcome, true]);
  });

  test('that takes too long is refused, and says so', async () => {
    const { license_ids } = await buildLicenses(sql, 1_001);
    const locked = gate();
    const blocking = sql.begin(async (tx) => {
      await tx`LOCK TABLE license_facts IN ACCESS EXCLUSIVE MODE`;
      locked.arrive();
      await locked.opened;
    });
    await locked.reached;
    const refused = await rolledBack(async (tx) => {
      await tx`SET LOCAL statement_timeout = 200`;
      return requestOperation(tx, REVOKE, { ids: license_ids }, { ...act(), dry_run: true });
    });
    locked.open();
    await blocking;
    expect(refused).toMatchObject({ code: 'DRY_RUN_TOO_SLOW', metadata: { requested: 1_001 } });
  });
});
