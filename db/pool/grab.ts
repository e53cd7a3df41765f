/** The statement by which orders take licenses from a pool. */
import { storedActor } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import { areKeysAccepted } from '../access/caller-key';
import type { CallerKey } from '../access/caller-key';
import type { Fragment, Sql } from '../base/database';
import { withoutPipelining } from '../base/database';
import { limitedLockWait } from '../base/session';
import type { HeldLicense } from './hold';
import { noticeLowWater } from './low-water';

/** The most licenses that the grabs of one statement may ask for. */
export const GROUP_LICENSES_MAX = 128;

/** One grab, ready to be served. */
export interface Grab {
  /** The id of the hold to be inserted. */
  hold_id: string;
  order_ref: string;
  count: number;
  /** The customer to whom the licenses are assigned, or for whom they are held; null: not known yet. */
  customer_id: string | null;
  /** How long the licenses are held; null: they are assigned at once. */
  hold_minutes: number | null;
  fingerprint: string;
  actor: Actor;
  request_id: string | null;
  /** The API key of the caller, if the statement has to check it again. */
  caller_key: CallerKey | null;
}

/** Grabs from one pool. */
export interface GrabGroup {
  contract_id: string;
  grabs: readonly [Grab, ...Grab[]];
  /** The real time; the statement replaces it by the time of the contract's test clock. */
  now: Instant;
}

/** A grab that was served. */
export interface Grabbed {
  environment: Environment;
  /** The time of the contract. */
  at: Instant;
  held_until: Instant | null;
  licenses: HeldLicense[];
  /** Whether its pool is to be replenished because of this grab, or of one that was served together with it. */
  replenishes: boolean;
}

/**
 * What a group of grabs came to. `served` has those that were served, by the ids of their holds. `closed`: nothing is given now, because
 * the contract does not exist, has no pool, is not active, has to be settled first, or an API key is no longer accepted. `repeated` has
 * those whose order has its hold already, by the ids of the holds that were not inserted. `left` are the available licenses that were found
 * and that no grab took, at most as many as were asked for.
 */
export interface GrabOutcome {
  served: Map<string, Grabbed>;
  repeated: ReadonlySet<string>;
  closed: boolean;
  /** Whether it is closed because licenses of the pool may expire by their assignment: then it needs a transaction that sets their expiry. */
  needs_transaction: boolean;
  left: number;
  /** Whether the pool fell below `low_water`, and its contract replenishes it. */
  replenishes: boolean;
}

interface GrabRow {
  environment: Environment;
  open: boolean;
  needs_transaction: boolean;
  at: Instant;
  left: number;
  repeated: string[] | null;
  replenishes: boolean;
  hold_id: string | null;
  held_until: Instant | null;
  id: string;
  key: string;
  expires_at: Instant | null;
}

/**
 * Takes the licenses that expire first, in the order of the grabs, and writes for each the hold, the facts of its licenses and an audit
 * row, in one statement. A grab gets all licenses that it asks for or none, and the first one that cannot be served ends the group: the
 * caller tries the others again. Licenses that another transaction has locked are skipped. With `wait` they are awaited, for `lock_ms`.
 *
 * A shared lock of the contract's generation is held to the end (`admit_grab`): a change that closes the contract waits for it, so no
 * license is given after such a change (`awaitChunks` in db/generation/chunk.ts).
 *
 * Licenses that are assigned and expire by their assignment need `in_transaction`, and then `setExpiryByAssignment` (transactions/pool/).
 */
