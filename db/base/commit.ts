/** The history every write leaves: exactly one audit row, and the domain events others may follow (decisions 5, 27). */
import type { Actor } from '../../domain/base/actor';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import { sameJson } from '../../domain/base/json';
import type { JsonObject } from '../../domain/base/json';
import type { Act } from '../../domain/base/edit';
import type { Sql } from './database';

/** Whose time an act holds by: the world's, or that of a test clock. */
export type AuditClock = 'real' | 'test';

/** One audit row to be written. */
export interface AuditEntry {
  at: Instant;
  actor: Actor;
  /** Dotted, the noun first: `contract.paused`, `job.finished`. */
  action: string;
  subject_type: 'contract' | 'job' | 'product' | 'generator' | 'customer' | 'admin' | 'test_clock' | 'billing_event';
  subject_id: string;
  contract_id?: string | null;
  environment?: Environment | null;
  before?: JsonObject | null;
  after?: JsonObject | null;
  reason?: string | null;
  request_id?: string | null;
  revision?: number | null;
  /** The world's when left out. */
  clock?: AuditClock;
}

/** One domain event of a contract, to be written. */
export interface DomainEventEntry {
  at: Instant;
  type: string;
  environment: Environment;
  data: JsonObject;
}

/** Writes the audit row of an act; call it in the transaction of the change that it describes. */
export function auditAct(
  sql: Sql,
  { now, actor, request_id }: Act,
  entry: Omit<AuditEntry, keyof Act | 'at'>,
): Promise<void> {
  return insertAudit(sql, [{ ...entry, at: now, actor, request_id }]);
}

/** Writes audit rows; call it in the transaction of the change they tell of. */
export async function insertAudit(sql: Sql, entries: AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map((entry) => ({
    at: entry.at,
    actor: sql.json({ ...entry.actor }),
    action: entry.action,
    subject_type: entry.subject_type,
    subject_id: entry.subject_id,
    contract_id: entry.contract_id ?? null,
    environment: entry.environment ?? null,
    before: entry.before ? sql.json(entry.before) : null,
    after: entry.after ? sql.json(entry.after) : null,
    reason: entry.reason ?? null,
    request_id: entry.request_id ?? null,
    revision: entry.revision ?? null,
    clock: entry.clock ?? 'real',
  }));
  await sql`INSERT INTO audit_events ${sql(rows)}`;
}

/**
 * Writes domain events of one contract in the transaction of the change they belong to. They are numbered from the quota row of
 * the contract (decisions 39), which stays locked until the transaction ends: numbers are in the order of the commits.
 */
export async function insertDomainEvents(tx: Sql, contract_id: string, events: DomainEventEntry[]): Promise<void> {
  if (events.length === 0) return;
  await tx`
    WITH numbered AS (
      UPDATE contract_quotas SET event_sequence = event_sequence + ${events.length}
      WHERE contract_id = ${contract_id} RETURNING event_sequence - ${events.length} AS before
    )
    INSERT INTO domain_events (at, type, contract_id, environment, data, sequence)
    SELECT event.at, event.type, ${contract_id}, event.environment, event.data, numbered.before + event.number
    FROM numbered, ROWS FROM (
      jsonb_to_recordset(${tx.json(events as never)}) AS (at timestamptz, type text, environment text, data jsonb)
    ) WITH ORDINALITY AS event (at, type, environment, data, number)`;
}

/** The fields that differ, as `before` and `after` of an audit row. */
export function difference(before: JsonObject, after: JsonObject): { before: JsonObject; after: JsonObject } {
  const changed = Object.keys({ ...before, ...after }).filter((key) => !sameJson(before[key], after[key]));
  const pick = (source: JsonObject): JsonObject => Object.fromEntries(changed.map((key) => [key, source[key] ?? null]));
  return { before: pick(before), after: pick(after) };
}
