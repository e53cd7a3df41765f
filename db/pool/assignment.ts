/** Licenses of a pool that are assigned to customers, and taken back. */
import type { LocalDate } from '../../domain/base/instant';
import type { LicenseFacts } from '../../domain/license/license-facts';
import type { OwnExpiryRule } from '../../domain/license/license-expiry';
import type { Sql } from '../base/database';
import { factsOf, lockFacts } from '../license/license-facts';

/** A license whose facts are locked, with what its assignment needs. */
export interface AssignableLicense extends LicenseFacts {
  id: string;
  own_expiry: OwnExpiryRule | null;
  /** The end of its contract. */
  end_date: LocalDate | null;
}

/** Locks the facts of licenses in the order of their ids, and reads them by a statement of its own. */
export async function lockAssignableLicenses(tx: Sql, license_ids: readonly string[]): Promise<AssignableLicense[]> {
  await lockFacts(tx, license_ids);
  return listAssignableLicenses(tx, license_ids);
}

/** Reads licenses whose facts are locked, in the order of their ids. */
export async function listAssignableLicenses(tx: Sql, license_ids: readonly string[]): Promise<AssignableLicense[]> {
  return tx<AssignableLicense[]>`
    SELECT f.license_id AS id, t.own_expiry, c.end_date, ${factsOf(tx, tx`j.expires_at`)}
    FROM license_facts f JOIN generation_jobs j ON j.serial = f.license_id >> 24 JOIN license_terms t ON t.id = j.terms_id
    LEFT JOIN contracts c ON c.id = j.contract_id WHERE f.license_id = ANY(${[...license_ids]}::bigint[]) ORDER BY f.license_id`;
}

/** Takes a locked license from its customer. The expiry that its assignment gave it ends too. */
export async function unassignLicense(tx: Sql, id: string): Promise<void> {
  await tx`
    UPDATE license_facts SET customer_id = NULL, assigned_at = NULL, held_until = NULL, expires_at = NULL WHERE license_id = ${id}`;
}
