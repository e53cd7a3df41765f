/**
 * The text of a signed message. It is read exactly as it came, and as JSON only once its signature was found good.
 */
import type { ZodError } from 'zod';
import type { ReceivedMessage } from '../domain/billing-event';

const RESEND_ADVICE =
  'Check the secret on both sides, the clock of the sender, and that nothing in between changes the body';

/** A message that was not accepted. */
export type Rejected = Extract<ReceivedMessage, { accepted: false }>;

/** The bytes as text, or null when they are none: then no signature over a text can be theirs. */
export function textOf(body: Uint8Array): string | null {
  try {
    // A byte order mark is kept, so that what is checked is what was signed.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return null;
  }
}

/** The signature does not fit; `why` is a sentence without its full stop. */
export function badSignature(why: string): Rejected {
  return { accepted: false, why: 'BAD_SIGNATURE', detail: `${why}. ${RESEND_ADVICE}.` };
}

/** The message is signed, but it is not JSON. */
export function malformed(error: unknown): Rejected {
  const detail = error instanceof Error ? error.message : 'it cannot be parsed';
  return { accepted: false, why: 'MALFORMED_JSON', detail: `The body is not JSON: ${detail}` };
}

/** The message is signed, but not in the form that its type has; `within` is the path to the part that was read. */
export function misshapen(error: ZodError, within: readonly string[] = []): Rejected {
  const errors = error.issues.map(({ path, message }) => ({
    path: [...within, ...path].map(String).join('.'),
    message,
  }));
  return { accepted: false, why: 'VALIDATION_FAILED', errors };
}
