/**
 * Tests for every route of the API what all routes guarantee: who may call it, which audit row it writes, and what it refuses because
 * of its shape. The harness checks on each call that the response is documented.
 */
import { randomUUID } from 'node:crypto';
import type { Route } from '../../api/http/route';
import { ROUTES } from '../../api/routes';
import { receiveBillingEvent } from '../../transactions/billing/receive-billing-event';
import { signStandard } from '../../demo/fake-billing';
import { openAttempt } from '../../transactions/access/oidc';
import { createUnsubscribeToken } from '../../transactions/notification/unsubscribe-token';
import type { BillingEvent } from '../../domain/billing/billing-event';
import { isOpen, permissionOf } from '../../domain/access/permission';
import { ROLES, roleCovers } from '../../domain/access/role';
import type { Role } from '../../domain/access/role';
import { BOUNCE_SECRET, startTestApi } from '../harness/api';
import type { ApiAnswer, CallOptions, TestApi } from '../harness/api';
import { signIn } from '../harness/sessions';
import { addCatalogue, addContract, contractBody } from '../harness/catalogue';
import { documentedStatuses } from '../harness/documented-answer';
import { ONE_PERSON_PROVIDER } from '../harness/identity-provider';
import { buildImport } from '../harness/imports';
import { expectRefusal } from '../harness/expect-refusal';
import { buildDelivery, buildEndpoint } from '../harness/webhook-rows';
import { buildNotification, buildRecipient } from '../harness/notifications';

const BASE_PATH = '/api/v1';
const UNKNOWN_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';

/** The path parameters and the body of a call that succeeds. */
interface Call {
  params?: Record<string, string>;
  /** Required query parameters. */
  query?: string;
  body?: unknown;
  headers?: Record<string, string>;
  /** The audit action that it must write, when the route declares several. */
  audit?: string;
  /** How many audit rows it must write, if it changes several resources. */
  audit_rows?: number;
}

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ worker: true, identityProvider: ONE_PERSON_PROVIDER });
});

afterAll(() => api.close());

async function createContract(more: Record<string, unknown> = {}): Promise<any> {
  return addContract(api, await addCatalogue(api), more);
}

const REPORTS = { frequency: 'weekly' };

async function createReportSchedule(): Promise<{ id: string; report_schedule_id: string }> {
  const { id } = await createContract();
  return {
    id,
    report_schedule_id: (await api.call('POST', `/contracts/${id}/report-schedules`, { body: REPORTS })).body.id,
  };
}

const SCHEDULE = { count: 2, every: 'P1M', from: '2027-01-01' };

const NO_REPORTS = { kinds: { report: { is_sent: false } } };

async function recipientId(): Promise<string> {
  const [{ id }] = await api.sql<[{ id: string }]>`
    INSERT INTO mail_recipients (address, created_at, updated_at) VALUES (${`${randomUUID()}@covenant.test`}, now(), now()) RETURNING id`;
  return id;
}

async function createSchedule(): Promise<{ id: string; schedule_id: string }> {
  const { id } = await createContract();
  return { id, schedule_id: (await api.call('POST', `/contracts/${id}/schedules`, { body: SCHEDULE })).body.id };
}

async function customerId(): Promise<string> {
  const answer = await api.call('POST', '/customers', {
    body: { email: `${randomUUID()}@covenant.test`, name: 'Customer' },
  });
  return answer.body.id;
}

async function operationId(state: 'RUNNING' | 'SUCCEEDED' | 'CANCELLED'): Promise<string> {
  const row = {
    kind: 'assign',
    execution: 'background',
    customer_id: await customerId(),
    license_ids: ['1'],
    reassign: false,
    requested: 1,
    exact: false,
    state,
  };
  const actor = api.sql.json({ type: 'system', id: 'system', name: 'System' });
  const [job] = await api.sql<[{ id: string }]>`
    INSERT INTO license_operations ${api.sql({ ...row, actor, created_at: 'now', active_at: 'now' } as never)} RETURNING id`;
  return job.id;
}

/** The calls of a resource of operations on licenses. */
function operationCalls(path: string): [string, () => Promise<Call>][] {
  const withState = (state: Parameters<typeof operationId>[0]) => async () => ({
    params: { id: await operationId(state) },
  });
  return [
    [`GET /${path}`, async () => ({})],
    [`GET /${path}/:id`, withState('SUCCEEDED')],
    [`GET /${path}/:id/progress`, withState('SUCCEEDED')],
    [`POST /${path}/:id/cancel`, withState('RUNNING')],
    [`POST /${path}/:id/resume`, withState('CANCELLED')],
  ];
}

