/**
 * The callers of the interface. A new kind of caller is a member of {@link Caller}. The compiler then reports every place that
 * decides by the caller, because each is a `switch` over the kinds without a default.
 *
 * A caller without a key is a kind of its own and not an admin with the lowest role: it can call only open operations.
 */
import type { Actor, KnownPerson } from '../base/actor';
import type { Channel } from '../base/channel';
import type { Environment } from '../base/environment';
import { roleCovers } from './role';
import type { Role } from './role';
import type { Session } from './session';

/** An admin, identified by one of their API keys. */
export interface AdminCaller {
  kind: 'admin';
  by: 'api_key';
  id: string;
  email: string;
  name: string;
  role: Role;
  /** The row of the key. */
  api_key_id: string;
  /** The ids that the history stores for this admin's acts. */
  known: KnownPerson;
}

/** An admin who is signed in to the admin pages, identified by the cookie of a session. */
export interface SessionCaller {
  kind: 'session';
  by: 'session';
  /** The admin's. */
  id: string;
  email: string;
  name: string;
  role: Role;
  session: Session;
  /** Whether the admin has proved recently who they are (session.ts). */
  is_confirmed: boolean;
  /** The ids that the history stores for this admin's acts. */
  known: KnownPerson;
}

/** The holder of a contract's API key, such as the script of a reseller. It can reach its own contract only (domain.md 2.3). */
export interface ContractCaller {
  kind: 'contract';
  by: 'api_key';
  /** The row of the key. */
  id: string;
  api_key_id: string;
  /** The public part of the key. */
  key_id: string;
  last_four: string;
  /** How people recognize the key in the history. */
  name: string;
  contract_id: string;
  environment: Environment;
  /** The addresses from which the key is accepted (address-list.ts). */
  ip_allowlist: readonly string[];
  /** The ids that the history stores for acts with this key. */
  known: KnownPerson;
}

/** A request without an API key and a session, or for an operation that needs none. */
export interface AnonymousCaller {
  kind: 'anonymous';
}

export type Caller = AdminCaller | SessionCaller | ContractCaller | AnonymousCaller;
export type CallerKind = Caller['kind'];
export type KnownCaller = Exclude<Caller, AnonymousCaller>;

/** The part of a caller that decides what it may do. */
export type CallerRights =
  Pick<AdminCaller | SessionCaller, 'kind' | 'role'> | Pick<ContractCaller, 'kind'> | AnonymousCaller;

export const ANONYMOUS: AnonymousCaller = Object.freeze({ kind: 'anonymous' });

/** The actor in the audit of the caller's acts; `ip` is the address of the request. */
export function actorOf(caller: KnownCaller, ip: string | undefined): Actor {
  switch (caller.kind) {
    case 'admin':
    case 'session':
      return { type: 'user', id: caller.id, name: caller.name, ...(ip === undefined ? {} : { ip }) };
    case 'contract':
      return { type: 'api_key', id: caller.id, name: caller.name, ...(ip === undefined ? {} : { ip }) };
  }
}

/**
 * Identifies a caller. The name is the same for all keys of one caller, so a client can rotate its key, and for all sessions of one admin, so
 * that a form can be sent again after a new sign-in.
 */
export function callerName(caller: KnownCaller): string {
  switch (caller.kind) {
    case 'admin':
      return `admin ${caller.id}`;
    case 'session':
      return `session ${caller.id}`;
    case 'contract':
      return `contract ${caller.contract_id}`;
  }
}

/** The channel of what a caller generates. */
export function channelOf(caller: KnownCaller): Channel {
  switch (caller.kind) {
    case 'admin':
    case 'session':
      return 'ui';
    case 'contract':
      return 'api';
  }
}

/** License keys are the product that is sold: a viewer sees that they exist, not their text (decisions 23). */
export function seesLicenseKeys(caller: Caller): boolean {
  switch (caller.kind) {
    case 'admin':
    case 'session':
      return roleCovers(caller.role, 'operator');
    case 'contract':
      return true;
    case 'anonymous':
      return false;
  }
}

/** A deleted contract is shown as deleted to admins; for other callers it does not exist (domain.md 1.9). */
export function seesDeletedContracts(caller: Caller): boolean {
  switch (caller.kind) {
    case 'admin':
    case 'session':
      return roleCovers(caller.role, 'admin');
    case 'contract':
    case 'anonymous':
      return false;
  }
}

/** The row of the key or of the session by which a caller was identified. */
export function credentialIdOf(caller: KnownCaller): string {
  switch (caller.kind) {
    case 'admin':
    case 'contract':
      return caller.api_key_id;
    case 'session':
      return caller.session.id;
  }
}

/** The list of addresses from which the key of a caller is accepted; empty: every address. */
export function addressesOf(caller: KnownCaller): readonly string[] {
  switch (caller.kind) {
    case 'admin':
    case 'session':
      return [];
    case 'contract':
      return caller.ip_allowlist;
  }
}

/**
 * Whether what belongs to a contract exists for a caller: for the key of another contract it does not (decisions 43). Null: what belongs
 * to none, which exists for admins.
 */
export function reachesContract(caller: Caller, contract_id: string | null): boolean {
  switch (caller.kind) {
    case 'admin':
    case 'session':
      return true;
    case 'contract':
      return caller.contract_id === contract_id?.toLowerCase();
    case 'anonymous':
      return false;
  }
}

/** The contract whose rows a list has: the named one, else the own one of a contract's key; undefined: every contract. */
export function listedContract(caller: KnownCaller, named: string | undefined): string | undefined {
  switch (caller.kind) {
    case 'admin':
    case 'session':
      return named;
    case 'contract':
      return named ?? caller.contract_id;
  }
}

/** Payloads of webhooks have the keys of many licenses, and what a receiver answers may repeat them: below Admin, both are masked. */
export function seesWebhookKeys(caller: Caller): boolean {
  switch (caller.kind) {
    case 'admin':
    case 'session':
      return roleCovers(caller.role, 'admin');
    case 'contract':
    case 'anonymous':
      return false;
  }
}