export async function grabLicenses(
  sql: Sql,
  { contract_id, grabs, now }: GrabGroup,
  { wait, lock_ms, in_transaction }: { wait: boolean; lock_ms: number | undefined; in_transaction: boolean },
): Promise<GrabOutcome> {
  const asked = grabs.map(
    ({ hold_id, order_ref, count, customer_id, hold_minutes, fingerprint, actor, request_id }) => ({
      ...{ hold_id, order_ref, count, customer_id, hold_minutes, fingerprint, request_id },
      actor: storedActor(actor),
    }),
  );
  const total = grabs.reduce((sum, { count }) => sum + count, 0);
  const assigns = grabs.some(({ hold_minutes }) => hold_minutes === null);
  const keys = grabs.map(({ caller_key }) => caller_key);
  const needsTransaction = assigns && !in_transaction ? sql`p.expires_by_assignment` : sql`false`;
  const rows = await withoutPipelining(sql<GrabRow[]>`
    WITH pool AS MATERIALIZED (
      SELECT p.environment, p.at, p.clock, p.expires_after, p.low_water, p.rearm_from, p.open AND ${areKeysAccepted(sql, keys)} AND NOT ${needsTransaction} AS open, p.open AND ${needsTransaction} AS needs_transaction
      FROM ${lock_ms === undefined ? sql`` : sql`${limitedLockWait(sql, lock_ms)} CROSS JOIN LATERAL`}
        -- Planned for one row. With the default of 1,000 rows, everything after it is planned for millions.
        (SELECT environment, open, at, clock, expires_after, expires_by_assignment, low_water, rearm_from FROM admit_grab(${contract_id}, ${now}) LIMIT 1) p
    ), asked AS MATERIALIZED (
      SELECT a.hold_id, a.order_ref, a.count, a.customer_id, a.hold_minutes, a.fingerprint, a.actor, a.request_id,
             sum(a.count) OVER (ORDER BY a.place)::int AS upto
      FROM ROWS FROM (jsonb_to_recordset(${sql.json(asked as never)}) AS (
        hold_id uuid, order_ref text, count int, customer_id uuid, hold_minutes int, fingerprint text, actor jsonb, request_id text)
      ) WITH ORDINALITY AS a (hold_id, order_ref, count, customer_id, hold_minutes, fingerprint, actor, request_id, place)
    ), found AS MATERIALIZED (
      SELECT count(*)::int AS licenses, array_agg(row_id ORDER BY expires_at, license_id) AS row_ids,
             array_agg(license_id ORDER BY expires_at, license_id) AS license_ids, array_agg(expires_at ORDER BY expires_at, license_id) AS expiries
      FROM (
        SELECT row_id, license_id, expires_at FROM (
          SELECT ctid AS row_id, license_id, expires_at FROM pool_available
          WHERE (SELECT open FROM pool) AND contract_id = ${contract_id} AND expires_at > (SELECT expires_after FROM pool)
          ORDER BY expires_at, license_id LIMIT ${total} FOR UPDATE ${wait ? sql`` : sql`SKIP LOCKED`}
        -- A constant, so that the plan for unknown parameters expects few rows, and the statement is not planned each time.
        ) first LIMIT ${sql.unsafe(String(GROUP_LICENSES_MAX))}
      ) p
    ), fitting AS MATERIALIZED (
      SELECT a.hold_id, a.order_ref, a.count, a.customer_id, a.fingerprint, a.actor, a.request_id, a.upto,
             pool.at + a.hold_minutes * interval '1 minute' AS held_until, found.row_ids[a.upto - a.count + 1 : a.upto] AS row_ids,
             found.license_ids[a.upto - a.count + 1 : a.upto] AS license_ids, found.expiries[a.upto - a.count + 1 : a.upto] AS expiries
      FROM asked a CROSS JOIN pool CROSS JOIN found WHERE a.upto <= found.licenses
    ), hold AS (
      -- An order that has its hold already gets nothing. The index decides this, so no plan can read the whole table for it.
      INSERT INTO pool_holds (id, contract_id, environment, order_ref, license_ids, customer_id, state, held_until, created_at, ended_at, fingerprint)
      SELECT s.hold_id, ${contract_id}, pool.environment, s.order_ref, s.license_ids,
             s.customer_id, CASE WHEN s.held_until IS NULL THEN 'assigned' ELSE 'held' END, s.held_until, pool.at,
             CASE WHEN s.held_until IS NULL THEN pool.at END, s.fingerprint
      -- In this order, so that two processes that serve the same orders do not wait for each other.
      FROM fitting s CROSS JOIN pool ORDER BY s.order_ref
      ON CONFLICT ON CONSTRAINT pool_holds_order_unique DO NOTHING
      RETURNING id
    ), served AS MATERIALIZED (
      SELECT s.hold_id, s.order_ref, s.count, s.customer_id, s.actor, s.request_id, s.upto, s.held_until, s.row_ids, s.license_ids, s.expiries
      FROM fitting s JOIN hold ON hold.id = s.hold_id
    ), given AS MATERIALIZED (
      SELECT s.hold_id, s.customer_id, s.held_until, s.upto, g.row_id, g.license_id, g.expires_at, g.place
      FROM served s CROSS JOIN LATERAL unnest(s.row_ids, s.license_ids, s.expiries) WITH ORDINALITY AS g (row_id, license_id, expires_at, place)
    ), taken AS (
      -- An array, so that the rows are found by their place: with a join Postgres reads the whole table.
      DELETE FROM pool_available WHERE ctid = ANY(ARRAY(SELECT row_id FROM given))
    ), facts AS (
      INSERT INTO license_facts (license_id, customer_id, assigned_at, held_until)
      SELECT g.license_id, ${assignedNow(sql, sql`g.customer_id`)}, ${assignedNow(sql, sql`pool.at`)}, g.held_until
      FROM given g CROSS JOIN pool
      -- A license that was held or assigned before has facts.
      ON CONFLICT (license_id) DO UPDATE
      SET customer_id = excluded.customer_id, assigned_at = excluded.assigned_at, held_until = excluded.held_until
    ), audited AS (
      INSERT INTO audit_events (at, actor, action, subject_type, subject_id, contract_id, environment, after, request_id, clock)
      SELECT pool.at, s.actor, 'pool.grabbed', 'hold', s.hold_id, ${contract_id}, pool.environment,
             jsonb_build_object('order_ref', s.order_ref, 'licenses', s.count, 'customer_id', s.customer_id, 'held_until', s.held_until),
             s.request_id, pool.clock
      FROM served s CROSS JOIN pool
    ), ${noticeLowWater(sql, contract_id, total)}
    SELECT pool.environment, pool.open, pool.needs_transaction, pool.at, (SELECT licenses FROM found) - coalesce((SELECT sum(count)::int FROM served), 0) AS left,
           (SELECT array_agg(hold_id) FROM fitting WHERE hold_id NOT IN (SELECT hold_id FROM served)) AS repeated,
           CASE WHEN EXISTS (SELECT FROM numbered) THEN (SELECT auto_replenish IS NOT NULL FROM contracts WHERE id = ${contract_id}) ELSE false END AS replenishes,
           g.hold_id, g.held_until, l.id, l.key, NULLIF(g.expires_at, 'infinity') AS expires_at
    FROM pool LEFT JOIN (
      -- Each license is one read of the index: a join reads the whole table when the plan expects many.
      given g CROSS JOIN LATERAL (SELECT id, key FROM licenses WHERE id = g.license_id OFFSET 0) l) ON true
    ORDER BY g.upto, g.place`);
  return outcomeOf(rows);
}

/** A value of the license `g` if it is assigned at once. */
function assignedNow(sql: Sql, value: Fragment): Fragment {
  return sql`CASE WHEN g.held_until IS NULL THEN ${value} END`;
}

function outcomeOf(rows: readonly GrabRow[]): GrabOutcome {
  const served = new Map<string, Grabbed>();
  for (const { hold_id, environment, at, held_until, id, key, expires_at, replenishes } of rows) {
    if (hold_id === null) continue;
    // Only the first one starts it.
    const is_first = served.size === 0;
    const grabbed = served.get(hold_id) ?? {
      ...{ environment, at, held_until, licenses: [] },
      replenishes: replenishes && is_first,
    };
    served.set(hold_id, grabbed);
    grabbed.licenses.push({ id, key, status: held_until === null ? 'assigned' : 'held', expires_at });
  }
  const [first] = rows;
  return {
    served,
    repeated: new Set(first?.repeated),
    closed: first?.open !== true,
    needs_transaction: first?.needs_transaction === true,
    left: first?.left ?? 0,
    replenishes: first?.replenishes === true,
  };
}
