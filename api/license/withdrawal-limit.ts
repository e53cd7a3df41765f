/** Limits reads of the list of withdrawn licenses from one client: each is signed for it, and needs no API key. */
import { WITHDRAWAL_READS_MAX } from '../../domain/license/withdrawal';
import type { Logger } from '../../log';
import type { FailureCounter } from '../../transactions/access/count-failures';
import { createClientLimit } from '../http/client-limit';
import type { ClientLimit } from '../http/client-limit';
import { ProblemError, protocolProblem } from '../http/problem';

export function createWithdrawalReadLimit(
  counter: FailureCounter,
  log: Logger,
  reads_max: number = WITHDRAWAL_READS_MAX,
): ClientLimit {
  const problem = (seconds: number): ProblemError =>
    new ProblemError(
      protocolProblem(
        'TOO_MANY_LIST_READS',
        `Your address has read ${reads_max} lists of withdrawn licenses in this minute. Try again in ${seconds} s, and read the list less often.`,
        { metadata: { reads_max, retry_after_s: seconds }, headers: { 'Retry-After': String(seconds) } },
      ),
    );
  return createClientLimit({ counter, log, what: 'withdrawn licenses', max: reads_max, problem });
}
