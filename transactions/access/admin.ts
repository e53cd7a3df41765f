/** Creates and edits admins, each write with its audit row. */
import { SYSTEM } from '../../domain/base/actor';
import { lastSuperAdminRefusal } from '../../domain/access/admin';
import type { AdminStatus } from '../../domain/access/admin';
import { parseApiKey } from '../../domain/access/api-key';
import type { Role } from '../../domain/access/role';
import { changedFields, difference, isEmpty } from '../../domain/base/edit';
import type { Act } from '../../domain/base/edit';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import { erasedRefusal } from '../../domain/access/erasure';
import { notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { notifyAccessChange, findAdmin, findAdminByEmail, insertAdmin, updateAdmin } from '../../db/access/admin';
import type { AdminRow } from '../../db/access/admin';
import { endLinks } from '../../db/access/admin-link';
import { deleteAccounts } from '../../db/access/provider-account';
import { endSessions } from '../../db/access/session';
import { isKnownKey, lockSuperAdmins } from '../../db/access/admin-api-key';
import { auditAct } from '../../db/base/audit';
import type { Database, Sql } from '../../db/base/database';
import { storeAdminApiKey } from './admin-api-key';

/** Fields of an edit; a field that is left out stays unchanged. */
export interface AdminEdit {
  name?: string | undefined;
  role?: Role | undefined;
  status?: AdminStatus | undefined;
}

/** Creates an admin without a key. Throws 23505 on `admins_email_unique` when the address is taken. */
export async function createAdmin(
  tx: Sql,
  admin: Pick<AdminRow, 'email' | 'name' | 'role'>,
  act: Act,
): Promise<AdminRow> {
  const row = await insertAdmin(tx, admin, act.now);
  await auditAct(tx, act, {
    subject_type: 'admin',
    subject_id: row.id,
    action: 'admin.created',
    before: null,
    after: auditedFacts(row),
  });
  return row;
}

/**
 * Edits an admin; writes nothing when nothing differs. Refuses with `LAST_SUPER_ADMIN` when no active super admin with an
 * accepted key would remain, and with `PERSON_ERASED` when the admin was erased.
 */
export async function editAdmin(tx: Sql, id: string, edit: AdminEdit, act: Act): Promise<AdminRow | Refusal> {
  const keys = await lockSuperAdmins(tx);
  const before = await findAdmin(tx, id, { lock: true });
  if (!before) return notFound('admin', id);
  if (before.erased_at !== null) return erasedRefusal('admin', before.erased_at);
  const changes = changedFields<AdminRow, AdminEdit>(before, edit);
  if (isEmpty(changes)) return before;
  const refusal = lastSuperAdminRefusal(id, before, { ...before, ...changes }, keys);
  if (refusal) return refusal;
  const after = await updateAdmin(tx, id, changes, act.now);
  await auditAct(tx, act, {
    subject_type: 'admin',
    subject_id: id,
    action: 'admin.updated',
    ...difference(auditedFacts(before), auditedFacts(after)),
  });
  if (changes.status === 'disabled') {
    // Neither sessions nor links nor accounts work again when the admin is enabled again.
    await endSessions(tx, id, act.now);
    await endLinks(tx, id, act.now);
    await deleteAccounts(tx, id);
  }
  if (changes.role !== undefined || changes.status !== undefined) await notifyAccessChange(tx, id);
  return after;
}

/** Creates a super admin with this address and this key unless the key exists. */
export async function ensureSuperAdmin(
  db: Database,
  admin: { email: string; name: string; key: string; pepper: string; now: Instant },
): Promise<void> {
  const { email, name, pepper, now } = admin;
  const key = parseApiKey(admin.key);
  if (!key) throw new Error('the key of the super admin does not have the form of an API key');
  await db.begin(async (tx) => {
    if (await isKnownKey(tx, key.key_id)) return;
    const existing = await findAdminByEmail(tx, email);
    const { id } = existing ?? (await insertAdmin(tx, { email, name, role: 'super_admin' }, now));
    await storeAdminApiKey(tx, id, key, { pepper, label: 'first key', now });
    const act = { actor: SYSTEM, now, request_id: null };
    await auditAct(tx, act, {
      subject_type: 'admin',
      subject_id: id,
      action: existing ? 'admin.key_created' : 'admin.created',
      after: { email, role: 'super_admin', key_id: key.key_id },
    });
  });
}

function auditedFacts({ email, name, role, status }: AdminRow): JsonObject {
  return { email, name, role, status };
}