/** A change of one license by the route for many. */
async function changeCall(change: string): Promise<Call> {
  const { license_id } = await generateLicenses(1);
  if (change === 'reinstate') await api.call('POST', `/licenses/${license_id}/suspend`);
  return { body: { ids: [license_id] } };
}

/** The id of a session of the viewer. */
async function sessionId(): Promise<string> {
  return (await api.call('GET', '/session', { session: await signIn(api, api.keys.viewer) })).body.id;
}

async function testClockId(): Promise<string> {
  return (await api.call('POST', '/test-clocks', { body: { now: '2027-01-01T00:00:00.000Z' } })).body.id;
}

async function generateLicenses(count: number): Promise<{ contract_id: string; job_id: string; license_id: string }> {
  const { id } = await createContract();
  const answer = await api.call('POST', `/contracts/${id}/generate`, { body: { count } });
  return { contract_id: id, job_id: answer.body.job_id, license_id: answer.body.licenses?.[0].id };
}

/** A pool with one license; returns the id of its contract. */
async function poolId(): Promise<string> {
  const { id } = await createContract({ type: 'pool' });
  await api.call('POST', `/contracts/${id}/generate`, { body: { count: 1 } });
  return id;
}

/** A hold of one license. */
async function holdId(more: object = {}): Promise<string> {
  const order = { order_ref: randomUUID(), count: 1, ...more };
  return (await api.call('POST', `/contracts/${await poolId()}/pool/grab`, { body: order })).body.id;
}

/** The key of a new license, which is active on a device if one is given. */
async function licenseKey(device_id?: string): Promise<string> {
  const { license_id } = await generateLicenses(1);
  const { key } = (await api.call('GET', `/licenses/${license_id}`)).body;
  if (device_id !== undefined) await api.call('POST', '/licenses/activate', { body: { key, device_id } });
  return key;
}

async function unfinishedJob(state: 'QUEUED' | 'PARTIAL'): Promise<string> {
  const { job_id } = await generateLicenses(1);
  await api.sql`UPDATE generation_jobs SET state = ${state}, requested = 2 WHERE id = ${job_id}`;
  return job_id;
}

/** An import of two rows that no workflow carries out. */
async function importIds(state: 'QUEUED' | 'SUCCEEDED' | 'CANCELLED'): Promise<Call> {
  const { id } = await createContract();
  const import_id = await buildImport(api.sql, id);
  await api.sql`UPDATE generation_jobs SET state = ${state} WHERE id = ${import_id}`;
  return { params: { id, import_id } };
}

/** An event for a contract that does not exist. */
async function parkedBillingEvent(): Promise<string> {
  const now = new Date().toISOString();
  const event: BillingEvent = {
    source: 'standard',
    event_id: randomUUID(),
    type: 'invoice.paid',
    occurred_at: now,
    contract_id: randomUUID(),
    invoice_id: 'in_1',
    observation: null,
    relevant: true,
  };
  return (await receiveBillingEvent(api.sql, { event, raw: '{}', now, request_id: null })).id;
}

/** A delivery of a webhook that failed. */
async function deliveryId(): Promise<string> {
  const endpoint_id = await buildEndpoint(api.sql);
  return (await buildDelivery(api.sql, { endpoint_id, ended: { status: 'failed' } })).id;
}

async function notificationId(): Promise<string> {
  return buildNotification(api.sql, { recipient_id: await buildRecipient(api.sql), state: 'sent' });
}

async function unsubscribeToken(): Promise<string> {
  const recipient_id = await buildRecipient(api.sql);
  return createUnsubscribeToken({ recipient_id, kind: 'quota_80', language: 'en' }, api.api.keyPepper);
}

const email = () => `${randomUUID()}@covenant.test`;

