/**
 * The scenario of an enterprise that buys 500 licenses at once: a job generates them, and one request assigns all of them to its
 * administrator, who is created as a customer. Then the contract is closed.
 *
 * A repeated request changes nothing, so an interrupted scenario continues.
 */
import { z } from 'zod';
import { createScenarioClient } from './client';
import { assertMailSays, waitForMail } from './mail';
import type { ScenarioOutput } from './progress';
import { assertFields, startReport, watchJob, type Scenario, type ScenarioContext } from './scenario';

/** The ids of what the scenario created. */
export interface EnterpriseResult {
  contract_id: string;
  customer_id: string;
}

export const LICENSES = 500;
export const ADMINISTRATOR = 'acme-admin@acmecorp.com';
const CONTRACT_NAME = 'Acme Corp - Enterprise Deal - 500 Licenses - 2026';
const DEVICES = 5;

const Id = z.object({ id: z.string() });
const Queued = z.object({ job_id: z.string() });
const Assigned = z.object({
  customer_id: z.string(),
  counts: z.object({ assigned: z.int(), already_assigned_same: z.int(), conflict: z.int(), not_available: z.int() }),
});
const OneLicense = z.object({
  data: z
    .array(z.object({ key: z.string(), status: z.literal('assigned'), activation_limit: z.literal(DEVICES) }))
    .length(1),
});
const Closed = z.object({
  status: z.literal('inactive'),
  quota: z.object({ total: z.literal(LICENSES), generated: z.literal(LICENSES), remaining: z.literal(0) }),
});

export const ENTERPRISE_SCENARIO: Scenario<EnterpriseResult> = {
  file: 'story-enterprise.json',
  run: runEnterpriseScenario,
};

async function runEnterpriseScenario(context: ScenarioContext, out: ScenarioOutput): Promise<EnterpriseResult> {
  const { api_url, super_admin_key, mail_url } = context.describe();
  const api = createScenarioClient(api_url, super_admin_key);
  const { step, report } = startReport(out, `Scenario: an enterprise buys ${LICENSES} licenses`);
  const make = <T>(path: string, shape: z.ZodType<T>, body: Record<string, unknown>): Promise<T> =>
    api.call('POST', `/api/v1/${path}`, { body, idempotency_key: `enterprise: ${path}`, status: 201, shape });

  step(`The contract “${CONTRACT_NAME}”, active at once`);
  const product = await make('products', Id, { name: 'CAD Enterprise', code: 'cad-enterprise' });
  const generator = await make('generators', Id, {
    name: 'CAD Enterprise keys',
    product_id: product.id,
    format: { prefix: 'CADE', groups: 4, group_length: 5 },
    features: { edition: 'enterprise', single_sign_on: true },
  });
  const contract = await make('contracts', Id, {
    name: CONTRACT_NAME,
    type: 'enterprise',
    status: 'active',
    product_id: product.id,
    generator_id: generator.id,
    quota: LICENSES,
    activation_limit: DEVICES,
    expiry: { duration: 'P2Y', basis: 'generation' },
  });
  report(`${DEVICES} devices for each license, valid for two years`);

  step(`${LICENSES} licenses as a background job`);
  const { job_id } = await api.call('POST', `/api/v1/contracts/${contract.id}/generate`, {
    body: { count: LICENSES },
    idempotency_key: 'enterprise: generation',
    status: 202,
    shape: Queued,
  });
  const { state } = await watchJob(api, { job_id, total: LICENSES }, out, (_job, ended) => ended);
  report(`${state}, job ${job_id}`);

  step(`All of them are assigned to ${ADMINISTRATOR}`);
  const { customer_id, counts } = await api.call('POST', '/api/v1/licenses/assign', {
    body: {
      filter: { source: `Contract: ${CONTRACT_NAME}`, contract_id: contract.id },
      customer_email: ADMINISTRATOR,
      customer_name: 'Acme Corporation',
    },
    idempotency_key: 'enterprise: assignment',
    status: 200,
    shape: Assigned,
  });
  assertFields(counts, { assigned: LICENSES, conflict: 0, not_available: 0 }, 'the assignment');
  report(`${counts.assigned} assigned by one request; the customer was created`);
  const { data } = await api.call(
    'GET',
    `/api/v1/licenses?contract_id=${contract.id}&customer_id=${customer_id}&limit=1`,
    {
      status: 200,
      shape: OneLicense,
    },
  );
  for (const { key, status, activation_limit } of data) report(`${key}, ${status}, for ${activation_limit} devices`);

  if (mail_url !== null) {
    const mail = await waitForMail(mail_url, {
      to: ADMINISTRATOR,
      subject: `Your ${LICENSES} enterprise licenses are ready`,
    });
    assertMailSays(mail, `${api_url}/api/v1/assignments/`);
    report(`mail to ${ADMINISTRATOR}: “${mail.subject}”, with a link to all of them`);
  }

  step('The deal is done: the contract is set to inactive');
  const { quota } = await api.call('PATCH', `/api/v1/contracts/${contract.id}`, {
    body: { status: 'inactive' },
    status: 200,
    shape: Closed,
  });
  report(`${quota.generated} of ${quota.total} used; the licenses stay valid`);
  out.write('\n');
  return { contract_id: contract.id, customer_id };
}
