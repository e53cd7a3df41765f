/** Test clocks: create, list, read, advance. Outside production, they let contracts pass years in minutes. */
import { TEST_CLOCK_STATUSES, shownStatus, testClockActions } from '../../domain/system/test-clock';
import type { Caller } from '../../domain/access/caller';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { findTestClock, listTestClocks } from '../../db/system/test-clock';
import type { TestClockRow } from '../../db/system/test-clock';
import { advanceTestClock } from '../../transactions/system/advance-test-clock';
import { createTestClock } from '../../transactions/system/create-test-clock';
import { testClockWorkflowId } from '../../temporal/ids';
import type { Api } from '../http/api';
import { actionTable } from '../http/allowed-actions';
import { actOf } from '../http/edit';
import { PageOf, PageQuery, cursorsById, pageOf } from '../http/paging';
import { ProblemError, protocolProblem } from '../http/problem';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { Id, IdParams, InstantInput, InstantShape, NameShape } from '../http/shapes';
import { z } from '../http/zod';

const TestClockCreate = z
  .strictObject({
    now: InstantInput.describe('The initial time of the clock'),
    name: NameShape.optional().describe('Display name; by default it contains `now`'),
  })
  .openapi('TestClockCreate');

const TestClockAdvance = z
  .strictObject({
    to: InstantInput.describe('The new time: not before `now` of the clock, and at most ten years after it'),
  })
  .openapi('TestClockAdvance');

const TEST_CLOCK_ACTIONS = actionTable<'advance'>('TestClockActions', {
  advance: { operation_id: 'advanceTestClock', description: 'Advance the clock' },
});

const TestClockShape = z
  .object({
    id: Id,
    name: z.string(),
    now: InstantShape.describe('The time of every contract on the clock'),
    status: z
      .enum(TEST_CLOCK_STATUSES)
      .describe(
        'ready: every boundary up to `now` is applied and no billing event is pending; advancing: the advance is running, or it is complete and billing events are pending; failed: `error` has the reason',
      ),
    advancing_to: InstantShape.nullable().describe('The target of the running advance; null when it is complete'),
    pending_events: z.int().describe('Billing events that its contracts have received and not yet applied'),
    error: z.string().nullable().describe('Why the last advance failed; advance the clock again to continue'),
    contracts: z.int().describe('The number of contracts on the clock, without deleted ones'),
    allowed_actions: TEST_CLOCK_ACTIONS.shape,
    workflow_id: z.string().describe('The id of the workflow in Temporal that advances the clock'),
    created_at: InstantShape.describe('In real time'),
    created_by: z.string().describe('The id of the admin'),
  })
  .openapi('TestClock');

const CLOCK = { description: 'The clock', schema: TestClockShape };

const TEST_CLOCK_CURSORS = cursorsById('test_clocks');

