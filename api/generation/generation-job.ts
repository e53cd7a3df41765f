/** Generation jobs: list, read, follow, cancel, resume. The jobs of a contract are its generation history. */
import { findJob, findJobWithContract } from '../../db/generation/generation-job';
import type { JobRow } from '../../db/generation/generation-job';
import { exportJobs, listJobs } from '../../db/generation/job-list';
import type { JobFilter } from '../../db/generation/job-list';
import type { JobChange } from '../../db/generation/job-state';
import type { LockedRow } from '../../db/base/errors';
import type { Sql } from '../../db/base/database';
import { listedContract, reachesContract } from '../../domain/access/caller';
import type { Caller } from '../../domain/access/caller';
import { GENERATION_METHODS } from '../../domain/generation/generation-history';
import { JOB_STATES } from '../../domain/generation/generation-job';
import type { JobState } from '../../domain/generation/generation-job';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { cancelJob } from '../../transactions/generation/change-job';
import { resumeJob } from '../../transactions/generation/resume-job';
import { CSV, CsvQuery, INCOMPLETE_FILE_NOTE, csvAnswer } from '../http/csv';
import { PageOf, PageQuery, cursorsByCreation, pageOf } from '../http/paging';
import { PROGRESS_ANSWER, PROGRESS_DESCRIPTION, progressAnswer } from '../http/progress-answer';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { EnvironmentShape, Id, IdParams, InstantInput } from '../http/shapes';
import { z } from '../http/zod';
import { JOB_COLUMNS, JobShape, findJobOf, presentJobColumns, presentJobTo } from './generation-job-presenter';

const JobFilterQuery = z.object({
  environment: EnvironmentShape.optional().describe(
    'Default: production; with contract_id or schedule_id, the environment of the contract',
  ),
  contract_id: Id.optional(),
  schedule_id: Id.optional().describe('Jobs of the runs of this schedule'),
  method: z.enum(GENERATION_METHODS).optional(),
  state: z.enum(JOB_STATES).optional(),
  from: InstantInput.optional().describe('Jobs that were created at or after this instant'),
  to: InstantInput.optional().describe('Jobs that were created before this instant'),
});
const JobQuery = PageQuery.extend(JobFilterQuery.shape);

const JOB = { description: 'The job', schema: JobShape };

const JOB_CURSORS = cursorsByCreation('jobs');

