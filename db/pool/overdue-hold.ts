/** Holds that are over: their licenses count as available from then on, and are put back into the pool later. */
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { AuditClock } from '../base/audit';
import type { Sql } from '../base/database';
import { endHoldOfLicenses } from './available';

/** Holds that one transaction ends. */
const HOLDS_MAX = 100;

/** Which holds to end, if they are over: those of a contract, or these. `now` is the real time. */
export type OverdueHolds = { now: Instant } & ({ contract_id: string } | { hold_ids: readonly string[] });

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
 * Ends at most 100 holds that are over, those first that have been for longest, and puts their licenses back. A contract on a test clock
 * uses the time of that clock. Locked holds of a contract are awaited, because a grab must not find the pool empty while the sweep puts
 * licenses back; others are skipped.
 */
export async function endHolds(tx: Sql, overdue: OverdueHolds): Promise<EndedHold[]> {
  const of_contract = 'contract_id' in overdue;
  const which = of_contract
    ? tx`h.contract_id = ${overdue.contract_id}`
    : tx`h.id = ANY(${[...overdue.hold_ids]}::uuid[])`;
  const ended = await tx<EndedHold[]>`
    UPDATE pool_holds e SET state = 'expired', ended_at = e.held_until FROM (
      SELECT h.id, k.id AS clock_id
      FROM pool_holds h JOIN contracts c ON c.id = h.contract_id LEFT JOIN test_clocks k ON k.id = c.test_clock_id
      WHERE ${which} AND h.state = 'held' AND h.held_until <= coalesce(k.now, ${overdue.now})
      ORDER BY h.held_until LIMIT ${HOLDS_MAX} FOR NO KEY UPDATE OF h ${of_contract ? tx`` : tx`SKIP LOCKED`}
    ) due WHERE e.id = due.id
    RETURNING e.id, e.contract_id, e.environment, e.held_until, cardinality(e.license_ids) AS licenses,
              CASE WHEN due.clock_id IS NULL THEN 'real' ELSE 'test' END AS clock`;
  await endHoldOfLicenses(
    tx,
    ended.map(({ id }) => id),
  );
  return ended;
}
