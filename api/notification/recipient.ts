/** Recipients of mail: their language, whether they want a digest, and whether they get mail at all. */
import { findRecipient, listRecipients } from '../../db/notification/recipient';
import type { ShownRecipient } from '../../db/notification/recipient';
import { isRefusal, notFound } from '../../domain/base/refusal';
import { NOTIFICATION_KINDS } from '../../domain/notification/kind';
import { LANGUAGES, SETTABLE_KINDS } from '../../domain/notification/settings';
import { RECIPIENT_STATUSES } from '../../domain/notification/plan';
import { editRecipient } from '../../transactions/notification/recipient';
import { actOf } from '../http/edit';
import { PageOf, PageQuery, cursorsById, pageOf } from '../http/paging';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { Id, IdParams, InstantShape, SearchShape } from '../http/shapes';
import { z } from '../http/zod';

const OPTIONAL_KINDS = SETTABLE_KINDS.filter((kind) => NOTIFICATION_KINDS[kind].is_optional);

const language = z
  .enum(LANGUAGES)
  .nullable()
  .describe('The language of its mail; null: that of the customer, or of the installation');
const digest = z.boolean().describe('One mail a day, in place of one for each notification that may wait');

const RecipientShape = z
  .object({
    id: Id,
    address: z.string(),
    language,
    digest,
    status: z
      .enum(RECIPIENT_STATUSES)
      .describe(
        'ok: it gets mail. bounced: its mail server refuses mail for good. complained: the person calls mail unwanted. erased: the person was erased',
      ),
    status_at: InstantShape.nullable().describe('Since when it gets no mail; null: it gets mail'),
    status_note: z.string().nullable(),
    unsubscribed: z.array(z.string()).describe('The kinds of mail that it does not want'),
    created_at: InstantShape,
    updated_at: InstantShape,
  })
  .openapi('NotificationRecipient');

const RecipientEditShape = z
  .strictObject({
    language,
    digest,
    status: z.literal('ok').describe('It gets mail again. What was suppressed meanwhile can be sent again'),
    unsubscribed: z
      .array(z.enum(OPTIONAL_KINDS as [string, ...string[]]))
      .max(OPTIONAL_KINDS.length)
      .refine((kinds) => new Set(kinds).size === kinds.length, 'must not contain a kind twice')
      .openapi({ uniqueItems: true })
      .describe('The kinds of mail that it does not want; those about rights, money and security are always sent'),
  })
  .partial()
  .openapi('NotificationRecipientEdit');

const RecipientQuery = PageQuery.extend({
  search: SearchShape.optional().describe('Part of the address in any letter case, or the complete id'),
  status: z.enum(RECIPIENT_STATUSES).optional(),
  order: z.enum(['asc', 'desc']).default('desc'),
});

const RECIPIENT = { description: 'The recipient', schema: RecipientShape };
const RECIPIENT_CURSORS = cursorsById('notification-recipients');

export const notificationRecipientRoutes: Route[] = [
  route({
    operation_id: 'listNotificationRecipients',
    method: 'get',
    path: '/api/v1/notification-recipients',
    tag: 'Notifications',
    summary: 'List recipients of mail',
    description: 'Addresses that were to get mail. Newest first by default; `order` reverses it.',
    query: RecipientQuery,
    answers: { 200: { description: 'One page', schema: PageOf(RecipientShape) } },
    audit: [],
    async handle({ api, query }) {
      const after = RECIPIENT_CURSORS.read(query.cursor)?.id ?? null;
      const page = { order: query.order, after, limit: query.limit + 1 };
      const rows = await api.readList((sql) => listRecipients(sql, query, page));
      return { status: 200, body: pageOf(rows, query.limit, presentRecipient, RECIPIENT_CURSORS) };
    },
  }),
  route({
    operation_id: 'getNotificationRecipient',
    method: 'get',
    path: '/api/v1/notification-recipients/:id',
    tag: 'Notifications',
    summary: 'Read a recipient of mail',
    params: IdParams,
    answers: { 200: RECIPIENT },
    audit: [],
    async handle({ api, params }) {
      const row = await findRecipient(api.db, params.id);
      return row ? { status: 200, body: presentRecipient(row) } : notFound('notification recipient', params.id);
    },
  }),
  route({
    operation_id: 'updateNotificationRecipient',
    method: 'patch',
    path: '/api/v1/notification-recipients/:id',
    tag: 'Notifications',
    summary: 'Edit a recipient of mail',
    description: 'Omitted fields stay as they are. What waits for a digest already stays in it.',
    params: IdParams,
    body: RecipientEditShape,
    examples: {
      'In German, once a day': { language: 'de', digest: true },
      'The mailbox works again': { status: 'ok' },
      'No mail at 80 percent': { unsubscribed: ['quota_80'] },
    },
    answers: { 200: RECIPIENT },
    refusals: ['PERSON_ERASED'],
    audit: ['mail_recipient.updated'],
    handle: ({ params, body, write, ...request }) =>
      write(async (tx) => {
        const row = await editRecipient(tx, params.id, body, actOf(request));
        return isRefusal(row) ? row : { status: 200, body: presentRecipient(row) };
      }),
  }),
];

function presentRecipient(row: ShownRecipient) {
  const { id, address, language, digest, status, status_at, status_note, unsubscribed, created_at, updated_at } = row;
  return {
    ...{ id, address, language, digest, status, status_at, status_note, unsubscribed },
    ...{ created_at, updated_at },
  };
}
