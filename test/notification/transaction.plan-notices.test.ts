/** Planning notices in Postgres: each event has its mails once, however often and by however many it is planned. */
import { insertDomainEvents } from '../../db/contract/domain-event';
import type { Sql } from '../../db/base/database';
import { createPlanningActivities } from '../../activities/notification/planning';
import { composeDigest } from '../../transactions/notification/compose-digest';
import { planNotices } from '../../transactions/notification/plan-notices';
import { millisLater } from '../../domain/base/instant';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { buildContract } from '../harness/contract-rows';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { buildNotification, buildRecipient, findStored } from '../harness/notifications';
import { gatedDatabase } from '../harness/gated-database';

let database: TestDatabase;
let sql: TestDatabase['sql'];
beforeAll(async () => {
  database = await createTestDatabase();
  sql = database.sql;
});
afterAll(() => database.drop());
afterEach(() => sql`UPDATE notices SET state = 'planned', due_at = NULL, planned_at = now() WHERE state = 'owed'`);

let customers = 0;
/** Later than everything that the tests write. */
const now = () => millisLater(new Date().toISOString(), 60_000);

async function addCustomer(more: Record<string, unknown> = {}): Promise<string> {
  const row = { name: 'Ada', email: `ada${++customers}@example.com`, created_at: now(), updated_at: now(), ...more };
  const [{ id }] = await sql<[{ id: string }]>`INSERT INTO customers ${sql(row as never)} RETURNING id`;
  return id;
}

async function addContract(customer_id: string | null): Promise<string> {
  const { facts } = await buildContract(sql, { customer_id });
  return facts.id;
}

/** Writes the event of a low pool, whose mail goes to the account manager. */
function notice(tx: Sql, contract_id: string): Promise<void> {
  const data = { contract_id, available: 9, low_water: 10 };
  return insertDomainEvents(tx, contract_id, [{ at: now(), type: 'pool.low_water', environment: 'production', data }]);
}

async function assigned(contract_id: string | null, customer_id: string): Promise<void> {
  const data = {
    ...{ count: 1, license_ids: ['1'], operation_id: null, customer_id },
    ...{ reassigned: 0, hold_id: null, order_ref: null },
  };
  await insertDomainEvents(sql, contract_id, [
    { at: now(), type: 'license.assigned', environment: 'production', data },
  ]);
}

const plan = (limit = 100) => planNotices(sql, { now: now(), limit });

function mailsOf(contract_id: string) {
  return sql<{ kind: string; address: string; state: string; role: string }[]>`
    SELECT n.kind, r.address, n.state, n.role FROM notifications n JOIN mail_recipients r ON r.id = n.recipient_id
    WHERE n.contract_id = ${contract_id} ORDER BY n.id`;
}

function outcomesOf(contract_id: string) {
  return sql<{ state: string; outcome: string | null }[]>`
    SELECT state, outcome FROM notices WHERE contract_id = ${contract_id} ORDER BY event_id`;
}

test('planning writes each mail once, and planning again after a lost answer writes the same rows', async () => {
  const contract_id = await addContract(await addCustomer({ account_manager: 'grace@vendor.example' }));
  await notice(sql, contract_id);
  const first = await plan();
  expect(first).toMatchObject({ planned: 1, more: false });
  const rows = await mailsOf(contract_id);
  expect(rows).toEqual([
    { kind: 'low_water', address: 'grace@vendor.example', state: 'owed', role: 'account_manager' },
  ]);
  expect(await plan()).toEqual({ planned: 0, notification_ids: [], more: false });

  await sql`UPDATE notices SET state = 'owed', due_at = now(), planned_at = NULL WHERE contract_id = ${contract_id}`;
  expect(await plan()).toEqual({ planned: 1, notification_ids: [], more: false });
  expect(await mailsOf(contract_id)).toEqual(rows);
});

test('addresses that only Postgres finds equal have one mail, and one recipient', async () => {
  const [upper, lower] = ['ΟΔΟΣ', 'οδοσ'].map((name) => `${name}@example.com`) as [string, string];
  expect(upper.toLowerCase()).not.toBe(lower);
  const contract_id = await addContract(await addCustomer({ account_manager: upper }));
  const settings = { low_water: { roles: ['account_manager'], addresses: [lower] } };
  await sql`
    INSERT INTO notification_settings (subject_id, scope, kinds, updated_at)
    VALUES (${contract_id}, 'contract', ${sql.json(settings)}, now())`;
  await notice(sql, contract_id);
  expect(await plan()).toMatchObject({ planned: 1 });
  expect(await mailsOf(contract_id)).toHaveLength(1);
  expect(await outcomesOf(contract_id)).toMatchObject([{ outcome: 'planned' }]);
});

