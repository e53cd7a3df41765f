/** Finds contracts by the warnings about their quota (`quotaWarnings` of domain/contract/quota-notice.ts), through an index of quota rows. */
import { QUOTA_WARNINGS } from '../../domain/contract/facts';
import type { ContractWarning, QuotaWarning } from '../../domain/contract/facts';
import type { Fragment, Sql } from '../base/database';

export function isQuotaWarning(warning: ContractWarning): warning is QuotaWarning {
  return (QUOTA_WARNINGS as readonly ContractWarning[]).includes(warning);
}

/** The condition that the contract `c` has the warning. */
export function hasQuotaWarning(sql: Sql, warning: QuotaWarning): Fragment {
  const conditions: Record<QuotaWarning, Fragment> = {
    QUOTA_NEARLY_USED: sql`thresholds_reached = 1`,
    QUOTA_USED: sql`thresholds_reached = 2`,
    QUOTA_RUNS_OUT: sql`thresholds_reached = 1 AND runs_out_on IS NOT NULL`,
  };
  return sql`c.may_generate AND c.id IN (SELECT contract_id FROM contract_quotas WHERE ${conditions[warning]})`;
}

/** How many contracts have each of the warnings. */
export async function countQuotaWarnings(sql: Sql): Promise<{ warning: QuotaWarning; contracts: number }[]> {
  const [counted] = await sql<[Record<QuotaWarning, number>]>`
    SELECT count(*) FILTER (WHERE thresholds_reached = 1)::int AS "QUOTA_NEARLY_USED",
           count(*) FILTER (WHERE thresholds_reached = 2)::int AS "QUOTA_USED",
           count(*) FILTER (WHERE thresholds_reached = 1 AND runs_out_on IS NOT NULL)::int AS "QUOTA_RUNS_OUT"
    FROM contract_quotas q JOIN contracts c ON c.id = q.contract_id WHERE thresholds_reached > 0 AND c.may_generate`;
  return QUOTA_WARNINGS.map((warning) => ({ warning, contracts: counted[warning] }));
}
