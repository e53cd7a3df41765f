/** Removes a device of a license, for an admin. */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { removeDevice } from '../../db/license/device';
import { lockLicense } from '../../db/license/license-facts';
import type { Act } from '../../domain/base/edit';
import { notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { licenseIdText } from '../../domain/license/license';

/**
 * Removes a device under the lock of its license, with an audit row. The audit cannot be erased, so it names the license and not the
 * device. Call it inside a transaction.
 * @param id the stored id of the license
 */
export async function deleteDevice(tx: Sql, id: string, device_id: string, act: Act): Promise<Refusal | null> {
  const license = await lockLicense(tx, id);
  const license_id = licenseIdText(id);
  if (!license) return notFound('license', license_id);
  if (!(await removeDevice(tx, id, device_id))) return notFound('device', device_id);
  const { contract_id, environment, clock_now } = license;
  await auditAct(
    tx,
    { ...act, now: clock_now ?? act.now },
    {
      action: 'license.device_removed',
      subject_type: 'license',
      subject_id: license_id,
      contract_id,
      environment,
      clock: clock_now === null ? 'real' : 'test',
    },
  );
  return null;
}
