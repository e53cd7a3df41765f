/** Settles a contract and returns whether its jobs generate. */
import type { Sql } from '../../db/base/database';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import type { GenerationOutlook } from '../../domain/generation/generation-job';
import { settleByTime } from '../contract/settle-contract';

/**
 * Settles a contract and returns what its jobs must do; a deleted or terminated contract is over. The row stays locked until
 * the transaction ends.
 */
export async function settleForGeneration(tx: Sql, contract_id: string, now: Instant): Promise<GenerationOutlook> {
  const outcome = await settleByTime(tx, { id: contract_id, now });
  if (isRefusal(outcome) || outcome.stored.state === 'TERMINATED') return 'over';
  return outcome.stored.may_generate ? 'generate' : 'wait';
}
