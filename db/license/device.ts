/** The devices of licenses. `use_device` of db/schema.sql writes them. */
import type { Environment } from '../../domain/base/environment';
import type { Instant, LocalDate } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import type { DeviceAction, LicenseOfDevice } from '../../domain/license/device';
import type { OwnExpiryRule } from '../../domain/license/license-expiry';
import type { Sql } from '../base/database';
import { limitedLockWait } from '../base/session';

/** What a program sends for its device. */
export interface DeviceUse {
  action: DeviceAction;
  key: string;
  device_id: string;
  device_name: string | null;
  /** The product and the environment of the program. A license of others is not used. */
  product_code?: string | undefined;
  environment?: Environment | undefined;
  now: Instant;
}

/** A license after a device used it, or was refused. */
export interface UsedLicense extends LicenseOfDevice {
  /** The stored id. */
  id: string;
  /** The time of its contract. */
  at: Instant;
  done: boolean;
  /** Nothing is done yet: the activation gives the license an expiry of its own, which the caller computes. */
  needs_expiry: boolean;
  own_expiry: OwnExpiryRule | null;
  /** The first day that its contract does not cover. */
  end_date: LocalDate | null;
  features: JsonObject;
  leased_until: Instant | null;
}

/** Lets a device use a license; undefined when there is no license with this key. `lock_ms` limits the wait for the license. */
export async function useDevice(
  sql: Sql,
  { action, key, device_id, device_name, product_code, environment, now }: DeviceUse,
  own_expires_at: Instant | null,
  lock_ms: number,
): Promise<UsedLicense | undefined> {
  const [row] = await sql<UsedLicense[]>`
    SELECT id, at, done, needs_expiry, own_expiry, end_date, features, is_test, is_pooled, environment, product_code, activation_limit, issued_licenses,
           suspended_by, customer_id, assigned_at, held_until, activated_at, suspended_at, revoked_at, expires_at, other_devices, has_place,
           is_stored, leased_until
    FROM ${limitedLockWait(sql, lock_ms)}, use_device(${action}, ${key}, ${device_id}, ${device_name}, ${now}, ${own_expires_at}, ${product_code ?? null}, ${environment ?? null}) AS used`;
  return row;
}

export interface DeviceRow {
  device_id: string;
  name: string | null;
  activated_at: Instant;
  seen_at: Instant;
  leased_until: Instant | null;
}

/** One page of the devices of a license, in the order of their ids, after a device id. Devices whose lease is over are included. */
export async function listDevices(sql: Sql, license_id: string, after: string | null, limit: number): Promise<DeviceRow[]> {
  return sql<DeviceRow[]>`
    SELECT device_id, name, activated_at, seen_at, leased_until FROM license_devices
    WHERE license_id = ${license_id} ${after === null ? sql`` : sql`AND device_id > ${after}`} ORDER BY device_id LIMIT ${limit}`;
}

/** The end of the lease of a device of a license; null: it has none. */
export async function findLease(sql: Sql, license_id: string, device_id: string): Promise<Instant | null> {
  const [row] = await sql<{ leased_until: Instant | null }[]>`
    SELECT leased_until FROM license_devices WHERE license_id = ${license_id} AND device_id = ${device_id}`;
  return row?.leased_until ?? null;
}

/** Removes a device of a locked license; returns whether there was one. */
export async function removeDevice(tx: Sql, license_id: string, device_id: string): Promise<boolean> {
  const removed = await tx`DELETE FROM license_devices WHERE license_id = ${license_id} AND device_id = ${device_id}`;
  return removed.count > 0;
}
