/** The statement by which orders take licenses from a pool. */
import { storedActor } from '../../domain/base/actor';
import type { Actor } from '../../domain/base/actor';
import type { Environment } from '../../domain/base/environment';
import { millisLater } from '../../domain/base/instant';
import type { Instant } from '../../domain/base/instant';
import { areKeysAccepted } from '../access/caller-key';
import type { CallerKey } from '../access/caller-key';
import type { Sql } from '../base/database';
import { withoutPipelining } from '../base/database';
import type { HeldLicense } from './hold';

/** The most licenses that the grabs of one statement may ask for. */
export const GROUP_LICENSES_MAX = 128;
/** The constraint that an order has one hold. */
export const ORDER_UNIQUE = 'pool_holds_order_unique';

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
 * those whose order has its hold already, by the ids of the holds that were not inserted; then no other grab is served. `left` are the
 * available licenses that were found and that no grab took, at most as many as were asked for.
 */
export interface GrabOutcome {
  served: Map<string, Grabbed>;
  repeated: ReadonlySet<string>;
  closed: boolean;
  /** Whether nothing was given because licenses may expire by their assignment: then it needs a transaction that sets their expiry. */
  needs_transaction: boolean;
  left: number;
  /** Whether a second group may take licenses of this pool at the same moment, without taking some that expire later. */
  has_rest: boolean;
}

/** A license that was given, or in the last row the result for all. */
type GrabRow =
  | { order_place: number; id: string; key: string; expires_at: Instant | null; at: null }
  | {
      order_place: null;
      environment: Environment;
      at: Instant;
      needs_transaction: boolean;
      repeated: number[] | null;
      available: number;
      fell: boolean;
      has_rest: boolean;
    };

/**
 * Takes the licenses that expire first, in the order of the grabs, and writes for each the hold, the facts of its licenses and an audit
 * row, in one statement. A grab gets all licenses that it asks for or none, and the first one that cannot be served ends the group: the
 * caller tries the others again. Licenses that another transaction has locked are skipped. With `wait` they are awaited, for `lock_ms`.
 *
 * A shared lock of the contract's generation is held to the end: a change that closes the contract waits for it, so no license is given
 * after such a change (`awaitChunks` in db/generation/chunk.ts).
 *
 * Licenses that are assigned and expire by their assignment need `in_transaction`, and then `setExpiryByAssignment` (transactions/pool/).
 *
 * @throws a violation of {@link ORDER_UNIQUE} when another process has served one of the orders at the same moment
 */
export async function grabLicenses(
  sql: Sql,
  { contract_id, grabs, now }: GrabGroup,
  { wait, lock_ms, in_transaction }: { wait: boolean; lock_ms: number; in_transaction: boolean },
): Promise<GrabOutcome> {
  const given = columnsOf(grabs);
  const keys = grabs.flatMap(({ caller_key }) => (caller_key === null ? [] : [caller_key]));
  const is_accepted = keys.length === 0 ? sql`true` : areKeysAccepted(sql, keys);
  const sets_expiry = in_transaction || grabs.every(({ hold_minutes }) => hold_minutes !== null);
  const rows = await withoutPipelining(sql<GrabRow[]>`
    SELECT order_place, license_id AS id, key, expires_at, environment, at, needs_transaction, repeated, available, fell, has_rest
    FROM grab_licenses(
      ${contract_id}, ${now}, ${is_accepted}, ${sets_expiry}, ${wait}, ${String(lock_ms)}, ${given.hold_ids}::uuid[], ${given.order_refs}::text[],
      ${given.order_ends}::int[], ${given.license_orders}::int[], ${given.customer_ids}::uuid[], ${given.held_minutes}::int[],
      ${given.fingerprints}::text[], ${given.actors}::text[]::jsonb[], ${given.order_actors}::int[], ${given.request_ids}::text[], ${GROUP_LICENSES_MAX})`);
  return outcomeOf(grabs, rows);
}

/** The parameters of the statement, with places from 1 on. */
function columnsOf(grabs: readonly Grab[]) {
  const actors = new Map<string, number>();
  const columns = {
    hold_ids: [] as string[],
    order_refs: [] as string[],
    order_ends: [] as number[],
    license_orders: [] as number[],
    customer_ids: [] as (string | null)[],
    held_minutes: [] as (number | null)[],
    fingerprints: [] as string[],
    order_actors: [] as number[],
    request_ids: [] as (string | null)[],
  };
  grabs.forEach((grab, index) => {
    const actor = JSON.stringify(storedActor(grab.actor));
    const place = actors.get(actor) ?? actors.size + 1;
    actors.set(actor, place);
    columns.hold_ids.push(grab.hold_id);
    columns.order_refs.push(grab.order_ref);
    for (let license = 0; license < grab.count; license++) columns.license_orders.push(index + 1);
    columns.order_ends.push(columns.license_orders.length);
    columns.customer_ids.push(grab.customer_id);
    columns.held_minutes.push(grab.hold_minutes);
    columns.fingerprints.push(grab.fingerprint);
    columns.order_actors.push(place);
    columns.request_ids.push(grab.request_id);
  });
  return { ...columns, actors: [...actors.keys()] };
}

function outcomeOf(grabs: GrabGroup['grabs'], rows: readonly GrabRow[]): GrabOutcome {
  const served = new Map<string, Grabbed>();
  const repeated = new Set<string>();
  const result = rows.at(-1);
  if (result === undefined || result.at === null)
    return { served, repeated, closed: true, needs_transaction: false, left: 0, has_rest: false };
  const { environment, at, needs_transaction, available, fell, has_rest } = result;
  const grabAt = (place: number): Grab => grabs[place - 1] ?? grabs[0];
  for (const place of result.repeated ?? []) repeated.add(grabAt(place).hold_id);
  for (const row of rows) {
    if (row.at !== null) continue;
    const { hold_id, hold_minutes } = grabAt(row.order_place);
    let grabbed = served.get(hold_id);
    if (grabbed === undefined) {
      const held_until = hold_minutes === null ? null : millisLater(at, hold_minutes * 60_000);
      // Only the first one starts the replenishment.
      grabbed = { environment, at, held_until, licenses: [], replenishes: fell && served.size === 0 };
      served.set(hold_id, grabbed);
    }
    const { id, key, expires_at } = row;
    grabbed.licenses.push({ id, key, status: hold_minutes === null ? 'assigned' : 'held', expires_at });
  }
  return { served, repeated, closed: false, needs_transaction, left: available - (rows.length - 1), has_rest };
}
