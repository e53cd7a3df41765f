/**
 * Lists of generation jobs, newest first by the date that they show: the time of their contract. The jobs of a contract are its generation
 * history.
 *
 * Inline jobs are many, and their indexes are by channel; background jobs are few and have one index. No index has the jobs of all
 * channels in the order of their dates, so each part is read as a separate page, and the result is the newest of their rows.
 */
import type { Channel } from '../../domain/base/channel';
import { CHANNELS } from '../../domain/base/channel';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { GenerationMethod } from '../../domain/generation/generation-history';
import type { JobState } from '../../domain/generation/generation-job';
import type { Fragment, Sql } from '../base/database';
import { pageBy } from '../base/paging';
import type { Keyset } from '../base/paging';
import { STORED_JOB_COLUMNS, contractOfJob, selectJobs } from './generation-job';
import type { JobRow, JobWithContractRow } from './generation-job';

/** Give a contract, a schedule or an environment. */
export interface JobFilter {
  environment?: Environment | undefined;
  contract_id?: string | undefined;
  schedule_id?: string | undefined;
  method?: GenerationMethod | undefined;
  state?: JobState | undefined;
  from?: Instant | undefined;
  /** Not included. */
  to?: Instant | undefined;
}

/** A row of the list with its date, as its position has it. */
export type Listed<Row> = Row & { sort_key: string };

/** The jobs that an export reads at a time. */
const EXPORT_PAGE_ROWS = 1_000;

/**
 * One page of jobs; `after` is the position of the last one shown, with the id of the job. Clients see positions, and serials count the
 * jobs of the installation, so they stay here.
 */
export async function listJobs(
  sql: Sql,
  filter: JobFilter,
  after: Keyset | null,
  limit: number,
): Promise<Listed<JobWithContractRow>[]> {
  const position = after && (await positionOf(sql, after));
  if (position === undefined) return [];
  return sql<Listed<JobWithContractRow>[]>`${pageOfJobs(sql, filter, position, limit, contractOfJob(sql))}`;
}

/** The position by which the list is sorted; undefined when there is no such job. */
async function positionOf(sql: Sql, { sort_key, id }: Keyset): Promise<Keyset | undefined> {
  const [job] = await sql<{ serial: string }[]>`SELECT serial FROM generation_jobs WHERE id = ${id}`;
  return job && { sort_key, id: job.serial };
}

/** All jobs that match the filter, page by page in the order of the list. */
export async function* exportJobs(sql: Sql, filter: JobFilter): AsyncGenerator<JobRow[]> {
  let after: Keyset | null = null;
  for (;;) {
    const rows: Listed<JobRow>[] = await sql<Listed<JobRow>[]>`${pageOfJobs(sql, filter, after, EXPORT_PAGE_ROWS)}`;
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < EXPORT_PAGE_ROWS) return;
    after = { sort_key: last.sort_key, id: last.serial };
  }
}

/** `after` is a position with the serial of its job. */
function pageOfJobs(sql: Sql, filter: JobFilter, after: Keyset | null, limit: number, more?: Fragment): Fragment {
  const { environment, contract_id, state, from, to } = filter;
  const position = { key: sql`g.created_at`, type: 'instant', id: sql`g.serial` } as const;
  const page = pageBy(sql, position, { order: 'desc', after, limit });
  const parts = partsOf(sql, filter).map(
    (part) => sql`
      (SELECT ${sql(STORED_JOB_COLUMNS)} FROM generation_jobs g WHERE ${part} AND ${page.after}
       ${environment === undefined ? sql`` : sql`AND g.environment = ${environment}`}
       ${contract_id === undefined ? sql`` : sql`AND g.contract_id = ${contract_id}`}
       ${state === undefined ? sql`` : sql`AND g.state = ${state}`}
       ${from === undefined ? sql`` : sql`AND g.created_at >= ${from}`}
       ${to === undefined ? sql`` : sql`AND g.created_at < ${to}`}
       ${page.order})`,
  );
  const all = parts.reduce((union, part) => sql`${union} UNION ALL ${part}`);
  return sql`${selectJobs(sql, sql`, ${page.sort_key} AS sort_key ${more ?? sql``}`, sql`(${all})`)} ${page.order}`;
}

/** The parts of the list, each with the condition of an index. Every job that matches the filter is in exactly one. */
function partsOf(sql: Sql, { method, state, schedule_id }: JobFilter): Fragment[] {
  if (schedule_id !== undefined)
    return [method === undefined || method === 'schedule' ? ofSchedule(sql, schedule_id) : sql`false`];
  const channels = method === undefined ? CHANNELS : CHANNELS_BY_METHOD[method];
  const of_channels = sql`g.channel = ANY(${[...channels]})`;
  const inline = channels.map((channel) => sql`g.execution = 'inline' AND g.channel = ${channel}`);
  const background = sql`g.execution = 'background' AND ${of_channels}`;
  const imported = sql`g.execution = 'import' AND ${of_channels}`;
  const both = [...inline, background];
  const parts = {
    manual: inline,
    api: inline,
    background_job: [background],
    schedule: both,
    replenishment: both,
    import: [imported],
  };
  const of_method = method === undefined ? [...both, imported] : parts[method];
  if (state === undefined || state === 'SUCCEEDED') return of_method;
  // Inline jobs have succeeded. Postgres does not derive the condition of the index from a state that is a parameter.
  if (method === undefined) return [sql`${of_channels} AND g.state <> 'SUCCEEDED'`];
  const unfinished = of_method.filter((part) => part === background || part === imported);
  return unfinished.length > 0 ? unfinished.map((part) => sql`${part} AND g.state <> 'SUCCEEDED'`) : [sql`false`];
}

/** The jobs of a schedule. It has at most one each day, so they are looked up by their ids and sorted. */
function ofSchedule(sql: Sql, schedule_id: string): Fragment {
  return sql`g.id = ANY(ARRAY(SELECT job_id FROM schedule_runs WHERE schedule_id = ${schedule_id} AND job_id IS NOT NULL))`;
}

/** The channels of the jobs with a method (`methodOf`). */
const CHANNELS_BY_METHOD: Record<GenerationMethod, readonly Channel[]> = {
  manual: ['ui'],
  api: ['api'],
  background_job: ['ui', 'api'],
  schedule: ['schedule'],
  replenishment: ['replenish'],
  import: CHANNELS,
};
