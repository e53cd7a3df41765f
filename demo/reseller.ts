/** The reseller of the quarter scenario: a contract on a test clock, the requests for it, and its expected state. */
import { z } from 'zod';
import { signStandard, type StandardEvent } from './fake-billing';
import { assertFields, findInTemporalUi, type ScenarioContext } from './scenario';
import type { ScenarioClient } from './client';
import { readClockNow, formatTimelineEntry, type TimelineEntry, type ScenarioClock } from './test-clock';
import { waitFor } from '../dev/waiting';

/** The contract, its clock, and the client that accesses them. */
export interface Reseller extends ScenarioClock {
  api: ScenarioClient;
  context: ScenarioContext;
  contract_workflow_id: string;
  clock_workflow_id: string;
  report: (sentence: string) => void;
}

/**
 * The options of the contract. The same options return the same contract, because every request has an idempotency key.
 */
export interface ResellerOptions {
  clock_now: string;
  quota: number;
  expiry_grace_days: number;
  renewal_quota_added: number;
}

export type ResellerContract = z.infer<typeof Contract>;
const Id = z.object({ id: z.string() });
const WithWorkflow = Id.extend({ workflow_id: z.string() });
const Contract = Id.extend({
  state: z.string(),
  status: z.string(),
  inactive_reason: z.string().nullable(),
  warnings: z.array(z.string()),
  term: z.object({ number: z.int(), last_day: z.string() }),
  renewal: z.object({ notice_date: z.string(), opt_out_at: z.string().nullable() }),
  billing: z.object({
    suspends_on: z.string().nullable(),
    unpaid_invoices: z.array(z.object({ due_date: z.string() })),
  }),
  quota: z.object({ total: z.int(), generated: z.int(), reserved: z.int(), remaining: z.int() }),
});

export type ResellerJob = z.infer<typeof Job>;
const Job = WithWorkflow.extend({ state: z.string(), requested: z.int(), completed: z.int(), failed: z.int() });
const Refused = z.object({ code: z.string(), detail: z.string() });

/** Who gets the mails about the contract. */
export const QUARTER_CUSTOMER = 'renewals@quarter-reseller.example';
export const QUARTER_MANAGER = 'renewals@cad.example';

const PRODUCT_CODE = 'cad-suite-staging';
const INVOICE = 'quarter-1';
/** Time limit for a command that waits for a worker, and for a billing event to be applied. */
const SETTLE_TIMEOUT_MS = 20_000;

/** Creates a staging product with a generator, a test clock, and a draft contract on the clock. */
export async function createReseller(api: ScenarioClient, options: ResellerOptions) {
  const make = <T>(path: string, name: string, shape: z.ZodType<T>, body: Record<string, unknown>): Promise<T> =>
    api.call('POST', `/api/v1/${path}`, { body, idempotency_key: `quarter: ${name}`, status: 201, shape });
  const product = await make('products', 'product', Id, {
    name: 'CAD Suite (staging)',
    code: PRODUCT_CODE,
    environment: 'staging',
  });
  const generator = await make('generators', 'generator', Id, {
    name: 'CAD keys (staging)',
    product_id: product.id,
    format: { prefix: 'CADS', groups: 4, group_length: 5 },
  });
  const customer = await make('customers', 'customer', Id, { name: 'Quarter Reseller', email: QUARTER_CUSTOMER });
  const clock = await make('test-clocks', 'clock', WithWorkflow, {
    name: "A reseller's quarter",
    now: options.clock_now,
  });
  const contract = await make('contracts', 'contract', WithWorkflow, {
    name: "A reseller's quarter",
    type: 'reseller',
    status: 'inactive',
    product_id: product.id,
    generator_id: generator.id,
    quota: options.quota,
    customer_id: customer.id,
    account_manager: QUARTER_MANAGER,
    timezone: 'Europe/Berlin',
    term: 'P3M',
    expiry_grace_days: options.expiry_grace_days,
    renewal: { mode: 'auto', quota_effect: { add: options.renewal_quota_added } },
    test_clock_id: clock.id,
  });
  return {
    clock_id: clock.id,
    clock_workflow_id: clock.workflow_id,
    contract_id: contract.id,
    contract_workflow_id: contract.workflow_id,
  };
}

