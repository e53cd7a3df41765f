/** The licenses that an operation could not change: by pages, and as CSV. */
import { findOperation } from '../../db/license/license-operation';
import { OUTCOME_DAYS, exportOutcomes, listOutcomes } from '../../db/license/license-outcome';
import type { OutcomeRow } from '../../db/license/license-outcome';
import { notFound } from '../../domain/base/refusal';
import { licenseIdText, parseLicenseId } from '../../domain/license/license';
import { CSV, CsvQuery, INCOMPLETE_FILE_NOTE, csvAnswer } from '../http/csv';
import { PageOf, PageQuery, cursorsOf, pageOf } from '../http/paging';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { IdParams } from '../http/shapes';
import { DecidedLicenseShape, presentDecided } from './license-operation-presenter';

/** The number of a text that is no id. */
const UNKNOWN = /^-[1-9]\d{0,4}$/;
const CURSORS = cursorsOf('license_outcomes', { id: (text) => UNKNOWN.test(text) || parseLicenseId(licenseIdText(text)) !== null });
const COLUMNS = ['license_id', 'outcome', 'reason', 'other_customer_id'];
const DESCRIPTION = `Licenses that were changed, or already were as requested, are only counted. In the order of licenses, after texts of the request that are no ids; of assignments too, until \`outcomes_until\` of the operation: ${OUTCOME_DAYS} days after the last of them.`;

export const licenseOutcomeRoutes: Route[] = [
  route({
    operation_id: 'listLicenseOutcomes',
    method: 'get',
    path: '/api/v1/license-operations/:id/outcomes',
    tag: 'Licenses',
    summary: 'List the licenses that an operation could not change',
    description: DESCRIPTION,
    params: IdParams,
    query: PageQuery,
    answers: { 200: { description: 'One page', schema: PageOf(DecidedLicenseShape) } },
    audit: [],
    async handle({ api, params, query }) {
      const { id } = params;
      const after = CURSORS.read(query.cursor)?.id ?? null;
      if (!(await findOperation(api.db, id))) return notFound('license operation', id);
      const rows = await api.readList((sql) => listOutcomes(sql, id, { after, limit: query.limit + 1 }));
      return { status: 200, body: pageOf(rows, query.limit, presentDecided, CURSORS) };
    },
  }),
  route({
    operation_id: 'exportLicenseOutcomes',
    method: 'get',
    path: '/api/v1/license-operations/:id/outcomes.csv',
    tag: 'Licenses',
    summary: 'Export the licenses that an operation could not change as CSV',
    description: `${DESCRIPTION} ${INCOMPLETE_FILE_NOTE}`,
    stream: 'export',
    params: IdParams,
    query: CsvQuery,
    answers: { 200: CSV },
    audit: [],
    async handle({ api, params, query }) {
      const { id } = params;
      if (!(await findOperation(api.db, id))) return notFound('license operation', id);
      return csvAnswer(`outcomes-${id}.csv`, COLUMNS, csvRows(exportOutcomes(api.db, id)), query);
    },
  }),
];

async function* csvRows(batches: AsyncGenerator<OutcomeRow[]>) {
  for await (const batch of batches) yield batch.map((row) => ({ ...presentDecided(row) }));
}
