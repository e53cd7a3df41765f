/** `sendNotification` sends a mail once if it can, tries for three days, and says what it met; `planNotifications` starts it. */
import { randomUUID } from 'node:crypto';
import { createSendingActivities } from '../../activities/notification/sending';
import { createMailSender } from '../../adapters/mail';
import type { MailSender } from '../../adapters/mail';
import { listRowsToWake } from '../../db/system/sweep';
import { TIME_ZONE_RULES } from '../../transactions/base/time-zone-rules';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { waitFor } from '../../dev/waiting';
import { instantFromMillis, millisLater, millisOf } from '../../domain/base/instant';
import { ATTEMPT_LOST_MS, TRIED_MS_MAX } from '../../domain/notification/outcome';
import { notificationWorkflowId, planningWorkflowId } from '../../temporal/ids';
import { beginAttempt, recordAttempt } from '../../transactions/notification/send-attempt';
import { resend } from '../../transactions/notification/resend';
import { deleteOldNotifications } from '../../transactions/system/delete-expired';
import { wakePlanning } from '../../workflow-wakes';
import type { sendNotification } from '../../workflows/send-notification';
import { NOON, TEST_ACTOR } from '../harness/contract-facts';
import { buildContract } from '../harness/contract-rows';
import { startCovenantWorker } from '../harness/covenant-worker';
import type { CovenantWorker } from '../harness/covenant-worker';
import { createTestDatabase } from '../harness/database';
import type { TestDatabase } from '../harness/database';
import { expectInvariants } from '../harness/invariants';
import { startMailServer } from '../harness/mail-server';
import type { MailAnswers, TestMailServer } from '../harness/mail-server';
import { MAIL_PEPPER, buildNotification, buildRecipient, findStored, testMails } from '../harness/notifications';
import { connectPreparedTemporal, createTimeSkippingEnvironment } from '../harness/temporal';
import type { TestTemporal } from '../harness/temporal';
import { readUnsubscribeToken } from '../../transactions/notification/unsubscribe-token';

const WAIT_MS = 15_000;
/** The first run on a machine downloads the server that skips time. */
const FETCH_TIMEOUT_MS = 180_000;

let temporal: TestTemporal;
let database: TestDatabase;
let sql: TestDatabase['sql'];
let mails: TestMailServer;
let sender: MailSender;
let worker: CovenantWorker;

beforeAll(async () => {
  temporal = await connectPreparedTemporal();
  database = await createTestDatabase();
  sql = database.sql;
  mails = await startMailServer();
  sender = createMailSender(mails.server);
  const { client, nativeConnection } = temporal;
  worker = await startCovenantWorker({ db: sql, client, nativeConnection, mail: { sender } });
});
afterEach(async () => {
  mails.answers = {};
  mails.mails.length = 0;
  await expectInvariants(sql);
});
afterAll(async () => {
  await worker.stop();
  sender.close();
  await mails.close();
  await temporal.close();
  await database.drop();
});

const handleOf = (id: string) =>
  temporal.client.workflow.getHandle<typeof sendNotification>(notificationWorkflowId(id));
const until = (what: string, condition: () => Promise<boolean>) => waitFor(condition, { timeout_ms: WAIT_MS, what });
const auditOf = (id: string) => sql`SELECT action, after FROM audit_events WHERE subject_id = ${id}`;

/** Sends a notification to an address of its own while the server answers so, and waits for its workflow. */
async function send(answers: MailAnswers = {}, given: { kind?: 'quota_80' | 'quota_raised' } = {}) {
  mails.answers = answers;
  const address = `${randomUUID()}@customer.example`;
  const recipient_id = await buildRecipient(sql, { address });
  const id = await buildNotification(sql, { recipient_id, ...given });
  await worker.nudger.wakeNotifications([id]);
  return { id, address, recipient_id };
}

test('a mail arrives once, with an id that follows from the notification, and its way can be followed in the log of the server', async () => {
  const { id, address } = await send();
  expect(await handleOf(id).result()).toBe('sent');
  expect(mails.mails.map(({ to }) => to)).toEqual([[address]]);
  expect(mails.mails[0]?.parsed).toMatchObject({
    messageId: `<${id}@covenant.example>`,
    subject: `Notification ${id}`,
  });
  expect(mails.mails[0]?.parsed.headers.has('list-unsubscribe')).toBe(false);
  expect(await findStored(sql, id)).toMatchObject({ state: 'sent', attempts: 1, detail: '250 2.0.0 Queued as 4711' });
  // Woken again, it stays sent.
  await worker.nudger.wakeNotifications([id]);
  await handleOf(id).result();
  expect(mails.mails).toHaveLength(1);
  const { events = [] } = await handleOf(id).fetchHistory();
  expect(JSON.stringify(events)).not.toContain('customer.example');
});

