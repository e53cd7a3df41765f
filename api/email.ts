/** E-mail addresses as the interface takes them. */
import { z } from './zod';

/** The longest address that mail can carry (RFC 5321). */
const EMAIL_CHARS_MAX = 254;

export const EmailShape = z
  .string()
  .trim()
  .max(EMAIL_CHARS_MAX)
  .pipe(z.email('must be an e-mail address'))
  .openapi({ format: 'email', example: 'ada@example.com' });
