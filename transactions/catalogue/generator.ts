/** Creates, edits and deletes generators, each write with its audit row. */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import {
  findGenerator,
  findGeneratorUse,
  insertGenerator,
  markGeneratorDeleted,
  updateGenerator,
} from '../../db/catalogue/generator';
import type { GeneratorRow } from '../../db/catalogue/generator';
import { findProduct } from '../../db/catalogue/product';
import { closeGrants } from '../../db/contract/quota';
import { changedFields, difference, immutableRefusal, isEmpty } from '../../domain/base/edit';
import type { Act } from '../../domain/base/edit';
import type { Environment } from '../../domain/base/environment';
import type { JsonObject } from '../../domain/base/json';
import { isRefusal, missingReference, notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { keyspaceRefusal } from '../../domain/catalogue/generator';
import type { GeneratorFacts } from '../../domain/catalogue/generator';
import type { KeyFormat } from '../../domain/catalogue/license-key';
import type { Sealer } from '../base/sealed-text';
import { ensureSigningKey } from './signing-key';

/** Fields of an edit; a field that is left out stays unchanged. */
export interface GeneratorEdit {
  name?: string | undefined;
  kind?: GeneratorFacts['kind'] | undefined;
  format?: KeyFormat | undefined;
  features?: JsonObject | undefined;
  activation_limit?: number | null | undefined;
  status?: GeneratorFacts['status'] | undefined;
  /** These never change: other values are refused. */
  product_id?: string | undefined;
  environment?: Environment | undefined;
}

/** Creates a generator of a product, in the product's environment. The first signed one creates the signing key of the product. */
export async function createGenerator(
  tx: Sql,
  generator: Omit<GeneratorFacts, 'id' | 'revision'>,
  act: Act,
  sealer: Sealer | undefined,
): Promise<GeneratorRow | Refusal> {
  const product = await findProduct(tx, generator.product_id);
  if (!product) return missingReference('product_id', 'product');
  if (generator.kind === 'signed') {
    const unsigned = await signingRefusal(tx, generator.product_id, act, sealer);
    if (unsigned) return unsigned;
  }
  const row = await insertGenerator(tx, { ...generator, environment: product.environment }, act.now);
  await auditAct(tx, act, { ...subjectOf(row), action: 'generator.created', before: null, after: auditedFacts(row) });
  return row;
}

/**
 * Edits a generator; writes nothing when nothing differs. A change that affects new licenses creates a new revision, and
 * contracts stop granting with the terms of the old one. One that becomes signed creates the signing key of its product, if
 * there is none. Refuses with `IMMUTABLE_FIELD`, and with `GENERATOR_KEYSPACE_TOO_SMALL` when the format is too small for the
 * largest quota of its contracts.
 */
export async function editGenerator(
  tx: Sql,
  id: string,
  edit: GeneratorEdit,
  act: Act,
  sealer: Sealer | undefined,
): Promise<GeneratorRow | Refusal> {
  const { product_id, environment, ...given } = edit;
  if (given.kind === 'signed') await lockProductOf(tx, id);
  const before = await findGenerator(tx, id, { lock: 'change' });
  if (!before) return notFound('generator', id);
  const use = await findGeneratorUse(tx, id);
  const refusal =
    immutableRefusal(before, { product_id, environment }, 'generator') ??
    (given.format ? keyspaceRefusal(given.format, use.largest_quota) : null);
  if (refusal) return refusal;
  const changes = changedFields<GeneratorRow, typeof given>(before, given);
  if (isEmpty(changes)) return before;
  if ('kind' in changes && given.kind === 'signed') {
    const unsigned = await signingRefusal(tx, before.product_id, act, sealer);
    if (unsigned) return unsigned;
  }
  const revised = ['kind', 'format', 'features', 'activation_limit'].some((name) => name in changes);
  const revision = before.revision + (revised ? 1 : 0);
  const after = await updateGenerator(tx, id, { ...changes, revision }, act.now);
  if (revised || after.status !== before.status) await closeGrants(tx, { column: 'generator_id', id });
  const differs = difference(auditedFacts(before), auditedFacts(after));
  await auditAct(tx, act, { ...subjectOf(after), action: 'generator.updated', ...differs });
  return after;
}

/** Deletes a generator that no contract uses, or refuses with `GENERATOR_IN_USE`. Its row stays. */
export async function deleteGenerator(tx: Sql, id: string, act: Act): Promise<'deleted' | Refusal> {
  const before = await findGenerator(tx, id, { lock: 'change' });
  if (!before) return notFound('generator', id);
  const { contracts } = await findGeneratorUse(tx, id);
  if (contracts > 0) return refuse('GENERATOR_IN_USE', { generator_id: id, contracts });
  await markGeneratorDeleted(tx, id, act.now);
  await closeGrants(tx, { column: 'generator_id', id });
  const audited = { action: 'generator.deleted', before: auditedFacts(before), after: null };
  await auditAct(tx, act, { ...subjectOf(before), ...audited });
  return 'deleted';
}

/** Locks the product of a generator, which is locked before the generator. */
async function lockProductOf(tx: Sql, id: string): Promise<void> {
  const generator = await findGenerator(tx, id);
  if (generator) await findProduct(tx, generator.product_id, { lock: 'change' });
}

/**
 * Refuses a signed generator where nothing can be signed. Its product gets a signing key now, so that licenses are signed when they are read,
 * which writes nothing.
 */
async function signingRefusal(
  tx: Sql,
  product_id: string,
  act: Act,
  sealer: Sealer | undefined,
): Promise<Refusal | null> {
  if (sealer === undefined) return refuse('SIGNING_NOT_CONFIGURED');
  const key = await ensureSigningKey(tx, product_id, act, sealer);
  return isRefusal(key) ? key : null;
}

/** The subject of an audit row. */
function subjectOf(row: GeneratorRow) {
  const { id: subject_id, environment, revision } = row;
  return { subject_type: 'generator' as const, subject_id, environment, revision };
}

function auditedFacts({
  name,
  kind,
  product_id,
  format,
  features,
  activation_limit,
  status,
  revision,
}: GeneratorRow): JsonObject {
  return { name, kind, product_id, format: { ...format }, features, activation_limit, status, revision };
}
