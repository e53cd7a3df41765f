/** Creates and revokes API keys of admins, each write with its audit row. */
import { lastSuperAdminKeyRefusal } from '../../domain/access/admin';
import { lastFourOf } from '../../domain/access/api-key';
import type { ApiKey } from '../../domain/access/api-key';
import { erasedRefusal } from '../../domain/access/erasure';
import type { Act } from '../../domain/base/edit';
import type { Instant } from '../../domain/base/instant';
import { notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { notifyAccessChange, findAdmin } from '../../db/access/admin';
import { insertAdminApiKey, lockAdminApiKey, lockSuperAdmins, updateRevokedAt } from '../../db/access/admin-api-key';
import type { AdminApiKeyRow } from '../../db/access/admin-api-key';
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { secretHmac } from './key-secret';

/** Creates a key for an admin; the caller shows its text once. Refuses with `PERSON_ERASED` when the admin was erased. */
export async function createAdminApiKey(
  tx: Sql,
  admin_id: string,
  key: ApiKey,
  options: { pepper: string; label: string | null },
  act: Act,
): Promise<AdminApiKeyRow | Refusal> {
  // Locked: an admin who is erased at the same time gets no key, or the key is erased too.
  const admin = await findAdmin(tx, admin_id, { lock: true });
  if (!admin) return notFound('admin', admin_id);
  if (admin.erased_at !== null) return erasedRefusal('admin', admin.erased_at);
  const row = await storeAdminApiKey(tx, admin_id, key, { ...options, now: act.now });
  await auditAct(tx, act, {
    subject_type: 'admin',
    subject_id: admin_id,
    action: 'admin.key_created',
    before: null,
    after: { key_id: row.key_id, label: row.label },
  });
  return row;
}

/**
 * Revokes a key, given by its id or its public part. A key that is revoked already stays unchanged. Refuses with
 * `LAST_SUPER_ADMIN_KEY` when no active super admin would have a valid key afterwards.
 */
export async function revokeAdminApiKey(
  tx: Sql,
  admin_id: string,
  id_or_key_id: string,
  act: Act,
): Promise<'revoked' | Refusal> {
  const keys = await lockSuperAdmins(tx);
  const row = await lockAdminApiKey(tx, admin_id, id_or_key_id);
  if (!row) return notFound('API key of this admin', id_or_key_id);
  if (row.revoked_at !== null) return 'revoked';
  const refusal = lastSuperAdminKeyRefusal(row, keys);
  if (refusal) return refusal;
  await updateRevokedAt(tx, row.id, act.now);
  await auditAct(tx, act, {
    subject_type: 'admin',
    subject_id: admin_id,
    action: 'admin.key_revoked',
    before: { key_id: row.key_id, revoked_at: null },
    after: { key_id: row.key_id, revoked_at: act.now },
  });
  await notifyAccessChange(tx, admin_id);
  return 'revoked';
}

/** Inserts the row of a key, without an audit row: the calling transaction writes one for everything it does. */
export async function storeAdminApiKey(
  tx: Sql,
  admin_id: string,
  key: ApiKey,
  options: { pepper: string; label: string | null; now: Instant },
): Promise<AdminApiKeyRow> {
  return insertAdminApiKey(tx, {
    admin_id,
    key_id: key.key_id,
    secret_hmac: secretHmac(key, options.pepper),
    last_four: lastFourOf(key),
    label: options.label,
    created_at: options.now,
  });
}
