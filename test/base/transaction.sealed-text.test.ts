/** Sealed API keys: what is sealed for a row is opened only for that row, by the version that sealed it. */
import { randomBytes } from 'node:crypto';
import { decodeProtectedHeader } from 'jose';
import { SealedTextInvalid, SealingKeyMissing, createSealer } from '../../transactions/base/sealed-text';
import type { Sealer } from '../../transactions/base/sealed-text';

const V1 = { version: 'v1', secret: randomBytes(32) };
const V2 = { version: 'v2', secret: randomBytes(32) };
const ROW = { contract_id: 'contract-1', key_id: 'AbCdEfGhIjKl' };
const sealer = createSealer([V1]) as Sealer;

test('a text is opened for its row, and every sealing of it differs', async () => {
  const [one, other] = [await sealer.seal('secret', ROW), await sealer.seal('secret', ROW)];
  expect(one).not.toBe(other);
  expect(await sealer.open(one, ROW)).toBe('secret');
});

test('the sealed text names its algorithm, version, purpose and row, and nothing of the secret', async () => {
  const sealed = await sealer.seal('secret', ROW);
  expect(decodeProtectedHeader(sealed)).toEqual({
    alg: 'dir',
    enc: 'A256GCM',
    kid: 'v1',
    purpose: 'contract-api-key',
    ...ROW,
  });
});

test.each([
  ['another contract', { ...ROW, contract_id: 'contract-2' }],
  ['another key', { ...ROW, key_id: 'other' }],
  ['a webhook endpoint', { endpoint_id: 'contract-1', secret_id: 'AbCdEfGhIjKl' }],
])('a text is not opened for %s', async (_what, row) => {
  await expect(sealer.open(await sealer.seal('secret', ROW), row)).rejects.toThrow(SealedTextInvalid);
});

test('a changed text, and a text with the version of another key, are not opened', async () => {
  const sealed = await sealer.seal('secret', ROW);
  const [header, ...parts] = sealed.split('.');
  const changed = [header, ...parts.slice(0, -1), randomBytes(16).toString('base64url')].join('.');
  await expect(sealer.open(changed, ROW)).rejects.toThrow(SealedTextInvalid);
  const impostor = createSealer([{ version: 'v1', secret: V2.secret }]) as Sealer;
  await expect(impostor.open(sealed, ROW)).rejects.toThrow(SealedTextInvalid);
});

test('the first key seals, and former keys open until they are removed', async () => {
  const sealed = await sealer.seal('secret', ROW);
  const both = createSealer([V2, V1]) as Sealer;
  expect(await both.open(sealed, ROW)).toBe('secret');
  expect(decodeProtectedHeader(await both.seal('secret', ROW)).kid).toBe('v2');
  const only_new = createSealer([V2]) as Sealer;
  await expect(only_new.open(sealed, ROW)).rejects.toThrow(SealingKeyMissing);
  await expect(only_new.open('not sealed', ROW)).rejects.toThrow(SealingKeyMissing);
  expect(createSealer([])).toBeUndefined();
});
