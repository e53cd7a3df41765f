/**
 * Requesting licenses (domain.md 5.1 to 5.3): inline from 1 to 99, as a background job from 100.
 *
 * The request is granted by one optimistic statement. When it grants nothing, one read without a lock finds the common refusals.
 * Only when that read finds none is the contract locked and settled: either there is a refusal then, or what stood in the way is
 * gone (a boundary was due, terms were old) and the statement is tried again. So the hot path takes no lock but the quota's, a
 * refusal takes none, and every refusal is exact.
 */
import { randomFillSync } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { CallerKey } from '../../db/access/admin-api-key';
import { factsOf, findContractWithSource } from '../../db/contract/contract';
import { isKeyTimeout, violates } from '../../db/base/errors';
import { grantGeneration, insertTestGeneration } from '../../db/generation/grant';
import type { GenerationRequest, GrantedJob } from '../../db/generation/grant';
import { countTestLicenses, findJobByIdempotencyKey } from '../../db/generation/generation-job';
import type { JobRow } from '../../db/generation/generation-job';
import { beginLocked } from '../../db/base/database';
import type { Database, Sql } from '../../db/base/database';
import { refreshGrants } from '../../db/contract/quota';
import { findGenerationProfile, refreshTerms } from '../../db/contract/license-terms';
import type { GenerationProfile } from '../../db/contract/license-terms';
import { clockNowOf } from '../../db/contract/clock';
import type { Actor } from '../../domain/base/actor';
import type { ContractFacts } from '../../domain/contract/facts';
import { generationRefusal, testGenerationRefusal } from '../../domain/generation/generation';
import { revisionRefusal } from '../../domain/contract/decision';
import type { DecisionContext } from '../../domain/contract/decision';
import { licenseExpiry } from '../../domain/contract/expiry';
import {
  BACKGROUND_FROM_LICENSES,
  TEST_LICENSE_PERIOD,
  TEST_LICENSES_MAX,
  chunkSizeFor,
} from '../../domain/generation/generation-job';
import { addPeriodToInstant } from '../../domain/base/calendar';
import { laterOf, millisLater } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { joinedKeys } from '../../domain/catalogue/license-key';
import { NO_NUDGE, bothNudges } from '../../domain/contract/nudge';
import type { Nudge } from '../../domain/contract/nudge';
import { claimRefusal } from '../../domain/contract/quota';
import { isRefusal, notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { deletedRefusal } from '../../domain/contract/operations';
import { newId } from '../base/new-id';
import { judgeContract, settleForGrant } from '../contract/judge-contract';
import { createRefusalCounter } from './count-refusal';
import { createMergedGrants } from './merge-grants';
import type { Grant } from './merge-grants';

/** Draws of new keys after a collision with keys that exist (domain.md 5.3). */
export const KEY_DRAWS_MAX = 5;

/** Rounds of granting and mending before a request is given up; each round ends in a grant, a refusal or a mended cause. */
const ROUNDS_MAX = 8;

/** From this round on the request is granted under the lock of its contract and generator, so nothing can come in between. */
const LOCKED_FROM_ROUND = 2;

/** Contracts whose profile is kept in the process. A profile is only a guess: the granting statement checks it. */
const PROFILES_MAX = 10_000;

export interface LicenseRequest {
  contract_id: string;
  count: number;
  test: boolean;
  actor: Actor;
  channel: 'ui' | 'api';
  now: Instant;
  /** The revision of the contract from which alone it is granted; from any when left out. */
  expected_revision?: number | undefined;
  idempotency: { key: string; fingerprint: string } | null;
  request_id: string | null;
  /** The key of the caller, when it was looked up before this request came; null when it was looked up for it. */
  credential: Credential | null;
}

/** An API key that may have been revoked meanwhile. The granting statement checks it; every other answer needs `confirm` first. */
export interface Credential extends CallerKey {
  /** Looks the key up again and throws when it is no longer accepted. */
  confirm: () => Promise<void>;
}

/** What an answer tells of a job. */
export type GeneratedJob = Pick<JobRow, 'id' | 'serial' | 'execution' | 'requested' | 'quota_remaining' | 'expires_at'>;

/** A granted request, or the earlier one that this repeats. */
export interface Granted {
  job: GeneratedJob;
  replayed: boolean;
  /** The keys of licenses made just now, joined; null for a background job and for a replay, which is read from rows. */
  keys: string | null;
}

/** What came of a request; `nudge` names workflows to wake because a boundary was crossed on the way. */
export interface LicenseRequestOutcome {
  result: Granted | Refusal;
  nudge: Nudge;
}

/** Requests licenses: grants, replays or refuses. */
export type RequestLicenses = (request: LicenseRequest) => Promise<LicenseRequestOutcome>;

/** Makes the function that requests licenses, with its own memory of profiles. */
export function createLicenseRequests(db: Database): RequestLicenses {
  const profiles = new LRUCache<string, GenerationProfile>({ max: PROFILES_MAX });
  const grant = createMergedGrants(db);
  const countRefusal = createRefusalCounter(db);

  /** What a diagnosis answers, after a refusal by a rule was counted. */
  async function counted(request: LicenseRequest, diagnosis: Diagnosis): Promise<Granted | Refusal> {
    const { result, by_rule } = diagnosis;
    if (by_rule && isRefusal(result)) {
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

  return async function requestLicenses(asked) {
    const asked_ms = performance.now();
    let request = asked;

    /** Runs a transaction that locks the contract, judged by the time at which its turn has come. */
    const underLock = <T>(run: (tx: Sql, request: LicenseRequest) => Promise<T>): Promise<T> =>
      beginLocked(db, [{ table: 'contracts', id: asked.contract_id }], (tx) => run(tx, atPresent(asked, asked_ms)));

    if (request.test) {
      await request.credential?.confirm();
      const requested = await underLock(requestTestLicenses);
      return { result: await counted(request, requested), nudge: requested.nudge };
    }
    let nudge = NO_NUDGE;
    let collisions = 0;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      // The round before may have waited for a row.
      if (round > 0) request = atPresent(asked, asked_ms);
      const is_locked = round >= LOCKED_FROM_ROUND;
      const profile = is_locked ? undefined : await profileOf(request.contract_id);
      if (is_locked || profile) {
        const attempt = await attemptOf(db, request, async () => {
          if (profile) return grantOptimistically(db, grant, request, profile);
          const locked = await underLock(grantUnderLock);
          nudge = bothNudges(nudge, locked.nudge);
          return locked.granted;
        });
        if (attempt === 'collision' && ++collisions === KEY_DRAWS_MAX) {
          return { result: refuse('GENERATOR_KEYSPACE_EXHAUSTED', { attempts: collisions }), nudge };
        }
        if (attempt === 'collision') continue;
        if (attempt !== 'not_granted') return { result: attempt, nudge };
      }
      await request.credential?.confirm();
      const found = await diagnoseUnlocked(db, request);
      if (found.result) return { result: await counted(request, found), nudge };
      profiles.delete(request.contract_id);
      const diagnosis = await underLock(diagnose);
      nudge = bothNudges(nudge, diagnosis.nudge);
      if (diagnosis.result) return { result: await counted(request, diagnosis), nudge };
    }
    throw new Error(
      `the request for licenses of contract ${request.contract_id} was neither granted nor refused in ${ROUNDS_MAX} rounds`,
    );
  };
}

/** A request that came at a moment of the monotonic clock, at the time that it is now. */
function atPresent(asked: LicenseRequest, asked_ms: number): LicenseRequest {
  return { ...asked, now: millisLater(asked.now, performance.now() - asked_ms) };
}

/** The request at the time of the contract's test clock; as it came for a contract that lives by the world's time. */
async function byItsClock(sql: Sql, request: LicenseRequest, profile: GenerationProfile): Promise<LicenseRequest> {
  if (profile.test_clock_id === null) return request;
  return { ...request, now: (await clockNowOf(sql, profile.contract_id)) ?? request.now };
}

type Attempt = Granted | Refusal | 'not_granted' | 'collision';

/** Runs one attempt; what Postgres says about keys that exist already is part of its outcome. */
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
    // The first call under this key is still under way in another process. Any other row that is held says nothing of the key.
    if (isKeyTimeout(error) && request.idempotency) return refuse('IDEMPOTENCY_IN_PROGRESS');
    throw error;
  }
}

