/** Suspends, reinstates and revokes licenses. */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { lockLicense, setLicenseFacts } from '../../db/license/license-facts';
import { recordWithdrawals } from '../../db/license/withdrawn';
import type { Act } from '../../domain/base/edit';
import { enterPool } from '../../db/pool/available';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { licenseIdText } from '../../domain/license/license';
import { decideLicenseChange, licenseAction } from '../../domain/license/license-change';
import type { LicenseChange } from '../../domain/license/license-change';
import { lockOutOfPool } from './lock-out-of-pool';

/**
 * Changes a license under its lock, with an audit row and a domain event of its contract; a change that is already in place writes
 * neither. A suspended or revoked license leaves its pool, and a reinstated one that is unused returns to it. The time is that of the
 * contract's clock. Call it inside a transaction.
 * @param id the stored id
 * @returns a refusal when the license does not exist or is revoked
 */
export async function changeLicense(
  tx: Sql,
  id: string,
  change: LicenseChange,
  { reason, ...act }: Act & { reason: string | null },
): Promise<Refusal | null> {
  const lock = () => lockLicense(tx, id);
  const license = await (change === 'reinstate' ? lock() : lockOutOfPool(tx, [id], lock));
  if (!license) return notFound('license', licenseIdText(id));
  const now = license.clock_now ?? act.now;
  const facts = decideLicenseChange(change, license, now);
  if (isRefusal(facts)) return facts;
  if (facts === 'unchanged') return null;
  await setLicenseFacts(tx, id, facts);
  await recordWithdrawals(tx, [id]);
  if (change === 'reinstate') await enterPool(tx, [id]);
  const { contract_id, environment } = license;
  const { suspended_at, revoked_at } = license;
  const license_id = licenseIdText(id);
  const action = licenseAction(change);
  await auditAct(
    tx,
    { ...act, now },
    {
      action,
      subject_type: 'license',
      subject_id: license_id,
      contract_id,
      environment,
      before: { suspended_at, revoked_at },
      after: { suspended_at, revoked_at, ...facts },
      reason,
      clock: license.clock_now === null ? 'real' : 'test',
    },
  );
  const data = { count: 1, license_ids: [license_id], operation_id: null, reason };
  await insertDomainEvents(tx, contract_id, [{ at: now, type: action, environment, data }]);
  return null;
}
