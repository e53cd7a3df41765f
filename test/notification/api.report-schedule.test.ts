/** Reports that are sent by mail on the days of a calendar: over HTTP, and what is due of them. */
import { listRowsToWake } from '../../db/system/sweep';
import { TIME_ZONE_RULES } from '../../transactions/base/time-zone-rules';
import { reportFile } from '../../transactions/notification/report-file';
import { sendDueReport } from '../../transactions/notification/send-due-report';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import { buildContractOnClock, buildTestClock } from '../harness/test-clocks';
import { expectRefusal } from '../harness/expect-refusal';
import { expectInvariants } from '../harness/invariants';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ worker: true });
});
afterEach(() => expectInvariants(api.sql));
afterAll(() => api.close());

const MONTHLY = { frequency: 'monthly', on_day: 31, at: '18:00' };

async function contractOf(more: Record<string, unknown> = {}): Promise<any> {
  return addContract(api, await addCatalogue(api), { timezone: 'Europe/Berlin', ...more });
}

const create = (id: string, body: object = MONTHLY, query = '') =>
  api.call('POST', `/contracts/${id}/report-schedules${query}`, { body });
const edit = (id: string, schedule: string, body: object, query = '') =>
  api.call('PATCH', `/contracts/${id}/report-schedules/${schedule}${query}`, { body });

/** Sends what is due of a schedule at a real time. */
const send = (schedule: string, now: string) => api.sql.begin((tx) => sendDueReport(tx, schedule, now));

/** The days of the reports of a contract for which there is an event. */
async function sentOf(contract_id: string): Promise<string[]> {
  const events = await api.sql<{ date: string }[]>`
    SELECT data ->> 'date' AS date FROM domain_events WHERE contract_id = ${contract_id} AND type = 'report.due' ORDER BY sequence`;
  return events.map(({ date }) => date);
}

/** The schedules that the sweep finds due. */
const due = (now: string) =>
  listRowsToWake(api.sql, 'due_report', { epoch: 'none', now, limit: 1_000, time_zone_rules: TIME_ZONE_RULES });

test('a schedule shows its next reports, is changed, paused and deleted, each with its audit row', async () => {
  const { id } = await contractOf();
  const dry = await create(id, MONTHLY, '?dry_run=true');
  expect([dry.status, dry.body.id, dry.body.dry_run]).toEqual([201, null, true]);
  const { body: schedule } = await create(id);
  expect(schedule).toMatchObject({ status: 'active', timezone: 'Europe/Berlin', last_report: null, ...MONTHLY });
  expect(schedule.next_reports).toEqual(dry.body.next_reports);
  expect(schedule.next_reports).toHaveLength(3);
  expect(schedule.next_report_at).toBe(schedule.next_reports[0].at);
  const path = `/contracts/${id}/report-schedules`;
  expect((await api.call('GET', `${path}/${schedule.id}`)).body).toEqual(schedule);
  expect((await api.call('GET', path)).body.data).toEqual([schedule]);

  const paused = await edit(id, schedule.id, { enabled: false });
  expect(paused.body).toMatchObject({ status: 'paused', next_report_at: null, next_reports: [] });
  expect((await edit(id, schedule.id, { enabled: false })).body).toEqual(paused.body);
  expect((await edit(id, schedule.id, { enabled: true, frequency: 'weekly', on_day: 5 }, '?dry_run=true')).status).toBe(
    200,
  );
  expect((await edit(id, schedule.id, { enabled: true })).body.next_reports).toEqual(schedule.next_reports);
  expectRefusal(await edit(id, schedule.id, { frequency: 'weekly' }), 422, 'VALIDATION_FAILED');
  expect((await api.call('DELETE', `${path}/${schedule.id}`)).status).toBe(204);
  expectRefusal(await api.call('GET', `${path}/${schedule.id}`), 404, 'NOT_FOUND');
  const audited = await api.sql<{ action: string }[]>`
    SELECT action FROM audit_events WHERE subject_id = ${schedule.id} ORDER BY id`;
  expect(audited.map(({ action }) => action)).toEqual([
    ...['created', 'updated', 'updated', 'deleted'].map((what) => `report_schedule.${what}`),
  ]);
});

test('a schedule says who gets its reports now, and why they reach no address', async () => {
  const { id } = await contractOf({ account_manager: null });
  const { body: schedule } = await create(id);
  const set = async (report: object) => {
    await api.call('PATCH', `/contracts/${id}/notification-settings`, { body: { kinds: { report } } });
    const { body } = await api.call('GET', `/contracts/${id}/report-schedules/${schedule.id}`);
    expect((await api.call('GET', `/contracts/${id}/report-schedules`)).body.data).toEqual([body]);
    return [body.recipients, body.unreached];
  };
  const address = `reports-${id}@nordwind.example`;
  expect(await set({ roles: [] })).toEqual([[], 'no_address']);
  expect(await set({ addresses: [address] })).toEqual([[{ address, role: 'named_in_settings', problem: null }], null]);
  await api.sql`
    INSERT INTO mail_recipients (address, status, status_at, created_at, updated_at)
    VALUES (${address.toUpperCase()}, 'bounced', now(), now(), now())`;
  expect(await set({})).toEqual([[{ address, role: 'named_in_settings', problem: 'bounced' }], 'all_suppressed']);
  expect(await set({ addresses: [address, 'ada@nordwind.example'] })).toEqual([
    [expect.anything(), expect.anything()],
    null,
  ]);
  expect(await set({ is_sent: false })).toEqual([[], 'not_sent']);
});

