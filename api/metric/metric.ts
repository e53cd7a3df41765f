/** Metrics of a contract, of the contracts of a customer, and of the contracts that are first in the installation. */
import type { Sql } from '../../db/base/database';
import { findCustomer } from '../../db/catalogue/customer';
import { RANKINGS, listClocks, listContractsOfCustomer, listFirstContracts } from '../../db/metric/contract';
import type { ClockRow, ClockWindow, MetricContractRow } from '../../db/metric/contract';
import { countForMetrics } from '../../db/metric/counts';
import { addDays, addPeriods, startOfDay } from '../../domain/base/calendar';
import { millisLater } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { metricsOf, sumOf } from '../../domain/metric/metrics';
import type { Counts, Metrics } from '../../domain/metric/metrics';
import { windowOf } from '../../domain/metric/window';
import type { GivenDays, Window } from '../../domain/metric/window';
import { readContract } from '../contract/command';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { EnvironmentShape, IdParams } from '../http/shapes';
import { z } from '../http/zod';
import { ContractMetricsShape, CustomerMetricsShape, WindowQuery } from './metric-shapes';

/** The contracts of one answer. */
const CONTRACTS_MAX = 100;
const CONTRACTS_DEFAULT = 25;

const DAY_MS = 86_400_000;
/** A contract without a license for this period is idle. */
const IDLE_PERIOD = 'P3M';

const DAYS =
  'Test licenses are left out. Days are local days of the contract, and only complete ones count: the last 28';
const FORMULAS = `${DAYS} unless from or to is given.`;

export const metricRoutes: Route[] = [
  route({
    operation_id: 'getContractMetrics',
    method: 'get',
    path: '/api/v1/contracts/:id/metrics',
    tag: 'Metrics',
    summary: 'Read the metrics of a contract',
    description: FORMULAS,
    params: IdParams,
    query: WindowQuery,
    answers: { 200: { description: 'The metrics', schema: ContractMetricsShape } },
    audit: [],
    async handle({ params, query, ...request }) {
      const contract = await readContract(request, params.id);
      if (isRefusal(contract)) return contract;
      const measured = await request.api.readList((sql) => measure(sql, [contract], query, request.now));
      if (isRefusal(measured)) return measured;
      const [shown] = measured;
      return shown ? { status: 200, body: presentMetrics(shown) } : notFound('contract', params.id);
    },
  }),
  route({
    operation_id: 'getCustomerMetrics',
    method: 'get',
    path: '/api/v1/customers/:id/metrics',
    tag: 'Metrics',
    summary: 'Read the metrics of a customer',
    description: `The metrics of each contract of a customer, at most the newest ${CONTRACTS_MAX}, and their sum. ${FORMULAS}`,
    params: IdParams,
    query: WindowQuery.extend({ environment: EnvironmentShape.default('production') }),
    answers: { 200: { description: 'The metrics', schema: CustomerMetricsShape } },
    audit: [],
    async handle({ api, params, query: { environment, ...given }, now }) {
      if (!(await findCustomer(api.db, params.id))) return notFound('customer', params.id);
      return api.readList(async (sql) => {
        const of = { customer_id: params.id, environment };
        const found = await listContractsOfCustomer(sql, of, CONTRACTS_MAX + 1);
        const measured = await measure(sql, found.slice(0, CONTRACTS_MAX), given, now);
        if (isRefusal(measured)) return measured;
        const complete = found.length <= CONTRACTS_MAX;
        const contracts = measured.map(presentMetrics);
        return { status: 200, body: { ...of, as_of: now, contracts, complete, sum: sumOf(measured) } };
      });
    },
  }),
  route({
    operation_id: 'getContractRanking',
    method: 'get',
    path: '/api/v1/metrics/contracts',
    tag: 'Metrics',
    summary: 'Rank the contracts of the installation',
    description: `The first open contracts of an environment: the highest utilization, velocity or error_rate, the soonest time_to_quota, or idle: without a license for three months, first those that were activated earliest. A contract without the figure is not in its ranking, and one whose quota is used up is not in that of time_to_quota. ${DAYS}.`,
    query: z.object({
      environment: EnvironmentShape.default('production'),
      by: z.enum(RANKINGS).default('utilization'),
      limit: z
        .string()
        .regex(/^\d{1,9}$/, 'must be a whole number')
        .transform(Number)
        .pipe(z.int().min(1).max(CONTRACTS_MAX))
        .default(CONTRACTS_DEFAULT)
        .openapi({ type: 'integer', minimum: 1, maximum: CONTRACTS_MAX, default: CONTRACTS_DEFAULT }),
    }),
    answers: {
      200: {
        description: 'The contracts',
        schema: z.object({
          as_of: z.iso.datetime(),
          environment: EnvironmentShape,
          by: z.enum(RANKINGS),
          data: z.array(ContractMetricsShape),
        }),
      },
    },
    audit: [],
    async handle({ api, query: { environment, by, limit }, now }) {
      return api.readList(async (sql) => {
        const windows = (await listClocks(sql, environment)).map((clock) => clockWindow(clock, now));
        const contracts = await listFirstContracts(sql, environment, by, windows, limit);
        const measured = await measure(sql, contracts, {}, now);
        if (isRefusal(measured)) return measured;
        return { status: 200, body: { as_of: now, environment, by, data: measured.map(presentMetrics) } };
      });
    },
  }),
];

interface Measured {
  contract: MetricContractRow;
  as_of: Instant;
  window: Window;
  counts: Counts;
  metrics: Metrics;
}

/** Computes the metrics of contracts in their windows, each by its own clock; `now` is the real time. */
async function measure(
  sql: Sql,
  contracts: readonly MetricContractRow[],
  given: GivenDays,
  now: Instant,
): Promise<Measured[] | Refusal> {
  const windowed: Omit<Measured, 'counts' | 'metrics'>[] = [];
  for (const contract of contracts) {
    const as_of = contract.clock_now ?? now;
    const window = windowOf({ timezone: contract.timezone, activated_at: contract.activated_at, now: as_of }, given);
    if (isRefusal(window)) return window;
    windowed.push({ contract, as_of, window });
  }
  const counted = await countForMetrics(
    sql,
    windowed.map(({ contract, as_of, window }) => ({
      contract_id: contract.id,
      boundaries: window.boundaries,
      last_day_from: millisLater(as_of, -DAY_MS),
    })),
  );
  return windowed.flatMap((each) => {
    const counts = counted.get(each.contract.id);
    return counts ? [{ ...each, counts, metrics: metricsOf(counts, each.window) }] : [];
  });
}

/** The default window of all contracts with one time zone and one clock. */
function clockWindow({ timezone, test_clock_id, clock_now }: ClockRow, now: Instant): ClockWindow {
  const window = windowOf({ timezone, activated_at: null, now: clock_now ?? now });
  if (isRefusal(window)) throw new Error(`the default window is invalid: ${window.detail}`);
  const quarter_from = startOfDay(addPeriods(window.today, IDLE_PERIOD, -1), timezone);
  return { timezone, test_clock_id, boundaries: window.boundaries, quarter_from };
}

function presentMetrics({ contract, as_of, window, metrics }: Measured) {
  const { from, to, counted_days } = window;
  return {
    contract_id: contract.id,
    contract_name: contract.name,
    customer_id: contract.customer_id,
    as_of,
    window: { from, to, last_day: addDays(to, -1), timezone: contract.timezone, counted_days },
    ...metrics,
  };
}
