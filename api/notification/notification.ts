/** Notifications: the mails that follow from events, what became of each, and sending one again. */
import { RECIPIENT_STATUSES } from '../../domain/notification/plan';
import { isMailAddress } from '../../domain/notification/address';
import { KIND_NAMES } from '../../domain/notification/kind';
import { REASONS } from '../../domain/notification/role';
import { NOTIFICATION_STATES, notificationActions, notificationText } from '../../domain/notification/outcome';
import type { NotificationActionName } from '../../domain/notification/outcome';
import { notFound } from '../../domain/base/refusal';
import type { Caller } from '../../domain/access/caller';
import type { Sql } from '../../db/base/database';
import { findNotification, listNotifications } from '../../db/notification/notification-list';
import type { NotificationRow } from '../../db/notification/notification-list';
import { findDestinations } from '../../transactions/notification/destination';
import type { Destination } from '../../transactions/notification/destination';
import { resend } from '../../transactions/notification/resend';
import { actionTable } from '../http/allowed-actions';
import { PageOf, PageQuery, cursorsById, pageOf } from '../http/paging';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { EnvironmentShape, Id, IdParams, InstantInput, InstantShape } from '../http/shapes';
import { z } from '../http/zod';

const NOTIFICATION_ACTIONS = actionTable<NotificationActionName>('NotificationActions', {
  resend: { operation_id: 'resendNotification', description: 'Send the notification again' },
});

const NotificationShape = z
  .object({
    id: Id.describe('The mail has the Message-ID `<id>@<host of COVENANT_PUBLIC_URL>`'),
    kind: z.enum(KIND_NAMES),
    state: z
      .enum(NOTIFICATION_STATES)
      .describe(
        'waiting: for the digest of its day; owed: it is sent; included: a digest carried it; failed: refused for good, or not accepted for three days; suppressed: it is not sent',
      ),
    meaning: z.string().describe('Why it is in its state, as a sentence, with what to do'),
    recipient: z.object({
      id: Id,
      address: z.string(),
      status: z.enum(RECIPIENT_STATUSES).describe('Others than ok get no mail'),
    }),
    role: z.enum(REASONS).describe('Why the address gets it'),
    about: z
      .object({
        event_id: Id.nullable().describe('null: a digest'),
        event_type: z.string().nullable(),
        contract_id: Id.nullable(),
        contract_name: z.string().nullable(),
        customer_id: Id.nullable(),
      })
      .describe('What it is about'),
    environment: EnvironmentShape.nullable(),
    digest_id: Id.nullable().describe('The digest that carried it'),
    attempts: z.int().describe('Attempts that were begun'),
    last_attempt_at: InstantShape.nullable(),
    next_attempt_at: InstantShape.nullable().describe(
      'When it is sent; of an attempt in flight, when it counts as lost; of one that waits, when its digest is due',
    ),
    problem: z.string().nullable().describe('Why the last attempt failed, or why it is not sent: a code'),
    server_answer: z
      .string()
      .nullable()
      .describe('What the mail server said, or the text of the failure. The address is replaced by ***'),
    created_at: InstantShape,
    ended_at: InstantShape.nullable(),
    allowed_actions: NOTIFICATION_ACTIONS.shape,
  })
  .openapi('Notification');

const NotificationQuery = PageQuery.extend({
  recipient: z
    .string()
    .refine((text) => Id.safeParse(text).success || isMailAddress(text), 'must be an address or the id of a recipient')
    .optional()
    .describe('An address in any letter case, or the id of a recipient'),
  kind: z.enum(KIND_NAMES).optional(),
  state: z.enum(NOTIFICATION_STATES).optional(),
  contract_id: Id.optional(),
  customer_id: Id.optional(),
  from: InstantInput.optional().describe('Created at or after this instant'),
  to: InstantInput.optional().describe('Created before this instant'),
});

const CURSORS = cursorsById('notifications');

