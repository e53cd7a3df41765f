/** Endpoints of webhooks over HTTP: who receives what, secrets that are shown once, races, and what is left after removal. */
import { countWarnings } from '../../db/contract/contract';
import { waitFor } from '../../dev/waiting';
import { createSealer } from '../../transactions/base/sealed-text';
import type { Sealer } from '../../transactions/base/sealed-text';
import { openSigningSecrets } from '../../transactions/webhook/secret';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';

const V1 = { version: 'v1', secret: new Uint8Array(32).fill(7) };
const sealer = createSealer([V1]) as Sealer;
const URL = 'https://example.com/hooks';
const SECRET = /^whsec_[A-Za-z0-9+/]{43}=$/;

const WAIT_MS = 15_000;
let api: TestApi;
let catalogue: TestCatalogue;

beforeAll(async () => {
  api = await startTestApi({ sealingKeys: [V1] });
  catalogue = await addCatalogue(api);
});
afterAll(() => api.close());

const create = (body: object = {}, headers = {}) =>
  api.call('POST', '/webhook-endpoints', { body: { url: URL, ...body }, headers });
const act = (id: string, action: string, body?: object) =>
  api.call('POST', `/webhook-endpoints/${id}/${action}`, { body });
const read = async (id: string) => (await api.call('GET', `/webhook-endpoints/${id}`)).body;
const signing = (id: string) => openSigningSecrets(api.sql as never, id, sealer);
const owedTo = (id: string) => api.sql`
  SELECT id, event_type, status FROM webhook_deliveries WHERE endpoint_id = ${id} ORDER BY id`;
const auditOf = async (id: string): Promise<string[]> =>
  (await api.sql`SELECT action FROM audit_events WHERE subject_id = ${id} ORDER BY id`).map(({ action }) => action);

test('an endpoint shows its secret once, in the answer that creates it', async () => {
  const headers = { 'Idempotency-Key': 'once' };
  const [created, repeated] = [await create({}, headers), await create({}, headers)];
  expect([created.status, repeated.status]).toEqual([201, 201]);
  const { secret, id, ...shown } = created.body;
  expect(secret).toMatch(SECRET);
  expect(repeated.body).toEqual({ ...shown, id, secret: null });
  expect(await signing(id)).toEqual([secret]);
  const { body, headers: fields } = await api.call('GET', `/webhook-endpoints/${id}`);
  expect([body, fields.get('etag')]).toEqual([{ ...shown, id }, '"1"']);
  expect(body).toMatchObject({ environment: 'production', events: ['*'], status: 'enabled', contract_id: null });
  expect(body.secrets).toEqual([{ last_four: secret.slice(-4), created_at: body.created_at, expires_at: null }]);
  expect(JSON.stringify(await api.sql`SELECT * FROM idempotency_keys`)).not.toContain(secret);
});

test('equal requests at the same time with one key create one endpoint', async () => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => create({ description: 'race' }, { 'Idempotency-Key': 'race' })),
  );
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect(answers.filter(({ body }) => body.secret !== null)).toHaveLength(1);
});

test.each([
  ['http://169.254.169.254/latest', 'url'],
  ['https://user:pw@example.com/', 'url'],
  ['ftp://example.com/', 'url'],
])('%s is refused when it is written', async (url, path) => {
  const { id } = (await create()).body;
  for (const answer of [
    await create({ url }),
    await api.call('PATCH', `/webhook-endpoints/${id}`, { body: { url } }),
  ]) {
    expectRefusal(answer, 422, 'VALIDATION_FAILED');
    expect(answer.body.errors[0].path).toBe(path);
  }
});

test('an unknown type of events is refused with those that are nearest', async () => {
  const answer = await create({ events: ['license.*', 'contract.suspendet'] });
  expectRefusal(answer, 422, 'VALIDATION_FAILED');
  expect(answer.body.errors).toEqual([
    { path: 'events.1', message: expect.stringContaining('did you mean contract.suspended, ') },
  ]);
});

test('an endpoint receives the events of its contract or environment that match its filter', async () => {
  const { id: contract_id } = await addContract(api, catalogue, { environment: undefined });
  const mine = await create({ contract_id, events: ['contract.*'] });
  const licenses = await create({ contract_id, events: ['license.*'] });
  const every = await create({ environment: 'all', events: ['contract.updated'] });
  const elsewhere = await create({ environment: 'production', events: ['contract.updated'] });
  await api.call('PATCH', `/contracts/${contract_id}`, { body: { name: 'Renamed' } });
  const types = async ({ body }: { body: { id: string } }) =>
    (await owedTo(body.id)).map(({ event_type }) => event_type);
  const environment = mine.body.environment;
  expect(await Promise.all([mine, licenses, every, elsewhere].map(types))).toEqual([
    ['contract.updated'],
    [],
    ['contract.updated'],
    environment === 'production' ? ['contract.updated'] : [],
  ]);
  expectRefusal(await create({ contract_id, environment: 'all' }), 422, 'VALIDATION_FAILED');
});