/** Grants by terms that were found before: one statement, perhaps together with other requests. */
async function grantOptimistically(
  db: Database,
  grant: Grant,
  request: LicenseRequest,
  profile: GenerationProfile,
): Promise<Granted | 'not_granted'> {
  const row = rowOf(await byItsClock(db, request, profile), profile, request.now);
  const granted = row && (await grant(row));
  return granted ? { job: grantedJob(row, granted), replayed: false, keys: row.keys } : 'not_granted';
}

/**
 * Grants in a transaction that makes the terms current first. Contract, generator and quota row stay locked until the licenses
 * are made, so however often the catalogue changes, the request has its turn. `nudge` names whom to wake after the commit.
 */
async function grantUnderLock(
  tx: Sql,
  request: LicenseRequest,
): Promise<{ granted: Granted | 'not_granted'; nudge: Nudge }> {
  const settled = await settleForGrant(tx, contractAct(request));
  if (isRefusal(settled)) return { granted: 'not_granted', nudge: NO_NUDGE };
  const { generator, nudge } = settled;
  if (generator === null) return { granted: 'not_granted', nudge };
  await refreshTerms(tx, settled.facts, generator);
  await refreshGrants(tx, settled.facts.id);
  const profile = await findGenerationProfile(tx, settled.facts.id);
  const row = profile && rowOf({ ...request, now: settled.row.clock_now ?? request.now }, profile, request.now);
  const [granted] = row ? await grantGeneration(tx, { requests: [row], now: row.now }) : [];
  if (!row || !granted) return { granted: 'not_granted', nudge };
  return { granted: { job: grantedJob(row, granted), replayed: false, keys: row.keys }, nudge };
}

