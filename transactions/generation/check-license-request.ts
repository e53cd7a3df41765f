/** Checks a request for licenses: whether it repeats an earlier one, and every reason to refuse it. */
import { factsOf, findContractWithSource } from '../../db/contract/contract';
import { countTestLicenses, findJobByIdempotencyKey } from '../../db/generation/generation-job';
import type { Sql } from '../../db/base/database';
import { refreshGrants } from '../../db/contract/quota';
import { refreshTerms } from '../../db/contract/license-terms';
import type { ContractFacts } from '../../domain/contract/facts';
import { generationRefusal, testGenerationRefusal } from '../../domain/generation/generation';
import { revisionRefusal } from '../../domain/contract/decision';
import type { DecisionContext } from '../../domain/contract/decision';
import { TEST_LICENSES_MAX } from '../../domain/generation/generation-job';
import { laterOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { NO_NUDGE } from '../../domain/contract/nudge';
import type { Nudge } from '../../domain/contract/nudge';
import { claimRefusal } from '../../domain/contract/quota';
import { isRefusal, notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { deletedRefusal } from '../../domain/contract/operations';
import { checkContract } from '../contract/check-contract';
import { contractAct } from './license-request';
import type { Granted, LicenseRequest } from './license-request';

/** Why a request was not granted. */
export interface Diagnosis {
  /** Null when nothing refuses the request any more, or when more must be checked. */
  result: Granted | Refusal | null;
  /** Whether its refusal is counted (domain.md 6.1): it is for a contract that exists, and repeats no earlier request. */
  is_attempt: boolean;
}

/** Finds the refusals that are certain without a lock, because nothing of the contract is due. There is no result otherwise. */
export async function diagnoseUnlocked(sql: Sql, request: LicenseRequest): Promise<Diagnosis> {
  const replayed = await replay(sql, request);
  if (replayed) return { result: replayed, is_attempt: false };
  const found = await findContractWithSource(sql, request.contract_id);
  if (!found) return { result: notFound('contract', request.contract_id), is_attempt: false };
  const { contract, product, generator } = found;
  if (contract.deleted_at !== null) return { result: deletedRefusal(contract), is_attempt: false };
  const facts = factsOf(contract);
  const now = laterOf(contract.clock_now ?? request.now, facts.settled_until);
  if (contract.next_boundary_at !== null && contract.next_boundary_at <= now)
    return { result: null, is_attempt: false };
  const stale = revisionRefusal(facts, request.expected_revision);
  if (stale) return { result: stale, is_attempt: true };
  const refusal = generationRefusal(facts, { now, product, generator });
  const quota = claimRefusal(facts.quota, contract.reserved, request.count);
  return { result: refusal ? withReason(refusal, quota) : quota, is_attempt: true };
}

/** Finds under the contract's lock why nothing was granted. There is no result when the request can be tried again. */
export async function diagnose(tx: Sql, request: LicenseRequest): Promise<Diagnosis & { nudge: Nudge }> {
  const replayed = await replay(tx, request);
  if (replayed) return { result: replayed, is_attempt: false, nudge: NO_NUDGE };
  const checked = await checkRequest(tx, request);
  if (isRefusal(checked)) return { result: checked, is_attempt: false, nudge: NO_NUDGE };
  const { facts, generator, nudge, refusal } = checked;
  if (refusal) return { result: refusal, is_attempt: true, nudge };
  if (generator) await refreshTerms(tx, facts, generator);
  await refreshGrants(tx, facts.id);
  return { result: null, is_attempt: false, nudge };
}

/** A request checked against the settled contract; `refusal` is null when it can be granted. */
export interface CheckedRequest {
  facts: ContractFacts;
  /** The time of the contract's test clock; null for a contract in real time. */
  clock_now: Instant | null;
  generator: DecisionContext['generator'];
  refusal: Refusal | null;
  nudge: Nudge;
}

/**
 * Settles the contract and checks a request against every rule, without granting it; call it inside a transaction. A missing
 * contract is a refusal.
 */
export async function checkRequest(tx: Sql, request: LicenseRequest): Promise<CheckedRequest | Refusal> {
  const outcome = await checkContract(tx, contractAct(request), (facts, context) => {
    const refusal = revisionRefusal(facts, request.expected_revision);
    return refusal ?? (request.test ? testGenerationRefusal : generationRefusal)(facts, context);
  });
  if (isRefusal(outcome)) return outcome;
  const { facts, generator, nudge } = outcome;
  const { clock_now, reserved } = outcome.stored;
  if (outcome.refusal?.code === 'REVISION_CONFLICT')
    return { facts, clock_now, generator, nudge, refusal: outcome.refusal };
  if (request.test) {
    return { facts, clock_now, generator, nudge, refusal: outcome.refusal ?? (await testLimitRefusal(tx, request)) };
  }
  const quota = claimRefusal(facts.quota, reserved, request.count);
  return { facts, clock_now, generator, nudge, refusal: outcome.refusal ? withReason(outcome.refusal, quota) : quota };
}

async function testLimitRefusal(tx: Sql, request: LicenseRequest): Promise<Refusal | null> {
  const generated = await countTestLicenses(tx, request.contract_id);
  if (generated + request.count <= TEST_LICENSES_MAX) return null;
  return refuse('TEST_LICENSE_LIMIT', { allowed: TEST_LICENSES_MAX, generated, requested: request.count });
}

/** Adds a further reason: a person who resumes the contract should know that its quota is used up too. */
function withReason(refusal: Refusal, further: Refusal | null): Refusal {
  return further ? { ...refusal, reasons: [...new Set([...refusal.reasons, further.code])] } : refusal;
}

/** The result of an earlier request with the same idempotency key, or the refusal of another request under that key. */
export async function replay(sql: Sql, request: LicenseRequest): Promise<Granted | Refusal | undefined> {
  if (!request.idempotency) return undefined;
  const job = await findJobByIdempotencyKey(sql, request.contract_id, request.idempotency.key);
  if (!job) return undefined;
  if (job.idempotency_fingerprint !== request.idempotency.fingerprint) return refuse('IDEMPOTENCY_KEY_REUSED');
  return { job, replayed: true, keys: null };
}
