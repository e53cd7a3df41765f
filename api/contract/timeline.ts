/** The timeline of a contract: applied boundaries from the audit, and a forecast of the boundaries to come. */
import { addDays, addPeriodToInstant, startOfDay } from '../../domain/base/calendar';
import { stateAt } from '../../domain/contract/contract';
import { CONTRACT_STATES } from '../../domain/contract/facts';
import { settle } from '../../domain/contract/boundary';
import { BOUNDARY_KINDS } from '../../domain/contract/boundary-kind';
import { BILLING_KINDS, BOUNDARY_ACTIONS, forecast, withAllPaid } from '../../domain/contract/timeline';
import type { ForecastEntry } from '../../domain/contract/timeline';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { factsOf, findContractWithSource } from '../../db/contract/contract';
import { findSettleContext } from '../../transactions/contract/settle-context';
import { listAppliedBoundaries } from '../../db/contract/timeline';
import type { AppliedBoundaryRow } from '../../db/contract/timeline';
import { hasHistory } from '../../db/system/history';
import type { Sql } from '../../db/base/database';
import { listRunsOfContract } from '../../db/schedule/run';
import { readContract } from './command';
import { ENOUGH_QUOTA, SCHEDULED_RUN, futureRuns, listRunsAhead, mergeRuns, pastRun } from './timeline-runs';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { Id, IdParams, InstantInput, InstantShape, LocalDateShape } from '../http/shapes';
import { z } from '../http/zod';

/** The number of past boundaries shown; the newest ones are. */
const PAST_ENTRIES_MAX = 200;
/** How far the forecast reaches by default, and at most. */
const UNTIL_PERIOD_DEFAULT = 'P1Y';
const UNTIL_PERIOD_MAX = 'P10Y';

const TimelineQuery = z.object({
  until: z
    .union([InstantInput, LocalDateShape])
    .optional()
    .describe(
      'The end of the forecast: an instant, or a local date to include; default: in one year; at most in ten years',
    ),
  payments: z
    .enum(['none', 'all'])
    .default('none')
    .describe('What the forecast assumes. none: nothing is paid; all: every unpaid invoice is paid now'),
});

const TimelineEntryShape = z
  .object({
    at: InstantShape,
    kind: z.enum([...BOUNDARY_KINDS, SCHEDULED_RUN]).describe('The kind of boundary, or a run of a schedule'),
    action: z
      .string()
      .describe('The action in the audit: contract.renewed; of a run, what became of it: schedule.run_skipped'),
    state: z.enum(CONTRACT_STATES).describe('The state afterwards'),
    past: z.boolean().describe('Whether the boundary was already applied'),
    reason: z
      .string()
      .nullable()
      .describe('Also why a run was shortened or skipped; null for runs to come, which `state` skips'),
    assumes: z
      .enum(['nothing is paid', ENOUGH_QUOTA])
      .nullable()
      .describe(
        'The assumption of a forecast that depends on payments, or of a run to come, for which no quota is counted',
      ),
    schedule_id: Id.nullable().describe('The schedule of a run; null for a boundary'),
    licenses: z.int().nullable().describe('The licenses of a run; null for a boundary'),
  })
  .openapi('TimelineEntry');
type TimelineEntry = z.infer<typeof TimelineEntryShape>;

const TimelineShape = z
  .object({
    data: z.array(TimelineEntryShape).describe('In order of time: first past boundaries, then the forecast'),
    cut: z.boolean().describe('Whether past or future boundaries are omitted'),
  })
  .openapi('ContractTimeline');

