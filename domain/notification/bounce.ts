/** What a mail system reports about mails that came back or were called unwanted. */
import { z } from 'zod';
import type { Instant } from '../base/instant';

/** A report as it is signed. It accepts fields of other systems. */
export const BounceMessage = z
  .looseObject({
    id: z.string().min(1).max(200).describe('The id that the sender gave the report'),
    type: z
      .enum(['bounce', 'complaint'], 'must be bounce or complaint; other reports are not for this route')
      .describe('complaint: the person called a mail unwanted'),
    address: z.string().max(320).optional().describe('The address that the report is about'),
    message_id: z
      .string()
      .max(400)
      .optional()
      .describe(
        'The Message-ID of the mail, in place of the address, or for one that is unknown; with or without angle brackets',
      ),
    reason: z
      .string()
      .optional()
      .describe('What the mail server of the address said, for people. Its first 500 characters are kept'),
    permanent: z
      .boolean()
      .optional()
      .describe('Whether the address refuses mail for good. Default: true. A bounce that passes changes nothing'),
  })
  .refine(({ address, message_id }) => (address ?? message_id) !== undefined, {
    path: ['address'],
    message: 'must be given, or message_id',
  });
export type BounceReport = z.infer<typeof BounceMessage>;

/** A report that was verified, or why it was not accepted. */
export type ReceivedReport =
  | { accepted: true; report: BounceReport }
  | { accepted: false; why: 'BAD_SIGNATURE' | 'MALFORMED_JSON'; detail: string }
  | { accepted: false; why: 'VALIDATION_FAILED'; errors: { path: string; message: string }[] };

/** Verifies the signature of a report over the received bytes, and reads it. */
export interface BounceReceiver {
  receive(body: Uint8Array, headers: Readonly<Record<string, string | undefined>>, now: Instant): ReceivedReport;
}

/** What a report makes of the address; null: nothing. */
export function markOf({ type, permanent = true }: BounceReport): 'bounced' | 'complained' | null {
  if (type === 'complaint') return 'complained';
  return permanent ? 'bounced' : null;
}

/** The id of the notification in a Message-ID of Covenant; undefined in any other. */
export function notificationIdOf(message_id: string | undefined): string | undefined {
  return /^\s*<?([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})@[^@\s]+$/.exec(message_id ?? '')?.[1];
}
