/**
 * The scenario of a reseller with an API key of its own: its script runs into its rate limit, waits, uses up its quota, and
 * finishes after the quota is raised. The script uses the client of docs/clients, as a reseller would.
 *
 * A scenario that continues after an interruption skips the steps that the quota shows as done. The script repeats all its orders:
 * the number of an order is its idempotency key.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { CovenantError, createContractClient } from '../docs/clients/typescript/client';
import { createScenarioClient, ScenarioError, type ScenarioClient } from './client';
import { assertMailSays, waitForMail } from './mail';
import type { ScenarioOutput } from './progress';
import { assertFields, assertThat, startReport, type Scenario, type ScenarioContext } from './scenario';
import { trustEndpoint, waitForEvent } from './webhook';

/** Who hears of the quota: the reseller, and the person of the vendor who looks after the contract. */
export const RESELLER = 'licensing@techreseller.example';
export const ACCOUNT_MANAGER = 'partners@cad.example';

/** The id of what the scenario created. */
export interface PartnerResult {
  contract_id: string;
}

export const QUOTA = 200;
export const QUOTA_ADDED = 50;
const NEXT_QUARTER_QUOTA_ADDED = 300;
const CONTRACT_NAME = 'TechReseller Inc - Q1 2027 - 200 Licenses';
const RATE_LIMITS = { per_minute: 10, per_hour: 100, per_day: 200 };
/** How many licenses each order is for. The first 13 use up the quota; the others need the quota that is added. */
export const ORDERS: readonly number[] = Array.from({ length: 16 }, (_order, index) => (index % 2 === 0 ? 20 : 10));

/** The script starts with this many seconds of a minute left, so that it meets the limit before the minute ends. */
const LEFT_OF_MINUTE_MS = 5_000;
const MINUTE_MS = 60_000;

const Id = z.object({ id: z.string() });
const Quota = z.object({ total: z.int(), generated: z.int(), remaining: z.int() });
const Draft = Id.extend({
  api_access: z.object({ masked_key: z.string(), endpoint_url: z.string() }),
  webhook_endpoint: z.object({ secret: z.string().nullable() }).nullable(),
});
const Contract = z.object({ name: z.string(), state: z.string(), quota: Quota });
const TestLicense = z.object({
  licenses: z.array(z.object({ key: z.string() })).length(1),
  quota_remaining: z.literal(QUOTA),
});
const Listed = z.object({ data: z.array(z.object({ key: z.string(), is_test: z.boolean() })) });
const TestEvent = z.object({ is_test: z.boolean(), licenses: z.array(z.object({ key: z.string() })) });
const Usage = z.object({
  quota: Quota.extend({ utilization: z.number() }),
  rate_limits: z.array(z.object({ window: z.string(), limit: z.int(), used: z.int() })),
  refusals: z.array(z.object({ code: z.string(), calls: z.int() })),
});
const History = z.object({
  data: z.array(z.object({ requested: z.int(), method: z.literal('api'), status: z.literal('completed') })),
});

export const PARTNER_SCENARIO: Scenario<PartnerResult> = { file: 'story-partner.json', run: runPartnerScenario };

/** The contract, with the client of the vendor and what the script of the reseller needs. */
interface Partner {
  api: ScenarioClient;
  api_url: string;
  contract_id: string;
  key: string;
  /** Where its mails and its webhooks arrive; null: this stack has none. */
  mail_url: string | null;
  receiver_url: string | null;
  report: (sentence: string) => void;
}

