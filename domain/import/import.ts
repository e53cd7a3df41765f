/** An import of licenses from a file: how its rows are counted, its states, and what can be done with it. */
import { allowedUnless, isRefusal, refuse } from '../base/refusal';
import type { Allowed, Refusal } from '../base/refusal';
import { cancelDecision, isUnfinished } from '../generation/generation-job';
import type { JobState } from '../generation/generation-job';

/** What becomes of a row whose key the file or the contract has already: `reject` counts it as an error, `skip` does not. */
export const DUPLICATE_RULES = ['reject', 'skip'] as const;
export type DuplicateRule = (typeof DUPLICATE_RULES)[number];

/** What became of a row. `pending`: it is not decided yet, or the import was cancelled before. */
export const IMPORT_OUTCOMES = ['imported', 'skipped', 'rejected', 'pending'] as const;
export type ImportOutcome = (typeof IMPORT_OUTCOMES)[number];

/** How many rows of a file have each outcome. */
export type ImportCounts = Record<ImportOutcome, number>;

/** How long the rows of an import that is not finished are kept, with the data of customers in them, so that it can be resumed. */
export const ROWS_KEPT_DAYS = 7;
/** How long the report about single rows is kept. The counts stay. */
export const REPORT_KEPT_DAYS = 90;
/** A file that has not arrived completely after this time is given up, in minutes. */
export const UPLOAD_MINUTES_MAX = 60;

/** Rows in an answer that say why they were not imported. The report has all. */
export const SHOWN_ROWS_MAX = 100;

export function rowsOf({ imported, skipped, rejected, pending }: ImportCounts): number {
  return imported + skipped + rejected + pending;
}

/** The progress in whole percent; 100 only when every row is decided. */
export function importPercent(counts: ImportCounts): number {
  const rows = rowsOf(counts);
  return rows === 0 ? 100 : Math.floor((100 * (rows - counts.pending)) / rows);
}

/** The final state of an import that has nothing left to try. Rows that were skipped are as requested. */
export function finalImportState(state: JobState, { imported, skipped, rejected, pending }: ImportCounts): JobState {
  if (state === 'CANCELLING') return 'CANCELLED';
  if (rejected + pending === 0) return 'SUCCEEDED';
  return imported + skipped > 0 ? 'PARTIAL' : 'FAILED';
}

/** What decides about the actions on an import. */
export interface ImportProgress {
  state: JobState;
  counts: ImportCounts;
  /** Whether its rows can still be read. */
  has_rows: boolean;
}

/** Resumes an import that has undecided rows: it was cancelled, or a part failed. */
export function resumeImportDecision({ state, counts, has_rows }: ImportProgress): 'QUEUED' | Refusal {
  if (!isUnfinished(state) && counts.pending > 0 && has_rows) return 'QUEUED';
  return refuse('IMPORT_NOT_RESUMABLE', {
    ...{ state, unfinished: isUnfinished(state), pending: counts.pending, rows_kept_days: ROWS_KEPT_DAYS },
  });
}

/**
 * What a file gets that was imported before with the same rule for duplicates: that import again, or a refusal while it can be resumed;
 * null: a new import, because rows were left that may be imported now.
 */
export function repeatDecision(earlier: ImportProgress & { id: string }): 'replay' | Refusal | null {
  const { id, state, counts } = earlier;
  if (isUnfinished(state) || state === 'SUCCEEDED') return 'replay';
  if (isRefusal(resumeImportDecision(earlier))) return null;
  return refuse('IMPORT_RESUMABLE', { import_id: id, state, pending: counts.pending });
}

export type ImportActionName = 'cancel' | 'resume';

/** Each action on an import: true, or the code of its refusal. */
export function importActions(progress: ImportProgress): Record<ImportActionName, Allowed> {
  const refusalOf = (decided: string | Refusal) => (isRefusal(decided) ? decided : null);
  return {
    cancel: allowedUnless(refusalOf(cancelDecision(progress.state))),
    resume: allowedUnless(refusalOf(resumeImportDecision(progress))),
  };
}
