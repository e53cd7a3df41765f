/** Whether the role of the reader includes another one. It decides what a page offers; the server decides what is allowed. */
import { roleCovers, useSession } from './session';
import type { Role } from './session';

/** Catalogue, customers and test clocks are written by admins and super admins. */
export function useMayWrite(role: Role = 'admin'): boolean {
  return roleCovers(useSession().admin.role, role);
}
