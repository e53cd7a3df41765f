/** The warnings about the pool of a contract, read from its licenses and its quota: a list, the metrics and the contract itself agree. */
import { POOL_WARNINGS } from '../../domain/contract/facts';
import type { ContractWarning, PoolWarning } from '../../domain/contract/facts';
import type { Fragment, Sql } from '../base/database';
import { hasOnlyExpiring, isLow, isOpenPool } from './level';
import { isReplenishmentBlocked } from './replenishment';

export function isPoolWarning(warning: ContractWarning): warning is PoolWarning {
  return (POOL_WARNINGS as readonly ContractWarning[]).includes(warning);
}

/** The condition that the contract `c` has the warning. There is none while orders can take nothing from the pool. */
export function hasPoolWarning(sql: Sql, warning: PoolWarning): Fragment {
  const conditions: Record<PoolWarning, Fragment> = {
    POOL_LOW: isLow(sql),
    POOL_REPLENISH_BLOCKED: isReplenishmentBlocked(sql),
    POOL_VALIDITY_TOO_SHORT: hasOnlyExpiring(sql),
  };
  return sql`(${isOpenPool(sql)} AND ${conditions[warning]})`;
}

/** An expression for the warnings about the pool of the contract `c`, in their order. For other types nothing is read. */
export function poolWarnings(sql: Sql): Fragment {
  const cases = POOL_WARNINGS.map(
    (warning) => sql`CASE WHEN ${hasPoolWarning(sql, warning)} THEN ${warning}::text END`,
  );
  const all = cases.reduce((some, one) => sql`${some}, ${one}`);
  return sql`CASE WHEN c.type = 'pool' THEN array_remove(ARRAY[${all}], NULL) ELSE '{}' END`;
}

/** How many contracts have each of the warnings. */
export async function countPoolWarnings(sql: Sql): Promise<{ warning: PoolWarning; contracts: number }[]> {
  const [counted] = await sql<[Record<PoolWarning, number>]>`
    SELECT count(*) FILTER (WHERE ${isLow(sql)})::int AS "POOL_LOW",
           count(*) FILTER (WHERE ${isReplenishmentBlocked(sql)})::int AS "POOL_REPLENISH_BLOCKED",
           count(*) FILTER (WHERE ${hasOnlyExpiring(sql)})::int AS "POOL_VALIDITY_TOO_SHORT"
    FROM contracts c WHERE ${isOpenPool(sql)}`;
  return POOL_WARNINGS.map((warning) => ({ warning, contracts: counted[warning] }));
}
