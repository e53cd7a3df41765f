/** What a contract says about generation once it is settled. */
import type { Sql } from '../../db/base/database';
import { SYSTEM } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import type { GenerationOutlook } from '../../domain/generation/generation-job';
import { changeContract } from '../contract/change-contract';

/**
 * Crosses what is due of a contract and answers what it says about its jobs then; one that was deleted or terminated is over. Its
 * row stays locked until the transaction ends.
 */
export async function settleForGeneration(tx: Sql, contract_id: string, now: Instant): Promise<GenerationOutlook> {
  const settling = { id: contract_id, actor: SYSTEM, now, request_id: null };
  const outcome = await changeContract(tx, settling, () => 'unchanged');
  if (isRefusal(outcome) || outcome.row.state === 'TERMINATED') return 'over';
  return outcome.row.may_generate ? 'generate' : 'wait';
}
