/** Rules for text from outside: what Postgres can keep, and what people can see. */

/** Whether Postgres can keep a text: it holds neither U+0000 nor half of a surrogate pair. */
export function isStorableText(text: string): boolean {
  return !text.includes('\u0000') && !/\p{Surrogate}/u.test(text);
}

/** Whether a text can be kept and has no control character: these hide text and break lines. */
export function isPlainText(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return !/[\u0000-\u001f\u007f]/.test(text) && isStorableText(text);
}
