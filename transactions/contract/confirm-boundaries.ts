/**
 * Checks next boundaries that were computed with older time zone rules against the rules of this process.
 *
 * Most of them do not move and are marked together. Those that move are settled one by one (`settleContract`).
 */
import { nextBoundary } from '../../domain/contract/boundary';
import { sameJson } from '../../domain/base/json';
import { storedBoundary, wakeAt } from '../../domain/contract/copies';
import { factsOf, findContracts } from '../../db/contract/contract';
import type { ContractRow } from '../../db/contract/contract';
import type { Sql } from '../../db/base/database';
import { lockComputedByOlderRules, setTimeZoneRules } from '../../db/contract/time-zone-rules';
import { TIME_ZONE_RULES } from '../base/time-zone-rules';

/**
 * Marks the contracts whose boundaries do not move as computed with the rules of this process. Returns them and the contracts
 * whose boundaries move. Contracts that are locked elsewhere are in neither list. Call it inside a transaction.
 */
export async function confirmBoundaries(
  tx: Sql,
  ids: readonly string[],
): Promise<{ confirmed: string[]; moved: string[] }> {
  const locked = await lockComputedByOlderRules(tx, ids, TIME_ZONE_RULES);
  // A separate statement sees what was committed before the locks were granted.
  const rows = await findContracts(tx, locked);
  const confirmed = rows.filter((row) => !isMoved(row)).map(({ id }) => id);
  const moved = rows.filter(isMoved).map(({ id }) => id);
  await setTimeZoneRules(tx, confirmed, TIME_ZONE_RULES);
  return { confirmed, moved };
}

/** Whether the rules of this process change the next boundary of a contract, when it is woken, or how far it is settled. */
function isMoved(row: ContractRow): boolean {
  const facts = factsOf(row);
  if (facts.settled_until !== row.settled_until || row.wake_at !== wakeAt(facts)) return true;
  return !sameJson(storedBoundary(row), nextBoundary(facts));
}
