/**
 * The scenario of a reseller's quarter on a test clock: activation, an unpaid invoice, suspension in the middle of a
 * job, payment, renewal with more quota, and the end after an opt-out.
 *
 * Each step runs at one instant of the clock and can be repeated there. A scenario that continues after an interruption
 * skips the steps before the clock's `now`.
 */
import { startReport, assertFields, formatCount, watchJob, type Scenario, type ScenarioContext } from './scenario';
import { createScenarioClient } from './client';
import { readClockNow, readForecast, advanceClock, type ScenarioClock } from './test-clock';
import { waitForMail } from './mail';
import type { ScenarioOutput } from './progress';
import {
  sendInvoiceEvent,
  sendAction,
  waitForContract,
  createReseller,
  requestLicenses,
  QUARTER_CUSTOMER,
  QUARTER_MANAGER,
  readJob,
  reportClock,
  reportContract,
  reportTimeline,
  reportJob,
  reportRefusal,
  type Reseller,
} from './reseller';

/** The ids of what the scenario created. */
export interface QuarterResult extends ScenarioClock {
  job_id: string;
}

/** Enough licenses for the suspension to happen during the job on any machine. */
export const LICENSES = 500_000;
export const RENEWAL_QUOTA_ADDED = 300;

/** The instants of the steps: nine in the morning in Berlin, ten in summer. */
const BEGUN_AT = '2027-01-01T08:00:00.000Z';
const PAST_DUE_AT = '2027-01-11T08:00:00.000Z';
const SUSPENDED_AT = '2027-01-24T08:00:00.000Z';
const PAID_AT = '2027-01-25T08:00:00.000Z';
const RENEWED_AT = '2027-04-01T08:00:00.000Z';
const ENDED_AT = '2027-07-01T08:00:00.000Z';
const EXPIRED_AT = '2027-07-08T08:00:00.000Z';

const DUE_DATE = '2027-01-10';
const GRACE_DAYS = 7;
const CONTRACT_OPTIONS = {
  clock_now: BEGUN_AT,
  quota: LICENSES,
  expiry_grace_days: GRACE_DAYS,
  renewal_quota_added: RENEWAL_QUOTA_ADDED,
};

/** The reseller and the output. */
interface Quarter extends Reseller {
  out: ScenarioOutput;
}

interface Step {
  at: string;
  title: string;
  run: (quarter: Quarter) => Promise<void>;
}

export const QUARTER_SCENARIO: Scenario<QuarterResult> = { file: 'story-quarter.json', run: runQuarterScenario };

const STEPS: readonly Step[] = [
  { at: BEGUN_AT, title: 'A contract for a quarter, activated', run: activateContract },
  { at: BEGUN_AT, title: 'An invoice, and the forecast without a payment', run: openInvoice },
  { at: PAST_DUE_AT, title: 'The invoice is overdue', run: passDueDate },
  { at: SUSPENDED_AT, title: 'Suspension stops a job in the middle', run: suspendDuringJob },
  { at: PAID_AT, title: 'The payment: reinstated, and the same job finishes', run: payInvoice },
  {
    at: RENEWED_AT,
    title: `The quarter ends: renewed automatically, with ${RENEWAL_QUOTA_ADDED} more`,
    run: passQuarterEnd,
  },
  { at: RENEWED_AT, title: 'The reseller opts out of the next renewal', run: optOutOfRenewal },
  { at: ENDED_AT, title: 'The second quarter ends: no renewal, the grace period starts', run: passTermEnd },
  { at: EXPIRED_AT, title: 'Expired', run: passGraceEnd },
];

async function runQuarterScenario(context: ScenarioContext, out: ScenarioOutput): Promise<QuarterResult> {
  const { api_url, super_admin_key } = context.describe();
  const api = createScenarioClient(api_url, super_admin_key);
  const { step, skipStep, report } = startReport(
    out,
    "Scenario: a reseller's quarter, on a test clock that the scenario advances",
  );
  const quarter: Quarter = { api, context, out, report, ...(await createReseller(api, CONTRACT_OPTIONS)) };
  for (const { at, title, run } of STEPS) {
    const passed = (await readClockNow(api, quarter)) > at;
    if (passed) skipStep();
    else {
      step(`${at}  ${title}`);
      await run(quarter);
    }
  }
  out.write('\n');
  const { clock_id, contract_id } = quarter;
  return { clock_id, contract_id, job_id: await requestLicenses(quarter, LICENSES) };
}

async function activateContract(quarter: Quarter): Promise<void> {
  await sendAction(quarter, 'activate');
  const { state, term, quota } = await waitForContract(quarter, { state: 'ACTIVE' });
  quarter.report(
    `a reseller in staging, for ${formatCount(quota.total)} licenses, with automatic renewal that adds ${RENEWAL_QUOTA_ADDED} more`,
  );
  quarter.report(`${state} up to ${term.last_day} in Berlin, then ${GRACE_DAYS} days of grace: ${quarter.contract_id}`);
  await reportContract(quarter, 'RUNNING');
}

async function openInvoice(quarter: Quarter): Promise<void> {
  await sendInvoiceEvent(quarter, { type: 'invoice.open', due_date: DUE_DATE, version: 1 });
  const { state } = await waitForContract(quarter, {}, ({ billing }) => billing.unpaid_invoices.length === 1);
  quarter.report(`due on ${DUE_DATE}, and the contract is ${state}. The forecast of its timeline:`);
  reportTimeline(quarter, await readForecast(quarter.api, quarter, SUSPENDED_AT));
  await reportContract(quarter, 'RUNNING');
}