test('the same schedule of a contract is refused, also when an edit makes it the same', async () => {
  const { id } = await contractOf();
  const answers = await Promise.all([create(id), create(id), create(id)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  expectRefusal(
    answers.find(({ status }) => status === 409)!,
    409,
    'REPORT_SCHEDULE_EXISTS',
  );
  const { body: other } = await create(id, { ...MONTHLY, at: '18:01' });
  expectRefusal(await edit(id, other.id, { at: '18:00' }), 409, 'REPORT_SCHEDULE_EXISTS');
  expect((await edit(id, other.id, { at: '18:02' })).status).toBe(200);
});

test('edits at the same time follow each other, and a contract has at most ten schedules', async () => {
  const { id } = await contractOf();
  const { body: schedule } = await create(id);
  const answers = await Promise.all([
    edit(id, schedule.id, { frequency: 'weekly', on_day: 2 }),
    edit(id, schedule.id, { at: '09:30' }),
  ]);
  expect(answers.map(({ status }: ApiAnswer) => status)).toEqual([200, 200]);
  expect((await api.call('GET', `/contracts/${id}/report-schedules/${schedule.id}`)).body).toMatchObject({
    ...{ frequency: 'weekly', on_day: 2, at: '09:30' },
  });
  const more = await Promise.all(
    Array.from({ length: 10 }, (_, n) => create(id, { frequency: 'quarterly', on_day: n + 1 })),
  );
  expect(more.filter(({ status }) => status === 201)).toHaveLength(9);
  expectRefusal(
    more.find(({ status }) => status === 409)!,
    409,
    'TOO_MANY_REPORT_SCHEDULES',
  );
});

test('a report has one event however often and at how many places it is sent, and of missed ones the newest has', async () => {
  const { id } = await contractOf();
  const { body: schedule } = await create(id);
  const [first, second, third] = schedule.next_reports;
  expect(await due(first.at)).toContain(schedule.id);
  await Promise.all(Array.from({ length: 5 }, () => send(schedule.id, first.at)));
  await send(schedule.id, first.at);
  expect(await sentOf(id)).toEqual([first.date]);
  expect(await due(first.at)).not.toContain(schedule.id);
  await send(schedule.id, third.at);
  expect(await sentOf(id)).toEqual([first.date, third.date]);
  const shown = (await api.call('GET', `/contracts/${id}/report-schedules/${schedule.id}`)).body;
  expect(shown.last_report).toEqual(third);
  expect(shown.next_report_at > third.at).toBe(true);
  expect(second.at < third.at).toBe(true);
});

test('a test clock decides what is due, and a terminated or deleted contract sends nothing', async () => {
  const clock = await buildTestClock(api.sql, '2027-01-10T00:00:00.000Z');
  const on_clock = await buildContractOnClock(api.sql, clock);
  const { body: clocked } = await create(on_clock);
  expect(clocked.next_reports[0].date).toBe('2027-01-31');
  await api.sql`UPDATE test_clocks SET now = '2027-03-15' WHERE id = ${clock}`;
  expect(await due(new Date().toISOString())).toContain(clocked.id);
  await send(clocked.id, new Date().toISOString());
  expect(await sentOf(on_clock)).toEqual(['2027-02-28']);

  const { id, name } = await contractOf();
  const { body: schedule } = await create(id);
  const [first, second] = schedule.next_reports;
  await api.call('POST', `/contracts/${id}/terminate`, { body: { reason: 'over' } });
  await send(schedule.id, first.at);
  expect(await sentOf(id)).toEqual([]);
  expectRefusal(await create(id), 409, 'CONTRACT_TERMINATED');
  expect((await edit(id, schedule.id, { enabled: false })).status).toBe(200);
  const deleted = await api.call('DELETE', `/contracts/${id}`, { body: { confirm_name: name } });
  expect(deleted.status).toBeLessThan(300);
  await send(schedule.id, second.at);
  expect(await sentOf(id)).toEqual([]);
  expect(await api.sql`SELECT FROM report_schedules WHERE contract_id = ${id}`).toHaveLength(0);
});

test('the file of a report is that of the API with masked keys, and a large one is left to a link', async () => {
  const { id: contract_id } = await contractOf({ quota: 500 });
  await api.call('POST', `/contracts/${contract_id}/generate`, { body: { count: 99 } });
  const now = new Date().toISOString();
  const file = await reportFile(api.sql, { contract_id, now });
  const { text } = await api.call('GET', `/contracts/${contract_id}/report.csv`);
  const [sent, full] = [String(file), text].map((csv) => csv.split('\n').map((line) => line.split(',')));
  expect(sent).toHaveLength(101);
  expect(sent!.map(([, ...fields]) => fields)).toEqual(full!.map(([, ...fields]) => fields));
  const keys = full!.slice(1, -1).map(([key]) => key!);
  for (const key of keys) expect(String(file)).not.toContain(key);
  const bytes = file!.length;
  expect(await reportFile(api.sql, { contract_id, now, bytes_max: bytes })).toHaveLength(bytes);
  expect(await reportFile(api.sql, { contract_id, now, bytes_max: bytes - 1 })).toBeNull();
});
