/** Creates and edits products, each write with its audit row. */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { findProduct, insertProduct, updateProduct } from '../../db/catalogue/product';
import type { ProductRow } from '../../db/catalogue/product';
import { closeGrants } from '../../db/contract/quota';
import { changedFields, difference, immutableRefusal, isEmpty } from '../../domain/base/edit';
import type { Act } from '../../domain/base/edit';
import type { Environment } from '../../domain/base/environment';
import type { JsonObject } from '../../domain/base/json';
import { notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import type { ProductFacts } from '../../domain/catalogue/product';

/** Fields of an edit; a field that is left out stays unchanged. */
export interface ProductEdit {
  name?: string | undefined;
  code?: string | undefined;
  status?: ProductFacts['status'] | undefined;
  modules?: string[] | undefined;
  /** Never changes (domain.md 5.9): another value is refused. */
  environment?: Environment | undefined;
}

/** Creates a product. Throws 23505 on `products_code_unique` when the code is taken. */
export async function createProduct(tx: Sql, product: Omit<ProductFacts, 'id'>, act: Act): Promise<ProductRow> {
  const row = await insertProduct(tx, product, act.now);
  await auditAct(tx, act, { ...subjectOf(row), action: 'product.created', before: null, after: auditedFacts(row) });
  return row;
}

/**
 * Edits a product; writes nothing when nothing differs. A new status stops generation for its contracts until they are settled.
 * Refuses with `IMMUTABLE_FIELD`. Throws 23505 on `products_code_unique` when the code is taken.
 */
export async function editProduct(tx: Sql, id: string, edit: ProductEdit, act: Act): Promise<ProductRow | Refusal> {
  const { environment, ...given } = edit;
  const before = await findProduct(tx, id, { lock: 'change' });
  if (!before) return notFound('product', id);
  const refusal = immutableRefusal(before, { environment }, 'product');
  if (refusal) return refusal;
  const changes = changedFields<ProductRow, typeof given>(before, given);
  if (isEmpty(changes)) return before;
  const after = await updateProduct(tx, id, changes, act.now);
  if (after.status !== before.status) await closeGrants(tx, { column: 'product_id', id });
  const differs = difference(auditedFacts(before), auditedFacts(after));
  await auditAct(tx, act, { ...subjectOf(after), action: 'product.updated', ...differs });
  return after;
}

/** The subject of an audit row. */
function subjectOf(row: ProductRow) {
  return { subject_type: 'product' as const, subject_id: row.id, environment: row.environment };
}

function auditedFacts({ name, code, environment, status, modules }: ProductRow): JsonObject {
  return { name, code, environment, status, modules };
}
