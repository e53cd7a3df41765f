/** Which keys of other systems can be license keys. */
import { containsApiKey } from '../access/api-key';
import { invisibleCharacter, isPlainText } from '../base/text';
import { parseLicenseId } from '../license/license';

/** Shorter keys can be guessed. */
const KEY_CHARS_MIN = 6;
/** The unique index of keys has no room for keys that are more than twice as long. */
export const KEY_BYTES_MAX = 1_024;

/** Why a text cannot be a license key; null when it can. */
export function keyProblem(text: string): string | null {
  if (text.length < KEY_CHARS_MIN)
    return `It has ${text.length} ${text.length === 1 ? 'character' : 'characters'}, and needs ${KEY_CHARS_MIN}.`;
  const bytes = Buffer.byteLength(text);
  if (bytes > KEY_BYTES_MAX) return `It has ${bytes} bytes, and can have ${KEY_BYTES_MAX}.`;
  if (!isPlainText(text)) return 'It has a control character or a line break.';
  const invisible = invisibleCharacter(text);
  if (invisible !== undefined) return `It has the invisible character ${codePointName(invisible)}. Remove it.`;
  if (parseLicenseId(text) !== null) return 'It has the form of the id of a license.';
  return containsApiKey(text) ? 'It contains an API key of Covenant.' : null;
}

/** The usual name of a character that cannot be shown, such as U+200B. */
function codePointName(character: string): string {
  return `U+${(character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Characters of a key that is no key which the report shows. */
const SHOWN_CHARS_MAX = 100;

/** A key as the report shows it; null when it cannot be shown. */
export function shownKey(text: string | undefined): string | null {
  if (text === undefined || !isPlainText(text) || containsApiKey(text)) return null;
  return text.length <= KEY_BYTES_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX)}…`;
}
