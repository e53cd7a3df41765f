/** Reading what happened: audit rows and domain events, newest first. Both are only ever added to, by `commit.ts`. */
import type { Actor } from '../domain/actor';
import type { Environment } from '../domain/environment';
import type { Instant } from '../domain/instant';
import type { JsonObject } from '../domain/json';
import { columnNames } from './columns';
import type { AuditClock, AuditEntry } from './commit';
import type { Sql } from './index';

/** What can be acted upon. */
export const AUDIT_SUBJECTS = [
  'contract',
  'job',
  'product',
  'generator',
  'customer',
  'admin',
  'test_clock',
  'billing_event',
] as const satisfies readonly AuditEntry['subject_type'][];

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

export interface AuditFilter {
  /** With it, rows of no environment too: people and customers belong to none. */
  environment?: Environment | undefined;
  /** The actor's id or whole name. */
  actor?: string | undefined;
  action?: string | undefined;
  /** The id of what was acted upon. */
  subject?: string | undefined;
  subject_type?: string | undefined;
  contract_id?: string | undefined;
  from?: Instant | undefined;
  /** Not included. */
  to?: Instant | undefined;
}

export interface DomainEventRow {
  id: string;
  at: Instant;
  type: string;
  contract_id: string | null;
  environment: Environment | null;
  data: JsonObject;
}

const DOMAIN_EVENT_COLUMNS = columnNames<DomainEventRow>({
  id: true,
  at: true,
  type: true,
  contract_id: true,
  environment: true,
  data: true,
});

/** One page of audit rows, by the time they were written; `before` is the id of the last one shown. */
export async function listAudit(
  sql: Sql,
  filter: AuditFilter,
  before: string | null,
  limit: number,
): Promise<AuditRow[]> {
  return sql<AuditRow[]>`
    SELECT ${sql(AUDIT_COLUMNS)} FROM audit_events WHERE true
    ${filter.environment === undefined ? sql`` : sql`AND (environment = ${filter.environment} OR environment IS NULL)`}
    ${filter.actor === undefined ? sql`` : sql`AND (actor->>'id' = ${filter.actor} OR nfc(actor->>'name') = nfc(${filter.actor}))`}
    ${filter.action === undefined ? sql`` : sql`AND action = ${filter.action}`}
    ${filter.subject === undefined ? sql`` : sql`AND subject_id = ${filter.subject}`}
    ${filter.subject_type === undefined ? sql`` : sql`AND subject_type = ${filter.subject_type}`}
    ${filter.contract_id === undefined ? sql`` : sql`AND contract_id = ${filter.contract_id}`}
    ${filter.from === undefined ? sql`` : sql`AND at >= ${filter.from}`}
    ${filter.to === undefined ? sql`` : sql`AND at < ${filter.to}`}
    ${before === null ? sql`` : sql`AND id < ${before}`}
    ORDER BY id DESC LIMIT ${limit}`;
}

/** One page of a contract's domain events. */
export async function listDomainEventsOfContract(
  sql: Sql,
  contract_id: string,
  before: string | null,
  limit: number,
): Promise<DomainEventRow[]> {
  return sql<DomainEventRow[]>`
    SELECT ${sql(DOMAIN_EVENT_COLUMNS)} FROM domain_events WHERE contract_id = ${contract_id} ${before === null ? sql`` : sql`AND id < ${before}`}
    ORDER BY id DESC LIMIT ${limit}`;
}

/** Whether there is a contract with this id, deleted or not: its history outlives it. */
export async function hasHistory(sql: Sql, contract_id: string): Promise<boolean> {
  const found = await sql`SELECT FROM contracts WHERE id = ${contract_id}`;
  return found.count === 1;
}
