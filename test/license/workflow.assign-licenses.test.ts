/** `assignLicenses` decides about each license of its job exactly once, whatever happens to its activities. */
import { ASSIGNMENT_BATCH_LICENSES } from '../../domain/license/assignment-job';
import { findAssignmentJob } from '../../db/license/assignment-job';
import { assignBatch } from '../../transactions/license/assign-batch';
import { assignLicenses as assign } from '../../transactions/license/assign-licenses';
import { cancelAssignment, openAssignment, resumeAssignment } from '../../transactions/license/change-assignment';
import { assignmentJobWorkflowId } from '../../temporal/ids';
import type { assignLicenses } from '../../workflows/assign-licenses';
import { buildAssignmentJob, buildLicenses } from '../harness/assignment-jobs';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { TEST_ACTOR } from '../harness/contract-facts';
import { startCovenantWorker, withOverrides } from '../harness/covenant-worker';
import type { ActivityOverrides, CovenantWorker } from '../harness/covenant-worker';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { gatedDatabase } from '../harness/gated-database';
import { expectInvariants } from '../harness/invariants';
import { connectPreparedTemporal } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';

const LICENSES = 2 * ASSIGNMENT_BATCH_LICENSES + 10;

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
const jobOf = (id: string) => findAssignmentJob(sql, id);

async function run(id: string) {
  await worker.nudger.wakeAssignments([id]);
  const handle = temporal.client.workflow.getHandle<typeof assignLicenses>(assignmentJobWorkflowId(id));
  return handle.result();
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
  const id = await buildAssignmentJob(sql, { ids: license_ids });
  expect(await run(id)).toMatchObject({ state: 'SUCCEEDED', assigned: LICENSES });
  const { customer_id } = (await jobOf(id))!;
  expect(await assignedOf(contract_id)).toEqual({ customers: { [customer_id]: LICENSES }, events: [LICENSES] });
  expect(await actionsOf(customer_id)).toEqual(['assignment.requested', 'assignment.started', 'assignment.finished']);
});

test('each activity may run twice, and the batches also twice at the same time', async () => {
  overrides = (real) => ({
    openAssignment: async (input) => (await real.openAssignment(input), real.openAssignment(input)),
    assignBatches: async (input) => (await Promise.all([real.assignBatches(input), real.assignBatches(input)]))[1],
    closeAssignment: async (input) => (await real.closeAssignment(input), real.closeAssignment(input)),
  });
  const { contract_id, license_ids } = await buildLicenses(sql, LICENSES);
  const id = await buildAssignmentJob(sql, { ids: license_ids });
  await run(id);
  const job = (await jobOf(id))!;
  expect(job).toMatchObject({ state: 'SUCCEEDED', assigned: LICENSES, already_assigned_same: 0 });
  expect(await assignedOf(contract_id)).toEqual({ customers: { [job.customer_id]: LICENSES }, events: [LICENSES] });
});

test('a job whose activity dies after a batch goes on after that batch', async () => {
  let died = false;
  overrides = (real) => ({
    async assignBatches(input) {
      if (died) return real.assignBatches(input);
      died = true;
      await sql.begin((tx) => assignBatch(tx, input.job_id, input.now));
      throw new Error('the process dies here');
    },
  });
  const { contract_id, license_ids } = await buildLicenses(sql, LICENSES);
  const id = await buildAssignmentJob(sql, { ids: license_ids });
  await run(id);
  expect(died).toBe(true);
  const job = (await jobOf(id))!;
  expect(job).toMatchObject({ state: 'SUCCEEDED', assigned: LICENSES, already_assigned_same: 0 });
  expect((await assignedOf(contract_id)).events).toEqual([LICENSES]);
});

test('a job that is cancelled between two batches keeps what is assigned, and resumes with the rest', async () => {
  const { contract_id, license_ids } = await buildLicenses(sql, LICENSES);
  const id = await buildAssignmentJob(sql, { ids: license_ids });
  overrides = (real) => ({
    async assignBatches(input) {
      await sql.begin((tx) => assignBatch(tx, input.job_id, input.now));
      await sql.begin((tx) => cancelAssignment(tx, id, act()));
      return real.assignBatches(input);
    },
  });
  expect(await run(id)).toMatchObject({ state: 'CANCELLED', assigned: ASSIGNMENT_BATCH_LICENSES });
  overrides = () => ({});
  await sql.begin((tx) => resumeAssignment(tx, id, act()));
  expect(await run(id)).toMatchObject({ state: 'SUCCEEDED', assigned: LICENSES });
  const { events } = await assignedOf(contract_id);
  expect(events).toEqual([ASSIGNMENT_BATCH_LICENSES, LICENSES - ASSIGNMENT_BATCH_LICENSES]);
});

test('a job shows the first licenses that it could not assign', async () => {
  const { license_ids } = await buildLicenses(sql, 3);
  const taken = await buildAssignmentJob(sql, { ids: license_ids.slice(0, 1) });
  await run(taken);
  await sql`INSERT INTO license_facts (license_id, revoked_at) VALUES (${license_ids[1] as string}, now())`;
  const id = await buildAssignmentJob(sql, { ids: license_ids });
  expect(await run(id)).toMatchObject({ state: 'PARTIAL', assigned: 1 });
  const job = (await jobOf(id))!;
  expect(job).toMatchObject({ assigned: 1, conflict: 1, not_available: 1 });
  expect(job.not_assigned.map(({ license_id, reason, outcome }) => [license_id, reason ?? outcome])).toEqual([
    [`lic_${license_ids[0]}`, 'conflict'],
    [`lic_${license_ids[1]}`, 'revoked'],
  ]);
});

test('two jobs with one filter assign each license to one customer, and each gets its number', async () => {
  const { contract_id } = await buildLicenses(sql, LICENSES);
  const limits = [ASSIGNMENT_BATCH_LICENSES + 5, ASSIGNMENT_BATCH_LICENSES + 5] as const;
  const ids = await Promise.all(limits.map((limit) => buildAssignmentJob(sql, { filter: { contract_id }, limit })));
  for (const job_id of ids) await sql.begin((tx) => openAssignment(tx, { job_id, now: act().now, epoch: undefined }));
  // The first batch holds its locks while that of the other job selects the same licenses.
  const { db, gate } = gatedDatabase(sql, { at: 'commit' });
  const first = db.begin((tx) => assignBatch(tx, ids[0] as string, act().now));
  await gate.reached;
  const second = sql.begin((tx) => assignBatch(tx, ids[1] as string, act().now));
  await waitUntilBlocked(sql);
  gate.open();
  await Promise.all([first, second]);
  const results = await Promise.all(ids.map(run));
  expect(results.map(({ state, assigned }) => [state, assigned])).toEqual(limits.map((limit) => ['SUCCEEDED', limit]));
  const { customers, events } = await assignedOf(contract_id);
  expect([Object.values(customers), events]).toEqual([limits, limits]);
});

test('a job and a request with one filter never assign a license twice', async () => {
  const { contract_id } = await buildLicenses(sql, 20);
  const id = await buildAssignmentJob(sql, { filter: { contract_id }, limit: 12 });
  const request = {
    selection: { filter: { contract_id }, limit: 8 },
    customer: { email: 'bob@covenant.test', name: null },
    reassign: false,
  };
  const [, inline] = await Promise.all([run(id), sql.begin((tx) => assign(tx, request, act()))]);
  expect(inline).toMatchObject({ counts: { assigned: 8 } });
  expect(Object.values((await assignedOf(contract_id)).customers).sort()).toEqual([12, 8]);
});
