/** Removes what was planned and sent long ago. */
import type { Sql } from '../base/database';

/** Removes notifications that ended so many days ago, in one bounded statement; returns how many. What a digest carried ended with it or before. */
export async function deleteEndedNotifications(sql: Sql, days: number, limit: number): Promise<number> {
  const deleted = await sql`
    DELETE FROM notifications WHERE id IN (
      SELECT id FROM notifications WHERE ended_at < now() - make_interval(days => ${days})
      ORDER BY ended_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`;
  return deleted.count;
}

/** Removes notices that were planned so many days ago, in one bounded statement; returns how many. */
export async function deletePlannedNotices(sql: Sql, days: number, limit: number): Promise<number> {
  const deleted = await sql`
    DELETE FROM notices WHERE event_id IN (
      SELECT event_id FROM notices WHERE state = 'planned' AND planned_at < now() - make_interval(days => ${days})
      ORDER BY planned_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`;
  return deleted.count;
}