async function runPartnerScenario(context: ScenarioContext, out: ScenarioOutput): Promise<PartnerResult> {
  const { api_url, super_admin_key, mail_url, receiver_url } = context.describe();
  const api = createScenarioClient(api_url, super_admin_key);
  const { step, skipStep, report } = startReport(out, "Scenario: a reseller's script, with an API key of its own");

  step('The contract of the reseller, created inactive');
  const partner = await createPartner({ api, api_url, mail_url, receiver_url, report });

  step('A test license with the key of the reseller, then the activation');
  await tryKey(partner);
  await editContract(partner, { status: 'active' });

  const { total } = (await readContract(partner)).quota;
  if (total > QUOTA) skipStep();
  else {
    step(`The script of the reseller: ${ORDERS.length} orders`);
    await useUpQuota(partner);
  }
  if (total > QUOTA + QUOTA_ADDED) skipStep();
  else {
    step(`The quota is raised by ${QUOTA_ADDED}, and the same script finishes`);
    await editContract(partner, { quota: QUOTA + QUOTA_ADDED });
    await showMail(partner, RESELLER, `Emergency quota increase approved: ${QUOTA_ADDED} additional licenses`, [
      `${QUOTA} / ${QUOTA + QUOTA_ADDED} used`,
    ]);
    await finishOrders(partner);
  }

  step(`The next quarter: ${NEXT_QUARTER_QUOTA_ADDED} more licenses for the same contract and the same key`);
  const quota = QUOTA + QUOTA_ADDED + NEXT_QUARTER_QUOTA_ADDED;
  await editContract(partner, { name: 'TechReseller Inc - Q2 2027 - 300 Licenses', quota, quota_label: 'Q2' });
  const { name, quota: raised } = await readContract(partner);
  report(`${name}: ${raised.remaining} of ${raised.total} licenses remain`);
  await showMail(partner, RESELLER, `Q2 quota activated: ${raised.remaining} licenses available`, []);
  out.write('\n');
  return { contract_id: partner.contract_id };
}

async function createPartner(given: Omit<Partner, 'contract_id' | 'key'>): Promise<Partner> {
  const { api, receiver_url, report } = given;
  const make = <T>(path: string, shape: z.ZodType<T>, body: Record<string, unknown>): Promise<T> =>
    api.call('POST', `/api/v1/${path}`, { body, idempotency_key: `partner: ${path}`, status: 201, shape });
  const customer = await make('customers', Id, { name: 'TechReseller Inc', email: RESELLER });
  const product = await make('products', Id, { name: 'CAD Viewer', code: 'cad-viewer' });
  const generator = await make('generators', Id, {
    name: 'CAD Viewer keys',
    product_id: product.id,
    format: { prefix: 'CADV', groups: 4, group_length: 5 },
  });
  const { id, api_access, webhook_endpoint } = await make('contracts', Draft, {
    name: CONTRACT_NAME,
    type: 'reseller',
    status: 'inactive',
    product_id: product.id,
    generator_id: generator.id,
    quota: QUOTA,
    customer_id: customer.id,
    account_manager: ACCOUNT_MANAGER,
    expiry: { duration: 'P1Y', basis: 'generation' },
    api_access: true,
    rate_limits: RATE_LIMITS,
    ip_allowlist: ['127.0.0.1'],
    ...(receiver_url !== null && { webhook_url: `${receiver_url}/hook` }),
  });
  // A repeated request shows no secret: the receiver has it from the first one.
  if (receiver_url !== null && webhook_endpoint?.secret) await trustEndpoint(receiver_url, webhook_endpoint.secret);
  const { per_minute, per_hour, per_day } = RATE_LIMITS;
  report(`${QUOTA} licenses, at most ${per_minute} requests a minute, ${per_hour} an hour and ${per_day} a day`);
  report(`its key ${api_access.masked_key} generates at ${api_access.endpoint_url}`);
  const { key } = await api.call('POST', `/api/v1/contracts/${id}/api-key/reveal`, {
    status: 200,
    shape: z.object({ key: z.string() }),
  });
  const partner = { ...given, contract_id: id, key };
  const { masked_key } = api_access;
  const mail = await showMail(partner, ACCOUNT_MANAGER, 'API key was shown', []);
  assertThat(
    !`${mail?.text} ${mail?.html}`.includes(key),
    `the mail about the key ${masked_key} has the whole key in it`,
  );
  return partner;
}

/** Waits for a mail and reports its subject. A stack without a mail catcher has none. */
async function showMail({ mail_url, report }: Partner, to: string, subject: string, says: readonly string[]) {
  if (mail_url === null) return undefined;
  const mail = await waitForMail(mail_url, { to, subject });
  assertMailSays(mail, ...says);
  report(`mail to ${to}: “${mail.subject}”`);
  return mail;
}

