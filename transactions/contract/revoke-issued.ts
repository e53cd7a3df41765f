/** Revokes the issued licenses of a contract that is terminated. */
import type { Act } from '../../domain/base/edit';
import type { ContractFacts } from '../../domain/contract/facts';
import type { OperationRef } from '../../domain/contract/nudge';
import { insertAudit } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { countIssuedLicenses } from '../../db/generation/chunk';
import { insertOperation } from '../../db/license/license-operation';

/**
 * Creates the job that revokes all licenses of the contract; its workflow is woken after the commit, and by the sweep if that is lost. Call
 * it after the last license was generated. Test licenses are revoked too. Returns nothing for a contract without licenses.
 */
export async function revokeIssued(
  tx: Sql,
  { id: contract_id, environment, test_clock_id, settled_until: now, termination_reason }: ContractFacts,
  { actor, now: real_now, request_id }: Act,
): Promise<OperationRef[]> {
  const requested = await countIssuedLicenses(tx, contract_id);
  if (requested === 0) return [];
  const kind = 'revoke';
  const id = await insertOperation(tx, {
    ...{
      kind,
      customer_id: null,
      contract_id,
      filter: { contract_id },
      license_ids: null,
      reassign: false,
      exact: false,
    },
    ...{ reason: termination_reason, requested, actor, now, active_at: real_now, request_id },
  });
  const action = 'license_operation.requested';
  const subject = { subject_type: 'license_operation', subject_id: id, contract_id, environment } as const;
  const after = { operation_id: id, kind, state: 'QUEUED', requested, filter: { contract_id } };
  const clock = test_clock_id === null ? 'real' : 'test';
  await insertAudit(tx, [{ at: now, actor, action, ...subject, after, reason: termination_reason, request_id, clock }]);
  return [{ id, kind }];
}
