/** Rules for text from outside: what Postgres can keep, and what people can see. */

/** Embeddings, overrides and isolates of direction: with them a name looks like another one. */
const DIRECTION_CONTROLS = /[\u202a-\u202e\u2066-\u2069]/;

/** A character that leaves a mark: no space, no zero width, no filler, no blank of Braille. */
const VISIBLE = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}\u2800]/u;

/** Whether Postgres can keep a text: it holds neither U+0000 nor half of a surrogate pair. */
export function isStorableText(text: string): boolean {
  return !text.includes('\u0000') && !/\p{Surrogate}/u.test(text);
}

/** Whether a text can be kept and has no control character or line separator: these hide text and break lines. */
export function isPlainText(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text) && isStorableText(text);
}

/** Whether a text changes the direction in which it, or what follows it, is written. */
export function hasDirectionControl(text: string): boolean {
  return DIRECTION_CONTROLS.test(text);
}

/** Whether people see anything of a text. */
export function isVisible(text: string): boolean {
  return VISIBLE.test(text);
}
