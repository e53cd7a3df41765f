/** The domain events about schedules of contracts. A run that generates all its licenses is a `license.batch_generated`. */
import { z } from 'zod';
import { Count, EXAMPLE, Id, InstantText, eventKind } from './event-kind';

const RUN_FIELDS = {
  contract_id: Id,
  schedule_id: Id,
  due_at: InstantText.describe('When the run was due'),
  code: z
    .string()
    .describe('Why: QUOTA_EXCEEDED, CONTRACT_INACTIVE, MISSED, PERSON_ERASED or another code of a refusal'),
  requested: Count.describe('Licenses of each run of the schedule'),
  licenses: Count.describe('Licenses that the run has requested'),
  job_id: Id.nullable(),
  remaining: Count.describe('Licenses that remain of the quota'),
};

const RUN_EXAMPLE = {
  contract_id: EXAMPLE.contract_id,
  schedule_id: '0197a3c2-cf86-7077-8eb8-a1d25e6f7a9d',
  due_at: '2027-06-07T09:30:00.000Z',
  requested: 100,
  remaining: 0,
};

export const SCHEDULE_EVENTS = {
  'schedule.run_shortened': eventKind(
    'A run of a schedule generates fewer licenses than it should, because the quota is used up.',
    RUN_FIELDS,
    { ...RUN_EXAMPLE, code: 'QUOTA_EXCEEDED', licenses: 40, job_id: EXAMPLE.job_id },
  ),
  'schedule.run_skipped': eventKind('A run of a schedule generates no licenses.', RUN_FIELDS, {
    ...RUN_EXAMPLE,
    code: 'CONTRACT_INACTIVE',
    licenses: 0,
    job_id: null,
    remaining: 60,
  }),
  'schedule.run_unassigned': eventKind(
    'The licenses of a run of a schedule are assigned to no customer, because the customer of the schedule was erased. Set another assign_to.',
    RUN_FIELDS,
    { ...RUN_EXAMPLE, code: 'PERSON_ERASED', licenses: 100, job_id: EXAMPLE.job_id, remaining: 400 },
  ),
};