export const notificationRoutes: Route[] = [
  route({
    operation_id: 'listNotifications',
    method: 'get',
    path: '/api/v1/notifications',
    tag: 'Notifications',
    summary: 'List notifications',
    description:
      'Newest first. A notification is one mail to one address. It is removed some time after its end (MAIL_RETENTION_DAYS).',
    query: NotificationQuery,
    answers: { 200: { description: 'One page', schema: PageOf(NotificationShape) } },
    audit: [],
    async handle({ api, query, caller }) {
      const { cursor, limit, ...filter } = query;
      const after = CURSORS.read(cursor);
      const rows = await api.readList((sql) => listNotifications(sql, filter, after?.id ?? null, limit + 1));
      const destinations = new Map<NotificationRow, Destination>();
      for (const [index, destination] of (await findDestinations(api.db, rows)).entries())
        destinations.set(rows[index] as NotificationRow, destination);
      const present = (row: NotificationRow) => presentNotification(row, destinations.get(row) ?? row, caller);
      return { status: 200, body: pageOf(rows, limit, present, CURSORS) };
    },
  }),
  route({
    operation_id: 'getNotification',
    method: 'get',
    path: '/api/v1/notifications/:id',
    tag: 'Notifications',
    summary: 'Read a notification',
    params: IdParams,
    answers: { 200: { description: 'The notification', schema: NotificationShape } },
    audit: [],
    async handle({ api, params, caller }) {
      const row = await findNotification(api.db, params.id);
      return row ? { status: 200, body: await present(api.db, row, caller) } : notFound('notification', params.id);
    },
  }),
  route({
    operation_id: 'resendNotification',
    method: 'post',
    path: '/api/v1/notifications/:id/resend',
    tag: 'Notifications',
    summary: 'Send a notification again',
    description: [
      'The mail is sent at once, whether it was sent, failed, waits for its next attempt or for a digest, and is tried for three days again.',
      'It goes to the address that its role (customer, billing_contact, responsible_person, account_manager) has now. When that is another one, the answer is another notification, and this one stays on record; a role without an address, an operator and an address of settings keep theirs.',
      'It says what is true now, and keeps its Message-ID. Nothing changes for one that is due already, or whose attempt is in flight.',
    ].join(' '),
    params: IdParams,
    answers: { 200: { description: 'The notification', schema: NotificationShape } },
    refusals: ['MAIL_ADDRESS_BOUNCED', 'MAIL_ADDRESS_COMPLAINED', 'PERSON_ERASED', 'MAIL_UNSUBSCRIBED'],
    audit: ['notification.resent'],
    handle: ({ params, write, ...request }) =>
      write(async (tx) => {
        const sent = await resend(tx, params.id, request);
        if (typeof sent !== 'string') return sent;
        const row = await findNotification(tx, sent);
        if (!row) return notFound('notification', params.id);
        const nudge = { contract_id: null, job_ids: [], notification_ids: [row.id] };
        return { status: 200, body: await present(tx, row, request.caller), nudge };
      }),
  }),
];

async function present(sql: Sql, row: NotificationRow, caller: Caller) {
  const [destination = row] = await findDestinations(sql, [row]);
  return presentNotification(row, destination, caller);
}

function presentNotification(row: NotificationRow, destination: Destination, caller: Caller) {
  const { id, kind, state, role, environment, digest_id, attempts, problem } = row;
  const { event_id, event_type, contract_id, contract_name, customer_id } = row;
  return {
    ...{ id, kind, state, meaning: notificationText(row) },
    recipient: { id: row.recipient_id, address: row.address, status: row.status },
    role,
    about: { event_id, event_type, contract_id, contract_name, customer_id },
    ...{ environment, digest_id, attempts },
    ...{ last_attempt_at: row.attempt_at, next_attempt_at: row.due_at, problem, server_answer: row.detail },
    ...{ created_at: row.created_at, ended_at: row.ended_at },
    allowed_actions: NOTIFICATION_ACTIONS.present(
      notificationActions({ ...destination, recipient_id: destination.recipient_id ?? '', kind }),
      caller,
    ),
  };
}
