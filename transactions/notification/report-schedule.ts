/** Creates, edits and deletes the schedules of reports of a contract, each write under the lock of the contract and with its audit row. */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import {
  countReportSchedules,
  deleteReportSchedule,
  findReportSchedule,
  findSameSchedule,
  insertReportSchedule,
  lockReportSchedule,
  updateReportSchedule,
} from '../../db/notification/report-schedule';
import type { ShownReportSchedule } from '../../db/notification/report-schedule';
import { difference, isEmpty } from '../../domain/base/edit';
import type { JsonObject } from '../../domain/base/json';
import { isRefusal, notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import type { Nudge } from '../../domain/contract/nudge';
import { REPORT_SCHEDULES_MAX, firstReport, reportTermsRefusal } from '../../domain/notification/report-schedule';
import type { ReportTerms } from '../../domain/notification/report-schedule';
import { newId } from '../base/new-id';
import type { ChangedContract, ContractAct } from '../contract/changed-contract';
import { checkContract } from '../contract/check-contract';

export interface WrittenReportSchedule {
  schedule: ShownReportSchedule;
  /** The workflows to signal after the commit. */
  nudge: Nudge;
}

/** Fields of an edit; a field that is left out stays unchanged. */
export type ReportEdit = { [Field in keyof ReportTerms]?: ReportTerms[Field] | undefined };

/** Creates a schedule. Call it inside a transaction. */
export async function createReportSchedule(
  tx: Sql,
  act: ContractAct,
  terms: ReportTerms,
): Promise<WrittenReportSchedule | Refusal> {
  const settled = await checkContract(tx, act, (facts) => reportTermsRefusal({ ...terms, enabled: true }, facts));
  if (isRefusal(settled)) return settled;
  if (settled.refusal) return settled.refusal;
  const same = await findSameSchedule(tx, act.id, terms, null);
  if (same !== undefined) return refuse('REPORT_SCHEDULE_EXISTS', { schedule_id: same });
  if ((await countReportSchedules(tx, act.id)) >= REPORT_SCHEDULES_MAX)
    return refuse('TOO_MANY_REPORT_SCHEDULES', { max: REPORT_SCHEDULES_MAX });
  const { settled_until: now, timezone } = settled.facts;
  const id = newId(act.now);
  const next = firstReport(terms, timezone, { after: now, last_date: null });
  await insertReportSchedule(tx, { id, contract_id: act.id, terms, next, actor: act.actor, now });
  await audit(tx, settled, act, id, { action: 'report_schedule.created', before: null, after: { ...terms } });
  return written(tx, settled, id);
}

/**
 * Edits a schedule; writes nothing when nothing differs. A changed calendar begins with its first report after now, and not on the day of
 * the last one. Call it inside a transaction.
 */
export async function editReportSchedule(
  tx: Sql,
  act: ContractAct,
  id: string,
  edit: ReportEdit,
): Promise<WrittenReportSchedule | Refusal> {
  const settled = await checkContract(tx, act, () => null);
  if (isRefusal(settled)) return settled;
  const before = await lockReportSchedule(tx, act.id, id);
  if (!before) return notFound('report schedule', id);
  const terms = termsOf({ ...before, ...givenIn(edit) });
  const refusal = reportTermsRefusal(terms, settled.facts);
  if (refusal) return refusal;
  const differs = difference({ ...termsOf(before) }, { ...terms });
  if (isEmpty(differs.after)) return written(tx, settled, id);
  const same = await findSameSchedule(tx, act.id, terms, id);
  if (same !== undefined) return refuse('REPORT_SCHEDULE_EXISTS', { schedule_id: same });
  const { settled_until: now, timezone } = settled.facts;
  const next = firstReport(terms, timezone, { after: now, last_date: before.last_date });
  await updateReportSchedule(tx, id, { terms, next, now });
  await audit(tx, settled, act, id, { action: 'report_schedule.updated', ...differs });
  return written(tx, settled, id);
}

/** Deletes a schedule. Call it inside a transaction. */
export async function removeReportSchedule(tx: Sql, act: ContractAct, id: string): Promise<{ nudge: Nudge } | Refusal> {
  const settled = await checkContract(tx, act, () => null);
  if (isRefusal(settled)) return settled;
  const schedule = await lockReportSchedule(tx, act.id, id);
  if (!schedule) return notFound('report schedule', id);
  await deleteReportSchedule(tx, id);
  const before = { ...termsOf(schedule) };
  await audit(tx, settled, act, id, { action: 'report_schedule.deleted', before, after: null });
  return { nudge: settled.nudge };
}

function termsOf({ frequency, on_day, at, enabled }: ReportTerms): ReportTerms {
  return { frequency, on_day, at, enabled };
}

function givenIn(edit: ReportEdit): Partial<ReportTerms> {
  return Object.fromEntries(Object.entries(edit).filter(([, value]) => value !== undefined));
}

function audit(
  tx: Sql,
  { facts }: ChangedContract,
  act: ContractAct,
  id: string,
  change: { action: string; before: JsonObject | null; after: JsonObject | null },
): Promise<void> {
  const { id: contract_id, environment, test_clock_id, settled_until } = facts;
  const subject = { subject_type: 'report_schedule', subject_id: id, contract_id, environment } as const;
  const clock = test_clock_id === null ? 'real' : 'test';
  return auditAct(tx, { ...act, now: settled_until }, { ...subject, ...change, clock });
}

async function written(tx: Sql, { nudge, facts }: ChangedContract, id: string): Promise<WrittenReportSchedule> {
  const schedule = await findReportSchedule(tx, facts.id, id);
  if (!schedule) throw new Error(`the schedule ${id} was written and cannot be found`);
  return { schedule, nudge };
}
