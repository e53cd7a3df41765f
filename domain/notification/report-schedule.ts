/**
 * Reports of a contract that are sent by mail on the days of a calendar: which days, and which of them are due.
 *
 * The days are those of the calendar of schedules (domain/schedule/calendar.ts), counted from a fixed day: quarterly reports are due in
 * January, April, July and October, whenever they were ordered.
 */
import type { Instant, LocalDate, LocalTime } from '../base/instant';
import { refuse } from '../base/refusal';
import type { Refusal } from '../base/refusal';
import type { ContractFacts } from '../contract/facts';
import { operationRefusal } from '../contract/operations';
import { nextRun, runAfter, runsOn } from '../schedule/calendar';
import type { Run, ScheduleCalendar } from '../schedule/calendar';
import type { ReportFrequency } from '../webhook/report-event';

/** Schedules of reports of one contract. */
export const REPORT_SCHEDULES_MAX = 10;
/** A report that is larger is not attached to its mail; the mail has a link instead. */
export const REPORT_BYTES_MAX = 10 * 1024 * 1024;

/** What people set of a schedule. */
export interface ReportTerms {
  frequency: ReportFrequency;
  /** The day of the month (1 to 31) for months and quarters, the day of the week (1 is Monday) for weeks. */
  on_day: number;
  /** The local time of day. */
  at: LocalTime;
  /** False: it is paused. */
  enabled: boolean;
}

/** A Monday, and the first day of a quarter, before every contract. */
const COUNTED_FROM: LocalDate = '1900-01-01';
const EVERY = { weekly: 'P1W', monthly: 'P1M', quarterly: 'P3M' } as const satisfies Record<ReportFrequency, string>;
/** Missed reports that are passed over at once: those of years of an outage. */
const MISSED_MAX = 1_000;
const WEEK_DAYS = 7;
/** Letters of the name of a contract in that of a file. */
const FILE_NAME_LENGTH_MAX = 60;

/** The days and the time of the reports. */
export function reportCalendar({ frequency, on_day, at }: Omit<ReportTerms, 'enabled'>): ScheduleCalendar {
  return { every: EVERY[frequency], on_day, at, from: COUNTED_FROM, until: null };
}

/** Refuses what has no meaning, and reports of a contract that is over; null when the contract can have them. */
export function reportTermsRefusal(terms: ReportTerms, facts: ContractFacts): Refusal | null {
  if (terms.frequency === 'weekly' && terms.on_day > WEEK_DAYS) {
    const message = 'on_day: must be from 1 (Monday) to 7 (Sunday) for weekly reports.';
    return refuse('VALIDATION_FAILED', { path: 'on_day', message });
  }
  return terms.enabled ? operationRefusal('edit_particulars', facts, facts.settled_until) : null;
}

/** The first report after an instant, on a later day than that of the last one; null while the schedule is paused. */
export function firstReport(
  terms: ReportTerms,
  zone: string,
  { after, last_date }: { after: Instant; last_date: LocalDate | null },
): Run | null {
  return terms.enabled ? nextRun(reportCalendar(terms), zone, { after, last_date }) : null;
}

/** The newest report that is due, if one is, and the one after it. Earlier ones that were missed are left out. */
export function dueReport(
  terms: ReportTerms,
  zone: string,
  { next_date, now }: { next_date: LocalDate; now: Instant },
): { due: Run | null; next: Run | null } {
  const calendar = reportCalendar(terms);
  const due = runsOn(calendar, zone, next_date, { most: MISSED_MAX, until: now }).at(-1) ?? null;
  const next =
    due === null ? (runsOn(calendar, zone, next_date, { most: 1 })[0] ?? null) : runAfter(calendar, zone, due);
  return { due, next };
}

/** The name of the file of a report: that of its contract in plain letters, and its day. */
export function reportFileName(contract_name: string, date: string): string {
  const plain = contract_name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const words = plain.split(/[^a-z0-9]+/).filter(Boolean);
  const name = words.join('-').slice(0, FILE_NAME_LENGTH_MAX).replace(/-$/, '');
  return `${['report', name, date].filter(Boolean).join('-')}.csv`;
}
