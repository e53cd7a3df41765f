/** Inserts generation jobs with their chunks as rows, in any state and at any time, without licenses, quota and audit. */
import { randomUUID } from 'node:crypto';
import type { Database } from '../../db/base/database';
import type { Actor } from '../../domain/base/actor';
import type { Channel, JobExecution } from '../../domain/base/channel';
import type { Instant } from '../../domain/base/instant';
import type { JobState } from '../../domain/generation/generation-job';
import { TEST_ACTOR } from './contract-facts';

/** A job to insert. By default it is an inline request of an admin, with all its licenses. */
export interface JobSpec {
  contract_id: string;
  /** When it was created, by the clock of its contract. */
  at: Instant;
  requested: number;
  channel?: Channel;
  execution?: JobExecution;
  state?: JobState;
  is_test?: boolean;
  finished_at?: Instant | null;
  actor?: Actor;
  /** By default one chunk with all licenses. */
  chunks?: readonly { licenses: number; at: Instant }[];
}

/** Inserts jobs, which get serials in the order of the list, and returns their ids. */
export async function insertJobs(sql: Database, specs: readonly JobSpec[]): Promise<string[]> {
  const jobs = specs.map((spec) => ({
    channel: 'ui',
    execution: 'inline',
    state: 'SUCCEEDED',
    is_test: false,
    finished_at: spec.at,
    actor: TEST_ACTOR,
    chunks: [{ licenses: spec.requested, at: spec.at }],
    ...spec,
    id: randomUUID(),
  }));
  const chunks = jobs.flatMap(({ id, chunks }) =>
    chunks.map((chunk, chunk_no) => ({ ...chunk, job_id: id, chunk_no })),
  );
  await sql`
    INSERT INTO license_terms (contract_id, contract_revision, generator_id, generator_revision, key_format, features)
    SELECT id, revision, generator_id, 1, '{}', '{}' FROM contracts WHERE id = ANY(${[...new Set(jobs.map(({ contract_id }) => contract_id))]}::uuid[])
    ON CONFLICT DO NOTHING`;
  await sql`
    INSERT INTO generation_jobs (id, contract_id, environment, terms_id, execution, is_test, requested, chunk_size, state, channel, actor,
                                 created_at, started_at, finished_at, quota_remaining)
    SELECT j.id, j.contract_id, c.environment, (SELECT min(t.id) FROM license_terms t WHERE t.contract_id = c.id), j.execution, j.is_test,
           j.requested, 5000, j.state, j.channel, j.actor, j.at, j.at, j.finished_at, 0
    FROM ROWS FROM (jsonb_to_recordset(${sql.json(jobs as never)}) AS (
      id uuid, contract_id uuid, execution text, is_test boolean, requested int, state text, channel text, actor jsonb, at timestamptz,
      finished_at timestamptz
    )) WITH ORDINALITY AS j JOIN contracts c ON c.id = j.contract_id ORDER BY j.ordinality`;
  await sql`
    INSERT INTO generation_chunks (job_id, chunk_no, licenses, created_at)
    SELECT job_id, chunk_no, licenses, at
    FROM jsonb_to_recordset(${sql.json(chunks)}) AS c (job_id uuid, chunk_no int, licenses int, at timestamptz)`;
  return jobs.map(({ id }) => id);
}
