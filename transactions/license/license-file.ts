/** Licenses as rows of a CSV file. */
import type { LicenseRow } from '../../db/license/license';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import { licenseIdText, licenseSource } from '../../domain/license/license';
import { licenseStatus } from '../../domain/license/license-facts';

/** The columns that the report must have (domain.md 6.1), then the origin of the license. */
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
const DATE_COLUMNS = ['assigned_at', 'activated_at', 'suspended_at', 'revoked_at'] as const;
export const CONTRACT_REPORT_COLUMNS = [...REPORT_COLUMNS, ...DATE_COLUMNS] as const;
export const EXPORT_COLUMNS = [
  ...REPORT_COLUMNS,
  ...['id', 'contract_id', 'is_test', 'contract_customer'],
  ...DATE_COLUMNS,
] as const;

/** Rows that are formatted in one pass. The features of a row have up to 16 kB. */
const FORMATTED_ROWS_MAX = 100;

/** The rows of a file, in batches so small that formatting the largest features takes only a few milliseconds. */
export async function* licenseFileRows(
  batches: AsyncIterable<LicenseRow[]>,
  now: Instant,
): AsyncGenerator<JsonObject[]> {
  for await (const batch of batches) {
    for (let first = 0; first < batch.length; first += FORMATTED_ROWS_MAX)
      yield batch.slice(first, first + FORMATTED_ROWS_MAX).map((row) => csvRow(row, now));
  }
}

function csvRow(row: LicenseRow, now: Instant): JsonObject {
  return {
    key: row.key,
    status: licenseStatus(row, row.clock_now ?? now),
    customer: row.customer_email,
    activations: row.activations,
    created_at: row.created_at,
    features: JSON.stringify(row.features),
    expires_at: row.expires_at,
    job: row.contract_id === null ? null : row.job_id,
    source: licenseSource(row.contract_name),
    id: licenseIdText(row.id),
    contract_id: row.contract_id,
    is_test: row.is_test,
    contract_customer: row.contract_customer_email,
    assigned_at: row.assigned_at,
    activated_at: row.activated_at,
    suspended_at: row.suspended_at,
    revoked_at: row.revoked_at,
  };
}
