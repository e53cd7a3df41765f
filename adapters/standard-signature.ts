/**
 * The signature of a Standard Webhooks message, judged at a given time.
 *
 * `Webhook.verify` of the package compares the timestamp with the clock of the process and takes no other time, so a process
 * whose clock is wrong refuses good messages. Here the package computes the signature (`sign`), and the timestamp is compared
 * with the caller's time, which is that of Postgres.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Webhook } from 'standardwebhooks';
import { millisOf } from '../domain/base/instant';
import type { Instant } from '../domain/base/instant';

/** How far the timestamp of a message may be from the present, in seconds: the tolerance of the package and of Stripe. */
const TOLERANCE_S = 5 * 60;
/** Seconds since 1970, without sign, fraction or leading zero: exactly the text that was signed. */
const TIMESTAMP = /^(0|[1-9]\d{0,11})$/;
/** The only version of the scheme that is signed with a shared secret. */
const VERSION = 'v1';

/**
 * Null when one of the secrets signed the message at most five minutes before or after `now`; else what is wrong, as a
 * sentence without its full stop. The timestamp is judged only when the signature is good.
 */
export function findSignatureProblem(
  webhooks: readonly Webhook[],
  raw: string,
  headers: Readonly<Record<string, string | undefined>>,
  now: Instant,
): string | null {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
  if (!id || !timestamp || !signature) return 'A webhook-id, webhook-timestamp or webhook-signature header is missing';
  if (!TIMESTAMP.test(timestamp)) return 'The webhook-timestamp header is not a number of seconds since 1970';
  const signed_s = Number(timestamp);
  const at = new Date(signed_s * 1_000);
  const sent = signature.split(' ').filter((one) => one.startsWith(`${VERSION},`));
  const isGood = webhooks.some((webhook) => {
    const expected = webhook.sign(id, at, raw);
    return sent.some((one) => isEqual(one, expected));
  });
  if (!isGood) return 'No signature matches the message';
  const age_s = Math.floor(millisOf(now) / 1_000) - signed_s;
  if (age_s > TOLERANCE_S) return `The message was signed ${age_s} s ago, and ${TOLERANCE_S} s are allowed`;
  if (-age_s > TOLERANCE_S) return `The message is dated ${-age_s} s ahead, and ${TOLERANCE_S} s are allowed`;
  return null;
}

/** Compares in a time that does not depend on where the texts differ. */
function isEqual(sent: string, expected: string): boolean {
  const [one, other] = [Buffer.from(sent), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
