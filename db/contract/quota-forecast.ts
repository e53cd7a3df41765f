/** Reads and writes the forecasts of quotas that are nearly used. The index `contract_quotas_by_threshold` has them in their order. */
import type { Environment } from '../../domain/base/environment';
import type { Instant, LocalDate } from '../../domain/base/instant';
import type { Sql } from '../base/database';

/** A quota that is nearly used, with the facts that its forecast depends on. */
export interface QuotaToForecast {
  contract_id: string;
  environment: Environment;
  timezone: string;
  activated_at: Instant | null;
  /** The time of the contract's test clock; null for the real time. */
  clock_now: Instant | null;
}

/** A forecast is made once a day by the clock of the contract. */
const FORECAST_EVERY = '1 day';

/**
 * The quotas that are nearly used, can be used further, and were not forecast for a day: at most `limit` by the real clock, and at most
 * `limit` by test clocks that stand still. The first have waited for longest.
 */
export async function listQuotasToForecast(sql: Sql, now: Instant, limit: number): Promise<QuotaToForecast[]> {
  const is_candidate = sql`q.thresholds_reached = 1 AND q.grantable_terms_id IS NOT NULL`;
  const facts = sql`q.contract_id, c.environment, c.timezone, c.activated_at`;
  return sql<QuotaToForecast[]>`
    (SELECT ${facts}, NULL::timestamptz AS clock_now FROM contract_quotas q JOIN contracts c ON c.id = q.contract_id
     WHERE ${is_candidate} AND q.forecast_at <= ${now}::timestamptz - ${FORECAST_EVERY}::interval AND c.test_clock_id IS NULL
     ORDER BY q.forecast_at LIMIT ${limit})
    UNION ALL
    (SELECT ${facts}, k.now FROM test_clocks k JOIN contracts c ON c.test_clock_id = k.id JOIN contract_quotas q ON q.contract_id = c.id
     WHERE ${is_candidate} AND k.status <> 'advancing' AND q.forecast_at <= k.now - ${FORECAST_EVERY}::interval
     ORDER BY q.forecast_at LIMIT ${limit})`;
}

/** A locked quota. */
export interface LockedQuota {
  contract_id: string;
  total: number;
  claimed: number;
  runs_out_on: LocalDate | null;
}

/** Locks those of the quotas that still wait for a forecast and that no other transaction has locked, without waiting. */
export async function lockQuotasToForecast(
  tx: Sql,
  quotas: readonly { contract_id: string; now: Instant }[],
): Promise<LockedQuota[]> {
  return tx<LockedQuota[]>`
    SELECT q.contract_id, q.total, q.claimed, q.runs_out_on
    FROM unnest(${quotas.map(({ contract_id }) => contract_id)}::uuid[], ${quotas.map(({ now }) => now)}::timestamptz[]) AS f (contract_id, now)
    JOIN contract_quotas q USING (contract_id)
    WHERE q.thresholds_reached = 1 AND q.forecast_at <= f.now - ${FORECAST_EVERY}::interval
    ORDER BY q.contract_id FOR NO KEY UPDATE OF q SKIP LOCKED`;
}

/** Records forecasts of locked quotas; `runs_out_on` is null for a quota that lasts. */
export async function saveForecasts(
  tx: Sql,
  forecasts: readonly { contract_id: string; forecast_at: Instant; runs_out_on: LocalDate | null }[],
): Promise<void> {
  await tx`
    UPDATE contract_quotas q SET forecast_at = f.forecast_at, runs_out_on = f.runs_out_on
    FROM jsonb_to_recordset(${tx.json(forecasts)}) AS f (contract_id uuid, forecast_at timestamptz, runs_out_on date)
    WHERE q.contract_id = f.contract_id`;
}
