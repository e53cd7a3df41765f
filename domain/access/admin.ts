/**
 * Admins, and the rule that an installation keeps one who can administer it: an active super admin with an API key that is
 * accepted. Without one, only a person with access to the database could let people in again.
 */
import type { Instant } from '../base/instant';
import { allowedUnless, refuse } from '../base/refusal';
import type { Allowed, Refusal } from '../base/refusal';
import type { Role } from './role';

/** The keys of a disabled admin are not accepted. */
export type AdminStatus = 'active' | 'disabled';

/** What an admin may do at present. */
export interface AdminRights {
  role: Role;
  status: AdminStatus;
}

/** An API key that is accepted, of an active super admin. */
export interface SuperAdminKey {
  id: string;
  admin_id: string;
}

/** Refuses an edit of an admin's rights that leaves no super admin with a key. `keys` are those of all super admins before it. */
export function lastSuperAdminRefusal(
  admin_id: string,
  before: AdminRights,
  after: AdminRights,
  keys: readonly SuperAdminKey[],
): Refusal | null {
  if (!isActiveSuperAdmin(before) || isActiveSuperAdmin(after)) return null;
  return keys.every((key) => key.admin_id === admin_id) ? refuse('LAST_SUPER_ADMIN', { admin_id }) : null;
}

/** Refuses to revoke the only key that any super admin has. `keys` are those of all super admins before it. */
export function lastSuperAdminKeyRefusal(
  key: { id: string; key_id: string },
  keys: readonly SuperAdminKey[],
): Refusal | null {
  const isOnlyOne = keys.length === 1 && keys[0]?.id === key.id;
  return isOnlyOne ? refuse('LAST_SUPER_ADMIN_KEY', { key_id: key.key_id }) : null;
}

export type AdminActionName = 'edit' | 'change_role' | 'disable' | 'enable' | 'create_api_key';

/** The actions on an admin; none on one who was forgotten. `keys` are those of all super admins. */
export function adminActions(
  admin: AdminRights & { id: string; erased_at: Instant | null },
  keys: readonly SuperAdminKey[],
): Record<AdminActionName, Allowed> {
  const { id, role, status, erased_at } = admin;
  if (erased_at !== null) {
    const code = 'PERSON_ERASED';
    return { edit: code, change_role: code, disable: code, enable: code, create_api_key: code };
  }
  const lowered = role === 'super_admin' ? { role: 'admin' as const, status } : admin;
  return {
    edit: true,
    change_role: allowedUnless(lastSuperAdminRefusal(id, admin, lowered, keys)),
    disable: allowedUnless(lastSuperAdminRefusal(id, admin, { role, status: 'disabled' }, keys)),
    enable: true,
    create_api_key: true,
  };
}

/** The actions on an API key; one that is revoked can be revoked again. `keys` are those of all super admins. */
export function adminApiKeyActions(
  key: { id: string; key_id: string },
  keys: readonly SuperAdminKey[],
): Record<'revoke', Allowed> {
  return { revoke: allowedUnless(lastSuperAdminKeyRefusal(key, keys)) };
}

function isActiveSuperAdmin({ role, status }: AdminRights): boolean {
  return role === 'super_admin' && status === 'active';
}
