/** Generators in Postgres. The row of a deleted generator stays, because licenses and license terms refer to it. */
import type { Environment } from '../../domain/base/environment';
import type { GeneratorFacts } from '../../domain/catalogue/generator';
import type { Instant } from '../../domain/base/instant';
import { columnNames } from '../base/columns';
import type { Sql } from '../base/database';
import { pageByCreation } from '../base/paging';
import type { KeysetPage, Sorted } from '../base/paging';
import { matchesSearch } from '../base/search';

export interface GeneratorRow extends GeneratorFacts {
  environment: Environment;
  created_at: Instant;
  updated_at: Instant;
}

const GENERATOR_COLUMNS = columnNames<GeneratorRow>({
  id: true,
  product_id: true,
  environment: true,
  name: true,
  kind: true,
  format: true,
  features: true,
  activation_limit: true,
  status: true,
  revision: true,
  created_at: true,
  updated_at: true,
});

export interface GeneratorFilter {
  environment: Environment;
  product_id?: string | undefined;
  status?: GeneratorFacts['status'] | undefined;
  /** A part of the name, or the whole id. */
  search?: string | undefined;
}

/** How a generator is used by contracts that are not deleted. */
export interface GeneratorUse {
  contracts: number;
  /** The largest quota among them; 0 when there are none. */
  largest_quota: number;
}

/**
 * A generator that was not deleted. `lock: 'change'` also waits for transactions that assign it to a contract, because their foreign
 * key locks its row. `lock: 'use'` keeps it unchanged until this transaction has assigned it to a contract.
 */
export async function findGenerator(
  sql: Sql,
  id: string,
  options: { lock?: 'change' | 'use' } = {},
): Promise<GeneratorRow | undefined> {
  const lock = { change: sql`FOR UPDATE`, use: sql`FOR KEY SHARE`, none: sql`` }[options.lock ?? 'none'];
  const [row] = await sql<
    GeneratorRow[]
  >`SELECT ${sql(GENERATOR_COLUMNS)} FROM generators WHERE id = ${id} AND deleted_at IS NULL ${lock}`;
  return row;
}

/** One page of generators that were not deleted, by creation time. */
export async function listGenerators(
  sql: Sql,
  filter: GeneratorFilter,
  page: KeysetPage,
): Promise<Sorted<GeneratorRow>[]> {
  const { sort_key, after, order } = pageByCreation(sql, page);
  return sql<Sorted<GeneratorRow>[]>`
    SELECT ${sql(GENERATOR_COLUMNS)}, ${sort_key} AS sort_key FROM generators WHERE deleted_at IS NULL AND environment = ${filter.environment}
    ${filter.product_id === undefined ? sql`` : sql`AND product_id = ${filter.product_id}`}
    ${filter.status === undefined ? sql`` : sql`AND status = ${filter.status}`}
    AND ${matchesSearch(sql, filter.search, ['name'], 'id')}
    AND ${after} ${order}`;
}

export async function findGeneratorUse(sql: Sql, id: string): Promise<GeneratorUse> {
  const [use] = await sql<[GeneratorUse]>`
    SELECT count(*)::int AS contracts, coalesce(max(q.total), 0) AS largest_quota
    FROM contracts c JOIN contract_quotas q ON q.contract_id = c.id
    WHERE c.generator_id = ${id} AND c.deleted_at IS NULL`;
  return use;
}

export async function insertGenerator(
  tx: Sql,
  generator: Omit<GeneratorFacts, 'id' | 'revision'> & { environment: Environment },
  now: Instant,
): Promise<GeneratorRow> {
  const [row] = await tx<[GeneratorRow]>`
    INSERT INTO generators ${tx({
      product_id: generator.product_id,
      environment: generator.environment,
      name: generator.name,
      kind: generator.kind,
      format: tx.json({ ...generator.format }),
      features: tx.json(generator.features),
      activation_limit: generator.activation_limit,
      status: generator.status,
      created_at: now,
      updated_at: now,
    })} RETURNING ${tx(GENERATOR_COLUMNS)}`;
  return row;
}

export async function updateGenerator(
  tx: Sql,
  id: string,
  { format, features, ...columns }: Partial<Omit<GeneratorFacts, 'id' | 'product_id'>>,
  now: Instant,
): Promise<GeneratorRow> {
  const [row] = await tx<[GeneratorRow]>`
    UPDATE generators SET ${tx({
      ...columns,
      ...(format ? { format: tx.json({ ...format }) } : {}),
      ...(features ? { features: tx.json(features) } : {}),
      updated_at: now,
    })} WHERE id = ${id} RETURNING ${tx(GENERATOR_COLUMNS)}`;
  return row;
}

/** Marks a generator as deleted and inactive. */
export async function markGeneratorDeleted(tx: Sql, id: string, now: Instant): Promise<void> {
  await tx`UPDATE generators SET deleted_at = ${now}, status = 'inactive', updated_at = ${now} WHERE id = ${id}`;
}
