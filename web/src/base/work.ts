/** The kinds of work that the server does in the background, as the pages follow and change them. */
import { api, newIdempotencyKey, read } from './client';
import type { components } from './interface';
import type { Followed } from './use-progress';

type Schemas = components['schemas'];
export type Job = Schemas['GenerationJob'];
export type Operation = Schemas['LicenseOperation'];
export type Import = Schemas['LicenseImport'];
export type AllowedAction = Schemas['AllowedAction'];

/** What every kind of work can say of itself. */
export interface Progress {
  state: string;
  percent: number;
  done: number;
  total: number;
  /** How many of those that are done did not succeed. */
  failed: number;
  /** When the work started and ended, as far as it did. */
  started_at: string | null;
  finished_at: string | null;
  /** Known by the server for jobs only. */
  per_second?: number | null;
  eta?: string | null;
  errors: readonly { from: number; to: number; code: string }[];
  cancel: AllowedAction;
  resume: AllowedAction;
}

export interface Work<Row> extends Followed<Row> {
  kind: 'job' | 'operation' | 'import';
  progressOf: (row: Row) => Progress;
  cancel: () => Promise<unknown>;
  resume: () => Promise<unknown>;
}

/** A generation job. */
export function jobWork(id: string): Work<Job> {
  return {
    kind: 'job',
    path: `/api/v1/jobs/${id}`,
    read: (signal) => read(api.GET('/api/v1/jobs/{id}', { params: { path: { id } }, signal })),
    progressOf: (job) => ({
      ...job,
      done: job.completed,
      total: job.requested,
      per_second: job.licenses_per_second,
      errors: job.errors.map(({ ordinal_from, ordinal_to, code }) => ({ from: ordinal_from, to: ordinal_to, code })),
      ...job.allowed_actions,
    }),
    cancel: () => read(api.POST('/api/v1/jobs/{id}/cancel', { params: { path: { id }, header: once() } })),
    resume: () => read(api.POST('/api/v1/jobs/{id}/resume', { params: { path: { id }, header: once() } })),
  };
}

/** An operation on licenses: an assignment, a suspension, a reinstatement or a revocation. */
export function operationWork(id: string): Work<Operation> {
  return {
    kind: 'operation',
    path: `/api/v1/license-operations/${id}`,
    read: (signal) => read(api.GET('/api/v1/license-operations/{id}', { params: { path: { id } }, signal })),
    progressOf: (operation) => ({
      ...operation,
      done: operation.decided,
      total: operation.requested,
      failed: operation.counts.conflict + operation.counts.not_available,
      errors: [],
      ...operation.allowed_actions,
    }),
    cancel: () =>
      read(api.POST('/api/v1/license-operations/{id}/cancel', { params: { path: { id }, header: once() } })),
    resume: () =>
      read(api.POST('/api/v1/license-operations/{id}/resume', { params: { path: { id }, header: once() } })),
  };
}

/** An import of existing licenses into a contract. */
export function importWork(contract_id: string, import_id: string): Work<Import> {
  const path = { id: contract_id, import_id };
  return {
    kind: 'import',
    path: `/api/v1/contracts/${contract_id}/licenses/import/${import_id}`,
    read: (signal) => read(api.GET('/api/v1/contracts/{id}/licenses/import/{import_id}', { params: { path }, signal })),
    progressOf: (imported) => ({
      ...imported,
      done: imported.rows - imported.counts.pending,
      total: imported.rows,
      failed: imported.counts.rejected,
      errors: [],
      ...imported.allowed_actions,
    }),
    cancel: () =>
      read(api.POST('/api/v1/contracts/{id}/licenses/import/{import_id}/cancel', { params: { path, header: once() } })),
    resume: () =>
      read(api.POST('/api/v1/contracts/{id}/licenses/import/{import_id}/resume', { params: { path, header: once() } })),
  };
}

/** Cancelling twice is the same as once; the key only lets a repetition by the network get the first answer. */
function once() {
  return { 'Idempotency-Key': newIdempotencyKey() };
}
