/** Products in Postgres. */
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import type { ProductFacts } from '../../domain/catalogue/product';
import { columnNames } from '../base/columns';
import type { Sql } from '../base/database';
import { pageByCreation } from '../base/paging';
import type { KeysetPage, Sorted } from '../base/paging';
import { matchesSearch } from '../base/search';

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

/**
 * A product, or undefined. `lock: 'change'` also waits for transactions that create a contract with it, because their foreign key locks
 * its row. `lock: 'use'` keeps it unchanged until this transaction has created its contract.
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

/** One page of products, by creation time. */
export async function listProducts(sql: Sql, filter: ProductFilter, page: KeysetPage): Promise<Sorted<ProductRow>[]> {
  const { sort_key, after, order } = pageByCreation(sql, page);
  return sql<Sorted<ProductRow>[]>`
    SELECT ${sql(PRODUCT_COLUMNS)}, ${sort_key} AS sort_key FROM products WHERE environment = ${filter.environment}
    ${filter.status === undefined ? sql`` : sql`AND status = ${filter.status}`}
    AND ${matchesSearch(sql, filter.search, ['name', 'code'], 'id')}
    AND ${after} ${order}`;
}

/** Throws 23505 on `products_code_unique` when the code is taken. */
export async function insertProduct(tx: Sql, product: Omit<ProductFacts, 'id'>, now: Instant): Promise<ProductRow> {
  const [row] = await tx<[ProductRow]>`
    INSERT INTO products ${tx({
      name: product.name,
      code: product.code,
      environment: product.environment,
      status: product.status,
      modules: tx.json(product.modules),
      created_at: now,
      updated_at: now,
    })} RETURNING ${tx(PRODUCT_COLUMNS)}`;
  return row;
}

/** Throws 23505 on `products_code_unique` when the code is taken. */
export async function updateProduct(
  tx: Sql,
  id: string,
  { modules, ...columns }: Partial<Omit<ProductFacts, 'id' | 'environment'>>,
  now: Instant,
): Promise<ProductRow> {
  const changes = { ...columns, ...(modules ? { modules: tx.json(modules) } : {}), updated_at: now };
  const [row] = await tx<
    [ProductRow]
  >`UPDATE products SET ${tx(changes)} WHERE id = ${id} RETURNING ${tx(PRODUCT_COLUMNS)}`;
  return row;
}
