/** Reads what a mail says now. */
import { findNow } from '../../db/base/clock';
import type { Sql } from '../../db/base/database';
import { findMailFacts, listDigestFacts, listMailInvoices, listMailLicenses } from '../../db/notification/content';
import { findInstallationSettings } from '../../db/notification/settings';
import { parseLicenseId } from '../../domain/license/license';
import { mailContent } from '../../domain/notification/compose';
import { DIGEST_ITEMS_MAX } from '../../domain/notification/content';
import type { LoadedMail, MailAttachment } from '../../domain/notification/content';
import type { MailExtras, MailFacts } from '../../domain/notification/facts';
import { NOTIFICATION_KINDS } from '../../domain/notification/kind';
import { reportFileName } from '../../domain/notification/report-schedule';
import { reportFile } from './report-file';

/**
 * What the mail of a notification says, with its files; null when there is no such notification, and `overtaken` when what it says is no
 * longer true.
 * @param public_url the origin of the API
 */
export async function loadMailContent(
  db: Sql,
  notification_id: string,
  { public_url }: { public_url: string },
): Promise<LoadedMail | 'overtaken' | null> {
  const facts = await findMailFacts(db, notification_id);
  if (!facts) return null;
  const { time_zone } = await findInstallationSettings(db);
  const report = await loadReport(db, facts);
  const extras = { ...(await loadExtras(db, facts)), has_report: report !== null };
  const content = mailContent(facts, extras, { public_url, timezone: time_zone });
  if (content === 'overtaken') return content;
  return { content, attachments: report === null ? [] : [report] };
}

/** The file of a report; null for another kind of mail, and for a file that is too large. */
async function loadReport(db: Sql, { kind, contract, event_data }: MailFacts): Promise<MailAttachment | null> {
  if (kind !== 'report' || contract === null) return null;
  const file = await reportFile(db, { contract_id: contract.id, now: await findNow(db) });
  const date = event_data?.['date'];
  const filename = reportFileName(contract.name, typeof date === 'string' ? date : '');
  return file && { filename, content_type: 'text/csv; charset=utf-8', content: file };
}

async function loadExtras(db: Sql, facts: MailFacts): Promise<Omit<MailExtras, 'has_report'>> {
  const { id, kind, contract, event_data } = facts;
  const needs_invoices = contract !== null && (kind === 'past_due' || kind === 'suspended');
  return {
    invoices: needs_invoices ? await listMailInvoices(db, contract.id) : [],
    licenses: NOTIFICATION_KINDS[kind].carries_keys ? await listMailLicenses(db, licenseIds(event_data)) : [],
    ...(kind === 'digest' ? await listDigestFacts(db, id, DIGEST_ITEMS_MAX) : { items: [], carried: 0 }),
  };
}

/** The stored ids of the licenses that an event names. */
function licenseIds(data: MailFacts['event_data']): string[] {
  const named = data?.['license_ids'];
  return (Array.isArray(named) ? named : []).map((id) => parseLicenseId(String(id))).filter((id) => id !== null);
}
