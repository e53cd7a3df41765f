/** What a contract says about the rows that are imported into it. */
import type { ImportCode, ImportRow } from './row';

/** What of a contract decides whether a row can be imported. */
export interface ImportLimits {
  /** Whether unused licenses become available in a pool. */
  is_pool: boolean;
  activation_limit: number | null;
}

/** Why the contract does not permit a row, with the detail of the code; null when it does. */
export function limitProblem(
  { is_pool, activation_limit }: ImportLimits,
  row: ImportRow,
): { code: ImportCode; detail: string | null } | null {
  if (activation_limit !== null && (row.devices?.length ?? 0) > activation_limit)
    return { code: 'TOO_MANY_DEVICES', detail: `${activation_limit}.` };
  if (is_pool && row.expires_at !== undefined && isUnused(row)) return { code: 'EXPIRY_BY_CONTRACT', detail: null };
  return null;
}

/** Whether a pool can give the license to an order. */
export function isUnused(row: ImportRow): boolean {
  return (row.assigned_at ?? row.activated_at ?? row.suspended_at ?? row.revoked_at) === undefined;
}
