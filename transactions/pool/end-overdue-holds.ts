/** Puts the licenses of holds that are over back into their pools. */
import type { Database } from '../../db/base/database';
import { insertAudit } from '../../db/base/audit';
import { endHolds } from '../../db/pool/overdue-hold';
import { SYSTEM } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';

/** Holds that one transaction ends. */
const HOLDS_MAX = 100;

/**
 * Ends holds that are over, of one contract or of all, with an audit row for each, and returns how many. Holds that another transaction has
 * locked are skipped. `now` is the real time; a contract on a test clock uses its time. Safe to run twice.
 */
export function endOverdueHolds(db: Database, due: { contract_id: string | null; now: Instant }): Promise<number> {
  return db.begin(async (tx) => {
    const ended = await endHolds(tx, { ...due, limit: HOLDS_MAX });
    await insertAudit(
      tx,
      ended.map(({ id, contract_id, environment, held_until, licenses, clock }) => ({
        at: held_until,
        actor: SYSTEM,
        action: 'pool.hold_expired',
        subject_type: 'hold',
        subject_id: id,
        contract_id,
        environment,
        after: { licenses },
        clock,
      })),
    );
    return ended.length;
  });
}
