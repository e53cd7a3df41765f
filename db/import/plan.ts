/** What the licenses of an import are imported by: their job, its license terms and its contract. */
import type { Actor, StoredPerson } from '../../domain/base/actor';
import type { Instant, LocalDate } from '../../domain/base/instant';
import type { OwnExpiryRule } from '../../domain/license/license-expiry';
import type { Sql } from '../base/database';

export interface ImportPlan {
  serial: string;
  contract_id: string;
  /** Whether unused licenses become available in a pool. */
  is_pool: boolean;
  /** When licenses without an expiry of their own expire. */
  expires_at: Instant | null;
  own_expiry: OwnExpiryRule | null;
  /** The first day that the contract does not cover. */
  end_date: LocalDate | null;
  activation_limit: number | null;
  lease_minutes: number | null;
  actor: Actor;
  request_id: string | null;
}

export async function findImportPlan(sql: Sql, job_id: string): Promise<ImportPlan> {
  const [row] = await sql<[ImportPlan & { stored: Partial<StoredPerson> }]>`
    SELECT g.serial, g.contract_id, c.type = 'pool' AS is_pool, g.expires_at, t.own_expiry, c.end_date, t.activation_limit,
           t.device_lease_minutes AS lease_minutes, shown_actor(g.actor) AS actor, g.actor AS stored, g.request_id
    FROM generation_jobs g JOIN license_terms t ON t.id = g.terms_id JOIN contracts c ON c.id = g.contract_id WHERE g.id = ${job_id}`;
  const { stored, ...plan } = row;
  // Rows of the history keep the ids of the person who asked for the import.
  if (stored.name_id === undefined) return plan;
  return { ...plan, actor: { ...plan.actor, stored_as: stored as StoredPerson } };
}
