/** The shape and the presenter of licenses. */
import type { Sql } from '../../db/base/database';
import { seesLicenseKeys } from '../../domain/access/caller';
import type { Caller } from '../../domain/access/caller';
import type { Instant } from '../../domain/base/instant';
import { maskKey } from '../../domain/catalogue/license-key';
import { licenseIdText, licenseSource } from '../../domain/license/license';
import { licenseChangesAllowed } from '../../domain/license/license-change';
import type { LicenseChange } from '../../domain/license/license-change';
import { returnAllowed } from '../../domain/pool/return';
import { LICENSE_STATUSES, licenseStatus } from '../../domain/license/license-facts';
import { findLicense } from '../../db/license/license';
import type { LicenseRow } from '../../db/license/license';
import type { Api } from '../http/api';
import { actionTable } from '../http/allowed-actions';
import { ChannelShape, EnvironmentShape, Id, InstantShape } from '../http/shapes';
import { z } from '../http/zod';

export const LICENSE_ACTIONS = actionTable<LicenseChange | 'return'>('LicenseActions', {
  suspend: { operation_id: 'suspendLicense', description: 'Suspend the license' },
  reinstate: { operation_id: 'reinstateLicense', description: 'End the suspension' },
  revoke: { operation_id: 'revokeLicense', description: 'Revoke the license for good' },
  return: { operation_id: 'returnLicense', description: 'Take the license back from its customer' },
});

const LicenseIdShape = z.string().describe('An opaque id').openapi({ example: 'lic_167772161' });

export const LicenseIdParams = z.object({ id: LicenseIdShape });

const SHOWN_KEY =
  'The license key. For a license of a signed generator: the certificate (JWS) that it has by itself, whose claim `jti` is the key; the key while it has no certificate';

export const ShownKeyShape = z.string().describe(SHOWN_KEY);

export const LicenseShape = z
  .object({
    id: LicenseIdShape,
    key: z.string().describe(`${SHOWN_KEY}. Viewers see only the last four characters of the key`),
    status: z
      .enum(LICENSE_STATUSES)
      .describe(
        'The first that applies of revoked, suspended, expired, active (it was activated on a device), assigned (to a customer), held (for an order) and available. The time is that of the test clock of its contract, if it has one',
      ),
    source: z
      .string()
      .describe('Contract: <name>, for a deleted contract with its last name; Manual: created without a contract'),
    contract_id: Id.nullable().describe('null: created without a contract'),
    job_id: Id.nullable().describe('The generation job that generated it; null: created without a contract'),
    ordinal: z.int().describe('Its number within the job or the request that created it, from 1'),
    environment: EnvironmentShape,
    is_test: z.boolean().describe('Generated while the contract was a draft'),
    product_id: Id,
    generator_id: Id,
    customer_id: Id.nullable().describe('The customer to whom it is assigned'),
    contract_customer_id: Id.nullable().describe('The customer of its contract'),
    features: z.record(z.string(), z.unknown()).describe('What it grants, fixed at generation'),
    activation_limit: z.int().nullable().describe('Devices on which it can be active; null: unlimited'),
    activations: z.int().describe('Devices on which it is active'),
    expires_at: InstantShape.nullable().describe('The end of its validity; null: none'),
    created_at: InstantShape,
    imported: z.boolean().describe('Whether it was imported from another system; its `job_id` is the id of the import'),
    originally_created_at: InstantShape.nullable().describe('When it was created there'),
    assigned_at: InstantShape.nullable(),
    held_until: InstantShape.nullable().describe('The end of the hold for an order'),
    activated_at: InstantShape.nullable().describe('The first activation on a device'),
    suspended_at: InstantShape.nullable(),
    revoked_at: InstantShape.nullable(),
    channel: ChannelShape,
    allowed_actions: LICENSE_ACTIONS.shape,
  })
  .openapi('License');

/** Licenses with the keys that a caller sees: signed ones with their certificates. Viewers see masked keys, which are not signed. */
export async function withShownKeys(
  { signedKeys }: Pick<Api, 'signedKeys'>,
  sql: Sql,
  rows: LicenseRow[],
  caller: Caller,
  now: Instant,
): Promise<LicenseRow[]> {
  return seesLicenseKeys(caller) ? signedKeys.ofRows(sql, rows, now) : rows;
}

/** Reads a license and presents it; undefined when there is none with this stored id. */
export async function showLicense(api: Api, sql: Sql, id: string, caller: Caller, now: Instant) {
  const found = await findLicense(sql, id);
  const [row] = found ? await withShownKeys(api, sql, [found], caller, now) : [];
  return row && presentLicense(row, caller, now);
}

/** Presents a license, with the key of {@link withShownKeys}. Callers who may not see keys get a masked key. */
export function presentLicense(row: LicenseRow, caller: Caller, now: Instant) {
  const at = row.clock_now ?? now;
  const allowed = { ...licenseChangesAllowed(row), return: returnAllowed(row, at) };
  return {
    id: licenseIdText(row.id),
    key: seesLicenseKeys(caller) ? row.key : maskKey(row.key),
    status: licenseStatus(row, at),
    source: licenseSource(row.contract_name),
    contract_id: row.contract_id,
    job_id: row.contract_id === null ? null : row.job_id,
    ordinal: row.ordinal,
    environment: row.environment,
    is_test: row.is_test,
    product_id: row.product_id,
    generator_id: row.generator_id,
    customer_id: row.customer_id,
    contract_customer_id: row.contract_customer_id,
    features: row.features,
    activation_limit: row.activation_limit,
    activations: row.activations,
    expires_at: row.expires_at,
    created_at: row.created_at,
    imported: row.imported,
    originally_created_at: row.originally_created_at,
    assigned_at: row.assigned_at,
    held_until: row.held_until,
    activated_at: row.activated_at,
    suspended_at: row.suspended_at,
    revoked_at: row.revoked_at,
    channel: row.channel,
    allowed_actions: LICENSE_ACTIONS.present(allowed, caller),
  };
}

