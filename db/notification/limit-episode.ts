/** Episodes in which a limit of a contract is exceeded, and their notices. A transaction that has locked the quota row writes them. */
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import { withLook } from '../../domain/notification/limit-episode';
import type { CloseReason, LimitEpisode, LimitLook, LimitNotice } from '../../domain/notification/limit-episode';
import type { Limit } from '../../domain/webhook/limit-event';
import type { Fragment, Sql } from '../base/database';

/** An episode with its place in Postgres. */
export interface LimitEpisodeRow extends LimitEpisode {
  id: string;
  contract_id: string;
  limit_name: Limit;
  closed_at: Instant | null;
  close_reason: CloseReason | null;
  next_look_at: Instant | null;
}

/** An episode with its notices, first to last. */
export interface ShownLimitEpisode extends LimitEpisodeRow {
  notice_list: (Pick<LimitNotice, 'number' | 'occasion'> & { at: Instant; demand: number; limit_value: number })[];
}

/** What a look at the quota of a contract reads of it. */
export interface QuotaToJudge extends Pick<LimitLook, 'limit_value' | 'raised_at' | 'used' | 'is_over'> {
  environment: Environment;
  /** The time of the test clock of the contract; null without one. */
  clock_now: Instant | null;
}

function columns(sql: Sql): Fragment {
  return sql`
    e.id, e.contract_id, e.limit_name, e.opened_at, e.closed_at, e.close_reason, e.limit_value::float8 AS limit_value, e.used::float8 AS used,
    e.demand::float8 AS demand, e.largest_request::float8 AS largest_request, e.last_refused_at, e.notices,
    e.noticed_demand::float8 AS noticed_demand, e.noticed_at, e.reminders, e.remind_at, e.next_look_at`;
}

/** The quota of a contract; undefined when there is no such contract. Call it after `lockQuota`. */
export async function findQuotaToJudge(tx: Sql, contract_id: string): Promise<QuotaToJudge | undefined> {
  const [row] = await tx<QuotaToJudge[]>`
    SELECT c.environment, k.now AS clock_now, q.total AS limit_value, q.claimed AS used, c.state IN ('TERMINATED', 'DELETED') AS is_over,
           (SELECT max(effective_at) FROM quota_grants WHERE contract_id = c.id AND amount > 0) AS raised_at
    FROM contracts c JOIN contract_quotas q ON q.contract_id = c.id LEFT JOIN test_clocks k ON k.id = c.test_clock_id
    WHERE c.id = ${contract_id}`;
  return row;
}

/** The open episode of a limit of a contract; undefined when it is not exceeded. */
export async function findOpenEpisode(
  sql: Sql,
  contract_id: string,
  limit: Limit,
): Promise<LimitEpisodeRow | undefined> {
  const [row] = await sql<LimitEpisodeRow[]>`
    SELECT ${columns(sql)} FROM limit_episodes e
    WHERE contract_id = ${contract_id} AND limit_name = ${limit} AND closed_at IS NULL`;
  return row;
}

/**
 * One page of the episodes of a contract, newest first; `before` is the id of the last one shown. An open episode is as a look would see it
 * now, though none has taken the last refusals yet.
 */
export async function listEpisodes(
  sql: Sql,
  contract_id: string,
  before: string | null,
  limit: number,
): Promise<ShownLimitEpisode[]> {
  const rows = await sql<
    (ShownLimitEpisode & { now_seen: Pick<LimitLook, 'limit_value' | 'used' | 'refused'> | null })[]
  >`
    SELECT ${columns(sql)}, CASE WHEN e.closed_at IS NULL THEN ${nowSeen(sql)} END AS now_seen, ARRAY(
      SELECT jsonb_build_object('number', n.number, 'occasion', n.occasion, 'demand', n.demand, 'limit_value', n.limit_value,
                                'at', ${utcText(sql, sql`n.at`)})
      FROM limit_notices n WHERE n.episode_id = e.id ORDER BY n.number) AS notice_list
    FROM limit_episodes e WHERE e.contract_id = ${contract_id} ${before === null ? sql`` : sql`AND e.id < ${before}`}
    ORDER BY e.id DESC LIMIT ${limit}`;
  return rows.map(({ now_seen, ...row }) => (now_seen === null ? row : withLook<ShownLimitEpisode>(row, now_seen)));
}

/** What a look would see of the quota of the episode `e`, with the refusals that no look has taken (`takeExceeding`). */
function nowSeen(sql: Sql): Fragment {
  return sql`
    (SELECT jsonb_build_object('limit_value', q.total, 'used', q.claimed, 'refused', (
       SELECT CASE WHEN count(*) > 0 THEN jsonb_build_object(
                'first_at', ${utcText(sql, sql`min(coalesce(r.first_at, r.last_at))`)}, 'at', ${utcText(sql, sql`max(r.last_at)`)},
                'largest', max(r.largest)) END
       FROM refused_attempts r WHERE r.contract_id = e.contract_id AND r.code = 'QUOTA_EXCEEDED' AND NOT r.is_judged))
     FROM contract_quotas q WHERE q.contract_id = e.contract_id)`;
}

