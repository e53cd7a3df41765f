/** The file of a contract's report, for a mail. */
import type { Sql } from '../../db/base/database';
import { exportLicenses } from '../../db/license/license';
import type { LicenseRow } from '../../db/license/license';
import type { Instant } from '../../domain/base/instant';
import { maskKey } from '../../domain/catalogue/license-key';
import { REPORT_BYTES_MAX } from '../../domain/notification/report-schedule';
import { csvText } from '../base/csv-text';
import { CONTRACT_REPORT_COLUMNS, licenseFileRows } from '../license/license-file';

/**
 * The CSV file of `GET /contracts/{id}/report.csv` with masked keys, because a mail holds at most ten license keys (decisions 45). Null when
 * it has more than `bytes_max`: then the mail has a link. Reading stops there, so no more than that is held in memory.
 */
export async function reportFile(
  sql: Sql,
  { contract_id, now, bytes_max = REPORT_BYTES_MAX }: { contract_id: string; now: Instant; bytes_max?: number },
): Promise<Buffer | null> {
  const header = Buffer.from(csvText(CONTRACT_REPORT_COLUMNS, [], true));
  const parts = [header];
  let bytes = header.length;
  const licenses = masked(exportLicenses(sql, { contract_id, is_test: false }, now));
  for await (const rows of licenseFileRows(licenses, now)) {
    const part = Buffer.from(csvText(CONTRACT_REPORT_COLUMNS, rows, false));
    bytes += part.length;
    if (bytes > bytes_max) return null;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function* masked(batches: AsyncIterable<LicenseRow[]>): AsyncGenerator<LicenseRow[]> {
  for await (const batch of batches) yield batch.map((row) => ({ ...row, key: maskKey(row.key) }));
}