test('an event is planned as soon as it is committed, and its mail is sent', async () => {
  const nudger = worker.nudger;
  const stop = await wakePlanning({ db: sql, nudger, onFailure: () => undefined });
  const [{ id: customer_id }] = await sql<[{ id: string }]>`
    INSERT INTO customers (name, email, account_manager, created_at, updated_at)
    VALUES ('Ada', 'ada@example.com', 'grace@vendor.example', now(), now()) RETURNING id`;
  const { id: contract_id } = (await buildContract(sql, { customer_id })).facts;
  const data = { contract_id, available: 9, low_water: 10 };
  const write = () =>
    sql.begin((tx) =>
      insertDomainEvents(tx, contract_id, [{ at: NOON, type: 'pool.low_water', environment: 'production', data }]),
    );
  await write();
  await until('the mail', async () => mails.mails.length === 1);
  expect(mails.mails[0]?.to).toEqual(['grace@vendor.example']);
  // The workflow rests, and the next event wakes it again.
  await write();
  await until('the second mail', async () => mails.mails.length === 2);
  await stop();
  const planning = temporal.client.workflow.getHandle(planningWorkflowId(worker.queues.contracts));
  expect(JSON.stringify(await planning.fetchHistory())).not.toContain('vendor.example');
});

test('a digest carries what waited for it, and one that cannot be composed delays no other', async () => {
  const [ada, grace] = [await buildRecipient(sql), await buildRecipient(sql)];
  const waiting = { kind: 'quota_80', state: 'waiting', due_at: '2026-01-01T00:00:00.000Z' } as const;
  const carried = [
    await buildNotification(sql, { ...waiting, recipient_id: ada }),
    await buildNotification(sql, { ...waiting, recipient_id: ada }),
  ];
  const stuck = await buildNotification(sql, { ...waiting, recipient_id: grace });
  await sql.unsafe(`
    CREATE FUNCTION refuse_digest() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
    CREATE TRIGGER refuse_digest BEFORE INSERT ON notifications FOR EACH ROW
      WHEN (NEW.recipient_id = '${grace}') EXECUTE FUNCTION refuse_digest()`);
  await worker.nudger.planNotifications();
  await until('the digest', async () => mails.mails.length === 1);
  const isPostponed = async () => (await findStored(sql, stuck)).problem === 'not_composed';
  await until('the record of the failure', isPostponed);
  expect(await findStored(sql, stuck)).toMatchObject({ state: 'waiting' });
  await sql.unsafe('DROP TRIGGER refuse_digest ON notifications; DROP FUNCTION refuse_digest');
  await sql`UPDATE notifications SET due_at = ${waiting.due_at} WHERE id = ${stuck}`;
  await worker.nudger.planNotifications();
  await until('the other digest', async () => mails.mails.length === 2);
  for (const id of [...carried, stuck])
    expect(await findStored(sql, id)).toMatchObject({ state: 'included', problem: null });
});

test('a mail of a kind that is not needed has a link that ends it with one click', async () => {
  const { id, recipient_id } = await send({}, { kind: 'quota_80' });
  await handleOf(id).result();
  const link = /^List-Unsubscribe: <https:\/\/covenant\.example\/api\/v1\/unsubscribe\/([^>]+)>\r$/m;
  const [, token = ''] = link.exec(mails.mails[0]?.raw.replace(/\r\n /g, '') ?? '') ?? [];
  expect(readUnsubscribeToken(token, MAIL_PEPPER)).toEqual({ recipient_id, kind: 'quota_80', language: 'en' });
  expect(readUnsubscribeToken(token, 'another pepper')).toBeUndefined();
  expect(readUnsubscribeToken(`${token.slice(0, -1)}_`, MAIL_PEPPER)).toBeUndefined();
});

test('a mail that the server refuses for good is not tried again, and the words of the server are kept without the address', async () => {
  const { id } = await send({ rcpt: (address) => `550 5.1.1 <${address}> No such user` });
  expect(await handleOf(id).result()).toBe('failed');
  expect(await findStored(sql, id)).toMatchObject({
    ...{ state: 'failed', attempts: 1, problem: 'recipient_refused', detail: '550 5.1.1 <***> No such user' },
  });
  const after = { kind: 'quota_raised', problem: 'recipient_refused', attempts: 1 };
  expect(await auditOf(id)).toEqual([{ action: 'notification.failed', after }]);
});

