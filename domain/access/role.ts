/** The four roles and what each may do (domain.md 2.3, decisions 23). */
export const ROLES = ['super_admin', 'admin', 'operator', 'viewer'] as const;

export type Role = (typeof ROLES)[number];

/** Whether `role` has at least the rights of `needed`. */
export function roleCovers(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) <= ROLES.indexOf(needed);
}

/** License keys are the goods: a viewer sees that they exist, not what they are. */
export function seesLicenseKeys(role: Role): boolean {
  return roleCovers(role, 'operator');
}
