/** Looks up licenses by their keys. Look-ups of the same tick share a statement. */
import type { Database } from '../../db/base/database';
import { findAskedLicenses } from '../../db/license/validation';
import type { AskedKey, AskedLicense } from '../../db/license/validation';

/** Keys in one statement. */
const KEYS_OF_STATEMENT_MAX = 100;

export type LookUpLicense = (asked: AskedKey) => Promise<AskedLicense | undefined>;

interface WaitingLookUp {
  asked: AskedKey;
  resolve: (license: AskedLicense | undefined) => void;
  reject: (error: unknown) => void;
}

/** Creates the look-up. It locks nothing, so statements run beside each other. */
export function createLicenseLookUps(db: Database): LookUpLicense {
  let waiting: WaitingLookUp[] = [];

  function sendAll(): void {
    const all = waiting;
    waiting = [];
    for (let first = 0; first < all.length; first += KEYS_OF_STATEMENT_MAX)
      send(all.slice(first, first + KEYS_OF_STATEMENT_MAX));
  }

  function send(calls: readonly WaitingLookUp[]): void {
    findAskedLicenses(
      db,
      calls.map(({ asked }) => asked),
    ).then(
      (licenses) => calls.forEach(({ resolve }, index) => resolve(licenses[index])),
      (error: unknown) => calls.forEach(({ reject }) => reject(error)),
    );
  }

  return (asked) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(sendAll);
      waiting.push({ asked, resolve, reject });
    });
}
