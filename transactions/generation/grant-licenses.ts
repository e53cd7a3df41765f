/** Granting a request for licenses: by one statement, under the lock of its contract, or as test licenses. */
import { randomFillSync } from 'node:crypto';
import { findClockNow } from '../../db/contract/clock';
import { grantGeneration, insertTestGeneration } from '../../db/generation/grant';
import type { GenerationRequest, GrantedJob } from '../../db/generation/grant';
import type { Database, Sql } from '../../db/base/database';
import { refreshGrants } from '../../db/contract/quota';
import { findGenerationProfile, refreshTerms } from '../../db/contract/license-terms';
import type { GenerationProfile } from '../../db/contract/license-terms';
import { licenseExpiry } from '../../domain/contract/expiry';
import { BACKGROUND_FROM_LICENSES, TEST_LICENSE_PERIOD, chunkSizeFor } from '../../domain/generation/generation-job';
import { addPeriodToInstant } from '../../domain/base/calendar';
import type { Instant } from '../../domain/base/instant';
import { joinedKeys } from '../../domain/catalogue/license-key';
import { NO_NUDGE } from '../../domain/contract/nudge';
import type { Nudge } from '../../domain/contract/nudge';
import { isRefusal } from '../../domain/base/refusal';
import { newId } from '../base/new-id';
import { settleForGrant } from '../contract/judge-contract';
import { isRule, judgeRequest, replay } from './judge-license-request';
import type { Diagnosis } from './judge-license-request';
import { contractAct } from './license-request';
import type { GeneratedJob, Granted, LicenseRequest } from './license-request';
import type { Grant } from './merge-grants';

/** Grants by terms that were found before: one statement, perhaps together with other requests. */
export async function grantOptimistically(
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
export async function grantUnderLock(
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

/** At most five test licenses while a contract is being configured; they cost no quota and live a week (C3). */
export async function grantTestLicenses(tx: Sql, request: LicenseRequest): Promise<Diagnosis & { nudge: Nudge }> {
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

/** The request at the time of the contract's test clock; as it came for a contract that lives by the world's time. */
async function byItsClock(sql: Sql, request: LicenseRequest, profile: GenerationProfile): Promise<LicenseRequest> {
  if (profile.test_clock_id === null) return request;
  return { ...request, now: (await findClockNow(sql, profile.contract_id)) ?? request.now };
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