/** A call of every route that succeeds. Each has its own resources. */
const CALLS: Record<string, () => Promise<Call>> = {
  'GET /me': async () => ({}),
  'POST /admins': async () => ({ body: { email: email(), name: 'New admin', role: 'viewer' } }),
  'GET /admins': async () => ({}),
  'GET /admins/:id': async () => ({ params: { id: api.admins.viewer.id } }),
  'PATCH /admins/:id': async () => ({ params: { id: (await api.addAdmin('viewer')).id }, body: { name: 'Renamed' } }),
  'POST /admins/:id/api-keys': async () => ({ params: { id: api.admins.viewer.id }, body: { label: 'second' } }),
  'GET /admins/:id/api-keys': async () => ({ params: { id: api.admins.viewer.id } }),
  'DELETE /admins/:id/api-keys/:key_id': async () => {
    const { id } = await api.addAdmin('viewer');
    const [key] = await api.sql`SELECT id FROM admin_api_keys WHERE admin_id = ${id}`;
    return { params: { id, key_id: String(key?.['id']) } };
  },
  'POST /products': async () => ({ body: { name: 'Product', code: `P-${randomUUID()}`, environment: 'staging' } }),
  'GET /products': async () => ({}),
  'GET /products/:id': async () => ({ params: { id: (await addCatalogue(api)).product_id } }),
  'PATCH /products/:id': async () => ({
    params: { id: (await addCatalogue(api)).product_id },
    body: { name: 'Renamed' },
  }),
  'POST /products/:id/signing-keys': async () => ({ params: { id: (await addCatalogue(api)).product_id } }),
  'GET /products/:id/signing-keys': async () => ({ params: { id: (await addCatalogue(api)).product_id } }),
  'POST /products/:id/signing-keys/:kid/retire': async () => {
    const { product_id: id } = await addCatalogue(api);
    const { kid } = (await api.call('POST', `/products/${id}/signing-keys`)).body;
    await api.call('POST', `/products/${id}/signing-keys`);
    return { params: { id, kid } };
  },
  'GET /products/:id/jwks.json': async () => ({ params: { id: (await addCatalogue(api)).product_id } }),
  'GET /products/:id/revoked': async () => {
    const { product_id: id } = await addCatalogue(api);
    await api.call('POST', `/products/${id}/signing-keys`);
    return { params: { id } };
  },
  'POST /generators': async () => ({
    body: {
      name: 'Generator',
      product_id: (await addCatalogue(api)).product_id,
      format: { groups: 4, group_length: 5 },
    },
  }),
  'GET /generators': async () => ({}),
  'GET /generators/preview': async () => ({ query: 'groups=4&group_length=5' }),
  'GET /generators/:id': async () => ({ params: { id: (await addCatalogue(api)).generator_id } }),
  'PATCH /generators/:id': async () => ({
    params: { id: (await addCatalogue(api)).generator_id },
    body: { name: 'Renamed' },
  }),
  'DELETE /generators/:id': async () => ({ params: { id: (await addCatalogue(api)).generator_id } }),
  'POST /customers': async () => ({ body: { email: email(), name: 'Customer' } }),
  'GET /customers': async () => ({}),
  'GET /customers/:id': async () => ({ params: { id: await customerId() } }),
  'PATCH /customers/:id': async () => ({ params: { id: await customerId() }, body: { name: 'Renamed' } }),
  'POST /customers/:id/merge': async () => ({
    params: { id: await customerId() },
    body: { into: await customerId() },
    audit_rows: 2,
  }),
  'POST /contracts': async () => ({ body: contractBody(await addCatalogue(api)) }),
  'GET /contracts': async () => ({}),
  'GET /contracts/:id/api-key': async () => ({ params: { id: (await createContract({ api_access: true })).id } }),
  'POST /contracts/:id/api-key/reveal': async () => ({
    params: { id: (await createContract({ api_access: true })).id },
  }),
  'POST /contracts/:id/api-key/rotate': async () => ({
    params: { id: (await createContract({ api_access: true })).id },
    body: { overlap_minutes: 60 },
  }),
  'GET /contracts/:id': async () => ({ params: { id: (await createContract()).id } }),
  'PATCH /contracts/:id': async () => ({
    params: { id: (await createContract()).id },
    body: { name: 'Renamed' },
    audit: 'contract.updated',
  }),
  'DELETE /contracts/:id': async () => {
    const { id, name } = await createContract({ status: 'inactive' });
    return { params: { id }, body: { confirm_name: name } };
  },
  'POST /contracts/:id/activate': async () => ({ params: { id: (await createContract({ status: 'inactive' })).id } }),
  'POST /contracts/:id/pause': async () => ({ params: { id: (await createContract()).id } }),
  'POST /contracts/:id/resume': async () => {
    const { id } = await createContract();
    await api.call('POST', `/contracts/${id}/pause`);
    return { params: { id } };
  },
  'POST /contracts/:id/renew': async () => ({ params: { id: (await createContract({ term: 'P1Y' })).id } }),
  'POST /contracts/:id/opt-out': async () => ({
    params: { id: (await createContract({ term: 'P1Y', renewal: { mode: 'auto' } })).id },
  }),
  'POST /contracts/:id/terminate': async () => ({
    params: { id: (await createContract()).id },
    body: { reason: 'The customer left.' },
  }),
  'POST /contracts/:id/reinstate': async () => {
    const { id } = await createContract();
    await api.call('POST', `/contracts/${id}/terminate`, { body: { reason: 'A mistake.' } });
    return { params: { id } };
  },
  'POST /contracts/:id/compliance-hold': async () => ({
    params: { id: (await createContract()).id },
    body: { note: 'On a list.' },
  }),
  'POST /contracts/:id/compliance-release': async () => {
    const { id } = await createContract();
    await api.call('POST', `/contracts/${id}/compliance-hold`, { body: { note: 'On a list.' } });
    return { params: { id } };
  },
  'POST /contracts/:id/amendments': async () => {
    const { id, start_date } = await createContract();
    return { params: { id }, body: { effective_date: start_date, changes: { activation_limit: 7 } } };
  },
  'GET /contracts/:id/amendments': async () => ({ params: { id: (await createContract()).id } }),
  'DELETE /contracts/:id/amendments/:amendment_id': async () => {
    const { id } = await createContract();
    const body = { effective_date: '2099-01-01', changes: { quota_add: 5 } };
    const created = await api.call('POST', `/contracts/${id}/amendments`, { body });
    return { params: { id, amendment_id: created.body.id } };
  },
  'POST /contracts/:id/schedules': async () => ({
    params: { id: (await createContract()).id },
    body: SCHEDULE,
    audit: 'schedule.created',
  }),
  'GET /contracts/:id/schedules': async () => ({ params: { id: (await createContract()).id } }),
  'GET /contracts/:id/schedules/:schedule_id': async () => ({ params: await createSchedule() }),
  'PATCH /contracts/:id/schedules/:schedule_id': async () => ({
    params: await createSchedule(),
    body: { count: 3 },
    audit: 'schedule.updated',
  }),
  'DELETE /contracts/:id/schedules/:schedule_id': async () => ({ params: await createSchedule() }),
  'GET /contracts/:id/schedules/:schedule_id/runs': async () => ({ params: await createSchedule() }),
  'GET /notification-settings': async () => ({}),
  'PATCH /notification-settings': async () => ({ body: { time_zone: 'Europe/Berlin' } }),
  'GET /customers/:id/notification-settings': async () => ({ params: { id: await customerId() } }),
  'PATCH /customers/:id/notification-settings': async () => ({ params: { id: await customerId() }, body: NO_REPORTS }),
  'GET /contracts/:id/notification-settings': async () => ({ params: { id: (await createContract()).id } }),
  'PATCH /contracts/:id/notification-settings': async () => ({
    params: { id: (await createContract()).id },
    body: NO_REPORTS,
  }),
  'GET /notification-recipients': async () => ({}),
  'GET /notification-recipients/:id': async () => ({ params: { id: await recipientId() } }),
  'PATCH /notification-recipients/:id': async () => ({ params: { id: await recipientId() }, body: { digest: true } }),
  'GET /contracts/:id/limit-episodes': async () => ({ params: { id: (await createContract()).id } }),
  'POST /contracts/:id/report-schedules': async () => ({
    params: { id: (await createContract()).id },
    body: REPORTS,
    audit: 'report_schedule.created',
  }),
  'GET /contracts/:id/report-schedules': async () => ({ params: { id: (await createContract()).id } }),
  'GET /contracts/:id/report-schedules/:report_schedule_id': async () => ({ params: await createReportSchedule() }),
  'PATCH /contracts/:id/report-schedules/:report_schedule_id': async () => ({
    params: await createReportSchedule(),
    body: { at: '09:00' },
    audit: 'report_schedule.updated',
  }),
  'DELETE /contracts/:id/report-schedules/:report_schedule_id': async () => ({ params: await createReportSchedule() }),
  'POST /contracts/:id/generate': async () => ({ params: { id: (await createContract()).id }, body: { count: 1 } }),
  'GET /contracts/:id/activity': async () => ({ params: { id: (await createContract()).id } }),
  'GET /contracts/:id/events': async () => ({ params: { id: (await createContract()).id } }),
  'GET /contracts/:id/refusals': async () => ({ params: { id: (await createContract()).id } }),
  'GET /api-calls': async () => ({ query: `contract_id=${(await createContract()).id}` }),
  'GET /contracts/:id/usage': async () => ({ params: { id: (await createContract()).id } }),
  'GET /contracts/:id/revisions': async () => ({ params: { id: (await createContract()).id } }),
  'GET /contracts/:id/timeline': async () => ({ params: { id: (await createContract()).id } }),
  'GET /contracts/:id/report.csv': async () => ({ params: { id: (await generateLicenses(3)).contract_id } }),
  'GET /contracts/:id/metrics': async () => ({ params: { id: (await createContract()).id } }),
  'GET /customers/:id/metrics': async () => ({ params: { id: await customerId() } }),
  'GET /metrics/contracts': async () => ({}),
  'GET /activity': async () => ({}),
  'GET /jobs': async () => ({}),
  'GET /jobs.csv': async () => ({}),
  'GET /jobs/:id': async () => ({ params: { id: (await generateLicenses(3)).job_id } }),
  'GET /jobs/:id/progress': async () => ({ params: { id: (await generateLicenses(3)).job_id } }),
  'GET /jobs/:id/licenses.csv': async () => ({ params: { id: (await generateLicenses(3)).job_id } }),
  'POST /jobs/:id/cancel': async () => ({ params: { id: await unfinishedJob('QUEUED') } }),
  'POST /jobs/:id/resume': async () => ({ params: { id: await unfinishedJob('PARTIAL') } }),
  'POST /contracts/:id/licenses/import': async () => ({
    params: { id: (await createContract()).id },
    body: `key\n${randomUUID()}`,
    headers: { 'Content-Type': 'text/csv' },
  }),
  'GET /contracts/:id/licenses/import': async () => ({ params: { id: (await createContract()).id } }),
  'GET /contracts/:id/licenses/import/:import_id': () => importIds('SUCCEEDED'),
  'GET /contracts/:id/licenses/import/:import_id/progress': () => importIds('SUCCEEDED'),
  'GET /contracts/:id/licenses/import/:import_id/report.csv': () => importIds('SUCCEEDED'),
  'POST /contracts/:id/licenses/import/:import_id/cancel': () => importIds('QUEUED'),
  'POST /contracts/:id/licenses/import/:import_id/resume': () => importIds('CANCELLED'),
  'POST /test-clocks': async () => ({ body: { now: '2027-01-01T00:00:00.000Z' } }),
  'GET /test-clocks': async () => ({}),
  'GET /test-clocks/:id': async () => ({ params: { id: await testClockId() } }),
  'POST /test-clocks/:id/advance': async () => ({
    params: { id: await testClockId() },
    body: { to: '2027-02-01T00:00:00.000Z' },
  }),
  'POST /billing/:source/events': async () => {
    const body = JSON.stringify({
      id: randomUUID(),
      type: 'invoice.paid',
      occurred_at: new Date().toISOString(),
      contract_id: (await createContract()).id,
      invoice: { id: 'in_1', due_date: '2027-01-31' },
    });
    const [secret] = api.billing.billingStandardSecrets ?? [];
    return { params: { source: 'standard' }, body, headers: signStandard(body, secret as string) };
  },
  'GET /billing/events': async () => ({}),
  'GET /billing/events/:id': async () => ({ params: { id: await parkedBillingEvent() } }),
  'POST /billing/events/:id/replay': async () => ({ params: { id: await parkedBillingEvent() } }),
  'POST /webhook-endpoints': async () => ({ body: { url: 'https://example.com/' } }),
  'GET /webhook-endpoints': async () => ({}),
  'GET /webhook-endpoints/:id': async () => ({ params: { id: await buildEndpoint(api.sql) } }),
  'PATCH /webhook-endpoints/:id': async () => ({
    params: { id: await buildEndpoint(api.sql) },
    body: { events: ['license.*'] },
  }),
  'DELETE /webhook-endpoints/:id': async () => ({ params: { id: await buildEndpoint(api.sql) } }),
  'POST /webhook-endpoints/:id/rotate-secret': async () => ({ params: { id: await buildEndpoint(api.sql) } }),
  'POST /webhook-endpoints/:id/enable': async () => ({
    params: { id: await buildEndpoint(api.sql, { status: 'disabled' }) },
  }),
  'POST /webhook-endpoints/:id/disable': async () => ({ params: { id: await buildEndpoint(api.sql) } }),
  'POST /webhook-endpoints/:id/test': async () => ({ params: { id: await buildEndpoint(api.sql) } }),
  'GET /deliveries': async () => ({}),
  'GET /deliveries/:id': async () => ({ params: { id: await deliveryId() } }),
  'POST /webhook-endpoints/:id/recover': async () => {
    const { id: contract_id } = await createContract();
    const id = await buildEndpoint(api.sql, { contract_id });
    return { params: { id }, body: { since: new Date(Date.now() - 3_600_000).toISOString() } };
  },
  'POST /deliveries/:id/redeliver': async () => ({ params: { id: await deliveryId() } }),
  'GET /notifications': async () => ({}),
  'GET /notifications/:id': async () => ({ params: { id: await notificationId() } }),
  'POST /notifications/:id/resend': async () => ({ params: { id: await notificationId() } }),
  'POST /notifications/bounces': async () => {
    const address = email();
    await buildRecipient(api.sql, { address });
    const body = JSON.stringify({ id: randomUUID(), type: 'bounce', address });
    return { body, headers: signStandard(body, BOUNCE_SECRET) };
  },
  'GET /unsubscribe/:token': async () => ({ params: { token: await unsubscribeToken() } }),
  'POST /unsubscribe/:token': async () => ({
    params: { token: await unsubscribeToken() },
    body: 'List-Unsubscribe=One-Click',
  }),
  'POST /contracts/:id/pool/grab': async () => ({
    params: { id: await poolId() },
    body: { order_ref: randomUUID(), count: 1 },
    audit: 'pool.grabbed',
  }),
  'POST /holds/:id/assign': async () => ({
    params: { id: await holdId({ customer_email: `${randomUUID()}@covenant.test`, hold_minutes: 5 }) },
    audit: 'license.assigned',
  }),
  'GET /holds/:id': async () => ({ params: { id: await holdId() } }),
  'GET /contracts/:id/holds': async () => ({ params: { id: await poolId() } }),
  'POST /holds/:id/release': async () => ({ params: { id: await holdId() } }),
  'POST /licenses/:id/return': async () => {
    const order = { order_ref: randomUUID(), count: 1, customer_email: `${randomUUID()}@covenant.test` };
    const { body } = await api.call('POST', `/contracts/${await poolId()}/pool/grab`, { body: order });
    return { params: { id: body.licenses[0].id } };
  },
  'GET /licenses': async () => ({}),
  'GET /licenses.csv': async () => ({}),
  'GET /licenses/:id': async () => ({ params: { id: (await generateLicenses(1)).license_id } }),
  'POST /licenses': async () => ({
    body: { ...(await addCatalogue(api)), count: 2 },
    audit: 'license.created',
  }),
  'POST /licenses/assign': async () => {
    const customer = await api.call('GET', `/customers/${await customerId()}`);
    const { license_id } = await generateLicenses(1);
    return { body: { ids: [license_id], customer_email: customer.body.email } };
  },
  ...Object.fromEntries(
    ['suspend', 'reinstate', 'revoke'].map((change) => [`POST /licenses/${change}`, () => changeCall(change)]),
  ),
  ...Object.fromEntries(['license-operations', 'assignments'].flatMap(operationCalls)),
  'GET /license-operations/:id/outcomes': async () => ({ params: { id: await operationId('SUCCEEDED') } }),
  'GET /license-operations/:id/outcomes.csv': async () => ({ params: { id: await operationId('SUCCEEDED') } }),
  'POST /licenses/:id/suspend': async () => ({ params: { id: (await generateLicenses(1)).license_id } }),
  'POST /licenses/:id/reinstate': async () => {
    const { license_id } = await generateLicenses(1);
    await api.call('POST', `/licenses/${license_id}/suspend`);
    return { params: { id: license_id } };
  },
  'GET /licenses/:id/certificate': async () => {
    const { license_id } = await generateLicenses(1);
    await api.call('POST', `/licenses/${license_id}/certificate`);
    return { params: { id: license_id } };
  },
  'POST /licenses/:id/certificate': async () => {
    const { license_id } = await generateLicenses(1);
    const { product_id } = (await api.call('GET', `/licenses/${license_id}`)).body;
    await api.call('POST', `/products/${product_id}/signing-keys`);
    return { params: { id: license_id } };
  },
  'POST /licenses/validate': async () => ({ body: { key: await licenseKey() } }),
  'POST /licenses/activate': async () => ({ body: { key: await licenseKey(), device_id: 'one' } }),
  'POST /licenses/deactivate': async () => ({ body: { key: await licenseKey(), device_id: 'one' } }),
  'POST /licenses/heartbeat': async () => ({ body: { key: await licenseKey('one'), device_id: 'one' } }),
  'GET /licenses/:id/devices': async () => ({ params: { id: (await generateLicenses(1)).license_id } }),
  'DELETE /licenses/:id/devices/:device_id': async () => {
    const { license_id } = await generateLicenses(1);
    const { key } = (await api.call('GET', `/licenses/${license_id}`)).body;
    await api.call('POST', '/licenses/activate', { body: { key, device_id: 'one' } });
    return { params: { id: license_id, device_id: 'one' } };
  },
  'GET /session/methods': async () => ({}),
  'POST /session': async () => ({ body: { api_key: api.keys.viewer } }),
  'GET /session': async () => ({}),
  'DELETE /session': async () => ({}),
  'POST /session/confirm': async () => ({ body: { api_key: api.keys.viewer } }),
  'POST /session/oidc': async () => ({ body: {} }),
  'GET /session/oidc/callback': async () => {
    await api.sql`
      INSERT INTO admin_provider_accounts (issuer, subject, admin_id, linked_at)
      VALUES ('https://login.test', 'viewer', ${api.admins.viewer.id}, now()) ON CONFLICT DO NOTHING`;
    const begun = await api.call('POST', '/session/oidc', { key: null, body: {} });
    const Cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? '';
    const attempt = await openAttempt(Cookie.slice(Cookie.indexOf('=') + 1), api.api.keyPepper, await api.api.clock());
    return { query: `code=code&state=${attempt?.state ?? ''}`, headers: { Cookie } };
  },
  'GET /sessions': async () => ({}),
  'DELETE /sessions/:id': async () => ({ params: { id: await sessionId() } }),
  'POST /admins/:id/invitation': async () => ({ params: { id: (await api.addAdmin('viewer')).id } }),
  'POST /session/invitation': async () => {
    const { body } = await api.call('POST', `/admins/${(await api.addAdmin('viewer')).id}/invitation`);
    return { body: { token: body.url.split('token=')[1], password: 'correct horse battery staple' } };
  },
  'GET /installation': async () => ({}),
  'POST /licenses/:id/revoke': async () => ({ params: { id: (await generateLicenses(1)).license_id } }),
};

