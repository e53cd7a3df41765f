/**
 * Requests licenses (domain.md 5.1 to 5.3): inline from 1 to 99, as a background job from 100.
 *
 * One optimistic statement grants the request. If it grants nothing, one read without a lock finds the common refusals. Only if
 * that read finds none, the contract is locked and settled. Then there is either a refusal, or the obstacle is removed (a
 * boundary was due, terms were old) and the statement is tried again. So the hot path takes only the quota lock, a refusal
 * takes no lock, and every refusal is exact.
 *
 * A rated request is judged by the rate windows of its contract before anything else refuses it (decisions 6), and counted once however
 * many statements it takes: the first granting statement judges it, or one of its own before the first read that may refuse it.
 */
import { LRUCache } from 'lru-cache';
import { isKeyTimeout, violates } from '../../db/base/errors';
import { beginLocked } from '../../db/base/database';
import type { Database, Sql } from '../../db/base/database';
import { findGenerationProfile } from '../../db/contract/license-terms';
import type { GenerationProfile } from '../../db/contract/license-terms';
import { findRateCounts } from '../../db/generation/rate';
import { millisLater } from '../../domain/base/instant';
import { admissionRefusal } from '../../domain/generation/rate';
import type { RateCounts } from '../../domain/generation/rate';
import { NO_NUDGE, mergeNudges } from '../../domain/contract/nudge';
import { isRefusal, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { createAdmissions, needsAdmission } from './admit-requests';
import { createRefusalCounter } from './count-refusal';
import { grantOptimistically, grantTestLicenses, grantUnderLock } from './grant-licenses';
import { diagnose, diagnoseUnlocked, replay } from './check-license-request';
import type { Diagnosis } from './check-license-request';
import type { Granted, LicenseRequest, LicenseRequestOutcome, RatedCall, RequestLicenses } from './license-request';
import { createMergedGrants } from './merge-grants';

/** The most draws of new keys after collisions with existing keys (domain.md 5.3). */
export const KEY_DRAWS_MAX = 5;

/** The most rounds before a request fails. Each round ends with a grant, a refusal, or a removed obstacle. */
const ROUNDS_MAX = 8;

/** From this round on the request is granted under the lock of its contract and generator, so no other change can interfere. */
const LOCKED_FROM_ROUND = 2;

/** The most contracts whose profile is cached. A cached profile may be out of date: the granting statement checks it. */
const PROFILES_MAX = 10_000;

/** Creates the function that requests licenses, with a cache of profiles. */
export function createLicenseRequests(db: Database): RequestLicenses {
  const profiles = new LRUCache<string, GenerationProfile>({ max: PROFILES_MAX });
  const grant = createMergedGrants(db);
  const countRefusal = createRefusalCounter(db);
  const admit = createAdmissions(db);

  /** The result of a diagnosis. The refusal of an attempt is counted first. */
  async function counted(request: LicenseRequest, { result, is_attempt }: Diagnosis): Promise<Granted | Refusal> {
    if (is_attempt && isRefusal(result)) {
      const { contract_id, count: licenses, actor, request_id } = request;
      await countRefusal({ contract_id, code: result.code, licenses, actor_id: actor.id, request_id });
    }
    return result as Granted | Refusal;
  }

  async function profileOf(contract_id: string): Promise<GenerationProfile | undefined> {
    const known = profiles.get(contract_id);
    if (known) return known;
    const found = await findGenerationProfile(db, contract_id);
    if (found) profiles.set(contract_id, found);
    return found;
  }

  /** The refusal of a rated request by the windows of its contract. It is judged here if no granting statement has judged it. */
  async function refusedByRate(request: LicenseRequest, call: RatedCall | null): Promise<Refusal | null> {
    if (needsAdmission(call)) {
      await request.credential?.confirm();
      call.admission = await admit(request);
    }
    return call?.admission ? admissionRefusal(call.admission, request.count) : null;
  }

  /** The windows of the contract of a request when it is answered. */
  async function rateAfter({ contract_id }: LicenseRequest, call: RatedCall | null): Promise<RateCounts | null> {
    if (call === null) return null;
    return call.admission ? call.admission.counts : findRateCounts(db, contract_id);
  }

  return async function requestLicenses(received) {
    const call: RatedCall | null = received.rated ? { admission: null } : null;
    const outcome = await decide(received, call);
    return { ...outcome, rate: await rateAfter(received, call) };
  };

  async function decide(
    received: LicenseRequest,
    call: RatedCall | null,
  ): Promise<Omit<LicenseRequestOutcome, 'rate'>> {
    const arrived_ms = performance.now();
    let request = received;

    /** Runs a transaction that locks the contract, with the time at which its turn begins. */
    const underLock = <T>(run: (tx: Sql, request: LicenseRequest) => Promise<T>): Promise<T> =>
      beginLocked(db, [{ table: 'contracts', id: received.contract_id }], (tx) =>
        run(tx, withCurrentTime(received, arrived_ms)),
      );

    if (request.test) {
      await request.credential?.confirm();
      const requested = await underLock(grantTestLicenses);
      if (call) call.admission = requested.admission ?? null;
      return { result: await counted(request, requested), nudge: requested.nudge };
    }
    let nudge = NO_NUDGE;
    let collisions = 0;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      // The previous round may have waited for a row.
      if (round > 0) request = withCurrentTime(received, arrived_ms);
      const is_locked = round >= LOCKED_FROM_ROUND;
      const profile = is_locked ? undefined : await profileOf(request.contract_id);
      if (is_locked || profile) {
        const attempt = await attemptOf(db, request, async () => {
          if (profile) return grantOptimistically(db, grant, request, call, profile);
          const locked = await underLock((tx, current) => grantUnderLock(tx, current, call));
          if (call && locked.admission) call.admission = locked.admission;
          nudge = mergeNudges(nudge, locked.nudge);
          return locked.granted;
        });
        if (attempt === 'collision' && ++collisions === KEY_DRAWS_MAX) {
          const exhausted = refuse('GENERATOR_KEYSPACE_EXHAUSTED', { attempts: collisions });
          return { result: await counted(request, { result: exhausted, is_attempt: true }), nudge };
        }
        if (attempt === 'collision') continue;
        if (attempt !== 'not_granted') return { result: attempt, nudge };
      }
      const limited = await refusedByRate(request, call);
      if (limited) return { result: await counted(request, { result: limited, is_attempt: true }), nudge };
      await request.credential?.confirm();
      const found = await diagnoseUnlocked(db, request);
      if (found.result) return { result: await counted(request, found), nudge };
      profiles.delete(request.contract_id);
      const diagnosis = await underLock(diagnose);
      nudge = mergeNudges(nudge, diagnosis.nudge);
      if (diagnosis.result) return { result: await counted(request, diagnosis), nudge };
    }
    throw new Error(
      `the request for licenses of contract ${request.contract_id} was neither granted nor refused in ${ROUNDS_MAX} rounds`,
    );
  }
}

/** A request with its current time; `arrived_ms` is its arrival on the monotonic clock. */
function withCurrentTime(received: LicenseRequest, arrived_ms: number): LicenseRequest {
  return { ...received, now: millisLater(received.now, performance.now() - arrived_ms) };
}

type Attempt = Granted | Refusal | 'not_granted' | 'collision';

/** Runs one attempt. Unique violations for existing keys are part of its outcome. */
async function attemptOf(
  db: Database,
  request: LicenseRequest,
  run: () => Promise<Granted | 'not_granted'>,
): Promise<Attempt> {
  try {
    return await run();
  } catch (error) {
    if (violates(error, 'jobs_idempotency_unique')) return (await replay(db, request)) ?? 'not_granted';
    if (violates(error, 'license_key_unique')) return 'collision';
    // The first request with this key is still running in another process. The wait for another row says nothing about the key.
    if (isKeyTimeout(error) && request.idempotency) return refuse('IDEMPOTENCY_IN_PROGRESS');
    throw error;
  }
}