/** A draft generates test licenses only. The test shows that the key, the list of addresses and the receiver of webhooks are right. */
async function tryKey({ api, api_url, contract_id, key, receiver_url, report }: Partner): Promise<void> {
  const reseller = createScenarioClient(api_url, key);
  const { licenses } = await reseller.call('POST', `/api/v1/contracts/${contract_id}/generate`, {
    body: { count: 1, test: true },
    idempotency_key: 'partner: test license',
    status: 201,
    shape: TestLicense,
  });
  const [license] = licenses;
  report(`${license?.key}, which does not use the quota`);
  const source = encodeURIComponent(`Contract: ${CONTRACT_NAME}`);
  const { data } = await api.call('GET', `/api/v1/licenses?source=${source}&contract_id=${contract_id}`, {
    status: 200,
    shape: Listed,
  });
  assertFields({ ...data.at(-1) }, { key: license?.key, is_test: true }, 'the first license of the source');
  if (receiver_url === null) return;
  const { type, data: event } = await waitForEvent(receiver_url, { contract_id, type: 'license.batch_generated' });
  const announced = TestEvent.parse(event);
  assertFields(announced, { is_test: true }, 'the webhook');
  assertFields({ ...announced.licenses[0] }, { key: license?.key }, 'the license in the webhook');
  report(`its receiver of webhooks got ${type} with the same key and verified the signature`);
}

async function useUpQuota(partner: Partner): Promise<void> {
  const { api, contract_id, report } = partner;
  await waitForMinute();
  const { served, refused } = await runScript(partner);
  assertThat(refused?.code === 'QUOTA_EXCEEDED', `the script ended with ${refused?.message ?? 'all orders'}`);
  report(`the script stops after ${served} orders: ${refused?.message}`);
  const path = `/api/v1/contracts/${contract_id}/usage`;
  const { quota, rate_limits, refusals } = await api.call('GET', path, { status: 200, shape: Usage });
  assertFields(quota, { total: QUOTA, generated: QUOTA, remaining: 0 }, 'the quota');
  const used = rate_limits.map(({ window, used, limit }) => `${used} of ${limit} requests of the ${window}`);
  report(`what the vendor sees: ${quota.generated} of ${quota.total} generated (${quota.utilization} %)`);
  report(`  ${used.join(', ')}`);
  report(`  refused calls: ${refusals.map(({ code, calls }) => `${calls} ${code}`).join(', ')}`);
  const history = `/api/v1/jobs?contract_id=${contract_id}&method=api&limit=${ORDERS.length}`;
  const { data } = await api.call('GET', history, { status: 200, shape: History });
  const last = data.slice(0, 3).map(({ requested }) => requested);
  report(`  the last requests by its key: ${last.join(', ')} licenses, all completed`);
  await showMail(partner, ACCOUNT_MANAGER, 'Quota used up', []);
  await showMail(partner, ACCOUNT_MANAGER, 'More requested than the quota allows', [`${QUOTA}`]);
}

async function finishOrders(partner: Partner): Promise<void> {
  const { served, refused, licenses } = await runScript(partner);
  if (refused !== null) throw new ScenarioError(`the script ended with ${refused.message}`);
  const wanted = ORDERS.reduce((sum, count) => sum + count, 0);
  assertThat(new Set(licenses).size === wanted, `the script got ${new Set(licenses).size} licenses, not ${wanted}`);
  partner.report(`it sent all ${served} orders again: those that were served got the same licenses, none is doubled`);
  const { quota } = await readContract(partner);
  assertFields(quota, { total: QUOTA + QUOTA_ADDED, generated: wanted }, 'the quota');
  partner.report(`${quota.generated} of ${quota.total} licenses are generated, ${quota.remaining} remain`);
}

/** The script of the reseller. It ends with the last order, or with the first refusal. */
async function runScript({ api_url, contract_id, key, report }: Partner) {
  const contract = createContractClient({ url: api_url, contract_id, api_key: key, log: report });
  const licenses: string[] = [];
  for (const [index, count] of ORDERS.entries()) {
    try {
      for (const license of await contract.generate(count, `order-${index + 1}`)) licenses.push(license.key);
    } catch (error) {
      if (!(error instanceof CovenantError)) throw error;
      return { served: index, refused: error, licenses };
    }
  }
  return { served: ORDERS.length, refused: null, licenses };
}

/** A script that starts at the end of a minute would have the limit of two minutes. */
async function waitForMinute(): Promise<void> {
  const left_ms = MINUTE_MS - (Date.now() % MINUTE_MS);
  if (left_ms < LEFT_OF_MINUTE_MS) await sleep(left_ms);
}

async function editContract({ api, contract_id }: Partner, body: Record<string, unknown>): Promise<void> {
  await api.call('PATCH', `/api/v1/contracts/${contract_id}`, { body, status: 200, shape: Contract });
}

function readContract({ api, contract_id }: Partner): Promise<z.infer<typeof Contract>> {
  return api.call('GET', `/api/v1/contracts/${contract_id}`, { status: 200, shape: Contract });
}
