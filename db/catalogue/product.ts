/** Products in Postgres. */
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import type { ProductFacts } from '../../domain/catalogue/product';
import { changedFields, difference, isEmpty } from '../../domain/base/edit';
import type { Act } from '../../domain/base/edit';
import { columnNames } from '../base/columns';
import { auditAct } from '../base/audit';
import type { Sql } from '../base/database';
import { pageByCreation } from '../base/paging';
import type { KeysetPage, Sorted } from '../base/paging';
import { found } from '../base/search';
import { closeGrants } from '../contract/quota';

export interface ProductRow extends ProductFacts {
  created_at: Instant;
  updated_at: Instant;
}

const PRODUCT_COLUMNS = columnNames<ProductRow>({
  id: true,
  name: true,
  code: true,
  environment: true,
  status: true,
  modules: true,
  created_at: true,
  updated_at: true,
});

export interface ProductFilter {
  environment: Environment;
  status?: ProductFacts['status'] | undefined;
  /** A part of the name or the code, or the whole id. */
  search?: string | undefined;
}

/** Fields of an edit; one left out stays as it is. The environment never changes (domain.md 5.9). */
export interface ProductEdit {
  name?: string | undefined;
  code?: string | undefined;
  status?: ProductFacts['status'] | undefined;
  modules?: string[] | undefined;
}

/**
 * A product, or undefined. `lock: 'change'` also waits for contracts that are being made of it, since their foreign key holds its
 * row; `lock: 'use'` keeps it from being changed while a contract is made of it.
 */
export async function findProduct(
  sql: Sql,
  id: string,
  options: { lock?: 'change' | 'use' } = {},
): Promise<ProductRow | undefined> {
  const lock = { change: sql`FOR UPDATE`, use: sql`FOR KEY SHARE`, none: sql`` }[options.lock ?? 'none'];
  const [row] = await sql<ProductRow[]>`SELECT ${sql(PRODUCT_COLUMNS)} FROM products WHERE id = ${id} ${lock}`;
  return row;
}

/** One page of products, by the time they were made. */
export async function listProducts(sql: Sql, filter: ProductFilter, page: KeysetPage): Promise<Sorted<ProductRow>[]> {
  const { sort_key, after, order } = pageByCreation(sql, page);
  return sql<Sorted<ProductRow>[]>`
    SELECT ${sql(PRODUCT_COLUMNS)}, ${sort_key} AS sort_key FROM products WHERE environment = ${filter.environment}
    ${filter.status === undefined ? sql`` : sql`AND status = ${filter.status}`}
    AND ${found(sql, filter.search, ['name', 'code'], 'id')}
    AND ${after} ${order}`;
}

/** Writes a product with its audit row. Throws 23505 on `products_code_unique` when the code is taken. */
export async function insertProduct(tx: Sql, product: Omit<ProductFacts, 'id'>, act: Act): Promise<ProductRow> {
  const [row] = await tx<[ProductRow]>`
    INSERT INTO products ${tx({
      name: product.name,
      code: product.code,
      environment: product.environment,
      status: product.status,
      modules: tx.json(product.modules),
      created_at: act.now,
      updated_at: act.now,
    })} RETURNING ${tx(PRODUCT_COLUMNS)}`;
  await auditAct(tx, act, { ...subjectOf(row), action: 'product.created', before: null, after: auditedFacts(row) });
  return row;
}

/** Carries out an edit with its audit row, or writes nothing when nothing differs. Call it with the product locked. */
export async function updateProduct(tx: Sql, before: ProductRow, edit: ProductEdit, act: Act): Promise<ProductRow> {
  const { modules, ...columns } = changedFields<ProductRow, ProductEdit>(before, edit);
  const changes = { ...columns, ...(modules ? { modules: tx.json(modules) } : {}) };
  if (isEmpty(changes)) return before;
  const [row] = await tx<
    [ProductRow]
  >`UPDATE products SET ${tx({ ...changes, updated_at: act.now })} WHERE id = ${before.id} RETURNING ${tx(PRODUCT_COLUMNS)}`;
  if (row.status !== before.status) await closeGrants(tx, { column: 'product_id', id: row.id });
  const differs = difference(auditedFacts(before), auditedFacts(row));
  await auditAct(tx, act, {
    ...subjectOf(row),
    action: 'product.updated',
    ...differs,
  });
  return row;
}

/** The subject of an audit row. */
function subjectOf(row: ProductRow) {
  return { subject_type: 'product' as const, subject_id: row.id, environment: row.environment };
}

function auditedFacts({ name, code, environment, status, modules }: ProductRow): JsonObject {
  return { name, code, environment, status, modules };
}
