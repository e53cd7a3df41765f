/** Who gets the reports of a contract now. */
import type { Sql } from '../../db/base/database';
import { listKnownRecipients } from '../../db/notification/recipient';
import { isRefusal } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { addressKey } from '../../domain/notification/address';
import { listRecipientsNow, reachNow } from '../../domain/notification/plan';
import { effectiveKind } from '../../domain/notification/settings';
import { readSettings } from './settings';

export type ReportReach = ReturnType<typeof reachNow>;

/** Who gets the reports of a contract now, by its mail settings. Refuses a contract that is unknown or deleted. */
export async function readReportReach(sql: Sql, contract_id: string): Promise<ReportReach | Refusal> {
  const settings = await readSettings(sql, { scope: 'contract', id: contract_id });
  if (isRefusal(settings)) return settings;
  const { scopes, holders } = settings;
  const effective = effectiveKind('report', scopes);
  const addresses = listRecipientsNow(effective, holders).map(({ address }) => address);
  const rows = await listKnownRecipients(sql, addresses);
  const known = new Map(rows.map((row) => [addressKey(row.asked), row]));
  return reachNow('report', effective, holders, known);
}
