/** Reads notifications for people. */
import type { RecipientStatus } from '../../domain/notification/plan';
import type { Environment } from '../../domain/base/environment';
import { firstIdAt, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import type { NotificationKindName } from '../../domain/notification/kind';
import type { NotificationState } from '../../domain/notification/outcome';
import type { Reason } from '../../domain/notification/role';
import type { Language } from '../../domain/notification/settings';
import type { Fragment, Sql } from '../base/database';

/** A notification with its recipient and the event that it is about. */
export interface NotificationRow {
  id: string;
  kind: NotificationKindName;
  state: NotificationState;
  role: Reason;
  language: Language;
  recipient_id: string;
  address: string;
  status: RecipientStatus;
  is_unsubscribed: boolean;
  event_id: string | null;
  event_type: string | null;
  contract_id: string | null;
  contract_name: string | null;
  customer_id: string | null;
  environment: Environment | null;
  digest_id: string | null;
  attempts: number;
  is_sending: boolean;
  due_at: Instant | null;
  attempt_at: Instant | null;
  problem: string | null;
  detail: string | null;
  created_at: Instant;
  ended_at: Instant | null;
}

export interface NotificationFilter {
  /** An address in any letter case, or the id of a recipient. */
  recipient?: string | undefined;
  kind?: NotificationKindName | undefined;
  state?: NotificationState | undefined;
  contract_id?: string | undefined;
  customer_id?: string | undefined;
  /** Created at or after this instant. */
  from?: Instant | undefined;
  /** Created before this instant. */
  to?: Instant | undefined;
}

/** Ids are in the order in which rows were written: their times and `created_at` differ by less than this. */
const ID_TIME_TOLERANCE_MS = 61_000;

/** One page of notifications, newest first. */
export async function listNotifications(
  sql: Sql,
  filter: NotificationFilter,
  before: string | null,
  limit: number,
): Promise<NotificationRow[]> {
  const { recipient, kind, state, contract_id, customer_id, from, to } = filter;
  const recipient_id = recipient?.includes('@') ? await findRecipientId(sql, recipient) : recipient;
  if (recipient !== undefined && recipient_id === undefined) return [];
  return sql<NotificationRow[]>`
    WITH page AS MATERIALIZED (
      SELECT ${columns(sql)} FROM notifications n WHERE true
      ${recipient_id === undefined ? sql`` : sql`AND recipient_id = ${recipient_id}`}
      ${contract_id === undefined ? sql`` : sql`AND contract_id = ${contract_id}`}
      ${customer_id === undefined ? sql`` : sql`AND customer_id = ${customer_id}`}
      ${kind === undefined ? sql`` : sql`AND kind = ${kind}`}
      ${state === undefined ? sql`` : hasState(sql, state)}
      ${from === undefined ? sql`` : sql`AND created_at >= ${from} AND id >= ${firstIdAt(millisOf(from) - ID_TIME_TOLERANCE_MS)}`}
      ${to === undefined ? sql`` : sql`AND created_at < ${to} AND id < ${firstIdAt(millisOf(to) + ID_TIME_TOLERANCE_MS)}`}
      ${before === null ? sql`` : sql`AND id < ${before}`}
      ORDER BY id DESC LIMIT ${limit}
    )
    SELECT ${columns(sql)}, ${joined(sql)} FROM page n ${joins(sql)} ORDER BY n.id DESC`;
}

/** One notification, or undefined. */
export async function findNotification(sql: Sql, id: string): Promise<NotificationRow | undefined> {
  const [row] = await sql<NotificationRow[]>`
    SELECT ${columns(sql)}, ${joined(sql)} FROM notifications n ${joins(sql)} WHERE n.id = ${id}`;
  return row;
}

/** A statement of its own: with an unknown id, Postgres would read the list for an address that has few notifications. */
async function findRecipientId(sql: Sql, address: string): Promise<string | undefined> {
  const [row] = await sql<{ id: string }[]>`SELECT id FROM mail_recipients WHERE lower(address) = lower(${address})`;
  return row?.id;
}

/** The second condition is that of the index of those that are not sent. */
function hasState(sql: Sql, state: NotificationState): Fragment {
  return sql`AND state = ${state} ${state === 'sent' ? sql`` : sql`AND state <> 'sent'`}`;
}

function columns(sql: Sql): Fragment {
  return sql`
    n.id, n.kind, n.state, n.role, n.language, n.recipient_id, n.event_id, n.contract_id, n.customer_id, n.environment, n.digest_id, n.attempts,
    n.is_sending, n.due_at, n.attempt_at, n.problem, n.detail, n.created_at, n.ended_at`;
}

function joined(sql: Sql): Fragment {
  return sql`
    r.address, r.status, e.type AS event_type, c.name AS contract_name,
    EXISTS (SELECT FROM mail_unsubscriptions u WHERE u.recipient_id = n.recipient_id AND u.kind = n.kind) AS is_unsubscribed`;
}

function joins(sql: Sql): Fragment {
  return sql`
    JOIN mail_recipients r ON r.id = n.recipient_id
    LEFT JOIN domain_events e ON e.id = n.event_id
    LEFT JOIN contracts c ON c.id = n.contract_id`;
}
