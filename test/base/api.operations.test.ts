/**
 * Liveness, readiness, metrics and documentation, and the responses of the API while Temporal or Postgres is unavailable.
 */
import { readFileSync } from 'node:fs';
import addFormats from 'ajv-formats';
import Ajv from 'ajv/dist/2020';
import { OPENAPI_FILE, openApiDocument } from '../../api/http/openapi';
import { findInstallationId } from '../../db/system/installation';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { addCatalogue, addContract, contractBody } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';
import { readTableDigests } from '../harness/table-digests';
import { startSilentProxy } from '../harness/silent-proxy';
import type { SilentProxy } from '../harness/silent-proxy';
import { throughServer } from '../harness/database';
import { sharedServers } from '../harness/shared-servers';
import { buildDelivery, buildEndpoint } from '../harness/webhook-rows';
import { buildNotification, buildRecipient } from '../harness/notifications';

/** No server listens on port 1, which is reserved. */
const CLOSED_ADDRESS = '127.0.0.1:1';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});

afterAll(() => api.close());

describe('operations', () => {
  test('livez and readyz respond without a key, and readyz reports that each dependency is ok', async () => {
    expect((await api.call('GET', '//livez', { key: null })).body).toEqual({ status: 'ok' });
    const ready = await api.call('GET', '//readyz', { key: null });
    // The time zone rules of Node and Postgres can differ on this machine. That is a note and does not affect readiness.
    const { notes: _notes, ...state } = ready.body;
    expect([ready.status, state]).toEqual([
      200,
      {
        ready: true,
        checks: { postgres: 'ok', clock: 'ok', migrations: 'ok', temporal: 'ok', search_attributes: 'ok' },
        installation: await findInstallationId(api.sql),
        time_zone_rules: process.versions['tz'],
      },
    ]);
    expect(ready.headers.get('cache-control')).toBe('no-store');
  });

  test('readyz answers while all connections of the pool are busy', async () => {
    const { db } = api.api;
    const busy = await Promise.all(Array.from({ length: db.options.max }, () => db.reserve()));
    try {
      expect((await api.call('GET', '//readyz', { key: null })).body).toMatchObject({ ready: true });
    } finally {
      for (const connection of busy) connection.release();
    }
  });

  test('metrics count requests by the pattern of their route, so that ids do not create time series', async () => {
    const contract = await addContract(api, await addCatalogue(api));
    await api.call('GET', `/contracts/${contract.id}`);
    await api.call('GET', '/contracts/unknown');
    await api.call('GET', '/no/such/path');
    const metrics = await api.call('GET', '//metrics', { key: null });
    expect(metrics.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(metrics.text).toMatch(
      /covenant_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/contracts\/:id",status="200"\} \d+/,
    );
    expect(metrics.text).toMatch(/route="\/api\/v1\/contracts\/:id",status="404"/);
    expect(metrics.text).toMatch(/route="none",status="404"/);
    expect(metrics.text).not.toContain(contract.id);
  });

  test('metrics count the rows that stay due although they are woken repeatedly, by kind', async () => {
    await api.sql`
      INSERT INTO sweep_attempts (kind, subject_id, epoch, attempts, first_at, next_try_at)
      SELECT 'silent_job', uuidv7(), 'epoch-1', attempts, now(), now() FROM unnest(ARRAY[4, 5, 9]) AS attempts`;
    const { text } = await api.call('GET', '//metrics', { key: null });
    expect(text).toContain('covenant_sweep_stuck_rows{kind="silent_job"} 2');
    expect(text).toContain('covenant_sweep_stuck_rows{kind="boundary"} 0');
  });

  test('metrics count what webhooks owe and how late it is, apart from what waits for a disabled endpoint', async () => {
    const endpoint_id = await buildEndpoint(api.sql);
    await buildDelivery(api.sql, { endpoint_id, due_in_s: -100 });
    await buildDelivery(api.sql, { endpoint_id, ended: { status: 'failed' } });
    await buildDelivery(api.sql, { endpoint_id, ended: { status: 'failed', days_ago: 2 } });
    const disabled = await buildEndpoint(api.sql, { status: 'disabled' });
    await buildDelivery(api.sql, { endpoint_id: disabled, due_in_s: -1_000 });
    await api.sql`UPDATE webhook_endpoints SET disabled_reason = 'gone' WHERE id = ${disabled}`;
    const recipient_id = await buildRecipient(api.sql);
    await buildNotification(api.sql, { recipient_id, kind: 'expired' });
    await buildNotification(api.sql, { recipient_id, kind: 'expired', state: 'failed', problem: 'timeout' });
    await buildNotification(api.sql, { recipient_id, state: 'sent', ended_days_ago: 2 });
    const { text } = await api.call('GET', '//metrics', { key: null });
    expect(text).toContain('covenant_notifications{state="owed",kind="expired"} 1\n');
    expect(text).toContain('covenant_notifications{state="failed",kind="expired"} 1\n');
    expect(text).not.toContain('covenant_notifications{state="sent"');
    expect(text).toMatch(/covenant_notifications_oldest_owed_seconds [\d.]+\n/);
    expect(text).toContain('covenant_webhook_deliveries_owed 2\n');
    expect(text).toMatch(/covenant_webhook_late_seconds 1\d\d[.\n]/);
    expect(text).toContain('covenant_webhook_deliveries_failed_in_a_day 1\n');
    expect(text).toContain('covenant_webhook_endpoints_disabled{reason="gone"} 1\n');
  });

  test('the served document equals the checked-in one', async () => {
    const served = await api.call('GET', '//openapi.json', { key: null });
    expect(served.body).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
    expect(JSON.parse(readFileSync(OPENAPI_FILE, 'utf8'))).toEqual(served.body);
  });

  test('every operation of the document has its own id, a summary, a tag and described parameters', () => {
    const operations = Object.values(openApiDocument().paths ?? {}).flatMap((path) => Object.values(path)) as {
      operationId: string;
      summary: string;
      tags: string[];
      parameters?: { name: string; description?: string; schema?: { description?: string; enum?: unknown[] } }[];
    }[];
    const ids = operations.map((operation) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z]+([A-Z][a-z]+)+$/);
    for (const operation of operations)
      expect(operation).toMatchObject({ summary: expect.any(String), tags: [expect.any(String)] });
  });

  interface Schema {
    $ref?: string;
    properties?: Record<string, Record<string, unknown>>;
    required?: string[];
    description?: string;
  }
  const { paths = {}, components } = openApiDocument();
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation: operation as object })),
  );

  /** Every schema with properties in a part of the document, including referenced schemas. */
  function objectsIn(node: unknown, seen = new Set<unknown>()): Schema[] {
    if (typeof node !== 'object' || node === null || seen.has(node)) return [];
    seen.add(node);
    const schema = node as Schema;
    const named = schema.$ref?.replace('#/components/schemas/', '');
    const inner = [...Object.values(node), ...(named === undefined ? [] : [components?.schemas?.[named]])];
    return [...(schema.properties ? [schema] : []), ...inner.flatMap((one) => objectsIn(one, seen))];
  }

  test('a request field with a default is optional for generated clients, and a response field is always present', () => {
    const requests = operations.flatMap(({ operation }) =>
      objectsIn((operation as { requestBody?: unknown }).requestBody),
    );
    const fields = requests.flatMap(({ properties = {}, required = [] }) =>
      Object.entries(properties).map(([name, field]) => ({ name, field, required: required.includes(name) })),
    );
    // Client generators treat a field with the keyword `default` as always present.
    expect(fields.filter(({ field }) => 'default' in field)).toEqual([]);
    const defaulted = fields.filter(({ field }) => String(field['description']).includes('Default: '));
    expect(defaulted.length).toBeGreaterThan(40);
    expect(defaulted.filter(({ required }) => required)).toEqual([]);
    for (const { name, required } of fields) if (name === 'environment') expect(required).toBe(false);

    const answers = operations.flatMap(({ operation }) => objectsIn((operation as { responses?: unknown }).responses));
    const absent = answers.flatMap(({ properties = {}, required = [] }) =>
      Object.entries(properties).flatMap(([name, field]) =>
        'default' in field && !required.includes(name) ? [name] : [],
      ),
    );
    expect(absent).toEqual([]);
  });

  /** Fields that no edit may change. */
  const NEVER_CHANGED = ['id', 'environment', 'product_id', 'type', 'test_clock_id', 'created_at', 'revision'];

  test('the schema of an edit contains immutable fields only to say that they cannot be changed', () => {
    const changes = operations.filter(({ method }) => method === 'patch');
    expect(changes.length).toBeGreaterThan(3);
    const offered = changes.flatMap(({ path, operation }) =>
      objectsIn((operation as { requestBody?: unknown }).requestBody)
        .slice(0, 1)
        .flatMap(({ properties = {} }) =>
          Object.entries(properties)
            .filter(([name]) => NEVER_CHANGED.includes(name))
            .map(([name, field]) => ({ path, name, field })),
        ),
    );
    expect(offered.map(({ path, name }) => `${path} ${name}`).sort()).toEqual([
      '/api/v1/contracts/{id} environment',
      '/api/v1/contracts/{id} id',
      '/api/v1/contracts/{id} product_id',
      '/api/v1/contracts/{id} test_clock_id',
      '/api/v1/contracts/{id} type',
      '/api/v1/generators/{id} environment',
      '/api/v1/generators/{id} product_id',
      '/api/v1/products/{id} environment',
      '/api/v1/webhook-endpoints/{id} environment',
    ]);
    for (const { field } of offered) expect(field).toEqual({ description: 'Cannot be changed', not: {} });
  });

  test('the document rejects the values that the API refuses, and accepts those that it accepts', async () => {
    const validator = addFormats(new Ajv({ strict: false })).addSchema(openApiDocument(), 'document');
    const isValid = (name: string, body: unknown): unknown =>
      validator.validate({ $ref: `document#/components/schemas/${name}` }, JSON.parse(JSON.stringify(body)));
    const catalogue = await addCatalogue(api);
    const contract = await addContract(api, catalogue);
    const values: Record<string, { accepted: unknown[]; refused: unknown[] }> = {
      expiry: {
        accepted: [null, { duration: 'P1Y' }, { date: '2099-01-01' }],
        refused: [{}, { days: 1 }, { basis: 'x' }],
      },
      term: { accepted: [null, 'P1Y', 'P0Y1M', 'P010D'], refused: ['P', 'P0D', 'P0Y0M', 'P00W', 'PT1H'] },
      timezone: { accepted: ['UTC', 'Europe/Berlin'], refused: ['', '+02:00', '-03'] },
    };
    for (const [field, { accepted, refused }] of Object.entries(values))
      for (const value of [...accepted, ...refused]) {
        const body = contractBody(catalogue, { [field]: value });
        const { status } = await api.call('POST', '/contracts?dry_run=true', { body });
        const expected = accepted.includes(value);
        expect([field, value, isValid('ContractCreate', body), status]).toEqual([
          field,
          value,
          expected,
          expected ? 201 : 422,
        ]);
      }
    for (const changes of [{}, { quota_add: 1 }]) {
      const body = { effective_date: '2099-01-01', changes };
      const { status } = await api.call('POST', `/contracts/${contract.id}/amendments?dry_run=true`, { body });
      expect([changes, isValid('AmendmentCreate', body)]).toEqual([changes, status !== 422]);
    }
  });

  test('the documentation is a page that loads everything it needs from here', async () => {
    const page = await fetch(`${api.url}/docs/`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    const html = await page.text();
    expect(html).toContain('<title>Covenant</title>');
    const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(
      (match) => new URL(String(match[1]), `${api.url}/docs/`),
    );
    expect(assets.length).toBeGreaterThan(2);
    for (const asset of assets) {
      expect(asset.origin).toBe(api.url);
      expect([asset.pathname, (await fetch(asset)).status]).toEqual([asset.pathname, 200]);
    }
  });

  test.each([
    ['a list', '/api/v1/contracts', 'none'],
    ['a refusal', '/api/v1/contracts/none', 'none'],
    ['a wrong method', '/api/v1/contracts/none/generate', 'none'],
    ['an unknown path', '/nowhere', 'none'],
    ['an export', '/api/v1/licenses.csv', 'none'],
    ['a page', '/docs/', 'self'],
    ['the document', '/openapi.json', 'self'],
    ['liveness', '/livez', 'self'],
  ])(
    '%s does not name its server software, and has its request id and the security headers',
    async (_what, path, loads) => {
      const headers = { authorization: `Bearer ${api.keys.super_admin}`, 'X-Request-Id': 'mine' };
      const answer = await fetch(api.url + path, { headers });
      await answer.text();
      expect(answer.headers.get('x-powered-by')).toBeNull();
      expect(answer.headers.get('x-request-id')).toBe('mine');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('content-security-policy')).toContain(`default-src '${loads}'`);
    },
  );
});

