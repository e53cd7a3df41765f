/** Payloads, answers and URLs for readers who may not see license keys and secrets of receivers. */
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
  const forms = keys.map((key) => ({ shown: maskKey(key), signs: compactOf(signsOf(key)) }));
  const texts = [...new Set(keys.flatMap((key) => [key, JSON.stringify(key).slice(1, -1), encodeURIComponent(key)]))];
  const maskWhole = (text: string): string => {
    const exact = texts.reduce((rest, known) => rest.replaceAll(known, maskKey(known)), text);
    return withoutForms(exact, forms);
  };
  return {
    payload: keys.length === 0 ? body : JSON.stringify(masked(payload, maskWhole)),
    mask: (text) => withoutBegunKey(maskWhole(text), forms),
  };
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

/** A letter or a digit of a text, decoded and in lower case, with where it is written. */
interface WrittenSign {
  sign: string;
  from: number;
  to: number;
}

/** A key by its letters and digits alone, and what is shown in its place. */
interface KeyForm {
  shown: string;
  signs: string;
}

/** One character, or its escaped form in a URL (also escaped twice), in JSON or in HTML. */
const WRITTEN_SIGN = /%(?:25)*([0-9a-f]{2})|\\u([0-9a-f]{4})|&#x([0-9a-f]{1,6});|&#(\d{1,7});|./gisu;
const ASCII_MAX = 0x7f;
const CODE_POINT_MAX = 0x10ffff;

/** The letters and digits of a text. Receivers repeat keys in other letter case, without separators, or escaped. */
function signsOf(text: string): WrittenSign[] {
  return [...text.matchAll(WRITTEN_SIGN)].flatMap((match) => {
    const [whole, percent, unicode, hexadecimal, decimal] = match;
    const code = decimal === undefined ? parseInt(percent ?? unicode ?? hexadecimal ?? '', 16) : Number(decimal);
    // An escaped byte beyond ASCII is a part of a character.
    if (code > (percent === undefined ? CODE_POINT_MAX : ASCII_MAX)) return [];
    const sign = (Number.isNaN(code) ? whole : String.fromCodePoint(code)).toLowerCase();
    return /^[\p{L}\p{N}]$/u.test(sign) && sign.length === 1
      ? [{ sign, from: match.index, to: match.index + whole.length }]
      : [];
  });
}

function compactOf(signs: readonly WrittenSign[]): string {
  return signs.map(({ sign }) => sign).join('');
}

/** Masks keys wherever their letters and digits follow each other. */
function withoutForms(text: string, forms: readonly KeyForm[]): string {
  const written = signsOf(text);
  const compact = compactOf(written);
  const masks: (string | undefined)[] = [];
  for (const { shown, signs } of forms) {
    if (signs.length < KEY_CHARS_MIN) continue;
    for (let at = compact.indexOf(signs); at >= 0; at = compact.indexOf(signs, at + 1)) {
      const end = at + signs.length;
      if (masks.slice(at, end).some((mask) => mask !== undefined)) continue;
      for (let index = at; index < end; index++) masks[index] = index === at ? shown : '';
    }
  }
  let rest = '';
  let from = 0;
  for (const [index, { from: begin, to }] of written.entries()) {
    const mask = masks[index];
    if (mask === undefined) continue;
    // What separates the characters of a key is masked with them.
    rest += mask === '' ? '' : text.slice(from, begin) + mask;
    from = to;
  }
  return rest + text.slice(from);
}

/** An answer is stored up to a length, so its end may be the beginning of a key. */
function withoutBegunKey(text: string, forms: readonly KeyForm[]): string {
  const written = signsOf(text);
  const compact = compactOf(written);
  for (const { signs } of forms)
    for (let length = Math.min(signs.length - 1, compact.length); length >= KEY_CHARS_MIN; length--)
      if (compact.endsWith(signs.slice(0, length))) return `${text.slice(0, written.at(-length)?.from)}…`;
  return text;
}

/** A URL without the values of its query, which are often secrets of the receiver. */
export function maskedUrl(url: string): string {
  const [address, ...query] = url.split('?');
  if (query.length === 0) return url;
  const fields = query.join('?').split('&');
  return `${address}?${fields.map((field) => (field.includes('=') ? `${field.split('=', 1)[0]}=…` : field && '…')).join('&')}`;
}
