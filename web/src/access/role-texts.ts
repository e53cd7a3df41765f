/** The names of the roles. They are a module of their own, because the frame of all pages shows one. */
import { texts } from '../base/texts';

export const roleTexts = texts({
  en: { viewer: 'Viewer', operator: 'Operator', admin: 'Admin', super_admin: 'Super admin' },
  de: { viewer: 'Betrachter', operator: 'Operator', admin: 'Admin', super_admin: 'Super-Admin' },
});
