/** The list of the holds of a contract. */
import type { Instant } from '../../domain/base/instant';
import { ORDINAL_BITS } from '../../domain/license/license';
import { HOLD_STATES } from '../../domain/pool/hold';
import type { HoldState } from '../../domain/pool/hold';
import type { Fragment, Sql } from '../base/database';
import { pageByCreation } from '../base/paging';
import type { KeysetPage, Sorted } from '../base/paging';
import { testClockTime } from '../contract/clock';
import { statusIs } from '../license/license-status';
import { HOLD_COLUMNS } from './hold';
import type { HoldWithClock } from './hold';

/** A hold without its licenses. */
export type ListedHold = HoldWithClock & {
  license_count: number;
  /** Whether one of its licenses was suspended, revoked or expired while it was held. */
  has_unavailable: boolean;
};

export interface HoldFilter {
  contract_id: string;
  /** The state at the time of the contract. */
  state?: HoldState | undefined;
  /** The real time. */
  now: Instant;
}

/** One page of the holds of a contract, by creation time. Each stored state is read by its range of an index, and the ranges are merged. */
export async function listHolds(
  sql: Sql,
  { contract_id, state, now }: HoldFilter,
  page: KeysetPage,
): Promise<Sorted<ListedHold>[]> {
  const { sort_key, after, order } = pageByCreation(sql, page);
  const clock = testClockTime(sql, sql`${contract_id}::uuid`);
  const parts = partsOf(sql, state, sql`coalesce(${clock}, ${now})`).map(
    (part) => sql`
      (SELECT ${sql(HOLD_COLUMNS)} FROM pool_holds WHERE contract_id = ${contract_id} AND ${part} AND ${after} ${order})`,
  );
  return sql<Sorted<ListedHold>[]>`
    SELECT ${sql(HOLD_COLUMNS)}, cardinality(license_ids) AS license_count, ${hasUnavailable(sql, now)} AS has_unavailable, ${clock} AS clock_now, ${sort_key} AS sort_key
    FROM (${parts.reduce((all, part) => sql`${all} UNION ALL ${part}`)}) AS holds ${order}`;
}

/** Whether a license of an open hold cannot be assigned any more. It is read for the holds of the page. */
function hasUnavailable(sql: Sql, now: Instant): Fragment {
  return sql`state = 'held' AND EXISTS (
    SELECT FROM unnest(license_ids) AS held (id)
    CROSS JOIN LATERAL (
      SELECT expires_at, held_until, revoked_at, suspended_at, activated_at, customer_id FROM license_facts WHERE license_id = held.id OFFSET 0) f
    CROSS JOIN LATERAL (SELECT contract_id, environment, expires_at FROM generation_jobs WHERE serial = held.id >> ${ORDINAL_BITS}::int OFFSET 0) j
    WHERE NOT (${statusIs(sql, 'held', now)}))`;
}

/** The holds of a state at an instant, by stored states: a hold that is over stays `held` until its licenses are put back. */
function partsOf(sql: Sql, state: HoldState | undefined, at: Fragment): Fragment[] {
  if (state === undefined) return HOLD_STATES.map((stored) => sql`state = ${stored}`);
  if (state === 'held') return [sql`state = 'held' AND held_until > ${at}`];
  if (state === 'expired') return [sql`state = 'expired'`, sql`state = 'held' AND held_until <= ${at}`];
  return [sql`state = ${state}`];
}
