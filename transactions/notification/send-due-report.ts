/** Writes the event of a report that is due, from which its mail follows. */
import { insertAudit } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { lockQuota } from '../../db/contract/quota';
import { findContractOfReport, lockDueReport, moveReportSchedule } from '../../db/notification/report-schedule';
import { SCHEDULE } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import { dueReport } from '../../domain/notification/report-schedule';

/**
 * Writes the newest report of a schedule that is due, with its audit row, and moves the schedule to the next one: in one transaction under
 * the lock of the schedule, so each is written once. Nothing is sent of a contract that is terminated; its schedule waits. Returns whether
 * the schedule was moved: false when another transaction does so. Call it inside a transaction.
 */
export async function sendDueReport(tx: Sql, schedule_id: string, real_now: Instant): Promise<boolean> {
  const of_contract = await findContractOfReport(tx, schedule_id);
  if (of_contract === undefined) return false;
  // Before the schedule, as a deletion of the contract does.
  await lockQuota(tx, of_contract);
  const schedule = await lockDueReport(tx, schedule_id);
  if (schedule === undefined || schedule.next_date === null) return false;
  const { contract_id, environment, timezone, clock_now, frequency, next_date, is_over } = schedule;
  const now = clock_now ?? real_now;
  const { due, next } = dueReport(schedule, timezone, { next_date, now });
  const sent = is_over ? null : due;
  await moveReportSchedule(tx, schedule_id, { sent, next });
  if (sent === null) return true;
  const said = { schedule_id, frequency, date: sent.date, due_at: sent.at };
  const subject = { subject_type: 'report_schedule', subject_id: schedule_id, contract_id, environment } as const;
  const clock = clock_now === null ? 'real' : 'test';
  await insertAudit(tx, [{ at: now, actor: SCHEDULE, action: 'report.due', ...subject, after: said, clock }]);
  const data = { contract_id, ...said };
  await insertDomainEvents(tx, contract_id, [{ at: now, type: 'report.due', environment, data }]);
  return true;
}
