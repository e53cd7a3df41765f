/** The keys under which requests may come again, with the answers of the first ones (domain.md 5.2, decisions 11). */
import type { JsonObject } from '../../domain/base/json';
import type { Sql } from './database';

/** Under what a request may come again. */
export interface IdempotentRequest {
  /** Caller and operation: the same key of another caller, or for another operation, is another request. */
  scope: string;
  /**
   * The scope of this request in versions that kept one for each API key of a caller. What they stored is found under it, and can go
   * with this field when it has expired, 30 days after the last of them ran.
   */
  former_scope: string;
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

/** A key that was claimed; without an answer while its first request is under way. */
export interface IdempotencyKeyRow {
  fingerprint: string;
  status: number | null;
  headers: Record<string, string> | null;
  body: JsonObject | null;
}

/** Writes a key; false when it exists. Waits, at most `lock_timeout`, for a transaction that has written the same one. */
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

/** Stores the answer in the transaction of the write. */
export async function storeAnswer(tx: Sql, request: IdempotentRequest, answer: StoredAnswer): Promise<void> {
  await tx`
    UPDATE idempotency_keys SET status = ${answer.status}, headers = ${tx.json(answer.headers)}, body = ${tx.json(answer.body)}
    WHERE scope = ${request.scope} AND key = ${request.key}`;
}

/** Forgets a key in the transaction that claimed it, because its request had no effect. */
export async function deleteIdempotencyKey(
  tx: Sql,
  { scope, key }: Pick<IdempotentRequest, 'scope' | 'key'>,
): Promise<void> {
  await tx`DELETE FROM idempotency_keys WHERE scope = ${scope} AND key = ${key}`;
}

/**
 * Deletes keys that are older than so many days, at most `limit`; answers how many. The time of Postgres is compared with what it
 * wrote itself, so neither a test clock nor a process with a wrong clock shortens their life.
 */
export async function deleteExpiredIdempotencyKeys(sql: Sql, days: number, limit: number): Promise<number> {
  const { count } = await sql`
    DELETE FROM idempotency_keys WHERE (scope, key) IN (
      SELECT scope, key FROM idempotency_keys WHERE created_at < now() - make_interval(days => ${days}) LIMIT ${limit})`;
  return count;
}
