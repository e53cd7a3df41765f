/** The time zone rules of Postgres and of the processes that are connected to it. */
import type { Instant } from '../../domain/base/instant';
import type { TimeZoneRules } from '../../domain/contract/time-zone-rules';
import type { Sql } from '../base/database';

/** The offsets of a zone according to Postgres. */
export interface ZoneOffsets {
  zone: string;
  /** Seconds from UTC, in the order of the instants. */
  offsets_s: number[];
}

/** The offsets of zones at these instants. Omits zones that Postgres does not know, which may be old names. */
export async function findZoneOffsets(
  sql: Sql,
  zones: readonly string[],
  instants: readonly Instant[],
): Promise<ZoneOffsets[]> {
  return sql<ZoneOffsets[]>`
    SELECT z.name AS zone,
           ARRAY(SELECT extract(epoch FROM (t.at AT TIME ZONE z.name) - (t.at AT TIME ZONE 'UTC'))::int
                 FROM unnest(${[...instants]}::timestamptz[]) WITH ORDINALITY AS t (at, position) ORDER BY position) AS offsets_s
    FROM pg_timezone_names z WHERE z.name = ANY(${[...zones]})`;
}

/** The connected processes of one kind that have the same time zone rules. */
export interface ProcessRules {
  process: 'api' | 'worker';
  rules: TimeZoneRules;
  /** Their client addresses in Postgres; "local" for a Unix socket. */
  addresses: string[];
}

/**
 * The API and worker processes on any machine that are connected to this database. Omits processes of versions that do not report their
 * rules.
 */
export async function findProcessRules(sql: Sql): Promise<ProcessRules[]> {
  return sql<ProcessRules[]>`
    SELECT name[1] AS process, name[2] AS rules, array_agg(DISTINCT coalesce(host(client_addr), 'local')) AS addresses
    FROM pg_stat_activity, regexp_match(application_name, '^covenant (api|worker) \\(tz ([0-9a-z]*)\\)$') AS name
    WHERE datname = current_database() AND name IS NOT NULL
    GROUP BY name ORDER BY name`;
}
