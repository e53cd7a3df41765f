/** Digests: one mail of a recipient that carries the notifications of a day. */
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { KnownRecipient } from '../../domain/notification/plan';
import type { SettableKind } from '../../domain/notification/settings';
import type { Sql } from '../base/database';

/** A notification that waits for a digest. */
export interface WaitingNotification {
  id: string;
  kind: SettableKind;
  role: string;
  language: string;
}

/** A recipient, locked until the transaction ends, so that its digests are composed one after another; undefined if there is none. */
export async function lockRecipientOfDigest(tx: Sql, id: string): Promise<KnownRecipient | undefined> {
  const [row] = await tx<KnownRecipient[]>`
    SELECT r.language, r.digest, r.status,
           ARRAY(SELECT u.kind FROM mail_unsubscriptions u WHERE u.recipient_id = r.id) AS unsubscribed
    FROM mail_recipients r WHERE r.id = ${id} FOR NO KEY UPDATE OF r`;
  return row;
}

/** The notifications whose digest is due, locked, in the order of their ids. */
export async function takeWaiting(tx: Sql, recipient_id: string, now: Instant): Promise<WaitingNotification[]> {
  return tx<WaitingNotification[]>`
    SELECT id, kind, role, language FROM notifications WHERE recipient_id = ${recipient_id} AND state = 'waiting' AND due_at <= ${now}
    ORDER BY id FOR NO KEY UPDATE`;
}

export interface NewDigest {
  id: string;
  recipient_id: string;
  role: string;
  language: string;
  dedupe_key: string;
}

/** Inserts a digest that is owed now. Returns whether there was none with its key. */
export async function insertDigest(tx: Sql, digest: NewDigest, now: Instant): Promise<boolean> {
  const inserted = await tx`
    INSERT INTO notifications ${tx({ ...digest, kind: 'digest', state: 'owed', due_at: now, created_at: now } as never)}
    ON CONFLICT (dedupe_key) DO NOTHING`;
  return inserted.count === 1;
}

/** The digest with a key while it is owed; undefined otherwise. */
export async function findOwedDigest(tx: Sql, dedupe_key: string): Promise<string | undefined> {
  const [row] = await tx<
    { id: string }[]
  >`SELECT id FROM notifications WHERE dedupe_key = ${dedupe_key} AND state = 'owed'`;
  return row?.id;
}

/** Records that a digest carries these notifications. */
export async function includeInDigest(tx: Sql, ids: readonly string[], digest_id: string, now: Instant): Promise<void> {
  await tx`
    UPDATE notifications SET state = 'included', digest_id = ${digest_id}, due_at = NULL, ended_at = ${now}, problem = NULL
    WHERE id = ANY (${[...ids]}::uuid[])`;
}

/** Leaves notifications to a later digest. */
export async function postponeToDigest(tx: Sql, ids: readonly string[], due_at: Instant): Promise<void> {
  await tx`UPDATE notifications SET due_at = ${due_at} WHERE id = ANY (${[...ids]}::uuid[])`;
}

/** Ends notifications that are not sent, each with its reason. */
export async function suppressNotifications(
  tx: Sql,
  suppressed: readonly { id: string; problem: string }[],
  now: Instant,
): Promise<void> {
  if (suppressed.length === 0) return;
  await tx`
    UPDATE notifications n SET state = 'suppressed', problem = given.problem, due_at = NULL, ended_at = ${now}, is_sending = false
    FROM unnest(${suppressed.map(({ id }) => id)}::uuid[], ${suppressed.map(({ problem }) => problem)}::text[]) AS given (id, problem)
    WHERE n.id = given.id`;
}

/** A notification that waits for a digest which could not be composed. */
export interface UndigestedNotification {
  id: string;
  kind: SettableKind;
  contract_id: string | null;
  environment: Environment | null;
  /** How often its digest could not be composed. */
  tries: number;
}

/** The notifications whose digest is due and could not be composed, locked, in the order of their ids. */
export async function lockUndigested(tx: Sql, recipient_id: string, now: Instant): Promise<UndigestedNotification[]> {
  return tx<UndigestedNotification[]>`
    SELECT id, kind, contract_id, environment, tries FROM notifications
    WHERE recipient_id = ${recipient_id} AND state = 'waiting' AND due_at <= ${now} ORDER BY id FOR NO KEY UPDATE`;
}

/** Records how often the digest of these notifications could not be composed, and when it is tried again; null: they have failed. */
export async function recordFailedDigest(
  tx: Sql,
  ids: readonly string[],
  { attempts, due_at }: { attempts: number; due_at: Instant | null },
  now: Instant,
): Promise<void> {
  await tx`
    UPDATE notifications SET state = ${due_at === null ? 'failed' : 'waiting'}, tries = ${attempts}, due_at = ${due_at},
                             ended_at = ${due_at === null ? now : null}, problem = 'not_composed'
    WHERE id = ANY (${[...ids]}::uuid[])`;
}
