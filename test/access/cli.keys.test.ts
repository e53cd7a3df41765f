/** `covenant keys rotate-sealing`: replaces the key that encrypts stored keys and secrets, while everything runs. */
import { randomBytes } from 'node:crypto';
import { isRefusal } from '../../domain/base/refusal';
import { SYSTEM } from '../../domain/base/actor';
import { revealKey } from '../../transactions/access/contract-api-key';
import { resealKeys } from '../../transactions/access/reseal-keys';
import { createSealer } from '../../transactions/base/sealed-text';
import type { Sealer } from '../../transactions/base/sealed-text';
import { createSecret, openSigningSecrets } from '../../transactions/webhook/secret';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { addCatalogue, contractBody } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { runCovenant } from '../harness/covenant-command';

const V1 = { version: 'v1', secret: randomBytes(32) };
const V2 = { version: 'v2', secret: randomBytes(32) };
const textOf = (keys: readonly (typeof V1)[]) =>
  keys.map(({ version, secret }) => `${version}:${secret.toString('base64')}`).join(',');

let api: TestApi;
let catalogue: TestCatalogue;

beforeAll(async () => {
  api = await startTestApi({ sealingKeys: [V1] });
  catalogue = await addCatalogue(api);
});
afterAll(() => api.close());

async function addKey(): Promise<{ id: string; key: string }> {
  const { body } = await api.call('POST', '/contracts', { body: contractBody(catalogue, { api_access: true }) });
  return { id: body.id, key: body.api_access.key };
}

/** Adds an endpoint with a secret, and returns both. */
async function addSecret(): Promise<{ endpoint_id: string; secret: string }> {
  const now = new Date().toISOString();
  const [{ id }] = await api.sql<[{ id: string }]>`
    INSERT INTO webhook_endpoints ${api.sql({ url: 'https://example.com/', events: ['*'], payload_version: 1, created_at: now, updated_at: now })}
    RETURNING id`;
  return { endpoint_id: id, secret: await createSecret(api.sql as never, id, createSealer([V1]) as Sealer, now) };
}

/** The key of a contract, as an installation with these sealing keys shows it, or the code of the refusal. */
async function shown(contract_id: string, keys: readonly (typeof V1)[]): Promise<string> {
  const act = { id: contract_id, actor: SYSTEM, now: new Date().toISOString(), request_id: null };
  const secrets = { pepper: api.api.keyPepper, sealer: createSealer(keys) as Sealer };
  const outcome = await api.sql.begin((tx) => revealKey(tx as never, act, secrets));
  return isRefusal(outcome) ? outcome.code : outcome.text;
}

const settings = (keys: string) => ({
  DATABASE_URL: api.database.url,
  COVENANT_KEY_PEPPER: api.api.keyPepper,
  COVENANT_SEALING_KEYS: keys,
});

test('every stored key is encrypted with the new version, is shown by it alone, and still works', async () => {
  const contracts = [await addKey(), await addKey(), await addKey()];
  const signing_key = await api.call('POST', `/products/${catalogue.product_id}/signing-keys`);
  expect(signing_key.status).toBe(201);
  const { endpoint_id, secret } = await addSecret();
  const [first] = contracts as [{ id: string; key: string }];
  expect(await shown(first.id, [V2])).toBe('SEALING_KEY_MISSING');
  const ran = await runCovenant(['keys', 'rotate-sealing', '--json'], settings(textOf([V2, V1])));
  expect([ran.code, JSON.parse(ran.stdout)]).toEqual([
    0,
    { version: 'v2', resealed: 5, unreadable: [], unreadable_products: [], unreadable_webhook_endpoints: [] },
  ]);
  expect(ran.stderr).toContain('no API has encrypted a key with v2 yet');
  for (const { id, key } of contracts) {
    expect(await shown(id, [V2])).toBe(key);
    const answer = await api.call('POST', `/contracts/${id}/generate`, { key, body: { count: 1 } });
    expect(answer.status).toBe(201);
  }
  expect(await openSigningSecrets(api.sql as never, endpoint_id, createSealer([V2]) as Sealer)).toEqual([secret]);
  const [row] = await api.sql`SELECT product_id, kid, sealed FROM signing_keys`;
  await (createSealer([V2]) as Sealer).open(String(row?.['sealed']), row as never);
  const again = await api.sql.begin((tx) => resealKeys(tx as never, createSealer([V2, V1]) as Sealer, null));
  expect(again).toEqual({ resealed: 0, unreadable: [], last_id: null });
});

test('a key that no configured version opens stays as it is and is named, and the others are encrypted', async () => {
  const [readable, unreadable] = [await addKey(), await addKey()];
  const [before] = await api.sql`
    UPDATE contract_api_keys SET sealed = 'x.y.z' WHERE contract_id = ${unreadable.id} RETURNING sealed, sealed_by`;
  const ran = await runCovenant(['keys', 'rotate-sealing'], settings(textOf([V2, V1])));
  expect(ran.code).toBe(1);
  expect(ran.stdout).toBe('1 keys encrypted with v2.\n');
  expect(ran.stderr).toContain(unreadable.id);
  // The first rotation of this file has left keys of the new version.
  expect(ran.stderr).not.toContain('Warning');
  expect(ran.stderr).not.toContain(readable.id);
  const [after] = await api.sql`SELECT sealed, sealed_by FROM contract_api_keys WHERE contract_id = ${unreadable.id}`;
  expect(after).toEqual(before);
});

test('a rotation at the same time waits, and its key is not overwritten', async () => {
  const { id } = await addKey();
  const sealer = createSealer([V2, V1]) as Sealer;
  let rotated: Promise<{ status: number; body: { key: string } }> | undefined;
  await api.sql.begin(async (tx) => {
    await resealKeys(tx as never, sealer, null);
    rotated = api.call('POST', `/contracts/${id}/api-key/rotate`);
    await waitUntilBlocked(api.sql);
  });
  const { body } = (await rotated) as { body: { key: string } };
  expect(await shown(id, [V1])).toBe(body.key);
});
