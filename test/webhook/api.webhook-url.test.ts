/** The field `webhook_url` of a contract: it makes, changes and removes an endpoint of its own, whose secret is shown once. */
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract, contractBody } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';
import { buildDelivery } from '../harness/webhook-rows';

const URL = 'https://one.example.com/hooks';
const OTHER_URL = 'https://other.example.com/hooks';
const SECRET = /^whsec_[A-Za-z0-9+/]{43}=$/;

let api: TestApi;
let catalogue: TestCatalogue;

beforeAll(async () => {
  api = await startTestApi({ worker: true });
  catalogue = await addCatalogue(api);
});
afterAll(() => api.close());

const patch = (id: string, body: unknown, query = '', headers = {}): Promise<ApiAnswer> =>
  api.call('PATCH', `/contracts/${id}${query}`, { body, headers });
const read = async (path: string) => (await api.call('GET', path)).body;
const endpointsOf = (contract_id: string) => api.sql`
  SELECT id, url, status, events, is_of_contract FROM webhook_endpoints WHERE contract_id = ${contract_id} ORDER BY id`;
const auditOf = async (contract_id: string): Promise<string[]> =>
  (
    await api.sql`
      SELECT action FROM audit_events WHERE contract_id = ${contract_id} AND action LIKE 'webhook_endpoint.%' ORDER BY id`
  ).map(({ action }) => action);

/** A draft with an endpoint of its own. */
async function contractWithUrl(): Promise<any> {
  const body = contractBody(catalogue, { status: 'inactive', webhook_url: URL });
  return (await api.call('POST', '/contracts', { body })).body;
}

test('creation with a URL makes an endpoint of all events and shows its secret once', async () => {
  const body = contractBody(catalogue, { webhook_url: URL, api_access: true });
  const headers = { 'Idempotency-Key': 'contract with a url' };
  const created = await api.call('POST', '/contracts', { body, headers });
  const { webhook_endpoint, api_access, id } = created.body;
  const { secret } = webhook_endpoint;
  expect(secret).toMatch(SECRET);
  expect(api_access.key).toEqual(expect.any(String));

  const repeated = await api.call('POST', '/contracts', { body, headers });
  expect(repeated.body).toMatchObject({ id, webhook_endpoint: { secret: null }, api_access: { key: null } });
  const shown = { id: webhook_endpoint.id, status: 'enabled' };
  expect(await read(`/contracts/${id}`)).toMatchObject({ webhook_url: URL, webhook_endpoint: shown });
  expect((await read(`/contracts/${id}`)).webhook_endpoint).toEqual(shown);
  expect(await endpointsOf(id)).toEqual([{ ...shown, url: URL, events: ['*'], is_of_contract: true }]);
  expect((await read(`/webhook-endpoints/${shown.id}`)).secrets).toMatchObject([{ last_four: secret.slice(-4) }]);
  expect(await auditOf(id)).toEqual(['webhook_endpoint.created']);
});

test('an edit makes the endpoint, changes its URL without a new secret, and removes it; the same URL changes nothing', async () => {
  const { id } = await addContract(api, catalogue);
  const made = await patch(id, { webhook_url: URL, name: 'With a receiver' });
  const { id: endpoint_id, secret } = made.body.webhook_endpoint;
  expect([made.body.name, secret]).toEqual(['With a receiver', expect.stringMatching(SECRET)]);
  const same = { id: endpoint_id, status: 'enabled', secret: null };
  expect((await patch(id, { webhook_url: URL })).body.webhook_endpoint).toEqual(same);
  const moved = (await patch(id, { webhook_url: OTHER_URL })).body;
  expect([moved.webhook_url, moved.webhook_endpoint]).toEqual([OTHER_URL, same]);
  expect((await read(`/webhook-endpoints/${endpoint_id}`)).secrets).toMatchObject([{ last_four: secret.slice(-4) }]);
  expect((await patch(id, { name: 'Again' })).body.webhook_endpoint).not.toHaveProperty('secret');

  const removed = (await patch(id, { webhook_url: null })).body;
  expect([removed.webhook_url, removed.webhook_endpoint]).toEqual([null, null]);
  expect((await patch(id, { webhook_url: null })).status).toBe(200);
  expect(await auditOf(id)).toEqual(['created', 'updated', 'removed'].map((action) => `webhook_endpoint.${action}`));
  const again = (await patch(id, { webhook_url: URL })).body.webhook_endpoint;
  expect(again.secret).toMatch(SECRET);
  expect([again.id === endpoint_id, again.secret === secret]).toEqual([false, false]);
});

test('equal edits at the same time make one endpoint, and one of them shows its secret', async () => {
  const { id } = await addContract(api, catalogue);
  const answers = await Promise.all(Array.from({ length: 6 }, () => patch(id, { webhook_url: URL })));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(answers.filter(({ body }) => body.webhook_endpoint.secret !== null)).toHaveLength(1);
  expect(await endpointsOf(id)).toHaveLength(1);
});

