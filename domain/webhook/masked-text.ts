/** Payloads and answers for readers who may not see license keys. */
import { maskKey } from '../catalogue/license-key';
import type { Json } from '../base/json';

/** A shorter text is found in other words by chance, and masking it would show it whole. */
const KEY_CHARS_MIN = 5;
/** The fields of payloads with license keys. A certificate has the key of its license in it. */
const KEY_FIELDS = ['key', 'certificate'];

/** Hides the license keys of one payload. */
export interface KeyMask {
  /** The payload, as it is sent apart from the keys. */
  payload: string;
  /** Masks the keys in an answer: a receiver may repeat what it was sent. */
  mask(text: string): string;
}

/** Creates the mask of a payload. */
export function maskOfPayload(body: string): KeyMask {
  const payload = JSON.parse(body) as Json;
  // The longest first: a key can be the beginning of another one.
  const keys = [...new Set(keysIn(payload))].sort((a, b) => b.length - a.length);
  const texts = [...new Set(keys.flatMap((key) => [key, JSON.stringify(key).slice(1, -1), encodeURIComponent(key)]))];
  const mask = (text: string): string => {
    let masked = withoutBegunKey(text, texts);
    for (const known of texts) masked = masked.replaceAll(known, maskKey(known));
    return masked;
  };
  return { payload: keys.length === 0 ? body : JSON.stringify(masked(payload, mask)), mask };
}

/** The keys in the fields of a payload, at any depth. */
function keysIn(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(keysIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === 'string' && KEY_FIELDS.includes(name) && inner.length >= KEY_CHARS_MIN ? [inner] : keysIn(inner),
  );
}

function masked(value: Json, mask: (text: string) => string): Json {
  if (typeof value === 'string') return mask(value);
  if (Array.isArray(value)) return value.map((inner) => masked(inner, mask));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, masked(inner, mask)]));
}

/** An answer is stored up to a length, so its end may be the beginning of a key. */
function withoutBegunKey(text: string, keys: readonly string[]): string {
  for (const key of keys)
    for (let length = key.length - 1; length >= KEY_CHARS_MIN; length--)
      if (text.endsWith(key.slice(0, length))) return `${text.slice(0, -length)}…`;
  return text;
}