function nameOf(route: Route): string {
  return `${route.method.toUpperCase()} ${targetOf(route.path)}`;
}

/** The lowest role that may call a route; null for a route without API key. */
function lowestRoleOf(route: Route): Role | null {
  const permission = permissionOf(route.operation_id);
  if ('anonymous' in permission) return null;
  return 'admin' in permission ? permission.admin : 'viewer';
}

/** A path in the form of the harness: without the base path. */
function targetOf(path: string): string {
  return path.slice(BASE_PATH.length);
}

function pathOf(route: Route, params: Record<string, string> = {}): string {
  return targetOf(route.path).replace(/:(\w+)/g, (_match, name: string) => params[name] ?? UNKNOWN_ID);
}

/** How a route is called for the admin with this key: with it, or in a session if the route is about one. */
async function credentialFor(route: Route, key: string | null): Promise<CallOptions> {
  const permission = permissionOf(route.operation_id);
  return key === null || 'admin' in permission || 'anonymous' in permission
    ? { key }
    : { session: await signIn(api, key) };
}

async function send(
  route: Route,
  call: Call,
  key: string | null,
  headers: Record<string, string> = {},
): Promise<ApiAnswer> {
  const body = call.body === undefined ? {} : { body: call.body };
  const path = pathOf(route, call.params) + (call.query === undefined ? '' : `?${call.query}`);
  return api.call(route.method.toUpperCase(), path, {
    ...(await credentialFor(route, key)),
    headers: { ...call.headers, ...headers },
    ...body,
  });
}

