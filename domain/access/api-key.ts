/**
 * The form of an API key: `cov_<kind>_<key id>_<secret>`, all base62 so that a double click selects it completely.
 *
 * The key id is public and finds the row. The secret is 256 random bits, of which only an HMAC is stored.
 */
import { formatRandom } from '../base/random-text';
import type { RandomSource } from '../base/random-text';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const KEY_ID_CHARS = 12;
/** 43 base62 characters hold 256 bits. */
const SECRET_CHARS = 43;
const API_KEY_PATTERN = new RegExp(`^cov_([a-z]+)_([0-9A-Za-z]{${KEY_ID_CHARS}})_([0-9A-Za-z]{${SECRET_CHARS}})$`);

export interface ApiKey {
  kind: string;
  key_id: string;
  secret: string;
  /** The whole key, as its owner stores it. */
  text: string;
}

/** Creates a key of a kind (`admin`). It is shown once: it cannot be restored from the stored data. */
export function newApiKey(kind: string, random: RandomSource): ApiKey {
  const key_id = formatRandom(BASE62, KEY_ID_CHARS, random);
  const secret = formatRandom(BASE62, SECRET_CHARS, random);
  return { kind, key_id, secret, text: `cov_${kind}_${key_id}_${secret}` };
}

/** Parses a key; null when the text has another form. */
export function parseApiKey(text: string): ApiKey | null {
  const match = API_KEY_PATTERN.exec(text);
  if (!match) return null;
  const [, kind, key_id, secret] = match as unknown as [string, string, string, string];
  return { kind, key_id, secret, text };
}
