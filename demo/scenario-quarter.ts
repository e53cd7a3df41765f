/**
 * The story of a reseller's quarter, lived by a test clock: activation, an invoice that stays unpaid, suspension in the
 * middle of a job, payment, renewal with more quota, and the end after opting out.
 *
 * Each act plays at one instant of the clock and may be repeated there: an interrupted story passes over the acts that
 * lie behind the clock.
 */
import { startReport, assertFields, formatCount, watchJob, type Scenario, type ScenarioContext } from './scenario';
import { createScenarioClient } from './client';
import { readClockNow, readForecast, advanceClock, type ScenarioClock } from './test-clock';
import type { ScenarioOutput } from './progress';
import {
  sendInvoiceEvent,
  sendAction,
  waitForContract,
  createReseller,
  requestLicenses,
  readJob,
  reportClock,
  reportContract,
  reportTimeline,
  reportJob,
  reportRefusal,
  type Reseller,
} from './reseller';

/** What the story left behind, for whoever wants to look again. */
export interface QuarterResult extends ScenarioClock {
  job_id: string;
}

/** So many that suspension comes in the middle of the job, however fast the machine is. */
export const LICENSES = 500_000;
export const RENEWAL_QUOTA_ADDED = 300;

/** Where the clock stands at each act: nine in the morning in Berlin, ten in summer. */
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

/** The reseller, and where the story is told. */
interface Quarter extends Reseller {
  out: ScenarioOutput;
}

interface Step {
  at: string;
  title: string;
  play: (quarter: Quarter) => Promise<void>;
}

export const QUARTER_SCENARIO: Scenario<QuarterResult> = { file: 'story-quarter.json', run: runQuarterScenario };

const STEPS: readonly Step[] = [
  { at: BEGUN_AT, title: 'A contract for a quarter, activated', play: activateContract },
  { at: BEGUN_AT, title: 'An invoice, and what comes if nobody pays it', play: openInvoice },
  { at: PAST_DUE_AT, title: 'The invoice is overdue', play: passDueDate },
  { at: SUSPENDED_AT, title: 'Suspension stops a job in the middle', play: suspendDuringJob },
  { at: PAID_AT, title: 'The payment: reinstated, and the same job finishes', play: payInvoice },
  {
    at: RENEWED_AT,
    title: `The quarter is over: renewed by itself, with ${RENEWAL_QUOTA_ADDED} more`,
    play: passQuarterEnd,
  },
  { at: RENEWED_AT, title: 'The reseller opts out of one more', play: optOutOfRenewal },
  { at: ENDED_AT, title: 'The second quarter is over: no renewal, days of grace', play: passTermEnd },
  { at: EXPIRED_AT, title: 'Expired', play: passGraceEnd },
];

