/** Loads what settling a contract needs besides its product and generator: those of amendments, and the contract to co-term with. */
import type { ContractFacts } from '../../domain/contract/facts';
import { settle } from '../../domain/contract/boundary';
import type { SettleContext } from '../../domain/contract/boundary';
import type { GeneratorFacts } from '../../domain/catalogue/generator';
import type { Instant } from '../../domain/base/instant';
import { hasPendingCoterm } from '../../domain/contract/renewal';
import { factsOf, findContract } from '../../db/contract/contract';
import type { ContractRow, ContractWithSource } from '../../db/contract/contract';
import { findGenerator } from '../../db/catalogue/generator';
import type { Sql } from '../../db/base/database';
import { findProduct } from '../../db/catalogue/product';

/** The input of settling a contract, read without a lock. The caller adds `billing`. */
export async function findSettleContext(
  sql: Sql,
  { contract: row, product, generator }: ContractWithSource,
  now: Instant,
): Promise<Omit<SettleContext, 'billing'>> {
  const named = row.amendments.map(({ changes }) => changes.generator_id).filter((id) => id !== undefined);
  const others = [...new Set(named)].filter((id) => id !== row.generator_id);
  const [coterm, ...generators] = await Promise.all([
    hasPendingCoterm(row) && row.renewal.coterm_with !== null ? findContract(sql, row.renewal.coterm_with) : undefined,
    ...others.map((id) => findGenerator(sql, id)),
  ]);
  const known = [generator, ...generators].filter((one): one is GeneratorFacts => one !== null && one !== undefined);
  return {
    product,
    generators: new Map(known.map((generator) => [generator.id, generator])),
    coterm_target: coterm ? await settledInMemory(sql, coterm, now) : null,
  };
}

/** Another contract settled up to an instant, in memory only. */
async function settledInMemory(sql: Sql, row: ContractRow, now: Instant): Promise<ContractFacts> {
  const [product, generator] = await Promise.all([
    findProduct(sql, row.product_id),
    findGenerator(sql, row.generator_id),
  ]);
  if (!product || row.deleted_at !== null) return factsOf(row);
  const generators = new Map(generator ? [[generator.id, generator]] : []);
  const until = row.clock_now ?? now;
  return settle(factsOf(row), until, { product, generators, coterm_target: null, billing: 'skip' }).facts;
}
