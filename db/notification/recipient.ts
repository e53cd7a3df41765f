/** Recipients of mail: addresses, each once in any letter case, and what is known about them. */
import type { Instant } from '../../domain/base/instant';
import type { KnownRecipient } from '../../domain/notification/plan';
import { columnNames, ofAlias } from '../base/columns';
import type { Fragment, Sql } from '../base/database';
import { matchesSearch } from '../base/search';

/** What planning knows about an address. */
export interface PlannedRecipient extends KnownRecipient {
  id: string;
  address: string;
}

/** Those of these addresses that have had mail, each with the address that was asked for: Postgres decides which ones are the same. */
export async function listKnownRecipients(
  tx: Sql,
  addresses: readonly string[],
): Promise<(PlannedRecipient & { asked: string })[]> {
  if (addresses.length === 0) return [];
  return tx<(PlannedRecipient & { asked: string })[]>`
    SELECT asked.address AS asked, r.id, r.address, r.language, r.digest, r.status,
           ARRAY(SELECT u.kind FROM mail_unsubscriptions u WHERE u.recipient_id = r.id ORDER BY u.kind) AS unsubscribed
    FROM unnest(${[...addresses]}::text[]) AS asked (address) JOIN mail_recipients r ON lower(r.address) = lower(asked.address)`;
}

/** Inserts addresses that are new, in one order, so that transactions with the same addresses wait for each other and not in a circle. */
export async function insertRecipients(tx: Sql, addresses: readonly string[], now: Instant): Promise<void> {
  if (addresses.length === 0) return;
  await tx`
    INSERT INTO mail_recipients (address, created_at, updated_at)
    SELECT address, ${now}, ${now} FROM unnest(${[...addresses]}::text[]) AS address ORDER BY lower(address)
    ON CONFLICT (lower(address)) DO NOTHING`;
}

/** A recipient as it is shown. */
export interface RecipientRow extends Pick<KnownRecipient, 'language' | 'digest' | 'status'> {
  id: string;
  address: string;
  status_at: Instant | null;
  status_note: string | null;
  created_at: Instant;
  updated_at: Instant;
}

const RECIPIENT_COLUMNS = columnNames<RecipientRow>({
  id: true,
  address: true,
  language: true,
  digest: true,
  status: true,
  status_at: true,
  status_note: true,
  created_at: true,
  updated_at: true,
});

/** A recipient with the kinds of mail that it does not want. */
export interface ShownRecipient extends RecipientRow {
  unsubscribed: string[];
}

function selectShown(sql: Sql): Fragment {
  return sql`
    SELECT ${sql(ofAlias('r', RECIPIENT_COLUMNS))},
           ARRAY(SELECT u.kind FROM mail_unsubscriptions u WHERE u.recipient_id = r.id ORDER BY u.kind) AS unsubscribed
    FROM mail_recipients r`;
}

/** A recipient; `lock` keeps others from changing it until the transaction ends. */
export async function findRecipient(
  sql: Sql,
  id: string,
  options: { lock?: boolean } = {},
): Promise<ShownRecipient | undefined> {
  const [row] = await sql<
    ShownRecipient[]
  >`${selectShown(sql)} WHERE r.id = ${id} ${options.lock ? sql`FOR NO KEY UPDATE OF r` : sql``}`;
  return row;
}

/** One page of recipients, in the order of their ids. `search` is a part of the address, or the whole id. */
export async function listRecipients(
  sql: Sql,
  filter: { search?: string | undefined; status?: RecipientRow['status'] | undefined },
  { order, after, limit }: { order: 'asc' | 'desc'; after: string | null; limit: number },
): Promise<ShownRecipient[]> {
  const [direction, beyond] = order === 'asc' ? [sql`ASC`, sql`>`] : [sql`DESC`, sql`<`];
  return sql<ShownRecipient[]>`
    ${selectShown(sql)} WHERE ${matchesSearch(sql, filter.search, ['address'], 'id')}
    ${filter.status === undefined ? sql`` : sql`AND r.status = ${filter.status}`}
    ${after === null ? sql`` : sql`AND r.id ${beyond} ${after}`}
    ORDER BY r.id ${direction} LIMIT ${limit}`;
}

export type RecipientChange = Partial<
  Pick<RecipientRow, 'language' | 'digest' | 'status' | 'status_at' | 'status_note'>
>;

/** Changes a recipient that is locked, and replaces the kinds that it does not want. */
export async function updateRecipient(
  tx: Sql,
  id: string,
  { unsubscribed, ...change }: RecipientChange & { unsubscribed?: readonly string[] | undefined },
  now: Instant,
): Promise<void> {
  await tx`UPDATE mail_recipients SET ${tx({ ...change, updated_at: now } as never)} WHERE id = ${id}`;
  if (unsubscribed === undefined) return;
  await tx`DELETE FROM mail_unsubscriptions WHERE recipient_id = ${id} AND kind <> ALL (${[...unsubscribed]}::text[])`;
  await tx`
    INSERT INTO mail_unsubscriptions (recipient_id, kind, at) SELECT ${id}, kind, ${now} FROM unnest(${[...unsubscribed]}::text[]) AS kind
    ON CONFLICT DO NOTHING`;
}
