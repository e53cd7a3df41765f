/**
 * Thousands of valid and invalid requests, generated from the OpenAPI document: never a 500, always a documented status and shape,
 * refusals always problem documents. The harness compares every response with the document.
 *
 * The seed makes a run repeatable. FUZZ_SEED=<n> generates other requests, FUZZ_RUNS=<n> more for each operation: .ci/run sends 200.
 */
import fc from 'fast-check';
import { openApiDocument } from '../../api/http/openapi';
import { cursorsByCreation, cursorsById, cursorsByText } from '../../api/http/paging';
import { signStandard, signStripe } from '../../demo/fake-billing';
import { BOUNCE_SECRET, startTestApi } from '../harness/api';
import { ONE_PERSON_PROVIDER } from '../harness/identity-provider';
import { signIn } from '../harness/sessions';
import type { CallOptions, TestApi } from '../harness/api';
import { buildAssignment } from '../harness/license-operations';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { expectInvariants } from '../harness/invariants';
import { arbitraryOf, unexpectedValue } from '../harness/schema-arbitrary';
import type { JsonSchema, SchemaSource } from '../harness/schema-arbitrary';
import { buildDelivery, buildEndpoint } from '../harness/webhook-rows';
import { buildNotification, buildRecipient } from '../harness/notifications';
import { createUnsubscribeToken } from '../../transactions/notification/unsubscribe-token';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_128);
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 40);
/** Requests in flight at the same time, so that they also compete with each other. */
const REQUESTS_IN_FLIGHT = 4;
const TIMEOUT_MS = 600_000;
/** Statuses of refusals that come before any rule of the domain is checked. */
const FORM_STATUSES = [400, 401, 403, 404, 422];

/** Operations on a session or with a secret link or proof, which no random request has: they are refused with a status of a form. */
const NEEDS_SECRET = /^\/api\/v1\/session($|\/)/;

const UNKNOWN_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';

interface Operation {
  parameters?: { name: string; in: 'path' | 'query' | 'header'; schema: JsonSchema }[];
  requestBody?: { content: { 'application/json'?: { schema: JsonSchema }; 'text/csv'?: object } };
}

/** One request to send. */
interface FuzzedCall {
  path: string;
  options: CallOptions;
}

const STRIPE_SECRET = 'whsec_fuzz';
const DEVICES = ['device 1', 'device 2'];

/** Signed messages. Without a valid signature nothing else would be tested. */
const SIGNED = '/api/v1/billing/{source}/events';
const SIGNED_BOUNCES = '/api/v1/notifications/bounces';

const document = openApiDocument();
const operations = Object.entries((document.paths ?? {}) as Record<string, Record<string, Operation>>).flatMap(
  ([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]) => [`${method.toUpperCase()} ${path}`, method.toUpperCase(), path, operation] as const,
    ),
);

let api: TestApi;
/** Existing ids, by the noun of their path: with unknown ids only, most code would never run. */
let ids: Record<string, string[]>;
let source: SchemaSource;

