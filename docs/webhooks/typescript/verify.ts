/** Verifies a webhook of Covenant, with the package `standardwebhooks`. */
import { Webhook } from 'standardwebhooks';

/**
 * Returns the event of a request, or throws. `body` is the body as it was received, before it is parsed. It refuses a signature of none of
 * the secrets, and a time that is more than five minutes from now: a recorded request cannot be sent again later.
 */
export function verifyWebhook(
  body: string | Buffer,
  headers: Record<string, string>,
  secrets: readonly string[],
): { id: string; type: string; sequence: number | null; data: object } {
  let failure: unknown = new Error('no secret is given');
  for (const secret of secrets) {
    try {
      return new Webhook(secret).verify(body, headers) as ReturnType<typeof verifyWebhook>;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
