/** Holds that are over: they count as available from their end on, and are put back into the pool later. */
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { AuditClock } from '../base/audit';
import type { Sql } from '../base/database';
import { putBack } from './available';

/** A hold that was ended. */
export interface EndedHold {
  id: string;
  contract_id: string;
  environment: Environment;
  held_until: Instant;
  /** How many licenses it had. */
  licenses: number;
  clock: AuditClock;
}

/**
 * Ends at most `limit` holds that are over at `now`, or at the time of the contract's test clock, and puts their licenses back. Holds of a
 * contract on a test clock end only when that contract is named. Locked ones are skipped.
 */
export async function endHolds(
  tx: Sql,
  { contract_id, now, limit }: { contract_id: string | null; now: Instant; limit: number },
): Promise<EndedHold[]> {
  const is_due =
    contract_id === null
      ? tx`h.held_until <= ${now}::timestamptz AND c.test_clock_id IS NULL`
      : tx`h.contract_id = ${contract_id} AND h.held_until <= coalesce((SELECT k.now FROM test_clocks k WHERE k.id = c.test_clock_id), ${now})`;
  const ended = await tx<(EndedHold & { license_ids: string[] })[]>`
    UPDATE pool_holds e SET state = 'expired', ended_at = e.held_until FROM (
      SELECT h.id, c.test_clock_id FROM pool_holds h JOIN contracts c ON c.id = h.contract_id
      WHERE h.state = 'held' AND ${is_due} ORDER BY h.held_until LIMIT ${limit} FOR NO KEY UPDATE OF h SKIP LOCKED
    ) due WHERE e.id = due.id
    RETURNING e.id, e.contract_id, e.environment, e.held_until, e.license_ids, cardinality(e.license_ids) AS licenses,
              CASE WHEN due.test_clock_id IS NULL THEN 'real' ELSE 'test' END AS clock`;
  await putBack(
    tx,
    ended.flatMap(({ license_ids }) => license_ids),
  );
  return ended;
}
