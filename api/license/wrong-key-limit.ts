/** Limits wrong license keys from one client (domain/license/wrong-key.ts). Wrong keys are counted after they are known. */
import { WRONG_KEYS_MAX } from '../../domain/license/wrong-key';
import type { Logger } from '../../log';
import type { FailureCounter } from '../../transactions/access/count-failures';
import { createClientLimit } from '../http/client-limit';
import type { ClientLimit } from '../http/client-limit';
import { ProblemError, protocolProblem } from '../http/problem';

export function createWrongKeyLimit(
  counter: FailureCounter,
  log: Logger,
  wrong_keys_max: number = WRONG_KEYS_MAX,
): ClientLimit {
  const problem = (seconds: number): ProblemError =>
    new ProblemError(
      protocolProblem(
        'TOO_MANY_WRONG_KEYS',
        `${wrong_keys_max} license keys from your address were wrong in this minute, so no key from it is looked up. Try again in ${seconds} s.`,
        { metadata: { wrong_keys_max, retry_after_s: seconds }, headers: { 'Retry-After': String(seconds) } },
      ),
    );
  return createClientLimit({ counter, log, what: 'license key', max: wrong_keys_max, problem });
}
