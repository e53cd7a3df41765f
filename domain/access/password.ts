/**
 * Rules for passwords of admins. Length is what makes a password hard to guess; rules about kinds of characters only make it hard to
 * remember (NIST SP 800-63B).
 */
export const PASSWORD_CHARS_MIN = 12;
/** A longer text is hashed no better, and takes longer. */
export const PASSWORD_CHARS_MAX = 256;
/** Fewer different characters, such as `aaaaaaaaaaaa`, are tried first by everyone who guesses. */
const DIFFERENT_CHARS_MIN = 5;
/** Parts of a name or of an e-mail address that are shorter say nothing. */
const PART_CHARS_MIN = 4;

/** The form in which a password is compared: the same characters on every keyboard and system. */
export function normalizedPassword(password: string): string {
  return password.normalize('NFKC');
}

/** What is wrong with a new password, as the end of a sentence about it; null when nothing is. */
export function passwordFault(password: string, { email, name }: { email: string; name: string }): string | null {
  const characters = [...normalizedPassword(password)];
  if (characters.length < PASSWORD_CHARS_MIN) return `must have at least ${PASSWORD_CHARS_MIN} characters`;
  if (characters.length > PASSWORD_CHARS_MAX) return `must have at most ${PASSWORD_CHARS_MAX} characters`;
  if (new Set(characters).size < DIFFERENT_CHARS_MIN)
    return `must have at least ${DIFFERENT_CHARS_MIN} different characters`;
  const rest = personalParts(email, name).reduce(
    (text, part) => text.replaceAll(part, ''),
    characters.join('').toLowerCase(),
  );
  return [...rest].length < PASSWORD_CHARS_MIN / 2 ? 'must not consist of your name or your e-mail address' : null;
}

/** Longest first, so that an address is removed as a whole. */
function personalParts(email: string, name: string): string[] {
  const texts = [email, ...email.split(/[@.+_-]/), name, ...name.split(/\s+/)];
  return texts
    .map((text) => text.normalize('NFKC').toLowerCase())
    .filter((text) => text.length >= PART_CHARS_MIN)
    .sort((a, b) => b.length - a.length);
}
