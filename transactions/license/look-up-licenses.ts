/** Looks up licenses by their keys. Look-ups of the same tick share a statement. */
import type { Database } from '../../db/base/database';
import { findAskedLicenses } from '../../db/license/validation';
import type { AskedKey, AskedLicense } from '../../db/license/validation';
import { createMergedReads } from '../base/merged-reads';

/** Keys in one statement. */
const KEYS_OF_STATEMENT_MAX = 100;

export type LookUpLicense = (asked: AskedKey) => Promise<AskedLicense | undefined>;

export function createLicenseLookUps(db: Database): LookUpLicense {
  return createMergedReads(KEYS_OF_STATEMENT_MAX, (asked) => findAskedLicenses(db, asked));
}
