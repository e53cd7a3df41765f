/** An installation keeps an active super admin with an API key that is accepted. */
import { lastSuperAdminKeyRefusal, lastSuperAdminRefusal } from '../../domain/access/admin';
import type { AdminRights, SuperAdminKey } from '../../domain/access/admin';

const SUPER: AdminRights = { role: 'super_admin', status: 'active' };
const OWN: SuperAdminKey = { id: 'k1', admin_id: 'ada' };
const OWN_OTHER: SuperAdminKey = { id: 'k2', admin_id: 'ada' };
const OF_EVE: SuperAdminKey = { id: 'k3', admin_id: 'eve' };

const codeOf = (refusal: { code: string } | null): string | undefined => refusal?.code;

test.each<[string, AdminRights]>([
  ['lowered', { ...SUPER, role: 'admin' }],
  ['disabled', { ...SUPER, status: 'disabled' }],
])('a super admin is not %s while no other super admin has a key', (_what, after) => {
  expect(codeOf(lastSuperAdminRefusal('ada', SUPER, after, [OWN, OWN_OTHER]))).toBe('LAST_SUPER_ADMIN');
  expect(lastSuperAdminRefusal('ada', SUPER, after, [OWN, OF_EVE])).toBeNull();
});

test('an edit that removes no rights of a super admin is allowed', () => {
  expect(lastSuperAdminRefusal('ada', SUPER, SUPER, [OWN])).toBeNull();
  expect(lastSuperAdminRefusal('lin', { role: 'viewer', status: 'active' }, SUPER, [])).toBeNull();
  const disabled: AdminRights = { ...SUPER, status: 'disabled' };
  expect(lastSuperAdminRefusal('lin', disabled, { ...disabled, role: 'viewer' }, [OWN])).toBeNull();
});

test('the only key of the super admins cannot be revoked; one of several keys and the keys of other admins can', () => {
  const key = { id: OWN.id, key_id: 'public' };
  expect(codeOf(lastSuperAdminKeyRefusal(key, [OWN]))).toBe('LAST_SUPER_ADMIN_KEY');
  expect(lastSuperAdminKeyRefusal(key, [OWN, OF_EVE])).toBeNull();
  expect(lastSuperAdminKeyRefusal({ id: 'k9', key_id: 'public' }, [OWN])).toBeNull();
  expect(lastSuperAdminKeyRefusal(key, [])).toBeNull();
});
