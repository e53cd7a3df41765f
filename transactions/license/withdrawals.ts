/** Signs the list of licenses of a product that were revoked, suspended or reinstated. Only reads. */
import type { Sql } from '../../db/base/database';
import { findProduct } from '../../db/catalogue/product';
import { findActiveKey } from '../../db/catalogue/signing-key';
import { listWithdrawn } from '../../db/license/withdrawn';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { WITHDRAWALS_MAX, WITHDRAWALS_TYPE, withdrawalClaims } from '../../domain/license/withdrawal';
import type { Issuer } from './certificate';

export interface SignedWithdrawals {
  list: string;
  until: string;
  more: boolean;
}

/** The part of the list of a product after `since`, which is `until` of the part before, or 0. */
export async function signWithdrawals(
  sql: Sql,
  product_id: string,
  since: string,
  { signing, url }: Issuer,
  now: Instant,
): Promise<SignedWithdrawals | Refusal> {
  const key = await findActiveKey(sql, product_id);
  if (!key)
    return (await findProduct(sql, product_id))
      ? refuse('SIGNING_KEY_MISSING', { product_id })
      : notFound('product', product_id);
  const signer = await signing.signerOf(key);
  if (isRefusal(signer)) return signer;
  const rows = await listWithdrawn(sql, product_id, { since, limit: WITHDRAWALS_MAX + 1 });
  const licenses = rows.slice(0, WITHDRAWALS_MAX);
  const more = rows.length > WITHDRAWALS_MAX;
  const until = licenses.at(-1)?.sequence ?? since;
  const claims = withdrawalClaims({ product_id, since, until, more, licenses }, url, now);
  return { list: signer.sign(WITHDRAWALS_TYPE, claims), until, more };
}
