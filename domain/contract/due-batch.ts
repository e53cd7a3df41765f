/**
 * When boundaries are applied in batches: many contracts are due at the same moment, as at the end of a year.
 *
 * The workflow `settleDue` then settles them in their order. The workflows of these contracts wait longer than the boundary and at
 * different times, so that their timers do not compete with the batch for the Temporal server: each finds the boundary applied.
 */

/** From so many contracts on, `settleDue` settles them. Fewer are settled faster by their own workflows. */
export const BATCH_CONTRACTS_MIN = 20;
/** Contracts count as due together when their instants are at most so far apart. */
export const SAME_MOMENT_MS = 1_000;

/**
 * How much later than its boundary the timer of a contract fires, when a batch applies the boundary. In the first half minute the
 * batch has the server to itself. Afterwards 10,000 timers are 37 a second. What the batch did not settle, the sweep wakes after
 * one to two minutes.
 */
const DELAY_MS_MIN = 30_000;
export const DELAY_MS_MAX = 300_000;

/**
 * How far ahead a batch is started for a moment: longer than the minute between two sweeps, which look for such moments. A step that
 * finds one so near starts the batch itself, because the next sweep may come after it.
 */
export const BATCH_AHEAD_MS = 90_000;

/** The delay of one contract. It depends only on the id, so that a replay computes the same. */
export function timerDelayMs(contract_id: string): number {
  const random = Number.parseInt(contract_id.slice(-8), 16) / 0xffff_ffff;
  return DELAY_MS_MIN + Math.floor((Number.isNaN(random) ? 0 : random) * (DELAY_MS_MAX - DELAY_MS_MIN));
}
