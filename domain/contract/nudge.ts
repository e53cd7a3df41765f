/**
 * The workflows that the caller of a change signals after its commit. If the caller dies first, the sweep signals them within
 * two minutes.
 */
export interface Nudge {
  /** The contract whose workflow must wait for another boundary, or null. */
  contract_id: string | null;
  /** Jobs that were paused with the contract and can continue. */
  job_ids: string[];
}

export const NO_NUDGE: Nudge = { contract_id: null, job_ids: [] };

/** Merges two nudges for one contract. */
export function mergeNudges(one: Nudge, other: Nudge): Nudge {
  return {
    contract_id: one.contract_id ?? other.contract_id,
    job_ids: [...new Set([...one.job_ids, ...other.job_ids])],
  };
}
