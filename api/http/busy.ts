/** What a request is answered whose rows are locked by others for too long, or for which too many wait already. */
import type { RowsBusy } from '../../db/base/errors';
import { refuse } from '../../domain/base/refusal';
import { problemOf, protocolProblem } from './problem';
import type { Problem } from './problem';

/** By which name an idempotency key is a row that a write locks. */
export const IDEMPOTENCY_KEYS = 'idempotency_keys';

/** Rows of which a contract has one; their id is that of the contract. */
const ROWS_OF_CONTRACT: readonly string[] = ['contracts', 'contract_quotas', 'refused_attempts'];

/** Nothing was changed, whichever of these it is. */
export function busyProblem({ row }: RowsBusy): Problem {
  if (row === null) {
    const detail =
      'Too many changes wait for others here, and this one had no turn in time; nothing was changed. Try again in a moment.';
    return protocolProblem('CHANGES_BUSY', detail);
  }
  const { table, id } = row;
  // An equal request is still running.
  if (table === IDEMPOTENCY_KEYS) return problemOf(refuse('IDEMPOTENCY_IN_PROGRESS'));
  if (ROWS_OF_CONTRACT.includes(table)) {
    const detail =
      'Others are changing this contract for too long, or too many requests wait to do so; nothing was changed. Try again in a moment.';
    return protocolProblem('CONTRACT_BUSY', detail, { metadata: { contract_id: id } });
  }
  const detail =
    'Others are changing the same thing for too long, or too many requests wait to do so; nothing was changed. Try again in a moment.';
  return protocolProblem('CHANGES_BUSY', detail, { metadata: { id } });
}
