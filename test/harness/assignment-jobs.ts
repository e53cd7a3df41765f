/** Licenses and assignment jobs for tests, inserted directly. */
import { randomUUID } from 'node:crypto';
import type { Database, Sql } from '../../db/base/database';
import type { LicenseFilter } from '../../db/license/license-page';
import { createAssignment } from '../../transactions/license/change-assignment';
import { TEST_ACTOR } from './contract-facts';
import { buildContract, requestJob } from './contract-rows';

/** Licenses of one request. More would need a worker. */
const INLINE_LICENSES_MAX = 99;

/** Licenses of a new contract; their ids are in the order of generation. */
export async function buildLicenses(
  db: Database,
  count: number,
): Promise<{ contract_id: string; license_ids: string[] }> {
  const { facts } = await buildContract(db, { quota: count });
  for (let left = count; left > 0; left -= INLINE_LICENSES_MAX)
    await requestJob(db, facts.id, Math.min(left, INLINE_LICENSES_MAX));
  const rows = await db<{ id: string }[]>`SELECT id FROM issued_licenses WHERE contract_id = ${facts.id} ORDER BY id`;
  return { contract_id: facts.id, license_ids: rows.map(({ id }) => id) };
}

/** An assignment job to a new customer, for these licenses or for exactly `limit` that match a filter. Returns its id. */
export async function buildAssignmentJob(
  sql: Sql,
  selection: { ids: readonly string[] } | { filter: LicenseFilter; limit: number },
  reassign = false,
): Promise<string> {
  const now = new Date().toISOString();
  const email = `${randomUUID()}@covenant.test`;
  const [customer] = await sql<[{ id: string }]>`
    INSERT INTO customers ${sql({ email, name: 'Ada', created_at: now, updated_at: now })} RETURNING id`;
  const by_filter = 'filter' in selection;
  const job = {
    customer_id: customer.id,
    filter: by_filter ? selection.filter : null,
    license_ids: by_filter ? null : selection.ids,
    requested: by_filter ? selection.limit : selection.ids.length,
    exact: by_filter,
    reassign,
  };
  const { id } = await createAssignment(sql, job, { actor: TEST_ACTOR, now, request_id: null });
  return id;
}
