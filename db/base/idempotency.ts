/** Idempotency keys, each with the stored answer to its first request (domain.md 5.2, decisions 11). */
import type { JsonObject } from '../../domain/base/json';
import type { Sql } from './database';

/** What identifies a request that a client may repeat. */
export interface IdempotentRequest {
  /** Caller and operation: the same key of another caller, or for another operation, is another request. */
  scope: string;
  /**
   * The scope of this request in versions that stored a scope per API key. It finds the rows that they stored; remove this field 30
   * days after the last such version ran.
   */
  former_scope: string;
  key: string;
  /** A hash of method, path and body. It distinguishes a repeated request from another request with the same key. */
  fingerprint: string;
}

/** A stored answer. */
export interface StoredAnswer {
  status: number;
  headers: Record<string, string>;
  body: JsonObject;
}

/** A key that was written; it has no answer while its first request is in progress. */
export interface IdempotencyKeyRow {
  fingerprint: string;
  status: number | null;
  headers: Record<string, string> | null;
  body: JsonObject | null;
}

/** Writes a key; false when it exists. Waits, at most `lock_timeout`, for a transaction that has written the same key. */
export async function insertIdempotencyKey(
  tx: Sql,
  { scope, former_scope, key, fingerprint }: IdempotentRequest,
): Promise<boolean> {
  const { count } = await tx`
    INSERT INTO idempotency_keys (scope, key, fingerprint)
    SELECT ${scope}, ${key}, ${fingerprint}
    WHERE NOT EXISTS (SELECT FROM idempotency_keys WHERE scope = ${former_scope} AND key = ${key})
    ON CONFLICT DO NOTHING`;
  return count === 1;
}

export async function findIdempotencyKey(
  tx: Sql,
  { scope, former_scope, key }: Omit<IdempotentRequest, 'fingerprint'>,
): Promise<IdempotencyKeyRow | undefined> {
  const [row] = await tx<IdempotencyKeyRow[]>`
    SELECT fingerprint, status, headers, body FROM idempotency_keys
    WHERE scope IN (${scope}, ${former_scope}) AND key = ${key}
    ORDER BY scope = ${scope} DESC LIMIT 1`;
  return row;
}

/** Stores the answer of a request. Call it in the transaction that has the effect of the request. */
export async function storeAnswer(tx: Sql, request: IdempotentRequest, answer: StoredAnswer): Promise<void> {
  await tx`
    UPDATE idempotency_keys SET status = ${answer.status}, headers = ${tx.json(answer.headers)}, body = ${tx.json(answer.body)}
    WHERE scope = ${request.scope} AND key = ${request.key}`;
}

/** Deletes a key in the transaction that wrote it, because its request had no effect. */
export async function deleteIdempotencyKey(
  tx: Sql,
  { scope, key }: Pick<IdempotentRequest, 'scope' | 'key'>,
): Promise<void> {
  await tx`DELETE FROM idempotency_keys WHERE scope = ${scope} AND key = ${key}`;
}

/**
 * Deletes keys that are older than `days`, at most `limit`; returns how many. Postgres compares its time with the time that it wrote
 * itself, so neither a test clock nor a process with a wrong clock deletes keys too early.
 */
export async function deleteExpiredIdempotencyKeys(sql: Sql, days: number, limit: number): Promise<number> {
  const { count } = await sql`
    DELETE FROM idempotency_keys WHERE (scope, key) IN (
      SELECT scope, key FROM idempotency_keys WHERE created_at < now() - make_interval(days => ${days}) LIMIT ${limit})`;
  return count;
}
