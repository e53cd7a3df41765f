/** Licenses of a pool that are assigned to customers, and taken back. */
import type { Instant, LocalDate } from '../../domain/base/instant';
import type { LicenseFacts } from '../../domain/license/license-facts';
import type { OwnExpiryRule } from '../../domain/license/license-expiry';
import type { Sql } from '../base/database';
import { factsOf, lockFacts } from '../license/license-facts';

/** A license whose facts are locked, with what its assignment needs. */
export interface AssignableLicense extends LicenseFacts {
  id: string;
  own_expiry: OwnExpiryRule | null;
}

/** Locks the facts of licenses in the order of their ids, and reads them by a statement of its own. */
export async function lockAssignableLicenses(tx: Sql, license_ids: readonly string[]): Promise<AssignableLicense[]> {
  await lockFacts(tx, license_ids);
  return tx<AssignableLicense[]>`
    SELECT f.license_id AS id, t.own_expiry, ${factsOf(tx, tx`j.expires_at`)}
    FROM license_facts f JOIN generation_jobs j ON j.serial = f.license_id >> 24 JOIN license_terms t ON t.id = j.terms_id
    WHERE f.license_id = ANY(${[...license_ids]}::bigint[]) ORDER BY f.license_id`;
}

/** The first day that the contract does not cover, or null. */
export async function findEndDate(sql: Sql, contract_id: string): Promise<LocalDate | null> {
  const [row] = await sql<{ end_date: LocalDate | null }[]>`SELECT end_date FROM contracts WHERE id = ${contract_id}`;
  return row?.end_date ?? null;
}

/** Sets the own expiry of licenses; null: as their jobs say. */
export async function setExpiry(
  tx: Sql,
  licenses: readonly { id: string; expires_at: Instant | null }[],
): Promise<void> {
  const own = licenses.filter(({ expires_at }) => expires_at !== null);
  if (own.length === 0) return;
  await tx`
    UPDATE license_facts f SET expires_at = o.expires_at
    FROM unnest(${own.map(({ id }) => id)}::bigint[], ${own.map(({ expires_at }) => expires_at)}::timestamptz[]) AS o (id, expires_at)
    WHERE f.license_id = o.id`;
}

/** Takes a locked license from its customer. The expiry that its assignment gave it ends too. */
export async function unassignLicense(tx: Sql, id: string): Promise<void> {
  await tx`
    UPDATE license_facts SET customer_id = NULL, assigned_at = NULL, held_until = NULL, expires_at = NULL WHERE license_id = ${id}`;
}
