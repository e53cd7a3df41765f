/** A database that holds its transactions at a gate, so that a test decides a race of transactions. */
import type { Database } from '../../db/base/database';
import { gate } from './gate';
import type { Gate } from './gate';

export interface GatedDatabase {
  db: Database;
  gate: Gate;
}

/**
 * The same database, with its first transactions held before they begin, or before they commit, with all their locks. `reached`
 * resolves when so many of them wait; the others are not held.
 */
export function gatedDatabase(
  real: Database,
  { at = 'begin', transactions = 1 }: { at?: 'begin' | 'commit'; transactions?: number } = {},
): GatedDatabase {
  const held = gate();
  let waiting = 0;
  const wait = async (): Promise<void> => {
    waiting += 1;
    if (waiting === transactions) held.arrive();
    if (waiting <= transactions) await held.opened;
  };
  type Work = (tx: never) => unknown;
  const begin = async (work: Work): Promise<unknown> => {
    if (at === 'begin') await wait();
    return real.begin(async (tx) => {
      const result = await work(tx as never);
      if (at === 'commit') await wait();
      return result;
    });
  };
  const db = new Proxy(real, {
    get: (target, name) => (name === 'begin' ? begin : (Reflect.get(target, name) as unknown)),
  });
  return { db, gate: held };
}
