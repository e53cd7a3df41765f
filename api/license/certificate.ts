/** The signed form of a license, for programs that verify it without a connection (docs/verify-offline.md). */
import { findLicense } from '../../db/license/license';
import { reachesContract } from '../../domain/access/caller';
import type { KnownCaller } from '../../domain/access/caller';
import { isRefusal, notFound, refuse } from '../../domain/base/refusal';
import type { Refusal, RefusalCode } from '../../domain/base/refusal';
import { CERTIFICATE_BYTES_MAX } from '../../domain/license/certificate';
import { parseLicenseId } from '../../domain/license/license';
import { deriveCertificate, issueCertificate } from '../../transactions/license/certificate';
import type { Issuer } from '../../transactions/license/certificate';
import type { Api } from '../http/api';
import { actOf } from '../http/edit';
import { route } from '../http/route';
import type { Route } from '../http/route';
import { InstantShape, PeriodShape } from '../http/shapes';
import { z } from '../http/zod';
import { DeviceIdShape } from './license-in-use-presenter';
import { LicenseIdParams } from './license-presenter';

const CertificateShape = z
  .object({
    certificate: z
      .string()
      .describe(`A JWS in its compact form (EdDSA), at most ${CERTIFICATE_BYTES_MAX} bytes. It holds the license key`),
    license_id: LicenseIdParams.shape.id,
    kid: z.string().describe('The key of the product that signed it'),
    issued_at: InstantShape,
    expires_at: InstantShape.nullable().describe('The end of its validity, in whole seconds in the certificate; null: none'),
    device_id: z.string().nullable().describe('The only device on which it is valid; null: every device'),
  })
  .openapi('LicenseCertificate');

const CertificateBody = z.strictObject({
  valid_for: PeriodShape.nullable()
    .default(null)
    .describe('How long it is valid at most; null: as long as the license. A short period limits the use of a license that is revoked'),
  device_id: DeviceIdShape.nullable()
    .default(null)
    .describe('A device on which the license is active. The certificate is valid on it alone, at most until the end of its lease'),
});

const REFUSALS: RefusalCode[] = [
  'LICENSE_REVOKED',
  'LICENSE_SUSPENDED',
  'LICENSE_EXPIRED',
  'LICENSE_NOT_ASSIGNED',
  'CONTRACT_INACTIVE',
  'EXPIRY_NOT_KNOWN',
  'CERTIFICATE_TOO_LARGE',
  'SIGNING_NOT_CONFIGURED',
  'SIGNING_KEY_UNREADABLE',
];

export const certificateRoutes: Route[] = [
  route({
    operation_id: 'getLicenseCertificate',
    method: 'get',
    path: '/api/v1/licenses/:id/certificate',
    tag: 'Signed licenses',
    summary: 'Read the signed form of a license',
    description:
      'Valid as long as the license, on every device. It is derived from the license, and is the same text until the license or the signing key of its product changes.',
    params: LicenseIdParams,
    answers: { 200: { description: 'The certificate', schema: CertificateShape } },
    refusals: [...REFUSALS, 'SIGNING_KEY_MISSING'],
    audit: [],
    async handle({ api, params, caller, now }) {
      const reached = await reachLicense(api, caller, params.id);
      if (isRefusal(reached)) return reached;
      const outcome = await deriveCertificate(api.db, reached.id, reached.issuer, now);
      return isRefusal(outcome) ? outcome : { status: 200, body: outcome };
    },
  }),
  route({
    operation_id: 'createLicenseCertificate',
    method: 'post',
    path: '/api/v1/licenses/:id/certificate',
    tag: 'Signed licenses',
    summary: 'Issue a certificate of a license',
    description: [
      'Signed now, optionally for a time or for one device. The first certificate of a product creates its signing key.',
      'A certificate cannot be taken back: programs that read the list of withdrawn licenses refuse it after a revocation, others only when it ends.',
    ].join(' '),
    params: LicenseIdParams,
    body: CertificateBody,
    body_optional: true,
    examples: {
      'As long as the license': {},
      'For a device that is offline for two weeks': { valid_for: 'P14D', device_id: 'd2f1c3' },
    },
    answers: { 201: { description: 'The certificate', schema: CertificateShape } },
    refusals: [...REFUSALS, 'DEVICE_NOT_ACTIVATED'],
    audit: ['license.certificate_issued', 'signing_key.created'],
    async handle({ api, params, body, caller, write, ...request }) {
      const reached = await reachLicense(api, caller, params.id);
      if (isRefusal(reached)) return reached;
      return write(async (tx) => {
        const outcome = await issueCertificate(tx, reached.id, body, reached.issuer, actOf(request));
        return isRefusal(outcome) ? outcome : { status: 201, body: outcome };
      });
    },
  }),
];

/** The stored id of a license that exists for the caller, and what it is signed with. */
async function reachLicense(
  { db, signing, publicUrl }: Api,
  caller: KnownCaller,
  text: string,
): Promise<{ id: string; issuer: Issuer } | Refusal> {
  const id = parseLicenseId(text);
  const row = id === null ? undefined : await findLicense(db, id);
  if (id === null || !row || !reachesContract(caller, row.contract_id)) return notFound('license', text);
  return signing === undefined ? refuse('SIGNING_NOT_CONFIGURED') : { id, issuer: { signing, url: publicUrl } };
}