test('two planners at once plan different notices, and share the recipients that both add', async () => {
  const customer_id = await addCustomer({ account_manager: 'Shared@vendor.example' });
  const contracts = [await addContract(customer_id), await addContract(customer_id)];
  for (const contract_id of contracts) await notice(sql, contract_id);
  const { db, gate } = gatedDatabase(sql, { at: 'commit' });
  const held = planNotices(db, { now: now(), limit: 1 });
  await gate.reached;
  // It takes the other notice, and waits for the recipient that the first one has added.
  const other = planNotices(sql, { now: now(), limit: 10 });
  await waitUntilBlocked(sql);
  gate.open();
  expect((await held).planned + (await other).planned).toBe(2);
  for (const contract_id of contracts) expect(await mailsOf(contract_id)).toHaveLength(1);
  expect(await sql`SELECT FROM mail_recipients WHERE lower(address) = 'shared@vendor.example'`).toHaveLength(1);
});

test('many notices take as many statements as one', async () => {
  const customer_id = await addCustomer({ account_manager: 'many@vendor.example' });
  const contract_ids: string[] = [];
  for (let i = 0; i < 3; i++) contract_ids.push(await addContract(customer_id));
  const count = async () => {
    let statements = 0;
    const counting = (tx: Sql): Sql =>
      new Proxy(tx, {
        apply(target, self, args: unknown[]) {
          // A tagged template is a statement or a part of one; each is counted the same way.
          if (Array.isArray((args[0] as { raw?: unknown }).raw)) statements += 1;
          const result: unknown = Reflect.apply(target as never, self, args);
          return result;
        },
      });
    const begin = (work: (tx: Sql) => unknown) => sql.begin((tx) => work(counting(tx)) as never);
    const { planned } = await planNotices({ begin } as never, { now: now(), limit: 100 });
    return { planned, statements };
  };
  await notice(sql, contract_ids[0] as string);
  const one = await count();
  for (const contract_id of contract_ids) await notice(sql, contract_id);
  const many = await count();
  expect(many.planned).toBe(3);
  // The first one also adds the recipient.
  expect(many.statements).toBeLessThanOrEqual(one.statements);
});

test('licenses go to the customer who gets them: to the survivor of a merge, and to none who was erased', async () => {
  const survivor = await addCustomer({ email: 'survivor@example.com' });
  const contract_id = await addContract(null);
  await assigned(contract_id, await addCustomer({ merged_into: survivor }));
  await assigned(contract_id, await addCustomer({ name: 'Erased', erased_at: now() }));
  await plan();
  expect(await mailsOf(contract_id)).toMatchObject([{ kind: 'licenses_ready', address: 'survivor@example.com' }]);
  const outcomes = (await outcomesOf(contract_id)).map(({ outcome }) => outcome);
  expect(outcomes.filter((outcome) => outcome !== null)).toEqual(expect.arrayContaining(['planned', 'gone']));
});

test('a notice that cannot be planned delays no other, is tried at growing intervals, and fails in the end', async () => {
  const contract_id = await addContract(await addCustomer({ account_manager: 'late@vendor.example' }));
  await sql`INSERT INTO domain_events (at, type, contract_id, data) VALUES (now(), 'license.assigned', ${contract_id}, '{"customer_id": "none"}')`;
  await notice(sql, contract_id);
  const at = now();
  expect(await planNotices(sql, { now: at, limit: 100 })).toMatchObject({ planned: 1 });
  expect(await mailsOf(contract_id)).toHaveLength(1);
  const bad = async () => {
    const [row] = await sql<[{ state: string; due_at: string | null; attempts: number; problem: string }]>`
      SELECT state, due_at, attempts, problem FROM notices WHERE contract_id = ${contract_id} AND event_type = 'license.assigned'`;
    return row;
  };
  expect(await bad()).toMatchObject({ state: 'owed', attempts: 1, due_at: millisLater(at, 60_000) });
  expect(await planNotices(sql, { now: at, limit: 100 })).toMatchObject({ planned: 0 });
  let tries = 1;
  for (let row = await bad(); row.due_at !== null; row = await bad(), tries++)
    await planNotices(sql, { now: row.due_at, limit: 100 });
  expect(await bad()).toMatchObject({ state: 'failed', attempts: 10, problem: expect.stringContaining('uuid') });
  expect(tries).toBe(10);
});

