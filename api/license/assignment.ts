/** Assignment jobs: list, read, cancel, resume. */
import { findAssignmentJob, listAssignmentJobs } from '../../db/license/assignment-job';
import type { AssignmentJobRow } from '../../db/license/assignment-job';
import type { Sql } from '../../db/base/database';
import type { Act } from '../../domain/base/edit';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { ASSIGNMENT_STATES } from '../../domain/license/assignment-job';
import { cancelAssignment, resumeAssignment } from '../../transactions/license/change-assignment';
import { actOf } from '../http/edit';
import { listHandler } from '../http/list-handler';
import { PageOf, PageQuery, cursorsByCreation } from '../http/paging';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { Id, IdParams } from '../http/shapes';
import { z } from '../http/zod';
import { AssignmentShape, presentAssignment } from './assignment-presenter';

const AssignmentQuery = PageQuery.extend({
  customer_id: Id.optional(),
  state: z.enum(ASSIGNMENT_STATES).optional(),
  order: z.enum(['asc', 'desc']).default('desc'),
});

const ASSIGNMENT = { description: 'The assignment', schema: AssignmentShape };

const ASSIGNMENT_CURSORS = cursorsByCreation('assignments');

export const assignmentRoutes: Route[] = [
  route({
    operation_id: 'listAssignments',
    method: 'get',
    path: '/api/v1/assignments',
    tag: 'Licenses',
    summary: 'List assignments of many licenses',
    description: 'Newest first by default; `order` reverses it. Requests that are carried out at once are not listed.',
    query: AssignmentQuery,
    answers: { 200: { description: 'One page', schema: PageOf(AssignmentShape) } },
    audit: [],
    handle: listHandler(listAssignmentJobs, presentAssignment, ASSIGNMENT_CURSORS),
  }),
  route({
    operation_id: 'getAssignment',
    method: 'get',
    path: '/api/v1/assignments/:id',
    tag: 'Licenses',
    summary: 'Read an assignment of many licenses',
    params: IdParams,
    answers: { 200: ASSIGNMENT },
    audit: [],
    async handle({ api, params }) {
      const row = await findAssignmentJob(api.db, params.id);
      return row ? { status: 200, body: presentAssignment(row) } : notFound('assignment', params.id);
    },
  }),
  route({
    operation_id: 'cancelAssignment',
    method: 'post',
    path: '/api/v1/assignments/:id/cancel',
    tag: 'Licenses',
    summary: 'Cancel an assignment of many licenses',
    description: 'Licenses that are assigned stay assigned.',
    params: IdParams,
    answers: { 200: ASSIGNMENT },
    refusals: ['ASSIGNMENT_ALREADY_FINISHED'],
    audit: ['assignment.cancel_requested'],
    handle: (request) => change(request, cancelAssignment),
  }),
  route({
    operation_id: 'resumeAssignment',
    method: 'post',
    path: '/api/v1/assignments/:id/resume',
    tag: 'Licenses',
    summary: 'Resume an incomplete assignment of many licenses',
    description: 'It goes on after the last license that it decided about, also with licenses that were generated since.',
    params: IdParams,
    answers: { 200: ASSIGNMENT },
    refusals: ['ASSIGNMENT_NOT_RESUMABLE'],
    audit: ['assignment.resumed'],
    handle: (request) => change(request, resumeAssignment),
  }),
];

/** Changes a job and wakes its workflow. */
function change(
  { params, write, ...request }: HandlerRequest<{ id: string }, unknown, unknown>,
  run: (tx: Sql, id: string, act: Act) => Promise<AssignmentJobRow | Refusal>,
): Promise<Answer | Refusal> {
  const { id } = params;
  return write(
    async (tx) => {
      const row = await run(tx, id, actOf(request));
      if (isRefusal(row)) return row;
      return {
        status: 200,
        body: presentAssignment(row),
        nudge: { contract_id: null, job_ids: [], assignment_ids: [id] },
      };
    },
    [{ table: 'assignments', id }],
  );
}
