/** The shape and the presenter of generation jobs. */
import { reachesContract } from '../../domain/access/caller';
import type { Caller } from '../../domain/access/caller';
import { jobActions } from '../../domain/generation/allowed-actions';
import type { JobActionName } from '../../domain/generation/allowed-actions';
import { GENERATION_METHODS, JOB_STATUSES, jobStatus, methodOf } from '../../domain/generation/generation-history';
import { JOB_STATES, isUnfinished, percentOf } from '../../domain/generation/generation-job';
import { IMPORT_INLINE_ROWS_MAX } from '../../domain/import/file';
import { JOB_EXECUTIONS } from '../../domain/base/channel';
import { instantFromMillis, millisOf } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { findJob } from '../../db/generation/generation-job';
import { PROGRESS_CHANNEL } from '../../db/generation/job-state';
import type { Json, JsonObject } from '../../domain/base/json';
import type { JobRow, JobWithContractRow } from '../../db/generation/generation-job';
import type { Sql } from '../../db/base/database';
import { generationJobWorkflowId } from '../../temporal/ids';
import { actionTable } from '../http/allowed-actions';
import type { FollowedKind } from '../http/progress-feed';
import { ChannelShape, EnvironmentShape, Id, InstantShape, LocalDateShape } from '../http/shapes';
import { z } from '../http/zod';

export const JOB_ACTIONS = actionTable<JobActionName>('GenerationJobActions', {
  cancel: { operation_id: 'cancelJob', description: 'Cancel the job' },
  resume: {
    operation_id: 'resumeJob',
    description: 'Generate the missing licenses; checked against the stored state of the contract',
  },
});

export const JobShape = z
  .object({
    id: Id,
    contract_id: Id,
    contract_name: z.string(),
    contract_revision: z
      .int()
      .describe('The revision of the contract that all its licenses follow, despite later changes'),
    environment: EnvironmentShape,
    execution: z
      .enum(JOB_EXECUTIONS)
      .describe(
        'inline: within the request; background: by a job, from 100 licenses on; import: of licenses that exist (/contracts/{id}/licenses/import)',
      ),
    is_test: z.boolean(),
    method: z
      .enum(GENERATION_METHODS)
      .describe(
        'Channel and execution in one word: manual or api for a request below 100 licenses, background_job from 100 on, for every caller; import',
      ),
    state: z.enum(JOB_STATES),
    status: z.enum(JOB_STATUSES).describe('The state in the words of the generation history'),
    requested: z.int(),
    completed: z.int().describe('Licenses that exist'),
    failed: z
      .int()
      .describe(
        'Licenses that could not be generated; resume retries them. Rows of an import that are not imported do not count',
      ),
    percent: z.int().describe('Completed licenses in whole percent; 100 only when all exist'),
    licenses_per_second: z
      .number()
      .nullable()
      .describe('null on a test clock, whose time does not pass during the job'),
    eta: InstantShape.nullable().describe('When the job will finish at this speed'),
    created_at: InstantShape,
    started_at: InstantShape.nullable(),
    finished_at: InstantShape.nullable(),
    channel: ChannelShape,
    schedule_id: Id.nullable().describe('The schedule of the contract whose run requested it; null for other jobs'),
    schedule_run_date: LocalDateShape.nullable().describe('The local day of that run'),
    actor: z.object({ type: z.string(), id: z.string(), name: z.string() }),
    expires_at: InstantShape.nullable().describe('When its licenses expire; null: never'),
    errors: z
      .array(z.object({ ordinal_from: z.int(), ordinal_to: z.int(), code: z.string() }))
      .describe('The first 100; empty for an import, whose report (`report_path`) says what became of each row'),
    import_path: z.string().nullable().describe('The path of the import, with its counts; null for other jobs'),
    report_path: z.string().nullable().describe('The path of the report of the import; null for other jobs'),
    allowed_actions: JOB_ACTIONS.shape,
    workflow_id: z.string().nullable().describe('The id of its workflow in Temporal; null for inline requests'),
  })
  .openapi('GenerationJob');

/** A job that exists for the caller: for the key of a contract, a job of that contract. */
export async function findJobOf(sql: Sql, caller: Caller, id: string): Promise<JobRow | undefined> {
  const job = await findJob(sql, id);
  return job && reachesContract(caller, job.contract_id) ? job : undefined;
}

/** Generation jobs for their progress streams. */
export function followedJobs(sql: Sql): FollowedKind<JobRow> {
  return {
    channel: PROGRESS_CHANNEL,
    readJob: (id) => findJob(sql, id),
    isUnfinished: ({ state }) => isUnfinished(state),
    present: presentJob,
  };
}

