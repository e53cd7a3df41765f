/** The requests of the form of a contract. */
import { api, read } from '../base/client';
import { changesOf, bodyOfContract } from './contract-body';
import type { ContractBody, ContractEdit } from './contract-body';
import type { Contract } from './states';

interface Sent {
  body: ContractBody;
  /** What a raise of the quota is for; an empty text says nothing. */
  quota_label: string;
}

/** `dry_run` shows the contract as it would be, and changes nothing. */
export function createContract({ body }: Sent, how: { dry_run: true } | { key: string }): Promise<Contract> {
  const params = 'key' in how ? { header: { 'Idempotency-Key': how.key } } : { query: { dry_run: 'true' as const } };
  return read(api.POST('/api/v1/contracts', { params, body }));
}

/** Sends only what was changed since `before`, for the revision of `before`. */
export function editContract(before: Contract, sent: Sent, dry_run: boolean): Promise<Contract> {
  const params = {
    path: { id: before.id },
    header: { 'If-Match': `"${before.revision}"` },
    query: dry_run ? { dry_run: 'true' as const } : {},
  };
  return read(api.PATCH('/api/v1/contracts/{id}', { params, body: editOf(before, sent) }));
}

export function editOf(before: Contract, { body, quota_label }: Sent): ContractEdit {
  const changes = changesOf(bodyOfContract(before), body);
  const raised = changes.quota !== undefined && changes.quota > before.quota.total;
  return raised && quota_label.trim() !== '' ? { ...changes, quota_label: quota_label.trim() } : changes;
}

export function readContract(id: string, signal?: AbortSignal): Promise<Contract> {
  return read(api.GET('/api/v1/contracts/{id}', { params: { path: { id } }, ...(signal && { signal }) }));
}
