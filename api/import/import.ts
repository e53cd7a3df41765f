/** Imports of existing licenses: upload a file, list, read, follow, report, cancel, resume. `upload.ts` receives the file. */
import { findContract } from '../../db/contract/contract';
import { reportRows } from '../../db/import/chunk';
import type { ReportedRow } from '../../db/import/chunk';
import { findImport, listImports } from '../../db/import/import';
import type { ImportRecord } from '../../db/import/import';
import type { Sql } from '../../db/base/database';
import type { JobChange } from '../../db/generation/job-state';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { IMPORT_BYTES_MAX, IMPORT_COLUMNS, IMPORT_INLINE_ROWS_MAX, IMPORT_ROWS_MAX } from '../../domain/import/file';
import { DUPLICATE_RULES, REPORT_KEPT_DAYS, ROWS_KEPT_DAYS, SHOWN_ROWS_MAX } from '../../domain/import/import';
import { licenseIdText } from '../../domain/license/license';
import { cancelJob } from '../../transactions/generation/change-job';
import { resumeImport } from '../../transactions/import/change-import';
import { CSV, CsvQuery, INCOMPLETE_FILE_NOTE, csvAnswer } from '../http/csv';
import { PageOf, PageQuery, cursorsByCreation } from '../http/paging';
import { listHandler } from '../http/list-handler';
import { PROGRESS_ANSWER, PROGRESS_DESCRIPTION, progressAnswer } from '../http/progress-answer';
import { route } from '../http/route';
import type { Answer, HandlerRequest, Route } from '../http/route';
import { DryRunQuery, Id, IdParams } from '../http/shapes';
import { z } from '../http/zod';
import { ImportCountsShape, ImportShape, NotImportedShape, messageOf, presentImportTo } from './import-presenter';
import { uploadFile } from './upload';

const PATH = '/api/v1/contracts/:id/licenses/import';

const ImportParams = IdParams.extend({ import_id: Id });
const IMPORT = { description: 'The import', schema: ImportShape };
const IMPORT_CURSORS = cursorsByCreation('imports');
const REPORT_COLUMNS = ['row', 'key', 'license_id', 'outcome', 'code', 'message'];

const ImportQuery = z.object({
  dry_run: DryRunQuery.shape.dry_run.describe('true: read and check the file, and show the result, but change nothing'),
  duplicates: z
    .enum(DUPLICATE_RULES)
    .default('reject')
    .describe(
      'What becomes of a row whose key is in an earlier row or in the contract already: reject counts it as an error, skip does not. A key of another contract is always an error. Default: reject',
    ),
});

const DryRunShape = z
  .object({
    rows: z.int(),
    counts: ImportCountsShape,
    not_imported: z.array(NotImportedShape).describe(`The first ${SHOWN_ROWS_MAX} rows`),
    repeats: Id.nullable().describe(
      'The earlier import that the file would get again, with its counts; null: it would be imported',
    ),
    dry_run: z.literal(true),
  })
  .openapi('ImportDryRun');

const RequestedImportShape = ImportShape.extend({
  replayed: z.boolean().describe('true: the file was sent before, and this is its earlier import'),
}).openapi('RequestedLicenseImport');

const FILE = {
  description: `CSV in UTF-8, with commas, and a first row that names the columns in any order: ${IMPORT_COLUMNS.join(', ')}. Only key is required. At most ${IMPORT_ROWS_MAX} rows and ${IMPORT_BYTES_MAX} bytes; it can be compressed (Content-Encoding: gzip).`,
  media_types: ['text/csv'],
  example:
    'key,status,customer,activated_at,expires_at,devices\r\nAB12-CD34-EF56,active,ada@example.com,2026-03-01T09:00:00Z,2027-12-31,d2f1c3;a90b77\r\nGH78-IJ90-KL12,available,,,,\r\n',
};

