/** Looks up the licenses of keys for their validation. Only reads. */
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import type { LicenseInUse } from '../../domain/license/validation';
import type { Fragment, Sql } from '../base/database';
import { withoutPipelining } from '../base/database';

/** A key that is looked up for a client. */
export interface AskedKey {
  key: string;
  /** Null: the program names no device. */
  device_id: string | null;
  now: Instant;
}

/** A license with everything that the answer about it shows. */
export interface AskedLicense extends LicenseInUse {
  /** The stored id. */
  id: string;
  features: JsonObject;
  /** The time of its contract's test clock, or null. */
  clock_now: Instant | null;
}

/** The licenses of keys, in the order of the keys; undefined for a key that no license has. One statement. */
export async function findAskedLicenses(sql: Sql, asked: readonly AskedKey[]): Promise<(AskedLicense | undefined)[]> {
  const given = asked.map(({ key, device_id, now }, n) => ({ n, key, device_id, now }));
  // The lateral part is planned for one key: whatever the tables contain, each key is one read of each index.
  const rows = await withoutPipelining(sql<(AskedLicense & { n: number })[]>`
    SELECT q.n, id, is_test, is_pooled, environment, product_code, features, activation_limit, clock_now, issued_licenses, suspended_by, customer_id,
           assigned_at, held_until, activated_at, suspended_at, revoked_at, expires_at, other_devices, has_place
    FROM jsonb_to_recordset(${sql.json(given)}) AS q (n integer, key text, device_id text, now timestamptz),
    LATERAL (
      SELECT l.id, j.is_test, j.environment, p.code AS product_code, t.features, t.activation_limit, o.now AS clock_now, ${useByContract(sql)},
             f.customer_id, f.assigned_at, f.held_until, f.activated_at, f.suspended_at, f.revoked_at,
             coalesce(f.expires_at, j.expires_at) AS expires_at, d.other_devices, d.has_place
      FROM licenses l
      JOIN generation_jobs j ON j.serial = l.id >> 24
      JOIN license_terms t ON t.id = j.terms_id
      JOIN generators g ON g.id = t.generator_id
      JOIN products p ON p.id = g.product_id
      LEFT JOIN contracts c ON c.id = j.contract_id
      LEFT JOIN license_facts f ON f.license_id = l.id
      LEFT JOIN test_clocks o ON o.id = c.test_clock_id
      CROSS JOIN LATERAL (
        SELECT (count(*) FILTER (WHERE x.device_id IS DISTINCT FROM q.device_id))::int AS other_devices,
               coalesce(bool_or(x.device_id = q.device_id), false) AS has_place
        FROM license_devices x WHERE x.license_id = l.id AND coalesce(x.leased_until > coalesce(o.now, q.now), true)) d
      WHERE l.key = q.key OFFSET 0
    ) a`);
  const by_place = new Map(rows.map((row) => [row.n, row]));
  return asked.map((_, n) => by_place.get(n));
}

/** Columns of what a contract `c` says about the use of its licenses, which are of the job `j`. */
export function useByContract(sql: Sql): Fragment {
  return sql`
    c.type IS NOT DISTINCT FROM 'pool' AND NOT j.is_test AS is_pooled, coalesce(c.on_suspend ->> 'issued_licenses', 'keep') AS issued_licenses,
    CASE WHEN c.state = 'SUSPENDED' AND c.on_suspend ->> 'issued_licenses' <> 'keep' THEN
      (SELECT min(h.source) FROM contract_holds h WHERE h.contract_id = c.id AND h.lifted_at IS NULL AND h.source <> 'admin') END AS suspended_by`;
}
