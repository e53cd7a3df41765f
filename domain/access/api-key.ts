/**
 * The form of an API key: `cov_<kind>_<key id>_<secret><checksum>`, all base62 so that a double click selects it completely
 * (decisions 42).
 *
 * The key id is public and finds the row. The secret is 256 random bits, of which only an HMAC is compared. The checksum tells a
 * mistyped key from a revoked one without a lookup, and lets scanners for leaked secrets find keys in files.
 */
import type { Environment } from '../base/environment';
import { formatRandom } from '../base/random-text';
import type { RandomSource } from '../base/random-text';

/** `live`: of a contract in production; `test`: of a contract in another environment. */
export const API_KEY_KINDS = ['admin', 'live', 'test'] as const;
export type ApiKeyKind = (typeof API_KEY_KINDS)[number];

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const KEY_ID_CHARS = 12;
/** 43 base62 characters hold 256 bits. */
const SECRET_CHARS = 43;
/** 6 base62 characters hold 32 bits. */
const CHECKSUM_CHARS = 6;
/** A text beyond this length is not examined. The longest key has 72 characters. */
const EXAMINED_CHARS_MAX = 256;

const KIND = API_KEY_KINDS.join('|');
const API_KEY_PATTERN = new RegExp(
  `^cov_(${KIND})_([0-9A-Za-z]{${KEY_ID_CHARS}})_([0-9A-Za-z]{${SECRET_CHARS}})([0-9A-Za-z]{${CHECKSUM_CHARS}})?$`,
);
/** A key inside of a longer text, also one whose secret is incomplete. */
const CONTAINED_PATTERN = new RegExp(`cov_(?:${KIND})_[0-9A-Za-z]{${KEY_ID_CHARS}}_[0-9A-Za-z]{8}`);
/** A percent-encoded byte, also when its percent sign is encoded again. */
const ENCODED_PATTERN = /%(?:25)*([0-9A-Fa-f]{2})/g;

export interface ApiKey {
  kind: ApiKeyKind;
  key_id: string;
  secret: string;
  /** The whole key, as its owner stores it. */
  text: string;
}

/** What is wrong with a text that is not an API key. */
export type ApiKeyFault = 'too_long' | 'has_spaces' | 'repeated' | 'truncated' | 'mistyped' | 'malformed';

/** Creates a key. Its text cannot be restored from its HMAC. */
export function newApiKey(kind: ApiKeyKind, random: RandomSource): ApiKey {
  const key_id = formatRandom(BASE62, KEY_ID_CHARS, random);
  const secret = formatRandom(BASE62, SECRET_CHARS, random);
  const unchecked = `cov_${kind}_${key_id}_${secret}`;
  return { kind, key_id, secret, text: unchecked + checksumOf(unchecked) };
}

/**
 * Parses a key, or says what is wrong with the text. Keys of admins that were created before keys had a checksum are accepted
 * without one.
 */
export function readApiKey(text: string): ApiKey | ApiKeyFault {
  if (text.length > EXAMINED_CHARS_MAX) return 'too_long';
  const match = API_KEY_PATTERN.exec(text);
  if (!match) return faultOf(text);
  const [, kind, key_id, secret, checksum] = match as unknown as [string, ApiKeyKind, string, string, string?];
  if (checksum === undefined && kind !== 'admin') return 'truncated';
  if (checksum !== undefined && checksum !== checksumOf(text.slice(0, -CHECKSUM_CHARS))) return 'mistyped';
  return { kind, key_id, secret, text };
}

/** Parses a key; null when the text is not one. */
export function parseApiKey(text: string): ApiKey | null {
  const key = readApiKey(text);
  return typeof key === 'string' ? null : key;
}

/** Whether a text, such as a URL, contains an API key, also with percent-encoded characters (`cov%5Flive%5F…`). */
export function containsApiKey(text: string): boolean {
  if (CONTAINED_PATTERN.test(text)) return true;
  return text.includes('%') && CONTAINED_PATTERN.test(text.replace(ENCODED_PATTERN, decoded));
}

/** The character of a percent-encoded byte. No character of a key has more than one byte. */
function decoded(_encoded: string, hex: string): string {
  return String.fromCharCode(parseInt(hex, 16));
}

/** The kind of the keys of a contract. */
export function contractKeyKind(environment: Environment): 'live' | 'test' {
  return environment === 'production' ? 'live' : 'test';
}

/** A key without its secret, as it is shown to people: `cov_live_<key id>_…<last four characters>`. */
export function maskedApiKey(kind: ApiKeyKind, key_id: string, last_four: string): string {
  return `cov_${kind}_${key_id}_…${last_four}`;
}

/** The last characters of a key, by which its owner recognizes it. */
export function lastFourOf(key: ApiKey): string {
  return key.text.slice(-4);
}

function faultOf(text: string): ApiKeyFault {
  if (/\s/.test(text)) return 'has_spaces';
  if (text.split('cov_').length > 2) return 'repeated';
  return /^cov_[0-9A-Za-z_]*$/.test(text) && text.length < completeLength(text) ? 'truncated' : 'malformed';
}

/** The length of a complete key of the kind with which the text begins. */
function completeLength(text: string): number {
  const kind = API_KEY_KINDS.find((known) => text.startsWith(`cov_${known}_`)) ?? 'test';
  return `cov_${kind}_`.length + KEY_ID_CHARS + '_'.length + SECRET_CHARS + CHECKSUM_CHARS;
}

/** The checksum of a key without its checksum: CRC-32 (IEEE 802.3) in base62, most significant digit first. */
function checksumOf(unchecked: string): string {
  let rest = crc32(unchecked);
  let digits = '';
  for (let digit = 0; digit < CHECKSUM_CHARS; digit++) {
    digits = BASE62.charAt(rest % BASE62.length) + digits;
    rest = Math.floor(rest / BASE62.length);
  }
  return digits;
}

function crc32(ascii: string): number {
  let crc = 0xffffffff;
  for (let index = 0; index < ascii.length; index++) {
    crc ^= ascii.charCodeAt(index);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return (crc ^ 0xffffffff) >>> 0;
}
