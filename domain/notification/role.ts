/** Who has a role: the addresses that a contract, its customer and the installation name. */
import { ROLES } from './kind';
import type { Role } from './kind';
import type { Language } from './settings';

/** Why an address gets a mail: a role, or because settings name it. */
export const REASONS = [...ROLES, 'named_in_settings'] as const;
export type Reason = (typeof REASONS)[number];

/** A customer as mail sees it. One who was merged is the one into whom it was merged. */
export interface MailCustomer {
  id: string;
  email: string;
  /** Null: `email`. */
  billing_contact: string | null;
  responsible_person: string | null;
  account_manager: string | null;
  language: Language | null;
  is_erased: boolean;
}

/** A contract as mail sees it. */
export interface MailContract {
  id: string;
  customer_id: string | null;
  /** Null: that of the customer. */
  account_manager: string | null;
  is_deleted: boolean;
}

/** Whose addresses are asked for. */
export interface RoleHolders {
  contract: MailContract | null;
  customer: MailCustomer | null;
  operator_addresses: readonly string[];
}

/** The addresses of a role. An erased customer has none. */
export function addressesOf(role: Role, { contract, customer, operator_addresses }: RoleHolders): readonly string[] {
  const known = customer === null || customer.is_erased ? null : customer;
  const one = (address: string | null | undefined) => (address ? [address] : []);
  switch (role) {
    case 'customer':
      return one(known?.email);
    case 'billing_contact':
      return one(known?.billing_contact ?? known?.email);
    case 'responsible_person':
      return one(known?.responsible_person);
    case 'account_manager':
      return one(contract?.account_manager ?? known?.account_manager);
    case 'operator':
      return operator_addresses;
  }
}

/** The address that has a role now; null: the role has none, several, or is none. */
export function addressNow(reason: Reason, holders: Omit<RoleHolders, 'operator_addresses'>): string | null {
  if (reason === 'operator' || reason === 'named_in_settings') return null;
  return addressesOf(reason, { ...holders, operator_addresses: [] })[0] ?? null;
}

/** Whether a role is held by the customer's own people, who read the customer's language. */
export function isOfCustomer(reason: Reason): boolean {
  return reason === 'customer' || reason === 'billing_contact' || reason === 'responsible_person';
}

/** The roles in their fixed order: the first one that an address has is named as the reason of its mail. */
export function inOrder(roles: readonly Role[]): readonly Role[] {
  return ROLES.filter((role) => roles.includes(role));
}
