import type { JsonObject } from './json';

/** The actor of a change, as audit rows and jobs show it. */
export interface Actor {
  type: 'user' | 'api_key' | 'system';
  /** The admin's id, the id of a contract's API key, or the name of the workflow or process that acted. */
  id: string;
  /** The readable name at the time of the act. It is never part of a workflow payload. */
  name: string;
  /** The address the request came from, where there was one. */
  ip?: string;
  /** The ids that replace the name and the address in stored rows, if they are known before the rows are written. */
  stored_as?: StoredPerson;
}

/** Ids of the name and the network address of a person. Both are stored outside the history (decisions 41). */
export interface StoredPerson {
  name_id: number;
  origin_id?: number;
}

/** The actor of everything that no person does: boundaries, finished jobs. */
export const SYSTEM: Actor = { type: 'system', id: 'covenant', name: 'Covenant' };

/** The actor of licenses that are generated because a pool has few. */
export const REPLENISHMENT: Actor = { type: 'system', id: 'replenishment', name: 'Replenishment' };

/** The actor of what billing systems report. */
export const BILLING: Actor = { type: 'system', id: 'billing', name: 'Billing' };

/** What is stored of a person, or of a contract's API key, that can act. */
export interface KnownPerson {
  /** The id of the person's current name; null before the first act under it. */
  name_id: number | null;
  /** The ids of the addresses from which the person has acted. */
  origin_ids: Record<string, number>;
}

/**
 * An actor in the form that a row stores. A name or address without an id is moved out of the history by Postgres when the row
 * is inserted.
 */
export function storedActor({ type, id, name, ip, stored_as }: Actor): JsonObject {
  if (stored_as === undefined) return ip === undefined ? { type, id, name } : { type, id, name, ip };
  const { name_id, origin_id } = stored_as;
  if (origin_id !== undefined) return { type, id, name_id, origin_id };
  return ip === undefined ? { type, id, name_id } : { type, id, name_id, ip };
}
