/**
 * Checks the result of the reseller scenario through the API and SQL: the licenses, the quota, and the order of the
 * audit.
 */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { z } from 'zod';
import type { Sql } from '../db/base/database';
import type { DevFile } from '../dev/dev-file';
import { waitForMail } from './mail';
import { QUARTER_CUSTOMER, QUARTER_MANAGER } from './reseller';
import { assertThat, assertFields, formatCount } from './scenario';
import { createScenarioClient } from './client';
import { LICENSES, RENEWAL_QUOTA_ADDED, type QuarterResult } from './scenario-quarter';

/** The complete audit of the contract, with the instant of each row. */
const AUDIT: readonly (readonly [at: string, action: string])[] = [
  ['2027-01-01T08:00:00.000Z', 'contract.created'],
  ['2027-01-01T08:00:00.000Z', 'contract.activated'],
  ['2027-01-01T08:00:00.000Z', 'billing.event_received'],
  ['2027-01-10T23:00:00.000Z', 'billing.past_due'],
  ['2027-01-23T23:00:00.000Z', 'contract.suspended'],
  ['2027-01-25T08:00:00.000Z', 'billing.event_received'],
  ['2027-01-25T08:00:00.000Z', 'contract.reinstated'],
  ['2027-01-30T23:00:00.000Z', 'renewal.reminder_due'],
  ['2027-03-01T23:00:00.000Z', 'renewal.notice_due'],
  ['2027-03-24T23:00:00.000Z', 'renewal.reminder_due'],
  ['2027-03-31T22:00:00.000Z', 'contract.renewed'],
  ['2027-04-01T08:00:00.000Z', 'renewal.opted_out'],
  ['2027-04-01T22:00:00.000Z', 'renewal.reminder_due'],
  ['2027-05-01T22:00:00.000Z', 'renewal.reminder_due'],
  ['2027-05-31T22:00:00.000Z', 'renewal.reminder_due'],
  ['2027-06-23T22:00:00.000Z', 'renewal.reminder_due'],
  ['2027-06-30T22:00:00.000Z', 'renewal.blocked'],
  ['2027-06-30T22:00:00.000Z', 'contract.grace_started'],
  ['2027-07-07T22:00:00.000Z', 'contract.expired'],
];

/** The audit actions of the job, in order. Their instants lie between two steps of the clock and are not checked. */
const JOB_AUDIT = ['generation.requested', 'job.started', 'job.paused', 'job.continued', 'job.finished'];
/** The actions of a job that finished before its contract was suspended. */
const JOB_AUDIT_WITHOUT_PAUSE = ['generation.requested', 'job.started', 'job.finished'];

/** Mails of which there is exactly one, with the beginnings of their subjects. The product is one of staging. */
const MAILS: readonly (readonly [to: string, subject: string])[] = [
  [QUARTER_MANAGER, '[staging] Payment overdue'],
  [QUARTER_CUSTOMER, '[staging] Contract suspended'],
  [QUARTER_CUSTOMER, '[staging] Contract reinstated'],
  [QUARTER_CUSTOMER, '[staging] Contract renewed until'],
  [QUARTER_CUSTOMER, '[staging] Contract will not renew'],
  [QUARTER_CUSTOMER, '[staging] Contract expired'],
];

const Audit = z.object({
  data: z.array(
    z.object({ at: z.string(), action: z.string(), clock: z.literal('test'), subject: z.object({ type: z.string() }) }),
  ),
  next_cursor: z.null(),
});
type AuditRow = z.infer<typeof Audit>['data'][number];

/** Throws ScenarioError when a license is missing or duplicated, or the quota or the audit is wrong. */
export async function checkQuarter(
  running: DevFile,
  sql: Sql,
  result: QuarterResult,
  report: (sentence: string) => void,
): Promise<void> {
  await checkLicenses(running, result);
  report(`The CSV file of the job contains ${formatCount(LICENSES)} licenses with different keys.`);
  const audit = await checkAudit(running, result);
  report(`The audit has ${audit} rows in the expected order, each at the expected instant of the test clock.`);
  await checkBySql(sql, result);
  report(
    'SQL shows the same: licenses, a quota with two grants, one renewal, two refused requests, one hold that was placed and lifted, two billing events.',
  );
  if (running.mail_url === null) return;
  const mails: string[] = [];
  for (const [to, subject] of MAILS) mails.push((await waitForMail(running.mail_url, { to, subject })).subject);
  report(`The mail catcher has one mail each: ${mails.map((subject) => `“${subject}”`).join(', ')}.`);
}