test('a URL to which nothing may be sent is refused when it is written', async () => {
  const { id } = await addContract(api, catalogue);
  const webhook_url = 'http://169.254.169.254/latest';
  const body = contractBody(catalogue, { webhook_url });
  for (const answer of [await patch(id, { webhook_url }), await api.call('POST', '/contracts', { body })]) {
    expectRefusal(answer, 422, 'VALIDATION_FAILED');
    expect(answer.body.errors[0].path).toBe('webhook_url');
  }
});

test('a dry run shows the URL without a secret, and changes nothing', async () => {
  const body = contractBody(catalogue, { webhook_url: URL });
  const created = await api.call('POST', '/contracts?dry_run=true', { body });
  expect(created.body).toMatchObject({ webhook_url: URL, dry_run: true });
  expect(created.body.webhook_endpoint).not.toHaveProperty('secret');
  const { id } = await addContract(api, catalogue);
  const edited = await patch(id, { webhook_url: URL }, '?dry_run=true');
  expect(edited.body).toMatchObject({ webhook_url: URL, dry_run: true });
  expect(edited.body.webhook_endpoint).not.toHaveProperty('secret');
  expect(await endpointsOf(id)).toEqual([]);
});

test('an edit that also activates the draft makes the endpoint, and its secret has not passed through Temporal', async () => {
  const draft = await addContract(api, catalogue, { status: 'inactive' });
  const headers = { 'Idempotency-Key': 'activate with a url' };
  const edit = () => patch(draft.id, { status: 'active', webhook_url: URL }, '', headers);
  const { body } = await edit();
  expect(body).toMatchObject({ state: 'ACTIVE', webhook_url: URL });
  const { secret } = body.webhook_endpoint;
  expect(secret).toMatch(SECRET);
  const history = await api.api.client.workflow.getHandle(body.workflow_id).fetchHistory();
  expect(JSON.stringify(history)).not.toContain(Buffer.from(secret).toString('base64').slice(4, -4));
  expect((await edit()).body.webhook_endpoint).toEqual({ ...body.webhook_endpoint, secret: null });
});

test('a contract that is over keeps its endpoint, and a refused edit changes nothing else either', async () => {
  const { id } = await contractWithUrl();
  await api.call('POST', `/contracts/${id}/terminate`, { body: { reason: 'over' } });
  for (const webhook_url of [OTHER_URL, null])
    expectRefusal(await patch(id, { webhook_url }), 409, 'CONTRACT_TERMINATED');
  expectRefusal(await patch(id, { webhook_url: OTHER_URL }, '?dry_run=true'), 409, 'CONTRACT_TERMINATED');
  expect((await patch(id, { webhook_url: URL })).status).toBe(200);

  const full = await addContract(api, catalogue);
  const body = { url: URL, contract_id: full.id };
  await Promise.all(Array.from({ length: 50 }, () => api.call('POST', '/webhook-endpoints', { body })));
  const refused = await patch(full.id, { webhook_url: URL, name: 'Not stored' });
  expectRefusal(refused, 409, 'TOO_MANY_WEBHOOK_ENDPOINTS');
  expect((await read(`/contracts/${full.id}`)).name).toBe(full.name);
});

test('a draft tries its receiver: the event of a test license is owed to the endpoint, and says that it is a test', async () => {
  const { id, webhook_endpoint } = await contractWithUrl();
  const generated = await api.call('POST', `/contracts/${id}/generate`, { body: { count: 1, test: true } });
  expect(generated.status).toBe(201);
  const owed = await api.sql`
    SELECT d.status, e.type, e.data FROM webhook_deliveries d JOIN domain_events e ON e.id = d.event_id
    WHERE d.endpoint_id = ${webhook_endpoint.id} ORDER BY d.id`;
  expect(owed).toEqual([
    { status: 'owed', type: expect.stringMatching(/^license\./), data: expect.objectContaining({ is_test: true }) },
  ]);
});

test('the query of the URL is shown to admins only, wherever the URL is shown', async () => {
  const { id } = await addContract(api, catalogue, { webhook_url: `${URL}?token=s3cret&to=me` });
  const endpoint_id = (await read(`/contracts/${id}`)).webhook_endpoint.id;
  const delivery = await buildDelivery(api.sql, { endpoint_id });
  const shownTo = async (key: string): Promise<Set<string>> => {
    const see = async (path: string) => (await api.call('GET', path, { key })).body;
    const { data } = await see(`/contracts/${id}/activity`);
    return new Set([
      (await see(`/webhook-endpoints/${endpoint_id}`)).url,
      (await see(`/deliveries/${delivery.id}`)).url,
      (await see(`/contracts/${id}`)).webhook_url,
      data.find(({ action }: { action: string }) => action === 'webhook_endpoint.created').after.url,
    ]);
  };
  expect(await shownTo(api.keys.admin)).toEqual(new Set([`${URL}?token=s3cret&to=me`]));
  expect(await shownTo(api.keys.operator)).toEqual(new Set([`${URL}?token=…&to=…`]));
});
