/** Licenses: list, read, and take out as CSV. They are made by generation alone. */
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import {
  LICENSE_STATUSES,
  licenseIdText,
  licenseSource,
  licenseStatus,
  parseLicenseId,
} from '../../domain/license/license';
import { maskKey } from '../../domain/catalogue/license-key';
import { notFound } from '../../domain/base/refusal';
import { seesLicenseKeys } from '../../domain/access/caller';
import type { AdminCaller, Caller } from '../../domain/access/caller';
import { findContract } from '../../db/contract/contract';
import { findJob } from '../../db/generation/generation-job';
import { exportLicenses, findLicense, listLicenses } from '../../db/license/license';
import type { LicenseFilter, LicenseRow } from '../../db/license/license';
import { csvAnswer } from '../http/csv';
import { PageOf, PageQuery, cursorsOf, pageOf } from '../http/paging';
import { ProblemError, protocolProblem } from '../http/problem';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { EnvironmentShape, Id, IdParams, InstantShape, SearchShape } from '../http/shapes';
import { z } from '../http/zod';

const LicenseIdShape = z.string().describe('Opaque').openapi({ example: 'lic_167772161' });

const LicenseShape = z
  .object({
    id: LicenseIdShape,
    key: z.string().describe('The license key; viewers see its last four characters'),
    status: z
      .enum(LICENSE_STATUSES)
      .describe('Derived from expires_at and the clock, that of its contract where it has one'),
    source: z.string().describe('Where it comes from; a deleted contract keeps its last name here'),
    contract_id: Id,
    job_id: Id.describe('The generation job that made it'),
    ordinal: z.int().describe('Its number within the job, from 1'),
    environment: EnvironmentShape,
    is_test: z.boolean().describe('Made while the contract was a draft'),
    product_id: Id,
    generator_id: Id,
    customer_id: Id.nullable().describe('The customer of its contract'),
    features: z.record(z.string(), z.unknown()).describe('What it grants, fixed when it was made'),
    activation_limit: z.int().nullable().describe('Devices it may be active on; null: unlimited'),
    expires_at: InstantShape.nullable().describe('From then on it is not valid; null: never'),
    created_at: InstantShape,
    channel: z.enum(['ui', 'api']),
  })
  .openapi('License');

const LicenseFilterQuery = z.object({
  environment: EnvironmentShape.optional().describe('production, unless contract_id or job_id names one'),
  contract_id: Id.optional(),
  job_id: Id.optional(),
  customer_id: Id.optional().describe('The customer of the contract'),
  source: SearchShape.optional().describe('As it is shown, whole: Contract: <name>'),
  status: z.enum(LICENSE_STATUSES).optional(),
  is_test: z.enum(['true', 'false']).optional(),
  search: SearchShape.optional().describe('A whole key, a whole id, or the first three or more characters of keys'),
});

const LicenseQuery = LicenseFilterQuery.extend(PageQuery.shape).extend({
  order: z.enum(['asc', 'desc']).default('desc'),
});

/** What the business asks for (domain.md 6.1), then where the license comes from. */
const REPORT_COLUMNS = [
  'key',
  'status',
  'customer',
  'activations',
  'created_at',
  'features',
  'expires_at',
  'job',
  'source',
] as const;
const EXPORT_COLUMNS = [...REPORT_COLUMNS, 'id', 'contract_id', 'is_test'] as const;

/** Rows that become text in one pass; features have up to 16 kB each. */
const TEXT_ROWS = 100;

/** What callers of every file must know. */
const INCOMPLETE_FILE_NOTE =
  'When the file cannot be finished, the connection is closed before the end of the answer: after an error, when the key is revoked, when the client takes nothing for 30 seconds, and after an hour.';

const CSV = { description: 'The file', media_type: 'text/csv', schema: z.string() };

const LICENSE_CURSORS = cursorsOf('licenses', { id: (text) => parseLicenseId(licenseIdText(text)) !== null });

