/** `REQUIRE_HTTPS`: which requests are refused, and that nothing of them is read first. */
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { expectRefusal } from '../harness/expect-refusal';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ trustProxy: 1, requireHttps: true });
});

afterAll(() => api.close());

const forwarded = (proto: string) => ({ 'X-Forwarded-Proto': proto });

test('a request that a trusted proxy received over HTTPS is answered', async () => {
  for (const proto of ['https', 'HTTPS', 'https, https'])
    expect((await api.call('GET', '/me', { headers: forwarded(proto) })).status).toBe(200);
});

test('any other request is refused with a remedy', async () => {
  for (const headers of [{}, forwarded('http'), forwarded(''), forwarded('https, http'), forwarded('http, https')]) {
    const refused = await api.call('GET', '/me', { headers });
    expectRefusal(refused, 403, 'HTTPS_REQUIRED');
    expect(refused.body.detail).toMatch(/https:\/\/.*TRUST_PROXY/);
  }
});

test('nothing else of the request is judged: no key, no path, no method and no body', async () => {
  const statements: string[] = [];
  const { options: database } = api.api.db as unknown as { options: { debug: unknown } };
  database.debug = (_connection: number, statement: string) => void statements.push(statement);
  for (const [method, path, options] of [
    ['GET', '/me', { key: null }],
    ['GET', '/me', { key: 'cov_admin_wrong' }],
    ['GET', '/nothing', {}],
    ['DELETE', '/me', {}],
    ['POST', '/products', { body: '{' }],
    ['POST', '/billing/standard/events', { key: null, body: '{}' }],
    ['GET', '//openapi.json', { key: null }],
    ['GET', '//docs', { key: null }],
  ] as const)
    expectRefusal(await api.call(method, path, options), 403, 'HTTPS_REQUIRED');
  database.debug = false;
  expect(statements).toEqual([]);
});

test('probes and metrics are answered without HTTPS', async () => {
  for (const path of ['//livez', '//readyz', '//metrics'])
    expect((await api.call('GET', path, { key: null })).status).not.toBe(403);
});
