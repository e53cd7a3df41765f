/** What the history refers to when a caller acts: ids of the name and of the network address (decisions 41). */
import type { KnownCaller } from '../../domain/access/caller';
import type { StoredPerson } from '../../domain/base/actor';
import { storePerson } from '../../db/access/person';
import type { Sql } from '../../db/base/database';

/**
 * The ids of a caller's name and address. They were read with the API key; only the first request under a name, or from an address,
 * stores it: by a statement of its own, because in the transaction of the request it would hold up others from the same address.
 */
export async function storedPerson(sql: Sql, caller: KnownCaller, ip: string | undefined): Promise<StoredPerson> {
  const { id, name, known } = caller;
  const origin_id = ip === undefined ? undefined : known.origin_ids[ip];
  if (known.name_id !== null && (ip === undefined || origin_id !== undefined))
    return { name_id: known.name_id, ...(origin_id === undefined ? {} : { origin_id }) };
  const stored = await storePerson(sql, { id, name, ip });
  // The caller is remembered for a moment, and the next request is to find them.
  known.name_id = stored.name_id;
  if (ip !== undefined && stored.origin_id !== undefined) known.origin_ids[ip] = stored.origin_id;
  return stored;
}
