/** Licenses and operations on them for tests, inserted directly. */
import { randomUUID } from 'node:crypto';
import type { Database, Sql } from '../../db/base/database';
import type { LicenseFilter } from '../../db/license/license-page';
import type { LicenseTask } from '../../domain/license/license-task';
import { createOperation } from '../../transactions/license/change-operation';
import { newOperation } from '../../transactions/license/operate-on-licenses';
import { TEST_ACTOR } from './contract-facts';
import { buildContract, requestJob } from './contract-rows';

/** Licenses of one request. More would need a worker. */
const INLINE_LICENSES_MAX = 99;

/** Licenses of a new contract; their ids are in the order of generation. */
export async function buildLicenses(
  db: Database,
  count: number,
  quota = count,
): Promise<{ contract_id: string; license_ids: string[] }> {
  const { facts } = await buildContract(db, { quota });
  for (let left = count; left > 0; left -= INLINE_LICENSES_MAX)
    await requestJob(db, facts.id, Math.min(left, INLINE_LICENSES_MAX));
  const rows = await db<{ id: string }[]>`SELECT id FROM issued_licenses WHERE contract_id = ${facts.id} ORDER BY id`;
  return { contract_id: facts.id, license_ids: rows.map(({ id }) => id) };
}

export type JobSelection = { ids: readonly string[] } | { filter: LicenseFilter; limit: number };

/** A job that assigns these licenses, or exactly `limit` that match a filter, to a new customer. Returns its id. */
export async function buildAssignment(sql: Sql, selection: JobSelection, reassign = false): Promise<string> {
  const now = new Date().toISOString();
  const email = `${randomUUID()}@covenant.test`;
  const [customer] = await sql<[{ id: string }]>`
    INSERT INTO customers ${sql({ email, name: 'Ada', created_at: now, updated_at: now })} RETURNING id`;
  return buildOperation(sql, { kind: 'assign', customer_id: customer.id, reassign }, selection);
}

/** A job that carries out a task. Returns its id. */
export async function buildOperation(sql: Sql, task: LicenseTask, selection: JobSelection): Promise<string> {
  const requested = 'filter' in selection ? selection.limit : selection.ids.length;
  const act = { actor: TEST_ACTOR, now: new Date().toISOString(), request_id: null };
  return (await createOperation(sql, newOperation(task, selection, requested), act)).id;
}
