/** Holds all turns of a pool until calls wait, so that one statement takes them (db/base/lock-turns.ts). */
import type { Database } from '../../db/base/database';

/** Makes the calls while all turns of the pool are taken, and frees the turns when the calls wait. */
export async function callTogether<T>(db: Database, calls: readonly (() => Promise<T>)[]): Promise<Promise<T>[]> {
  let freeTurns!: () => void;
  const freed = new Promise<void>((resolve) => (freeTurns = resolve));
  const taken = Array.from({ length: db.lockTurns.limits.running_max }, () => db.lockTurns.run([], () => freed));
  const answers = calls.map((call) => call());
  // What the calls need before they wait is known, so that each waits before the next turn of the event loop.
  await new Promise(setImmediate);
  freeTurns();
  await Promise.all(taken);
  return answers;
}
