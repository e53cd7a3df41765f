/** The audit: every write leaves exactly one row (decisions 5). */
import { storedActor } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import type { Act } from '../../domain/base/edit';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import type { Sql } from './database';

/** Which clock the time of an audit row is from: the real one or a test clock. */
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
  /** `real` when left out. */
  clock?: AuditClock;
}

/** Writes the audit row of an act. Call it in the transaction of the change that the row describes. */
export function auditAct(
  sql: Sql,
  { now, actor, request_id }: Act,
  entry: Omit<AuditEntry, keyof Act | 'at'>,
): Promise<void> {
  return insertAudit(sql, [{ ...entry, at: now, actor, request_id }]);
}

/** Writes audit rows. Call it in the transaction of the change that they describe. */
export async function insertAudit(sql: Sql, entries: AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map((entry) => ({
    at: entry.at,
    actor: sql.json(storedActor(entry.actor)),
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
