import type { JsonObject } from './json';

/** Who did something, as audit rows and jobs show it. */
export interface Actor {
  type: 'user' | 'system';
  /** The admin's id, or the name of the workflow or process that acted. */
  id: string;
  /** A readable name at the time of the act. It never enters a workflow payload. */
  name: string;
  /** The address the request came from, where there was one. */
  ip?: string;
  /** What stands for the name and the address in stored rows, as far as it is known before they are written. */
  stored_as?: StoredPerson;
}

/** Ids of the name and the address of a person, which are stored beside the history (decisions 41). */
export interface StoredPerson {
  name_id: number;
  origin_id?: number;
}

/** The actor of everything that happens by itself: boundaries crossed, jobs finished. */
export const SYSTEM: Actor = { type: 'system', id: 'covenant', name: 'Covenant' };

/** The actor of what billing systems report. */
export const BILLING: Actor = { type: 'system', id: 'billing', name: 'Billing' };

/** What is stored of a person who may act. */
export interface KnownPerson {
  /** The id of the name that the person has now; null before the first act under it. */
  name_id: number | null;
  /** The ids of addresses from which the person has acted. */
  origin_ids: Record<string, number>;
}

/** An actor as a row stores it. What is not stored beside the history yet, Postgres moves there when the row is inserted. */
export function storedActor({ type, id, name, ip, stored_as }: Actor): JsonObject {
  if (stored_as === undefined) return ip === undefined ? { type, id, name } : { type, id, name, ip };
  const { name_id, origin_id } = stored_as;
  if (origin_id !== undefined) return { type, id, name_id, origin_id };
  return ip === undefined ? { type, id, name_id } : { type, id, name_id, ip };
}
