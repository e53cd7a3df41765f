/** The shape of e-mail addresses in requests. */
import { z } from './zod';

/** The longest address (RFC 5321). */
const EMAIL_CHARS_MAX = 254;
/** Before the @ (RFC 5321). */
const LOCAL_PART_CHARS_MAX = 64;

export const EmailShape = z
  .string()
  .trim()
  .max(EMAIL_CHARS_MAX)
  .pipe(
    z
      .email('must be an e-mail address')
      .refine(
        (address) => address.indexOf('@') <= LOCAL_PART_CHARS_MAX,
        `must have at most ${LOCAL_PART_CHARS_MAX} characters before the @`,
      ),
  )
  .openapi({ format: 'email', pattern: z.regexes.email.source, example: 'ada@example.com' });

/**
 * The address in a text, which {@link EmailShape} accepts too; undefined when it is none. A file has one in each row, and the shape took a
 * tenth of the time in which a file was received.
 */
export function emailOf(text: string): string | undefined {
  const address = text.trim();
  if (address.length > EMAIL_CHARS_MAX || !z.regexes.email.test(address)) return undefined;
  return address.indexOf('@') <= LOCAL_PART_CHARS_MAX ? address : undefined;
}
