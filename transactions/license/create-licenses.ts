/** Creates licenses without a contract. */
import { randomFillSync } from 'node:crypto';
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import type { LockedRow } from '../../db/base/errors';
import { findGenerator } from '../../db/catalogue/generator';
import { findProduct } from '../../db/catalogue/product';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { insertDirectAssignment, insertDirectCreation, insertDirectLicenses } from '../../db/license/direct-creation';
import type { Act } from '../../domain/base/edit';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, missingReference, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { joinedKeys } from '../../domain/catalogue/license-key';
import type { KeyFormat } from '../../domain/catalogue/license-key';
import { decideDirectCreation, expiryByAssignment } from '../../domain/license/direct-creation';
import type { DirectInput } from '../../domain/license/direct-creation';
import { licenseIdOf, licenseIdText } from '../../domain/license/license';
import { newId } from '../base/new-id';
import { findOrCreateCustomer } from '../catalogue/customer';

/** How often keys are drawn for licenses whose keys exist already (domain.md 5.3). */
const KEY_ATTEMPTS_MAX = 5;

export interface CreationRequest extends DirectInput {
  product_id: string;
  /** The licenses are assigned to this customer; the name is that of a customer who is created. Null: they are available. */
  customer: { email: string; name: string | null } | null;
  note: string | null;
}

export interface CreatedLicenses {
  /** The serial of the job that gives the licenses their ids. */
  job_serial: string;
  customer_id: string | null;
  customer_created: boolean;
  expires_at: Instant | null;
}

/** The rows that {@link createLicenses} locks for share. */
export function sourceRowsOfLicenses({ product_id, generator_id }: CreationRequest): LockedRow[] {
  return [
    { table: 'products', id: product_id, shared: true },
    { table: 'generators', id: generator_id, shared: true },
  ];
}

/**
 * Creates licenses of a product, with one audit row and one domain event, and assigns them if a customer is given. Product and generator
 * cannot change until the transaction ends. Call it inside a transaction, and roll that back after a refusal.
 */
export async function createLicenses(tx: Sql, request: CreationRequest, act: Act): Promise<CreatedLicenses | Refusal> {
  const product = await findProduct(tx, request.product_id, { lock: 'use' });
  if (!product) return missingReference('product_id', 'product');
  const generator = (await findGenerator(tx, request.generator_id, { lock: 'use' })) ?? null;
  const terms = decideDirectCreation(request, { product, generator }, act.now);
  if (isRefusal(terms)) return terms;
  const owner = await ownerOf(tx, request, act);
  if (isRefusal(owner)) return owner;
  const { environment } = product;
  const job_serial = await insertDirectCreation(tx, { ...act, id: newId(act.now), environment, terms, count: request.count });
  const inserted = await insertUnusedKeys(tx, job_serial, { count: request.count, format: terms.generator.format });
  if (isRefusal(inserted)) return inserted;
  const ids = ordinalsTo(request.count).map((ordinal) => licenseIdOf(job_serial, ordinal));
  const { customer_id } = owner;
  const own_expires_at = customer_id === null ? null : expiryByAssignment(terms, act.now);
  if (customer_id !== null)
    await insertDirectAssignment(tx, ids, { customer_id, at: act.now, expires_at: own_expires_at });
  const expires_at = own_expires_at ?? terms.expires_at;
  const license_ids = ids.map(licenseIdText);
  const { product_id, generator_id, count, note } = request;
  const data = { product_id, generator_id, count, customer_id, expires_at, license_ids };
  await auditAct(tx, act, {
    action: 'license.created',
    subject_type: 'license',
    subject_id: license_ids[0] ?? '',
    environment,
    before: null,
    after: data,
    reason: note,
  });
  await insertDomainEvents(tx, null, [{ at: act.now, type: 'license.created', environment, data }]);
  return { job_serial, ...owner, expires_at };
}

async function ownerOf(
  tx: Sql,
  { customer }: CreationRequest,
  act: Act,
): Promise<Pick<CreatedLicenses, 'customer_id' | 'customer_created'> | Refusal> {
  if (customer === null) return { customer_id: null, customer_created: false };
  const { email, name } = customer;
  const found = await findOrCreateCustomer(tx, { email, name: name ?? email }, act);
  return isRefusal(found) ? found : { customer_id: found.customer.id, customer_created: found.created };
}

/** Inserts the licenses; those whose keys exist already get other keys. */
async function insertUnusedKeys(
  tx: Sql,
  job_serial: string,
  { count, format }: { count: number; format: KeyFormat },
): Promise<Refusal | null> {
  let missing = ordinalsTo(count);
  for (let attempt = 1; attempt <= KEY_ATTEMPTS_MAX; attempt++) {
    const keys = joinedKeys(format, missing.length, randomFillSync);
    const inserted = new Set(await insertDirectLicenses(tx, job_serial, { ordinals: missing, keys }));
    missing = missing.filter((ordinal) => !inserted.has(ordinal));
    if (missing.length === 0) return null;
  }
  return refuse('GENERATOR_KEYSPACE_EXHAUSTED', { attempts: KEY_ATTEMPTS_MAX });
}

function ordinalsTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
