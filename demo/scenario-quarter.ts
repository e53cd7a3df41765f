/**
 * The story of a reseller's quarter, lived by a test clock: activation, an invoice that stays unpaid, suspension in the
 * middle of a job, payment, renewal with more quota, and the end after opting out.
 *
 * Each act plays at one instant of the clock and may be repeated there: an interrupted story passes over the acts that
 * lie behind the clock.
 */
import { beginTelling, demandFields, told, watchJob, type Story, type StoryStage } from './scenario';
import { createStoryClient } from './client';
import { clockNow, foretell, travel, type StoryClock } from './test-clock';
import type { StoryOutput } from './progress';
import {
  bill,
  command,
  expectContract,
  makeReseller,
  orderLicenses,
  readJob,
  showClock,
  showContract,
  showCrossings,
  showJob,
  showRefusal,
  type Reseller,
} from './reseller';

/** What the story left behind, for whoever wants to look again. */
export interface PlayedQuarter extends StoryClock {
  job_id: string;
}

/** So many that suspension comes in the middle of the job, however fast the machine is. */
export const LICENSES = 500_000;
export const RENEWAL_ADDS = 300;

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
const TERMS = { clock_now: BEGUN_AT, quota: LICENSES, expiry_grace_days: GRACE_DAYS, renewal_adds: RENEWAL_ADDS };

/** The reseller, and where the story is told. */
interface Quarter extends Reseller {
  out: StoryOutput;
}

interface Act {
  at: string;
  title: string;
  play: (quarter: Quarter) => Promise<void>;
}

export const QUARTER_STORY: Story<PlayedQuarter> = { file: 'story-quarter.json', play: playQuarter };

const ACTS: readonly Act[] = [
  { at: BEGUN_AT, title: 'A contract for a quarter, activated', play: isActivated },
  { at: BEGUN_AT, title: 'An invoice, and what comes if nobody pays it', play: isBilled },
  { at: PAST_DUE_AT, title: 'The invoice is overdue', play: fallsPastDue },
  { at: SUSPENDED_AT, title: 'Suspension stops a job in the middle', play: isSuspended },
  { at: PAID_AT, title: 'The payment: reinstated, and the same job finishes', play: isReinstated },
  { at: RENEWED_AT, title: `The quarter is over: renewed by itself, with ${RENEWAL_ADDS} more`, play: isRenewed },
  { at: RENEWED_AT, title: 'The reseller opts out of one more', play: optsOut },
  { at: ENDED_AT, title: 'The second quarter is over: no renewal, days of grace', play: entersGrace },
  { at: EXPIRED_AT, title: 'Expired', play: expires },
];

async function playQuarter(stage: StoryStage, out: StoryOutput): Promise<PlayedQuarter> {
  const { api_url, super_admin_key } = stage.describe();
  const api = createStoryClient(api_url, super_admin_key);
  const { step, passOver, say } = beginTelling(
    out,
    "The story of a reseller's quarter, by a test clock that it advances itself:",
  );
  const quarter: Quarter = { api, stage, out, say, ...(await makeReseller(api, TERMS)) };
  for (const { at, title, play } of ACTS) {
    const passed = (await clockNow(api, quarter)) > at;
    if (passed) passOver();
    else {
      step(`${at}  ${title}`);
      await play(quarter);
    }
  }
  out.write('\n');
  const { clock_id, contract_id } = quarter;
  return { clock_id, contract_id, job_id: await orderLicenses(quarter, LICENSES) };
}

async function isActivated(quarter: Quarter): Promise<void> {
  await command(quarter, 'activate');
  const { state, term, quota } = await expectContract(quarter, { state: 'ACTIVE' });
  quarter.say(
    `a reseller in staging, for ${told(quota.total)} licenses, to be renewed by itself with ${RENEWAL_ADDS} more`,
  );
  quarter.say(`${state} up to ${term.last_day} in Berlin, then ${GRACE_DAYS} days of grace: ${quarter.contract_id}`);
  await showContract(quarter, 'RUNNING');
}

async function isBilled(quarter: Quarter): Promise<void> {
  await bill(quarter, { type: 'invoice.open', due_date: DUE_DATE, version: 1 });
  const { state } = await expectContract(quarter, {}, ({ billing }) => billing.unpaid_invoices.length === 1);
  quarter.say(`due on ${DUE_DATE}, and the contract is ${state}. Its timeline foretells:`);
  showCrossings(quarter, await foretell(quarter.api, quarter, SUSPENDED_AT));
  await showContract(quarter, 'RUNNING');
}

