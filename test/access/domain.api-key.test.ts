/** The form of API keys: what is a key, and what is wrong with a text that is none. */
import { randomFillSync } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import {
  API_KEY_KINDS,
  containsApiKey,
  contractKeyKind,
  lastFourOf,
  maskedApiKey,
  newApiKey,
  parseApiKey,
  readApiKey,
} from '../../domain/access/api-key';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const key = newApiKey('live', randomFillSync);

test.each(API_KEY_KINDS)('a new key of the kind %s has the documented form and is read back', (kind) => {
  const created = newApiKey(kind, randomFillSync);
  expect(created.text).toMatch(new RegExp(`^cov_${kind}_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$`));
  expect(readApiKey(created.text)).toEqual(created);
  expect(created.text.endsWith(lastFourOf(created))).toBe(true);
  expect(maskedApiKey(kind, created.key_id, lastFourOf(created))).not.toContain(created.secret.slice(0, 8));
});

test('the checksum is the CRC-32 of the text before it, in base62', () => {
  const checksum = key.text.slice(-6);
  const value = [...checksum].reduce((sum, digit) => sum * 62 + BASE62.indexOf(digit), 0);
  expect(value).toBe(crc32(key.text.slice(0, -6)));
});

test('a key with one changed character is mistyped, wherever the change is in the id, the secret or the checksum', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 'cov_live_'.length, max: key.text.length - 1 }).filter((at) => key.text[at] !== '_'),
      fc.constantFrom(...BASE62),
      (at, character) => {
        fc.pre(key.text[at] !== character);
        expect(readApiKey(key.text.slice(0, at) + character + key.text.slice(at + 1))).toBe('mistyped');
      },
    ),
  );
});

test('a key whose end is missing is truncated, however short the rest is', () => {
  for (let length = 'cov_'.length; length < key.text.length; length++)
    expect([length, readApiKey(key.text.slice(0, length))]).toEqual([length, 'truncated']);
});

test.each([
  [' before', ` ${key.text}`, 'has_spaces'],
  ['a space inside', `${key.text.slice(0, 20)} ${key.text.slice(20)}`, 'has_spaces'],
  ['a line break inside', `${key.text.slice(0, 40)}\n${key.text.slice(40)}`, 'has_spaces'],
  ['twice', key.text + key.text, 'repeated'],
  ['twice, with a comma', `${key.text},${key.text}`, 'repeated'],
  ['10,000 characters', key.text + 'x'.repeat(10_000), 'too_long'],
  ['10,000 spaces', ' '.repeat(10_000), 'too_long'],
  ['another kind', key.text.replace('live', 'user'), 'malformed'],
  ['another letter case', key.text.toUpperCase(), 'malformed'],
  ['a character more', `${key.text}0`, 'malformed'],
  ['in quotes', `"${key.text}"`, 'malformed'],
  ['another text', 'password', 'malformed'],
  ['empty', '', 'malformed'],
] as const)('%s: the text is refused as what it is', (_what, text, fault) => {
  expect(readApiKey(text)).toBe(fault);
  expect(parseApiKey(text)).toBeNull();
});

test('a key of an admin from before the checksum is accepted, and one of a contract is not', () => {
  const admin = newApiKey('admin', randomFillSync);
  const { kind, key_id, secret } = admin;
  const former = admin.text.slice(0, -6);
  expect(readApiKey(former)).toEqual({ kind, key_id, secret, text: former });
  expect(readApiKey(key.text.slice(0, -6))).toBe('truncated');
});

test('a key is found in a longer text, and its public parts alone are not one', () => {
  expect(containsApiKey(`/api/v1/me?api_key=${key.text}&x=1`)).toBe(true);
  expect(containsApiKey(`session=1; key=${key.text.slice(0, 40)}`)).toBe(true);
  for (const encoded of [key.text.replaceAll('_', '%5F'), `%63${key.text.slice(1)}`, key.text.replaceAll('_', '%255f')])
    expect(containsApiKey(`/api/v1/contracts/${encoded}?%`)).toBe(true);
  expect(containsApiKey(maskedApiKey('live', key.key_id, 'abcd'))).toBe(false);
  expect(containsApiKey('/api/v1/contracts?search=cov_live_')).toBe(false);
});

test('contracts in production have live keys, and all others test keys', () => {
  expect((['production', 'staging', 'development'] as const).map(contractKeyKind)).toEqual(['live', 'test', 'test']);
});
