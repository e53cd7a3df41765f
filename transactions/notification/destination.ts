/** To which address a notification goes when it is sent again: the one that has its role now. */
import type { Sql } from '../../db/base/database';
import { listMailContracts, listMailCustomers } from '../../db/notification/mail-context';
import type { NotificationRow } from '../../db/notification/notification-list';
import { listKnownRecipients } from '../../db/notification/recipient';
import { addressKey } from '../../domain/notification/address';
import { addressNow } from '../../domain/notification/role';

export interface Destination extends Pick<NotificationRow, 'address' | 'status' | 'is_unsubscribed'> {
  /** Null: the address has had no mail. */
  recipient_id: string | null;
}

/**
 * The destination of each notification, in their order. A role that has no address now, and one that can have several, keep the address of
 * the notification, as a digest does. With `lock`, none of the customers can be erased until the transaction ends.
 */
export async function findDestinations(
  sql: Sql,
  rows: readonly NotificationRow[],
  options: { lock?: boolean } = {},
): Promise<Destination[]> {
  const unique = (ids: readonly (string | null)[]) => [...new Set(ids.filter((id) => id !== null))];
  const contract_ids = unique(rows.map(({ contract_id }) => contract_id));
  const contracts = new Map((await listMailContracts(sql, contract_ids)).map((contract) => [contract.id, contract]));
  const customer_ids = unique(rows.map(({ customer_id }) => customer_id));
  const found = await listMailCustomers(sql, customer_ids, options);
  const customers = new Map(found.map((customer) => [customer.asked_id, customer]));
  const addresses = rows.map(({ kind, role, contract_id, customer_id }) => {
    if (kind === 'digest') return null;
    const [contract, customer] = [contracts.get(contract_id ?? ''), customers.get(customer_id ?? '')];
    return addressNow(role, { contract: contract ?? null, customer: customer ?? null });
  });
  const recipients = await listKnownRecipients(sql, unique(addresses));
  const known = new Map(recipients.map((recipient) => [addressKey(recipient.address), recipient]));
  return rows.map((row, index) => {
    const address = addresses[index] ?? null;
    if (address === null || addressKey(address) === addressKey(row.address)) return row;
    const recipient = known.get(addressKey(address));
    if (recipient === undefined) return { recipient_id: null, address, status: 'ok', is_unsubscribed: false };
    const { id: recipient_id, status, unsubscribed } = recipient;
    return { recipient_id, address, status, is_unsubscribed: unsubscribed.includes(row.kind) };
  });
}
