/** Revokes the API keys of a contract that no longer keeps one. */
import type { Act } from '../../domain/base/edit';
import { keepsApiKey } from '../../domain/contract/api-access';
import type { ContractFacts } from '../../domain/contract/facts';
import { notifyAccessChange } from '../../db/access/admin';
import { revokeContractKeys } from '../../db/access/contract-api-key';
import { insertAudit } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';

/** Revokes the keys when a change ends the contract's API access, with an audit row for each. Streams of their holders end. */
export async function revokeKeysAfter(
  tx: Sql,
  { actor, now, request_id }: Act,
  before: ContractFacts,
  after: ContractFacts,
): Promise<void> {
  if (!keepsApiKey(before) || keepsApiKey(after)) return;
  const { id, environment } = after;
  const revoked = await revokeContractKeys(tx, id, now);
  await insertAudit(
    tx,
    revoked.map(({ key_id }) => ({
      at: now,
      actor,
      action: 'apikey.revoked',
      subject_type: 'contract' as const,
      subject_id: id,
      contract_id: id,
      environment,
      before: { key_id },
      request_id,
    })),
  );
  for (const key of revoked) await notifyAccessChange(tx, key.id);
}