async function runQuarterScenario(stage: ScenarioContext, out: ScenarioOutput): Promise<QuarterResult> {
  const { api_url, super_admin_key } = stage.describe();
  const api = createScenarioClient(api_url, super_admin_key);
  const {
    step,
    skipStep: passOver,
    report: say,
  } = startReport(out, "The story of a reseller's quarter, by a test clock that it advances itself:");
  const quarter: Quarter = { api, context: stage, out, report: say, ...(await createReseller(api, CONTRACT_OPTIONS)) };
  for (const { at, title, play } of STEPS) {
    const passed = (await readClockNow(api, quarter)) > at;
    if (passed) passOver();
    else {
      step(`${at}  ${title}`);
      await play(quarter);
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
    `a reseller in staging, for ${formatCount(quota.total)} licenses, to be renewed by itself with ${RENEWAL_QUOTA_ADDED} more`,
  );
  quarter.report(`${state} up to ${term.last_day} in Berlin, then ${GRACE_DAYS} days of grace: ${quarter.contract_id}`);
  await reportContract(quarter, 'RUNNING');
}

async function openInvoice(quarter: Quarter): Promise<void> {
  await sendInvoiceEvent(quarter, { type: 'invoice.open', due_date: DUE_DATE, version: 1 });
  const { state } = await waitForContract(quarter, {}, ({ billing }) => billing.unpaid_invoices.length === 1);
  quarter.report(`due on ${DUE_DATE}, and the contract is ${state}. Its timeline foretells:`);
  reportTimeline(quarter, await readForecast(quarter.api, quarter, SUSPENDED_AT));
  await reportContract(quarter, 'RUNNING');
}

async function passDueDate(quarter: Quarter): Promise<void> {
  reportTimeline(quarter, await advanceClock(quarter.api, quarter, PAST_DUE_AT));
  const { state, status, warnings } = await waitForContract(quarter, { state: 'PAST_DUE', status: 'active' });
  quarter.report(`as foretold: ${state}, still ${status}, with the warning ${warnings.join(', ')}`);
  await reportClock(quarter);
}

async function suspendDuringJob(quarter: Quarter): Promise<void> {
  const { api, out } = quarter;
  const job_id = await requestLicenses(quarter, LICENSES);
  quarter.report(`${formatCount(LICENSES)} licenses are asked for; as soon as the job runs the clock goes on`);
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const [crossed] = await Promise.all([
    begun.then(() => advanceClock(api, quarter, SUSPENDED_AT)),
    watchJob(api, { job_id, total: LICENSES }, out, ({ state }, ended) => {
      if (state !== 'QUEUED') begin();
      return state === 'PAUSED' || ended;
    }),
  ]);
  reportTimeline(quarter, crossed);
  await waitForContract(quarter, { state: 'SUSPENDED', inactive_reason: 'BILLING_SUSPENDED' });
  const job = await readJob(quarter, job_id);
  const stopped = `the job is ${job.state} with ${formatCount(job.completed)} of ${formatCount(job.requested)}; the rest stays reserved`;
  quarter.report(job.state === 'PAUSED' ? stopped : `the job was through before it could be stopped: ${job.state}`);
  await reportRefusal(quarter, 'BILLING_SUSPENDED');
  await reportClock(quarter);
  await reportJob(quarter, job);
}

async function payInvoice(quarter: Quarter): Promise<void> {
  const { api, out } = quarter;
  await advanceClock(api, quarter, PAID_AT);
  await sendInvoiceEvent(quarter, { type: 'invoice.paid', due_date: DUE_DATE, version: 2 });
  const { state, status } = await waitForContract(quarter, { state: 'ACTIVE', status: 'active' });
  quarter.report(`${state}, ${status}; the job goes on by itself where it stopped`);
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
    `${state}, term ${term.number} up to ${term.last_day}, ${formatCount(quota.remaining)} licenses more to generate`,
  );
  await reportClock(quarter);
}

async function optOutOfRenewal(quarter: Quarter): Promise<void> {
  await sendAction(quarter, 'opt-out');
  const { renewal } = await waitForContract(quarter, {}, ({ renewal: { opt_out_at } }) => opt_out_at !== null);
  quarter.report(`in time, which would have been up to ${renewal.notice_date}. The timeline foretells:`);
  reportTimeline(quarter, await readForecast(quarter.api, quarter, EXPIRED_AT));
  await reportContract(quarter, 'RUNNING');
}

async function passTermEnd(quarter: Quarter): Promise<void> {
  reportTimeline(quarter, await advanceClock(quarter.api, quarter, ENDED_AT));
  const { state, status } = await waitForContract(quarter, { state: 'EXPIRY_GRACE', status: 'inactive' });
  quarter.report(`as foretold: ${state}, ${status}; it could still be renewed by hand`);
  await reportClock(quarter);
}

async function passGraceEnd(quarter: Quarter): Promise<void> {
  reportTimeline(quarter, await advanceClock(quarter.api, quarter, EXPIRED_AT));
  const { state } = await waitForContract(quarter, { state: 'EXPIRED', status: 'inactive' });
  quarter.report(`${state}: nothing more is generated, and what was issued goes on working`);
  await reportRefusal(quarter, 'CONTRACT_EXPIRED');
  await reportClock(quarter);
  await reportContract(quarter, 'COMPLETED');
}
