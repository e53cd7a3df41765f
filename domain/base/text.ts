/** Rules for text from outside: what Postgres can store, and what people can see. */

/** Embeddings, overrides and isolates of text direction: they can make a name look like another one. */
const DIRECTION_CONTROLS = /[\u202a-\u202e\u2066-\u2069]/;

/** A visible character: no space, no zero-width character, no filler, no blank Braille pattern. */
const VISIBLE = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}\u2800]/u;

/** A character that is not seen, except the space: also spaces of other kinds, which look like one or like none. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}\u2800]|(?! )\p{White_Space}/u;

/** Whether Postgres can store a text: it contains neither U+0000 nor an unpaired surrogate. */
export function isStorableText(text: string): boolean {
  return !text.includes('\u0000') && !/\p{Surrogate}/u.test(text);
}

/** Whether a text can be stored and has no control character or line separator, which hide text and break lines. */
export function isPlainText(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text) && isStorableText(text);
}

/** Whether a text changes the writing direction of itself or of the text after it. */
export function hasDirectionControl(text: string): boolean {
  return DIRECTION_CONTROLS.test(text);
}

/** Whether a text has a visible character. */
export function isVisible(text: string): boolean {
  return VISIBLE.test(text);
}

/** The first character of a text that is not seen and is no space; undefined when there is none. */
export function invisibleCharacter(text: string): string | undefined {
  return INVISIBLE.exec(text)?.[0];
}
