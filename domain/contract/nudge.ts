/** Whom the caller of a change has to wake after its commit; the sweep does it within two minutes when the caller dies first. */
export interface Nudge {
  /** The contract whose workflow waits for another boundary than it knew, or null. */
  contract_id: string | null;
  /** Jobs that paused with the contract and may go on. */
  job_ids: string[];
}

export const NO_NUDGE: Nudge = { contract_id: null, job_ids: [] };

/** Wakes what either of two nudges for one contract wakes. */
export function mergeNudges(one: Nudge, other: Nudge): Nudge {
  return {
    contract_id: one.contract_id ?? other.contract_id,
    job_ids: [...new Set([...one.job_ids, ...other.job_ids])],
  };
}
