/** Grants a request for licenses: by one statement, under the lock of its contract, or as test licenses. */
import { randomFillSync } from 'node:crypto';
import { findTestClockTime } from '../../db/contract/clock';
import { grantGeneration, insertTestGeneration } from '../../db/generation/grant';
import type { GenerationRequest, GrantedJob } from '../../db/generation/grant-statement';
import { admitRequests } from '../../db/generation/rate';
import type { Database, Sql } from '../../db/base/database';
import { refreshGrants } from '../../db/contract/quota';
import { findGenerationProfile, refreshTerms } from '../../db/contract/license-terms';
import type { GenerationProfile } from '../../db/contract/license-terms';
import { licenseExpiry } from '../../domain/contract/expiry';
import { BACKGROUND_FROM_LICENSES, TEST_LICENSE_PERIOD, chunkSizeFor } from '../../domain/generation/generation-job';
import { admissionRefusal } from '../../domain/generation/rate';
import type { Admission } from '../../domain/generation/rate';
import { addPeriodToInstant } from '../../domain/base/calendar';
import type { Instant } from '../../domain/base/instant';
import { joinedKeys } from '../../domain/catalogue/license-key';
import { NO_NUDGE } from '../../domain/contract/nudge';
import type { Nudge } from '../../domain/contract/nudge';
import { isRefusal } from '../../domain/base/refusal';
import { newId } from '../base/new-id';
import type { ChangedContract } from '../contract/changed-contract';
import { settleForGrant } from '../contract/check-contract';
import { judgedRequest, needsAdmission } from './admit-requests';
import { checkRequest, replay } from './check-license-request';
import type { Diagnosis } from './check-license-request';
import { contractAct } from './license-request';
import type { GeneratedJob, Granted, LicenseRequest, RatedCall } from './license-request';
import type { Grant } from './merge-grants';

/** Grants with license terms that were read before: one statement, possibly together with other requests. */
export async function grantOptimistically(
  db: Database,
  grant: Grant,
  request: LicenseRequest,
  call: RatedCall | null,
  profile: GenerationProfile,
): Promise<Granted | 'not_granted'> {
  const row = rowOf(await atContractTime(db, request, profile), call, profile, request.now);
  const granted = row && (await grant(row, call));
  return granted ? { job: grantedJob(row, granted, profile), replayed: false, keys: row.keys } : 'not_granted';
}

/**
 * Grants in a transaction that first updates the license terms. Contract, generator and quota row stay locked until the
 * licenses are granted, so the request succeeds however often the catalogue changes. `nudge` names the workflows to signal
 * after the commit, `admission` is what the statement has counted then.
 */
export async function grantUnderLock(
  tx: Sql,
  request: LicenseRequest,
  call: RatedCall | null,
): Promise<{ granted: Granted | 'not_granted'; nudge: Nudge; admission?: Admission | undefined }> {
  const settled = await settleForGrant(tx, contractAct(request));
  if (isRefusal(settled)) return { granted: 'not_granted', nudge: NO_NUDGE };
  return { ...(await grantSettled(tx, request, call, settled)), nudge: settled.nudge };
}

/** The same for a contract that `settleForGrant` has settled and locked in this transaction. */
export async function grantSettled(
  tx: Sql,
  request: LicenseRequest,
  call: RatedCall | null,
  settled: ChangedContract,
): Promise<{ granted: Granted | 'not_granted'; admission?: Admission | undefined }> {
  const { generator } = settled;
  if (generator === null) return { granted: 'not_granted' };
  await refreshTerms(tx, settled.facts, generator);
  await refreshGrants(tx, settled.facts.id);
  const profile = await findGenerationProfile(tx, settled.facts.id);
  const row =
    profile && rowOf({ ...request, now: settled.stored.clock_now ?? request.now }, call, profile, request.now);
  if (!row) return { granted: 'not_granted' };
  const { jobs, admissions } = await grantGeneration(tx, { requests: [row], now: row.now });
  const [granted] = jobs;
  const admission = admissions.get(row.job_id);
  if (!granted) return { granted: 'not_granted', admission };
  return { granted: { job: grantedJob(row, granted, profile), replayed: false, keys: row.keys }, admission };
}

/**
 * The row to grant, at the contract's time. Undefined when its licenses would already be expired, or when it is for another
 * revision. The granting statement checks under the lock of the quota row that these terms are still current, so the revision
 * of the terms is the revision that grants.
 */
function rowOf(
  request: LicenseRequest,
  call: RatedCall | null,
  profile: GenerationProfile,
  real_now: Instant,
): GenerationRequest | undefined {
  if (request.expected_revision !== undefined && request.expected_revision !== profile.contract_revision)
    return undefined;
  const expires_at = licenseExpiry(profile, request.now);
  return isRefusal(expires_at) ? undefined : generationRequest(request, call, profile, expires_at, real_now);
}

/**
 * Grants at most five test licenses to a draft. They use no quota and are valid for a week (C3). A rated request counts in the rate
 * windows like any other.
 */
export async function grantTestLicenses(
  tx: Sql,
  request: LicenseRequest,
): Promise<Diagnosis & { nudge: Nudge; admission?: Admission | undefined }> {
  const replayedBefore = await replay(tx, request);
  if (replayedBefore) return { result: replayedBefore, is_attempt: false, nudge: NO_NUDGE };
  const checked = await checkRequest(tx, request);
  if (isRefusal(checked)) return { result: checked, is_attempt: false, nudge: NO_NUDGE };
  const { facts, clock_now, generator, nudge, refusal } = checked;
  // Looked up again under the contract's lock: an equal request may have been granted first.
  const replayed = await replay(tx, request);
  if (replayed) return { result: replayed, is_attempt: false, nudge };
  const [admission] = request.rated ? await admitRequests(tx, request.contract_id, [judgedRequest(request)]) : [];
  const refused = (admission && admissionRefusal(admission, request.count)) ?? refusal;
  if (refused) return { result: refused, is_attempt: true, nudge, admission };
  if (generator) await refreshTerms(tx, facts, generator);
  const profile = await findGenerationProfile(tx, request.contract_id);
  if (!profile) throw new Error(`contract ${request.contract_id} has no license terms`);
  const now = clock_now ?? request.now;
  const expires_at = addPeriodToInstant(now, TEST_LICENSE_PERIOD, profile.timezone);
  const row = generationRequest({ ...request, now }, null, profile, expires_at, request.now);
  const granted = await insertTestGeneration(tx, row);
  return {
    result: { job: grantedJob(row, granted, profile), replayed: false, keys: row.keys },
    is_attempt: false,
    nudge: NO_NUDGE,
    admission,
  };
}

/** The request at the time of the contract's test clock; unchanged for a contract in real time. */
async function atContractTime(sql: Sql, request: LicenseRequest, profile: GenerationProfile): Promise<LicenseRequest> {
  if (profile.test_clock_id === null) return request;
  return { ...request, now: (await findTestClockTime(sql, profile.contract_id)) ?? request.now };
}

function generationRequest(
  request: LicenseRequest,
  call: RatedCall | null,
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
    pooled: profile.pooled,
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
    rated: needsAdmission(call),
    caller_key: request.credential && request.credential.key,
  };
}

/** The granted job, without reading it again. */
function grantedJob(
  { execution, requested, expires_at }: GenerationRequest,
  granted: GrantedJob,
  { is_signed }: GenerationProfile,
): GeneratedJob {
  return { ...granted, execution, requested, expires_at, is_signed };
}