test('a digest carries what waits for it, once a day, and what comes later waits for the next one', async () => {
  const contract_id = await addContract(await addCustomer({ account_manager: 'daily@vendor.example' }));
  const [{ id: recipient_id }] = await sql<[{ id: string }]>`
    INSERT INTO mail_recipients (address, digest, created_at, updated_at) VALUES ('daily@vendor.example', true, now(), now()) RETURNING id`;
  await notice(sql, contract_id);
  await notice(sql, contract_id);
  expect(await plan()).toMatchObject({ planned: 2, notification_ids: [] });
  const waiting = await sql<{ due_at: string }[]>`
    SELECT due_at FROM notifications WHERE recipient_id = ${recipient_id} AND state = 'waiting'`;
  const at = (waiting[0] as { due_at: string }).due_at;
  expect(waiting).toEqual([{ due_at: at }, { due_at: at }]);
  expect(at).toMatch(/T08:00:00.000Z$/);

  expect(await composeDigest(sql, { recipient_id, now: millisLater(at, -1) })).toBeNull();
  const compose = () => composeDigest(sql, { recipient_id, now: at });
  const composed = await Promise.all([compose(), compose()]);
  const [digest_id] = composed;
  expect(composed).toEqual([expect.any(String), digest_id]);
  const states = () => sql`
    SELECT kind, state, digest_id, due_at FROM notifications WHERE recipient_id = ${recipient_id} ORDER BY kind = 'digest' DESC, id`;
  const included = { kind: 'low_water', state: 'included', digest_id, due_at: null };
  expect(await states()).toEqual([{ kind: 'digest', state: 'owed', digest_id: null, due_at: at }, included, included]);

  // One that was planned before that instant and committed after the digest.
  await notice(sql, contract_id);
  await plan();
  await sql`UPDATE notifications SET due_at = ${at} WHERE recipient_id = ${recipient_id} AND state = 'waiting'`;
  await compose();
  expect((await states()).at(-1)).toEqual({
    ...{ kind: 'low_water', state: 'waiting', digest_id: null, due_at: millisLater(at, 24 * 3_600_000) },
  });
  await sql`UPDATE mail_recipients SET status = 'bounced', status_at = now() WHERE id = ${recipient_id}`;
  const next = { recipient_id, now: millisLater(at, 24 * 3_600_000) };
  expect(await composeDigest(sql, next)).toBeNull();
  expect((await states()).at(-1)).toMatchObject({ state: 'suppressed', due_at: null });
});

test('digests that cannot be composed delay no others, are tried at growing intervals, and what waits for them fails in the end', async () => {
  const stuck = (
    await sql<{ id: string }[]>`
      WITH stuck AS (
        INSERT INTO mail_recipients (address, created_at, updated_at)
        SELECT 'stuck' || i || '@customer.example', now(), now() FROM generate_series(1, 100) i RETURNING id
      )
      INSERT INTO notifications (kind, recipient_id, role, event_id, dedupe_key, state, due_at, created_at)
      SELECT 'quota_80', id, 'customer', uuidv7(), id, 'waiting', '2026-01-01', now() FROM stuck RETURNING id`
  ).map(({ id }) => id);
  const patient = await buildRecipient(sql);
  const last = await buildNotification(sql, {
    ...{ recipient_id: patient, kind: 'quota_80', state: 'waiting', due_at: '2026-01-02T00:00:00.000Z' },
  });
  await sql.unsafe(`
    CREATE FUNCTION refuse_digest() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
    CREATE TRIGGER refuse_digest BEFORE INSERT ON notifications FOR EACH ROW
      WHEN (NEW.recipient_id <> '${patient}') EXECUTE FUNCTION refuse_digest()`);
  const failures: unknown[] = [];
  const nudger = { wakeNotifications: async () => [] };
  const onFailure = (error: unknown) => void failures.push(error);
  const { planDue } = createPlanningActivities({ db: sql, nudger, onFailure });
  const at = now();
  // The first look finds the failing ones only, and the next one follows at once.
  expect(await planDue({ now: at })).toMatchObject({ mails: 0, next_ms: 0 });
  expect(failures).toHaveLength(100);
  expect(await planDue({ now: at })).toMatchObject({ mails: 1 });
  expect((await findStored(sql, last)).state).toBe('included');

  const first = stuck[0] as string;
  const row = async () => {
    const [found] = await sql<[{ state: string; due_at: string | null; tries: number; problem: string }]>`
      SELECT state, due_at, tries, problem FROM notifications WHERE id = ${first}`;
    return found;
  };
  const postponed = await row();
  expect(postponed).toMatchObject({ state: 'waiting', tries: 1, problem: 'not_composed' });
  await sql`UPDATE notifications SET due_at = '2099-01-01' WHERE id = ANY (${stuck.slice(1)}::uuid[])`;
  for (let one = postponed; one.due_at !== null; one = await row()) await planDue({ now: one.due_at });
  expect(await row()).toEqual({ state: 'failed', due_at: null, tries: 10, problem: 'not_composed' });
  const after = { kind: 'quota_80', problem: 'not_composed', attempts: 10 };
  expect(await sql`SELECT action, after FROM audit_events WHERE subject_id = ${first}`).toEqual([
    { action: 'notification.failed', after },
  ]);
  await sql.unsafe('DROP TRIGGER refuse_digest ON notifications; DROP FUNCTION refuse_digest');
});
