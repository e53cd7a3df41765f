/** Records of renewals: one for each renewal of a contract. */
import type { Instant } from '../../domain/base/instant';
import type { RenewalRecord } from '../../domain/contract/renewal-policy';
import type { Sql } from '../base/database';

/** Writes records of renewals. Call it in the transaction of the contract's change. */
export async function insertRenewals(
  tx: Sql,
  contract_id: string,
  renewals: readonly (RenewalRecord & { at: Instant })[],
): Promise<void> {
  if (renewals.length === 0) return;
  await tx`INSERT INTO contract_renewals ${tx(renewals.map((renewal) => ({ ...renewal, contract_id })))}`;
}