export const timelineRoutes: Route[] = [
  route({
    operation_id: 'getContractTimeline',
    method: 'get',
    path: '/api/v1/contracts/:id/timeline',
    tag: 'Contracts',
    summary: 'Read the timeline of a contract',
    description:
      'Its boundaries and the runs of its schedules in order of time: those that were applied, and a forecast of those to come. The forecast assumes that no request changes the contract, nothing is paid (or everything: `payments`), the quota is enough for each run, and the catalogue and other contracts stay as they are. A deleted contract has only its past.',
    params: IdParams,
    query: TimelineQuery,
    answers: { 200: { description: 'The timeline', schema: TimelineShape } },
    audit: [],
    async handle({ params, query, ...request }) {
      const row = await readContract(request, params.id);
      // The history of a deleted contract remains readable.
      if (isRefusal(row) && !(await hasHistory(request.api.db, params.id))) return row;
      const forecast = isRefusal(row)
        ? { data: [], cut: false }
        : await forecastOf(request.api.db, params.id, request.now, query);
      if (isRefusal(forecast)) return forecast;
      const applied = await listAppliedBoundaries(request.api.db, params.id, PAST_ENTRIES_MAX + 1);
      const runs = await listRunsOfContract(request.api.db, params.id, PAST_ENTRIES_MAX + 1);
      const boundaries = applied.slice(-PAST_ENTRIES_MAX).flatMap(presentPast);
      const past = mergeRuns(boundaries, runs.slice(-PAST_ENTRIES_MAX).map(pastRun));
      const cut = forecast.cut || applied.length > PAST_ENTRIES_MAX || runs.length > PAST_ENTRIES_MAX;
      return { status: 200, body: { data: [...past, ...forecast.data], cut } };
    },
  }),
];

/** The forecast of a contract, or the refusal when `until` is too late. `now` is the real time. */
async function forecastOf(
  sql: Sql,
  id: string,
  now: Instant,
  { until, payments }: z.infer<typeof TimelineQuery>,
): Promise<z.infer<typeof TimelineShape> | Refusal> {
  const found = await findContractWithSource(sql, id);
  if (!found) return notFound('contract', id);
  const { contract: row } = found;
  const context = await findSettleContext(sql, found, row.settled_until);
  const { facts: settled } = settle(factsOf(row), row.clock_now ?? now, { ...context, billing: 'skip' });
  const facts = payments === 'all' ? withAllPaid(settled) : settled;
  const { settled_until, timezone } = facts;
  const last =
    until === undefined
      ? addPeriodToInstant(settled_until, UNTIL_PERIOD_DEFAULT, timezone)
      : endInstantOf(until, timezone);
  const furthest = addPeriodToInstant(settled_until, UNTIL_PERIOD_MAX, timezone);
  if (last > furthest) {
    const message = `until: must be at most ten years after ${settled_until}, so not after ${furthest}.`;
    return refuse('VALIDATION_FAILED', { path: 'until', message });
  }
  const { entries, cut } = forecast(facts, last, context);
  const { runs, cut: runs_cut } = await listRunsAhead(sql, { id, timezone, after: settled_until, until: last });
  const states = futureRuns(runs, entries, stateAt(facts, settled_until));
  return { data: mergeRuns(entries.map(presentForecast), states), cut: cut || runs_cut };
}

/** The instant itself, or the last instant of a local day. */
function endInstantOf(until: string, timezone: string): Instant {
  if (until.includes('T')) return until;
  return instantFromMillis(millisOf(startOfDay(addDays(until, 1), timezone)) - 1);
}

/** The fields of a run in the entry of a boundary. */
const NO_RUN = { schedule_id: null, licenses: null };

function presentPast({ at, action, state, reason }: AppliedBoundaryRow): TimelineEntry[] {
  const kind = BOUNDARY_ACTIONS[action];
  return kind === undefined ? [] : [{ at, kind, action, state, past: true, reason, assumes: null, ...NO_RUN }];
}

function presentForecast({ at, kind, action, state, reason }: ForecastEntry): TimelineEntry {
  const assumes = BILLING_KINDS.includes(kind) ? 'nothing is paid' : null;
  return { at, kind, action, state, past: false, reason, assumes, ...NO_RUN };
}
