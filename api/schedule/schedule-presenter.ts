/** How schedules of a contract and their runs are shown. */
import type { Caller } from '../../domain/access/caller';
import type { Actor } from '../../domain/base/actor';
import { REQUEST_LICENSES_MAX } from '../../domain/generation/generation-job';
import { nextRun, runsOn } from '../../domain/schedule/calendar';
import { RUN_OUTCOMES } from '../../domain/schedule/run';
import {
  SCHEDULE_END_REASONS,
  SCHEDULE_STATUSES,
  SCHEDULE_WARNINGS,
  scheduleActions,
  scheduleStatus,
  scheduleWarnings,
} from '../../domain/schedule/schedule';
import type { ScheduleActionName } from '../../domain/schedule/schedule';
import type { ScheduleRunRow } from '../../db/schedule/run';
import type { ShownSchedule } from '../../db/schedule/schedule';
import { scheduleName } from '../../domain/schedule/name';
import type { WrittenSchedule } from '../../transactions/schedule/schedule';
import { actionTable } from '../http/allowed-actions';
import { EmailShape } from '../http/email';
import { Id, InstantShape, LocalDateShape, LocalTimeShape, PeriodShape } from '../http/shapes';
import { z } from '../http/zod';

/** Runs that a schedule shows ahead. */
const RUNS_AHEAD = 5;

const SCHEDULE_ACTIONS = actionTable<ScheduleActionName>('ScheduleActions', {
  update: {
    operation_id: 'updateSchedule',
    description: 'Change, pause or resume the schedule; while the contract is expired, it can only be paused',
  },
  delete: { operation_id: 'deleteSchedule', description: 'Delete the schedule' },
});

/** The fields that people set, all of them required. */
export const ScheduleFields = z.strictObject({
  count: z.int().min(1).max(REQUEST_LICENSES_MAX).describe('Licenses of each run; at most the quota of the contract'),
  every: PeriodShape.describe(
    'The time from one run to the next: days, weeks, months or years, from P1D to P10Y',
  ).openapi({
    example: 'P1M',
  }),
  on_day: z
    .int()
    .min(1)
    .max(31)
    .nullable()
    .describe(
      'The day of the month (1 to 31; a shorter month runs on its last day) for months and years, or the day of the week (1 is Monday) for weeks; null: the day of `from`. Months and years are counted from the first such day: from 2027-01-31, P1Y with on_day 1 runs each 1 February.',
    ),
  at: LocalTimeShape.describe(
    'The time of day in the time zone of the contract. A time that a clock change skips is the instant of the change; of a time that occurs twice, it is the first.',
  ),
  from: LocalDateShape.describe(
    'The first day on which it may run. Runs are counted from here, never from the run before. It may be in the past: runs before now are not made.',
  ),
  until: LocalDateShape.nullable().describe('The last day on which it may run; null: it has no end'),
  assign_to: EmailShape.nullable().describe(
    'The licenses of each run are assigned to the customer with this address, who is created if there is none; null: to no customer. Those of a pool contract are assigned too, and never enter its pool.',
  ),
  enabled: z.boolean().describe('false: the schedule is paused, and has no runs meanwhile'),
});

const RunOutcomeShape = z
  .enum(RUN_OUTCOMES)
  .describe('generated: all licenses were requested; shortened: those that remained of the quota; skipped: none');
const RunCodeShape = z
  .string()
  .nullable()
  .describe(
    'Why it was shortened or skipped: the code of the refusal, such as CONTRACT_INACTIVE or QUOTA_EXCEEDED, or MISSED for a run that was late by more than 24 hours. PERSON_ERASED: the customer was erased, so the licenses were generated and assigned to no customer (event `schedule.run_unassigned`); set another `assign_to`',
  )
  .openapi({ example: 'QUOTA_EXCEEDED' });

