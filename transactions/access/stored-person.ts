/** The ids that the history stores for a caller: those of the name and of the network address (decisions 41). */
import type { KnownCaller } from '../../domain/access/caller';
import type { StoredPerson } from '../../domain/base/actor';
import { storePerson } from '../../db/access/person';
import type { Sql } from '../../db/base/database';

/** The ids of a caller's name and address that were read together with the API key; undefined when one is missing and may need to be stored. */
export function knownPerson({ known }: KnownCaller, ip: string | undefined): StoredPerson | undefined {
  if (known.name_id === null) return undefined;
  if (ip === undefined) return { name_id: known.name_id };
  const origin_id = known.origin_ids[ip];
  return origin_id === undefined ? undefined : { name_id: known.name_id, origin_id };
}

/**
 * Stores the name and the address of a caller: for the first request under a name, or from an address. By a statement of its own,
 * because in the transaction of the request it would block other requests from the same address.
 */
export async function storedPerson(sql: Sql, caller: KnownCaller, ip: string | undefined): Promise<StoredPerson> {
  const { id, name, known } = caller;
  const stored = await storePerson(sql, { id, name, ip });
  // The caller is cached for a moment, and the next request must find the ids.
  known.name_id = stored.name_id;
  if (ip !== undefined && stored.origin_id !== undefined) known.origin_ids[ip] = stored.origin_id;
  return stored;
}
