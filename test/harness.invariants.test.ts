/**
 * The invariants that other tests rely on do find what breaks them.
 */
import { createLicenseRequests } from '../db/generation-request';
import { createTestDatabase, type TestDatabase } from './harness/database';
import { brokenInvariants, expectInvariants } from './harness/invariants';
import { addPastContract, addRunningContract } from './harness/past-contract';

/** Ends a transaction that was only looked at. */
class Undo extends Error {}

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await addPastContract(database.sql);
  const contract_id = await addRunningContract(database.sql, 1_000);
  const requestLicenses = createLicenseRequests(database.sql);
  for (const count of [60, 500]) {
    await requestLicenses({
      contract_id,
      count,
      test: false,
      actor: { type: 'user', id: 'test', name: 'Test' },
      channel: 'api',
      now: new Date().toISOString(),
      idempotency: null,
      request_id: null,
    });
  }
});
afterAll(() => database.drop());

test('sound rows break no invariant', async () => {
  await expectInvariants(database.sql);
});

test.each([
  ['a missing license', 'DELETE FROM licenses WHERE id & 16777215 = 7', 'a chunk has exactly its licenses'],
  [
    'a missing license',
    'DELETE FROM licenses WHERE id & 16777215 = 7',
    'the ordinals of a job that succeeded are 1 to requested',
  ],
  [
    'a license too many',
    `INSERT INTO licenses SELECT max(id) + 1, 'EXTRA' FROM licenses`,
    'a license has its chunk and an ordinal of its job',
  ],
  [
    'a license without a job',
    `INSERT INTO licenses VALUES (99 << 24, 'STRAY')`,
    'a license has its chunk and an ordinal of its job',
  ],
  ['a license without its chunk', 'DELETE FROM generation_chunks', 'a license has its chunk and an ordinal of its job'],
  [
    'quota claimed by nobody',
    'UPDATE contract_quotas SET claimed = claimed + 1',
    'generated (claimed - reserved) is the number of licenses that are no tests',
  ],
  ['quota granted by nobody', 'UPDATE contract_quotas SET total = total + 1', 'a quota is the sum of its grants'],
  [
    'a job ended in silence',
    `UPDATE generation_jobs SET state = 'CANCELLED', finished_at = now() WHERE state = 'QUEUED'`,
    'each end of a job is told once',
  ],
  [
    'a reservation kept',
    `UPDATE generation_jobs SET state = 'FAILED', finished_at = now() WHERE state = 'QUEUED'`,
    'generated (claimed - reserved) is the number of licenses that are no tests',
  ],
  [
    'an end without an instant',
    `UPDATE generation_jobs SET finished_at = NULL`,
    'a job is finished when it has an end',
  ],
  [
    'a request told twice',
    `INSERT INTO audit_events (at, actor, action, subject_type, subject_id) SELECT at, actor, action, subject_type, subject_id FROM audit_events WHERE action = 'generation.requested'`,
    'a request is told once',
  ],
  [
    'a batch told twice',
    `INSERT INTO domain_events (at, type, contract_id, data) SELECT at, type, contract_id, data FROM domain_events WHERE type = 'license.batch_generated'`,
    'each batch of licenses is told once',
  ],
  [
    'a creation told twice',
    `INSERT INTO audit_events (at, actor, action, subject_type, subject_id, contract_id) SELECT at, actor, action, subject_type, subject_id, contract_id FROM audit_events WHERE action = 'contract.created'`,
    'a contract is created once',
  ],
  [
    'a boundary crossed twice',
    `INSERT INTO audit_events (at, actor, action, subject_type, subject_id, contract_id) SELECT at, actor, action, subject_type, subject_id, contract_id FROM audit_events WHERE action = 'contract.term_started'`,
    'a boundary is crossed once',
  ],
  ['a revision left out', 'UPDATE contracts SET revision = revision + 1', 'revisions are 1 to the current one'],
  [
    'a boundary settled over',
    `UPDATE contracts SET settled_until = next_boundary_at + interval '1 day' WHERE next_boundary_at IS NOT NULL`,
    'no boundary is settled over',
  ],
])('%s is found', async (_what, statement, rule) => {
  let found: string[] = [];
  const looked = database.sql.begin(async (tx) => {
    await tx.unsafe(statement);
    found = (await brokenInvariants(tx)).map((broken) => broken.rule);
    throw new Undo();
  });
  await expect(looked).rejects.toBeInstanceOf(Undo);
  expect(found).toContain(rule);
});
