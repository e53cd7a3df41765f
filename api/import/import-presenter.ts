/** The shapes and presenters of imports. */
import { findImport } from '../../db/import/import';
import type { ImportRecord, OutcomeOfRow } from '../../db/import/import';
import { PROGRESS_CHANNEL } from '../../db/generation/job-state';
import type { Sql } from '../../db/base/database';
import { seesLicenseKeys } from '../../domain/access/caller';
import type { Caller } from '../../domain/access/caller';
import { maskKey } from '../../domain/catalogue/license-key';
import { JOB_STATES, isUnfinished } from '../../domain/generation/generation-job';
import { IMPORT_INLINE_ROWS_MAX } from '../../domain/import/file';
import {
  DUPLICATE_RULES,
  REPORT_KEPT_DAYS,
  SHOWN_ROWS_MAX,
  importActions,
  importPercent,
} from '../../domain/import/import';
import type { ImportActionName } from '../../domain/import/import';
import { IMPORT_CODES } from '../../domain/import/row';
import type { ImportCode } from '../../domain/import/row';
import { generationJobWorkflowId } from '../../temporal/ids';
import { actionTable } from '../http/allowed-actions';
import type { FollowedKind } from '../http/progress-feed';
import { EnvironmentShape, Id, InstantShape } from '../http/shapes';
import { z } from '../http/zod';

const IMPORT_ACTIONS = actionTable<ImportActionName>('ImportActions', {
  cancel: { operation_id: 'cancelImport', description: 'Cancel the import' },
  resume: { operation_id: 'resumeImport', description: 'Go on with the rows that are not decided yet' },
});

const CodeShape = z.enum(Object.keys(IMPORT_CODES) as [ImportCode, ...ImportCode[]]);

export const ImportCountsShape = z
  .object({
    imported: z.int().describe('Licenses'),
    skipped: z.int().describe('Rows whose key the file or the contract has already, with `duplicates=skip`'),
    rejected: z.int().describe('Rows that are not imported for the reason in the report'),
    pending: z.int().describe('Rows that are not decided yet; also those after which the import was cancelled'),
  })
  .openapi('ImportCounts');

export const NotImportedShape = z
  .object({
    row: z
      .int()
      .describe(
        'The number of the row; the header is row 1. Blank rows do not count, and a row with line breaks in quoted values counts once',
      ),
    key: z.string().nullable().describe('Viewers see only its last four characters'),
    outcome: z.enum(['skipped', 'rejected']),
    code: CodeShape,
    message: z.string(),
  })
  .openapi('NotImportedRow');

export const ImportShape = z
  .object({
    id: Id.describe('Also the id of its generation job'),
    contract_id: Id,
    environment: EnvironmentShape,
    state: z
      .enum(JOB_STATES)
      .describe('SUCCEEDED: all rows are imported or skipped; PARTIAL: some are not; FAILED: none is'),
    duplicates: z.enum(DUPLICATE_RULES),
    rows: z.int(),
    counts: ImportCountsShape,
    percent: z.int().describe('Decided rows in whole percent'),
    not_imported: z.array(NotImportedShape).describe(`The first ${SHOWN_ROWS_MAX} rows; all are in the report`),
    file_bytes: z.int(),
    file_sha256: z
      .string()
      .nullable()
      .describe('Null for an import of an earlier release that ended before all rows were decided'),
    actor: z.object({ type: z.string(), id: z.string(), name: z.string() }),
    created_at: InstantShape,
    started_at: InstantShape.nullable(),
    finished_at: InstantShape.nullable(),
    report_until: InstantShape.nullable().describe(
      `Until when the report names rows that are not imported: ${REPORT_KEPT_DAYS} days after the end; null: it runs, or they are deleted`,
    ),
    workflow_id: z
      .string()
      .nullable()
      .describe('The id of its workflow in Temporal; null: the request imported the rows'),
    allowed_actions: IMPORT_ACTIONS.shape,
  })
  .openapi('LicenseImport');

/** Imports for their progress streams. */
export function followedImports(sql: Sql): FollowedKind<ImportRecord> {
  return {
    channel: PROGRESS_CHANNEL,
    readJob: (id) => findImport(sql, id),
    isUnfinished: ({ state }) => isUnfinished(state),
    present: (row) => presentImport(row, true),
  };
}

export function presentImportTo(caller: Caller, row: ImportRecord) {
  return {
    ...presentImport(row, seesLicenseKeys(caller)),
    allowed_actions: IMPORT_ACTIONS.present(importActions(row), caller),
  };
}

/** An import without the actions that a caller can run. */
function presentImport(row: ImportRecord, shows_keys: boolean) {
  const { id, contract_id, environment, state, duplicates, rows, counts, actor, created_at, started_at, finished_at } =
    row;
  return {
    ...{ id, contract_id, environment, state, duplicates, rows, counts },
    percent: importPercent(counts),
    not_imported: row.not_imported.map((one) => presentOutcome(one, shows_keys)),
    ...{ file_bytes: row.file_bytes, file_sha256: row.file_sha256 },
    actor: { type: actor.type, id: actor.id, name: actor.name },
    ...{ created_at, started_at, finished_at, report_until: row.report_until },
    workflow_id: row.chunk_size === IMPORT_INLINE_ROWS_MAX ? null : generationJobWorkflowId(id),
  };
}

/** A row that is not imported. The header is row 1 of a file. */
export function presentOutcome({ ordinal, key, outcome, code, detail }: OutcomeOfRow, shows_keys: boolean) {
  const shown_key = key === null || shows_keys ? key : maskKey(key);
  return { row: ordinal + 1, key: shown_key, outcome, code, message: messageOf(code, detail) };
}

export function messageOf(code: ImportCode, detail: string | null): string {
  const sentence = IMPORT_CODES[code];
  return detail === null ? sentence : `${sentence} ${detail}`;
}
