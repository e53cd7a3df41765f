/** Answers kept for requests that come again (domain.md 5.2, decisions 11); generation keeps its own in its jobs. */
import type { JsonObject } from '../../domain/base/json';
import { refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import type { Sql } from './database';

/** How long an idempotency key is remembered (domain.md 5.2). */
export const IDEMPOTENCY_DAYS = 30;
/** Rows forgotten by one statement, and statements of one call for each table. */
const FORGOTTEN_ROWS_MAX = 1_000;
const FORGOTTEN_BATCHES_MAX = 50;

/** Under what a request may come again. */
export interface IdempotentRequest {
  /** API key and route: the same key on another route is another request. */
  scope: string;
  key: string;
  /** Of method, path and body: tells a repetition from another request under the same key. */
  fingerprint: string;
}

/** A stored answer. */
export interface StoredAnswer {
  status: number;
  headers: Record<string, string>;
  body: JsonObject;
}

/**
 * Claims a key in the transaction of the write, or finds the answer of the first request. The second of two equal
 * requests waits here until the first has ended, at most `lock_timeout`.
 */
export async function claimIdempotencyKey(
  tx: Sql,
  request: IdempotentRequest,
): Promise<'claimed' | StoredAnswer | Refusal> {
  const claimed = await tx`
    INSERT INTO idempotency_keys ${tx({ scope: request.scope, key: request.key, fingerprint: request.fingerprint })} ON CONFLICT DO NOTHING`;
  if (claimed.count === 1) return 'claimed';
  const [row] = await tx<
    { fingerprint: string; status: number | null; headers: Record<string, string> | null; body: JsonObject | null }[]
  >`
    SELECT fingerprint, status, headers, body FROM idempotency_keys WHERE scope = ${request.scope} AND key = ${request.key}`;
  if (row && row.fingerprint !== request.fingerprint) return refuse('IDEMPOTENCY_KEY_REUSED');
  if (!row || row.status === null || row.body === null) return refuse('IDEMPOTENCY_IN_PROGRESS');
  return { status: row.status, headers: row.headers ?? {}, body: row.body };
}

/** Stores the answer in the transaction of the write. */
export async function storeAnswer(tx: Sql, request: IdempotentRequest, answer: StoredAnswer): Promise<void> {
  await tx`
    UPDATE idempotency_keys SET status = ${answer.status}, headers = ${tx.json(answer.headers)}, body = ${tx.json(answer.body)}
    WHERE scope = ${request.scope} AND key = ${request.key}`;
}

/**
 * Forgets keys after thirty days: afterwards a key is new. Postgres' own time is compared with what it wrote itself, so neither a
 * test clock nor a process with a wrong clock shortens that. In bounded statements; what is left is forgotten by the next call.
 */
export async function dropExpiredIdempotency(sql: Sql): Promise<void> {
  const expired = sql`< now() - make_interval(days => ${IDEMPOTENCY_DAYS})`;
  await inBatches(
    () => sql`
      DELETE FROM idempotency_keys WHERE (scope, key) IN (
        SELECT scope, key FROM idempotency_keys WHERE created_at ${expired} LIMIT ${FORGOTTEN_ROWS_MAX})`,
  );
  await inBatches(
    () => sql`
      DELETE FROM contract_commands WHERE (contract_id, command_id) IN (
        SELECT contract_id, command_id FROM contract_commands WHERE at ${expired} LIMIT ${FORGOTTEN_ROWS_MAX})`,
  );
  await inBatches(
    () => sql`
      UPDATE generation_jobs SET idempotency_key = NULL, idempotency_fingerprint = NULL WHERE id IN (
        SELECT id FROM generation_jobs WHERE idempotency_key IS NOT NULL AND requested_at ${expired} LIMIT ${FORGOTTEN_ROWS_MAX})`,
  );
}

async function inBatches(forget: () => PromiseLike<{ count: number }>): Promise<void> {
  for (let batch = 1; batch <= FORGOTTEN_BATCHES_MAX; batch++) {
    const { count } = await forget();
    if (count < FORGOTTEN_ROWS_MAX) return;
  }
}
