/** Products in Postgres. */
import type { ProductFacts } from '../domain/product';
import type { Sql } from './index';
import type { Instant } from '../domain/instant';

export interface ProductRow extends ProductFacts {
  created_at: Instant;
  updated_at: Instant;
}

export async function findProduct(sql: Sql, id: string): Promise<ProductRow | undefined> {
  const [row] = await sql<ProductRow[]>`SELECT * FROM products WHERE id = ${id}`;
  return row;
}
