/** A part of a transaction that can be undone while the transaction goes on. */
import type { Sql } from './database';

/** Runs a part of a transaction, and undoes what it has written if `isUndone` says so of its result. Locks that only it has are released. */
export async function runUndoable<T>(tx: Sql, run: () => Promise<T>, isUndone: (result: T) => boolean): Promise<T> {
  await tx.unsafe('SAVEPOINT undoable');
  const result = await run();
  await tx.unsafe(isUndone(result) ? 'ROLLBACK TO SAVEPOINT undoable' : 'RELEASE SAVEPOINT undoable');
  return result;
}
