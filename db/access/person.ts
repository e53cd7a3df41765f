/** Names and addresses of people, stored apart from the history, which holds only their ids (decisions 41). */
import type { Actor, StoredPerson } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import type { Fragment, Sql } from '../base/database';

/** Network addresses of a person that are read together with an API key; any other address takes one more statement. */
const ORIGINS_READ_MAX = 100;

/** The stored ids of the admin `a`, a value of type `KnownPerson`. */
export function knownPerson(sql: Sql): Fragment {
  return knownActor(sql, { id: sql`a.id::text`, name: sql`a.name` });
}

/**
 * The stored ids of the person or key that acts under this id and name, a value of type `KnownPerson`. Addresses are sorted by their index, so only
 * the index is read.
 */
export function knownActor(sql: Sql, { id, name }: { id: Fragment; name: Fragment }): Fragment {
  return sql`jsonb_build_object(
    'name_id', (SELECT p.id FROM audit_people p WHERE p.person_id = ${id} AND p.name = ${name}),
    'origin_ids', (SELECT coalesce(jsonb_object_agg(o.address, o.id), '{}')
                   FROM (SELECT address, id FROM audit_origins WHERE person_id = ${id} ORDER BY address LIMIT ${ORIGINS_READ_MAX}) o))`;
}

/**
 * Stores a name and a network address of a person, unless they are stored already, and returns their ids. Run it outside a transaction: inside
 * one, others that store the same new address wait until it ends.
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

/** How many rows named an erased person. */
export interface ErasedRows {
  /** Names under which the person acted. */
  names: number;
  /** Network addresses from which the person acted. */
  addresses: number;
  /** Audit rows about the person. */
  facts: number;
  /** Deleted contracts that name the person as the one who deleted them. */
  deleted_contracts: number;
  /** Stored answers to requests with an idempotency key. */
  answers: number;
}

/** How many rows named an erased person as an account manager or a responsible person. */
export interface ErasedContact {
  /** Customers and contracts. */
  managed: number;
  /** Audit rows about customers and contracts. */
  managed_facts: number;
  /** Stored answers to requests with an idempotency key. */
  managed_answers: number;
}

/** Keeps other transactions from storing a name or address of the person until this one ends (`audit_name_id` takes the same lock). */
export async function lockPerson(tx: Sql, person_id: string): Promise<void> {
  await tx`SELECT pg_advisory_xact_lock(hashtextextended('audit_people ' || ${person_id}::text, 0))`;
}

/** The name to store outside the history: `neutral_name` if the person was erased. A person who was not cannot be erased until the transaction ends. */
export async function resolveStoredName(
  tx: Sql,
  { type, id, name }: Pick<Actor, 'type' | 'id' | 'name'>,
  neutral_name: string,
): Promise<string> {
  if (type !== 'user') return name;
  await lockPerson(tx, id);
  return (await isErased(tx, id)) ? neutral_name : name;
}

/** The current and former e-mail addresses of an admin or customer, also those in the history. */
export async function listEmails(tx: Sql, person_id: string): Promise<string[]> {
  const rows = await tx<{ email: string }[]>`
    SELECT email FROM customers WHERE id = ${person_id} AND erased_at IS NULL
    UNION SELECT email FROM admins WHERE id = ${person_id} AND erased_at IS NULL
    UNION SELECT audited.email FROM audit_person_facts, LATERAL (VALUES (before ->> 'email'), (after ->> 'email')) AS audited (email)
    WHERE person_id = ${person_id} AND audited.email LIKE '%@%'`;
  return rows.map(({ email }) => email);
}

/** Whether a person was erased. */
export async function isErased(sql: Sql, person_id: string): Promise<boolean> {
  const erased = await sql`SELECT FROM audit_people WHERE person_id = ${person_id} AND name IS NULL LIMIT 1`;
  return erased.count === 1;
}

/**
 * Removes the names and addresses of a person from the tables that store them for the history, and from copies. One row remains that
 * marks the person as erased, so that no name is stored again. Call it after `lockPerson`.
 */