beforeAll(async () => {
  api = await startTestApi({
    identityProvider: ONE_PERSON_PROVIDER,
    worker: true,
    billing: { stripeWebhookSecrets: [STRIPE_SECRET], stripeApiKey: 'rk_test_1', stripeApiUrl: 'http://127.0.0.1:9' },
  });
  const catalogues = [await addCatalogue(api), await addCatalogue(api)];
  const contracts: string[] = [];
  const jobs: string[] = [];
  const licenses: string[] = [];
  const amendments: string[] = [];
  const schedules: string[] = [];
  const reports: string[] = [];
  for (const catalogue of catalogues) {
    for (const status of ['active', 'inactive']) {
      const contract = await addContract(api, catalogue, { status, quota: 500 });
      contracts.push(contract.id);
      const generated = await api.call('POST', `/contracts/${contract.id}/generate`, {
        body: { count: 3, test: status === 'inactive' },
      });
      jobs.push(generated.body.job_id);
      licenses.push(generated.body.licenses[0].id);
      if (status === 'inactive') continue;
      const later = { effective_date: '2099-01-01', changes: { quota_add: 5 } };
      const scheduled = { count: 2, every: 'P1M', from: '2027-01-01' };
      reports.push(
        (await api.call('POST', `/contracts/${contract.id}/report-schedules`, { body: { frequency: 'weekly' } })).body
          .id,
      );
      schedules.push((await api.call('POST', `/contracts/${contract.id}/schedules`, { body: scheduled })).body.id);
      amendments.push((await api.call('POST', `/contracts/${contract.id}/amendments`, { body: later })).body.id);
    }
  }
  const direct = await api.call('POST', '/licenses', { body: { ...catalogues[0] } });
  licenses.push(direct.body.licenses[0].id);
  const kids: string[] = [];
  for (const { product_id } of [...catalogues, ...catalogues])
    kids.push((await api.call('POST', `/products/${product_id}/signing-keys`)).body.kid);
  const customer = await api.call('POST', '/customers', { body: { email: 'fuzz@covenant.test', name: 'Fuzz' } });
  const other = await api.call('POST', '/customers', { body: { email: 'other@covenant.test', name: 'Other' } });
  const pool = await addContract(api, catalogues[0] as TestCatalogue, { type: 'pool', quota: 500 });
  contracts.push(pool.id);
  const pooled = await api.call('POST', `/contracts/${pool.id}/generate`, { body: { count: 50 } });
  const holds: string[] = [];
  for (const order_ref of ['order 1', 'order 2', 'order 3']) {
    const order = { order_ref, count: 1, customer_email: 'fuzz@covenant.test', hold_minutes: 60 };
    holds.push((await api.call('POST', `/contracts/${pool.id}/pool/grab`, { body: order })).body.id);
  }
  const license_keys = pooled.body.licenses.slice(-5).map((license: { key: string }) => license.key);
  for (const device_id of DEVICES) {
    await api.call('POST', '/licenses/activate', { body: { key: license_keys[0], device_id } });
    for (const id of licenses) {
      const { key } = (await api.call('GET', `/licenses/${id}`)).body;
      await api.call('POST', '/licenses/activate', { body: { key, device_id } });
    }
  }
  const assignments = [
    await buildAssignment(api.sql, { ids: ['1', '2'] }),
    await buildAssignment(api.sql, { ids: ['3'] }),
  ];
  // Their workflows start, so that they end, as a stream of their progress needs.
  for (const id of assignments) await api.call('POST', `/assignments/${id}/cancel`);
  const imports: string[] = [];
  for (const contract_id of contracts.slice(0, 1))
    for (const file of ['key\nFUZZ-IMPORT-1', 'key\nbad'])
      imports.push(
        (
          await api.call('POST', `/contracts/${contract_id}/licenses/import`, {
            body: file,
            headers: { 'Content-Type': 'text/csv' },
          })
        ).body.id,
      );
  const billing: string[] = [];
  for (const contract_id of [contracts[0], UNKNOWN_ID]) {
    const event = { id: `for ${contract_id}`, type: 'invoice.open', occurred_at: '2026-12-01T00:00:00Z', contract_id };
    const body = JSON.stringify({ ...event, invoice: { id: 'in_1', due_date: '2026-12-31' } });
    await api.call('POST', '/billing/standard/events', signed({ path: '', options: { body } }).options);
    const [row] = await api.sql`SELECT id FROM billing_inbox WHERE event_id = ${event.id}`;
    billing.push(String(row?.['id']));
  }
  const endpoint_id = await buildEndpoint(api.sql);
  const deliveries = [
    (await buildDelivery(api.sql, { endpoint_id })).id,
    (await buildDelivery(api.sql, { endpoint_id, ended: { status: 'failed' } })).id,
  ];
  const recipient_id = await buildRecipient(api.sql, { address: 'fuzz@customer.example' });
  const notifications = [
    await buildNotification(api.sql, { recipient_id }),
    await buildNotification(api.sql, { recipient_id, kind: 'quota_80', state: 'failed', problem: 'timeout' }),
  ];
  const [recipient] = await api.sql<[{ id: string }]>`
    INSERT INTO mail_recipients (address, created_at, updated_at) VALUES ('mail@covenant.test', now(), now()) RETURNING id`;
  const clocks: string[] = [];
  for (const now of ['2027-01-01T00:00:00.000Z', '1999-12-31T23:59:59.999Z'])
    clocks.push((await api.call('POST', '/test-clocks', { body: { now } })).body.id);
  // A separate admin, because the keys that the calls use must stay valid.
  const spare = await api.addAdmin('admin');
  const [key] = await api.sql`SELECT id FROM admin_api_keys WHERE admin_id = ${spare.id}`;
  const { id: spare_session } = (await api.call('GET', '/session', { session: await signIn(api, spare.key) })).body;
  ids = {
    products: catalogues.map((catalogue) => catalogue.product_id),
    generators: catalogues.map((catalogue) => catalogue.generator_id),
    customers: [customer.body.id, other.body.id],
    admins: [spare.id],
    sessions: [spare_session],
    key_id: [String(key?.['id'])],
    amendment_id: amendments,
    schedule_id: schedules,
    report_schedule_id: reports,
    billing,
    deliveries,
    notifications,
    token: [createUnsubscribeToken({ recipient_id, kind: 'quota_80', language: 'en' }, api.api.keyPepper)],
    'notification-recipients': [recipient.id],
    'webhook-endpoints': [endpoint_id],
    'test-clocks': clocks,
    contracts,
    jobs,
    licenses,
    holds,
    assignments,
    'license-operations': assignments,
    device_id: DEVICES,
    kid: kids,
    import_id: imports,
  };
  const known = (noun: string) => fc.constantFrom(...(ids[noun] ?? []));
  source = {
    resolve: (ref) =>
      ref
        .split('/')
        .slice(1)
        .reduce((at, part) => (at as Record<string, object>)[part] as object, document as object),
    known: {
      // Small enough for jobs to end during the test.
      count: fc.integer({ min: 1, max: 300 }),
      quota: fc.integer({ min: 1, max: 1000 }),
      product_id: known('products'),
      generator_id: known('generators'),
      into: known('customers'),
      account_manager: fc.constantFrom('manager@covenant.test', 'MANAGER@covenant.test'),
      customer_id: fc.oneof(known('customers'), fc.constant(null)),
      contract_id: known('contracts'),
      endpoint_id: fc.constantFrom(endpoint_id),
      // Of webhooks that were missed, and of licenses that were withdrawn.
      since: fc.constantFrom(new Date(Date.now() - 3_600_000).toISOString(), '0'),
      job_id: known('jobs'),
      device_id: known('device_id'),
      // Of a license; no other body has a key.
      key: fc.constantFrom(...license_keys),
      recipient: fc.constantFrom('mail@covenant.test'),
      timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'Africa/Cairo'),
      source: fc.constantFrom('standard', 'standard', 'standard', 'stripe', 'unknown'),
      due_date: fc.constantFrom('2026-02-28', '2027-01-31', '2100-12-31'),
      term: fc.constantFrom('P1Y', 'P1M', null),
      name: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 }),
      cursor: fc.constantFrom(
        cursorsByCreation('contracts').write({ sort_key: '2027-01-01T00:00:00.000000Z', id: UNKNOWN_ID }),
        cursorsByText('contracts.name').write({ sort_key: 'a', id: UNKNOWN_ID }),
        cursorsById('jobs').write({ id: UNKNOWN_ID }),
      ),
      'If-Match': fc.constantFrom('"1"', 'W/"2"', '*'),
    },
  };
});