/** Sends an action for the contract. A repeated call changes nothing. */
export async function sendAction({ api, contract_id }: Reseller, action: 'activate' | 'opt-out'): Promise<void> {
  const path = `/api/v1/contracts/${contract_id}/${action}`;
  await api.call('POST', path, { idempotency_key: `quarter: ${action}`, status: 200, shape: Id });
}

/** Requests licenses as a background job and returns its id. A repeated call returns the same job. */
export async function requestLicenses({ api, contract_id }: Reseller, count: number): Promise<string> {
  const { job_id } = await api.call('POST', `/api/v1/contracts/${contract_id}/generate`, {
    body: { count },
    idempotency_key: 'quarter: licenses',
    status: 202,
    shape: z.object({ job_id: z.string() }),
  });
  return job_id;
}

/** Sends a signed event about the contract's invoice, like a billing system. A repeated event changes nothing. */
export async function sendInvoiceEvent(
  reseller: Reseller,
  invoice: { type: StandardEvent['type']; due_date: string; version: number },
): Promise<void> {
  const { api, context, contract_id } = reseller;
  const { type, due_date, version } = invoice;
  const event: StandardEvent = {
    id: `${INVOICE}-v${version}`,
    type,
    occurred_at: await readClockNow(api, reseller),
    contract_id,
    invoice: { id: INVOICE, due_date, version },
  };
  await api.call('POST', '/api/v1/billing/standard/events', {
    body: { ...event },
    headers: signStandard(JSON.stringify(event), context.describe().billing_secret, { id: event.id }),
    status: [200, 202],
    shape: z.object({ outcome: z.enum(['pending', 'applied']) }),
  });
}

/** Waits until the contract has these field values and `condition` returns true. Returns the contract. */
export function waitForContract(
  { api, contract_id }: Reseller,
  wanted: Partial<ResellerContract>,
  condition: (contract: ResellerContract) => boolean = () => true,
): Promise<ResellerContract> {
  return waitFor(
    async () => {
      const contract = await api.call('GET', `/api/v1/contracts/${contract_id}`, { status: 200, shape: Contract });
      assertFields(contract, wanted, 'the contract');
      return condition(contract) ? contract : undefined;
    },
    { timeout_ms: SETTLE_TIMEOUT_MS, what: `the contract to be as expected (${JSON.stringify(wanted)})` },
  );
}

export function readJob({ api }: Reseller, job_id: string): Promise<ResellerJob> {
  return api.call('GET', `/api/v1/jobs/${job_id}`, { status: 200, shape: Job });
}

/** Requests one more license and expects a refusal with this code. */
export async function reportRefusal({ api, contract_id, report }: Reseller, code: string): Promise<void> {
  const path = `/api/v1/contracts/${contract_id}/generate`;
  const refused = await api.call('POST', path, { body: { count: 1 }, status: 409, shape: Refused });
  assertFields(refused, { code }, 'the refused request for one more license');
  report(`one more license: 409 ${refused.code} (${refused.detail})`);
}

export function reportTimeline({ report }: Reseller, entries: TimelineEntry[]): void {
  for (const entry of entries) report(formatTimelineEntry(entry));
}

export async function reportContract(reseller: Reseller, status: 'RUNNING' | 'COMPLETED'): Promise<void> {
  reseller.report(`contract  ${await findInTemporalUi(reseller.context, reseller.contract_workflow_id, status)}`);
}

/** Reports the workflow of the clock's last advance. */
export async function reportClock(reseller: Reseller): Promise<void> {
  reseller.report(`clock     ${await findInTemporalUi(reseller.context, reseller.clock_workflow_id, 'COMPLETED')}`);
}

export async function reportJob(reseller: Reseller, { workflow_id, state }: ResellerJob): Promise<void> {
  const status = state === 'PAUSED' ? 'RUNNING' : 'COMPLETED';
  reseller.report(`job       ${await findInTemporalUi(reseller.context, workflow_id, status)}`);
}
