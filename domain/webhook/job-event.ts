/** The domain event about work in the background that ends with failures. */
import { z } from 'zod';
import { Count, EXAMPLE, Id, eventKind } from './event-kind';

export const JOB_KINDS = ['generation', 'import', 'license_operation'] as const;

export const JOB_EVENTS = {
  'job.failed': eventKind(
    'A background job ends and has not done all that was requested: one event for each such end. A job that is resumed can end again. A cancelled job has none, and neither has an import of up to 1,000 rows, whose answer says what was rejected.',
    {
      contract_id: Id.nullable().describe('Null for an operation on licenses of several contracts'),
      kind: z
        .enum(JOB_KINDS)
        .describe('Licenses that are generated, existing licenses that are imported, or an operation on many licenses'),
      job_id: Id.describe(
        'The job (`GET /jobs/{id}`), the import (`GET /contracts/{id}/licenses/import/{import_id}`), or the operation (`GET /license-operations/{id}`)',
      ),
      state: z.enum(['PARTIAL', 'FAILED']).describe('PARTIAL: a part is done. FAILED: nothing is'),
      requested: Count.describe('Licenses or rows'),
      done: Count.describe('Those that are as requested'),
      failed: Count.describe('The others'),
      code: z.string().nullable().describe('The code of the first error of a generation job'),
    },
    {
      contract_id: EXAMPLE.contract_id,
      kind: 'generation',
      job_id: EXAMPLE.job_id,
      state: 'PARTIAL',
      requested: 5_000,
      done: 4_000,
      failed: 1_000,
      code: 'GENERATOR_KEYSPACE_EXHAUSTED',
    },
  ),
};
