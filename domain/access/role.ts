/** The four roles of admins and how they are ordered (domain.md 2.3, decisions 23). What each may call: permission.ts. */
export const ROLES = ['super_admin', 'admin', 'operator', 'viewer'] as const;

export type Role = (typeof ROLES)[number];

/** Whether `role` has at least the rights of `needed`. */
export function roleCovers(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) <= ROLES.indexOf(needed);
}
