/**
 * The message of the `standard` billing source, for any billing system that can sign its messages (Standard Webhooks). Unknown
 * fields are accepted: a sender may include more than Covenant reads.
 */
import { z } from 'zod';
import { isPlainText } from '../base/text';

/** The invoice status of each message type. A partial payment is sent as `invoice.open` again. */
export const STANDARD_STATUS = {
  'invoice.open': 'OPEN',
  'invoice.payment_failed': 'FAILED',
  'invoice.paid': 'PAID',
  'invoice.voided': 'VOID',
  'invoice.written_off': 'WRITTEN_OFF',
  'invoice.disputed': 'DISPUTED',
  'invoice.refunded': 'REFUNDED',
} as const;
export type StandardType = keyof typeof STANDARD_STATUS;

/** The longest id of another system, in characters. */
const ID_CHARS_MAX = 255;
const TYPE_CHARS_MAX = 100;
const YEAR_MIN = 1900;
const YEAR_MAX = 2999;

/** An id or a name of another system, as it is stored. */
const ForeignText = z.string().min(1).refine(isPlainText, 'must not contain control characters or unpaired surrogates');
export const ForeignId = ForeignText.max(ID_CHARS_MAX);
export const ForeignType = ForeignText.max(TYPE_CHARS_MAX);

const InstantText = z.iso
  .datetime({ offset: true, abort: true })
  .refine(hasUsualYear, `must lie in the years ${YEAR_MIN} to ${YEAR_MAX}`)
  .transform((text) => new Date(text).toISOString());
const DateText = z.iso.date({ abort: true }).refine(hasUsualYear, `must lie in the years ${YEAR_MIN} to ${YEAR_MAX}`);

/** The fields of every message. */
export const StandardEnvelope = z.looseObject({
  id: ForeignId.describe('The id that you give this message: equal ids are one message'),
  type: ForeignType,
  occurred_at: InstantText.optional(),
});

/** A message about an invoice. */
export const StandardMessage = z.looseObject({
  id: ForeignId.describe('The id that you give this message: equal ids are one message'),
  type: z
    .enum(Object.keys(STANDARD_STATUS) as [StandardType, ...StandardType[]])
    .describe(
      'What happened to the invoice; a partial payment is invoice.open again. Other types are stored and ignored',
    ),
  occurred_at: InstantText.describe('When it happened; instants with an offset are accepted too'),
  contract_id: z.string().max(ID_CHARS_MAX).describe('The contract that the invoice bills'),
  invoice: z.looseObject({
    id: ForeignId.describe('The id that you give the invoice, the same in every message about it'),
    due_date: DateText.describe("The day on which it was due, in the contract's zone"),
    version: z
      .int()
      .nonnegative()
      .optional()
      .describe('Increases with every change of the invoice; with it, messages may arrive in any order'),
  }),
});
export type StandardMessage = z.infer<typeof StandardMessage>;

/** Whether messages of this type concern contracts. */
export function isStandardType(type: string): type is StandardType {
  return Object.hasOwn(STANDARD_STATUS, type);
}

function hasUsualYear(text: string): boolean {
  const year = Number(text.slice(0, 4));
  return year >= YEAR_MIN && year <= YEAR_MAX;
}
