/** Signing keys of products over HTTP: one active key whatever happens at the same time, rotation, and the public keys. */
import { SYSTEM } from '../../domain/base/actor';
import { PUBLISHED_KEYS_MAX } from '../../domain/catalogue/signing-key';
import { createSigningKey, ensureSigningKey } from '../../transactions/catalogue/signing-key';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { addCatalogue } from '../harness/catalogue';
import { auditOf, expectRefusal } from '../harness/expect-refusal';

const UNKNOWN_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';
const ACT = { actor: SYSTEM, now: '2026-11-01T00:00:00.000Z', request_id: null };

let api: TestApi;
let product_id: string;

beforeAll(async () => {
  api = await startTestApi();
});
beforeEach(async () => {
  ({ product_id } = await addCatalogue(api));
});
afterAll(() => api.close());

const rotate = () => api.call('POST', `/products/${product_id}/signing-keys`);
const retire = (kid: string) => api.call('POST', `/products/${product_id}/signing-keys/${kid}/retire`);
const jwks = (headers = {}) => api.call('GET', `/products/${product_id}/jwks.json`, { key: null, headers });
const kidsOf = (keys: { kid: string }[]) => keys.map(({ kid }) => kid);

/** The state of each key, the newest first. */
async function states(): Promise<[string, string][]> {
  const { body } = await api.call('GET', `/products/${product_id}/signing-keys`, { key: api.keys.viewer });
  return body.data.map(({ kid, state }: { kid: string; state: string }) => [kid, state]);
}

test('a rotation publishes both keys, and only a retired key is no longer published', async () => {
  expect((await jwks()).body).toEqual({ keys: [] });
  const { kid: first } = (await rotate()).body;
  expectRefusal(await retire(first), 409, 'SIGNING_KEY_ACTIVE');
  const { kid: second } = (await rotate()).body;
  expect(await states()).toEqual([
    [second, 'active'],
    [first, 'verify_only'],
  ]);
  expect(kidsOf((await jwks()).body.keys)).toEqual([second, first]);
  expect((await retire(first)).body).toMatchObject({ kid: first, state: 'retired' });
  expect((await retire(first)).status).toBe(200);
  expect(kidsOf((await jwks()).body.keys)).toEqual([second]);
  const audited = (await auditOf(api, product_id)).map(({ action, before, after }) => [action, before, after]);
  expect(audited).toEqual([
    ['signing_key.created', null, { kid: first }],
    ['signing_key.rotated', { kid: first }, { kid: second }],
    ['signing_key.retired', { kid: first }, null],
  ]);
});

test('a private key is stored sealed while it signs, is deleted with its rotation, and is in no answer', async () => {
  const { text } = await rotate();
  const [active] = await api.sql<
    [{ sealed: string; kid: string }]
  >`SELECT sealed, kid FROM signing_keys WHERE product_id = ${product_id}`;
  const d = (await api.api.signing?.sealer.open(active.sealed, { product_id, kid: active.kid })) as string;
  expect(Buffer.from(d, 'base64url')).toHaveLength(32);
  const { text: listed } = await api.call('GET', `/products/${product_id}/signing-keys`);
  const rows = await api.sql`SELECT s::text AS row FROM signing_keys s UNION ALL SELECT a::text FROM audit_events a`;
  for (const shown of [text, listed, (await jwks()).text, ...rows.map(({ row }) => String(row))])
    expect(shown).not.toContain(d);
  await rotate();
  const [former] = await api.sql`SELECT sealed, sealed_by FROM signing_keys WHERE kid = ${active.kid}`;
  expect(former).toEqual({ sealed: null, sealed_by: null });
});

test('of simultaneous rotations each replaces the key of the one before, and one key is active', async () => {
  const { kid: first } = (await rotate()).body;
  // Without the API, in which writes of one row take turns.
  const sealer = api.api.signing?.sealer as never;
  const replace = () => api.api.db.begin((tx) => createSigningKey(tx, product_id, ACT, sealer));
  let rotations: ReturnType<typeof replace>[] = [];
  await api.sql.begin(async (tx) => {
    await tx`SELECT FROM products WHERE id = ${product_id} FOR UPDATE`;
    rotations = [replace(), replace()];
    await waitUntilBlocked(api.sql, 2);
  });
  const created = (await Promise.all(rotations)) as { kid: string }[];
  const listed = await states();
  expect(listed.map(([, state]) => state).sort()).toEqual(['active', 'verify_only', 'verify_only']);
  expect(new Set(kidsOf(created).concat(first))).toEqual(new Set(listed.map(([kid]) => kid)));
  const replaced = await api.sql`
    SELECT before->>'kid' AS kid FROM audit_events WHERE subject_id = ${product_id} AND action = 'signing_key.rotated'`;
  expect(new Set(replaced.map(({ kid }) => String(kid))).size).toBe(2);
});

test('of simultaneous first requests one creates the key, and all get the same one', async () => {
  const sealer = api.api.signing?.sealer as never;
  const ensure = () => api.api.db.begin((tx) => ensureSigningKey(tx, product_id, ACT, sealer));
  let requests: ReturnType<typeof ensure>[] = [];
  await api.sql.begin(async (tx) => {
    await tx`SELECT FROM products WHERE id = ${product_id} FOR UPDATE`;
    requests = [ensure(), ensure(), ensure()];
    await waitUntilBlocked(api.sql, 3);
  });
  const keys = (await Promise.all(requests)) as { kid: string }[];
  expect(new Set(kidsOf(keys)).size).toBe(1);
  expect((await auditOf(api, product_id)).map(({ action }) => action)).toEqual(['signing_key.created']);
});

test('the public keys can be cached, and an unchanged answer is 304 without a body', async () => {
  await rotate();
  const answer = await jwks();
  const etag = answer.headers.get('etag') as string;
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
    const unchanged = await jwks({ 'If-None-Match': known });
    expect([unchanged.status, unchanged.text, unchanged.headers.get('etag')]).toEqual([304, '', etag]);
    expect(unchanged.headers.get('cache-control')).toBe('public, max-age=300');
  }
  await rotate();
  expect((await jwks({ 'If-None-Match': etag })).status).toBe(200);
  const unknown = await api.call('GET', `/products/${UNKNOWN_ID}/jwks.json`, { key: null });
  expectRefusal(unknown, 404, 'NOT_FOUND');
  expect(unknown.headers.get('cache-control')).toBe('no-store');
});

test('a product publishes a limited number of keys, and a key of another product does not exist', async () => {
  const kids = [];
  for (let count = 0; count < PUBLISHED_KEYS_MAX; count++) kids.push((await rotate()).body.kid);
  expectRefusal(await rotate(), 409, 'TOO_MANY_SIGNING_KEYS');
  await retire(kids[0]);
  expect((await rotate()).status).toBe(201);
  const other = await addCatalogue(api);
  expectRefusal(
    await api.call('POST', `/products/${other.product_id}/signing-keys/${kids[1]}/retire`),
    404,
    'NOT_FOUND',
  );
  expectRefusal(await api.call('POST', `/products/${UNKNOWN_ID}/signing-keys`), 404, 'NOT_FOUND');
});

test('without sealing keys no key is created', async () => {
  const { signing } = api.api;
  try {
    api.api.signing = undefined;
    expectRefusal(await rotate(), 409, 'SIGNING_NOT_CONFIGURED');
  } finally {
    api.api.signing = signing;
  }
  expect(await states()).toEqual([]);
});
