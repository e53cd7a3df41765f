/** Requests whose API key is in the wrong place or not complete: each is refused with a code of its own, before any lookup. */
import { request } from 'node:http';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { expectRefusal } from '../harness/expect-refusal';

let api: TestApi;
let key: string;

beforeAll(async () => {
  api = await startTestApi();
  key = api.keys.viewer;
});
afterAll(() => api.close());

test('a key in the URL is refused also beside a valid header, and its response and request id do not repeat it', async () => {
  const encoded = key.replaceAll('_', '%5F');
  for (const path of [`/me?api_key=${key}`, `/contracts?search=${key}`, `/contracts/${key}`, `/contracts/${encoded}`]) {
    const answer = await api.call('GET', path, { key, headers: { 'X-Request-Id': key } });
    expectRefusal(answer, 401, 'API_KEY_IN_URL');
    expect(answer.text).not.toContain(key.slice(-20));
    expect(answer.headers.get('x-request-id')).not.toBe(key);
  }
});

test('a key in a cookie is refused, and a cookie beside a valid header is ignored', async () => {
  const headers = { Cookie: `session=${key}` };
  expectRefusal(await api.call('GET', '/me', { key: null, headers }), 401, 'API_KEY_IN_COOKIE');
  expect((await api.call('GET', '/me', { key, headers })).status).toBe(200);
});

test.each([
  ['twice in the header', () => `${key}, Bearer ${key}`, 'API_KEY_HAS_SPACES'],
  ['twice without a space', () => `${key},${key}`, 'API_KEY_REPEATED'],
  ['with a space inside', () => `${key.slice(0, 30)} ${key.slice(30)}`, 'API_KEY_HAS_SPACES'],
  ['without its end', () => key.slice(0, -7), 'API_KEY_TRUNCATED'],
  ['with another last character', () => key.slice(0, -1) + (key.endsWith('0') ? '1' : '0'), 'API_KEY_MISTYPED'],
  ['followed by 10,000 characters', () => key + 'x'.repeat(10_000), 'API_KEY_TOO_LONG'],
  ['of another product', () => 'sk_live_51H8abcdefgh', 'API_KEY_MALFORMED'],
])('a key %s is refused with a code of its own and a remedy', async (_what, text, code) => {
  const answer = await api.call('GET', '/me', { key: text() });
  expectRefusal(answer, 401, code);
  expect(answer.body.detail).toMatch(/Copy|Send|begin/);
  expect(answer.headers.get('www-authenticate')).toContain('invalid_token');
});

test('spaces before and after a key are ignored, and so is the letter case of Bearer', async () => {
  for (const Authorization of [`Bearer   ${key}`, `bearer ${key} `, `BEARER ${key}`])
    expect((await api.call('GET', '/me', { key: null, headers: { Authorization } })).status).toBe(200);
});

test('two Authorization headers are refused, in either order and letter case', async () => {
  for (const headers of [
    ['Authorization', `Bearer ${key}`, 'authorization', `Bearer ${api.keys.admin}`],
    ['AUTHORIZATION', `Bearer ${key}`, 'Authorization', `Bearer ${key}`],
  ])
    expect(await codeOf(headers)).toEqual([401, 'API_KEY_REPEATED']);
});

/** Sends headers as they are: a list of names and values. */
function codeOf(headers: string[]): Promise<[number | undefined, unknown]> {
  return new Promise((resolve, reject) => {
    const sent = request(`${api.url}/api/v1/me`, { headers: [...headers, 'Host', 'localhost'] }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += String(chunk)));
      response.on('end', () => resolve([response.statusCode, (JSON.parse(text) as { code?: unknown }).code]));
    });
    sent.on('error', reject);
    sent.end();
  });
}
