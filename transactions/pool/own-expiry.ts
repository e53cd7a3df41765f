/** The expiry that licenses of a pool get when a grab assigns them (domain.md 5.7). */
import type { Sql } from '../../db/base/database';
import { storeAssignments } from '../../db/license/locked-license';
import { listAssignableLicenses, lockAssignableLicenses } from '../../db/pool/assignment';
import type { Instant } from '../../domain/base/instant';

/** Gives licenses that a grab assigned to a customer at `at` their own expiry. Returns when each of them expires. */
export async function setExpiryByAssignment(
  tx: Sql,
  customer_id: string,
  license_ids: readonly string[],
  at: Instant,
): Promise<ReadonlyMap<string, Instant | null>> {
  let licenses = await lockAssignableLicenses(tx, license_ids);
  if (licenses.some(({ own_expiry }) => own_expiry?.basis === 'assignment')) {
    const assigned = licenses.map((license) => ({ ...license, at }));
    await storeAssignments(tx, customer_id, assigned);
    licenses = await listAssignableLicenses(tx, license_ids);
  }
  return new Map(licenses.map(({ id, expires_at }) => [id, expires_at]));
}
