/** Takes a license back from its customer. */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { insertDomainEvents } from '../../db/contract/domain-event';
import { lockLicense } from '../../db/license/license-facts';
import { enterPool } from '../../db/pool/available';
import { unassignLicense } from '../../db/pool/assignment';
import type { Act } from '../../domain/base/edit';
import { isRefusal, notFound } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import { licenseIdText } from '../../domain/license/license';
import { returnDecision } from '../../domain/pool/return';

/**
 * Returns an assigned license, with an audit row and a domain event. A license of a pool is available again, with its original expiry. Call
 * it inside a transaction.
 * @param id the stored id
 */
export async function returnLicense(
  tx: Sql,
  id: string,
  { reason, reaches, ...act }: Act & { reason: string | null; reaches: (contract_id: string | null) => boolean },
): Promise<Refusal | null> {
  const license = await lockLicense(tx, id);
  const license_id = licenseIdText(id);
  if (!license || !reaches(license.contract_id)) return notFound('license', license_id);
  const now = license.clock_now ?? act.now;
  const decision = returnDecision(license, now);
  if (isRefusal(decision)) return decision;
  if (decision === 'unchanged') return null;
  await unassignLicense(tx, id);
  await enterPool(tx, [id]);
  const { contract_id, environment, job_id, customer_id, assigned_at } = license;
  await auditAct(
    tx,
    { ...act, now },
    {
      ...{
        action: 'license.returned',
        subject_type: 'license',
        subject_id: license_id,
        contract_id,
        environment,
        reason,
      },
      before: { customer_id, assigned_at },
      after: { customer_id: null, assigned_at: null },
      clock: license.clock_now === null ? 'real' : 'test',
    },
  );
  const data = { license_id, job_id, customer_id, reason };
  await insertDomainEvents(tx, contract_id, [{ at: now, type: 'license.returned', environment, data }]);
  return null;
}
