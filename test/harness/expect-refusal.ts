/** What tests say of an answer that is a refusal, and of the audit row that a write leaves. */
import { listAudit } from '../../db/system/history';
import type { ApiAnswer, TestApi } from './api';

/** More rows than one subject has in any test. */
const AUDIT_ROWS_MAX = 1_000;

/** Expects a problem of this status and code. */
export function expectRefusal(answer: ApiAnswer, status: number, code: string): void {
  expect({ status: answer.status, code: answer.body?.code }).toEqual({ status, code });
}

export interface AuditedRow {
  action: string;
  actor: { id: string; name: string };
  environment: string | null;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  request_id: string | null;
}

/** The audit of one subject, oldest first. */
export async function auditOf(api: Pick<TestApi, 'sql'>, subject_id: string): Promise<AuditedRow[]> {
  const rows = await listAudit(api.sql, { subject: subject_id }, null, AUDIT_ROWS_MAX);
  return rows
    .map(({ action, actor, environment, before, after, request_id }) => ({
      action,
      actor,
      environment,
      before,
      after,
      request_id,
    }))
    .reverse();
}

/** The paths of the fields that a refused body is wrong at. */
export function wrongFieldsOf(answer: ApiAnswer): string[] {
  return (answer.body.errors as { path: string }[]).map(({ path }) => path);
}
