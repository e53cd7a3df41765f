/**
 * The text of a signed message. It is decoded without any change, and parsed as JSON only after its signature is verified.
 */
import type { ZodError } from 'zod';
import type { ReceivedMessage } from '../domain/billing/billing-event';
import { changedNumbers } from '../domain/base/json-number';

const SIGNATURE_ADVICE = 'Check the secret on both sides, and that no proxy between them changes the body';
const CLOCK_ADVICE = 'Check the clock of the sender, and send a message as soon as it is signed';

/** A message that was not accepted. */
export type RejectedMessage = Extract<ReceivedMessage, { accepted: false }>;

/** Decodes the bytes as UTF-8 text; null when they are not. */
export function textOf(body: Uint8Array): string | null {
  try {
    // A byte order mark is kept, because it is part of the signed text.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return null;
  }
}

/** Rejects a message whose signature is not valid. `why` is a sentence without its full stop. */
export function rejectSignature(why: string): RejectedMessage {
  return { accepted: false, why: 'BAD_SIGNATURE', detail: `${why}. ${SIGNATURE_ADVICE}.` };
}

/** Rejects a message whose signature is valid and whose time is not. `why` is a sentence without its full stop. */
export function rejectTime(why: string): RejectedMessage {
  return { accepted: false, why: 'BAD_SIGNATURE', detail: `${why}. ${CLOCK_ADVICE}.` };
}

/** Rejects a message that is not text. It cannot have a valid signature over a text. */
export function rejectNonText(): RejectedMessage {
  return { accepted: false, why: 'MALFORMED_JSON', detail: 'The body is not UTF-8 text. Send JSON in UTF-8.' };
}

/**
 * Parses the message as JSON. The numbers at the `exact` paths, which Covenant reads, must be numbers that JavaScript can represent;
 * other numbers are not checked.
 */
export function readJson(raw: string, exact: readonly (readonly string[])[]): { json: unknown } | RejectedMessage {
  let json: unknown;
  try {
    json = JSON.parse(raw);
  } catch (error) {
    return {
      accepted: false,
      why: 'MALFORMED_JSON',
      detail: `The body cannot be parsed: ${(error as Error).message}. Send one valid JSON value.`,
    };
  }
  for (const { path } of changedNumbers(raw)) {
    if (!exact.some((read) => read.length === path.length && read.every((part, index) => part === path[index])))
      continue;
    const message = 'must be a number that can be stored exactly';
    return { accepted: false, why: 'VALIDATION_FAILED', errors: [{ path: path.join('.'), message }] };
  }
  return { json };
}

/** Rejects a signed message that does not have the shape of its type. `within` is the path of the parsed part. */
export function rejectShape(error: ZodError, within: readonly string[] = []): RejectedMessage {
  const errors = error.issues.map(({ path, message }) => ({
    path: [...within, ...path].map(String).join('.'),
    message,
  }));
  return { accepted: false, why: 'VALIDATION_FAILED', errors };
}
