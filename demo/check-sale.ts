/** Checks the result of the sale by SQL and the mails of the shoppers. */
import type { Sql } from '../db/base/database';
import type { DevFile } from '../dev/dev-file';
import { waitFor } from '../dev/waiting';
import { listMails } from './mail';
import { assertFields, assertThat } from './scenario';
import { QUOTA } from './scenario-pool';
import { SHOPPERS, type SaleResult } from './scenario-sale';

/** More than the workers need for all mails of the sale. */
const MAIL_TIMEOUT_MS = 60_000;

/** Throws ScenarioError when a license was given out twice or is missing, or a shopper has none. */
export async function checkSale(
  { mail_url }: DevFile,
  sql: Sql,
  { contract_id }: SaleResult,
  report: (sentence: string) => void,
): Promise<void> {
  const [given] = await sql<[{ licenses: number; customers: number; addresses: number }]>`
    SELECT count(*)::int AS licenses, count(DISTINCT f.customer_id)::int AS customers, count(DISTINCT c.email)::int AS addresses
    FROM issued_licenses l JOIN license_facts f ON f.license_id = l.id JOIN customers c ON c.id = f.customer_id
    WHERE l.contract_id = ${contract_id} AND c.email LIKE 'shopper-%@example.com'`;
  assertFields(given, { licenses: SHOPPERS, customers: SHOPPERS, addresses: SHOPPERS }, 'SQL: the assigned licenses');

  const [orders] = await sql<[{ orders: number; licenses: number }]>`
    SELECT count(DISTINCT h.order_ref)::int AS orders, count(DISTINCT l)::int AS licenses
    FROM pool_holds h CROSS JOIN LATERAL unnest(h.license_ids) AS l WHERE h.contract_id = ${contract_id}`;
  assertFields(orders, { orders: SHOPPERS, licenses: SHOPPERS }, 'SQL: the orders');

  const [pool] = await sql<[{ available: number; used: number }]>`
    SELECT count(*)::int AS available, count(f.customer_id)::int AS used
    FROM pool_available p CROSS JOIN LATERAL unnest(p.ids) AS part CROSS JOIN LATERAL generate_series(lower(part), upper(part) - 1) AS id
    LEFT JOIN license_facts f ON f.license_id = id WHERE p.contract_id = ${contract_id}`;
  assertFields(pool, { available: QUOTA, used: 0 }, 'SQL: the pool');

  const [quota] = await sql<[{ claimed: number }]>`
    SELECT claimed FROM contract_quotas WHERE contract_id = ${contract_id}`;
  assertFields(quota, { claimed: QUOTA + SHOPPERS }, 'SQL: the quota');
  report(
    `SQL shows ${SHOPPERS} orders with ${SHOPPERS} different licenses of ${SHOPPERS} customers, none of them in the pool, and ${SHOPPERS} licenses that filled it up.`,
  );
  if (mail_url === null) return;
  await checkMails(mail_url, sql, contract_id);
  report(
    `The mail catcher has ${SHOPPERS} mails to ${SHOPPERS} shoppers, each with the license of its own order and no other.`,
  );
}

/** Each shopper has one mail, with the key of its license and of no other one. */
async function checkMails(mail_url: string, sql: Sql, contract_id: string): Promise<void> {
  const given = await sql<{ email: string; key: string }[]>`
    SELECT c.email, l.key FROM issued_licenses l JOIN license_facts f ON f.license_id = l.id JOIN customers c ON c.id = f.customer_id
    WHERE l.contract_id = ${contract_id} AND c.email LIKE 'shopper-%@example.com'`;
  const to_shoppers = await waitFor(
    async () => {
      const mails = (await listMails(mail_url)).filter(({ to }) => to[0]?.address.startsWith('shopper-'));
      return mails.length >= SHOPPERS ? mails : undefined;
    },
    { timeout_ms: MAIL_TIMEOUT_MS, what: `${SHOPPERS} mails to the shoppers` },
  );
  assertThat(to_shoppers.length === SHOPPERS, `the shoppers got ${to_shoppers.length} mails`);
  const keys = new Map(given.map(({ email, key }) => [email, key]));
  for (const { to, text } of to_shoppers) {
    const address = to[0]?.address ?? '';
    const named = given.filter(({ key }) => text.includes(key));
    assertThat(
      named.length === 1 && named[0]?.key === keys.get(address),
      `the mail to ${address} has ${named.length} keys`,
    );
  }
}
