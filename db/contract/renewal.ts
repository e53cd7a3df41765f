/** The record that each renewal of a contract leaves. */
import type { Instant } from '../../domain/base/instant';
import type { RenewalRecord } from '../../domain/contract/renewal-policy';
import type { Sql } from '../base/database';

/** Writes renewals in the transaction of the change that made them. */
export async function insertRenewals(
  tx: Sql,
  contract_id: string,
  renewals: readonly (RenewalRecord & { at: Instant })[],
): Promise<void> {
  if (renewals.length === 0) return;
  await tx`INSERT INTO contract_renewals ${tx(renewals.map((renewal) => ({ ...renewal, contract_id })))}`;
}
