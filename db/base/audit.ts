/** The audit: every write leaves exactly one row (decisions 5), and one more for each API key that it creates or revokes. */
import { storedActor } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import type { Act } from '../../domain/base/edit';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import { columnNames } from './columns';
import type { Sql } from './database';
import { mergedStatement } from './merged-statement';

/** Which clock the time of an audit row is from: the real one or a test clock. */
export type AuditClock = 'real' | 'test';

/** The types of subjects of audit rows. */
export const AUDIT_SUBJECTS = [
  'contract',
  'job',
  'license',
  'license_operation',
  'hold',
  'schedule',
  'report_schedule',
  'product',
  'generator',
  'customer',
  'admin',
  'test_clock',
  'billing_event',
  'webhook_endpoint',
  'webhook_delivery',
  'notification',
  'mail_recipient',
  'notification_settings',
] as const;
export type AuditSubject = (typeof AUDIT_SUBJECTS)[number];

/** One audit row to be written. */
export interface AuditEntry {
  at: Instant;
  actor: Actor;
  /** Dotted, the noun first: `contract.paused`, `job.finished`. */
  action: string;
  subject_type: AuditSubject;
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

const AUDIT_COLUMNS = columnNames<AuditEntry>({
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
  if (entries.length > 0) await insertRows(sql, entries);
}

const insertRows = mergedStatement('insert audit', async (sql, inputs: readonly AuditEntry[][]) => {
  // One parameter: the thirteen values of each row as parameters take most of the time of the statement in this process.
  const rows = inputs
    .flat()
    .map((entry) => ({ ...entry, actor: storedActor(entry.actor), clock: entry.clock ?? 'real' }));
  const columns = sql(AUDIT_COLUMNS);
  await sql`
    INSERT INTO audit_events (${columns})
    SELECT ${columns} FROM jsonb_populate_recordset(NULL::audit_events, ${sql.json(rows)})`;
  return inputs.map(() => undefined);
});
