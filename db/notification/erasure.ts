/** Erases addresses of people from mail: recipients, what they are owed, and settings. */
import type { Instant } from '../../domain/base/instant';
import type { KindChoices } from '../../domain/notification/settings';
import type { Fragment, Sql } from '../base/database';

/**
 * The addresses to which mail about customers went, in lower case: contacts and those in settings, of now and before. One that others name
 * too is left out, because it is not of these people alone.
 */
export async function listContactAddresses(tx: Sql, customer_ids: readonly string[]): Promise<string[]> {
  const ids = [...customer_ids];
  const named = tx`notification_settings, jsonb_path_query(kinds, '$.*.addresses[*]') AS named (address)`;
  const rows = await tx<{ address: string }[]>`
    SELECT lower(address) AS address FROM customers, unnest(ARRAY[billing_contact, responsible_person]) AS address
    WHERE id = ANY (${ids}::uuid[]) AND address IS NOT NULL
    UNION SELECT lower(address) FROM audit_person_facts, LATERAL unnest(ARRAY[
      before ->> 'billing_contact', after ->> 'billing_contact', before ->> 'responsible_person', after ->> 'responsible_person']) AS address
    WHERE person_id = ANY (${ids}::text[]) AND address LIKE '%@%'
    UNION SELECT lower(address #>> '{}')
    FROM audit_person_facts, jsonb_path_query(jsonb_build_array(before, after), '$[*].addresses.*[*]') AS former (address)
    WHERE person_id = ANY (${ids}::text[]) OR person_id IN (SELECT id::text FROM contracts WHERE customer_id = ANY (${ids}::uuid[]))
    UNION SELECT lower(address #>> '{}') FROM ${named} WHERE ${isSettingsOf(tx, ids)}
    EXCEPT SELECT lower(address) FROM customers, unnest(ARRAY[email, billing_contact, responsible_person, account_manager]) AS address
    WHERE id <> ALL (${ids}::uuid[])
    EXCEPT SELECT lower(address #>> '{}') FROM ${named} WHERE NOT (${isSettingsOf(tx, ids)})
    EXCEPT SELECT lower(address) FROM notification_settings, unnest(operator_addresses) AS address
    EXCEPT SELECT lower(account_manager) FROM contracts WHERE account_manager IS NOT NULL
    EXCEPT SELECT lower(email) FROM admins`;
  return rows.map(({ address }) => address);
}

/** The condition that settings are those of customers or of their contracts. */
function isSettingsOf(sql: Sql, customer_ids: string[]): Fragment {
  return sql`
    scope <> 'installation' AND (subject_id = ANY (${customer_ids}::uuid[])
      OR subject_id IN (SELECT id FROM contracts WHERE customer_id = ANY (${customer_ids}::uuid[])))`;
}

/** Replaces addresses of recipients by neutral ones, and ends what they are owed. Returns how many there were. */
export async function eraseRecipients(tx: Sql, addresses: readonly string[], now: Instant): Promise<number> {
  const [{ count }] = await tx<[{ count: number }]>`
    WITH erased AS (
      UPDATE mail_recipients SET address = id || '@erased.invalid', status = 'erased', status_at = ${now}, status_note = NULL, updated_at = ${now}
      WHERE lower(address) IN (SELECT lower(address) FROM unnest(${[...addresses]}::text[]) AS address)
      RETURNING id
    ), ended AS (
      UPDATE notifications SET state = 'suppressed', problem = 'erased', detail = NULL, due_at = NULL, ended_at = ${now}, is_sending = false
      WHERE recipient_id IN (SELECT id FROM erased) AND state IN ('owed', 'waiting')
    ), quoted AS (
      UPDATE notifications SET detail = NULL
      WHERE recipient_id IN (SELECT id FROM erased) AND state NOT IN ('owed', 'waiting') AND detail IS NOT NULL
    )
    SELECT count(*)::int AS count FROM erased`;
  return count;
}

/** Deletes the settings of customers and of their contracts. Returns how many there were. */
export async function deleteSettingsOf(tx: Sql, customer_ids: readonly string[]): Promise<number> {
  const deleted = await tx`DELETE FROM notification_settings WHERE ${isSettingsOf(tx, [...customer_ids])}`;
  return deleted.count;
}

/** Settings with an address. */
export interface AddressedSettings {
  subject_id: string;
  kinds: KindChoices;
  operator_addresses: string[] | null;
}

/** The settings that name one of these addresses, locked. */
export async function lockSettingsWith(tx: Sql, addresses: readonly string[]): Promise<AddressedSettings[]> {
  return tx<AddressedSettings[]>`
    SELECT subject_id, kinds, operator_addresses FROM notification_settings
    WHERE EXISTS (
      SELECT FROM (
        SELECT named #>> '{}' AS address FROM jsonb_path_query(kinds, '$.*.addresses[*]') AS named
        UNION ALL SELECT unnest(operator_addresses)
      ) a WHERE lower(a.address) IN (SELECT lower(address) FROM unnest(${[...addresses]}::text[]) AS address))
    ORDER BY subject_id FOR NO KEY UPDATE`;
}

/** Replaces the addresses of settings in the audit. Returns how many rows named one of these addresses, or are about a contract of the customer. */
export async function eraseAuditedAddresses(
  tx: Sql,
  { addresses, customer_id }: { addresses: readonly string[]; customer_id: string | null },
  neutral_name: string,
): Promise<number> {
  const neutral = tx`to_jsonb(${neutral_name}::text)`;
  const given = tx`(SELECT lower(address) FROM unnest(${[...addresses]}::text[]) AS address)`;
  const of_contract = tx`person_id IN (SELECT id::text FROM contracts WHERE customer_id = ${customer_id})`;
  const names = (column: 'before' | 'after') => tx`
    (${tx(column)} -> 'addresses' <> ${neutral} AND (${of_contract} OR EXISTS (
      SELECT FROM jsonb_path_query(${tx(column)} -> 'addresses', '$.*[*]') AS named WHERE lower(named #>> '{}') IN ${given})))`;
  const without = (column: 'before' | 'after') =>
    tx`CASE WHEN ${names(column)} THEN jsonb_set(${tx(column)}, '{addresses}', ${neutral}) ELSE ${tx(column)} END`;
  const facts = await tx`
    UPDATE audit_person_facts SET before = ${without('before')}, after = ${without('after')}
    WHERE (before ? 'addresses' OR after ? 'addresses') AND (${names('before')} OR ${names('after')})`;
  return facts.count;
}