test('a mail that is refused for now waits, and is sent when it is asked for again', async () => {
  const { id } = await send({ rcpt: (_address, attempt) => (attempt === 1 ? '451 4.7.1 Greylisted' : undefined) });
  await until('the first attempt', async () => (await findStored(sql, id)).problem === 'deferred');
  const { due_at, state } = await findStored(sql, id);
  expect(state).toBe('owed');
  expect(millisOf(due_at ?? '') - Date.now()).toBeGreaterThan(30_000);
  await sql`UPDATE notifications SET due_at = now() WHERE id = ${id}`;
  await worker.nudger.wakeNotifications([id]);
  expect(await handleOf(id).result()).toBe('sent');
  expect(await findStored(sql, id)).toMatchObject({ attempts: 2, problem: null });
});

test('what stands in the way of a mail is looked at before each attempt', async () => {
  const bounced = await buildNotification(sql, { recipient_id: await buildRecipient(sql, { status: 'bounced' }) });
  const recipient_id = await buildRecipient(sql);
  await sql`INSERT INTO mail_unsubscriptions (recipient_id, kind, at) VALUES (${recipient_id}, 'quota_80', now())`;
  const unwanted = await buildNotification(sql, { recipient_id, kind: 'quota_80' });
  const { client, nativeConnection } = temporal;
  await worker.nudger.wakeNotifications([bounced, unwanted]);
  for (const id of [bounced, unwanted]) expect(await handleOf(id).result()).toBe('suppressed');
  expect(await findStored(sql, bounced)).toMatchObject({ attempts: 0, problem: 'bounced' });
  expect(await findStored(sql, unwanted)).toMatchObject({ attempts: 0, problem: 'unsubscribed' });

  const off = await startCovenantWorker({ db: sql, client, nativeConnection, mail: { sender: undefined } });
  const silent = await buildNotification(sql, { recipient_id });
  await off.nudger.wakeNotifications([silent]);
  expect(await handleOf(silent).result()).toBe('suppressed');
  expect(await findStored(sql, silent)).toMatchObject({ attempts: 0, problem: 'mail_off' });
  await off.stop();
  expect(mails.mails).toEqual([]);
});

test('a mail that is no longer true is not sent, also when it is sent again by hand', async () => {
  const recipient_id = await buildRecipient(sql);
  const id = await buildNotification(sql, { recipient_id, kind: 'suspended' });
  const dependencies = { ...testMails(sql), sender, compose: async () => 'overtaken' as const };
  const { sendMail } = createSendingActivities(dependencies);
  const input = { notification_id: id, now: NOON };
  const suppressed = { state: 'suppressed', problem: 'overtaken' };
  expect(await sendMail(input)).toEqual({ ...suppressed, next_ms: null });
  const act = { now: NOON, actor: TEST_ACTOR, request_id: null };
  expect(await sql.begin((tx) => resend(tx, id, act))).toBe(id);
  expect(await findStored(sql, id)).toMatchObject({ state: 'owed', problem: null });
  expect(await sendMail(input)).toMatchObject(suppressed);
  expect(await findStored(sql, id)).toMatchObject({ ...suppressed, attempts: 2 });
  expect(mails.mails).toEqual([]);
});

test('an attempt whose process ends is repeated after its time, by one of several, and its late result changes nothing', async () => {
  const id = await buildNotification(sql, { recipient_id: await buildRecipient(sql) });
  const at = instantFromMillis(Date.now());
  const context = { id, epoch: 'epoch-1', mail_is_on: true };
  const begins = await Promise.all([1, 2, 3].map(() => beginAttempt(sql, { ...context, now: at })));
  const begun = begins.flatMap((begin) => (begin.begun === null ? [] : [begin.begun]));
  expect(begun).toHaveLength(1);
  const lost_at = millisLater(at, ATTEMPT_LOST_MS);
  expect(await beginAttempt(sql, { ...context, now: at })).toMatchObject({ begun: null, due_at: lost_at });
  const again = await beginAttempt(sql, { ...context, now: lost_at });
  expect(again.begun).toMatchObject({ number: 2 });
  const late = { outcome: 'failed', problem: 'timeout', words: '' } as const;
  await recordAttempt(sql, begun[0]!, late, lost_at);
  expect(await findStored(sql, id)).toMatchObject({ state: 'owed', attempts: 2, problem: null });
  // A mail that never gets a result, because it ends each process, is not tried for ever.
  const later = millisLater(at, TRIED_MS_MAX + 1);
  expect(await beginAttempt(sql, { ...context, now: later })).toMatchObject({
    begun: null,
    state: 'failed',
    problem: 'lost',
  });
});

