/** Operations on many licenses: list, read, follow, cancel, resume. Assignments have paths of their own. */
import { findOperation, listOperations } from '../../db/license/license-operation';
import type { LicenseOperationRow, OperationFilter } from '../../db/license/license-operation';
import type { Sql } from '../../db/base/database';
import type { Caller } from '../../domain/access/caller';
import type { AdminOperationId } from '../../domain/access/permission';
import type { Act } from '../../domain/base/edit';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { LICENSE_OPERATION_KINDS, LICENSE_OPERATION_STATES } from '../../domain/license/license-operation';
import { cancelOperation, resumeOperation } from '../../transactions/license/change-operation';
import type { Api } from '../http/api';
import { actOf } from '../http/edit';
import { listHandler } from '../http/list-handler';
import { PageOf, PageQuery, cursorsByCreation } from '../http/paging';
import { PROGRESS_ANSWER, PROGRESS_DESCRIPTION, progressAnswer } from '../http/progress-answer';
import type { ProgressFeed } from '../http/progress-feed';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { Id, IdParams } from '../http/shapes';
import { z } from '../http/zod';
import {
  AssignmentShape,
  LicenseOperationShape,
  presentAssignmentTo,
  presentOperationTo,
} from './license-operation-presenter';

const OperationQuery = PageQuery.extend({
  kind: z.enum(LICENSE_OPERATION_KINDS).optional(),
  customer_id: Id.optional().describe('The customer who gets the licenses'),
  contract_id: Id.optional().describe('The contract that the filter of the operation names'),
  state: z.enum(LICENSE_OPERATION_STATES).optional(),
  order: z.enum(['asc', 'desc']).default('desc'),
});
const AssignmentQuery = OperationQuery.omit({ kind: true });

/** The routes of one resource: all operations, or those of one kind. */
interface Resource {
  path: 'license-operations' | 'assignments';
  /** The kind of its operations; undefined: every kind. */
  kind: 'assign' | undefined;
  nouns: { one: string; many: string };
  ids: Record<'list' | 'get' | 'follow' | 'cancel' | 'resume', AdminOperationId>;
  query: z.ZodType<OperationFilter & { order: 'asc' | 'desc'; limit: number; cursor?: string | undefined }> & z.ZodObject;
  shape: z.ZodObject;
  present: (caller: Caller, row: LicenseOperationRow) => object;
  progress: (api: Api) => ProgressFeed;
}

export const licenseOperationRoutes: Route[] = [
  ...routesOf({
    path: 'license-operations',
    kind: undefined,
    nouns: { one: 'an operation on licenses', many: 'operations on licenses' },
    ids: {
      list: 'listLicenseOperations',
      get: 'getLicenseOperation',
      follow: 'followLicenseOperation',
      cancel: 'cancelLicenseOperation',
      resume: 'resumeLicenseOperation',
    },
    query: OperationQuery,
    shape: LicenseOperationShape,
    present: presentOperationTo,
    progress: (api) => api.operationProgress,
  }),
  ...routesOf({
    path: 'assignments',
    kind: 'assign',
    nouns: { one: 'an assignment of licenses', many: 'assignments of licenses' },
    ids: {
      list: 'listAssignments',
      get: 'getAssignment',
      follow: 'followAssignment',
      cancel: 'cancelAssignment',
      resume: 'resumeAssignment',
    },
    query: AssignmentQuery,
    shape: AssignmentShape,
    present: presentAssignmentTo,
    progress: (api) => api.assignmentProgress,
  }),
];

function routesOf({ path, kind, nouns, ids, query, shape, present, progress }: Resource): Route[] {
  const base = `/api/v1/${path}`;
  const one = { description: nouns.one, schema: shape };
  const cursors = cursorsByCreation(path);
  const find = async (sql: Sql, id: string) => {
    const row = await findOperation(sql, id);
    return row && (kind === undefined || row.kind === kind) ? row : undefined;
  };

  /** Changes a job and wakes its workflow. */
  function change(
    { params, write, caller, ...request }: HandlerRequest<{ id: string }, unknown, unknown>,
    run: (tx: Sql, id: string, act: Act) => Promise<LicenseOperationRow | Refusal>,
  ): Promise<Answer | Refusal> {
    const { id } = params;
    return write(
      async (tx) => {
        if (!(await find(tx, id))) return notFound('license operation', id);
        const row = await run(tx, id, actOf(request));
        if (isRefusal(row)) return row;
        const nudge = { contract_id: null, job_ids: [], operations: [row] };
        return { status: 200, body: present(caller, row), nudge };
      },
      [{ table: 'license_operations', id }],
    );
  }

  return [
    route({
      operation_id: ids.list,
      method: 'get',
      path: base,
      tag: 'Licenses',
      summary: `List ${nouns.many}`,
      description:
        'Newest first by default; `order` reverses it. Requests that were carried out at once are listed too, if they changed a license.',
      query,
      answers: { 200: { description: 'One page', schema: PageOf(shape) } },
      audit: [],
      handle: ({ api, query: given, caller }) => {
        const list = listHandler(listOperations, (row) => present(caller, row), cursors);
        return list({ api, query: { ...given, ...(kind === undefined ? {} : { kind }) } });
      },
    }),
    route({
      operation_id: ids.get,
      method: 'get',
      path: `${base}/:id`,
      tag: 'Licenses',
      summary: `Read ${nouns.one}`,
      params: IdParams,
      answers: { 200: one },
      audit: [],
      async handle({ api, params, caller }) {
        const row = await find(api.db, params.id);
        return row ? { status: 200, body: present(caller, row) } : notFound('license operation', params.id);
      },
    }),
    route({
      operation_id: ids.follow,
      method: 'get',
      path: `${base}/:id/progress`,
      tag: 'Licenses',
      summary: `Follow ${nouns.one}`,
      description: PROGRESS_DESCRIPTION,
      stream: 'progress',
      params: IdParams,
      answers: { 200: PROGRESS_ANSWER },
      audit: [],
      async handle({ api, params, caller }) {
        const row = await find(api.db, params.id);
        return row ? progressAnswer(progress(api), params.id, caller) : notFound('license operation', params.id);
      },
    }),
    route({
      operation_id: ids.cancel,
      method: 'post',
      path: `${base}/:id/cancel`,
      tag: 'Licenses',
      summary: `Cancel ${nouns.one}`,
      description: 'Licenses that are changed stay changed.',
      params: IdParams,
      answers: { 200: one },
      refusals: ['OPERATION_ALREADY_FINISHED'],
      audit: ['license_operation.cancel_requested'],
      handle: (request) => change(request, cancelOperation),
    }),
    route({
      operation_id: ids.resume,
      method: 'post',
      path: `${base}/:id/resume`,
      tag: 'Licenses',
      summary: `Resume ${nouns.one}`,
      description:
        'It goes on after the last license that it decided about; with a `limit`, also with licenses that were generated since.',
      params: IdParams,
      answers: { 200: one },
      refusals: ['OPERATION_NOT_RESUMABLE'],
      audit: ['license_operation.resumed'],
      handle: (request) => change(request, resumeOperation),
    }),
  ];
}
