/** Test clocks: made, read, and advanced, so that years of a contract can be seen in minutes. Outside production only. */
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
    now: InstantInput.describe('Where it stands; it goes forward from there'),
    name: NameShape.optional().describe('For people; made from `now` when left out'),
  })
  .openapi('TestClockCreate');

const TestClockAdvance = z
  .strictObject({ to: InstantInput.describe('Not before its `now`, and at most ten years after it') })
  .openapi('TestClockAdvance');

const TEST_CLOCK_ACTIONS = actionTable<'advance'>('TestClockActions', {
  advance: { operation_id: 'advanceTestClock', description: 'Advance it' },
});

const TestClockShape = z
  .object({
    id: Id,
    name: z.string(),
    now: InstantShape.describe('The time of every contract on it'),
    status: z
      .enum(TEST_CLOCK_STATUSES)
      .describe(
        'ready: everything up to `now` is crossed and no billing event is pending; advancing: on its way, or it has arrived and billing events are pending; failed: `error` says why',
      ),
    advancing_to: InstantShape.nullable().describe('Where the last advance goes; null when it has arrived'),
    pending_events: z.int().describe('Billing events that its contracts have received and not applied'),
    error: z.string().nullable().describe('Why the last advance failed; advance again to go on'),
    contracts: z.int().describe('Contracts on it; deleted ones do not count'),
    allowed_actions: TEST_CLOCK_ACTIONS.shape,
    workflow_id: z.string().describe('What advances it, in the Temporal UI'),
    created_at: InstantShape.describe('By the world’s time'),
    created_by: z.string().describe('Id of the admin'),
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
      'Contracts outside production are put on it with `test_clock_id`. It stands still until it is advanced.',
    body: TestClockCreate,
    answers: { 201: { ...CLOCK, description: 'Created; Location names it' } },
    refusals: ['NOT_FOUND'],
    audit: ['clock.created'],
    async handle({ api, body, write, ...request }) {
      expectSwitchedOn(api);
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
      expectSwitchedOn(api);
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
      expectSwitchedOn(api);
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
      'Every boundary of every contract on it is crossed in order, each at its own instant; read the clock until it is ready.',
      'Billing events that were accepted before are applied first, and the clock fails where it stands when a billing system that must be asked about one gives no answer.',
      'A clock that is ready at `to` answers 200.',
    ].join(' '),
    params: IdParams,
    body: TestClockAdvance,
    answers: { 200: { ...CLOCK, description: 'It was there already' }, 202: { ...CLOCK, description: 'On its way' } },
    refusals: ['CLOCK_BACKWARDS', 'CLOCK_ADVANCING'],
    audit: ['clock.advanced'],
    handle: advance,
  }),
];

/**
 * Commits the advance, then has it carried out. When Temporal is out of reach the clock stays on its way, and the sweep
 * starts it as soon as there is a server: like a generation job, an advance that was granted is not lost.
 */
async function advance(
  request: HandlerRequest<z.infer<typeof IdParams>, unknown, z.infer<typeof TestClockAdvance>>,
): Promise<Answer | Refusal> {
  const { api, params, body, caller, request_id } = request;
  expectSwitchedOn(api);
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
          'an advance was not started; the sweep will see to it',
        ),
      );
  }
  return answer;
}

/** A clock as it is read. */
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

function expectSwitchedOn(api: Api): void {
  if (api.testClocks) return;
  throw new ProblemError(
    protocolProblem('NOT_FOUND', 'Test clocks are switched off here (COVENANT_TEST_CLOCKS is off).'),
  );
}
