/** What tests say of an answer that is a refusal, and of the audit row that a write leaves. */
import type { ApiAnswer, TestApi } from './api';

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
  return api.sql<AuditedRow[]>`
    SELECT action, actor, environment, before, after, request_id FROM audit_events WHERE subject_id = ${subject_id} ORDER BY id`;
}

/** The paths of the fields that a refused body is wrong at. */
export function wrongFieldsOf(answer: ApiAnswer): string[] {
  return (answer.body.errors as { path: string }[]).map(({ path }) => path);
}
