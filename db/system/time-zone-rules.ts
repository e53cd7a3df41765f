/** The rules of time zones of Postgres, and of the processes that are connected to it. */
import type { Instant } from '../../domain/base/instant';
import type { TimeZoneRules } from '../../domain/contract/time-zone-rules';
import type { Sql } from '../base/database';

/** The offsets of a zone by Postgres. */
export interface ZoneOffsets {
  zone: string;
  /** From UTC, in the order of the instants. */
  offsets_s: number[];
}

/** The offsets at these instants of those of the zones that Postgres knows; it may lack old names. */
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

/** A kind of process that is connected to this database, by the rules that it has. */
export interface ProcessRules {
  process: 'api' | 'worker';
  rules: TimeZoneRules;
  /** Where from, as Postgres sees it; "local" for a socket. */
  addresses: string[];
}

/**
 * The API and worker processes that are connected to this database, on whichever machine. Those of versions that do not say
 * their rules are left out.
 */
export async function findProcessRules(sql: Sql): Promise<ProcessRules[]> {
  return sql<ProcessRules[]>`
    SELECT name[1] AS process, name[2] AS rules, array_agg(DISTINCT coalesce(host(client_addr), 'local')) AS addresses
    FROM pg_stat_activity, regexp_match(application_name, '^covenant (api|worker) \\(tz ([0-9a-z]*)\\)$') AS name
    WHERE datname = current_database() AND name IS NOT NULL
    GROUP BY name ORDER BY name`;
}
