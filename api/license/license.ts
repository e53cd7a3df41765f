/** Licenses: list, read, and export as CSV. */
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import { licenseIdText, parseLicenseId } from '../../domain/license/license';
import { notFound } from '../../domain/base/refusal';
import { listedContract, reachesContract, seesLicenseKeys } from '../../domain/access/caller';
import type { KnownCaller } from '../../domain/access/caller';
import type { Sql } from '../../db/base/database';
import { findContract } from '../../db/contract/contract';
import { findJobOf } from '../generation/generation-job-presenter';
import { exportLicenses, listLicenses } from '../../db/license/license';
import type { LicenseFilter } from '../../db/license/license-page';
import { CONTRACT_REPORT_COLUMNS, EXPORT_COLUMNS, licenseFileRows } from '../../transactions/license/license-file';
import type { Api } from '../http/api';
import { CSV, CsvQuery, INCOMPLETE_FILE_NOTE, csvAnswer } from '../http/csv';
import { PageOf, PageQuery, cursorsOf, pageOf } from '../http/paging';
import { ProblemError, protocolProblem } from '../http/problem';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { IdParams } from '../http/shapes';
import { z } from '../http/zod';
import { LICENSE_FILTER_FIELDS, StatusesOfQuery, licenseFilterOf } from './license-filter';
import { LicenseIdParams, LicenseShape, presentLicense, showLicense, withShownKeys } from './license-presenter';

const Flag = z.enum(['true', 'false']);

const LicenseFilterQuery = z.object({
  ...LICENSE_FILTER_FIELDS,
  status: StatusesOfQuery.optional(),
  has_devices: Flag.optional().describe('Whether a license is active on a device now'),
  is_test: Flag.optional(),
});

const LicenseQuery = LicenseFilterQuery.extend(PageQuery.shape).extend({
  order: z.enum(['asc', 'desc']).default('desc'),
});

const LICENSE_CURSORS = cursorsOf('licenses', { id: (text) => parseLicenseId(licenseIdText(text)) !== null });

