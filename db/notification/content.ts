/** The facts that mails show: those of their event, contract, customer, invoices and licenses. */
import type { Invoice } from '../../domain/billing/invoice';
import type { MailFacts, LicenseOfMail } from '../../domain/notification/facts';
import { columnNames } from '../base/columns';
import type { Fragment, Sql } from '../base/database';
import { countAvailable, givenOutAfter, timeOfContract } from '../pool/level';

const INVOICE_COLUMNS = columnNames<Invoice>({
  source: true,
  invoice_id: true,
  status: true,
  due_date: true,
  disputed_on: true,
  occurred_at: true,
  version: true,
  fetched_at: true,
  rank: true,
});

/** The facts of a notification; null when there is none. */
export async function findMailFacts(sql: Sql, notification_id: string): Promise<MailFacts | null> {
  const [facts] = await selectFacts(sql, sql`n.id = ${notification_id}`);
  return facts ?? null;
}

/** The facts of the first notifications that a digest carries, the oldest first, and how many it carries. */
export async function listDigestFacts(
  sql: Sql,
  digest_id: string,
  limit: number,
): Promise<{ items: MailFacts[]; carried: number }> {
  const [{ carried }] = await sql<[{ carried: number }]>`
    SELECT count(*)::int AS carried FROM notifications WHERE digest_id = ${digest_id}`;
  const first = sql`n.id IN (SELECT id FROM notifications WHERE digest_id = ${digest_id} ORDER BY id LIMIT ${limit})`;
  return { items: await selectFacts(sql, first), carried };
}

function selectFacts(sql: Sql, which: Fragment) {
  const pool = { contract_id: sql`c.id`, after: givenOutAfter(sql), most: sql`greatest(c.low_water, 1)` };
  return sql<MailFacts[]>`
    SELECT n.id, n.kind, n.role, n.environment, n.created_at, e.type AS event_type, e.at AS event_at, e.data AS event_data,
      CASE WHEN c.id IS NOT NULL THEN jsonb_build_object(
        'id', c.id, 'name', c.name, 'type', c.type, 'timezone', c.timezone, 'end_date', c.end_date, 'renewal', c.renewal,
        'dunning', c.dunning, 'dunning_exempt', c.dunning_exempt, 'on_suspend', c.on_suspend, 'state', c.state,
        'term_number', c.term_number, 'term_length', c.term_length, 'anchor_date', c.anchor_date, 'anchor_term', c.anchor_term,
        'quota', jsonb_build_object('total', q.total, 'claimed', q.claimed), 'low_water', c.low_water,
        'available', CASE WHEN n.kind = 'low_water' THEN ${countAvailable(sql, pool)} ELSE 0 END
      ) END AS contract, ${timeOfContract(sql)} AS now,
      p.name AS product, u.id AS customer_id, u.name AS customer, coalesce(c.account_manager, u.account_manager) AS account_manager,
      a.name AS admin, w.url AS endpoint_url
    FROM notifications n LEFT JOIN domain_events e ON e.id = n.event_id LEFT JOIN contracts c ON c.id = n.contract_id
    LEFT JOIN contract_quotas q ON q.contract_id = c.id LEFT JOIN products p ON p.id = c.product_id
    LEFT JOIN customers given ON given.id = coalesce(n.customer_id, c.customer_id)
    LEFT JOIN customers u ON u.id = coalesce(given.merged_into, given.id)
    LEFT JOIN webhook_endpoints w ON n.kind = 'webhook_disabled' AND w.id = (e.data ->> 'endpoint_id')::uuid
    LEFT JOIN admins a ON n.kind = 'api_key_revealed' AND a.id::text = e.data ->> 'actor_id'
    WHERE ${which} ORDER BY n.id`;
}

/** The invoices of a contract. */
export async function listMailInvoices(sql: Sql, contract_id: string): Promise<Invoice[]> {
  return sql<Invoice[]>`
    SELECT ${sql(INVOICE_COLUMNS)} FROM invoice_facts WHERE contract_id = ${contract_id} ORDER BY due_date, invoice_id`;
}

/** The licenses with these stored ids, in their order, with the keys. */
export async function listMailLicenses(sql: Sql, ids: readonly string[]): Promise<LicenseOfMail[]> {
  return sql<LicenseOfMail[]>`
    SELECT l.id, l.key, p.name AS product, f.customer_id, f.revoked_at, coalesce(f.expires_at, j.expires_at) AS expires_at, t.own_expiry, t.is_signed
    FROM licenses l JOIN generation_jobs j ON j.serial = l.id >> 24 JOIN license_terms t ON t.id = j.terms_id
    JOIN generators g ON g.id = t.generator_id JOIN products p ON p.id = g.product_id
    LEFT JOIN license_facts f ON f.license_id = l.id
    WHERE l.id = ANY (${[...ids]}::bigint[]) ORDER BY l.id`;
}