/** An instant within JSON. */
function utcText(sql: Sql, at: Fragment): Fragment {
  return sql`to_char(${at} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** Stores a new episode; returns its id. */
export async function insertEpisode(
  tx: Sql,
  { contract_id, limit, next_look_at }: { contract_id: string; limit: Limit; next_look_at: Instant },
  episode: LimitEpisode,
): Promise<string> {
  const row = { contract_id, limit_name: limit, next_look_at, ...storedEpisode(episode) };
  const [{ id }] = await tx<[{ id: string }]>`INSERT INTO limit_episodes ${tx(row as never)} RETURNING id`;
  return id;
}

/** Stores what a look has found: an open episode with its next look, or the end of one. */
export async function updateEpisode(
  tx: Sql,
  id: string,
  episode: LimitEpisode,
  end: { next_look_at: Instant } | { closed_at: Instant; close_reason: CloseReason },
): Promise<void> {
  const row = { ...storedEpisode(episode), next_look_at: null, ...end };
  await tx`UPDATE limit_episodes SET ${tx(row as never)} WHERE id = ${id}`;
}

/** Only the facts: a row that was read has more. */
function storedEpisode(episode: LimitEpisode): LimitEpisode {
  const { opened_at, limit_value, used, demand, largest_request, last_refused_at } = episode;
  const { notices, noticed_demand, noticed_at, reminders, remind_at } = episode;
  return {
    ...{ opened_at, limit_value, used, demand, largest_request, last_refused_at },
    ...{ notices, noticed_demand, noticed_at, reminders, remind_at },
  };
}

/** Stores a notice. A second one with the same number fails. */
export async function insertNotice(
  tx: Sql,
  episode_id: string,
  { number, occasion }: LimitNotice,
  { noticed_at, demand, limit_value }: LimitEpisode,
): Promise<void> {
  await tx`INSERT INTO limit_notices ${tx({ episode_id, number, occasion, at: noticed_at, demand, limit_value })}`;
}

/** Records the first server on which the workflow of an open episode was started (`recordStart` of db/system/sweep.ts). */
export async function recordLimitStart(tx: Sql, contract_id: string, epoch: string | undefined): Promise<void> {
  if (epoch === undefined) return;
  await tx`
    UPDATE limit_episodes SET workflow_epoch = ${epoch}
    WHERE contract_id = ${contract_id} AND closed_at IS NULL AND workflow_epoch IS NULL`;
}

/** Records on which server the workflows of open episodes were started. */
export async function markJudgedOn(sql: Sql, contract_ids: readonly string[], epoch: string): Promise<void> {
  await sql`
    UPDATE limit_episodes SET workflow_epoch = ${epoch} WHERE id IN (
      SELECT id FROM limit_episodes
      WHERE contract_id = ANY (${[...contract_ids]}::uuid[]) AND closed_at IS NULL AND workflow_epoch IS DISTINCT FROM ${epoch}
      FOR NO KEY UPDATE SKIP LOCKED)`;
}

/**
 * Selects contracts whose limits are to be looked at, with the time since when: those with refusals that no look has seen and that
 * open an episode or raise the demand of the open one; and those with an open one whose look is overdue, whose limit was changed, whose contract is over, or whose workflow was
 * started on another server. Other refusals wait for the next look.
 */
export function limitsToJudge(sql: Sql, { epoch, late }: { epoch: string; late: Fragment }): Fragment {
  return sql`
    SELECT id, min(since) AS since FROM (
      SELECT r.contract_id AS id, r.minute AS since FROM refused_attempts r
      WHERE r.code = 'QUOTA_EXCEEDED' AND NOT r.is_judged
        AND NOT EXISTS (
          SELECT FROM limit_episodes e JOIN contract_quotas q ON q.contract_id = e.contract_id
          WHERE e.contract_id = r.contract_id AND e.limit_name = 'quota' AND e.closed_at IS NULL
            AND q.claimed + greatest(r.largest, e.largest_request) <= e.demand)
      UNION ALL
      SELECT e.contract_id, least(e.next_look_at, ${late})
      FROM limit_episodes e
      JOIN contracts c ON c.id = e.contract_id
      JOIN contract_quotas q ON q.contract_id = e.contract_id
      LEFT JOIN test_clocks k ON k.id = c.test_clock_id
      WHERE e.closed_at IS NULL
        AND (e.next_look_at <= coalesce(k.now, ${late}) OR q.total <> e.limit_value OR c.state IN ('TERMINATED', 'DELETED')
             OR e.workflow_epoch <> ${epoch})
    ) due GROUP BY id`;
}
