/** What is known of a contract's invoices. `transactions/contract/` writes it together with the contract. */
import { sameJson } from '../../domain/base/json';
import type { Invoice } from '../../domain/billing/invoice';
import { columnNames, ofAlias } from '../base/columns';
import type { Sql } from '../base/database';
import { mergedStatement } from '../base/merged-statement';

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

/** Writes the invoices that changed. Call it in the transaction of the contract's change. */
export async function saveInvoices(tx: Sql, contract_id: string, before: Invoice[], after: Invoice[]): Promise<void> {
  for (const { source, invoice_id } of before)
    if (!after.some((invoice) => invoice.source === source && invoice.invoice_id === invoice_id))
      await tx`DELETE FROM invoice_facts WHERE contract_id = ${contract_id} AND source = ${source} AND invoice_id = ${invoice_id}`;
  const changed = after.filter((invoice) => !before.some((old) => sameJson(old, invoice)));
  if (changed.length > 0) await upsertInvoices(tx, { contract_id, changed });
}

const upsertInvoices = mergedStatement(
  'save invoices',
  async (tx, inputs: readonly { contract_id: string; changed: readonly Invoice[] }[]) => {
    const rows = inputs.flatMap(({ contract_id, changed }) => changed.map((invoice) => ({ ...invoice, contract_id })));
    const columns = [...INVOICE_COLUMNS, 'contract_id'];
    await tx`
      INSERT INTO invoice_facts (${tx(columns)})
      SELECT ${tx(columns)} FROM jsonb_populate_recordset(NULL::invoice_facts, ${tx.json(rows)})
      ON CONFLICT (contract_id, source, invoice_id) DO UPDATE
      SET status = excluded.status, due_date = excluded.due_date, disputed_on = excluded.disputed_on,
          occurred_at = excluded.occurred_at, version = excluded.version, fetched_at = excluded.fetched_at, rank = excluded.rank`;
    return inputs.map(() => undefined);
  },
);

/** An invoice that is stored for another contract. */
export interface InvoiceElsewhere {
  contract_id: string;
  timezone: string;
  invoice: Invoice;
}

/** An invoice, and the contract to which it belongs by an event. */
export interface OwnedInvoice extends Pick<Invoice, 'source' | 'invoice_id'> {
  contract_id: string;
}

/** An invoice that is stored for another contract than the one to which it belongs. */
export interface MisplacedInvoice extends InvoiceElsewhere {
  belongs_to: string;
}

/** Finds the invoices that are stored for other contracts: an invoice belongs to one contract. */
export async function findInvoicesElsewhere(sql: Sql, owned: readonly OwnedInvoice[]): Promise<MisplacedInvoice[]> {
  if (owned.length === 0) return [];
  type Row = Invoice & { belongs_to: string; contract_id: string; timezone: string; version: string | null };
  const rows = await sql<Row[]>`
    SELECT o.contract_id AS belongs_to, i.contract_id, ${sql(ofAlias('i', INVOICE_COLUMNS))}, c.timezone
    FROM unnest(${owned.map(({ contract_id }) => contract_id)}::uuid[], ${owned.map(({ source }) => source)}::text[],
                ${owned.map(({ invoice_id }) => invoice_id)}::text[]) AS o (contract_id, source, invoice_id)
    JOIN invoice_facts i ON i.invoice_id = o.invoice_id AND i.source = o.source AND i.contract_id <> o.contract_id
    JOIN contracts c ON c.id = i.contract_id`;
  return rows.map(({ belongs_to, contract_id, timezone, ...invoice }) => ({
    belongs_to,
    contract_id,
    timezone,
    invoice: { ...invoice, version: invoice.version === null ? null : Number(invoice.version) },
  }));
}
