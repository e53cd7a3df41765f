/**
 * Turns of the job steps of one contract in this process: one at a time.
 *
 * The steps of all jobs of a contract lock the contract's rows. While another transaction holds these rows, each step would wait
 * for them in a slot of its own, and a contract with many jobs would hold every slot. So one step waits at the rows for all of
 * them, and the others give their slots back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { rowLockedFailure } from '../base/short-wait';

/** How long a step may be at work before the others of its contract stop waiting for it. Transactions take milliseconds each. */
export const TURN_MS_MAX = 250;

/**
 * Runs work in the turn of a contract.
 * @throws ApplicationFailure of the type `ROW_LOCKED` when the step that has the turn is at work for too long; `work` was not begun then
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
    // Removed in the same tick in which the others learn of it: the first of them begins, the rest wait for that one.
    const ended = working.then(
      () => turns.delete(contract_id),
      () => turns.delete(contract_id),
    );
    turns.set(contract_id, { begun_ms: performance.now(), ended });
    return working;
  };
}
