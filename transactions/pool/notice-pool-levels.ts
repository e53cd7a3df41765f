/** Notices pools that have fewer licenses than their `low_water` for another reason than an order. */
import type { Database, Sql } from '../../db/base/database';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { listMovedPools, recordLevel } from '../../db/pool/low-water';

/** The most pools of one call. The next call takes the rest. */
const POOLS_MAX = 500;

/** Records the level of pools where it has changed, with a domain event for each fall; returns how many. Safe to run twice. */
export async function noticePoolLevels(db: Database, hasTimeLeft: () => boolean = () => true): Promise<number> {
  let moved = 0;
  for (const contract_id of await listMovedPools(db, POOLS_MAX)) {
    if (!hasTimeLeft()) break;
    await db.begin((tx) => noticeLevel(tx, contract_id));
    moved += 1;
  }
  return moved;
}

async function noticeLevel(tx: Sql, contract_id: string): Promise<void> {
  const fall = await recordLevel(tx, contract_id);
  if (fall === undefined) return;
  const { at, environment, available, low_water } = fall;
  const data = { contract_id, available, low_water };
  await insertDomainEvents(tx, contract_id, [{ at, type: 'pool.low_water', environment, data }]);
}
