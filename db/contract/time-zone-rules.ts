/** The time zone rules by which the boundaries of contracts were computed. */
import type { TimeZoneRules } from '../../domain/contract/time-zone-rules';
import type { Fragment, Sql } from '../base/database';

/** The condition that the next boundary of a row of `contracts` was computed by older rules than these. */
export function computedByOlderRules(sql: Sql, rules: TimeZoneRules): Fragment {
  return sql`(time_zone_rules < ${rules} OR time_zone_rules IS NULL)`;
}

/** Locks, of the given contracts, those that were computed by older rules and that no other transaction has locked. */
export async function lockComputedByOlderRules(
  tx: Sql,
  ids: readonly string[],
  rules: TimeZoneRules,
): Promise<string[]> {
  const locked = await tx<{ id: string }[]>`
    SELECT id FROM contracts WHERE id = ANY(${[...ids]}::uuid[]) AND ${computedByOlderRules(tx, rules)}
    FOR NO KEY UPDATE SKIP LOCKED`;
  return locked.map(({ id }) => id);
}

/** Stores the rules by which the next boundaries of contracts were computed. */
export async function setTimeZoneRules(tx: Sql, ids: readonly string[], rules: TimeZoneRules): Promise<void> {
  await tx`UPDATE contracts SET time_zone_rules = ${rules} WHERE id = ANY(${[...ids]}::uuid[])`;
}
