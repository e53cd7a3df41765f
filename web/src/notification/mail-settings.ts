/** Mail settings of the installation, a customer or a contract: how they are read and changed. */
import { useQuery } from '@tanstack/react-query';
import { api, read } from '../base/client';
import type { components } from '../base/interface';
import type { KindName } from './states';

export type MailScope = { scope: 'installation' } | { scope: 'customer' | 'contract'; id: string };
export type MailSettings = components['schemas']['NotificationSettings'];
export type KindSettings = components['schemas']['NotificationKindSettings'];
export type KindsEdit = components['schemas']['NotificationKindsEdit'];
type KindEdit = NonNullable<KindsEdit[KindName]>;

const keyOf = (subject: MailScope) =>
  ['notification-settings', subject.scope, subject.scope === 'installation' ? '' : subject.id] as const;

export function useMailSettings(subject: MailScope) {
  return useQuery({
    queryKey: keyOf(subject),
    queryFn: ({ signal }): Promise<MailSettings> => {
      if (subject.scope === 'installation') return read(api.GET('/api/v1/notification-settings', { signal }));
      const params = { path: { id: subject.id } };
      return subject.scope === 'customer'
        ? read(api.GET('/api/v1/customers/{id}/notification-settings', { params, signal }))
        : read(api.GET('/api/v1/contracts/{id}/notification-settings', { params, signal }));
    },
  });
}

/** Changes kinds of mail. A dry run changes nothing and answers what would hold. */
export function editKinds(subject: MailScope, kinds: KindsEdit, revision: number, dry: boolean): Promise<MailSettings> {
  const query = dry ? { dry_run: 'true' as const } : {};
  const header = { 'If-Match': `"${revision}"` };
  const body = { kinds };
  if (subject.scope === 'installation')
    return read(api.PATCH('/api/v1/notification-settings', { params: { query, header }, body }));
  const params = { path: { id: subject.id }, query, header };
  return subject.scope === 'customer'
    ? read(api.PATCH('/api/v1/customers/{id}/notification-settings', { params, body }))
    : read(api.PATCH('/api/v1/contracts/{id}/notification-settings', { params, body }));
}

/** The choices of one scope as a form has them. The empty text, and the switches, stand for "as in the wider scope". */
export interface KindValues {
  is_sent: '' | 'yes' | 'no';
  may_wait: '' | 'yes' | 'no';
  own_roles: boolean;
  roles: KindSettings['roles'];
  own_addresses: boolean;
  addresses: string[];
}

export function kindValues(kind: KindSettings, scope: MailScope['scope']): KindValues {
  const word = (value: boolean) => (value ? 'yes' : 'no');
  return {
    is_sent: kind.from.is_sent === scope ? word(kind.is_sent) : '',
    may_wait: kind.from.may_wait === scope ? word(kind.may_wait) : '',
    own_roles: kind.from.roles === scope,
    roles: kind.roles,
    own_addresses: kind.from.addresses === scope,
    addresses: kind.addresses,
  };
}

/** Null takes a choice back: the wider scope decides again. */
export function kindEdit({ is_sent, may_wait, own_roles, roles, own_addresses, addresses }: KindValues): KindEdit {
  const choice = (value: KindValues['is_sent']) => (value === '' ? null : value === 'yes');
  return {
    is_sent: choice(is_sent),
    may_wait: choice(may_wait),
    roles: own_roles ? roles : null,
    addresses: own_addresses ? addresses : null,
  };
}
