/** The signing keys of products in Postgres. */
import type { Instant } from '../../domain/base/instant';
import type { SigningKeyFacts } from '../../domain/catalogue/signing-key';
import { columnNames } from '../base/columns';
import type { Sql } from '../base/database';
import { pageByCreation } from '../base/paging';
import type { KeysetPage, Sorted } from '../base/paging';

export interface SigningKeyRow extends SigningKeyFacts {
  id: string;
  product_id: string;
  /** The member `x` of the public JWK. */
  public_key: string;
  /** The private part as a JWE; null when the key only verifies. */
  sealed: string | null;
  created_at: Instant;
}

/** The key that signs. */
export type ActiveKeyRow = SigningKeyRow & { sealed: string };

const SIGNING_KEY_COLUMNS = columnNames<SigningKeyRow>({
  id: true,
  product_id: true,
  kid: true,
  public_key: true,
  sealed: true,
  created_at: true,
  verify_only_since: true,
  retired_at: true,
});

/** The active key of a product, or undefined. */
export async function findActiveKey(sql: Sql, product_id: string): Promise<ActiveKeyRow | undefined> {
  const [row] = await sql<ActiveKeyRow[]>`
    SELECT ${sql(SIGNING_KEY_COLUMNS)} FROM signing_keys WHERE product_id = ${product_id} AND verify_only_since IS NULL`;
  return row;
}

/** The active keys of products, in no order. */
export async function findActiveKeys(sql: Sql, product_ids: readonly string[]): Promise<ActiveKeyRow[]> {
  return sql<ActiveKeyRow[]>`
    SELECT ${sql(SIGNING_KEY_COLUMNS)} FROM signing_keys
    WHERE product_id = ANY(${[...product_ids]}::uuid[]) AND verify_only_since IS NULL`;
}

/** A key of a product, or undefined. */
export async function findSigningKey(sql: Sql, product_id: string, kid: string): Promise<SigningKeyRow | undefined> {
  const [row] = await sql<SigningKeyRow[]>`
    SELECT ${sql(SIGNING_KEY_COLUMNS)} FROM signing_keys WHERE kid = ${kid} AND product_id = ${product_id}`;
  return row;
}

/** A key of any product that is not retired, or undefined. */
export async function findPublishedKey(sql: Sql, kid: string): Promise<SigningKeyRow | undefined> {
  const [row] = await sql<SigningKeyRow[]>`
    SELECT ${sql(SIGNING_KEY_COLUMNS)} FROM signing_keys WHERE kid = ${kid} AND retired_at IS NULL`;
  return row;
}

/** The keys of a product that are not retired, the newest first. */
export async function listPublishedKeys(sql: Sql, product_id: string): Promise<SigningKeyRow[]> {
  return sql<SigningKeyRow[]>`
    SELECT ${sql(SIGNING_KEY_COLUMNS)} FROM signing_keys WHERE product_id = ${product_id} AND retired_at IS NULL
    ORDER BY created_at DESC, id DESC`;
}

/** One page of the keys of a product, by creation time. */
export async function listSigningKeys(
  sql: Sql,
  product_id: string,
  page: KeysetPage,
): Promise<Sorted<SigningKeyRow>[]> {
  const { sort_key, after, order } = pageByCreation(sql, page);
  return sql<Sorted<SigningKeyRow>[]>`
    SELECT ${sql(SIGNING_KEY_COLUMNS)}, ${sort_key} AS sort_key FROM signing_keys
    WHERE product_id = ${product_id} AND ${after} ${order}`;
}

export type NewSigningKey = Pick<SigningKeyRow, 'product_id' | 'kid' | 'public_key' | 'created_at'> & {
  sealed: string;
  sealed_by: string;
  created_by: string;
};

/** Inserts the active key of a product, which has none at this moment. */
export async function insertSigningKey(tx: Sql, key: NewSigningKey): Promise<ActiveKeyRow> {
  const [row] = await tx<[ActiveKeyRow]>`
    INSERT INTO signing_keys ${tx({ ...key })} RETURNING ${tx(SIGNING_KEY_COLUMNS)}`;
  return row;
}

/** Lets the active key of a product verify only. Its private part is deleted. */
export async function endActiveKey(tx: Sql, product_id: string, now: Instant): Promise<void> {
  await tx`
    UPDATE signing_keys SET verify_only_since = ${now}, sealed = NULL, sealed_by = NULL
    WHERE product_id = ${product_id} AND verify_only_since IS NULL`;
}

export async function setRetired(tx: Sql, id: string, now: Instant): Promise<SigningKeyRow> {
  const [row] = await tx<[SigningKeyRow]>`
    UPDATE signing_keys SET retired_at = ${now} WHERE id = ${id} RETURNING ${tx(SIGNING_KEY_COLUMNS)}`;
  return row;
}

/** The versions of sealing keys that seal active keys, and for how many products. */
export async function listSealingVersions(sql: Sql): Promise<{ version: string; products: number }[]> {
  return sql<{ version: string; products: number }[]>`
    SELECT sealed_by AS version, count(*)::int AS products FROM signing_keys WHERE sealed IS NOT NULL GROUP BY sealed_by ORDER BY 1`;
}

/** An active key, which is stored sealed. */
export type SealedSigningKeyRow = Pick<ActiveKeyRow, 'id' | 'product_id' | 'kid' | 'sealed'>;

/** Active keys that another version sealed, by id, locked until the transaction ends. */
export async function listSigningKeysSealedByOthers(
  tx: Sql,
  { version, after, limit }: { version: string; after: string | null; limit: number },
): Promise<SealedSigningKeyRow[]> {
  return tx<SealedSigningKeyRow[]>`
    SELECT id, product_id, kid, sealed FROM signing_keys
    WHERE sealed IS NOT NULL AND sealed_by <> ${version} ${after === null ? tx`` : tx`AND id > ${after}`}
    ORDER BY id LIMIT ${limit} FOR NO KEY UPDATE`;
}

export async function updateSealedSigningKey(
  tx: Sql,
  id: string,
  columns: { sealed: string; sealed_by: string },
): Promise<void> {
  await tx`UPDATE signing_keys SET ${tx(columns)} WHERE id = ${id}`;
}
