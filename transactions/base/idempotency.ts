/** Handles repeated requests under an idempotency key (domain.md 5.2, decisions 11). Generation stores its keys with its jobs. */
import { deleteIdempotencyKey, findIdempotencyKey, insertIdempotencyKey, storeAnswer } from '../../db/base/idempotency';
import type { IdempotentRequest, StoredAnswer } from '../../db/base/idempotency';
import type { Sql } from '../../db/base/database';
import { refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';

/** How long an idempotency key is stored (domain.md 5.2). */
export const IDEMPOTENCY_DAYS = 30;

/**
 * Stores the key of a request in the transaction of its write, or returns the answer of the first request with this key. The
 * second of two equal requests waits here until the first has ended, for at most `lock_timeout`.
 */
export async function beginIdempotentRequest(
  tx: Sql,
  request: IdempotentRequest,
): Promise<'first' | StoredAnswer | Refusal> {
  if (await insertIdempotencyKey(tx, request)) return 'first';
  const row = await findIdempotencyKey(tx, request);
  if (row && row.fingerprint !== request.fingerprint) return refuse('IDEMPOTENCY_KEY_REUSED');
  if (!row || row.status === null || row.body === null) return refuse('IDEMPOTENCY_IN_PROGRESS');
  return { status: row.status, headers: row.headers ?? {}, body: row.body };
}

/** Stores the answer of the first request with a key, in the same transaction. A request without effect (null) deletes the key. */
export function finishIdempotentRequest(
  tx: Sql,
  request: IdempotentRequest,
  answer: StoredAnswer | null,
): Promise<void> {
  return answer === null ? deleteIdempotencyKey(tx, request) : storeAnswer(tx, request, answer);
}