export const importRoutes: Route[] = [
  route({
    operation_id: 'importLicenses',
    method: 'post',
    path: PATH,
    tag: 'Imports',
    summary: 'Import existing licenses',
    description: [
      `Up to ${IMPORT_INLINE_ROWS_MAX} rows are imported by the request (201). More are imported by a job (202); \`Location\` has its URL.`,
      'The imported keys validate and activate like generated ones. They get the features and the activation limit of the contract, and count in its quota: the whole file is refused when its rows do not fit. Keys that exist already need no quota.',
      'A row that cannot be imported stops no other one; the report names it. The quota of such rows is released.',
      'Nothing is imported before the file has arrived and was read to its end.',
      'A repeated file with the same `duplicates` gets its earlier import again, with `replayed`, while that runs and when it SUCCEEDED. When that ended with undecided rows it is to be resumed (IMPORT_RESUMABLE). Otherwise the file is imported again, and rows that were imported before are rows whose key the contract has already.',
    ].join(' '),
    params: IdParams,
    query: ImportQuery,
    file_body: FILE,
    repeated_by: 'the file',
    answers: {
      200: { description: 'The result of a dry run', schema: DryRunShape },
      201: { description: 'The import, which has ended', schema: RequestedImportShape, headers: ['Location'] },
      202: { description: 'The import, which a job carries out', schema: RequestedImportShape, headers: ['Location'] },
    },
    refusals: [
      'IMPORT_RESUMABLE',
      'QUOTA_EXCEEDED',
      'CONTRACT_INACTIVE',
      'CONTRACT_EXPIRED',
      'CONTRACT_TERMINATED',
      'BILLING_SUSPENDED',
      'PRODUCT_INACTIVE',
      'GENERATOR_NOT_AVAILABLE',
      'EXPIRY_IN_PAST',
    ],
    audit: ['import.requested', 'customer.created'],
    handle: (request) => uploadFile(request),
  }),
  route({
    operation_id: 'listImports',
    method: 'get',
    path: PATH,
    tag: 'Imports',
    summary: 'List the imports of a contract',
    description: 'Newest first by default; `order` reverses it. Imports stay readable after the contract is deleted.',
    params: IdParams,
    query: PageQuery.extend({ order: z.enum(['asc', 'desc']).default('desc') }),
    answers: { 200: { description: 'One page', schema: PageOf(ImportShape) } },
    audit: [],
    async handle({ api, params, query, caller }) {
      if (!(await findContract(api.db, params.id))) return notFound('contract', params.id);
      const list = listHandler(listImports, (row: ImportRecord) => presentImportTo(caller, row), IMPORT_CURSORS);
      return list({ api, query: { ...query, contract_id: params.id } });
    },
  }),
  route({
    operation_id: 'getImport',
    method: 'get',
    path: `${PATH}/:import_id`,
    tag: 'Imports',
    summary: 'Read an import',
    params: ImportParams,
    answers: { 200: IMPORT },
    audit: [],
    async handle({ api, params, caller }) {
      const row = await findOf(api.db, params);
      return isRefusal(row) ? row : { status: 200, body: presentImportTo(caller, row) };
    },
  }),
  route({
    operation_id: 'followImport',
    method: 'get',
    path: `${PATH}/:import_id/progress`,
    tag: 'Imports',
    summary: 'Follow an import',
    description: PROGRESS_DESCRIPTION,
    stream: 'progress',
    params: ImportParams,
    answers: { 200: PROGRESS_ANSWER },
    audit: [],
    async handle({ api, params, caller }) {
      const row = await findOf(api.db, params);
      return isRefusal(row) ? row : progressAnswer(api.importProgress, row.id, caller);
    },
  }),
  route({
    operation_id: 'exportImportReport',
    method: 'get',
    path: `${PATH}/:import_id/report.csv`,
    tag: 'Imports',
    summary: 'Export what became of each row of an import as CSV',
    description: `In the order of the file; the header is row 1, and blank rows do not count. Of a running import, rows without a decision are pending. Reasons are kept for ${REPORT_KEPT_DAYS} days; afterwards rows that were not imported are shown as pending. ${INCOMPLETE_FILE_NOTE}`,
    stream: 'export',
    params: ImportParams,
    query: CsvQuery,
    answers: { 200: CSV },
    audit: [],
    async handle({ api, params, query }) {
      const row = await findOf(api.db, params);
      if (isRefusal(row)) return row;
      return csvAnswer(`import-${row.id}.csv`, REPORT_COLUMNS, csvRows(reportRows(api.db, row)), query);
    },
  }),
  route({
    operation_id: 'cancelImport',
    method: 'post',
    path: `${PATH}/:import_id/cancel`,
    tag: 'Imports',
    summary: 'Cancel an import',
    description: `Imported licenses stay. It can be resumed for ${ROWS_KEPT_DAYS} days.`,
    params: ImportParams,
    answers: { 200: IMPORT },
    refusals: ['JOB_ALREADY_FINISHED'],
    audit: ['job.cancel_requested'],
    handle: (request) =>
      change(request, async (tx, by) => {
        const cancelled = await cancelJob(tx, by);
        return isRefusal(cancelled) ? cancelled : null;
      }),
  }),
  route({
    operation_id: 'resumeImport',
    method: 'post',
    path: `${PATH}/:import_id/resume`,
    tag: 'Imports',
    summary: 'Resume an import',
    description: `Claims quota for the rows that are not decided yet, and imports them; within ${ROWS_KEPT_DAYS} days after its end.`,
    params: ImportParams,
    answers: { 200: IMPORT },
    refusals: ['IMPORT_NOT_RESUMABLE', 'QUOTA_EXCEEDED', 'CONTRACT_EXPIRED', 'CONTRACT_DELETED'],
    audit: ['job.resumed'],
    handle: (request) =>
      change(request, async (tx, by) => {
        const resumed = await resumeImport(tx, by);
        return isRefusal(resumed) ? resumed : null;
      }),
  }),
];

type ImportRequest = HandlerRequest<{ id: string; import_id: string }, unknown, unknown>;

/** An import of a contract. */
async function findOf(sql: Sql, { id, import_id }: ImportRequest['params']): Promise<ImportRecord | Refusal> {
  const row = await findImport(sql, import_id);
  return row?.contract_id === id ? row : notFound('import', import_id);
}

/** Changes an import and wakes its workflow. */
function change(
  { params, write, caller, actor, now, request_id }: ImportRequest,
  run: (tx: Sql, by: JobChange) => Promise<Refusal | null>,
): Promise<Answer | Refusal> {
  const { id, import_id } = params;
  return write(
    async (tx) => {
      const before = await findOf(tx, params);
      if (isRefusal(before)) return before;
      const refusal = await run(tx, { job_id: import_id, actor, now, request_id });
      if (refusal) return refusal;
      const row = await findOf(tx, params);
      if (isRefusal(row)) return row;
      return { status: 200, body: presentImportTo(caller, row), nudge: { contract_id: null, job_ids: [import_id] } };
    },
    [
      { table: 'contracts', id },
      { table: 'jobs', id: import_id },
    ],
  );
}

async function* csvRows(batches: AsyncGenerator<ReportedRow[]>) {
  for await (const batch of batches) yield batch.map(presentReported);
}

function presentReported({ ordinal, key, license_id, outcome, code, detail }: ReportedRow) {
  return {
    ...{ row: ordinal + 1, key, license_id: license_id && licenseIdText(license_id), outcome, code },
    message: code && messageOf(code, detail),
  };
}
