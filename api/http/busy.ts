/** The problem for a request whose rows stay locked for too long, or whose rows too many requests already wait for. */
import type { RowsBusy } from '../../db/base/errors';
import { refuse } from '../../domain/base/refusal';
import { problemOf, protocolProblem } from './problem';
import type { Problem } from './problem';

/** The table name under which an idempotency key counts as a row that a write locks. */
export const IDEMPOTENCY_KEYS = 'idempotency_keys';

/** Tables with one row per contract, whose id is that of the contract. */
const ROWS_OF_CONTRACT: readonly string[] = ['contracts', 'contract_quotas', 'refused_attempts'];

/** The problem for each kind of row. In all cases nothing was changed. */
export function busyProblem({ row }: RowsBusy): Problem {
  if (row === null) {
    const detail =
      'Too many changes wait for locked rows, and this one did not get its turn in time. Nothing was changed. Try again in a moment.';
    return protocolProblem('CHANGES_BUSY', detail);
  }
  const { table, id } = row;
  // An equal request is still running.
  if (table === IDEMPOTENCY_KEYS) return problemOf(refuse('IDEMPOTENCY_IN_PROGRESS'));
  if (ROWS_OF_CONTRACT.includes(table)) {
    const detail =
      'Other requests hold this contract for too long, or too many requests wait for it. Nothing was changed. Try again in a moment.';
    return protocolProblem('CONTRACT_BUSY', detail, { metadata: { contract_id: id } });
  }
  const detail =
    'Other requests hold the same row for too long, or too many requests wait for it. Nothing was changed. Try again in a moment.';
  return protocolProblem('CHANGES_BUSY', detail, { metadata: { id } });
}
