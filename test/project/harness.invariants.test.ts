/**
 * The invariants that other tests rely on find the rows that break them.
 */
import { randomUUID } from 'node:crypto';
import { createBillingActivities } from '../../activities/billing/billing';
import { runCommand } from '../../transactions/contract/run-command';
import { createLicenseRequests } from '../../transactions/generation/request-licenses';
import type { ContractCommand } from '../../domain/contract/command';
import { DEFAULT_RENEWAL } from '../../domain/contract/renewal-policy';
import { createBillingSystem, insertInvoiceEvent } from '../harness/billing';
import { buildContract } from '../harness/contract-rows';
import { TEST_ACTOR } from '../harness/contract-facts';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { createRecordingNudger } from '../harness/recording-nudger';
import { brokenInvariants, expectInvariants } from '../harness/invariants';
import { addPastContract, addRunningContract } from '../harness/past-contract';

/** Thrown to roll back the transaction of a test. */
class Undo extends Error {}

/** The invariant that several of the changes break. */
const TERM_RULE = 'each term after the first is a renewal';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await addPastContract(database.sql);
  const contract_id = await addRunningContract(database.sql, 1_000);
  await addRenewedAndBilledContract(database.sql);
  const requestLicenses = createLicenseRequests(database.sql);
  for (const count of [60, 500]) {
    await requestLicenses({
      contract_id,
      count,
      test: false,
      actor: { type: 'user', id: 'test', name: 'Test' },
      channel: 'ui',
      now: new Date().toISOString(),
      idempotency: null,
      request_id: null,
      rated: false,
      credential: null,
    });
  }
});
afterAll(() => database.drop());

/** A contract that was renewed automatically, amended, suspended and paid, and that has a pending amendment. */
async function addRenewedAndBilledContract(db: TestDatabase['sql']): Promise<void> {
  const created_at = '2026-01-01T00:00:00.000Z';
  const renewal = { ...DEFAULT_RENEWAL, mode: 'auto' } as const;
  const { facts } = await buildContract(db, { now: created_at, term: 'P1M', renewal });
  const { id } = facts;
  const command = async (now: string, given: ContractCommand) => {
    const request = { id, actor: TEST_ACTOR, now, request_id: null };
    await db.begin((tx) => runCommand(tx, request, given));
  };
  const amend = (now: string, effective_date: string) => {
    const input = { amendment_id: randomUUID(), effective_date, changes: { quota_add: 5 }, note: null };
    return command(now, { name: 'amend', input });
  };
  // Two amendments with the same effective date are both recorded.
  for (const day of ['2026-02-10', '2026-02-10']) await amend(created_at, day);
  const { ports } = createBillingSystem();
  for (const port of ports.values()) port.fetches = false;
  const billing = createBillingActivities({ db, nudger: createRecordingNudger().nudger, billingPorts: ports });
  const at = (now: string) => ({ contract_id: id, now });
  await insertInvoiceEvent(db, id, { due: '2026-03-10', occurred_at: '2026-03-01T00:00:00.000Z' });
  await billing.applyBillingEvents(at('2026-03-01T00:00:00.000Z'));
  await billing.verifyBilling(at('2026-03-30T00:00:00.000Z'));
  await insertInvoiceEvent(db, id, { due: '2026-03-10', status: 'PAID', occurred_at: '2026-04-02T00:00:00.000Z' });
  await insertInvoiceEvent(db, id, { due: '2026-03-10', occurred_at: '2026-04-02T00:00:00.000Z' });
  await billing.applyBillingEvents(at('2026-04-02T00:00:00.000Z'));
  await command('2026-04-03T00:00:00.000Z', { name: 'renew', input: { from: 'from_now' } });
  await amend('2026-04-03T00:00:00.000Z', '2026-04-20');
}