test('a test event is owed to the tested endpoint alone, and not to one that is disabled', async () => {
  const [tested, other] = [(await create({ events: ['license.*'] })).body, (await create()).body];
  const answer = await act(tested.id, 'test');
  expect(answer.status).toBe(202);
  expect(await owedTo(tested.id)).toEqual([
    { id: answer.body.delivery_id, event_type: 'webhook.test', status: 'owed' },
  ]);
  expect(await owedTo(other.id)).toEqual([]);
  await act(tested.id, 'disable');
  expectRefusal(await act(tested.id, 'test'), 409, 'WEBHOOK_ENDPOINT_DISABLED');
  expect(await auditOf(tested.id)).toEqual([
    'webhook_endpoint.created',
    'webhook_endpoint.tested',
    'webhook_endpoint.disabled',
  ]);
});

test('a rotation lets the former secret sign for the overlap, at most five of them, and none without an overlap', async () => {
  const { id, secret } = (await create()).body;
  const secrets = [secret];
  for (let rotation = 0; rotation < 6; rotation++) {
    const { status, body } = await act(id, 'rotate-secret');
    expect(status).toBe(200);
    secrets.unshift(body.secret);
  }
  expect(await signing(id)).toEqual(secrets.slice(0, 6));
  const { secrets: shown } = await read(id);
  expect(shown.map(({ last_four }: { last_four: string }) => last_four)).toEqual(
    secrets.slice(0, 6).map((text) => text.slice(-4)),
  );
  const { body } = await act(id, 'rotate-secret', { overlap_hours: 0 });
  expect(await signing(id)).toEqual([body.secret]);
});

test('of rotations at the same time each leaves one audit row, and exactly one secret is current', async () => {
  const { id } = (await create()).body;
  const answers = await Promise.all(Array.from({ length: 5 }, () => act(id, 'rotate-secret')));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  const current = (await read(id)).secrets.filter(({ expires_at }: { expires_at: unknown }) => expires_at === null);
  expect(current).toHaveLength(1);
  expect(answers.some(({ body }) => body.secret.endsWith(current[0].last_four))).toBe(true);
  expect(await auditOf(id)).toHaveLength(6);
});

test('a removed endpoint has no secret, its workflow is woken to end what it is owed, and it cannot be changed', async () => {
  const { id } = (await create()).body;
  await act(id, 'test');
  const path = `/webhook-endpoints/${id}`;
  const foreseen = await api.call('DELETE', `${path}?dry_run=true`);
  expect(foreseen.body).toMatchObject({ deliveries_failed: 1, dry_run: true });
  expect((await read(id)).status).toBe('enabled');
  const woken: string[] = [];
  const { unlisten } = await api.sql.listen('webhooks', (endpoint_id) => woken.push(endpoint_id));
  const changes = await Promise.all([
    api.call('DELETE', path),
    api.call('PATCH', path, { body: { description: 'late' } }),
    act(id, 'rotate-secret'),
  ]);
  expect(changes[0].body).toMatchObject({ status: 'removed', deliveries_failed: 1, secrets: [] });
  for (const { status } of changes.slice(1)) expect([200, 409]).toContain(status);
  expect(await signing(id)).toEqual([]);
  await waitFor(async () => woken.includes(id), { timeout_ms: WAIT_MS, what: 'the notification' });
  await unlisten();
  expect((await api.call('DELETE', path)).body).toMatchObject({ deliveries_failed: 0 });
  for (const answer of [await act(id, 'enable'), await act(id, 'test'), await act(id, 'rotate-secret')])
    expectRefusal(answer, 409, 'WEBHOOK_ENDPOINT_REMOVED');
  const listed = async (query: string) =>
    (await api.call('GET', `/webhook-endpoints?limit=100${query}`)).body.data.some((one: any) => one.id === id);
  expect([await listed(''), await listed('&status=removed')]).toEqual([false, true]);
});

