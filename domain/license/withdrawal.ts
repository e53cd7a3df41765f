/**
 * The list of licenses that were withdrawn after their certificates were issued, for programs that verify without a connection and ask from
 * time to time what has changed.
 *
 * It names licenses by their ids (`sub` of a certificate). Hashes of keys would reveal the keys: a key is short enough to be found by trying,
 * and that of a suspended license is valid again later.
 */
import { millisOf } from '../base/instant';
import type { Instant } from '../base/instant';
import type { JsonObject } from '../base/json';
import { licenseIdText } from './license';

export type WithdrawalStatus = 'revoked' | 'suspended' | 'reinstated';

/** The type in the header of a signed list. */
export const WITHDRAWALS_TYPE = 'license-withdrawals+jwt';

/** Licenses in one signed list, about 50 kB. */
export const WITHDRAWALS_MAX = 1_000;

/** Lists that one address can read in a minute, after which it waits until the next. */
export const WITHDRAWAL_READS_MAX = 60;

/** One part of the list of a product. */
export interface WithdrawalPage {
  product_id: string;
  since: string;
  /** Where the next part begins. */
  until: string;
  more: boolean;
  licenses: readonly { license_id: string; status: WithdrawalStatus }[];
}

/** The claims of a signed list. A later status of a license replaces an earlier one. */
export function withdrawalClaims(page: WithdrawalPage, issuer: string, now: Instant): JsonObject {
  const { product_id, since, until, more, licenses } = page;
  return {
    iss: issuer,
    aud: product_id,
    iat: Math.floor(millisOf(now) / 1_000),
    since,
    until,
    more,
    licenses: Object.fromEntries(licenses.map(({ license_id, status }) => [licenseIdText(license_id), status])),
  };
}
