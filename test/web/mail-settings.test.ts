/** The form of one kind of mail: what it chooses itself, and what a wider scope decides. */
import { kindEdit, kindValues } from '../../web/src/notification/mail-settings';
import type { KindSettings } from '../../web/src/notification/mail-settings';

const KIND: KindSettings = {
  when: 'A report is due.',
  is_sent: true,
  roles: ['customer'],
  addresses: ['books@example.com'],
  may_wait: false,
  from: { is_sent: 'contract', roles: 'customer', addresses: 'contract', may_wait: 'default' },
};

test('a form that is saved without a change keeps the choices of its scope and makes no others', () => {
  expect(kindEdit(kindValues(KIND, 'contract'))).toEqual({
    is_sent: true,
    may_wait: null,
    roles: null,
    addresses: ['books@example.com'],
  });
});

test('a choice that is taken back is sent as null', () => {
  const values = { ...kindValues(KIND, 'contract'), is_sent: '' as const, own_addresses: false };
  expect(kindEdit(values)).toEqual({ is_sent: null, may_wait: null, roles: null, addresses: null });
});