test('edits follow If-Match, change nothing twice, and do not move an endpoint to another contract', async () => {
  const { id } = (await create()).body;
  const path = `/webhook-endpoints/${id}`;
  const edit = (body: object, headers = {}) => api.call('PATCH', path, { body, headers });
  const edited = await edit({ events: ['license.*'], rate_per_second: 5 }, { 'If-Match': '"1"' });
  expect([edited.status, edited.headers.get('etag')]).toEqual([200, '"2"']);
  expect((await edit({ rate_per_second: 5 })).body.revision).toBe(2);
  expectRefusal(await edit({ rate_per_second: 6 }, { 'If-Match': '"1"' }), 412, 'REVISION_CONFLICT');
  expectRefusal(await edit({ contract_id: id }), 422, 'IMMUTABLE_FIELD');
  expectRefusal(await edit({ environment: 'all' }), 422, 'IMMUTABLE_FIELD');
  expect(await auditOf(id)).toEqual(['webhook_endpoint.created', 'webhook_endpoint.updated']);
});

test('a contract has at most 50 endpoints, however many are created at the same time', async () => {
  const { id: contract_id } = await addContract(api, catalogue);
  await api.sql`
    WITH added AS (
      INSERT INTO webhook_endpoints (contract_id, environment, url, events, payload_version, created_at, updated_at)
      SELECT ${contract_id}, environment, ${URL}, '{*}', 1, now(), now() FROM contracts, generate_series(1, 48)
      WHERE contracts.id = ${contract_id} RETURNING id
    ) INSERT INTO webhook_queues (endpoint_id) SELECT id FROM added`;
  const answers = await Promise.all(Array.from({ length: 4 }, () => create({ contract_id })));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409]);
  expectRefusal(await create({ contract_id }), 409, 'TOO_MANY_WEBHOOK_ENDPOINTS');
});

test('the endpoints of a deleted contract receive their last event, unless they are disabled', async () => {
  const { id: contract_id, name } = await addContract(api, catalogue, { status: 'inactive' });
  const [enabled, disabled] = [(await create({ contract_id })).body, (await create({ contract_id })).body];
  await act(disabled.id, 'test');
  await act(disabled.id, 'disable');
  const deleted = await api.call('DELETE', `/contracts/${contract_id}`, { body: { confirm_name: name } });
  expect(deleted.status).toBe(204);
  expect([(await read(enabled.id)).status, (await read(disabled.id)).status]).toEqual(['ending', 'removed']);
  const [last] = await owedTo(enabled.id);
  expect(last).toMatchObject({ event_type: 'contract.deleted', status: 'owed' });
  expect((await owedTo(disabled.id)).map(({ event_type }) => event_type)).toEqual(['webhook.test']);
  expectRefusal(await act(enabled.id, 'rotate-secret'), 409, 'WEBHOOK_ENDPOINT_REMOVED');
  expectRefusal(await create({ contract_id }), 410, 'CONTRACT_DELETED');
});

test('a contract has a warning while one of its endpoints is disabled', async () => {
  const { id: contract_id } = await addContract(api, catalogue);
  const [{ id }, other] = [(await create({ contract_id })).body, (await create({ contract_id })).body];
  const warned = async () => {
    const listed = await api.call('GET', '/contracts?warning=WEBHOOK_DISABLED');
    const { warnings } = (await api.call('GET', `/contracts/${contract_id}`)).body;
    const counts = (await countWarnings(api.sql, new Date().toISOString())).warnings;
    const { contracts } = counts.find(({ warning }) => warning === 'WEBHOOK_DISABLED') ?? {};
    return { listed: listed.body.data, warnings, contracts };
  };
  await act(id, 'disable');
  expect(await warned()).toMatchObject({
    listed: [{ id: contract_id, warnings: ['WEBHOOK_DISABLED'] }],
    warnings: ['WEBHOOK_DISABLED'],
    contracts: 1,
  });
  await act(other.id, 'disable');
  await act(id, 'enable');
  expect((await warned()).warnings).toEqual(['WEBHOOK_DISABLED']);
  await api.call('DELETE', `/webhook-endpoints/${other.id}`);
  expect(await warned()).toMatchObject({ listed: [], warnings: [], contracts: 0 });
});

test('without a sealing key there are no endpoints, and the answer says why', async () => {
  const plain = await startTestApi({ sealingKeys: [] });
  try {
    const answer = await plain.call('POST', '/webhook-endpoints', { body: { url: URL } });
    expectRefusal(answer, 409, 'WEBHOOKS_NOT_CONFIGURED');
  } finally {
    await plain.close();
  }
});