/** Whether a path without parameters is a value of a pattern. */
function couldBe(pattern: string, path: string): boolean {
  return !path.includes(':') && new RegExp(`^${pattern.replace(/:\w+/g, '[^/]+')}$`).test(path);
}

test('every route has a call in this test, and every call has a route', () => {
  expect(Object.keys(CALLS).sort()).toEqual(ROUTES.map(nameOf).sort());
});

describe.each(ROUTES.map((route) => [nameOf(route), route] as const))('%s', (name, route) => {
  const prepare = (): Promise<Call> => (CALLS[name] as () => Promise<Call>)();
  /** The call of all tests of the route: what is refused changes nothing, so the last of them succeeds with it. */
  let call: Call;
  beforeAll(async () => {
    call = await prepare();
  });

  test('without a key it is 401', async () => {
    if (isOpen(route.operation_id)) expect((await send(route, await prepare(), null)).status).toBeLessThan(400);
    else expectRefusal(await send(route, call, null), 401, 'UNAUTHENTICATED');
  });

  test('roles below its own are 403', async () => {
    const needed = lowestRoleOf(route);
    for (const role of ROLES.filter((below) => needed !== null && !roleCovers(below, needed))) {
      const answer = await send(route, call, api.keys[role]);
      expectRefusal(answer, 403, 'FORBIDDEN_ROLE');
      expect(answer.body.metadata).toEqual({ role, needed });
    }
  });

  test('an unknown body field is 422, and so is a body when the route has none', async () => {
    // A signed message can contain fields that are not for Covenant.
    if (route.method === 'get' || route.raw_body !== undefined) return;
    const answer = await send(
      route,
      { ...call, body: { ...(call.body as object | undefined), no_such_field: 1 } },
      api.keys.super_admin,
    );
    expectRefusal(answer, 422, 'VALIDATION_FAILED');
  });

  test('an unknown query parameter is 422', async () => {
    // An identity provider adds parameters of its own.
    if (route.operation_id === 'finishOidcSignIn') return;
    const path = `${pathOf(route, call.params)}?${call.query ?? ''}&no_such_parameter=1`;
    const answer = await api.call(route.method.toUpperCase(), path, {
      ...(await credentialFor(route, isOpen(route.operation_id) ? null : api.keys.super_admin)),
      ...(call.headers ? { headers: call.headers } : {}),
      ...(call.body === undefined ? {} : { body: call.body }),
    });
    expectRefusal(answer, 422, 'VALIDATION_FAILED');
    expect(answer.body.errors).toEqual([
      { path: 'no_such_parameter', message: 'is not a parameter of this operation' },
    ]);
  });

  test('an unknown or malformed id is 404', async () => {
    if (route.params === undefined) return;
    for (const param of Object.keys(call.params ?? {})) {
      for (const id of [UNKNOWN_ID, '7', 'lic_7', "'", '%00', '😀'.repeat(20)]) {
        const answer = await send(
          route,
          { ...call, params: { ...call.params, [param]: encodeURIComponent(id).replace('%2500', '%00') } },
          api.keys.super_admin,
        );
        expectRefusal(answer, 404, 'NOT_FOUND');
      }
    }
  });

  test('the lowest role that may call it succeeds, and the declared audit row is written', async () => {
    const request_id = randomUUID();
    const needed = lowestRoleOf(route);
    const answer = await send(route, call, needed === null ? null : api.keys[needed], {
      'X-Request-Id': request_id,
    });
    expect(Object.keys(route.answers).map(Number)).toContain(answer.status);
    const rows = await api.sql`SELECT action FROM audit_events WHERE request_id = ${request_id}`;
    const actions = rows.map((row) => row['action'] as string);
    if (route.audit.length === 0) expect(actions).toEqual([]);
    else expect(actions).toEqual(Array(call.audit_rows ?? 1).fill(call.audit ?? route.audit[0]));
  });

  test('the refusals because of the form of the request are documented', () => {
    const expected = [
      422,
      503,
      403,
      ...(isOpen(route.operation_id) ? [] : [401, 429]),
      ...(route.params ? [404] : []),
      ...(route.body || route.raw_body || route.file_body ? [400, 413, 415] : []),
    ];
    expect(documentedStatuses(route)).toEqual(expect.arrayContaining(expected));
  });
});

