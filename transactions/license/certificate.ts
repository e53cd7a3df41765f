/** Signs licenses: the form that is derived when a license is read, and certificates that are issued for a time or a device. */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { findActiveKey } from '../../db/catalogue/signing-key';
import type { ActiveKeyRow } from '../../db/catalogue/signing-key';
import { findLease } from '../../db/license/device';
import { findLicense } from '../../db/license/license';
import { findAskedLicenses } from '../../db/license/validation';
import type { Act } from '../../domain/base/edit';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';
import {
  CERTIFICATE_TYPE,
  certificateClaims,
  certificateRefusal,
  certificateSizeRefusal,
  derivedTerm,
  issuedTerm,
} from '../../domain/license/certificate';
import type { CertifiableLicense, CertificateRequest, CertificateTerm } from '../../domain/license/certificate';
import { licenseIdText } from '../../domain/license/license';
import type { Signing } from '../catalogue/sign';
import { ensureSigningKey } from '../catalogue/signing-key';

/** A signed license. */
export interface Certificate extends CertificateTerm {
  certificate: string;
  license_id: string;
  kid: string;
  device_id: string | null;
}

/** What certificates are signed with, and the URL that they name as their issuer. */
export interface Issuer {
  signing: Signing;
  url: string;
}

/** A license with its contract and the time by which it is judged. */
interface FoundLicense {
  license: CertifiableLicense;
  contract_id: string | null;
  /** The lease of the device; null: it has none, or no device is named. */
  leased_until: Instant | null;
  now: Instant;
  clock: 'real' | 'test';
}

/**
 * The certificate that a license has by itself: the same text at every reading, until the license or the key of its product changes.
 * @param id the stored id
 */
export async function deriveCertificate(
  sql: Sql,
  id: string,
  { signing, url }: Issuer,
  now: Instant,
): Promise<Certificate | Refusal> {
  const found = await findCertifiable(sql, id, null, now);
  if (isRefusal(found)) return found;
  const { license } = found;
  const refusal = certificateRefusal(license, { device_id: null }, found.now);
  if (refusal) return refusal;
  const key = await findActiveKey(sql, license.product_id);
  if (!key) return refuse('SIGNING_KEY_MISSING', { product_id: license.product_id });
  return signed(license, derivedTerm(license), { signing, url, key, device_id: null });
}

/**
 * Issues a certificate, with an audit row. The first one of a product creates its signing key. A certificate that is issued at the moment of a
 * revocation is like one that was issued before it, so the license is not locked.
 * @param id the stored id
 */
export async function issueCertificate(
  tx: Sql,
  id: string,
  request: CertificateRequest,
  { signing, url }: Issuer,
  act: Act,
): Promise<Certificate | Refusal> {
  const { device_id } = request;
  const found = await findCertifiable(tx, id, device_id, act.now);
  if (isRefusal(found)) return found;
  const { license, now, clock, contract_id } = found;
  const refusal = certificateRefusal(license, request, now);
  if (refusal) return refusal;
  const key = await ensureSigningKey(tx, license.product_id, act, signing.sealer);
  if (isRefusal(key)) return key;
  const term = issuedTerm(license, request, found.leased_until, now);
  const certificate = await signed(license, term, { signing, url, key, device_id });
  if (isRefusal(certificate)) return certificate;
  const { environment } = license;
  await auditAct(
    tx,
    { ...act, now },
    {
      action: 'license.certificate_issued',
      subject_type: 'license',
      subject_id: licenseIdText(id),
      contract_id,
      environment,
      // The audit cannot be erased, so it does not name the device.
      after: { kid: key.kid, expires_at: term.expires_at, for_device: device_id !== null },
      clock,
    },
  );
  return certificate;
}

async function findCertifiable(
  sql: Sql,
  id: string,
  device_id: string | null,
  now: Instant,
): Promise<FoundLicense | Refusal> {
  const row = await findLicense(sql, id);
  if (!row) return notFound('license', licenseIdText(id));
  const { key, product_id, contract_id, created_at, own_expiry } = row;
  const [asked] = await findAskedLicenses(sql, [{ key, device_id, now }]);
  if (!asked) return notFound('license', licenseIdText(id));
  return {
    license: { ...asked, key, product_id, created_at, own_expiry },
    contract_id,
    leased_until: device_id === null ? null : await findLease(sql, id, device_id),
    now: asked.clock_now ?? now,
    clock: asked.clock_now === null ? 'real' : 'test',
  };
}

async function signed(
  license: CertifiableLicense,
  term: CertificateTerm,
  { signing, url, key, device_id }: Issuer & { key: ActiveKeyRow; device_id: string | null },
): Promise<Certificate | Refusal> {
  const signer = await signing.signerOf(key);
  if (isRefusal(signer)) return signer;
  const certificate = signer.sign(CERTIFICATE_TYPE, certificateClaims(license, term, { issuer: url, device_id }));
  const refusal = certificateSizeRefusal(certificate);
  return refusal ?? { certificate, license_id: licenseIdText(license.id), kid: key.kid, device_id, ...term };
}
