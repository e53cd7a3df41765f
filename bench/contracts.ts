/** Active contracts with room for a benchmark's licenses. */
import { randomUUID } from 'node:crypto';
import { DEFAULT_ALPHABET } from '../domain/license-key';
import type { KeyFormat } from '../domain/license-key';
import type { MeasuredStack } from './measured-stack';

/** The keys of all benchmarks: `BENCH-XXXXX-XXXXX-XXXXX-XXXXX`. */
export const BENCH_KEY_FORMAT: KeyFormat = {
  prefix: 'BENCH',
  groups: 4,
  group_length: 5,
  alphabet: DEFAULT_ALPHABET,
  separator: '-',
};

/** Makes a product, a generator and `count` active contracts of `quota` licenses each, and answers with their ids. */
export async function createContracts({ api, db }: MeasuredStack, count: number, quota: number): Promise<string[]> {
  const now = new Date().toISOString();
  const [product] = await db<[{ id: string }]>`
    INSERT INTO products (name, code, environment, status, created_at, updated_at)
    VALUES ('Benchmark', ${`bench-${randomUUID()}`}, 'production', 'active', ${now}, ${now}) RETURNING id`;
  const [generator] = await db<[{ id: string }]>`
    INSERT INTO generators (product_id, environment, name, format, status, created_at, updated_at)
    VALUES (${product.id}, 'production', 'Benchmark', ${db.json({ ...BENCH_KEY_FORMAT })}, 'active', ${now}, ${now}) RETURNING id`;
  const ids: string[] = [];
  for (let number = 1; number <= count; number++) {
    const contract = await api.post<{ id: string }>('/api/v1/contracts', {
      name: `Benchmark ${number}`,
      type: 'standard',
      status: 'active',
      product_id: product.id,
      generator_id: generator.id,
      quota,
    });
    ids.push(contract.id);
  }
  return ids;
}
