/** Holds of pools: one row for each grab. It is also the answer to a repeated grab of the same order. */
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import { licenseStatus } from '../../domain/license/license-facts';
import type { LicenseFacts, LicenseStatus } from '../../domain/license/license-facts';
import type { HoldState } from '../../domain/pool/hold';
import { columnNames, ofAlias } from '../base/columns';
import { withoutPipelining } from '../base/database';
import type { Fragment, Sql } from '../base/database';
import { testClockTime } from '../contract/clock';
import { factsOf } from '../license/license-facts';

export interface HoldRow {
  id: string;
  contract_id: string;
  environment: Environment;
  order_ref: string;
  /** The stored ids of its licenses. */
  license_ids: string[];
  /** The customer to whom the licenses are assigned, or for whom they are held. */
  customer_id: string | null;
  state: HoldState;
  /** The end of the hold; null when the licenses were assigned at once. */
  held_until: Instant | null;
  created_at: Instant;
  /** When the hold was assigned, released, or expired. */
  ended_at: Instant | null;
  /** Identifies the content of the grab, so that another grab under the same order is refused. */
  fingerprint: string;
}

export const HOLD_COLUMNS = columnNames<HoldRow>({
  id: true,
  contract_id: true,
  environment: true,
  order_ref: true,
  license_ids: true,
  customer_id: true,
  state: true,
  held_until: true,
  created_at: true,
  ended_at: true,
  fingerprint: true,
});

/** A hold with the time of its contract's test clock; `clock_now` is null for the real time. */
export type HoldWithClock = HoldRow & { clock_now: Instant | null };

/** An order of a contract. */
export type Order = Pick<HoldRow, 'contract_id' | 'order_ref'>;

/** The holds of orders, in the order of the orders; undefined for an order without one. One statement. */
export async function findHoldsOfOrders(sql: Sql, orders: readonly Order[]): Promise<(HoldWithClock | undefined)[]> {
  const given = orders.map(({ contract_id, order_ref }, n) => ({ n, contract_id, order_ref }));
  const rows = await withoutPipelining(sql<(HoldWithClock & { n: number })[]>`
    SELECT o.n, ${sql(ofAlias('h', HOLD_COLUMNS))}, ${testClockTime(sql, sql`h.contract_id`)} AS clock_now
    FROM jsonb_to_recordset(${sql.json(given)}) AS o (n integer, contract_id uuid, order_ref text)
    -- Planned for one order: whatever the table contains, each is one read of the unique index.
    CROSS JOIN LATERAL (
      SELECT ${sql(HOLD_COLUMNS)} FROM pool_holds WHERE contract_id = o.contract_id AND order_ref = o.order_ref OFFSET 0) h`);
  const by_place = new Map(rows.map(({ n, ...hold }) => [n, hold]));
  return orders.map((_, n) => by_place.get(n));
}

/** A license as an order gets it. */
export interface HeldLicense {
  id: string;
  key: string;
  status: LicenseStatus;
  expires_at: Instant | null;
}

/**
 * The licenses that belong to a hold at an instant, in the order in which they were taken. A license that was returned or given to another
 * customer or order does not belong to it any more: its facts name another end of a hold, or another customer or instant of assignment.
 */
export async function listHeldLicenses(sql: Sql, hold_id: string, now: Instant): Promise<HeldLicense[]> {
  const rows = await sql<({ id: string; key: string } & LicenseFacts)[]>`
    SELECT l.id, l.key, ${factsOf(sql, sql`j.expires_at`)}
    FROM pool_holds h CROSS JOIN LATERAL unnest(h.license_ids) WITH ORDINALITY AS held (id, place)
    JOIN licenses l ON l.id = held.id JOIN generation_jobs j ON j.serial = held.id >> 24 JOIN license_facts f ON f.license_id = held.id
    WHERE h.id = ${hold_id} AND CASE h.state
      WHEN 'held' THEN f.held_until = h.held_until AND h.held_until > ${now}
      WHEN 'assigned' THEN f.customer_id = h.customer_id AND f.assigned_at = h.ended_at
      ELSE false END
    ORDER BY held.place`;
  return rows.map(({ id, key, ...facts }) => ({
    ...{ id, key, status: licenseStatus(facts, now) },
    expires_at: facts.expires_at,
  }));
}

/**
 * Locks a hold until the transaction ends, and reads it by a statement of its own, with the time of its contract's test clock at that moment;
 * undefined when there is none with this id.
 */
export async function lockHold(tx: Sql, id: string): Promise<HoldWithClock | undefined> {
  await tx`SELECT FROM pool_holds WHERE id = ${id} FOR NO KEY UPDATE`;
  return findHold(tx, id);
}

/** A hold with the time of its contract's test clock, or undefined. */
export async function findHold(sql: Sql, id: string): Promise<HoldWithClock | undefined> {
  const [row] = await sql<HoldWithClock[]>`
    SELECT ${sql(ofAlias('h', HOLD_COLUMNS))}, ${testClockTime(sql, sql`h.contract_id`)} AS clock_now FROM pool_holds h WHERE h.id = ${id}`;
  return row;
}

/** Sets what became of a locked hold. */
export async function endHold(
  tx: Sql,
  id: string,
  end: { state: HoldState; customer_id: string | null; ended_at: Instant },
): Promise<void> {
  await tx`UPDATE pool_holds SET ${tx(end)} WHERE id = ${id}`;
}

/** An expression for the number of open holds of the contract `c`. Only a pool has any, so for other types nothing is read. */
export function openHolds(sql: Sql): Fragment {
  return sql`
    CASE WHEN c.type = 'pool' THEN (
      SELECT count(*)::int FROM pool_holds
      WHERE contract_id = c.id AND state = 'held' AND held_until > coalesce((SELECT k.now FROM test_clocks k WHERE k.id = c.test_clock_id), now())) ELSE 0 END`;
}
