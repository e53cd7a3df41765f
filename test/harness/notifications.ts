/** Notifications in tests, and how they are sent. */
import { randomUUID } from 'node:crypto';
import type { MailSender } from '../../adapters/mail';
import type { SendingDependencies } from '../../activities/notification/sending';
import type { Database, Sql } from '../../db/base/database';
import type { Instant } from '../../domain/base/instant';
import type { NotificationKindName } from '../../domain/notification/kind';
import type { NotificationState, SendResult } from '../../domain/notification/outcome';

/** Signs the links of tests that unsubscribe. */
export const MAIL_PEPPER = 'pepper of the mails of tests';

/** Mails that say which notification they are. There is no mail server unless a test names one. */
export function testMails(db: Database): SendingDependencies {
  return {
    db,
    sender: undefined,
    compose: async (id) => ({ subject: `Notification ${id}`, text: `About ${id}`, html: `<p>About ${id}</p>` }),
    public_url: 'https://covenant.example',
    pepper: MAIL_PEPPER,
    onFailure: () => undefined,
  };
}

/** A sender without a server: it gives the results in their order, and accepts when none is left. */
export interface ScriptedSender extends MailSender {
  results: SendResult[];
}

export function createScriptedSender(): ScriptedSender {
  const results: SendResult[] = [];
  const next = (): SendResult => results.shift() ?? { outcome: 'accepted', words: '250 2.0.0 OK' };
  return { results, send: async () => next(), check: async () => next(), close: () => undefined };
}

/** Inserts an address that gets mail; returns its id. */
export async function buildRecipient(
  sql: Sql,
  given: { address?: string; status?: 'ok' | 'bounced' | 'complained' } = {},
): Promise<string> {
  const { address = `${randomUUID()}@customer.example`, status = 'ok' } = given;
  const [{ id }] = await sql<[{ id: string }]>`
    INSERT INTO mail_recipients (address, status, status_at, created_at, updated_at)
    VALUES (${address}, ${status}, ${status === 'ok' ? null : new Date().toISOString()}, now(), now()) RETURNING id`;
  return id;
}

export interface BuiltNotification {
  recipient_id: string;
  kind?: NotificationKindName;
  state?: NotificationState;
  contract_id?: string | null;
  customer_id?: string | null;
  due_at?: Instant;
  problem?: string | null;
  ended_days_ago?: number;
}

/** Inserts a notification of an event that is in no other table, by default one that is owed now; returns its id. */
export async function buildNotification(sql: Sql, given: BuiltNotification): Promise<string> {
  const { recipient_id, kind = 'quota_raised', state = 'owed', contract_id = null, customer_id = null } = given;
  const event_id = randomUUID();
  const is_open = state === 'owed' || state === 'waiting';
  const due_at = is_open ? (given.due_at ?? '2026-01-01T00:00:00.000Z') : null;
  const [{ id }] = await sql<[{ id: string }]>`
    INSERT INTO notifications (kind, recipient_id, role, event_id, contract_id, customer_id, environment, dedupe_key, state, due_at, problem,
                               created_at, ended_at)
    VALUES (${kind}, ${recipient_id}, 'customer', ${event_id}, ${contract_id}, ${customer_id}, 'production',
            ${`${event_id}:${kind}:${recipient_id}`}, ${state}, ${due_at}, ${given.problem ?? null}, now(),
            CASE WHEN ${is_open} THEN NULL ELSE now() - make_interval(days => ${given.ended_days_ago ?? 0}) END)
    RETURNING id`;
  return id;
}

export interface StoredNotification {
  state: string;
  attempts: number;
  problem: string | null;
  detail: string | null;
  due_at: Instant | null;
}

export async function findStored(sql: Sql, id: string): Promise<StoredNotification> {
  const [row] = await sql<[StoredNotification]>`
    SELECT state, attempts, problem, detail, due_at FROM notifications WHERE id = ${id}`;
  return row;
}
