/** The statement by which orders take licenses from a pool. */
import { storedActor } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import type { Environment } from '../../domain/base/environment';
import type { Instant } from '../../domain/base/instant';
import { areKeysAccepted } from '../access/caller-key';
import type { CallerKey } from '../access/caller-key';
import type { Sql } from '../base/database';
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
  /** How many licenses were found, at most as many as were asked for; null when it is not open. */
  found: number | null;
  replenishes: boolean;
  /** Null: no grab was served. */
  hold_id: string | null;
  held_until: Instant | null;
  /** Null: the order has its hold already. */
  id: string | null;
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
  let total = 0;
  const ends = grabs.map(({ count }) => (total += count));
  const assigns = grabs.some(({ hold_minutes }) => hold_minutes === null);
  const keys = grabs.map(({ caller_key }) => caller_key);
  const needsTransaction = assigns && !in_transaction ? sql`p.expires_by_assignment` : sql`false`;
  const valuesOf = <Name extends keyof Grab>(name: Name) => grabs.map((grab) => grab[name]);
  const rows = await withoutPipelining(sql<GrabRow[]>`
    WITH pool AS MATERIALIZED (
      SELECT p.environment, p.at, p.clock, p.expires_after, p.low_water, p.rearm_from, p.open AND ${areKeysAccepted(sql, keys)} AND NOT ${needsTransaction} AS open, p.open AND ${needsTransaction} AS needs_transaction
      FROM ${lock_ms === undefined ? sql`` : sql`${limitedLockWait(sql, lock_ms)} CROSS JOIN LATERAL`}
        -- Planned for one row. With the default of 1,000 rows, everything after it is planned for millions.
        (SELECT environment, open, at, clock, expires_after, expires_by_assignment, low_water, rearm_from FROM admit_grab(${contract_id}, ${now}) LIMIT 1) p
    ), taken AS MATERIALIZED (
      SELECT t.found, t.hold_id, t.held_until, t.license_id, t.key, t.expires_at, t.place FROM pool CROSS JOIN LATERAL (
        SELECT found, hold_id, held_until, license_id, key, expires_at, place FROM take_licenses(
          ${contract_id}, pool.environment, pool.at, pool.clock, pool.expires_after, ${wait}, ${valuesOf('hold_id')}::uuid[], ${valuesOf('order_ref')}::text[],
          ${ends}::int[], ${valuesOf('customer_id')}::uuid[], ${valuesOf('hold_minutes')}::int[], ${valuesOf('fingerprint')}::text[],
          ${grabs.map(({ actor }) => JSON.stringify(storedActor(actor)))}::text[]::jsonb[], ${valuesOf('request_id')}::text[]
        ) WITH ORDINALITY AS t (found, hold_id, held_until, license_id, key, expires_at, place)
        LIMIT ${sql.unsafe(String(GROUP_LICENSES_MAX))}
      ) t WHERE pool.open
    ), served AS MATERIALIZED (
      SELECT count(license_id)::int AS licenses FROM taken
    ), ${noticeLowWater(sql, contract_id, total)}
    SELECT pool.environment, pool.open, pool.needs_transaction, pool.at, taken.found,
           CASE WHEN EXISTS (SELECT FROM numbered) THEN (SELECT auto_replenish IS NOT NULL FROM contracts WHERE id = ${contract_id}) ELSE false END AS replenishes,
           taken.hold_id, taken.held_until, taken.license_id AS id, taken.key, taken.expires_at
    FROM pool LEFT JOIN taken ON true ORDER BY taken.place`);
  return outcomeOf(rows);
}

function outcomeOf(rows: readonly GrabRow[]): GrabOutcome {
  const [first] = rows;
  const replenishes = first?.replenishes === true;
  const served = new Map<string, Grabbed>();
  const repeated = new Set<string>();
  let given = 0;
  for (const { hold_id, environment, at, held_until, id, key, expires_at } of rows) {
    if (hold_id === null) continue;
    if (id === null) {
      repeated.add(hold_id);
      continue;
    }
    let grabbed = served.get(hold_id);
    if (grabbed === undefined) {
      // Only the first one starts the replenishment.
      grabbed = { environment, at, held_until, licenses: [], replenishes: replenishes && served.size === 0 };
      served.set(hold_id, grabbed);
    }
    grabbed.licenses.push({ id, key, status: held_until === null ? 'assigned' : 'held', expires_at });
    given += 1;
  }
  return {
    ...{ served, repeated, replenishes },
    closed: first?.open !== true,
    needs_transaction: first?.needs_transaction === true,
    left: (first?.found ?? 0) - given,
  };
}
