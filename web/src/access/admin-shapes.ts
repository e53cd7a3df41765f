/** What the pages of admins know about the shapes of the interface. */
import type { components } from '../base/interface';

export type Admin = components['schemas']['Admin'];
export type AdminApiKey = components['schemas']['AdminApiKey'];

export const ADMIN_ROLES = ['viewer', 'operator', 'admin', 'super_admin'] as const;
export const ADMIN_STATUSES = ['active', 'disabled'] as const;