describe('while Temporal cannot be reached', () => {
  let apiWithoutTemporal: TestApi;
  let catalogue: TestCatalogue;

  beforeAll(async () => {
    apiWithoutTemporal = await startTestApi({ temporalAddress: CLOSED_ADDRESS });
    catalogue = await addCatalogue(apiWithoutTemporal);
  });

  afterAll(() => apiWithoutTemporal.close());

  test('readyz is 503 and names Temporal', async () => {
    const ready = await apiWithoutTemporal.call('GET', '//readyz', { key: null });
    expect(ready.status).toBe(503);
    expect(ready.body).toMatchObject({
      ready: false,
      checks: { postgres: 'ok', migrations: 'ok', temporal: expect.stringMatching(/^unreachable: /) },
    });
    expect((await apiWithoutTemporal.call('GET', '//livez', { key: null })).status).toBe(200);
  });

  test('contracts can be created, read, edited, tried as a dry run and deleted', async () => {
    const active = await addContract(apiWithoutTemporal, catalogue);
    const path = `/contracts/${active.id}`;
    expect((await apiWithoutTemporal.call('PATCH', path, { body: { name: 'Renamed' } })).body.name).toBe('Renamed');
    expect((await apiWithoutTemporal.call('GET', path)).status).toBe(200);
    expect((await apiWithoutTemporal.call('POST', `${path}/pause?dry_run=true`)).body.state).toBe('PAUSED');
    const draft = await addContract(apiWithoutTemporal, catalogue, { status: 'inactive' });
    const deleted = await apiWithoutTemporal.call('DELETE', `/contracts/${draft.id}`, {
      body: { confirm_name: draft.name },
    });
    expect(deleted.status).toBe(204);
  });

  test('licenses are generated inline, and a job is accepted with 202 and starts later', async () => {
    const contract = await addContract(apiWithoutTemporal, catalogue);
    const inline = await apiWithoutTemporal.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 5 } });
    expect(inline.body.licenses).toHaveLength(5);
    const queued = await apiWithoutTemporal.call('POST', `/contracts/${contract.id}/generate`, {
      body: { count: 100 },
    });
    expect(queued.status).toBe(202);
    expect((await apiWithoutTemporal.call('GET', `/jobs/${queued.body.job_id}`)).body.state).toBe('QUEUED');
  });

  test('a command through the workflow is 503 TEMPORAL_UNAVAILABLE with Retry-After, and nothing changes', async () => {
    const draft = await addContract(apiWithoutTemporal, catalogue, { status: 'inactive' });
    const before = await readTableDigests(apiWithoutTemporal.sql);
    const calls = [
      apiWithoutTemporal.call('POST', `/contracts/${draft.id}/activate`),
      apiWithoutTemporal.call('PATCH', `/contracts/${draft.id}`, { body: { name: 'Active now', status: 'active' } }),
    ];
    for (const call of calls) {
      const answer = await call;
      expectRefusal(answer, 503, 'TEMPORAL_UNAVAILABLE');
      expect(answer.headers.get('retry-after')).toBe('5');
    }
    expect(await readTableDigests(apiWithoutTemporal.sql)).toEqual(before);
  });
});

