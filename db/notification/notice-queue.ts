/**
 * When the planning of mails has something to do: notices that are due, and digests.
 *
 * Events wake the workflow only while `is_waiting`, because commits that notify wait for each other. The flag is set when no notice is due.
 * An event whose transaction read the flag before and commits afterwards notifies no process, so the workflow looks again.
 */
import type { Instant } from '../../domain/base/instant';
import type { Fragment, Sql } from '../base/database';

/** The channel on which Postgres says that a notice is owed (`owe_notices`). */
export const NOTICE_CHANNEL = 'notices';

export interface PlanningRest {
  /** When a notice or a digest is due next; null: none is owed. */
  due_at: Instant | null;
  /** Whether it waited already before this look. */
  was_waiting: boolean;
}

/** Lets the next event wake the planning, unless a notice is due. */
export async function restPlanning(sql: Sql, now: Instant): Promise<PlanningRest> {
  const [rest] = await sql<[PlanningRest]>`
    UPDATE notice_queue q SET is_waiting = notice.due_at IS NULL OR notice.due_at > ${now}
    FROM (SELECT (SELECT due_at FROM notices WHERE state = 'owed' ORDER BY due_at, event_id LIMIT 1) AS due_at) notice,
         (SELECT (SELECT min(due_at) FROM notifications WHERE state = 'waiting') AS due_at) digest
    RETURNING least(notice.due_at, digest.due_at) AS due_at, old.is_waiting AS was_waiting`;
  return rest;
}

/** Recipients whose digest is due, those that wait for longest first. */
export async function listDueDigests(sql: Sql, now: Instant, limit: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    SELECT id FROM (${digestsToCompose(sql, sql`${now}`)}) due ORDER BY since, id LIMIT ${limit}`;
  return rows.map(({ id }) => id);
}

/** Selects notices that have been due since `late`. */
export function noticesToPlan(sql: Sql, late: Fragment): Fragment {
  return sql`SELECT event_id AS id, due_at AS since FROM notices WHERE state = 'owed' AND due_at <= ${late}`;
}

/** Selects recipients whose digest has been due since `late`. */
export function digestsToCompose(sql: Sql, late: Fragment): Fragment {
  return sql`
    SELECT recipient_id AS id, min(due_at) AS since FROM notifications
    WHERE state = 'waiting' AND due_at <= ${late} GROUP BY recipient_id`;
}
