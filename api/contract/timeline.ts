/** What time has done to a contract and what it will do: boundaries crossed, from the audit, and those to come, foretold. */
import { addDays, addPeriodToInstant, startOfDay } from '../../domain/base/calendar';
import { CONTRACT_STATES } from '../../domain/contract/facts';
import { settle } from '../../domain/contract/boundary';
import { BOUNDARY_KINDS } from '../../domain/contract/boundary-kind';
import { BILLING_KINDS, BOUNDARY_ACTIONS, foretell } from '../../domain/contract/timeline';
import type { ForetoldEntry } from '../../domain/contract/timeline';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { factsOf } from '../../db/contract/contract';
import type { ContractRow } from '../../db/contract/contract';
import { findSettleContext } from '../../transactions/contract/settle-context';
import { listCrossed } from '../../db/contract/timeline';
import type { CrossedRow } from '../../db/contract/timeline';
import { hasHistory } from '../../db/system/history';
import type { Sql } from '../../db/base/database';
import { readContract } from './command';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { IdParams, InstantInput, InstantShape, LocalDateShape } from '../http/shapes';
import { z } from '../http/zod';

/** Boundaries shown of the past, the newest. */
const CROSSED_MAX = 200;
/** How far is foretold unless asked, and at most. */
const UNTIL_PERIOD_DEFAULT = 'P1Y';
const UNTIL_PERIOD_MAX = 'P10Y';

const TimelineQuery = z.object({
  until: z
    .union([InstantInput, LocalDateShape])
    .optional()
    .describe('An instant, or a local date that still belongs to it; a year from now unless given, ten at most'),
});

const TimelineEntryShape = z
  .object({
    at: InstantShape,
    kind: z.enum(BOUNDARY_KINDS).describe('What kind of boundary it is'),
    action: z.string().describe('What the audit calls its crossing: contract.renewed'),
    state: z.enum(CONTRACT_STATES).describe('The state afterwards'),
    past: z.boolean().describe('Whether it was crossed already'),
    reason: z.string().nullable(),
    assumes: z.literal('nothing is paid').nullable().describe('What has to be so for it to happen, where money is due'),
  })
  .openapi('TimelineEntry');
type TimelineEntry = z.infer<typeof TimelineEntryShape>;

const TimelineShape = z
  .object({
    data: z.array(TimelineEntryShape).describe('By time: first what was, then what is to come'),
    cut: z.boolean().describe('Whether there is more, of the past or to come, than is shown'),
  })
  .openapi('ContractTimeline');

export const timelineRoutes: Route[] = [
  route({
    operation_id: 'getContractTimeline',
    method: 'get',
    path: '/api/v1/contracts/:id/timeline',
    tag: 'Contracts',
    summary: 'Foretell a contract',
    description:
      'Its boundaries by time: those that were crossed, and those to come if nobody does anything, nothing is paid, and the catalogue and other contracts stay as they are. Of a deleted contract the past alone.',
    params: IdParams,
    query: TimelineQuery,
    answers: { 200: { description: 'The timeline', schema: TimelineShape } },
    audit: [],
    async handle({ params, query, ...request }) {
      const row = await readContract(request, params.id);
      // Its history outlives a deleted contract.
      if (isRefusal(row) && !(await hasHistory(request.api.db, params.id))) return row;
      const coming = isRefusal(row)
        ? { data: [], cut: false }
        : await forecastOf(request.api.db, row, request.now, query);
      if (isRefusal(coming)) return coming;
      const crossed = await listCrossed(request.api.db, params.id, CROSSED_MAX + 1);
      const past = crossed.slice(-CROSSED_MAX).flatMap(presentCrossed);
      const cut = coming.cut || crossed.length > CROSSED_MAX;
      return { status: 200, body: { data: [...past, ...coming.data], cut } };
    },
  }),
];

/** What is to come of a contract, or why it is not foretold so far. `now` is the real time. */
async function forecastOf(
  sql: Sql,
  row: ContractRow,
  now: Instant,
  { until }: z.infer<typeof TimelineQuery>,
): Promise<z.infer<typeof TimelineShape> | Refusal> {
  const context = await findSettleContext(sql, row, row.settled_until);
  const { facts } = settle(factsOf(row), row.clock_now ?? now, { ...context, billing: 'skip' });
  const { settled_until, timezone } = facts;
  const last =
    until === undefined ? addPeriodToInstant(settled_until, UNTIL_PERIOD_DEFAULT, timezone) : endOf(until, timezone);
  const furthest = addPeriodToInstant(settled_until, UNTIL_PERIOD_MAX, timezone);
  if (last > furthest) {
    const message = `until: must be at most ten years from the contract's ${settled_until}, so not after ${furthest}.`;
    return refuse('VALIDATION_FAILED', { path: 'until', message });
  }
  const { entries, cut } = foretell(facts, last, context);
  return { data: entries.map(presentForecast), cut };
}

/** An instant itself, or the last one of a local day. */
function endOf(until: string, timezone: string): Instant {
  if (until.includes('T')) return until;
  return instantFromMillis(millisOf(startOfDay(addDays(until, 1), timezone)) - 1);
}

function presentCrossed({ at, action, state, reason }: CrossedRow): TimelineEntry[] {
  const kind = BOUNDARY_ACTIONS[action];
  return kind === undefined ? [] : [{ at, kind, action, state, past: true, reason, assumes: null }];
}

function presentForecast({ at, kind, action, state, reason }: ForetoldEntry): TimelineEntry {
  const assumes = BILLING_KINDS.includes(kind) ? 'nothing is paid' : null;
  return { at, kind, action, state, past: false, reason, assumes };
}
