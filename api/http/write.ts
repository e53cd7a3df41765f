/** How a request writes: in one transaction, once under an idempotency key, or without effect for a dry run. */
import { isRefusal, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import type { JsonObject } from '../../domain/base/json';
import { beginLocked } from '../../db/base/database';
import type { Sql } from '../../db/base/database';
import { isLockTimeout, rowsBusyIfLocked } from '../../db/base/errors';
import type { LockedRow } from '../../db/base/errors';
import type { IdempotentRequest, StoredAnswer } from '../../db/base/idempotency';
import { claimIdempotencyKey, settleIdempotencyKey } from '../../transactions/base/idempotency';
import type { Api } from './api';
import { IDEMPOTENCY_KEYS } from './busy';
import { ProblemError, problemOf } from './problem';
import type { Answer } from './route';

/** How long an equal request waits for the first before it is told to come again (decisions 11). */
const IDEMPOTENCY_WAIT_MS = 2_000;

/** One transaction; under an Idempotency-Key the answer is stored with the write, and a repetition gets that answer. */
export async function write(
  api: Api,
  idempotency: IdempotentRequest | null,
  rows: readonly LockedRow[],
  run: (tx: Sql) => Promise<Answer | Refusal>,
): Promise<Answer | Refusal> {
  if (idempotency === null) return beginLocked(api.db, rows, run);
  const { scope, key } = idempotency;
  const asked_ms = performance.now();
  return beginLocked(api.db, [...rows, { table: IDEMPOTENCY_KEYS, id: `${scope} ${key}` }], async (tx) => {
    const claim = await claimIdempotencyKey(tx, idempotency).catch((error: unknown) => refuseWaiting(error, asked_ms));
    if (isRefusal(claim)) return claim;
    if (claim !== 'claimed') return { ...claim, headers: { ...claim.headers, 'Idempotent-Replayed': 'true' } };
    const answer = await run(tx).catch((error: unknown) => {
      // Not the key, which is claimed.
      throw rowsBusyIfLocked(error, rows[0] ?? null);
    });
    await settleIdempotencyKey(tx, idempotency, isRefusal(answer) ? null : keptOf(answer));
    return answer;
  });
}

/** What of an answer is kept for repetitions of its request. */
function keptOf({ status, headers, body, replay_body }: Answer): StoredAnswer {
  return { status, headers: headers ?? {}, body: replay_body ?? ((body ?? {}) as JsonObject) };
}

/** The first request is still running. After the time an equal one may wait for it, that is the answer. */
function refuseWaiting(error: unknown, asked_ms: number): never {
  const waits_too_long = performance.now() - asked_ms >= IDEMPOTENCY_WAIT_MS;
  throw isLockTimeout(error) && waits_too_long ? new ProblemError(problemOf(refuse('IDEMPOTENCY_IN_PROGRESS'))) : error;
}

/** Carries the answer of a rehearsal out of its transaction, which it thereby ends without effect. */
class DryRunRollback extends Error {
  constructor(readonly outcome: Answer | Refusal) {
    super('the rehearsal is over');
  }
}

/** Runs a write and takes it back: its answer is marked as that of a dry run. */
export async function dryRun(
  api: Api,
  rows: readonly LockedRow[],
  run: (tx: Sql) => Promise<Answer | Refusal>,
): Promise<Answer | Refusal> {
  try {
    return await beginLocked(api.db, rows, async (tx): Promise<never> => {
      throw new DryRunRollback(await run(tx));
    });
  } catch (error) {
    if (!(error instanceof DryRunRollback)) throw error;
    const { outcome } = error;
    if (isRefusal(outcome)) return outcome;
    const { nudge: _nudge, ...answer } = outcome;
    return { ...answer, body: { ...(answer.body as object), dry_run: true } };
  }
}