async function passDueDate(quarter: Quarter): Promise<void> {
  reportTimeline(quarter, await advanceClock(quarter.api, quarter, PAST_DUE_AT));
  const { state, status, warnings } = await waitForContract(quarter, { state: 'PAST_DUE', status: 'active' });
  quarter.report(`as forecast: ${state}, still ${status}, with the warning ${warnings.join(', ')}`);
  await reportClock(quarter);
}

async function suspendDuringJob(quarter: Quarter): Promise<void> {
  const { api, out } = quarter;
  const job_id = await requestLicenses(quarter, LICENSES);
  quarter.report(`${formatCount(LICENSES)} licenses are requested; the clock advances as soon as the job runs`);
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const [applied] = await Promise.all([
    begun.then(() => advanceClock(api, quarter, SUSPENDED_AT)),
    watchJob(api, { job_id, total: LICENSES }, out, ({ state }, ended) => {
      if (state !== 'QUEUED') begin();
      return state === 'PAUSED' || ended;
    }),
  ]);
  reportTimeline(quarter, applied);
  await waitForContract(quarter, { state: 'SUSPENDED', inactive_reason: 'BILLING_SUSPENDED' });
  const job = await readJob(quarter, job_id);
  const stopped = `the job is ${job.state} with ${formatCount(job.completed)} of ${formatCount(job.requested)}; the rest stays reserved`;
  quarter.report(job.state === 'PAUSED' ? stopped : `the job finished before the suspension: ${job.state}`);
  await reportRefusal(quarter, 'BILLING_SUSPENDED');
  await waitForMails(quarter);
  await reportClock(quarter);
  await reportJob(quarter, job);
}

/** Mails about what is no longer true are not sent, so they are awaited before the payment. */
async function waitForMails({ context }: Quarter): Promise<void> {
  const { mail_url } = context.describe();
  if (mail_url === null) return;
  await waitForMail(mail_url, { to: QUARTER_MANAGER, subject: '[staging] Payment overdue' });
  await waitForMail(mail_url, { to: QUARTER_CUSTOMER, subject: '[staging] Contract suspended' });
}

async function payInvoice(quarter: Quarter): Promise<void> {
  const { api, out } = quarter;
  await advanceClock(api, quarter, PAID_AT);
  await sendInvoiceEvent(quarter, { type: 'invoice.paid', due_date: DUE_DATE, version: 2 });
  const { state, status } = await waitForContract(quarter, { state: 'ACTIVE', status: 'active' });
  quarter.report(`${state}, ${status}; the job continues where it stopped`);
  const job_id = await requestLicenses(quarter, LICENSES);
  await watchJob(api, { job_id, total: LICENSES }, out, (_job, ended) => ended);
  const job = await readJob(quarter, job_id);
  assertFields(job, { state: 'SUCCEEDED', completed: LICENSES, failed: 0 }, 'the job');
  quarter.report(`the job is ${job.state} with ${formatCount(job.completed)} of ${formatCount(job.requested)}`);
  await reportContract(quarter, 'RUNNING');
  await reportJob(quarter, job);
}

async function passQuarterEnd(quarter: Quarter): Promise<void> {
  reportTimeline(quarter, await advanceClock(quarter.api, quarter, RENEWED_AT));
  const { state, term, quota } = await waitForContract(quarter, { state: 'ACTIVE' });
  assertFields(term, { number: 2 }, 'the term');
  const renewed = {
    total: LICENSES + RENEWAL_QUOTA_ADDED,
    generated: LICENSES,
    reserved: 0,
    remaining: RENEWAL_QUOTA_ADDED,
  };
  assertFields(quota, renewed, 'the quota');
  quarter.report(
    `${state}, term ${term.number} up to ${term.last_day}, ${formatCount(quota.remaining)} more licenses to generate`,
  );
  await reportClock(quarter);
}

async function optOutOfRenewal(quarter: Quarter): Promise<void> {
  await sendAction(quarter, 'opt-out');
  const { renewal } = await waitForContract(quarter, {}, ({ renewal: { opt_out_at } }) => opt_out_at !== null);
  quarter.report(`in time (the last day is ${renewal.notice_date}). The forecast of the timeline:`);
  reportTimeline(quarter, await readForecast(quarter.api, quarter, EXPIRED_AT));
  await reportContract(quarter, 'RUNNING');
}

async function passTermEnd(quarter: Quarter): Promise<void> {
  reportTimeline(quarter, await advanceClock(quarter.api, quarter, ENDED_AT));
  const { state, status } = await waitForContract(quarter, { state: 'EXPIRY_GRACE', status: 'inactive' });
  quarter.report(`as forecast: ${state}, ${status}; it can still be renewed manually`);
  await reportClock(quarter);
}

async function passGraceEnd(quarter: Quarter): Promise<void> {
  reportTimeline(quarter, await advanceClock(quarter.api, quarter, EXPIRED_AT));
  const { state } = await waitForContract(quarter, { state: 'EXPIRED', status: 'inactive' });
  quarter.report(`${state}: no more licenses are generated, and issued licenses stay valid`);
  await reportRefusal(quarter, 'CONTRACT_EXPIRED');
  await reportClock(quarter);
  await reportContract(quarter, 'COMPLETED');
}
