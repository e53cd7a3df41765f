/** How schedules of reports are shown. */
import type { Caller } from '../../domain/access/caller';
import { reportCalendar } from '../../domain/notification/report-schedule';
import { SUPPRESSIONS, UNREACHED_REASONS } from '../../domain/notification/plan';
import { REASONS } from '../../domain/notification/role';
import { runsOn } from '../../domain/schedule/calendar';
import { REPORT_FREQUENCIES } from '../../domain/webhook/report-event';
import type { ShownReportSchedule } from '../../db/notification/report-schedule';
import type { ReportReach } from '../../transactions/notification/report-reach';
import { actionTable } from '../http/allowed-actions';
import { Id, InstantShape, LocalTimeShape } from '../http/shapes';
import { z } from '../http/zod';

/** Reports that a schedule shows ahead. */
const REPORTS_AHEAD = 3;

const REPORT_SCHEDULE_ACTIONS = actionTable<'update' | 'delete'>('ReportScheduleActions', {
  update: { operation_id: 'updateReportSchedule', description: 'Change, pause or resume the schedule' },
  delete: { operation_id: 'deleteReportSchedule', description: 'Delete the schedule' },
});

/** The fields that people set, all of them required. */
export const ReportFields = z.strictObject({
  frequency: z.enum(REPORT_FREQUENCIES).describe('Quarterly reports are due in January, April, July and October'),
  on_day: z
    .int()
    .min(1)
    .max(31)
    .describe(
      'The day of the month (1 to 31; a shorter month has its report on its last day) of monthly and quarterly reports, or the day of the week (1 is Monday) of weekly ones',
    ),
  at: LocalTimeShape.describe(
    'The time of day in the time zone of the contract. A time that a clock change skips is the instant of the change; of a time that occurs twice, it is the first.',
  ),
  enabled: z.boolean().describe('false: the schedule is paused, and sends nothing meanwhile'),
});

const RecipientShape = z.object({
  address: z.string(),
  role: z.enum(REASONS).describe('Why this address gets it'),
  problem: z.enum(SUPPRESSIONS).nullable().describe('Why this address gets none; null: it gets the report'),
});

const ReportRunShape = z.object({ date: z.string().describe('The local day'), at: InstantShape });

export const ReportScheduleShape = z
  .object({
    id: Id.nullable().describe('null in the dry run of a creation'),
    contract_id: Id,
    status: z.enum(['active', 'paused']),
    ...ReportFields.shape,
    timezone: z.string().describe('The time zone of the contract'),
    next_report_at: InstantShape.nullable().describe('null while it is paused'),
    next_reports: z.array(ReportRunShape).describe(`The next reports, at most ${REPORTS_AHEAD}`),
    last_report: ReportRunShape.nullable().describe('The last one that was sent; `at` is when it was due'),
    recipients: z
      .array(RecipientShape)
      .describe('Who gets the report now, by the notification settings of kind `report` of the contract'),
    unreached: z
      .enum(UNREACHED_REASONS)
      .nullable()
      .describe(
        'Why the report reaches no address now: settings switch it off, no address is known, or no address takes it. null: at least one address gets it',
      ),
    created_at: InstantShape,
    created_by: z.string(),
    updated_at: InstantShape,
    allowed_actions: REPORT_SCHEDULE_ACTIONS.shape,
    dry_run: z.literal(true).optional(),
  })
  .openapi('ReportSchedule');

export function presentReportSchedule(
  row: ShownReportSchedule,
  reach: ReportReach,
  caller: Caller,
): z.input<typeof ReportScheduleShape> {
  const { id, contract_id, frequency, on_day, at, enabled, timezone, next_date, last_date, last_due_at } = row;
  const next = next_date === null ? [] : runsOn(reportCalendar(row), timezone, next_date, { most: REPORTS_AHEAD });
  return {
    ...{ id, contract_id, status: enabled ? 'active' : 'paused', frequency, on_day, at, enabled, timezone },
    ...{ next_report_at: next[0]?.at ?? null, next_reports: next },
    last_report: last_date === null || last_due_at === null ? null : { date: last_date, at: last_due_at },
    ...reach,
    ...{ created_at: row.created_at, created_by: row.created_by.name, updated_at: row.updated_at },
    allowed_actions: REPORT_SCHEDULE_ACTIONS.present({ update: true, delete: true }, caller),
  };
}