/** Presents a job to a caller, with the actions that the caller can run. */
export function presentJobTo(caller: Caller, row: JobWithContractRow, now: Instant) {
  const quota = { total: row.quota_total, claimed: row.quota_claimed };
  const allowed_actions = JOB_ACTIONS.present(jobActions({ ...row, quota }), caller);
  return { ...presentJob(row, now, caller), allowed_actions };
}

/** What a partner sees in place of an admin of the vendor. */
const VENDOR = { type: 'user', id: 'vendor', name: 'Vendor' };

/**
 * Presents a job with its speed and its remaining work. A job on a test clock has no speed: no time passes while it runs. The key of
 * a contract belongs to another company than the vendor, whose people it does not see.
 */
export function presentJob(row: JobRow, now: Instant, caller: Pick<Caller, 'kind'>) {
  const unfinished = isUnfinished(row.state);
  const elapsed_ms = row.started_at === null ? 0 : millisOf(row.finished_at ?? now) - millisOf(row.started_at);
  const measured = row.test_clock_id === null && elapsed_ms > 0 && row.completed > 0;
  const per_second = measured ? row.completed / (elapsed_ms / 1000) : null;
  const remaining = row.requested - row.completed;
  const eta =
    row.state === 'RUNNING' && per_second !== null
      ? instantFromMillis(millisOf(now) + (remaining / per_second) * 1000)
      : null;
  return {
    id: row.id,
    contract_id: row.contract_id,
    contract_name: row.contract_name,
    contract_revision: row.contract_revision,
    environment: row.environment,
    execution: row.execution,
    is_test: row.is_test,
    method: methodOf(row.channel, row.execution),
    state: row.state,
    status: jobStatus(row.state),
    requested: row.requested,
    completed: row.completed,
    failed: unfinished || row.state === 'CANCELLED' ? 0 : remaining,
    percent: row.requested === 0 ? 100 : percentOf(row.completed, row.requested),
    licenses_per_second: per_second === null ? null : Math.round(per_second * 10) / 10,
    eta,
    created_at: row.created_at,
    started_at: row.started_at,
    finished_at: row.finished_at,
    channel: row.channel,
    schedule_id: row.schedule_run?.schedule_id ?? null,
    schedule_run_date: row.schedule_run?.date ?? null,
    actor: caller.kind === 'contract' && row.actor.type === 'user' ? VENDOR : shownActor(row.actor),
    expires_at: row.expires_at,
    errors: row.errors,
    ...importPathsOf(row, caller),
    workflow_id: hasWorkflow(row) ? generationJobWorkflowId(row.id) : null,
  };
}

/** Where the import of a job and its report can be read. The key of a contract cannot read imports. */
function importPathsOf({ id, contract_id, execution }: JobRow, { kind }: Pick<Caller, 'kind'>) {
  if (execution !== 'import' || kind === 'contract') return { import_path: null, report_path: null };
  const import_path = `/api/v1/contracts/${contract_id}/licenses/import/${id}`;
  return { import_path, report_path: `${import_path}/report.csv` };
}

/** Whether a workflow makes the licenses of a job. A small file is imported by its request. */
function hasWorkflow({ execution, chunk_size }: JobRow): boolean {
  return execution === 'background' || (execution === 'import' && chunk_size !== IMPORT_INLINE_ROWS_MAX);
}

function shownActor({ type, id, name }: JobRow['actor']) {
  return { type, id, name };
}

/** The columns of the generation history: the five of the source, then what they are derived from. */
export const JOB_COLUMNS = [
  'date',
  'licenses',
  'method',
  'generated_by',
  'status',
  'requested',
  'failed',
  'channel',
  'execution',
  'is_test',
  'contract',
  'contract_id',
  'job_id',
  'schedule_id',
] as const;

/** A row of the generation history as a file. */
export function presentJobColumns(row: JobRow, caller: Caller, now: Instant): JsonObject {
  const job = presentJob(row, now, caller);
  return {
    date: job.created_at,
    licenses: job.completed,
    method: job.method,
    generated_by: job.actor.name,
    status: job.status,
    requested: job.requested,
    failed: job.failed,
    channel: job.channel,
    execution: job.execution,
    is_test: job.is_test,
    contract: job.contract_name,
    contract_id: job.contract_id,
    job_id: job.id,
    schedule_id: job.schedule_id,
  } satisfies Record<(typeof JOB_COLUMNS)[number], Json>;
}
