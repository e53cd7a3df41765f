/** Schedules of reports of a contract: on their days, people get its report by mail. */
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { REPORT_SCHEDULES_MAX } from '../../domain/notification/report-schedule';
import type { Sql } from '../../db/base/database';
import { findContract } from '../../db/contract/contract';
import { findReportSchedule, listReportSchedules } from '../../db/notification/report-schedule';
import {
  createReportSchedule,
  editReportSchedule,
  removeReportSchedule,
} from '../../transactions/notification/report-schedule';
import type { WrittenReportSchedule } from '../../transactions/notification/report-schedule';
import { readReportReach } from '../../transactions/notification/report-reach';
import { contractActOf, hideDeletedContract } from '../contract/command';
import type { CommandRequest } from '../contract/command';
import { PageOf, PageQuery, cursorsById, pageOf } from '../http/paging';
import { route } from '../http/route';
import type { Answer, Route } from '../http/route';
import { DryRunQuery, Id, IdParams } from '../http/shapes';
import { ReportFields, ReportScheduleShape, presentReportSchedule } from './report-schedule-presenter';

const { on_day, at, enabled } = ReportFields.shape;
const ReportCreate = ReportFields.extend({
  on_day: on_day.default(1),
  at: at.default('06:00'),
  enabled: enabled.default(true),
}).openapi('ReportScheduleCreate');
const ReportEditShape = ReportFields.partial().openapi('ReportScheduleEdit');

const ReportParams = IdParams.extend({ report_schedule_id: Id });
const CURSORS = cursorsById('report-schedules');
const PATH = '/api/v1/contracts/:id/report-schedules';

