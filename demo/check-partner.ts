/** Checks the result of the partner scenario by SQL. */
import type { Sql } from '../db/base/database';
import { assertFields, assertThat } from './scenario';
import { ORDERS, type PartnerResult } from './scenario-partner';

/** Throws ScenarioError when a license is missing or doubled, an order has two jobs, or the script was not limited. */
export async function checkPartner(
  sql: Sql,
  { contract_id }: PartnerResult,
  report: (sentence: string) => void,
): Promise<void> {
  const licenses = ORDERS.reduce((sum, count) => sum + count, 0);
  const [made] = await sql<[{ rows: number; keys: number; jobs: number }]>`
    SELECT count(*)::int AS rows, count(DISTINCT key)::int AS keys, count(DISTINCT job_id)::int AS jobs
    FROM issued_licenses WHERE contract_id = ${contract_id} AND NOT is_test`;
  assertFields(made, { rows: licenses, keys: licenses, jobs: ORDERS.length }, 'SQL: the licenses');

  const [quota] = await sql<[{ claimed: number }]>`
    SELECT claimed FROM contract_quotas WHERE contract_id = ${contract_id}`;
  assertFields(quota, { claimed: licenses }, 'SQL: the quota');

  const refused = await sql<{ code: string; attempts: number }[]>`
    SELECT code, sum(attempts)::int AS attempts FROM refused_attempts WHERE contract_id = ${contract_id}
    GROUP BY code ORDER BY code`;
  const codes = refused.map(({ code, attempts }) => `${code} ${attempts}`).join(', ');
  assertThat(codes === 'QUOTA_EXCEEDED 1, RATE_LIMITED 1', `SQL: the refused requests are ${codes}`);
  report(
    `SQL shows ${licenses} licenses with different keys in ${ORDERS.length} jobs, one for each order, and one refusal by rate and one by quota.`,
  );
}
