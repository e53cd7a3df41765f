/** Counts of notifications, for metrics and the doctor. */
import type { Sql } from '../base/database';

/** More of a state are counted as so many: each scrape reads the rows. */
const COUNTED_MAX = 10_000;

export interface NotificationCounts {
  /** Those that are open, and those that ended within a day: the failed ones, and the latest others. */
  by_state: { state: string; kind: string; count: number }[];
  /** For how long the mail has been tried that is owed for longest, or due if it has no attempt; 0 when none is owed. */
  oldest_s: number;
  /** How late the first notice is that is due to be planned; 0 when none is. */
  planning_late_s: number;
}

export async function countNotifications(sql: Sql): Promise<NotificationCounts> {
  const [row] = await sql<[NotificationCounts]>`
    SELECT (SELECT coalesce(jsonb_agg(jsonb_build_object('state', state, 'kind', kind, 'count', count)), '[]') FROM (
              SELECT state, kind, count(*) AS count FROM (
                (SELECT state, kind FROM notifications WHERE state = 'owed' AND state <> 'sent' LIMIT ${COUNTED_MAX})
                UNION ALL (SELECT state, kind FROM notifications WHERE state = 'waiting' AND state <> 'sent' LIMIT ${COUNTED_MAX})
                UNION ALL (SELECT state, kind FROM notifications
                           WHERE ended_at > now() - interval '1 day' AND state = 'failed' AND state <> 'sent' LIMIT ${COUNTED_MAX})
                UNION ALL (SELECT state, kind FROM notifications
                           WHERE ended_at > now() - interval '1 day' AND state <> 'failed' ORDER BY ended_at DESC LIMIT ${COUNTED_MAX})) n
              GROUP BY state, kind) counted) AS by_state,
           (SELECT greatest(0, coalesce(extract(epoch FROM now() - min(coalesce(tried_since, due_at))), 0))::float8 FROM (
              SELECT tried_since, due_at FROM notifications WHERE state = 'owed' ORDER BY due_at, id LIMIT ${COUNTED_MAX}) first) AS oldest_s,
           (SELECT greatest(0, coalesce(extract(epoch FROM now() - min(due_at)), 0))::float8 FROM (
              SELECT due_at FROM notices WHERE state = 'owed' ORDER BY due_at, event_id LIMIT 1) first) AS planning_late_s`;
  return row;
}

export interface MailTrouble {
  /** Notices whose planning failed too often. */
  unplanned: string[];
  /** Mails that failed within a day, by the reason. */
  failed: { problem: string; count: number }[];
}

const NAMED_MAX = 5;

/** What a person has to look at. */
export async function findMailTrouble(sql: Sql): Promise<MailTrouble> {
  const [row] = await sql<[MailTrouble]>`
    SELECT coalesce((SELECT jsonb_agg(event_id) FROM (SELECT event_id FROM notices WHERE state = 'failed' ORDER BY event_id LIMIT ${NAMED_MAX}) n),
                    '[]') AS unplanned,
           coalesce((SELECT jsonb_agg(jsonb_build_object('problem', problem, 'count', count) ORDER BY count DESC) FROM (
             SELECT problem, count(*) AS count FROM notifications
             WHERE ended_at > now() - interval '1 day' AND state = 'failed' AND state <> 'sent' GROUP BY problem) f), '[]') AS failed`;
  return row;
}