afterAll(() => api.close());

function callOf(method: string, path: string, operation: Operation): fc.Arbitrary<FuzzedCall> {
  const parameters = operation.parameters ?? [];
  const noun = path.split('/')[3] ?? '';
  const values = (place: string): fc.Arbitrary<Record<string, unknown>> =>
    fc.record(
      Object.fromEntries(
        parameters
          .filter((parameter) => parameter.in === place)
          .map(({ name, schema }) => {
            const existing = place === 'path' ? ids[name === 'id' ? noun : name] : undefined;
            const valid = existing ? fc.constantFrom(...existing) : (source.known[name] ?? arbitraryOf(schema, source));
            return [name, fc.oneof({ weight: 15, arbitrary: valid }, { weight: 1, arbitrary: unexpectedValue })];
          }),
      ),
      {
        requiredKeys:
          place === 'path'
            ? parameters.map((parameter) => parameter.name).filter((name) => path.includes(`{${name}}`))
            : [],
      },
    );
  const content = operation.requestBody?.content;
  const schema = content?.['application/json']?.schema;
  const file_type = content?.['text/csv'] ? { 'Content-Type': 'text/csv' } : {};
  // `fetch` sends no body with GET.
  const body = content?.['text/csv']
    ? importFile
    : schema
      ? bodyOf(arbitraryOf(schema, source))
      : method === 'GET'
        ? fc.constant(undefined)
        : fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: unexpectedValue });
  const key = fc.oneof(
    { weight: 12, arbitrary: fc.constant(api.keys.super_admin) },
    { weight: 1, arbitrary: fc.constantFrom(api.keys.admin, api.keys.operator, api.keys.viewer, null, 'nonsense') },
  );
  return fc
    .record({ inPath: values('path'), inQuery: values('query'), inHeaders: values('header'), body, key })
    .map(({ inPath, inQuery, inHeaders, ...options }) => {
      const target = path.startsWith('/api/v1') ? path.slice('/api/v1'.length) : `/${path}`;
      const filled = target.replace(
        /\{(\w+)\}/g,
        (_match, name: string) => encodeURIComponent(textOf(inPath[name])) || '%20',
      );
      const query = Object.entries(inQuery).map(([name, value]) => `${name}=${encodeURIComponent(textOf(value))}`);
      const headers = Object.fromEntries(
        Object.entries(inHeaders).map(([name, value]) => [
          name,
          textOf(value)
            .replace(/[^\x20-\x7e]/g, '?')
            .slice(0, 2000),
        ]),
      );
      const call = {
        path: query.length > 0 ? `${filled}?${query.join('&')}` : filled,
        options: { ...options, headers: { ...headers, ...file_type } },
      };
      // One in sixteen, or in eight, has random headers, and so an invalid signature.
      if (path === SIGNED && Object.keys(inHeaders).length < 4) return signed(call);
      return path === SIGNED_BOUNCES && Object.keys(inHeaders).length < 3 ? signed(call, BOUNCE_SECRET) : call;
    });
}

