/**
 * Admins, and the rule that an installation always has one who can administer it: an active super admin with an accepted API
 * key. Otherwise only a person with access to the database could restore access.
 */
import type { Instant } from '../base/instant';
import { allowedUnless, refuse } from '../base/refusal';
import type { Allowed, Refusal } from '../base/refusal';
import type { Role } from './role';

/** The keys of a disabled admin are not accepted. */
export type AdminStatus = 'active' | 'disabled';

/** The current rights of an admin. */
export interface AdminRights {
  role: Role;
  status: AdminStatus;
}

/** An accepted API key of an active super admin. */
export interface SuperAdminKey {
  id: string;
  admin_id: string;
}

/**
 * Refuses an edit of an admin's rights that leaves no super admin with a key. `keys` are the keys of all super admins before
 * the edit.
 */
export function lastSuperAdminRefusal(
  admin_id: string,
  before: AdminRights,
  after: AdminRights,
  keys: readonly SuperAdminKey[],
): Refusal | null {
  if (!isActiveSuperAdmin(before) || isActiveSuperAdmin(after)) return null;
  return keys.every((key) => key.admin_id === admin_id) ? refuse('LAST_SUPER_ADMIN', { admin_id }) : null;
}

/** Refuses to revoke the only key of all super admins. `keys` are the keys of all super admins before the revocation. */
export function lastSuperAdminKeyRefusal(
  key: { id: string; key_id: string },
  keys: readonly SuperAdminKey[],
): Refusal | null {
  const isOnlyOne = keys.length === 1 && keys[0]?.id === key.id;
  return isOnlyOne ? refuse('LAST_SUPER_ADMIN_KEY', { key_id: key.key_id }) : null;
}

export type AdminActionName = 'edit' | 'change_role' | 'disable' | 'enable' | 'create_api_key';

/** The actions on an admin. An erased admin allows none. `keys` are the keys of all super admins. */
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

/** The actions on an API key. Revoking a revoked key again is allowed. `keys` are the keys of all super admins. */
export function adminApiKeyActions(
  key: { id: string; key_id: string },
  keys: readonly SuperAdminKey[],
): Record<'revoke', Allowed> {
  return { revoke: allowedUnless(lastSuperAdminKeyRefusal(key, keys)) };
}

function isActiveSuperAdmin({ role, status }: AdminRights): boolean {
  return role === 'super_admin' && status === 'active';
}