/**
 * The request at its contract's time as it is granted; undefined when its licenses would have expired already, or it names another
 * revision. A grant names these terms, and is judged by whether they are still the contract's when its row is locked: so the
 * revision that they were made from is the one that grants.
 */
function rowOf(request: LicenseRequest, profile: GenerationProfile, real_now: Instant): GenerationRequest | undefined {
  if (request.expected_revision !== undefined && request.expected_revision !== profile.contract_revision)
    return undefined;
  const expires_at = licenseExpiry(profile.expiry, request.now, profile.timezone);
  return isRefusal(expires_at) ? undefined : generationRequest(request, profile, expires_at, real_now);
}

/** What was found out about a request that was not granted. */
interface Diagnosis {
  /** Null when nothing stands against the request any more, or more has to be asked. */
  result: Granted | Refusal | null;
  /** Whether a rule of generation refused it: such attempts are counted. */
  by_rule: boolean;
}

/**
 * The refusals that one read can give for certain: nothing is due that would have to be settled first. No result for all others.
 */
async function diagnoseUnlocked(sql: Sql, request: LicenseRequest): Promise<Diagnosis> {
  const replayed = await replay(sql, request);
  if (replayed) return { result: replayed, by_rule: false };
  const found = await findContractWithSource(sql, request.contract_id);
  if (!found) return { result: notFound('contract', request.contract_id), by_rule: false };
  const { contract, product, generator } = found;
  if (contract.deleted_at !== null) return { result: deletedRefusal(contract), by_rule: false };
  const facts = factsOf(contract);
  const now = laterOf(contract.clock_now ?? request.now, facts.settled_until);
  if (contract.next_boundary_at !== null && contract.next_boundary_at <= now) return { result: null, by_rule: false };
  const stale = revisionRefusal(facts, request.expected_revision);
  if (stale) return { result: stale, by_rule: false };
  const refusal = generationRefusal(facts, { now, product, generator });
  const quota = claimRefusal(facts.quota, contract.reserved, request.count);
  return { result: refusal ? withReason(refusal, quota) : quota, by_rule: true };
}

/** Why nothing was granted, found under the contract's lock; no result when the request can be tried again. */
async function diagnose(tx: Sql, request: LicenseRequest): Promise<Diagnosis & { nudge: Nudge }> {
  const replayed = await replay(tx, request);
  if (replayed) return { result: replayed, by_rule: false, nudge: NO_NUDGE };
  const judged = await judgeRequest(tx, request);
  if (isRefusal(judged)) return { result: judged, by_rule: false, nudge: NO_NUDGE };
  const { facts, generator, nudge, refusal } = judged;
  if (refusal) return { result: refusal, by_rule: isRule(refusal), nudge };
  if (generator) await refreshTerms(tx, facts, generator);
  await refreshGrants(tx, facts.id);
  return { result: null, by_rule: false, nudge };
}

/** A request as it was judged upon the settled contract; `refusal` is null when it can be granted. */
export interface JudgedRequest {
  facts: ContractFacts;
  /** The time of the contract's test clock; null for one that lives by the world's. */
  clock_now: Instant | null;
  generator: DecisionContext['generator'];
  refusal: Refusal | null;
  nudge: Nudge;
}

/**
 * Settles the contract and judges a request by every rule, without carrying it out; call it inside a transaction. A
 * contract that is not there is a refusal by itself.
 */
export async function judgeRequest(tx: Sql, request: LicenseRequest): Promise<JudgedRequest | Refusal> {
  const outcome = await judgeContract(tx, contractAct(request), (facts, context) => {
    const refusal = revisionRefusal(facts, request.expected_revision);
    return refusal ?? (request.test ? testGenerationRefusal : generationRefusal)(facts, context);
  });
  if (isRefusal(outcome)) return outcome;
  const { facts, generator, nudge, row } = outcome;
  const { clock_now } = row;
  if (outcome.refusal?.code === 'REVISION_CONFLICT')
    return { facts, clock_now, generator, nudge, refusal: outcome.refusal };
  if (request.test) {
    return { facts, clock_now, generator, nudge, refusal: outcome.refusal ?? (await testLimitRefusal(tx, request)) };
  }
  const quota = claimRefusal(facts.quota, row.reserved, request.count);
  return { facts, clock_now, generator, nudge, refusal: outcome.refusal ? withReason(outcome.refusal, quota) : quota };
}