/** The call with its body as text and a signature over it. */
function signed({ path, options }: FuzzedCall, secret = api.billing.billingStandardSecrets?.[0]): FuzzedCall {
  const body = typeof options.body === 'string' ? options.body : (JSON.stringify(options.body) ?? '');
  return { path, options: { ...options, body, headers: signStandard(body, secret as string) } };
}

/** A file of licenses, most of whose rows are valid, or any text. */
const importFile: fc.Arbitrary<string> = (() => {
  const key = fc.oneof(fc.uuid(), fc.constantFrom('FUZZ-1', 'FUZZ-2'), fc.string({ unit: 'binary' }));
  const customer = fc.constantFrom('', 'fuzz@covenant.test', 'FUZZ@covenant.test', 'new@covenant.test', 'none');
  const date = fc.constantFrom('', '2026-01-01', '2027-01-01T00:00:00Z', '2100-12-31', 'soon');
  const status = fc.constantFrom('', 'available', 'assigned', 'active', 'suspended', 'expired', 'revoked', 'held');
  const row = fc
    .tuple(key, status, customer, date, date, fc.constantFrom('', 'one', 'one;two', '["a"]', '['))
    .map((values) => values.join(','));
  const file = fc
    .array(row, { maxLength: 5 })
    .map((rows) => ['key,status,customer,activated_at,expires_at,devices', ...rows].join('\n'));
  return fc.oneof(
    { weight: 9, arbitrary: file },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1 }) },
  );
})();

