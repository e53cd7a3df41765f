/**
 * Next boundaries that were computed by older rules of time zones, looked at again by those of this process.
 *
 * Most of them stay where they are: these are marked together. Those that move are settled one by one (`settleContract`).
 */
import { nextBoundary } from '../../domain/contract/boundary';
import { sameJson } from '../../domain/base/json';
import { storedBoundary } from '../../domain/contract/copies';
import { factsOf, findContracts } from '../../db/contract/contract';
import type { ContractRow } from '../../db/contract/contract';
import type { Sql } from '../../db/base/database';
import { lockComputedByOlderRules, setTimeZoneRules } from '../../db/contract/time-zone-rules';
import { TIME_ZONE_RULES } from '../base/time-zone-rules';

/**
 * Marks those of some contracts as computed by the rules of this process whose boundaries stay where they are, and answers with
 * the others and with those that were marked. Contracts that others have locked are in neither list. Call it inside a transaction.
 */
export async function confirmBoundaries(
  tx: Sql,
  ids: readonly string[],
): Promise<{ confirmed: string[]; moved: string[] }> {
  const locked = await lockComputedByOlderRules(tx, ids, TIME_ZONE_RULES);
  // A statement of its own: it sees what committed before the locks were granted.
  const rows = await findContracts(tx, locked);
  const confirmed = rows.filter((row) => !isMoved(row)).map(({ id }) => id);
  const moved = rows.filter(isMoved).map(({ id }) => id);
  await setTimeZoneRules(tx, confirmed, TIME_ZONE_RULES);
  return { confirmed, moved };
}

/** Whether the rules of this process change what a contract waits for, or how far it has come. */
function isMoved(row: ContractRow): boolean {
  const facts = factsOf(row);
  return facts.settled_until !== row.settled_until || !sameJson(storedBoundary(row), nextBoundary(facts));
}