describe.each([...new Set(ROUTES.map((route) => route.path))])('%s', (path) => {
  const methods = ROUTES.filter((route) => route.path === path).map((route) => route.method.toUpperCase());
  const allowed = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])];
  // A literal such as `assign` in the path can also be the parameter of another route, which answers its own methods.
  const elsewhere = ROUTES.filter((route) => route.path !== path && couldBe(route.path, path)).map(({ method }) =>
    method.toUpperCase(),
  );

  test.each(
    ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter(
      (method) => !allowed.includes(method) && !elsewhere.includes(method),
    ),
  )('%s is 405, and Allow names the supported methods', async (method) => {
    const target = targetOf(path).replace(/:\w+/g, UNKNOWN_ID);
    const answer = await api.call(method, target);
    // A literal path can also match the parameter of another route, as /licenses.csv does.
    expectRefusal(answer, 405, 'METHOD_NOT_ALLOWED');
    expect(answer.headers.get('allow')?.split(', ').sort()).toEqual([...allowed].sort());
  });
});

test('every response that is neither JSON nor a page is a stream, and its route declares it', () => {
  for (const route of ROUTES) {
    const is_stream = Object.values(route.answers).some(
      ({ media_type }) => media_type !== undefined && media_type !== 'text/html',
    );
    expect([route.path, route.stream !== undefined]).toEqual([route.path, is_stream]);
    if (is_stream) {
      expect(isOpen(route.operation_id)).toBe(false);
      expect(documentedStatuses(route)).toEqual(expect.arrayContaining([429, 503]));
    }
  }
});

test('every route is under the base path, including the billing receiver', async () => {
  expect(ROUTES.map(({ path }) => path).filter((path) => !path.startsWith(`${BASE_PATH}/`))).toEqual([]);
  expectRefusal(await api.call('POST', '//billing/standard/events', { key: null, body: '{}' }), 404, 'NOT_FOUND');
});

test('unknown paths are 404, in any letter case', async () => {
  for (const path of ['/', '/nothing', '/Contracts', '/contracts/a/b/c', '//api/v2/contracts', '//']) {
    expectRefusal(await api.call('GET', path), 404, 'NOT_FOUND');
  }
});