export const reportScheduleRoutes: Route[] = [
  route({
    operation_id: 'createReportSchedule',
    method: 'post',
    path: PATH,
    tag: 'Notifications',
    summary: 'Send the report of a contract by mail on the days of a calendar',
    description: `Weekly, monthly or quarterly (in January, April, July and October), at a local time of the contract. When it is due, the event \`report.due\` is written, and the people of the notification settings of kind \`report\` get a mail with the file of \`GET /contracts/{id}/report.csv\`, in which license keys are masked, or a link to it if it has more than 10 MB. After an outage, only the newest report that was missed is sent. Nothing is sent while the contract is terminated, and its schedules are deleted with it. A contract can have ${REPORT_SCHEDULES_MAX} of them.`,
    params: IdParams,
    query: DryRunQuery,
    body: ReportCreate,
    examples: {
      'Each Monday': { frequency: 'weekly', on_day: 1 },
      'At the end of each month': { frequency: 'monthly', on_day: 31, at: '18:00' },
      'Each quarter': { frequency: 'quarterly' },
    },
    answers: { 201: { description: 'Created', schema: ReportScheduleShape } },
    refusals: ['CONTRACT_DELETED', 'CONTRACT_TERMINATED', 'REPORT_SCHEDULE_EXISTS', 'TOO_MANY_REPORT_SCHEDULES'],
    audit: ['report_schedule.created'],
    handle: ({ params, query, body, ...request }) => {
      const dry_run = query.dry_run === 'true';
      const run = dry_run ? request.dryRun : request.write;
      return run(async (tx) => {
        const created = await createReportSchedule(tx, contractActOf(request, params.id), body);
        return answerOf(tx, request, created, { status: 201, dry_run });
      });
    },
  }),
  route({
    operation_id: 'listReportSchedules',
    method: 'get',
    path: PATH,
    tag: 'Notifications',
    summary: 'List the schedules of reports of a contract',
    description: 'Newest first.',
    params: IdParams,
    query: PageQuery,
    answers: { 200: { description: 'One page', schema: PageOf(ReportScheduleShape) } },
    audit: [],
    async handle({ api, params, query, caller }) {
      const after = CURSORS.read(query.cursor);
      if (!(await findContract(api.db, params.id))) return notFound('contract', params.id);
      const { rows, reach } = await api.readList(async (sql) => ({
        rows: await listReportSchedules(sql, params.id, after?.id ?? null, query.limit + 1),
        reach: await readReportReach(sql, params.id),
      }));
      // A deleted contract has no schedules.
      if (isRefusal(reach)) return { status: 200, body: { data: [], next_cursor: null } };
      return {
        status: 200,
        body: pageOf(rows, query.limit, (row) => presentReportSchedule(row, reach, caller), CURSORS),
      };
    },
  }),
  route({
    operation_id: 'getReportSchedule',
    method: 'get',
    path: `${PATH}/:report_schedule_id`,
    tag: 'Notifications',
    summary: 'Read a schedule of reports',
    params: ReportParams,
    answers: { 200: { description: 'The schedule', schema: ReportScheduleShape } },
    audit: [],
    async handle({ api, params, caller }) {
      const schedule = await findReportSchedule(api.db, params.id, params.report_schedule_id);
      if (!schedule) return notFound('report schedule', params.report_schedule_id);
      const reach = await readReportReach(api.db, params.id);
      if (isRefusal(reach)) return hideDeletedContract(caller, reach);
      return { status: 200, body: presentReportSchedule(schedule, reach, caller) };
    },
  }),
  route({
    operation_id: 'updateReportSchedule',
    method: 'patch',
    path: `${PATH}/:report_schedule_id`,
    tag: 'Notifications',
    summary: 'Change, pause or resume a schedule of reports',
    description:
      'A changed calendar begins with its first report after now, and not on the day of the last one. While the contract is terminated, a schedule can only be paused.',
    params: ReportParams,
    query: DryRunQuery,
    body: ReportEditShape,
    examples: { Pause: { enabled: false }, 'On the last day of the month': { frequency: 'monthly', on_day: 31 } },
    answers: { 200: { description: 'The schedule', schema: ReportScheduleShape } },
    refusals: ['CONTRACT_DELETED', 'CONTRACT_TERMINATED', 'REPORT_SCHEDULE_EXISTS'],
    audit: ['report_schedule.updated'],
    handle: ({ params, query, body, ...request }) => {
      const dry_run = query.dry_run === 'true';
      const run = dry_run ? request.dryRun : request.write;
      return run(async (tx) => {
        const edited = await editReportSchedule(tx, contractActOf(request, params.id), params.report_schedule_id, body);
        return answerOf(tx, request, edited, { status: 200, dry_run });
      });
    },
  }),
  route({
    operation_id: 'deleteReportSchedule',
    method: 'delete',
    path: `${PATH}/:report_schedule_id`,
    tag: 'Notifications',
    summary: 'Delete a schedule of reports',
    params: ReportParams,
    answers: { 204: { description: 'Deleted' } },
    refusals: ['CONTRACT_DELETED'],
    audit: ['report_schedule.deleted'],
    handle: ({ params, ...request }) =>
      request.write(async (tx) => {
        const deleted = await removeReportSchedule(tx, contractActOf(request, params.id), params.report_schedule_id);
        if (isRefusal(deleted)) return hideDeletedContract(request.caller, deleted);
        return { status: 204, nudge: deleted.nudge };
      }),
  }),
];

async function answerOf(
  tx: Sql,
  request: CommandRequest,
  written: WrittenReportSchedule | Refusal,
  { status, dry_run }: { status: 200 | 201; dry_run: boolean },
): Promise<Answer | Refusal> {
  if (isRefusal(written)) return hideDeletedContract(request.caller, written);
  const reach = await readReportReach(tx, written.schedule.contract_id);
  if (isRefusal(reach)) return hideDeletedContract(request.caller, reach);
  const shown = presentReportSchedule(written.schedule, reach, request.caller);
  const body = dry_run && status === 201 ? { ...shown, id: null } : shown;
  return { status, body, nudge: written.nudge };
}
