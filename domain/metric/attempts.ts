/** Which refused requests are attempts (domain.md 6.1): those that passed the checks of the key, the address and the rate. */
import type { RefusalCode } from '../base/refusal';

/** The code of requests above a rate. They count in the throttle rate only. */
export const THROTTLED: RefusalCode = 'RATE_LIMITED';

/** The codes of refusals that are no attempts. Requests for test licenses are in no metric. */
export const NO_ATTEMPTS: readonly RefusalCode[] = [THROTTLED, 'TEST_LICENSE_LIMIT'];
