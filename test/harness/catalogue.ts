/**
 * A product, a generator and contracts for tests of other features: rows with default values, each of which can be
 * replaced.
 */
import { randomBytes } from 'node:crypto';
import type { Sql } from '../../db/base/database';
import type { TestApi } from './api';

export interface TestCatalogue {
  product_id: string;
  generator_id: string;
}

export interface CatalogueOptions {
  environment?: 'production' | 'staging' | 'development';
  product_status?: 'active' | 'inactive';
  generator_status?: 'active' | 'inactive';
  features?: Record<string, unknown>;
  activation_limit?: number | null;
  groups?: number;
  group_length?: number;
}

/**
 * Inserts a product with a generator directly, without the API. Both are active, and the key format allows a billion
 * licenses.
 */
export async function addCatalogue(
  { sql }: Pick<TestApi, 'sql'>,
  options: CatalogueOptions = {},
): Promise<TestCatalogue> {
  const now = new Date().toISOString();
  const unique = randomBytes(6).toString('hex');
  const environment = options.environment ?? 'production';
  const [product] = await sql<[{ id: string }]>`
    INSERT INTO products ${sql({ name: `Product ${unique}`, code: `P-${unique}`, environment, status: options.product_status ?? 'active', created_at: now, updated_at: now })}
    RETURNING id`;
  const format = {
    prefix: 'TEST',
    groups: options.groups ?? 4,
    group_length: options.group_length ?? 5,
    alphabet: 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789',
    separator: '-',
  };
  const [generator] = await sql<[{ id: string }]>`
    INSERT INTO generators ${sql({
      product_id: product.id,
      environment,
      name: `Generator ${unique}`,
      format: sql.json(format),
      features: sql.json((options.features ?? {}) as never),
      activation_limit: options.activation_limit ?? null,
      status: options.generator_status ?? 'active',
      created_at: now,
      updated_at: now,
    })} RETURNING id`;
  return { product_id: product.id, generator_id: generator.id };
}

/** The body with the required fields of a new contract. */
export function contractBody(catalogue: TestCatalogue, more: Record<string, unknown> = {}) {
  return {
    name: `Contract ${randomBytes(4).toString('hex')}`,
    type: 'standard',
    status: 'active',
    quota: 1000,
    ...catalogue,
    ...more,
  };
}

/** Creates a contract through the API and returns it. It is active unless `more` sets another status. */
export async function addContract(
  api: TestApi,
  catalogue: TestCatalogue,
  more: Record<string, unknown> = {},
): Promise<any> {
  const answer = await api.call('POST', '/contracts', { body: contractBody(catalogue, more) });
  if (answer.status !== 201) throw new Error(`the contract was not created: ${answer.text}`);
  return answer.body;
}

/**
 * Makes the next license request settle the contract first, as after a change. For tests that change a contract's rows
 * by SQL.
 */
export async function clearGrantableTerms(sql: Sql, contract_id: string): Promise<void> {
  await sql`UPDATE contract_quotas SET grantable_terms_id = NULL, open_until = NULL WHERE contract_id = ${contract_id}`;
}