export const jobRoutes: Route[] = [
  route({
    operation_id: 'listJobs',
    method: 'get',
    path: '/api/v1/jobs',
    tag: 'Generation',
    summary: 'List generation jobs',
    description:
      'Newest first. With contract_id, the list is the generation history of the contract, including inline requests. The time is `created_at`, by the clock of the contract.',
    query: JobQuery,
    answers: { 200: { description: 'One page', schema: PageOf(JobShape) } },
    refusals: ['NOT_FOUND'],
    audit: [],
    async handle({ api, query, caller, now }) {
      const contract_id = listedContract(caller, query.contract_id);
      if (contract_id !== undefined && !reachesContract(caller, contract_id)) return notFound('contract', contract_id);
      const after = JOB_CURSORS.read(query.cursor);
      const rows = await api.readList((sql) =>
        listJobs(sql, filterOf({ ...query, contract_id }), after, query.limit + 1),
      );
      const body = pageOf(rows, query.limit, (row) => presentJobTo(caller, row, now), JOB_CURSORS);
      return { status: 200, body };
    },
  }),
  route({
    operation_id: 'exportJobs',
    method: 'get',
    path: '/api/v1/jobs.csv',
    tag: 'Generation',
    summary: 'Export generation jobs as CSV',
    description: `The same filters and the same order as the list, with any number of rows. ${INCOMPLETE_FILE_NOTE}`,
    stream: 'export',
    query: JobFilterQuery.extend(CsvQuery.shape),
    answers: { 200: CSV },
    audit: [],
    async handle({ api, query, caller, now }) {
      return csvAnswer('jobs.csv', JOB_COLUMNS, csvRows(exportJobs(api.db, filterOf(query)), caller, now), query);
    },
  }),
  route({
    operation_id: 'getJob',
    method: 'get',
    path: '/api/v1/jobs/:id',
    tag: 'Generation',
    summary: 'Read a generation job',
    params: IdParams,
    answers: { 200: JOB },
    audit: [],
    async handle({ api, params, caller, now }) {
      const row = await findJobWithContract(api.db, params.id);
      if (!row || !reachesContract(caller, row.contract_id)) return notFound('generation job', params.id);
      return { status: 200, body: presentJobTo(caller, row, now) };
    },
  }),
  route({
    operation_id: 'followJob',
    method: 'get',
    path: '/api/v1/jobs/:id/progress',
    tag: 'Generation',
    summary: 'Follow a generation job',
    description: PROGRESS_DESCRIPTION,
    stream: 'progress',
    params: IdParams,
    answers: { 200: PROGRESS_ANSWER },
    audit: [],
    async handle({ api, params, caller }) {
      if (!(await findJobOf(api.db, caller, params.id))) return notFound('generation job', params.id);
      return progressAnswer(api.progress, params.id, caller);
    },
  }),
  route({
    operation_id: 'cancelJob',
    method: 'post',
    path: '/api/v1/jobs/:id/cancel',
    tag: 'Generation',
    summary: 'Cancel a generation job',
    description:
      'Existing licenses stay valid. The rest of the reservation returns to the quota after the chunks in flight are completed.',
    params: IdParams,
    answers: { 200: JOB },
    refusals: ['JOB_ALREADY_FINISHED'],
    audit: ['job.cancel_requested'],
    handle: (request) => changeJob(request, cancelJob),
  }),
  route({
    operation_id: 'resumeJob',
    method: 'post',
    path: '/api/v1/jobs/:id/resume',
    tag: 'Generation',
    summary: 'Resume an incomplete generation job',
    description: 'Claims quota for the missing licenses and generates exactly these.',
    params: IdParams,
    answers: { 200: JOB },
    refusals: ['JOB_NOT_RESUMABLE', 'QUOTA_EXCEEDED', 'CONTRACT_EXPIRED', 'CONTRACT_DELETED'],
    audit: ['job.resumed'],
    handle: resume,
  }),
];

/** The filter of a query. A contract and a schedule imply their environment. */
function filterOf({ environment, ...rest }: z.infer<typeof JobFilterQuery>): JobFilter {
  const of_all = rest.contract_id === undefined && rest.schedule_id === undefined;
  return { ...rest, environment: environment ?? (of_all ? 'production' : undefined) };
}

async function* csvRows(pages: AsyncGenerator<JobRow[]>, caller: Caller, now: Instant): AsyncGenerator<JsonObject[]> {
  for await (const page of pages) yield page.map((row) => presentJobColumns(row, caller, now));
}

type JobRequest = HandlerRequest<{ id: string }, unknown, unknown>;

/** Resumes a job under the lock of its contract. */
async function resume(request: JobRequest): Promise<Answer | Refusal> {
  const job = await findJob(request.api.db, request.params.id);
  if (!job) return notFound('generation job', request.params.id);
  return changeJob(request, resumeJob, [
    { table: 'contracts', id: job.contract_id },
    { table: 'jobs', id: job.id },
  ]);
}

/** Changes a job and wakes its workflow. */
async function changeJob(
  request: JobRequest,
  run: (tx: Sql, by: JobChange) => Promise<JobState | Refusal>,
  rows?: readonly LockedRow[],
): Promise<Answer | Refusal> {
  const { params, caller, actor, now, request_id } = request;
  return request.write(async (tx) => {
    const outcome = await run(tx, { job_id: params.id, actor, now, request_id });
    if (isRefusal(outcome)) return outcome;
    const row = await findJobWithContract(tx, params.id);
    return row
      ? { status: 200, body: presentJobTo(caller, row, now), nudge: { contract_id: null, job_ids: [params.id] } }
      : notFound('generation job', params.id);
  }, rows);
}
