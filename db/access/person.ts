/** What names people who act, beside the history that holds only their ids (decisions 41). */
import type { StoredPerson } from '../../domain/base/actor';
import type { Fragment, Sql } from '../base/database';

/** Addresses of a person that are read with an API key; from others, one more statement is needed. */
const ORIGINS_READ_MAX = 100;

/** What is stored of the admin `a`, a value of type `KnownPerson`. */
export function knownPerson(sql: Sql): Fragment {
  return sql`jsonb_build_object(
    'name_id', (SELECT p.id FROM audit_people p WHERE p.person_id = a.id::text AND p.name = a.name),
    'origin_ids', (SELECT coalesce(jsonb_object_agg(o.address, o.id), '{}')
                   FROM (SELECT address, id FROM audit_origins WHERE person_id = a.id::text LIMIT ${ORIGINS_READ_MAX}) o))`;
}

/**
 * Stores a name and an address of a person beside the history, unless they are, and answers with their ids. Run it alone: in a
 * transaction, others that meet the same new address would wait until its end.
 */
export async function storePerson(
  sql: Sql,
  { id, name, ip }: { id: string; name: string; ip?: string | undefined },
): Promise<StoredPerson> {
  const [{ name_id, origin_id }] = await sql<[{ name_id: number; origin_id: number | null }]>`
    SELECT audit_name_id(${id}, ${name})::float8 AS name_id,
           CASE WHEN ${ip ?? null}::text IS NOT NULL THEN audit_origin_id(${id}, ${ip ?? null})::float8 END AS origin_id`;
  return origin_id === null ? { name_id } : { name_id, origin_id };
}
