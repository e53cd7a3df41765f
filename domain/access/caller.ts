/**
 * Who calls the interface. A new kind of caller is a member of {@link Caller}: the compiler then names every place that decides by
 * who calls, because each of them is a `switch` over the kinds without a default.
 *
 * Nobody is a kind of its own, not an admin of the least role: nobody sees what is open to everybody, and nothing else.
 */
import type { Actor, KnownPerson } from '../base/actor';
import { roleCovers } from './role';
import type { Role } from './role';

/** An admin, known by one of their API keys. */
export interface AdminCaller {
  kind: 'admin';
  by: 'api_key';
  id: string;
  email: string;
  name: string;
  role: Role;
  /** The row of the key. */
  api_key_id: string;
  /** What the history refers to when this admin acts. */
  known: KnownPerson;
}

/** Somebody who showed no API key, or calls what asks for none. */
export interface AnonymousCaller {
  kind: 'anonymous';
}

export type Caller = AdminCaller | AnonymousCaller;
export type CallerKind = Caller['kind'];
export type KnownCaller = Exclude<Caller, AnonymousCaller>;

/** What of a caller decides what it may do. */
export type CallerRights = Pick<AdminCaller, 'kind' | 'role'> | AnonymousCaller;

export const ANONYMOUS: AnonymousCaller = Object.freeze({ kind: 'anonymous' });

/** Under whose name the caller's acts are audited; `ip` is the address that the request came from. */
export function actorOf(caller: KnownCaller, ip: string | undefined): Actor {
  switch (caller.kind) {
    case 'admin':
      return { type: 'user', id: caller.id, name: caller.name, ...(ip === undefined ? {} : { ip }) };
  }
}

/** Names a caller among all callers. It is the same for all keys of one caller, so a client may rotate its key. */
export function callerName(caller: KnownCaller): string {
  switch (caller.kind) {
    case 'admin':
      return `admin ${caller.id}`;
  }
}

/** License keys are the goods: a viewer sees that they exist, not what they are (decisions 23). */
export function seesLicenseKeys(caller: Caller): boolean {
  switch (caller.kind) {
    case 'admin':
      return roleCovers(caller.role, 'operator');
    case 'anonymous':
      return false;
  }
}

/** A deleted contract is shown as such to those who administer contracts; to others it does not exist (domain.md 1.9). */
export function seesDeletedContracts(caller: Caller): boolean {
  switch (caller.kind) {
    case 'admin':
      return roleCovers(caller.role, 'admin');
    case 'anonymous':
      return false;
  }
}