export const ScheduleShape = z
  .object({
    id: Id.nullable().describe('null in the dry run of a creation'),
    contract_id: Id,
    status: z
      .enum(SCHEDULE_STATUSES)
      .describe(
        'active; paused: by `enabled`; completed: its last run is over; ended: deleted, or its contract is over',
      ),
    ...ScheduleFields.shape,
    assign_to: z.string().nullable(),
    customer_id: Id.nullable().describe(
      'The customer with the address in `assign_to`; null in a dry run that would create the customer',
    ),
    timezone: z.string().describe('The time zone of the contract'),
    next_run_at: InstantShape.nullable(),
    next_runs: z
      .array(z.object({ date: z.string().describe('The local day'), at: InstantShape }))
      .describe(
        `The next runs, at most ${RUNS_AHEAD}. None while it is paused; a dry run shows those that it would have if it were enabled.`,
      ),
    warnings: z
      .array(z.enum(SCHEDULE_WARNINGS))
      .describe(
        'What needs a person before the next runs. QUOTA_TOO_SMALL: the `next_runs` of this schedule alone generate more licenses than remain of the quota now, so one of them will be shortened or skipped unless the quota grows. RECIPIENT_ERASED: the customer was erased, so the licenses will be assigned to no customer; set another `assign_to`',
      ),
    last_run: z
      .object({ at: InstantShape, outcome: RunOutcomeShape, code: RunCodeShape, job_id: Id.nullable() })
      .nullable()
      .describe('`at` is when it was due'),
    ended_at: InstantShape.nullable(),
    end_reason: z.enum(SCHEDULE_END_REASONS).nullable(),
    temporal_schedule_id: z
      .string()
      .nullable()
      .describe(
        'The Schedule in Temporal; null without a next run, for a contract on a test clock, and in the dry run of a creation',
      ),
    created_at: InstantShape,
    created_by: z.string(),
    updated_at: InstantShape,
    allowed_actions: SCHEDULE_ACTIONS.shape,
    dry_run: z.literal(true).optional(),
  })
  .openapi('Schedule');

export const ScheduleRunShape = z
  .object({
    date: z.string().describe('The local day'),
    due_at: InstantShape,
    executed_at: InstantShape.describe('The time of the contract at which it was made or skipped'),
    outcome: RunOutcomeShape,
    code: RunCodeShape,
    requested: z.int().describe('The `count` of the schedule then'),
    licenses: z.int().describe('Licenses that the run has requested'),
    job_id: Id.nullable().describe('The generation job; null for a skipped run'),
    customer_id: Id.nullable().describe('The customer who gets the licenses'),
  })
  .openapi('ScheduleRun');

export function presentSchedule(row: ShownSchedule, caller: Caller): z.input<typeof ScheduleShape> {
  const { id, contract_id, count, every, on_day, at, from, until, enabled, customer_id, timezone } = row;
  const runs = row.next_date === null ? [] : runsOn(row, timezone, row.next_date, { most: RUNS_AHEAD });
  return {
    ...{ id, contract_id, status: scheduleStatus(row) },
    ...{ count, every, on_day, at, from, until, assign_to: row.customer_email, enabled },
    ...{ customer_id, timezone, next_run_at: runs[0]?.at ?? null, next_runs: runs, last_run: row.last_run as never },
    warnings: scheduleWarnings({ ...row, runs: runs.length }),
    ...{ ended_at: row.ended_at, end_reason: row.end_reason },
    temporal_schedule_id: runs.length === 0 || row.test_clock_id !== null ? null : scheduleName(id),
    ...{ created_at: row.created_at, created_by: nameOf(row.created_by), updated_at: row.updated_at },
    allowed_actions: SCHEDULE_ACTIONS.present(scheduleActions(row), caller),
  };
}

/** The answer to a dry run: without ids of what does not exist, and with the next runs also of a paused schedule. */
export function presentDryRun(
  { schedule, now, customer_created }: Omit<WrittenSchedule, 'nudge'>,
  caller: Caller,
  { creates }: { creates: boolean },
): z.input<typeof ScheduleShape> {
  const shown = presentSchedule(schedule, caller);
  const { last_date, timezone, enabled, ended_at } = schedule;
  const first = enabled || ended_at !== null ? null : nextRun(schedule, timezone, { after: now, last_date });
  const runs = first === null ? null : runsOn(schedule, timezone, first.date, { most: RUNS_AHEAD });
  return {
    ...shown,
    ...(runs && { next_runs: runs, warnings: scheduleWarnings({ ...schedule, runs: runs.length }) }),
    ...(creates ? { id: null, temporal_schedule_id: null } : {}),
    ...(customer_created ? { customer_id: null } : {}),
  };
}

const nameOf = ({ name }: Actor): string => name;

export function presentRun(run: ScheduleRunRow): z.input<typeof ScheduleRunShape> {
  const { run_date: date, due_at, executed_at, outcome, code, requested, licenses, job_id, customer_id } = run;
  return { date, due_at, executed_at, outcome, code, requested, licenses, job_id, customer_id };
}