describe('when Temporal stops responding', () => {
  test('a command whose outcome does not arrive is 503, and the detail says to repeat it', async () => {
    const proxy = await startSilentProxy(sharedServers().temporal_address);
    const apiBehindProxy = await startTestApi({ temporalAddress: proxy.address });
    const draft = await addContract(apiBehindProxy, await addCatalogue(apiBehindProxy), { status: 'inactive' });
    proxy.silence();
    const answer = await apiBehindProxy.call('POST', `/contracts/${draft.id}/activate`);
    expect(answer.status).toBe(503);
    expect(['OUTCOME_UNKNOWN', 'TEMPORAL_UNAVAILABLE']).toContain(answer.body.code);
    expect(answer.headers.get('retry-after')).not.toBeNull();
    const queued = await apiBehindProxy.call(
      'POST',
      `/contracts/${(await addContract(apiBehindProxy, await addCatalogue(apiBehindProxy))).id}/generate`,
      { body: { count: 100 } },
    );
    expect(queued.status).toBe(202);
    await apiBehindProxy.close();
    await proxy.close();
  });
});

describe('while Postgres cannot be reached', () => {
  let proxy: SilentProxy;
  let apiWithoutPostgres: TestApi;
  let catalogue: TestCatalogue;

  beforeAll(async () => {
    proxy = await startSilentProxy(new URL(sharedServers().postgres_url).host);
    apiWithoutPostgres = await startTestApi({ databaseUrl: (url) => throughServer(proxy.address, url) });
    catalogue = await addCatalogue(apiWithoutPostgres);
    expect((await apiWithoutPostgres.call('GET', '/contracts')).status).toBe(200);
    await proxy.close();
  });

  afterAll(() => apiWithoutPostgres.close());

  test.each([
    ['GET', '/contracts', undefined],
    ['POST', '/contracts', {}],
    ['GET', `/contracts/${'0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f'}`, undefined],
  ])('%s %s is 503 DATABASE_UNAVAILABLE with Retry-After', async (method, path, body) => {
    const answer = await apiWithoutPostgres.call(method, path, {
      ...(body ? { body: contractBody(catalogue, body) } : {}),
    });
    expectRefusal(answer, 503, 'DATABASE_UNAVAILABLE');
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(answer.text).not.toContain('127.0.0.1');
  });

  test('readyz is 503 and names Postgres; livez is still 200', async () => {
    const ready = await apiWithoutPostgres.call('GET', '//readyz', { key: null });
    expect(ready.status).toBe(503);
    expect(ready.body).toMatchObject({
      ready: false,
      checks: { postgres: expect.stringMatching(/^unreachable: /), temporal: 'ok' },
      installation: null,
    });
    expect((await apiWithoutPostgres.call('GET', '//livez', { key: null })).status).toBe(200);
  });

  test('metrics omit the values from Postgres and show the others', async () => {
    const metrics = await apiWithoutPostgres.call('GET', '//metrics', { key: null });
    expect(metrics.status).toBe(200);
    expect(metrics.text).toContain('covenant_http_request_duration_seconds_count');
    expect(metrics.text).not.toMatch(/^covenant_contracts_with_warning\{/m);
  });
});

test('a statement that exceeds its timeout is 503 DATABASE_UNAVAILABLE with Retry-After', async () => {
  const UNKNOWN = '/contracts/00000000-0000-7000-8000-000000000000';
  const apiWithShortTimeout = await startTestApi({ limits: { statement_ms: 250, idle_in_transaction_ms: 10_000 } });
  const holder = await apiWithShortTimeout.sql.reserve();
  try {
    await holder`BEGIN`;
    await holder`LOCK TABLE contracts IN ACCESS EXCLUSIVE MODE`;
    const answer = await apiWithShortTimeout.call('GET', UNKNOWN);
    expectRefusal(answer, 503, 'DATABASE_UNAVAILABLE');
    expect(answer.headers.get('retry-after')).toBe('5');
  } finally {
    await holder`ROLLBACK`;
    holder.release();
  }
  expect((await apiWithShortTimeout.call('GET', UNKNOWN)).status).toBe(404);
  await apiWithShortTimeout.close();
});

test('readyz counts missing migrations', async () => {
  const apiOnOldSchema = await startTestApi();
  await apiOnOldSchema.sql`DELETE FROM schema_version WHERE version = (SELECT max(version) FROM schema_version)`;
  const ready = await apiOnOldSchema.call('GET', '//readyz', { key: null });
  expect([ready.status, ready.body.checks.migrations]).toEqual([
    503,
    expect.stringMatching(/^1 missing: run `covenant migrate`/),
  ]);
  await apiOnOldSchema.close();
});
