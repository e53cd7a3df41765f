/**
 * The rate limits of contracts and what is used of their windows: one row for each contract that has or had limits (domain.md 5.6).
 *
 * Functions of the schema judge, count and read the row, by the clock of Postgres and under the row's lock (`admit_requests`,
 * `rates_at`). Lock order: the quota row of the contract, then this row. So a statement that holds the quota row waits for no other.
 */
import { instantFromMillis } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { hasRateLimits } from '../../domain/contract/rate-limits';
import type { RateLimits, RateWindow } from '../../domain/contract/rate-limits';
import { windowSeconds } from '../../domain/generation/rate';
import type { Admission, AdmissionOutcome, RateCounts, RateUnit, WindowCount } from '../../domain/generation/rate';
import { withoutPipelining } from '../base/database';
import type { Sql } from '../base/database';
import { limitedLockWait } from '../base/session';

type Limits = Record<'per_minute' | 'per_hour' | 'per_day', number | null>;
type LicenseLimits = Record<`licenses_${keyof Limits}`, number | null>;
type Counts = Record<`${RateWindow}_${RateUnit}`, number>;
type Starts = Record<`${RateWindow}_start`, string>;

/** A row of `contract_rates` as JSON. */
type RatesJson = Limits & LicenseLimits & Counts & Starts;

/** What `admit_requests` returns for one request. */
export interface AdmissionColumns {
  outcome: AdmissionOutcome;
  rates: RatesJson | null;
  at: Instant | null;
}

/** The counts in these columns; null for a contract that never had limits. */
export function countsOf({ rates, at }: Pick<AdmissionColumns, 'rates' | 'at'>): RateCounts | null {
  return rates === null || at === null ? null : countsAt(rates, at);
}

/** What is used of the windows of a contract now; null for a contract that never had limits. */
export async function findRateCounts(sql: Sql, contract_id: string): Promise<RateCounts | null> {
  const [row] = await sql<{ rates: RatesJson; at: Instant }[]>`
    SELECT to_jsonb(rates_at(r, now.at)) AS rates, now.at
    FROM contract_rates r CROSS JOIN (SELECT rate_clock() AS at) now WHERE contract_id = ${contract_id}`;
  return row ? countsAt(row.rates, row.at) : null;
}

/** A request to be judged: its licenses and its idempotency key. */
interface JudgedRequest {
  requested: number;
  idempotency_key: string | null;
}

/**
 * Judges requests for licenses of one contract in their order, and counts those that are admitted, without granting them. `lock_ms`
 * limits the wait for the rows; give it only outside a transaction.
 */
export async function admitRequests(
  sql: Sql,
  contract_id: string,
  requests: readonly JudgedRequest[],
  lock_ms?: number,
): Promise<Admission[]> {
  const rows = await withoutPipelining(sql<AdmissionColumns[]>`
    WITH quota AS MATERIALIZED (
      SELECT q.contract_id FROM contract_quotas q ${lock_ms === undefined ? sql`` : sql`CROSS JOIN ${limitedLockWait(sql, lock_ms)}`}
      WHERE q.contract_id = ${contract_id} FOR NO KEY UPDATE OF q
    )
    SELECT d.outcome, a.rates, a.at
    FROM quota CROSS JOIN admit_requests(
      quota.contract_id, ${requests.map(({ requested }) => requested)}::int[], ${requests.map(({ idempotency_key }) => idempotency_key)}::text[]) a
    CROSS JOIN unnest(a.outcomes) WITH ORDINALITY AS d (outcome, place)
    ORDER BY d.place`);
  return rows.map((row) => ({ outcome: row.outcome, counts: countsOf(row) }));
}

/** Copies the limits of a contract, and keeps what was counted. Call it with the quota row locked, in the transaction that changes them. */
export async function saveRateLimits(tx: Sql, contract_id: string, limits: RateLimits): Promise<void> {
  const { licenses, ...requests } = limits;
  const columns = {
    ...requests,
    licenses_per_minute: licenses.per_minute,
    licenses_per_hour: licenses.per_hour,
    licenses_per_day: licenses.per_day,
  };
  if (hasRateLimits(limits))
    await tx`
      INSERT INTO contract_rates ${tx({ contract_id, ...columns })} ON CONFLICT (contract_id) DO UPDATE SET ${tx(columns)}`;
  else await tx`UPDATE contract_rates SET ${tx(columns)} WHERE contract_id = ${contract_id}`;
}

/** Removes the limits and counters of a contract that is being deleted. */
export async function deleteRates(tx: Sql, contract_id: string): Promise<void> {
  await tx`DELETE FROM contract_rates WHERE contract_id = ${contract_id}`;
}

function countsAt(rates: RatesJson, at: Instant): RateCounts {
  const windowOf = (unit: RateUnit, window: RateWindow, limit: number | null): WindowCount => ({
    unit,
    window,
    limit,
    used: rates[`${window}_${unit}`],
    reset: instantFromMillis(Date.parse(rates[`${window}_start`]) + windowSeconds(window) * 1_000),
  });
  return {
    at,
    windows: [
      windowOf('requests', 'minute', rates.per_minute),
      windowOf('requests', 'hour', rates.per_hour),
      windowOf('requests', 'day', rates.per_day),
      windowOf('licenses', 'minute', rates.licenses_per_minute),
      windowOf('licenses', 'hour', rates.licenses_per_hour),
      windowOf('licenses', 'day', rates.licenses_per_day),
    ],
  };
}
