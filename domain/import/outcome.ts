/** What becomes of a row that is not imported. */
import type { DuplicateRule } from './import';
import { DUPLICATE_CODES } from './row';
import type { RejectedRow } from './row';

/** The same row with its outcome: a key that the contract has already can be skipped. */
export function outcomeOf(
  row: RejectedRow,
  duplicates: DuplicateRule,
): RejectedRow & { outcome: 'skipped' | 'rejected' } {
  const is_skipped = duplicates === 'skip' && DUPLICATE_CODES.includes(row.code);
  return { ...row, outcome: is_skipped ? 'skipped' : 'rejected' };
}
