/**
 * Verifies the signature of a Standard Webhooks message at a given time.
 *
 * `Webhook.verify` of the package compares the timestamp with the clock of the process and accepts no other time, so a process with
 * a wrong clock rejects valid messages. Here the package computes the signature (`sign`), and the timestamp is compared with the
 * time of the caller, which is that of Postgres.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Webhook } from 'standardwebhooks';
import { millisOf } from '../domain/base/instant';
import type { Instant } from '../domain/base/instant';
import { rejectSignature, rejectTime } from './signed-text';
import type { RejectedMessage } from './signed-text';

/** The largest difference between the timestamp of a message and now, in seconds: the tolerance of the package and of Stripe. */
const TOLERANCE_S = 5 * 60;
/** Seconds since 1970, without sign, fraction or leading zero: exactly the text that was signed. */
const TIMESTAMP = /^(0|[1-9]\d{0,11})$/;
/** The only version of the scheme that uses a shared secret. */
const VERSION = 'v1';

/**
 * Null when one of the secrets signed the message at most five minutes before or after `now`; else the rejection. The timestamp is
 * checked only when the signature is valid.
 */
export function rejectionOf(
  webhooks: readonly Webhook[],
  raw: string,
  headers: Readonly<Record<string, string | undefined>>,
  now: Instant,
): RejectedMessage | null {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
  if (!id || !timestamp || !signature)
    return rejectSignature('A webhook-id, webhook-timestamp or webhook-signature header is missing');
  if (!TIMESTAMP.test(timestamp))
    return rejectSignature('The webhook-timestamp header is not a number of seconds since 1970');
  const signed_s = Number(timestamp);
  const at = new Date(signed_s * 1_000);
  const signatures = signature.split(' ').filter((candidate) => candidate.startsWith(`${VERSION},`));
  const is_valid = webhooks.some((webhook) => {
    const expected = webhook.sign(id, at, raw);
    return signatures.some((candidate) => isEqual(candidate, expected));
  });
  if (!is_valid) return rejectSignature('No signature matches the message');
  const age_s = Math.floor(millisOf(now) / 1_000) - signed_s;
  if (age_s > TOLERANCE_S) return rejectTime(`The message was signed ${age_s} s ago, and ${TOLERANCE_S} s are allowed`);
  if (-age_s > TOLERANCE_S)
    return rejectTime(`The message is dated ${-age_s} s ahead, and ${TOLERANCE_S} s are allowed`);
  return null;
}

/** Compares in constant time, so that the duration does not reveal where the texts differ. */
function isEqual(received: string, expected: string): boolean {
  const [received_bytes, expected_bytes] = [Buffer.from(received), Buffer.from(expected)];
  return received_bytes.length === expected_bytes.length && timingSafeEqual(received_bytes, expected_bytes);
}
