/**
 * Judges rated calls that no granting statement has judged, such as those of a contract that cannot generate. One statement judges all
 * calls of a contract that wait at the same moment.
 */
import type { Database } from '../../db/base/database';
import { isLockTimeout } from '../../db/base/errors';
import type { LockedRow } from '../../db/base/errors';
import { admitRequests } from '../../db/generation/rate';
import type { Refusal } from '../../domain/base/refusal';
import { admissionRefusal, licensesRefusal } from '../../domain/generation/rate';
import type { Admission, RateCounts } from '../../domain/generation/rate';
import { createMergedCalls } from '../base/merged-calls';
import type { Merge } from '../base/merged-calls';
import type { LicenseRequest, RatedCall } from './license-request';

/** The most calls in one statement. */
const JUDGED_CALLS_MAX = 64;

/** A call that is judged: the licenses that it asks for, and the idempotency key under which a request for them may be stored. */
export type JudgedCall = Pick<LicenseRequest, 'contract_id' | 'count' | 'idempotency'>;

/** The admission of a call for a contract that does not exist. */
const UNKNOWN_CONTRACT: Admission = { outcome: 'admitted', counts: null };

/** Creates the function that judges a call; it resolves when what it counted is committed. */
export function createAdmissions(db: Database): (call: JudgedCall) => Promise<Admission> {
  const { attempt_ms } = db.lockTurns.limits;
  return createMergedCalls<JudgedCall, Admission>({
    turns: db.lockTurns,
    rowOf: quotaOf,
    keyOf: ({ contract_id }) => contract_id,
    take: (queue) => queue.splice(0, JUDGED_CALLS_MAX) as Merge<JudgedCall, Admission>,
    async serve(calls) {
      const [first] = calls;
      try {
        const requests = calls.map(({ input }) => judgedRequest(input));
        const admissions = await admitRequests(db, first.input.contract_id, requests, attempt_ms);
        calls.forEach(({ resolve }, index) => resolve(admissions[index] ?? UNKNOWN_CONTRACT));
      } catch (error) {
        if (isLockTimeout(error)) throw error;
        for (const { reject } of calls) reject(error);
      }
    },
  });
}

/** How the rate windows judged a dry run: the refusal, and the windows afterwards; null for one that is not rated. */
export interface DryRunAdmission {
  refusal: Refusal | null;
  rate: RateCounts | null;
}

/** Judges a dry run. */
export type AdmitDryRun = (request: LicenseRequest) => Promise<DryRunAdmission>;

/**
 * Creates the function that judges a dry run. It is a call like any other, so a rated one counts as a request; it makes no licenses, so
 * it counts none, and is only compared with what is left of them.
 */
export function createDryRunAdmissions(db: Database): AdmitDryRun {
  const admit = createAdmissions(db);
  return async (request) => {
    if (!request.rated) return { refusal: null, rate: null };
    const admission = await admit({ ...request, count: 0 });
    const { counts: rate } = admission;
    const refusal = admissionRefusal(admission, request.count) ?? (rate && licensesRefusal(rate, request.count));
    return { refusal, rate };
  };
}

/** A request as `admitRequests` judges it. */
export function judgedRequest({ count, idempotency }: JudgedCall): {
  requested: number;
  idempotency_key: string | null;
} {
  return { requested: count, idempotency_key: idempotency?.key ?? null };
}

/** Whether a statement must still judge and count a call. One that repeated an earlier request was not counted. */
export function needsAdmission(call: RatedCall | null): call is RatedCall {
  return call !== null && (call.admission === null || call.admission.outcome === 'repeated');
}

/** The row that the statement locks first. */
function quotaOf({ contract_id }: JudgedCall): LockedRow {
  return { table: 'contract_quotas', id: contract_id };
}