async function fallsPastDue(quarter: Quarter): Promise<void> {
  showCrossings(quarter, await travel(quarter.api, quarter, PAST_DUE_AT));
  const { state, status, warnings } = await expectContract(quarter, { state: 'PAST_DUE', status: 'active' });
  quarter.say(`as foretold: ${state}, still ${status}, with the warning ${warnings.join(', ')}`);
  await showClock(quarter);
}

async function isSuspended(quarter: Quarter): Promise<void> {
  const { api, out } = quarter;
  const job_id = await orderLicenses(quarter, LICENSES);
  quarter.say(`${told(LICENSES)} licenses are asked for; as soon as the job runs the clock goes on`);
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const [crossed] = await Promise.all([
    begun.then(() => travel(api, quarter, SUSPENDED_AT)),
    watchJob(api, { job_id, total: LICENSES }, out, ({ state }, ended) => {
      if (state !== 'QUEUED') begin();
      return state === 'PAUSED' || ended;
    }),
  ]);
  showCrossings(quarter, crossed);
  await expectContract(quarter, { state: 'SUSPENDED', inactive_reason: 'BILLING_SUSPENDED' });
  const job = await readJob(quarter, job_id);
  const stopped = `the job is ${job.state} with ${told(job.completed)} of ${told(job.requested)}; the rest stays reserved`;
  quarter.say(job.state === 'PAUSED' ? stopped : `the job was through before it could be stopped: ${job.state}`);
  await showRefusal(quarter, 'BILLING_SUSPENDED');
  await showClock(quarter);
  await showJob(quarter, job);
}

async function isReinstated(quarter: Quarter): Promise<void> {
  const { api, out } = quarter;
  await travel(api, quarter, PAID_AT);
  await bill(quarter, { type: 'invoice.paid', due_date: DUE_DATE, version: 2 });
  const { state, status } = await expectContract(quarter, { state: 'ACTIVE', status: 'active' });
  quarter.say(`${state}, ${status}; the job goes on by itself where it stopped`);
  const job_id = await orderLicenses(quarter, LICENSES);
  await watchJob(api, { job_id, total: LICENSES }, out, (_job, ended) => ended);
  const job = await readJob(quarter, job_id);
  demandFields(job, { state: 'SUCCEEDED', completed: LICENSES, failed: 0 }, 'the job');
  quarter.say(`the job is ${job.state} with ${told(job.completed)} of ${told(job.requested)}`);
  await showContract(quarter, 'RUNNING');
  await showJob(quarter, job);
}

async function isRenewed(quarter: Quarter): Promise<void> {
  showCrossings(quarter, await travel(quarter.api, quarter, RENEWED_AT));
  const { state, term, quota } = await expectContract(quarter, { state: 'ACTIVE' });
  demandFields(term, { number: 2 }, 'the term');
  const renewed = { total: LICENSES + RENEWAL_ADDS, generated: LICENSES, reserved: 0, remaining: RENEWAL_ADDS };
  demandFields(quota, renewed, 'the quota');
  quarter.say(
    `${state}, term ${term.number} up to ${term.last_day}, ${told(quota.remaining)} licenses more to generate`,
  );
  await showClock(quarter);
}

async function optsOut(quarter: Quarter): Promise<void> {
  await command(quarter, 'opt-out');
  const { renewal } = await expectContract(quarter, {}, ({ renewal: { opt_out_at } }) => opt_out_at !== null);
  quarter.say(`in time, which would have been up to ${renewal.notice_date}. The timeline foretells:`);
  showCrossings(quarter, await foretell(quarter.api, quarter, EXPIRED_AT));
  await showContract(quarter, 'RUNNING');
}

async function entersGrace(quarter: Quarter): Promise<void> {
  showCrossings(quarter, await travel(quarter.api, quarter, ENDED_AT));
  const { state, status } = await expectContract(quarter, { state: 'EXPIRY_GRACE', status: 'inactive' });
  quarter.say(`as foretold: ${state}, ${status}; it could still be renewed by hand`);
  await showClock(quarter);
}

async function expires(quarter: Quarter): Promise<void> {
  showCrossings(quarter, await travel(quarter.api, quarter, EXPIRED_AT));
  const { state } = await expectContract(quarter, { state: 'EXPIRED', status: 'inactive' });
  quarter.say(`${state}: nothing more is generated, and what was issued goes on working`);
  await showRefusal(quarter, 'CONTRACT_EXPIRED');
  await showClock(quarter);
  await showContract(quarter, 'COMPLETED');
}
