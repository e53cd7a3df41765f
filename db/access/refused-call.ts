/**
 * Refused calls of contracts' API keys: counted per contract, code and minute, with samples of the last ones. Both are bounded: a client
 * that repeats a refused call adds one row a minute, and a contract has at most 100 samples, of which a new one replaces the oldest.
 */
import type { Instant } from '../../domain/base/instant';
import { withoutPipelining } from '../base/database';
import type { Sql } from '../base/database';
import { limitedLockWait } from '../base/session';

/** How long counts and samples are kept. A sample has the address of a client. */
export const REFUSED_CALLS_DAYS = 30;
/** Samples of one contract. */
export const SAMPLES_MAX = 100;
/** Rows of one table that one call of {@link dropOldRefusedCalls} removes. */
const REMOVED_ROWS_MAX = 1_000;

/** One refused call. */
export interface RefusedCall {
  contract_id: string;
  code: string;
  /** The address of the client; null when it is not known. */
  address: string | null;
  key_last_four: string;
  request_id: string;
}

/** A refused call as it is shown. */
export interface RefusedCallSample {
  at: Instant;
  address: string | null;
  key_last_four: string;
  request_id: string;
}

/** Counts calls of one contract that were refused with the same code, and stores the last ones as samples. `lock_ms` limits the wait for a row. */
export async function countRefusedCalls(
  sql: Sql,
  calls: [RefusedCall, ...RefusedCall[]],
  lock_ms: number,
): Promise<void> {
  const [{ contract_id, code }] = calls;
  const samples = calls
    .slice(-SAMPLES_MAX)
    .map(({ address, key_last_four, request_id }, place) => ({ place, address, key_last_four, request_id }));
  await withoutPipelining(sql`
    WITH counted AS (
      INSERT INTO refused_calls (contract_id, code, minute, calls)
      SELECT ${contract_id}, ${code}, date_trunc('minute', now()), ${calls.length}::int FROM ${limitedLockWait(sql, lock_ms)}
      ON CONFLICT (contract_id, code, minute) DO UPDATE SET calls = refused_calls.calls + excluded.calls
    ), written AS (
      INSERT INTO refused_call_rings AS ring (contract_id, samples)
      SELECT ${contract_id}, ${samples.length}::int FROM ${limitedLockWait(sql, lock_ms)}
      ON CONFLICT (contract_id) DO UPDATE SET samples = ring.samples + excluded.samples
      RETURNING samples
    )
    INSERT INTO refused_call_samples (contract_id, slot, at, code, address, key_last_four, request_id)
    SELECT ${contract_id}, (written.samples - ${samples.length}::int + place) % ${SAMPLES_MAX}::int, now(), ${code}, address, key_last_four, request_id
    FROM written, jsonb_to_recordset(${sql.json(samples)}) AS s (place integer, address text, key_last_four text, request_id text)
    ON CONFLICT (contract_id, slot) DO UPDATE
    SET at = excluded.at, code = excluded.code, address = excluded.address, key_last_four = excluded.key_last_four,
        request_id = excluded.request_id`);
}

/** Removes counts and samples that are past their retention, a bounded number; returns how many. */
export async function dropOldRefusedCalls(sql: Sql): Promise<number> {
  const counts = await sql`
    DELETE FROM refused_calls WHERE (contract_id, code, minute) IN (
      SELECT contract_id, code, minute FROM refused_calls
      WHERE minute < now() - make_interval(days => ${REFUSED_CALLS_DAYS}) LIMIT ${REMOVED_ROWS_MAX})`;
  const samples = await sql`
    DELETE FROM refused_call_samples WHERE (contract_id, slot) IN (
      SELECT contract_id, slot FROM refused_call_samples
      WHERE at < now() - make_interval(days => ${REFUSED_CALLS_DAYS}) LIMIT ${REMOVED_ROWS_MAX})`;
  return counts.count + samples.count;
}
