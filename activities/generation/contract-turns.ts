/**
 * Runs the job steps of one contract one at a time in this process.
 *
 * The steps of all jobs of a contract lock the contract's rows. While another transaction has locked these rows, each step would wait for
 * them in its own slot, and a contract with many jobs would occupy every slot. So only one step waits for the rows, and the others
 * fail soon and free their slots.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { rowLockedFailure } from '../base/short-wait';

/** How long a step may run before the other steps of its contract stop waiting for it. A transaction takes milliseconds. */
export const TURN_MS_MAX = 250;

/**
 * Runs work when no other work of the same contract runs.
 * @throws ApplicationFailure of the type `ROW_LOCKED` when the running step takes too long; `work` was not started then
 */
export type RunInContractTurn = <T>(contract_id: string, work: () => Promise<T>) => Promise<T>;

export function createContractTurns(): RunInContractTurn {
  const turns = new Map<string, { begun_ms: number; ended: Promise<unknown> }>();

  return async function runInContractTurn(contract_id, work) {
    for (let other = turns.get(contract_id); other !== undefined; other = turns.get(contract_id)) {
      const left_ms = other.begun_ms + TURN_MS_MAX - performance.now();
      if (left_ms <= 0) throw rowLockedFailure();
      await Promise.race([other.ended, sleep(left_ms, undefined, { ref: false })]);
    }
    const working = work();
    // Removed in the tick in which the waiting steps resume: the first of them starts, and the rest wait for it.
    const ended = working.then(
      () => turns.delete(contract_id),
      () => turns.delete(contract_id),
    );
    turns.set(contract_id, { begun_ms: performance.now(), ended });
    return working;
  };
}
