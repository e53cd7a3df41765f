/** Reads what a mail says now. */
import type { Sql } from '../../db/base/database';
import { findMailFacts, listDigestFacts, listMailInvoices, listMailLicenses } from '../../db/notification/content';
import { findInstallationSettings } from '../../db/notification/settings';
import { parseLicenseId } from '../../domain/license/license';
import { mailContent } from '../../domain/notification/compose';
import type { LoadedMail } from '../../domain/notification/content';
import type { MailExtras, MailFacts } from '../../domain/notification/facts';
import { NOTIFICATION_KINDS } from '../../domain/notification/kind';

/**
 * What the mail of a notification says, with its files; null when there is no such notification.
 * @param public_url the origin of the API
 */
export async function loadMailContent(
  db: Sql,
  notification_id: string,
  { public_url }: { public_url: string },
): Promise<LoadedMail | null> {
  const facts = await findMailFacts(db, notification_id);
  if (!facts) return null;
  const { time_zone } = await findInstallationSettings(db);
  const content = mailContent(facts, await loadExtras(db, facts), { public_url, timezone: time_zone });
  return { content, attachments: [] };
}

async function loadExtras(db: Sql, facts: MailFacts): Promise<MailExtras> {
  const { id, kind, contract, event_data } = facts;
  const needs_invoices = contract !== null && (kind === 'past_due' || kind === 'suspended');
  return {
    invoices: needs_invoices ? await listMailInvoices(db, contract.id) : [],
    licenses: NOTIFICATION_KINDS[kind].carries_keys ? await listMailLicenses(db, licenseIds(event_data)) : [],
    items: kind === 'digest' ? await listDigestFacts(db, id) : [],
    has_report: false,
  };
}

/** The stored ids of the licenses that an event names. */
function licenseIds(data: MailFacts['event_data']): string[] {
  const named = data?.['license_ids'];
  return (Array.isArray(named) ? named : []).map((id) => parseLicenseId(String(id))).filter((id) => id !== null);
}
