/** Which refused requests are attempts (domain.md 6.1): those that passed the checks of the key, the address and the rate. */
import type { RefusalCode } from '../base/refusal';

/** The code of requests above a rate. They count in the throttle rate only. */
export const THROTTLED: RefusalCode = 'RATE_LIMITED';

/**
 * The codes of refusals that are no attempts. The check of the rate also refuses more licenses than a window ever allows. Test licenses are
 * in no metric, and only requests for them get the last two codes. Codes that requests of both kinds get are attempts.
 */
export const NO_ATTEMPTS: readonly RefusalCode[] = [
  THROTTLED,
  'COUNT_ABOVE_RATE_LIMIT',
  'TEST_LICENSE_LIMIT',
  'INVALID_STATE_TRANSITION',
];

/** The code of requests for more licenses than remain of the quota: the demand that exceeds it (domain/notification/limit-episode.ts). */
export const EXCEEDED = 'QUOTA_EXCEEDED' satisfies RefusalCode;
