/** Receives reports of mail systems about mails that came back, signed by Standard Webhooks. */
import { Webhook } from 'standardwebhooks';
import { BounceMessage } from '../domain/notification/bounce';
import type { BounceReceiver } from '../domain/notification/bounce';
import { readJson, rejectNonText, rejectShape, textOf } from './signed-text';
import { rejectionOf } from './standard-signature';

/** Receives reports that are signed with any of the secrets (`whsec_…`). There are several during a rotation. */
export function createBounceReceiver(secrets: readonly string[]): BounceReceiver {
  const webhooks = secrets.map((secret) => new Webhook(secret));
  return {
    receive(body, headers, now) {
      const raw = textOf(body);
      if (raw === null) return rejectNonText();
      const rejection = rejectionOf(webhooks, raw, headers, now);
      if (rejection !== null) return rejection;
      const read = readJson(raw, []);
      if (!('json' in read)) return read;
      const parsed = BounceMessage.safeParse(read.json);
      return parsed.success ? { accepted: true, report: parsed.data } : rejectShape(parsed.error);
    },
  };
}