async function checkLicenses({ api_url, super_admin_key }: DevFile, { job_id }: QuarterResult): Promise<void> {
  const response = await fetch(`${api_url}/api/v1/jobs/${job_id}/licenses.csv`, {
    headers: { authorization: `Bearer ${super_admin_key}` },
  });
  assertThat(response.status === 200 && response.body !== null, `the CSV of the licenses answers ${response.status}`);
  const keys = new Set<string>();
  let rows = -1;
  for await (const line of createInterface({ input: Readable.from(response.body as AsyncIterable<Uint8Array>) })) {
    rows += 1;
    if (rows > 0) keys.add(line.slice(0, line.indexOf(',')));
  }
  assertFields({ rows, keys: keys.size }, { rows: LICENSES, keys: LICENSES }, 'the licenses in the CSV');
}

/** Returns the number of rows. */
async function checkAudit({ api_url, super_admin_key }: DevFile, { contract_id }: QuarterResult): Promise<number> {
  const api = createScenarioClient(api_url, super_admin_key);
  const path = `/api/v1/contracts/${contract_id}/activity?limit=100`;
  const rows = (await api.call('GET', path, { status: 200, shape: Audit })).data.reverse();
  const sorted = rows.every(({ at }, index) => at >= (rows[index - 1]?.at ?? at));
  assertThat(sorted, `the audit is not in order: ${rows.map(({ at }) => at).join(', ')}`);
  const of_job = ({ subject }: AuditRow): boolean => subject.type === 'job';
  const contract = rows.filter((row) => !of_job(row)).map(({ at, action }) => `${at} ${action}`);
  const wanted = AUDIT.map((row) => row.join(' '));
  assertThat(contract.join('\n') === wanted.join('\n'), `the audit of the contract is\n${contract.join('\n')}`);
  const job = rows.filter(of_job).map(({ action }) => action);
  const expected = [JOB_AUDIT, JOB_AUDIT_WITHOUT_PAUSE].map((actions) => actions.join(', '));
  assertThat(expected.includes(job.join(', ')), `the audit of the job is ${job.join(', ')}`);
  return rows.length;
}

async function checkBySql(sql: Sql, { contract_id, job_id }: QuarterResult): Promise<void> {
  const [made] = await sql<[{ rows: number; keys: number; ordinals: number; first: number; last: number }]>`
    SELECT count(*)::int AS rows, count(DISTINCT key)::int AS keys, count(DISTINCT ordinal)::int AS ordinals,
           min(ordinal)::int AS first, max(ordinal)::int AS last
    FROM issued_licenses WHERE contract_id = ${contract_id} AND job_id = ${job_id}`;
  const all = { rows: LICENSES, keys: LICENSES, ordinals: LICENSES, first: 1, last: LICENSES };
  assertFields(made, all, 'the licenses in SQL');

  const [quota] = await sql<[{ total: number; claimed: number; granted: string }]>`
    SELECT total, claimed, (SELECT string_agg(amount::text, ' + ' ORDER BY effective_at) FROM quota_grants g
                            WHERE g.contract_id = q.contract_id) AS granted
    FROM contract_quotas q WHERE contract_id = ${contract_id}`;
  const granted = `${LICENSES} + ${RENEWAL_QUOTA_ADDED}`;
  assertFields(quota, { total: LICENSES + RENEWAL_QUOTA_ADDED, claimed: LICENSES, granted }, 'the quota in SQL');

  const [refused] = await sql<[{ codes: string | null }]>`
    SELECT string_agg(code || ' ' || attempts, ', ' ORDER BY code) AS codes FROM refused_attempts WHERE contract_id = ${contract_id}`;
  assertFields(refused, { codes: 'BILLING_SUSPENDED 1, CONTRACT_EXPIRED 1' }, 'the refused requests in SQL');

  const renewals = await sql<{ term_number: number; start_date: string; end_date: string; quota_added: number }[]>`
    SELECT term_number, start_date, end_date, quota_added FROM contract_renewals WHERE contract_id = ${contract_id}`;
  const renewal = {
    term_number: 2,
    start_date: '2027-04-01',
    end_date: '2027-07-01',
    quota_added: RENEWAL_QUOTA_ADDED,
  };
  assertThat(renewals.length === 1, `SQL shows ${renewals.length} renewals instead of one`);
  assertFields(renewals[0] ?? {}, renewal, 'the renewal in SQL');

  const holds = await sql<{ source: string; placed_at: string; lifted_at: string | null }[]>`
    SELECT source, placed_at, lifted_at FROM contract_holds WHERE contract_id = ${contract_id}`;
  const hold = { source: 'billing', placed_at: '2027-01-23T23:00:00.000Z', lifted_at: '2027-01-25T08:00:00.000Z' };
  assertThat(holds.length === 1, `SQL shows ${holds.length} holds instead of one`);
  assertFields(holds[0] ?? {}, hold, 'the hold in SQL');

  const [events] = await sql<[{ received: number; applied: number }]>`
    SELECT count(*)::int AS received, count(*) FILTER (WHERE outcome = 'APPLIED')::int AS applied
    FROM billing_inbox WHERE contract_id = ${contract_id}`;
  assertFields(events, { received: 2, applied: 2 }, 'the billing events in SQL');
}
