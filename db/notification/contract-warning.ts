/** Finds contracts by the warning that one of their limits is exceeded: a list, the metrics and the contract itself agree. */
import { LIMIT_WARNINGS } from '../../domain/contract/facts';
import type { ContractWarning, LimitWarning } from '../../domain/contract/facts';
import type { Fragment, Sql } from '../base/database';

export function isLimitWarning(warning: ContractWarning): warning is LimitWarning {
  return (LIMIT_WARNINGS as readonly ContractWarning[]).includes(warning);
}

/** The condition that the contract `c` has the warning: an episode of one of its limits is open. */
export function hasLimitWarning(sql: Sql): Fragment {
  return sql`c.id IN (SELECT contract_id FROM limit_episodes WHERE closed_at IS NULL)`;
}

/** An expression for the warnings about the limits of the contract `c`. */
export function limitWarnings(sql: Sql): Fragment {
  return sql`
    CASE WHEN EXISTS (SELECT FROM limit_episodes WHERE contract_id = c.id AND closed_at IS NULL)
         THEN ARRAY['LIMIT_EXCEEDED'] ELSE '{}' END`;
}

/** How many contracts have the warning. */
export async function countLimitWarnings(sql: Sql): Promise<{ warning: LimitWarning; contracts: number }[]> {
  const [{ contracts }] = await sql<[{ contracts: number }]>`
    SELECT count(DISTINCT contract_id)::int AS contracts FROM limit_episodes WHERE closed_at IS NULL`;
  return [{ warning: 'LIMIT_EXCEEDED', contracts }];
}