/** A request for another revision was refused by no rule of generation. */
function isRule({ code }: Refusal): boolean {
  return code !== 'REVISION_CONFLICT';
}

async function testLimitRefusal(tx: Sql, request: LicenseRequest): Promise<Refusal | null> {
  const generated = await countTestLicenses(tx, request.contract_id);
  if (generated + request.count <= TEST_LICENSES_MAX) return null;
  return refuse('TEST_LICENSE_LIMIT', { allowed: TEST_LICENSES_MAX, generated, requested: request.count });
}

/** Every reason counts: somebody who resumes the contract should know that its quota is used up too. */
function withReason(refusal: Refusal, further: Refusal | null): Refusal {
  return further ? { ...refusal, reasons: [...new Set([...refusal.reasons, further.code])] } : refusal;
}

/** At most five test licenses while a contract is being configured; they cost no quota and live a week (C3). */
async function requestTestLicenses(tx: Sql, request: LicenseRequest): Promise<Diagnosis & { nudge: Nudge }> {
  const replayedBefore = await replay(tx, request);
  if (replayedBefore) return { result: replayedBefore, by_rule: false, nudge: NO_NUDGE };
  const judged = await judgeRequest(tx, request);
  if (isRefusal(judged)) return { result: judged, by_rule: false, nudge: NO_NUDGE };
  const { facts, clock_now, generator, nudge, refusal } = judged;
  // Looked up again under the contract's lock: an equal request may have come first.
  const replayed = await replay(tx, request);
  if (replayed) return { result: replayed, by_rule: false, nudge };
  if (refusal) return { result: refusal, by_rule: isRule(refusal), nudge };
  if (generator) await refreshTerms(tx, facts, generator);
  const profile = await findGenerationProfile(tx, request.contract_id);
  if (!profile) throw new Error(`contract ${request.contract_id} has no license terms`);
  const now = clock_now ?? request.now;
  const expires_at = addPeriodToInstant(now, TEST_LICENSE_PERIOD, profile.timezone);
  const row = generationRequest({ ...request, now }, profile, expires_at, request.now);
  const granted = await insertTestGeneration(tx, row);
  return {
    result: { job: grantedJob(row, granted), replayed: false, keys: row.keys },
    by_rule: false,
    nudge: NO_NUDGE,
  };
}

/** The answer of an earlier request with the same idempotency key, or the refusal of another request under that key. */
async function replay(sql: Sql, request: LicenseRequest): Promise<Granted | Refusal | undefined> {
  if (!request.idempotency) return undefined;
  const job = await findJobByIdempotencyKey(sql, request.contract_id, request.idempotency.key);
  if (!job) return undefined;
  if (job.idempotency_fingerprint !== request.idempotency.fingerprint) return refuse('IDEMPOTENCY_KEY_REUSED');
  return { job, replayed: true, keys: null };
}

function contractAct(request: LicenseRequest) {
  return { id: request.contract_id, actor: request.actor, now: request.now, request_id: request.request_id };
}

function generationRequest(
  request: LicenseRequest,
  profile: GenerationProfile,
  expires_at: Instant | null,
  real_now: Instant,
): GenerationRequest {
  const inline = request.count < BACKGROUND_FROM_LICENSES;
  return {
    job_id: newId(real_now),
    contract_id: request.contract_id,
    environment: profile.environment,
    terms_id: profile.terms_id,
    execution: inline ? 'inline' : 'background',
    requested: request.count,
    chunk_size: inline ? BACKGROUND_FROM_LICENSES : chunkSizeFor(request.count),
    keys: inline ? joinedKeys(profile.key_format, request.count, randomFillSync) : null,
    expires_at,
    channel: request.channel,
    actor: request.actor,
    now: request.now,
    clock: profile.test_clock_id === null ? 'real' : 'test',
    idempotency_key: request.idempotency?.key ?? null,
    idempotency_fingerprint: request.idempotency?.fingerprint ?? null,
    request_id: request.request_id,
    caller_key: request.credential && { api_key_id: request.credential.api_key_id, roles: request.credential.roles },
  };
}

/** The granted job without reading it back. */
function grantedJob(request: GenerationRequest, granted: GrantedJob): GeneratedJob {
  return { ...granted, execution: request.execution, requested: request.requested, expires_at: request.expires_at };
}
