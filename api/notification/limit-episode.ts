/** The times in which a limit of a contract is exceeded, with the notices about them. */
import { findContract } from '../../db/contract/contract';
import { listEpisodes } from '../../db/notification/limit-episode';
import type { ShownLimitEpisode } from '../../db/notification/limit-episode';
import { notFound } from '../../domain/base/refusal';
import { CLOSE_REASONS, REMINDERS_MAX } from '../../domain/notification/limit-episode';
import { LIMITS, LIMIT_OCCASIONS } from '../../domain/webhook/limit-event';
import { PageOf, PageQuery, cursorsById, pageOf } from '../http/paging';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { Id, IdParams, InstantShape } from '../http/shapes';
import { z } from '../http/zod';

const LimitEpisodeShape = z
  .object({
    id: Id,
    contract_id: Id,
    limit: z.enum(LIMITS),
    status: z.enum(['open', 'closed']),
    opened_at: InstantShape.describe('When the first request was refused'),
    closed_at: InstantShape.nullable(),
    close_reason: z
      .enum(CLOSE_REASONS)
      .nullable()
      .describe(
        'limit_raised: the limit rose to the demand; released: so much of it is used no longer; quiet: nothing was refused for 24 hours; contract_ended: the contract was terminated or deleted',
      ),
    limit_value: z.int().describe('The limit now; of a closed episode: the limit that was exceeded'),
    used: z
      .int()
      .describe(
        'How much of it is used or reserved now; of a closed episode: how much was, at the last look before its end',
      ),
    demand: z
      .int()
      .describe(
        'What the limit would have to be: `used`, and the largest single request that was refused. Repeated requests add nothing',
      ),
    largest_request: z.int().describe('The largest single request that was refused in this episode'),
    last_refused_at: InstantShape.describe('The last refused request'),
    notices: z
      .array(
        z.object({
          number: z.int(),
          occasion: z.enum(LIMIT_OCCASIONS),
          at: InstantShape,
          demand: z.int(),
          limit_value: z.int(),
        }),
      )
      .describe('First to last. Each is an event `limit.exceeded`'),
  })
  .openapi('LimitEpisode');

const CURSORS = cursorsById('limit-episodes');

export const limitEpisodeRoutes: Route[] = [
  route({
    operation_id: 'listLimitEpisodes',
    method: 'get',
    path: '/api/v1/contracts/:id/limit-episodes',
    tag: 'Notifications',
    summary: 'List when limits of a contract were exceeded',
    description: `Newest first. An episode opens with the first request that the quota refuses, and is here about a minute later. An open episode shows the demand of this moment. People get mail when it opens, at most once in 24 hours when the demand has grown, and at most ${REMINDERS_MAX} weekly reminders. It closes when the quota is raised to the demand, or when no request was refused for 24 hours. A quota that is used up and not asked for has no episode. Dry runs do not count.`,
    params: IdParams,
    query: PageQuery,
    answers: { 200: { description: 'One page', schema: PageOf(LimitEpisodeShape) } },
    audit: [],
    async handle({ api, params, query }) {
      const after = CURSORS.read(query.cursor);
      if (!(await findContract(api.db, params.id))) return notFound('contract', params.id);
      const rows = await api.readList((sql) => listEpisodes(sql, params.id, after?.id ?? null, query.limit + 1));
      return { status: 200, body: pageOf(rows, query.limit, presentEpisode, CURSORS) };
    },
  }),
];

function presentEpisode(row: ShownLimitEpisode): z.input<typeof LimitEpisodeShape> {
  const { id, contract_id, limit_name: limit, opened_at, closed_at, close_reason } = row;
  const { limit_value, used, demand, largest_request, last_refused_at, notice_list: notices } = row;
  return {
    ...{ id, contract_id, limit, status: closed_at === null ? 'open' : 'closed', opened_at, closed_at, close_reason },
    ...{ limit_value, used, demand, largest_request, last_refused_at, notices },
  };
}