export const testClockRoutes: Route[] = [
  route({
    operation_id: 'createTestClock',
    method: 'post',
    path: '/api/v1/test-clocks',
    tag: 'Test clocks',
    summary: 'Create a test clock',
    description:
      'Contracts outside production use the clock with `test_clock_id`. Its time changes only when it is advanced.',
    body: TestClockCreate,
    examples: { 'A clock that begins in 2027': { name: 'Yearly renewal', now: '2027-01-01T08:00:00.000Z' } },
    answers: { 201: { ...CLOCK, description: 'Created; `Location` has its URL', headers: ['Location'] } },
    refusals: ['NOT_FOUND'],
    audit: ['clock.created'],
    async handle({ api, body, write, ...request }) {
      refuseIfDisabled(api);
      const name = body.name ?? `Test clock from ${body.now}`;
      return write(async (tx) => {
        const row = await createTestClock(tx, { name, now: body.now }, actOf(request));
        const shown = presentTestClock(row, request.caller);
        return { status: 201, body: shown, headers: { Location: `/api/v1/test-clocks/${row.id}` } };
      });
    },
  }),
  route({
    operation_id: 'listTestClocks',
    method: 'get',
    path: '/api/v1/test-clocks',
    tag: 'Test clocks',
    summary: 'List test clocks',
    description: 'Newest first.',
    query: PageQuery,
    answers: { 200: { description: 'One page', schema: PageOf(TestClockShape) } },
    refusals: ['NOT_FOUND'],
    audit: [],
    async handle({ api, query, caller }) {
      refuseIfDisabled(api);
      const after = TEST_CLOCK_CURSORS.read(query.cursor);
      const rows = await api.readList((sql) => listTestClocks(sql, after?.id ?? null, query.limit + 1));
      return {
        status: 200,
        body: pageOf(rows, query.limit, (row) => presentTestClock(row, caller), TEST_CLOCK_CURSORS),
      };
    },
  }),
  route({
    operation_id: 'getTestClock',
    method: 'get',
    path: '/api/v1/test-clocks/:id',
    tag: 'Test clocks',
    summary: 'Read a test clock',
    params: IdParams,
    answers: { 200: CLOCK },
    audit: [],
    async handle({ api, params, caller }) {
      refuseIfDisabled(api);
      const row = await findTestClock(api.db, params.id);
      return row ? { status: 200, body: presentTestClock(row, caller) } : notFound('test clock', params.id);
    },
  }),
  route({
    operation_id: 'advanceTestClock',
    method: 'post',
    path: '/api/v1/test-clocks/:id/advance',
    tag: 'Test clocks',
    summary: 'Advance a test clock',
    description: [
      'Every boundary of every contract on the clock is applied in order, each at its own instant. Read the clock until it is ready.',
      'Billing events that were accepted before are applied first. When a billing system that must be queried does not answer, the clock stops there and its status is failed.',
      'When the clock is already ready at `to`, the response is 200.',
    ].join(' '),
    params: IdParams,
    body: TestClockAdvance,
    examples: { 'Advance by one year': { to: '2028-01-01T08:00:00.000Z' } },
    answers: {
      200: { ...CLOCK, description: 'Already at `to`' },
      202: { ...CLOCK, description: 'The advance has started' },
    },
    refusals: ['CLOCK_BACKWARDS', 'CLOCK_ADVANCING'],
    audit: ['clock.advanced'],
    handle: advance,
  }),
];

/**
 * Commits the advance, then starts its workflow. When Temporal cannot be reached, the clock stays in the status `advancing`, and the
 * sweep starts the workflow when the server is back. Like a generation job, an accepted advance is not lost.
 */
async function advance(
  request: HandlerRequest<z.infer<typeof IdParams>, unknown, z.infer<typeof TestClockAdvance>>,
): Promise<Answer | Refusal> {
  const { api, params, body, caller, request_id } = request;
  refuseIfDisabled(api);
  const answer = await request.write(async (tx) => {
    const advanced = await advanceTestClock(tx, params.id, body.to, actOf(request));
    if (isRefusal(advanced)) return advanced;
    return { status: advanced.changed ? 202 : 200, body: presentTestClock(advanced.clock, caller) };
  });
  if (!isRefusal(answer) && answer.status === 202) {
    await api.clocks
      .startAdvance(params.id, request_id)
      .catch((error: unknown) =>
        api.log.warn(
          { err: error, request_id, clock_id: params.id },
          'cannot start the advance; the sweep starts it later',
        ),
      );
  }
  return answer;
}

/** Presents a clock. */
function presentTestClock(row: TestClockRow, caller: Caller) {
  const { id, name, now, advancing_to, pending_events, error, contracts, created_at, created_by } = row;
  return {
    id,
    name,
    now,
    status: shownStatus(row),
    advancing_to,
    pending_events,
    error,
    contracts,
    allowed_actions: TEST_CLOCK_ACTIONS.present(testClockActions(row), caller),
    workflow_id: testClockWorkflowId(id),
    created_at,
    created_by,
  };
}

function refuseIfDisabled(api: Api): void {
  if (api.testClocks) return;
  throw new ProblemError(
    protocolProblem('NOT_FOUND', 'Test clocks are disabled. Set COVENANT_TEST_CLOCKS to on and restart the API.'),
  );
}
