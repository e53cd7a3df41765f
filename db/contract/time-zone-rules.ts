/** The rules of time zones by which the boundaries of contracts were computed. */
import type { TimeZoneRules } from '../../domain/contract/time-zone-rules';
import type { Fragment, Sql } from '../base/database';

/** A condition on a row of `contracts`: its boundaries were computed by older rules than these. */
export function computedByOlderRules(sql: Sql, rules: TimeZoneRules): Fragment {
  return sql`(time_zone_rules < ${rules} OR time_zone_rules IS NULL)`;
}

/** Locks those of some contracts that were computed by older rules than these, except those that others have locked. */
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

/** Stores by which rules contracts were computed. */
export async function setTimeZoneRules(tx: Sql, ids: readonly string[], rules: TimeZoneRules): Promise<void> {
  await tx`UPDATE contracts SET time_zone_rules = ${rules} WHERE id = ANY(${[...ids]}::uuid[])`;
}