export async function erasePersonFromHistory(
  tx: Sql,
  person_id: string,
  { now, neutral_name }: { now: Instant; neutral_name: string },
): Promise<ErasedRows> {
  const names = await tx`
    UPDATE audit_people SET name = NULL, erased_at = ${now} WHERE person_id = ${person_id} AND name IS NOT NULL`;
  if (names.count === 0 && !(await isErased(tx, person_id)))
    await tx`INSERT INTO audit_people (person_id, erased_at) VALUES (${person_id}, ${now})`;
  const addresses = await tx`DELETE FROM audit_origins WHERE person_id = ${person_id}`;
  const facts = await tx`
    UPDATE audit_person_facts SET before = ${withoutPerson(tx, 'before', neutral_name)}, after = ${withoutPerson(tx, 'after', neutral_name)}
    WHERE person_id = ${person_id} AND (${namesPerson(tx, 'before', neutral_name)} OR ${namesPerson(tx, 'after', neutral_name)})`;
  const contracts = await tx`
    UPDATE contracts c SET deleted_by = ${neutral_name} FROM audit_events e
    WHERE e.action = 'contract.deleted' AND e.actor ->> 'id' = ${person_id} AND c.id = e.contract_id AND c.deleted_by <> ${neutral_name}`;
  const answers = await tx`
    UPDATE idempotency_keys SET body = ${withoutPerson(tx, 'body', neutral_name)} WHERE body ->> 'id' = ${person_id} AND ${namesPerson(tx, 'body', neutral_name)}`;
  return {
    names: names.count,
    addresses: addresses.count,
    facts: facts.count,
    deleted_contracts: contracts.count,
    answers: answers.count,
  };
}

/**
 * Removes the addresses of a person from customers and contracts that name the person as a contact, and from their history. Also removes
 * the account managers of an erased customer's contracts.
 */
export async function eraseContact(
  tx: Sql,
  { emails, customer_id }: { emails: readonly string[]; customer_id: string | null },
  neutral_name: string,
): Promise<ErasedContact> {
  const addresses = tx`(SELECT lower(address) FROM unnest(${[...emails]}::text[]) AS address)`;
  const kept = (column: string): Fragment =>
    tx`${tx(column)} = CASE WHEN lower(${tx(column)}) IN ${addresses} THEN NULL ELSE ${tx(column)} END`;
  const customers = await tx`
    UPDATE customers SET ${kept('account_manager')}, ${kept('responsible_person')}
    WHERE lower(account_manager) IN ${addresses} OR lower(responsible_person) IN ${addresses}`;
  const contracts = await tx`
    UPDATE contracts SET account_manager = NULL
    WHERE account_manager IS NOT NULL AND (lower(account_manager) IN ${addresses} OR customer_id = ${customer_id})`;
  const of_contract = tx`person_id IN (SELECT id::text FROM contracts WHERE customer_id = ${customer_id})`;
  let managed_facts = 0;
  let managed_answers = 0;
  for (const field of ['account_manager', 'responsible_person']) {
    const names = (column: string): Fragment => tx`
      (${tx(column)} ->> ${field} <> ${neutral_name} AND (lower(${tx(column)} ->> ${field}) IN ${addresses} OR (${of_contract})))`;
    const neutral = (column: string): Fragment =>
      tx`jsonb_set(${tx(column)}, ARRAY[${field}::text], to_jsonb(${neutral_name}::text))`;
    const without = (column: string): Fragment =>
      tx`CASE WHEN ${names(column)} THEN ${neutral(column)} ELSE ${tx(column)} END`;
    const facts = await tx`
      UPDATE audit_person_facts SET before = ${without('before')}, after = ${without('after')} WHERE ${names('before')} OR ${names('after')}`;
    const answers = await tx`
      UPDATE idempotency_keys SET body = ${neutral('body')} WHERE lower(body ->> ${field}) IN ${addresses}`;
    managed_facts += facts.count;
    managed_answers += answers.count;
  }
  return { managed: customers.count + contracts.count, managed_facts, managed_answers };
}

/** The condition that a JSON object has a text that names a person. */
function namesPerson(sql: Sql, column: string, neutral_name: string): Fragment {
  return sql`EXISTS (
    SELECT FROM jsonb_each(${sql(column)})
    WHERE key = ANY (person_fields()) AND value NOT IN ('null', to_jsonb(${neutral_name}::text)))`;
}

/** A JSON object in which the neutral name replaces each text that names a person. */
function withoutPerson(sql: Sql, column: string, neutral_name: string): Fragment {
  return sql`(
    SELECT jsonb_object_agg(key, CASE WHEN key = ANY (person_fields()) AND value <> 'null' THEN to_jsonb(${neutral_name}::text) ELSE value END)
    FROM jsonb_each(${sql(column)}))`;
}
