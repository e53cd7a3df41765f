/** Answers kept for requests that come again (domain.md 5.2, decisions 11); generation keeps its own in its jobs. */
import type { Instant } from '../domain/instant';
import type { JsonObject } from '../domain/json';
import { refuse } from '../domain/refusal';
import type { Refusal } from '../domain/refusal';
import type { Sql } from './index';

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
  now: Instant,
): Promise<'claimed' | StoredAnswer | Refusal> {
  const claimed = await tx`
    INSERT INTO idempotency_keys ${tx({ scope: request.scope, key: request.key, fingerprint: request.fingerprint, created_at: now })} ON CONFLICT DO NOTHING`;
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

/** Forgets keys older than the retention: afterwards a key is new. */
export async function dropExpiredIdempotency(sql: Sql, before: Instant): Promise<void> {
  await sql`DELETE FROM idempotency_keys WHERE created_at < ${before}`;
  await sql`DELETE FROM contract_commands WHERE at < ${before}`;
  await sql`
    UPDATE generation_jobs SET idempotency_key = NULL, idempotency_fingerprint = NULL WHERE created_at < ${before} AND idempotency_key IS NOT NULL`;
}
