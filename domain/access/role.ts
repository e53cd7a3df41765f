/** The four roles of admins, from most to least rights (domain.md 2.3, decisions 23). See permission.ts for what each may call. */
export const ROLES = ['super_admin', 'admin', 'operator', 'viewer'] as const;

export type Role = (typeof ROLES)[number];

/** Whether `role` has at least the rights of `needed`. */
export function roleCovers(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) <= ROLES.indexOf(needed);
}
