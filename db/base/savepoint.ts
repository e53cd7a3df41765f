/** A part of a transaction that can be undone while the transaction goes on. */
import type { Sql } from './database';

const RELEASE = 'RELEASE SAVEPOINT undoable';
/** A savepoint stays after it was used; a part around this one has a savepoint of the same name. */
const UNDO = `ROLLBACK TO SAVEPOINT undoable; ${RELEASE}`;

/** Runs a part of a transaction, and undoes what it has written if `isUndone` says so of its result. Locks that only it has are released. */
export async function runUndoable<T>(tx: Sql, run: () => Promise<T>, isUndone: (result: T) => boolean): Promise<T> {
  await tx.unsafe('SAVEPOINT undoable');
  const result = await run();
  await tx.unsafe(isUndone(result) ? UNDO : RELEASE);
  return result;
}
