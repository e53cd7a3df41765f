/** Forecasts when quotas that are nearly used are used up, and notices those for which that is soon. */
import { SYSTEM } from '../../domain/base/actor';
import { millisLater } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { isRefusal } from '../../domain/base/refusal';
import { forecastOf } from '../../domain/metric/forecast';
import type { Forecast } from '../../domain/metric/forecast';
import type { Counts } from '../../domain/metric/metrics';
import { windowOf } from '../../domain/metric/window';
import type { Window } from '../../domain/metric/window';
import { insertAudit } from '../../db/base/audit';
import type { Database, Sql } from '../../db/base/database';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { listQuotasToForecast, lockQuotasToForecast, saveForecasts } from '../../db/contract/quota-forecast';
import type { LockedQuota, QuotaToForecast } from '../../db/contract/quota-forecast';
import { countForMetrics } from '../../db/metric/counts';

/** The quotas of one transaction. Grants of their contracts wait for it, so it only writes. */
const FORECASTS_TOGETHER = 25;
/** The most quotas of one call by each clock. The next call takes the rest. */
const FORECASTS_MAX = 500;
const DAY_MS = 86_400_000;

/** A quota with what was counted for its forecast. */
interface CountedQuota extends QuotaToForecast {
  now: Instant;
  window: Window;
  counts: Counts;
}

/**
 * Forecasts the quotas that were not forecast for a day; returns how many. What was made on complete days does not change, so it is counted
 * without a lock; what is left of a quota is judged by its locked row. A quota whose row is locked by another transaction is left to the
 * next call. Safe to run twice.
 */
export async function forecastQuotas(db: Database, now: Instant, hasTimeLeft: () => boolean): Promise<number> {
  const quotas = await listQuotasToForecast(db, now, FORECASTS_MAX);
  let forecast = 0;
  for (let from = 0; from < quotas.length && hasTimeLeft(); from += FORECASTS_TOGETHER) {
    const counted = await count(db, quotas.slice(from, from + FORECASTS_TOGETHER), now);
    forecast += await db.begin((tx) => record(tx, counted));
  }
  return forecast;
}

async function count(db: Database, quotas: readonly QuotaToForecast[], real_now: Instant): Promise<CountedQuota[]> {
  const windowed = quotas.map((quota) => {
    const now = quota.clock_now ?? real_now;
    const window = windowOf({ ...quota, now });
    if (isRefusal(window)) throw new Error(`the default window is invalid: ${window.detail}`);
    return { ...quota, now, window };
  });
  const counts_of = await countForMetrics(
    db,
    windowed.map(({ contract_id, now, window: { boundaries } }) => ({
      contract_id,
      boundaries,
      last_day_from: millisLater(now, -DAY_MS),
    })),
  );
  return windowed.flatMap((quota) => {
    const counts = counts_of.get(quota.contract_id);
    return counts ? [{ ...quota, counts }] : [];
  });
}

/** Records the forecasts of quotas. A quota is noticed if it is used up soon, and was not by its last forecast. */
async function record(tx: Sql, quotas: readonly CountedQuota[]): Promise<number> {
  const locked = new Map((await lockQuotasToForecast(tx, quotas)).map((row) => [row.contract_id, row]));
  const forecasts = quotas.flatMap((quota) => {
    const row = locked.get(quota.contract_id);
    const { counts, window } = quota;
    return row
      ? [{ quota, row, forecast: forecastOf({ ...counts, total: row.total, claimed: row.claimed }, window) }]
      : [];
  });
  await saveForecasts(
    tx,
    forecasts.map(({ quota: { contract_id, now: forecast_at }, forecast }) => ({
      contract_id,
      forecast_at,
      runs_out_on: forecast && forecast.runs_out_on,
    })),
  );
  for (const { quota, row, forecast } of forecasts)
    if (forecast !== null && row.runs_out_on === null) await notice(tx, quota, row, forecast);
  return forecasts.length;
}

async function notice(
  tx: Sql,
  { contract_id, environment, now: at, clock_now }: CountedQuota,
  { total, claimed }: LockedQuota,
  forecast: Forecast,
): Promise<void> {
  const after = { ...forecast, total, claimed, remaining: total - claimed };
  const action = 'quota.runs_out_soon';
  const subject = { subject_type: 'contract', subject_id: contract_id, contract_id, environment } as const;
  await insertAudit(tx, [
    { at, actor: SYSTEM, action, ...subject, after, clock: clock_now === null ? 'real' : 'test' },
  ]);
  await insertDomainEvents(tx, contract_id, [{ at, type: action, environment, data: { contract_id, ...after } }]);
}