test('rows of the product break no invariant', async () => {
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
    'an additional license',
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
    'a claim without licenses',
    'UPDATE contract_quotas SET claimed = claimed + 1',
    'generated (claimed - reserved) is the number of licenses without test licenses',
  ],
  ['quota without a grant', 'UPDATE contract_quotas SET total = total + 1', 'a quota is the sum of its grants'],
  [
    'a finished job without an audit row',
    `UPDATE generation_jobs SET state = 'CANCELLED', finished_at = now() WHERE state = 'QUEUED'`,
    'each end of a job is recorded once',
  ],
  [
    'a reservation that is not released',
    `UPDATE generation_jobs SET state = 'FAILED', finished_at = now() WHERE state = 'QUEUED'`,
    'generated (claimed - reserved) is the number of licenses without test licenses',
  ],
  [
    'a finished job without finished_at',
    `UPDATE generation_jobs SET finished_at = NULL`,
    'a job is finished when it has an end',
  ],
  [
    'a request recorded twice',
    `INSERT INTO audit_events (at, actor, action, subject_type, subject_id) SELECT at, actor, action, subject_type, subject_id FROM audit_events WHERE action = 'generation.requested'`,
    'a request is recorded once',
  ],
  [
    'a batch recorded twice',
    `INSERT INTO domain_events (at, type, contract_id, data) SELECT at, type, contract_id, data FROM domain_events WHERE type = 'license.batch_generated'`,
    'each batch of licenses is recorded once',
  ],
  [
    'a domain event with the number of another one',
    `UPDATE contract_quotas SET event_sequence = event_sequence + 1`,
    'the domain events of a contract are numbered from 1',
  ],
  [
    'a raise without an event',
    `UPDATE domain_events SET type = 'contract.updated' WHERE type = 'quota.granted'`,
    'a raise of a quota has one event',
  ],
  [
    'a threshold that is not counted',
    `UPDATE contract_quotas SET total = claimed WHERE claimed > 0`,
    'the thresholds of a quota that are reached are counted',
  ],
  [
    'a threshold without an event',
    `UPDATE contract_quotas SET thresholds_reached = 1 WHERE claimed > 0`,
    'a threshold of a quota that is reached has an event',
  ],
  [
    'a paused contract that still grants licenses',
    `UPDATE contracts SET may_generate = false WHERE id IN (SELECT contract_id FROM contract_quotas WHERE grantable_terms_id IS NOT NULL)`,
    'licenses are granted with the current terms until the next boundary',
  ],
  [
    'a running job of a terminated contract',
    `UPDATE contracts SET state = 'TERMINATED' WHERE id IN (SELECT contract_id FROM generation_jobs WHERE state = 'QUEUED')`,
    'a job of a terminated contract is cancelled',
  ],
  [
    'a creation recorded twice',
    `INSERT INTO audit_events (at, actor, action, subject_type, subject_id, contract_id) SELECT at, actor, action, subject_type, subject_id, contract_id FROM audit_events WHERE action = 'contract.created'`,
    'a contract is created once',
  ],
  [
    'a boundary applied twice',
    `INSERT INTO audit_events (at, actor, action, subject_type, subject_id, contract_id) SELECT at, actor, action, subject_type, subject_id, contract_id FROM audit_events WHERE action = 'contract.term_started'`,
    'a boundary is applied once',
  ],
  [
    'an amendment recorded twice',
    `INSERT INTO audit_events (at, actor, action, subject_type, subject_id, contract_id, after)
     SELECT at, actor, action, subject_type, subject_id, contract_id, after FROM audit_events WHERE action = 'quota.granted' LIMIT 1`,
    'a boundary is applied once',
  ],
  ['a term without a renewal', 'UPDATE contracts SET term_number = term_number + 1', TERM_RULE],
  ['a missing renewal of a term', 'UPDATE contract_renewals SET term_number = 99 WHERE term_number = 3', TERM_RULE],
  [
    'a renewal recorded twice',
    `INSERT INTO audit_events (at, actor, action, subject_type, subject_id, contract_id, after)
     SELECT at + interval '1 hour', actor, action, subject_type, subject_id, contract_id, after FROM audit_events WHERE action = 'contract.renewed' LIMIT 1`,
    'a renewal is recorded once',
  ],
  [
    'a recorded renewal that does not exist',
    'DELETE FROM contract_renewals WHERE term_number = (SELECT max(term_number) FROM contract_renewals)',
    'a renewal is recorded once',
  ],
  [
    'an applied event without an audit row',
    `UPDATE billing_inbox SET event_id = event_id || ' of another' WHERE outcome = 'APPLIED'`,
    'a billing event that was applied is recorded once',
  ],
  [
    'an event applied twice',
    `INSERT INTO audit_events (at, actor, action, subject_type, subject_id, contract_id, after)
     SELECT at, actor, action, subject_type, subject_id, contract_id, after FROM audit_events WHERE action = 'billing.event_received' LIMIT 1`,
    'a billing event that was applied is recorded once',
  ],
  [
    'an ignored event without an audit row',
    `UPDATE billing_inbox SET event_id = event_id || ' of another' WHERE outcome = 'IGNORED'`,
    'a billing event has one decision for its receipt and each replay',
  ],
  [
    'an applied event that is still pending',
    `UPDATE billing_inbox SET outcome = 'PENDING', decided_at = NULL WHERE outcome = 'APPLIED'`,
    'a billing event has one decision for its receipt and each replay',
  ],
  [
    'an event parked twice',
    `INSERT INTO audit_events (at, actor, action, subject_type, subject_id, contract_id, after)
     SELECT at, actor, 'billing.parked', subject_type, subject_id, contract_id, after FROM audit_events, generate_series(1, 2)
     WHERE action = 'billing.event_ignored'`,
    'a parked billing event is recorded once',
  ],
  [
    'a verification that is not due',
    `UPDATE contracts SET verify_at = settled_until WHERE state = 'ACTIVE'`,
    'a contract has verify_at exactly when a verification is due',
  ],
  [
    'a due suspension without a verification',
    `UPDATE invoice_facts SET status = 'OPEN', due_date = '2020-01-01'`,
    'a contract has verify_at exactly when a verification is due',
  ],
  [
    'a pending amendment of an ended contract',
    `UPDATE contracts SET state = 'EXPIRED' WHERE id IN (SELECT contract_id FROM contract_amendments)`,
    'a contract that has ended has no pending amendment',
  ],
  ['a missing revision', 'UPDATE contracts SET revision = revision + 1', 'revisions are 1 to the current one'],
  [
    'a rate limit that was not copied',
    `UPDATE contracts SET rate_limits = jsonb_set(rate_limits, '{per_day}', '5')`,
    'the rate limits of a contract are copied',
  ],
  [
    'a next boundary before settled_until',
    `UPDATE contracts SET settled_until = next_boundary_at + interval '1 day' WHERE next_boundary_at IS NOT NULL`,
    'the next boundary is after settled_until',
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
