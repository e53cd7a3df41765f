/** Runs the write of a request: in one transaction, once per idempotency key, or rolled back as a dry run. */
import { isRefusal, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import type { JsonObject } from '../../domain/base/json';
import { beginLocked } from '../../db/base/database';
import type { Sql } from '../../db/base/database';
import { isLockTimeout, rowsBusyIfLocked } from '../../db/base/errors';
import type { LockedRow } from '../../db/base/errors';
import type { IdempotentRequest, StoredAnswer } from '../../db/base/idempotency';
import { beginIdempotentRequest, finishIdempotentRequest } from '../../transactions/base/idempotency';
import type { Api } from './api';
import { IDEMPOTENCY_KEYS } from './busy';
import { ProblemError, problemOf } from './problem';
import type { Answer } from './route';

/** How long a repeated request waits for the first one before it gets 409 IDEMPOTENCY_IN_PROGRESS (decisions 11). */
const IDEMPOTENCY_WAIT_MS = 2_000;

/** Runs one transaction. With an Idempotency-Key, the response is stored with the write, and a repetition gets the stored response. */
export async function write(
  api: Api,
  idempotency: IdempotentRequest | null,
  rows: readonly LockedRow[],
  run: (tx: Sql) => Promise<Answer | Refusal>,
): Promise<Answer | Refusal> {
  if (idempotency === null) return beginLocked(api.db, rows, run);
  const { scope, key } = idempotency;
  const started_ms = performance.now();
  return beginLocked(api.db, [...rows, { table: IDEMPOTENCY_KEYS, id: `${scope} ${key}` }], async (tx) => {
    const begun = await beginIdempotentRequest(tx, idempotency).catch((error: unknown) =>
      refuseAfterWait(error, started_ms),
    );
    if (isRefusal(begun)) return begun;
    if (begun !== 'first') return { ...begun, headers: { ...begun.headers, 'Idempotent-Replayed': 'true' } };
    const answer = await run(tx).catch((error: unknown) => {
      // The locked row is not the idempotency key, because this transaction has stored the key.
      throw rowsBusyIfLocked(error, rows[0] ?? null);
    });
    await finishIdempotentRequest(tx, idempotency, isRefusal(answer) ? null : storedAnswerOf(answer));
    return answer;
  });
}

/** The part of a response that is stored for repetitions of its request. */
function storedAnswerOf({ status, headers, body, replay_body }: Answer): StoredAnswer {
  return { status, headers: headers ?? {}, body: replay_body ?? ((body ?? {}) as JsonObject) };
}

/** Converts a lock timeout into IDEMPOTENCY_IN_PROGRESS when the first request is still running after the longest wait. */
function refuseAfterWait(error: unknown, started_ms: number): never {
  const waited_too_long = performance.now() - started_ms >= IDEMPOTENCY_WAIT_MS;
  throw isLockTimeout(error) && waited_too_long
    ? new ProblemError(problemOf(refuse('IDEMPOTENCY_IN_PROGRESS')))
    : error;
}

/** Thrown to roll back the transaction of a dry run. It carries the answer. */
class DryRunRollback extends Error {
  constructor(readonly outcome: Answer | Refusal) {
    super('the dry run is complete');
  }
}

/** Runs a write, rolls it back, and marks its answer as that of a dry run. */
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
