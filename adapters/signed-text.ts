/**
 * The text of a signed message. It is read exactly as it came, and as JSON only once its signature was found good.
 */
import type { ZodError } from 'zod';
import type { ReceivedMessage } from '../domain/billing/billing-event';
import { changedNumbers } from '../domain/base/json-number';

const RESEND_ADVICE =
  'Check the secret on both sides, the clock of the sender, and that nothing in between changes the body';

/** A message that was not accepted. */
export type RejectedMessage = Extract<ReceivedMessage, { accepted: false }>;

/** The bytes as text, or null when they are none. */
export function textOf(body: Uint8Array): string | null {
  try {
    // A byte order mark is kept, so that what is checked is what was signed.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return null;
  }
}

/** The signature does not fit; `why` is a sentence without its full stop. */
export function rejectSignature(why: string): RejectedMessage {
  return { accepted: false, why: 'BAD_SIGNATURE', detail: `${why}. ${RESEND_ADVICE}.` };
}

/** The message is no text: no signature over one can be its. */
export function rejectNonText(): RejectedMessage {
  return { accepted: false, why: 'MALFORMED_JSON', detail: 'The body is not UTF-8 text. Send JSON in UTF-8.' };
}

/**
 * The message as JSON. The numbers at the `exact` paths, which are those that are read, must be ones that JavaScript can hold; all
 * others are the sender's own.
 */
export function readJson(raw: string, exact: readonly (readonly string[])[]): { json: unknown } | RejectedMessage {
  let json: unknown;
  try {
    json = JSON.parse(raw);
  } catch (error) {
    return { accepted: false, why: 'MALFORMED_JSON', detail: `The body is not JSON: ${(error as Error).message}` };
  }
  for (const { path } of changedNumbers(raw)) {
    if (!exact.some((read) => read.length === path.length && read.every((part, index) => part === path[index])))
      continue;
    const message = 'must be a number that can be kept exactly';
    return { accepted: false, why: 'VALIDATION_FAILED', errors: [{ path: path.join('.'), message }] };
  }
  return { json };
}

/** The message is signed, but not in the form that its type has; `within` is the path to the part that was read. */
export function rejectShape(error: ZodError, within: readonly string[] = []): RejectedMessage {
  const errors = error.issues.map(({ path, message }) => ({
    path: [...within, ...path].map(String).join('.'),
    message,
  }));
  return { accepted: false, why: 'VALIDATION_FAILED', errors };
}