/** A valid body, a body with a field replaced, dropped or added, or any other value. */
function bodyOf(valid: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const mutated = fc
    .tuple(valid, fc.nat(), fc.constantFrom('replace', 'drop', 'add'), unexpectedValue)
    .map(([body, choice, mutation, value]) => {
      if (typeof body !== 'object' || body === null) return value;
      const names = Object.keys(body);
      const name =
        mutation === 'add' || names.length === 0 ? 'no_such_field' : (names[choice % names.length] as string);
      const { [name]: _old, ...rest } = body as Record<string, unknown>;
      return mutation === 'drop' ? rest : { ...rest, [name]: value };
    });
  const malformed = fc.constantFrom('{', '{"a":', '\u0000', '[1,]', '{"a":1}}', '"\\ud800"', '1e999', 'undefined');
  return fc.oneof(
    { weight: 5, arbitrary: valid },
    { weight: 5, arbitrary: mutated },
    { weight: 1, arbitrary: unexpectedValue },
    { weight: 1, arbitrary: malformed },
  );
}

/** The text of a value for a URL or a header. */
function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return Buffer.from(text).toString();
}

test.each(operations)(
  '%s responds to every request as documented',
  async (name, method, path, operation) => {
    const statuses = new Map<number, number>();
    const calls = fc.array(callOf(method, path, operation), {
      minLength: REQUESTS_IN_FLIGHT,
      maxLength: REQUESTS_IN_FLIGHT,
    });
    await fc.assert(
      fc.asyncProperty(calls, async (together) => {
        const answers = await Promise.all(together.map((call) => api.call(method, call.path, call.options)));
        for (const answer of answers) statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      }),
      { seed: SEED, numRuns: Math.ceil(RUNS / REQUESTS_IN_FLIGHT) },
    );
    // At least one request must get further than the checks of its form.
    const reached = [...statuses.keys()].some((status) => !FORM_STATUSES.includes(status));
    if (process.env['FUZZ_SEED'] === undefined && !NEEDS_SECRET.test(path))
      expect([name, reached]).toEqual([name, true]);
  },
  TIMEOUT_MS,
);

test(
  'POST /api/v1/billing/stripe/events stores or refuses every signed message with any text',
  async () => {
    const texts = fc.oneof(unexpectedValue, fc.constantFrom('in_1', 'invoice.paid', 'charge.dispute.created'));
    const type = fc.oneof(
      fc.constantFrom('invoice.paid', 'charge.dispute.created', 'customer.created'),
      unexpectedValue,
    );
    const object = fc.record({ id: texts, payment_intent: texts, status: texts, metadata: texts });
    const event = fc.record({ id: texts, type, object });
    const statuses = new Set<number>();
    await fc.assert(
      fc.asyncProperty(event, async ({ object: of, ...named }) => {
        const body = JSON.stringify({ ...named, object: 'event', created: 1_800_000_000, data: { object: of } });
        const headers = signStripe(body, STRIPE_SECRET);
        statuses.add((await api.call('POST', '/billing/stripe/events', { key: null, body, headers })).status);
      }),
      { seed: SEED, numRuns: RUNS },
    );
    if (process.env['FUZZ_SEED'] === undefined) expect([...statuses].sort()).toEqual([200, 202, 422]);
  },
  TIMEOUT_MS,
);

test('the invariants hold after all requests', async () => {
  const [open] =
    await api.sql`SELECT count(*)::int FROM generation_jobs WHERE state = 'PARTIAL' AND execution <> 'import'`;
  expect(open?.['count']).toBe(0);
  await expectInvariants(api.sql);
});
