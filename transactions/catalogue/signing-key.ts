/**
 * Creates, replaces and retires the keys with which licenses of a product are signed, each with its audit row.
 *
 * All of them lock the row of the product, so that of two simultaneous first requests one creates the key and the other uses it, and of two
 * rotations the second replaces the key of the first. The index `signing_keys_one_active` would refuse a second active key.
 */
import { generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { auditAct } from '../../db/base/audit';
import type { AuditEntry } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { findProduct } from '../../db/catalogue/product';
import type { ProductRow } from '../../db/catalogue/product';
import {
  endActiveKey,
  findActiveKey,
  findSigningKey,
  insertSigningKey,
  listPublishedKeys,
  setRetired,
} from '../../db/catalogue/signing-key';
import type { ActiveKeyRow, SigningKeyRow } from '../../db/catalogue/signing-key';
import type { Act } from '../../domain/base/edit';
import { notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { newSigningKeyRefusal, retireSigningKeyRefusal } from '../../domain/catalogue/signing-key';
import type { Sealer } from '../base/sealed-text';

/**
 * Creates the active key of a product. A former one verifies only from now on, and its private part is deleted: what it signed stays
 * verifiable, and nothing is signed with it again.
 */
export async function createSigningKey(
  tx: Sql,
  product_id: string,
  act: Act,
  sealer: Sealer,
): Promise<ActiveKeyRow | Refusal> {
  const product = await findProduct(tx, product_id, { lock: 'change' });
  if (!product) return notFound('product', product_id);
  const published = await listPublishedKeys(tx, product_id);
  const refusal = newSigningKeyRefusal(published.length);
  if (refusal) return refusal;
  const former = await findActiveKey(tx, product_id);
  await endActiveKey(tx, product_id, act.now);
  const row = await insertNewKey(tx, product_id, act, sealer);
  await auditKey(tx, act, product, {
    action: former ? 'signing_key.rotated' : 'signing_key.created',
    before: former ? { kid: former.kid } : null,
    after: { kid: row.kid },
  });
  return row;
}

/** The active key of a product; the first request creates it. */
export async function ensureSigningKey(
  tx: Sql,
  product_id: string,
  act: Act,
  sealer: Sealer,
): Promise<ActiveKeyRow | Refusal> {
  const found = await findActiveKey(tx, product_id);
  if (found) return found;
  const product = await findProduct(tx, product_id, { lock: 'change' });
  if (!product) return notFound('product', product_id);
  const created_meanwhile = await findActiveKey(tx, product_id);
  if (created_meanwhile) return created_meanwhile;
  const row = await insertNewKey(tx, product_id, act, sealer);
  await auditKey(tx, act, product, { action: 'signing_key.created', before: null, after: { kid: row.kid } });
  return row;
}

/** Retires a key that only verifies: it is no longer published. A key that is already retired stays as it is. */
export async function retireSigningKey(
  tx: Sql,
  product_id: string,
  kid: string,
  act: Act,
): Promise<SigningKeyRow | Refusal> {
  const product = await findProduct(tx, product_id, { lock: 'change' });
  const key = product && (await findSigningKey(tx, product_id, kid));
  if (!key) return notFound('signing key', kid);
  if (key.retired_at !== null) return key;
  const refusal = retireSigningKeyRefusal(key);
  if (refusal) return refusal;
  await auditKey(tx, act, product, { action: 'signing_key.retired', before: { kid }, after: null });
  return setRetired(tx, key.id, act.now);
}

async function insertNewKey(tx: Sql, product_id: string, act: Act, sealer: Sealer): Promise<ActiveKeyRow> {
  const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint({ kty: 'OKP', crv: 'Ed25519', x });
  return insertSigningKey(tx, {
    product_id,
    kid,
    public_key: x,
    sealed: await sealer.seal(d, { product_id, kid }),
    sealed_by: sealer.version,
    created_at: act.now,
    created_by: act.actor.id,
  });
}

function auditKey(
  tx: Sql,
  act: Act,
  { id, environment }: ProductRow,
  entry: Pick<AuditEntry, 'action' | 'before' | 'after'>,
): Promise<void> {
  return auditAct(tx, act, { subject_type: 'product', subject_id: id, environment, ...entry });
}