test('the sweep finds mails and notices that stay due, and mails that another server sends', async () => {
  const recipient_id = await buildRecipient(sql);
  const late = await buildNotification(sql, { recipient_id });
  const elsewhere = await buildNotification(sql, { recipient_id, due_at: '2099-01-01T00:00:00.000Z' });
  await sql`UPDATE notifications SET workflow_epoch = 'epoch-1' WHERE id = ${elsewhere}`;
  const waiting = await buildNotification(sql, { recipient_id, kind: 'quota_80', state: 'waiting' });
  const event_id = randomUUID();
  await sql`INSERT INTO notices (event_id, event_type, due_at) VALUES (${event_id}, 'quota.granted', now() - interval '2 minutes')`;
  const query = { epoch: 'epoch-2', now: instantFromMillis(Date.now()), limit: 500, time_zone_rules: TIME_ZONE_RULES };
  expect(await listRowsToWake(sql, 'owed_notification', query)).toEqual([late]);
  expect(await listRowsToWake(sql, 'notification_workflow', query)).toEqual([elsewhere]);
  expect(await listRowsToWake(sql, 'owed_notice', query)).toContain(event_id);
  expect(await listRowsToWake(sql, 'due_digest', query)).toEqual([recipient_id]);
  await sql`DELETE FROM notices WHERE event_id = ${event_id}`;
  await sql`DELETE FROM notifications WHERE id IN ${sql([late, elsewhere, waiting])}`;
});

test('notifications and notices are kept for some days after their end', async () => {
  const recipient_id = await buildRecipient(sql);
  const digest = await buildNotification(sql, { recipient_id, kind: 'digest', state: 'sent', ended_days_ago: 91 });
  const carried = await buildNotification(sql, {
    recipient_id,
    kind: 'quota_80',
    state: 'included',
    ended_days_ago: 89,
  });
  await sql`UPDATE notifications SET digest_id = ${digest} WHERE id = ${carried}`;
  const owed = await buildNotification(sql, { recipient_id, due_at: '2099-01-01T00:00:00.000Z' });
  const planned = async (days: number) => {
    const event_id = randomUUID();
    await sql`
      INSERT INTO notices (event_id, event_type, state, due_at, planned_at)
      VALUES (${event_id}, 'quota.granted', 'planned', NULL, now() - make_interval(days => ${days}))`;
    return event_id;
  };
  const [old, recent] = [await planned(91), await planned(89)];
  await deleteOldNotifications(sql, 90);
  const rows = await sql<{ id: string }[]>`SELECT id FROM notifications WHERE recipient_id = ${recipient_id}`;
  expect(rows.map(({ id }) => id).sort()).toEqual([carried, owed].sort());
  const notices = await sql`SELECT event_id FROM notices WHERE event_id IN ${sql([old, recent])}`;
  expect(notices).toEqual([{ event_id: recent }]);
  await sql`DELETE FROM notifications WHERE id = ${owed}`;
});

test(
  'a mail that the server never accepts is tried for three days, at growing intervals',
  async () => {
    const environment = await createTimeSkippingEnvironment();
    const id = await buildNotification(sql, { recipient_id: await buildRecipient(sql) });
    const attempts: number[] = [];
    const { client, nativeConnection } = environment;
    const patient = await startCovenantWorker({
      ...{ db: sql, client, nativeConnection },
      mail: {
        sender: {
          ...sender,
          async send() {
            attempts.push(await environment.currentTimeMs());
            return { outcome: 'failed', problem: 'unreachable', words: 'connect ECONNREFUSED' };
          },
        },
      },
    });
    try {
      await patient.nudger.wakeNotifications([id]);
      const handle = client.workflow.getHandle<typeof sendNotification>(notificationWorkflowId(id));
      expect(await handle.result()).toBe('failed');
    } finally {
      await patient.stop();
      await environment.teardown();
    }
    const waits = attempts.slice(1).map((at, index) => at - attempts[index]!);
    expect(waits[0]).toBeLessThan(5 * 60_000);
    expect(Math.max(...waits)).toBeLessThan(5 * 3_600_000);
    expect(waits.length).toBeGreaterThan(15);
    const hours = (attempts.at(-1)! - attempts[0]!) / 3_600_000;
    expect(Math.round(hours)).toBe(72);
    expect(await findStored(sql, id)).toMatchObject({
      state: 'failed',
      problem: 'unreachable',
      attempts: attempts.length,
    });
  },
  FETCH_TIMEOUT_MS,
);
