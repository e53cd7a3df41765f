/** Reading the calls of contracts' API keys: for the questions of a partner whose calls are refused. */
import { notFound } from '../../domain/base/refusal';
import { GRANTED, listApiCalls } from '../../db/access/api-call';
import { REFUSED_CALLS_DAYS, SAMPLES_MAX } from '../../db/access/refused-call';
import { hasHistory } from '../../db/system/history';
import { PageOf, PageQuery, cursorsOf, isExactInstant, pageOf } from '../http/paging';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { Id, InstantInput, InstantShape } from '../http/shapes';
import { z } from '../http/zod';

const ApiCallShape = z
  .object({
    at: InstantShape.describe('The time of a granted request, and the minute of refused calls'),
    code: z.string().describe(`${GRANTED}, or the code of the refusals`),
    calls: z.int().describe('1 for a granted request; how many calls were refused with this code in this minute'),
    job_id: Id.nullable().describe('The job of a granted request'),
    licenses: z.int().nullable().describe('How many licenses the granted request is for'),
    request_id: z.string().nullable().describe('The X-Request-Id of the granted request'),
    samples: z
      .array(
        z.object({
          at: InstantShape,
          address: z.string().nullable().describe('The address of the client'),
          key_last_four: z.string().describe('The last four characters of the API key'),
          request_id: z.string().describe('The X-Request-Id of the call'),
        }),
      )
      .describe(`The refused calls that are among the last ${SAMPLES_MAX} of the contract, newest first`),
  })
  .openapi('ApiCall');

const ApiCallQuery = PageQuery.extend({
  contract_id: Id,
  code: z
    .string()
    .regex(/^[A-Z_]{1,64}$/)
    .optional()
    .describe(`${GRANTED}, or the code of a refusal`),
  from: InstantInput.optional().describe('Calls from this instant on'),
  to: InstantInput.optional().describe('Calls before this instant'),
});

const CURSORS = cursorsOf('api-calls', {
  sort_key: isExactInstant,
  id: (text) => /^(job \d{19}|refused [A-Z_]{1,64})$/.test(text),
});

export const apiCallRoutes: Route[] = [
  route({
    operation_id: 'listApiCalls',
    method: 'get',
    path: '/api/v1/api-calls',
    tag: 'History',
    summary: "List the calls of a contract's API key",
    description: `Newest first: each granted request for licenses, and refused calls of any kind, counted per code and minute. Refused calls are kept for ${REFUSED_CALLS_DAYS} days. Calls whose key was not accepted are in the log only.`,
    query: ApiCallQuery,
    answers: { 200: { description: 'One page', schema: PageOf(ApiCallShape) } },
    refusals: ['NOT_FOUND'],
    audit: [],
    async handle({ api, query }) {
      const { cursor, limit, ...filter } = query;
      const after = CURSORS.read(cursor);
      if (!(await hasHistory(api.db, filter.contract_id))) return notFound('contract', filter.contract_id);
      const rows = await api.readList((sql) => listApiCalls(sql, filter, after, limit + 1));
      return { status: 200, body: pageOf(rows, limit, ({ sort_key: _key, id: _id, ...row }) => row, CURSORS) };
    },
  }),
];