export const licenseRoutes: Route[] = [
  route({
    operation_id: 'listLicenses',
    method: 'get',
    path: '/api/v1/licenses',
    tag: 'Licenses',
    summary: 'List licenses',
    description: 'Newest first, unless `order` says otherwise. Viewers get masked keys and search by id only.',
    query: LicenseQuery,
    answers: { 200: { description: 'One page', schema: PageOf(LicenseShape) } },
    audit: [],
    async handle({ api, query, caller, now }) {
      const after = LICENSE_CURSORS.read(query.cursor)?.id ?? null;
      refuseKeySearch(caller, query.search);
      const rows = await api.readList((sql) =>
        listLicenses(sql, filterOf(query), {
          order: query.order,
          after,
          limit: query.limit + 1,
          now,
        }),
      );
      const body = pageOf(rows, query.limit, (row) => presentLicense(row, caller, now), LICENSE_CURSORS);
      return { status: 200, body };
    },
  }),
  route({
    operation_id: 'exportLicenses',
    method: 'get',
    path: '/api/v1/licenses.csv',
    tag: 'Licenses',
    summary: 'Take licenses out as CSV',
    description: `The filters of the list, oldest first, without an end to the number of rows. Licenses of requests that came after the beginning are left out. ${INCOMPLETE_FILE_NOTE}`,
    stream: 'export',
    query: LicenseFilterQuery,
    answers: { 200: CSV },
    audit: [],
    async handle({ api, query, now }) {
      return csvAnswer('licenses.csv', EXPORT_COLUMNS, csvRows(exportLicenses(api.db, filterOf(query), now), now));
    },
  }),
  route({
    operation_id: 'getLicense',
    method: 'get',
    path: '/api/v1/licenses/:id',
    tag: 'Licenses',
    summary: 'Read a license',
    params: z.object({ id: LicenseIdShape }),
    answers: { 200: { description: 'The license', schema: LicenseShape } },
    audit: [],
    async handle({ api, params, caller, now }) {
      const id = parseLicenseId(params.id);
      const row = id === null ? undefined : await findLicense(api.db, id);
      return row ? { status: 200, body: presentLicense(row, caller, now) } : notFound('license', params.id);
    },
  }),
  route({
    operation_id: 'exportJobLicenses',
    method: 'get',
    path: '/api/v1/jobs/:id/licenses.csv',
    tag: 'Licenses',
    summary: 'Take the licenses of a generation job out as CSV',
    description: `In the order of their ordinals; of a job still at work, those that exist. ${INCOMPLETE_FILE_NOTE}`,
    stream: 'export',
    params: IdParams,
    answers: { 200: CSV },
    audit: [],
    async handle({ api, params, now }) {
      if (!(await findJob(api.db, params.id))) return notFound('generation job', params.id);
      return csvAnswer(
        `licenses-${params.id}.csv`,
        EXPORT_COLUMNS,
        csvRows(exportLicenses(api.db, { job_id: params.id }, now), now),
      );
    },
  }),
  route({
    operation_id: 'exportContractReport',
    method: 'get',
    path: '/api/v1/contracts/:id/report.csv',
    tag: 'Licenses',
    summary: 'The report of a contract as CSV',
    description: `Every license of the contract but test licenses, also after the contract was deleted. ${INCOMPLETE_FILE_NOTE}`,
    stream: 'export',
    params: IdParams,
    answers: { 200: CSV },
    audit: [],
    async handle({ api, params, now }) {
      if (!(await findContract(api.db, params.id))) return notFound('contract', params.id);
      const licenses = exportLicenses(api.db, { contract_id: params.id, is_test: false }, now);
      return csvAnswer(`report-${params.id}.csv`, REPORT_COLUMNS, csvRows(licenses, now));
    },
  }),
];

/** A license as it is read; who may not see keys gets the end of it. */
export function presentLicense(row: LicenseRow, caller: Caller, now: Instant) {
  return {
    id: licenseIdText(row.id),
    key: seesLicenseKeys(caller) ? row.key : maskKey(row.key),
    status: licenseStatus(row.expires_at, row.clock_now ?? now),
    source: licenseSource(row.contract_name),
    contract_id: row.contract_id,
    job_id: row.job_id,
    ordinal: row.ordinal,
    environment: row.environment,
    is_test: row.is_test,
    product_id: row.product_id,
    generator_id: row.generator_id,
    customer_id: row.customer_id,
    features: row.features,
    activation_limit: row.activation_limit,
    expires_at: row.expires_at,
    created_at: row.created_at,
    channel: row.channel,
  };
}

/** The rows of a file, so few at a time that also the largest features take no more than some milliseconds. No license can be activated yet, so each has been zero times. */
async function* csvRows(batches: AsyncGenerator<LicenseRow[]>, now: Instant): AsyncGenerator<JsonObject[]> {
  for await (const batch of batches) {
    for (let first = 0; first < batch.length; first += TEXT_ROWS)
      yield batch.slice(first, first + TEXT_ROWS).map((row) => csvRow(row, now));
  }
}

function csvRow(row: LicenseRow, now: Instant): JsonObject {
  return {
    key: row.key,
    status: licenseStatus(row.expires_at, row.clock_now ?? now),
    customer: row.customer_email,
    activations: 0,
    created_at: row.created_at,
    features: JSON.stringify(row.features),
    expires_at: row.expires_at,
    job: row.job_id,
    source: licenseSource(row.contract_name),
    id: licenseIdText(row.id),
    contract_id: row.contract_id,
    is_test: row.is_test,
  };
}

/** Names of one contract or job stand for its environment too. */
function filterOf(query: z.infer<typeof LicenseFilterQuery>): LicenseFilter {
  const { environment, is_test, search, ...rest } = query;
  const named = query.contract_id !== undefined || query.job_id !== undefined;
  return {
    ...rest,
    environment: environment ?? (named ? undefined : 'production'),
    is_test: is_test === undefined ? undefined : is_test === 'true',
    search: search?.trim() || undefined,
  };
}

/** Finding a key is as good as seeing it, a character at a time. */
function refuseKeySearch(caller: AdminCaller, search: string | undefined): void {
  const text = search?.trim();
  if (!text || seesLicenseKeys(caller) || parseLicenseId(text) !== null) return;
  const { role } = caller;
  const detail = `You are ${role}; searching by key needs operator or above. Search by id (lic_…).`;
  throw new ProblemError(protocolProblem('FORBIDDEN_ROLE', detail, { metadata: { role, needed: 'operator' } }));
}
