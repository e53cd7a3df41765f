/** Assertions about refusals, and about the audit rows of writes. */
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

/** Lists the audit rows of one subject, oldest first. */
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

/** Returns the paths of the invalid fields of a refused body. */
export function wrongFieldsOf(answer: ApiAnswer): string[] {
  return (answer.body.errors as { path: string }[]).map(({ path }) => path);
}
