/** Checks the result of the enterprise scenario by SQL. */
import type { Sql } from '../db/base/database';
import { assertFields } from './scenario';
import { ADMINISTRATOR, LICENSES, type EnterpriseResult } from './scenario-enterprise';

/** Throws ScenarioError when a license has another customer, or the assignment has more than one record. */
export async function checkEnterprise(
  sql: Sql,
  { contract_id, customer_id }: EnterpriseResult,
  report: (sentence: string) => void,
): Promise<void> {
  const [assigned] = await sql<[{ licenses: number; keys: number; email: string }]>`
    SELECT count(*)::int AS licenses, count(DISTINCT l.key)::int AS keys, min(c.email) AS email
    FROM issued_licenses l JOIN license_facts f ON f.license_id = l.id JOIN customers c ON c.id = f.customer_id
    WHERE l.contract_id = ${contract_id} AND f.customer_id = ${customer_id}`;
  assertFields(assigned, { licenses: LICENSES, keys: LICENSES, email: ADMINISTRATOR }, 'SQL: the assigned licenses');

  const [recorded] = await sql<[{ rows: number; events: number }]>`
    SELECT (SELECT count(*)::int FROM audit_events WHERE contract_id = ${contract_id} AND action = 'license.assigned') AS rows,
           (SELECT count(*)::int FROM domain_events WHERE contract_id = ${contract_id} AND type = 'license.assigned') AS events`;
  assertFields(recorded, { rows: 1, events: 1 }, 'SQL: the records of the assignment');
  report(`SQL shows ${LICENSES} licenses of ${ADMINISTRATOR}, by one assignment with one audit row and one event.`);
}
