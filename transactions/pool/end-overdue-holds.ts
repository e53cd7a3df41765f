/** Puts the licenses of holds that are over back into their pools. */
import type { Database } from '../../db/base/database';
import { insertAudit } from '../../db/base/audit';
import { endHolds } from '../../db/pool/overdue-hold';
import type { OverdueHolds } from '../../db/pool/overdue-hold';
import { SYSTEM } from '../../domain/base/actor';

/**
 * Ends holds that are over, with an audit row for each, and returns their ids. Safe to run twice.
 */
export function endOverdueHolds(db: Database, overdue: OverdueHolds): Promise<string[]> {
  return db.begin(async (tx) => {
    const ended = await endHolds(tx, overdue);
    await insertAudit(
      tx,
      ended.map(({ id, contract_id, environment, held_until, licenses, clock }) => ({
        ...{ at: held_until, actor: SYSTEM, action: 'pool.hold_expired', subject_type: 'hold', subject_id: id },
        ...{ contract_id, environment, clock },
        after: { licenses },
      })),
    );
    return ended.map(({ id }) => id);
  });
}
