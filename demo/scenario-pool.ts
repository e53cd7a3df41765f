/** The scenario of a license pool, from an empty installation to 2,000 licenses. */
import { z } from 'zod';
import { startReport, findInTemporalUi, formatCount, watchJob, type Scenario, type ScenarioContext } from './scenario';
import { createScenarioClient } from './client';
import type { ScenarioOutput } from './progress';

/** The ids of what the scenario created. */
export interface PoolResult {
  contract_id: string;
  job_id: string;
  test_job_id: string;
}

export const CONTRACT_NAME = 'Black Friday 2026 License Pool - 2000 Licenses';
export const QUOTA = 2_000;

const SHOWN_LICENSES = 10;
const PRODUCT_CODE = 'cad-suite';

const Id = z.object({ id: z.string() });
const KeyFormat = z.object({ prefix: z.string(), groups: z.int(), group_length: z.int() });
const Generator = Id.extend({ format: KeyFormat });
const Draft = Id.extend({ state: z.literal('DRAFT'), status: z.literal('inactive'), workflow_id: z.string() });
const Active = z.object({ state: z.literal('ACTIVE'), status: z.literal('active') });
const TestLicenses = z.object({
  job_id: z.string(),
  quota_remaining: z.literal(QUOTA),
  licenses: z.array(z.object({ key: z.string(), expires_at: z.string() })).length(1),
});
const Queued = z.object({ job_id: z.string(), licenses_requested: z.literal(QUOTA), quota_remaining: z.literal(0) });
const FinishedJob = z.object({
  state: z.literal('SUCCEEDED'),
  requested: z.literal(QUOTA),
  completed: z.literal(QUOTA),
  failed: z.literal(0),
  workflow_id: z.string(),
});
const TenLicenses = z.object({
  data: z.array(z.object({ ordinal: z.int(), key: z.string(), status: z.literal('available') })).length(SHOWN_LICENSES),
  next_cursor: z.string(),
});
const UsedUp = z.object({
  quota: z.object({
    total: z.literal(QUOTA),
    generated: z.literal(QUOTA),
    reserved: z.literal(0),
    remaining: z.literal(0),
  }),
});
const QuotaExceeded = z.object({ code: z.literal('QUOTA_EXCEEDED'), detail: z.string() });

export const POOL_SCENARIO: Scenario<PoolResult> = { file: 'story.json', run: runPoolScenario };

async function runPoolScenario(context: ScenarioContext, out: ScenarioOutput): Promise<PoolResult> {
  const { api_url, super_admin_key } = context.describe();
  // The marker file and the idempotency keys keep their names, because existing data directories contain them.
  const api = createScenarioClient(api_url, super_admin_key);
  const { step, report } = startReport(out, `Scenario: a license pool, through ${api_url}/api/v1 only`);

  step('A product');
  const product = await api.call('POST', '/api/v1/products', {
    body: { name: 'CAD Suite', code: PRODUCT_CODE },
    idempotency_key: 'story: product',
    status: 201,
    shape: Id,
  });
  report(`CAD Suite (${PRODUCT_CODE}), ${product.id}`);

  step('A generator of its license keys');
  const generator = await api.call('POST', '/api/v1/generators', {
    body: {
      name: 'CAD keys',
      product_id: product.id,
      format: { prefix: 'CAD', groups: 4, group_length: 5 },
      features: { edition: 'pro', offline_days: 30 },
      activation_limit: 2,
    },
    idempotency_key: 'story: generator',
    status: 201,
    shape: Generator,
  });
  report(`keys like ${exampleKey(generator.format)}, two devices each, edition "pro"`);

  step(`The contract “${CONTRACT_NAME}”, created inactive`);
  const contract = await api.call('POST', '/api/v1/contracts', {
    body: {
      name: CONTRACT_NAME,
      type: 'pool',
      status: 'inactive',
      product_id: product.id,
      generator_id: generator.id,
      quota: QUOTA,
    },
    idempotency_key: 'story: contract',
    status: 201,
    shape: Draft,
  });
  const contractPath = `/api/v1/contracts/${contract.id}`;
  report(`${contract.state}, a quota of ${formatCount(QUOTA)}; a draft has no workflow`);

  step('A test license, which does not use the quota');
  const tested = await api.call('POST', `${contractPath}/generate`, {
    body: { count: 1, test: true },
    idempotency_key: 'story: test license',
    status: 201,
    shape: TestLicenses,
  });
  for (const { key, expires_at } of tested.licenses) report(`${key}, valid until ${expires_at}`);
  report(`the quota is unchanged: ${formatCount(tested.quota_remaining)} remaining`);

  step('Activation');
  const active = await api.call('POST', `${contractPath}/activate`, {
    idempotency_key: 'story: activation',
    status: 200,
    shape: Active,
  });
  report(`${active.state}; from now on it has the workflow ${contract.workflow_id}`);

  step(`${formatCount(QUOTA)} licenses as a background job`);
  const queued = await api.call('POST', `${contractPath}/generate`, {
    body: { count: QUOTA },
    idempotency_key: 'story: generation',
    status: 202,
    shape: Queued,
  });
  const { job_id } = queued;
  const watched = await watchJob(api, { job_id, total: QUOTA }, out, (_job, ended) => ended);
  const speed = watched.licenses_per_second;
  const job = await api.call('GET', `/api/v1/jobs/${job_id}`, { status: 200, shape: FinishedJob });
  report(
    `${job.state}: ${formatCount(job.completed)} licenses${speed === null ? '' : `, ${formatCount(Math.round(speed))} a second`}`,
  );

  step('The first ten licenses');
  const ten = await api.call('GET', `/api/v1/licenses?job_id=${job_id}&order=asc&limit=${SHOWN_LICENSES}`, {
    status: 200,
    shape: TenLicenses,
  });
  for (const { ordinal, key, status } of ten.data) report(`${String(ordinal).padStart(5)}  ${key}  ${status}`);

  step('The quota is used up, and the next request is refused');
  const { quota } = await api.call('GET', contractPath, { status: 200, shape: UsedUp });
  report(`${formatCount(quota.generated)} of ${formatCount(quota.total)} generated, ${quota.reserved} reserved`);
  const refused = await api.call('POST', `${contractPath}/generate`, {
    body: { count: 1 },
    status: 409,
    shape: QuotaExceeded,
  });
  report(`one more license: 409 ${refused.code} (${refused.detail})`);

  step('The workflows in the Temporal UI');
  report(`the contract, waiting: ${await findInTemporalUi(context, contract.workflow_id, 'RUNNING')}`);
  report(`the job, completed:    ${await findInTemporalUi(context, job.workflow_id, 'COMPLETED')}`);
  out.write('\n');
  return { contract_id: contract.id, job_id, test_job_id: tested.job_id };
}

function exampleKey({ prefix, groups, group_length }: z.infer<typeof KeyFormat>): string {
  return [prefix, ...new Array<string>(groups).fill('X'.repeat(group_length))].join('-');
}
