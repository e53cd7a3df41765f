/** The expiry that licenses get by their assignment (domain.md 5.7). */
import type { Sql } from '../../db/base/database';
import { findEndDate, lockAssignableLicenses, setExpiry } from '../../db/pool/assignment';
import type { Instant } from '../../domain/base/instant';
import { ownExpiry } from '../../domain/license/license-expiry';

/** Gives licenses of a contract that were assigned at `at` their own expiry. Returns when each of them expires. */
export async function setExpiryByAssignment(
  tx: Sql,
  contract_id: string,
  license_ids: readonly string[],
  at: Instant,
): Promise<ReadonlyMap<string, Instant | null>> {
  const licenses = await lockAssignableLicenses(tx, license_ids);
  const has_rule = licenses.some(({ own_expiry }) => own_expiry?.basis === 'assignment');
  if (!has_rule) return new Map(licenses.map(({ id, expires_at }) => [id, expires_at]));
  const end_date = await findEndDate(tx, contract_id);
  const own = licenses.map(({ id, own_expiry }) => ({
    id,
    expires_at: ownExpiry(own_expiry, 'assignment', at, end_date),
  }));
  await setExpiry(tx, own);
  return new Map(licenses.map(({ id, expires_at }, index) => [id, own[index]?.expires_at ?? expires_at]));
}