export const licenseRoutes: Route[] = [
  route({
    operation_id: 'listLicenses',
    method: 'get',
    path: '/api/v1/licenses',
    tag: 'Licenses',
    summary: 'List licenses',
    description:
      'Newest first by default; `order` reverses it. Viewers get masked keys and can search by id only. The API key of a contract lists the licenses of its contract.',
    query: LicenseQuery,
    answers: { 200: { description: 'One page', schema: PageOf(LicenseShape) } },
    refusals: ['NOT_FOUND', 'FILTER_TOO_BROAD'],
    audit: [],
    async handle({ api, query, caller, now }) {
      const contract_id = listedContract(caller, query.contract_id);
      if (contract_id !== undefined && !reachesContract(caller, contract_id)) return notFound('contract', contract_id);
      const { job_id } = query;
      if (job_id !== undefined && !(await reachesJob(api.db, caller, job_id))) return notFound('generation job', job_id);
      const after = LICENSE_CURSORS.read(query.cursor)?.id ?? null;
      refuseKeySearch(caller, query.search);
      const rows = await api.readList((sql) =>
        listLicenses(sql, filterOf({ ...query, contract_id }), {
          order: query.order,
          after,
          limit: query.limit + 1,
          now,
        }),
      );
      const shown = await withShownKeys(api, api.db, rows, caller, now);
      const body = pageOf(shown, query.limit, (row) => presentLicense(row, caller, now), LICENSE_CURSORS);
      return { status: 200, body };
    },
  }),
  route({
    operation_id: 'exportLicenses',
    method: 'get',
    path: '/api/v1/licenses.csv',
    tag: 'Licenses',
    summary: 'Export licenses as CSV',
    description: `The same filters as the list, oldest first, with any number of rows. Licenses of requests that arrive after the start of the export are not included. ${INCOMPLETE_FILE_NOTE}`,
    stream: 'export',
    query: LicenseFilterQuery.extend(CsvQuery.shape),
    answers: { 200: CSV },
    refusals: ['FILTER_TOO_BROAD'],
    audit: [],
    async handle({ api, query, now }) {
      return csvAnswer('licenses.csv', EXPORT_COLUMNS, csvRows(api, filterOf(query), now), query);
    },
  }),
  route({
    operation_id: 'getLicense',
    method: 'get',
    path: '/api/v1/licenses/:id',
    tag: 'Licenses',
    summary: 'Read a license',
    params: LicenseIdParams,
    answers: { 200: { description: 'The license', schema: LicenseShape } },
    audit: [],
    async handle({ api, params, caller, now }) {
      const id = parseLicenseId(params.id);
      const shown = id === null ? undefined : await showLicense(api, api.db, id, caller, now);
      return shown ? { status: 200, body: shown } : notFound('license', params.id);
    },
  }),
  route({
    operation_id: 'exportJobLicenses',
    method: 'get',
    path: '/api/v1/jobs/:id/licenses.csv',
    tag: 'Licenses',
    summary: 'Export the licenses of a generation job as CSV',
    description: `In the order of their ordinals. For an unfinished job, the file has the licenses that exist. ${INCOMPLETE_FILE_NOTE}`,
    stream: 'export',
    params: IdParams,
    query: CsvQuery,
    answers: { 200: CSV },
    audit: [],
    async handle({ api, params, query, caller, now }) {
      if (!(await findJobOf(api.db, caller, params.id))) return notFound('generation job', params.id);
      return csvAnswer(
        `licenses-${params.id}.csv`,
        EXPORT_COLUMNS,
        csvRows(api, { job_id: params.id }, now),
        query,
      );
    },
  }),
  route({
    operation_id: 'exportContractReport',
    method: 'get',
    path: '/api/v1/contracts/:id/report.csv',
    tag: 'Licenses',
    summary: 'Export the report of a contract as CSV',
    description: `All licenses of the contract except test licenses, also after the contract is deleted. ${INCOMPLETE_FILE_NOTE}`,
    stream: 'export',
    params: IdParams,
    query: CsvQuery,
    answers: { 200: CSV },
    audit: [],
    async handle({ api, params, query, now }) {
      if (!(await findContract(api.db, params.id))) return notFound('contract', params.id);
      const rows = csvRows(api, { contract_id: params.id, is_test: false }, now);
      return csvAnswer(`report-${params.id}.csv`, CONTRACT_REPORT_COLUMNS, rows, query);
    },
  }),
];

/** The rows of a file, with certificates in place of the keys of signed licenses. */
function csvRows({ db, signedKeys }: Api, filter: LicenseFilter, now: Instant): AsyncGenerator<JsonObject[]> {
  return licenseFileRows(signedKeys.ofBatches(db, exportLicenses(db, filter, now), now), now);
}

function filterOf({ is_test, has_devices, ...query }: z.infer<typeof LicenseFilterQuery>): LicenseFilter {
  return licenseFilterOf({ ...query, is_test: flagOf(is_test), has_devices: flagOf(has_devices) });
}

function flagOf(given: z.infer<typeof Flag> | undefined): boolean | undefined {
  return given === undefined ? undefined : given === 'true';
}

/** Whether a job that a filter names exists for the caller. The list of an admin is empty for a job that does not exist. */
async function reachesJob(sql: Sql, caller: KnownCaller, job_id: string): Promise<boolean> {
  switch (caller.kind) {
    case 'admin':
    case 'session':
      return true;
    case 'contract':
      return (await findJobOf(sql, caller, job_id)) !== undefined;
  }
}

/** Refuses key searches of callers who may not see keys: a search could find a key one character at a time. */
function refuseKeySearch(caller: KnownCaller, search: string | undefined): void {
  const text = search?.trim();
  if (!text || caller.kind === 'contract' || seesLicenseKeys(caller) || parseLicenseId(text) !== null) return;
  const { role } = caller;
  const detail = `Your role is ${role}. Searching by key needs the role operator or above. Search by id (lic_…).`;
  throw new ProblemError(protocolProblem('FORBIDDEN_ROLE', detail, { metadata: { role, needed: 'operator' } }));
}
