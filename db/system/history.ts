/** Reads audit rows and domain events, newest first. `db/base/audit.ts` and `db/contract/domain-event.ts` insert them; nothing changes them. */
import type { Actor } from '../../domain/base/actor';
import type { Environment } from '../../domain/base/environment';
import { firstIdAt, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import { columnNames, ofAlias } from '../base/columns';
import type { AuditClock } from '../base/audit';
import type { Fragment, Sql } from '../base/database';

export interface AuditRow {
  id: string;
  at: Instant;
  actor: Actor;
  action: string;
  subject_type: string;
  subject_id: string;
  contract_id: string | null;
  environment: Environment | null;
  before: JsonObject | null;
  after: JsonObject | null;
  reason: string | null;
  request_id: string | null;
  revision: number | null;
  clock: AuditClock;
}

const AUDIT_COLUMNS = columnNames<AuditRow>({
  id: true,
  at: true,
  actor: true,
  action: true,
  subject_type: true,
  subject_id: true,
  contract_id: true,
  environment: true,
  before: true,
  after: true,
  reason: true,
  request_id: true,
  revision: true,
  clock: true,
});

/** The columns that are shown as stored. */
const UNCHANGED_COLUMNS = AUDIT_COLUMNS.filter((column) => !['actor', 'before', 'after'].includes(column));

export interface AuditFilter {
  /** Also selects rows without an environment: those about admins and customers. */
  environment?: Environment | undefined;
  /** The actor's id, or the whole name that the actor had. */
  actor?: string | undefined;
  action?: string | undefined;
  /** The id of the subject. */
  subject?: string | undefined;
  subject_type?: string | undefined;
  contract_id?: string | undefined;
  from?: Instant | undefined;
  /** Not included. */
  to?: Instant | undefined;
}

/** An event of a contract. */
export interface DomainEventRow {
  id: string;
  at: Instant;
  type: string;
  contract_id: string | null;
  environment: Environment | null;
  /** The number within its contract, as text. */
  sequence: string;
  data: JsonObject;
}

const DOMAIN_EVENT_COLUMNS = columnNames<DomainEventRow>({
  id: true,
  at: true,
  type: true,
  contract_id: true,
  environment: true,
  sequence: true,
  data: true,
});

/**
 * One page of audit rows, by the time they were written; `before` is the id of the last one shown.
 *
 * Postgres cannot read a condition with OR from an index in the order of ids. So each alternative is read as a separate page, and the
 * result is the newest of their rows. The names of people, which are stored in other tables, are added only to this result.
 */
export async function listAudit(
  sql: Sql,
  filter: AuditFilter,
  before: string | null,
  limit: number,
): Promise<AuditRow[]> {
  const { action, subject, subject_type, contract_id, from, to } = filter;
  const pageOf = (fits: Fragment): Fragment => sql`
    (SELECT ${sql(AUDIT_COLUMNS)} FROM audit_events WHERE ${fits}
    ${action === undefined ? sql`` : sql`AND action = ${action}`}
    ${subject === undefined ? sql`` : sql`AND subject_id = ${subject}`}
    ${subject_type === undefined ? sql`` : sql`AND subject_type = ${subject_type}`}
    ${subject_type === undefined || subject_type === 'job' ? sql`` : sql`AND subject_type <> 'job'`}
    ${contract_id === undefined ? sql`` : sql`AND contract_id = ${contract_id}`}
    ${from === undefined ? sql`` : sql`AND at >= ${from}`}
    ${to === undefined ? sql`` : sql`AND at < ${to}`}
    ${before === null ? sql`` : sql`AND id < ${before}`}
    ORDER BY id DESC LIMIT ${limit})`;
  const pages = alternatives(sql, filter).map(({ fits, of_name }) => {
    if (of_name === undefined) return pageOf(fits);
    // One page per person who had the name: no index has the rows of several people in the order of ids.
    return sql`
      (SELECT ${sql(ofAlias('event', AUDIT_COLUMNS))} FROM audit_people p CROSS JOIN LATERAL ${pageOf(fits)} AS event
       WHERE ${of_name} ORDER BY event.id DESC LIMIT ${limit})`;
  });
  const all = pages.reduce((union, page) => sql`${union} UNION ALL ${page}`);
  return sql<AuditRow[]>`
    SELECT ${sql(UNCHANGED_COLUMNS)}, shown_actor(actor) AS actor, ${shownFacts(sql, 'before')}, ${shownFacts(sql, 'after')}
    FROM (${all}) AS page ORDER BY id DESC LIMIT ${limit}`;
}

/** The column `before` or `after` of an audit row, with the fields that name a person. */
function shownFacts(sql: Sql, column: 'before' | 'after'): Fragment {
  return sql`
    CASE WHEN subject_type IN ('admin', 'customer', 'contract')
      THEN page.${sql(column)} || coalesce((SELECT f.${sql(column)} FROM audit_person_facts f WHERE f.event_id = page.id), '{}')
      ELSE page.${sql(column)} END AS ${sql(column)}`;
}

/** One alternative of a condition. */
interface Alternative {
  fits: Fragment;
  /** The condition for the rows `p` of `audit_people` that `fits` refers to, if it does. */
  of_name?: Fragment;
}

/** The alternatives for environment, actor and time. A row that matches the filter matches exactly one of them. */
function alternatives(sql: Sql, filter: AuditFilter): Alternative[] {
  const { environment } = filter;
  const environments =
    environment === undefined ? [sql`true`] : [sql`environment = ${environment}`, sql`environment IS NULL`];
  return environments.flatMap((of) =>
    actors(sql, filter).flatMap(({ fits: by, ...of_name }) =>
      times(sql, filter).map((when) => ({ fits: sql`${of} AND ${by} AND ${when}`, ...of_name })),
    ),
  );
}

/** The alternatives for the actor: by id, by the name of a process, or by a name that a person had at the time of the act. */
function actors(sql: Sql, { actor }: AuditFilter): Alternative[] {
  if (actor === undefined) return [{ fits: sql`true` }];
  return [
    { fits: sql`actor->>'id' = ${actor}` },
    {
      fits: sql`actor ? 'name' AND nfc(actor->>'name') = nfc(${actor}) AND actor->>'id' IS DISTINCT FROM ${actor}`,
    },
    {
      fits: sql`actor ? 'name_id' AND (actor->>'name_id')::bigint = p.id`,
      of_name: sql`nfc(p.name) = nfc(${actor}) AND p.person_id <> ${actor}`,
    },
  ];
}

/** Ids are in the order in which rows were written. The times in `at` and in the id of most rows differ by at most a minute. */
const ID_TIME_TOLERANCE_MS = 61_000;

/** The alternatives for the time: rows written about that time are one range of ids; the others are in the index `audit_events_at_other_time`. */
function times(sql: Sql, { from, to }: AuditFilter): Fragment[] {
  if (from === undefined && to === undefined) return [sql`true`];
  const about = sql`BETWEEN interval '-1 minute' AND interval '1 minute'`;
  const late = sql`at - uuid_extract_timestamp(id)`;
  const first = from === undefined ? sql`` : sql`AND id >= ${firstIdAt(millisOf(from) - ID_TIME_TOLERANCE_MS)}`;
  const end = to === undefined ? sql`` : sql`AND id < ${firstIdAt(millisOf(to) + ID_TIME_TOLERANCE_MS)}`;
  return [sql`${late} ${about} ${first} ${end}`, sql`${late} NOT ${about}`];
}

/** A part of the events of a contract: those before a number, from the newest on, or those after one, from the oldest on. */
export type EventRange = { before: number | null } | { after: number };

/** One page of a contract's domain events, by their numbers. */
export async function listDomainEventsOfContract(
  sql: Sql,
  contract_id: string,
  range: EventRange,
  limit: number,
): Promise<DomainEventRow[]> {
  const page =
    'after' in range
      ? sql`AND sequence > ${range.after} ORDER BY sequence`
      : sql`${range.before === null ? sql`` : sql`AND sequence < ${range.before}`} ORDER BY sequence DESC`;
  return sql<DomainEventRow[]>`
    SELECT ${sql(DOMAIN_EVENT_COLUMNS)} FROM domain_events WHERE contract_id = ${contract_id} ${page} LIMIT ${limit}`;
}

/** Whether a contract with this id exists or existed: the history of a deleted contract can be read. */
export async function hasHistory(sql: Sql, contract_id: string): Promise<boolean> {
  const found = await sql`SELECT FROM contracts WHERE id = ${contract_id}`;
  return found.count === 1;
}
