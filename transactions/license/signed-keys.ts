/**
 * Shows licenses of signed generators by their certificates, in place of their keys.
 *
 * The license terms say whether a license is signed, so an edit of its generator does not change it. A license that has no certificate now is
 * shown by its key: it is revoked, suspended, expired, not assigned, too large, or its expiry is not known yet, or the signing key of its
 * product cannot be opened. Signing reads and never writes: a signed generator has created the signing key of its product.
 */
import { LRUCache } from 'lru-cache';
import type { Sql } from '../../db/base/database';
import { findActiveKeys } from '../../db/catalogue/signing-key';
import { findCertifiableJobs, listSignedJobs } from '../../db/license/certifiable-job';
import type { CertifiableJob } from '../../db/license/certifiable-job';
import { findLicenses } from '../../db/license/license';
import type { LicenseRow } from '../../db/license/license';
import type { Instant } from '../../domain/base/instant';
import { isRefusal, refuse } from '../../domain/base/refusal';
import {
  CERTIFICATE_TYPE,
  certificateClaims,
  certificateRefusal,
  certificateSizeRefusal,
  derivedTerm,
} from '../../domain/license/certificate';
import type { CertifiableLicense } from '../../domain/license/certificate';
import { jobSerialOf } from '../../domain/license/license';
import type { Signer } from '../catalogue/sign';
import type { Issuer } from './certificate';

/** How long a reason why certificates are missing is not reported again, and how many reasons are remembered. */
const REPORTED_AGAIN_MS = 3_600_000;
const REPORTED_MAX = 1_000;

/** Reports why licenses of signed generators are shown by their plain keys. */
export type ReportUnsigned = (details: { product_id: string | null }, reason: string) => void;

const NOT_SET =
  'COVENANT_SEALING_KEYS is not set, so no license can be signed: licenses of signed generators are shown by their plain keys';

/** Jobs of which a process remembers whether their licenses are signed. */
const JOBS_KNOWN_MAX = 10_000;

/** Shows keys. Licenses and batches without a signed one are returned as they are. */
export interface SignedKeys {
  ofRows(sql: Sql, rows: LicenseRow[], now: Instant): Promise<LicenseRow[]>;
  /** The same for licenses of which only ids and keys were read. */
  ofLicenses<License extends { id: string; key: string }>(
    sql: Sql,
    licenses: readonly License[],
    now: Instant,
  ): Promise<readonly License[]>;
  /** The same for batches, in their order. */
  ofBatches(sql: Sql, batches: AsyncIterable<LicenseRow[]>, now: Instant): AsyncGenerator<LicenseRow[]>;
}

/** What the certificates of some licenses are signed with. */
export interface CertificateSource {
  url: string;
  /** By the ids of jobs. */
  jobs: ReadonlyMap<string, CertifiableJob>;
  /** By the ids of products. */
  signers: ReadonlyMap<string, Signer>;
}

/**
 * Without an issuer, each license is shown by its key. Clients expect a certificate in its place, so `report` gets the reason, and that of
 * each product whose key cannot sign; once an hour.
 */
export function createSignedKeys(issuer: Issuer | undefined, report: ReportUnsigned): SignedKeys {
  const reported = new LRUCache<string, true>({ max: REPORTED_MAX, ttl: REPORTED_AGAIN_MS });
  /** Whether the licenses of a job are signed, by its serial. This never changes. */
  const signed_jobs = new LRUCache<string, boolean>({ max: JOBS_KNOWN_MAX });

  return {
    ofRows,
    async ofLicenses(sql, licenses, now) {
      if (!(await isAnySigned(sql, licenses))) return licenses;
      if (issuer === undefined) {
        reportOnce(null, NOT_SET);
        return licenses;
      }
      const rows = await findLicenses(
        sql,
        licenses.map(({ id }) => id),
      );
      const keys = new Map((await ofRows(sql, rows, now)).map(({ id, key }) => [id, key]));
      return licenses.map((license) => ({ ...license, key: keys.get(license.id) ?? license.key }));
    },
    ofBatches: (sql, batches, now) =>
      withSignedBatches(batches, (batch) => (batch.some(isSigned) ? ofRows(sql, batch, now) : null)),
  };

  async function ofRows(sql: Sql, rows: LicenseRow[], now: Instant): Promise<LicenseRow[]> {
    const signed = rows.filter(isSigned);
    if (signed.length === 0) return rows;
    if (issuer === undefined) {
      reportOnce(null, NOT_SET);
      return rows;
    }
    return certify(rows, await sourceOf(sql, signed, issuer, reportOnce), now);
  }

  function reportOnce(product_id: string | null, reason: string): void {
    if (reported.has(product_id ?? '')) return;
    reported.set(product_id ?? '', true);
    report({ product_id }, reason);
  }

  async function isAnySigned(sql: Sql, licenses: readonly { id: string }[]): Promise<boolean> {
    const serials = [...new Set(licenses.map(({ id }) => jobSerialOf(id)))];
    const unknown = serials.filter((serial) => !signed_jobs.has(serial));
    if (unknown.length > 0) {
      const signed = new Set(await listSignedJobs(sql, unknown));
      for (const serial of unknown) signed_jobs.set(serial, signed.has(serial));
    }
    return serials.some((serial) => signed_jobs.get(serial));
  }
}

/** Replaces the keys of signed licenses by their certificates, all signed at the same time. */
export async function certify(
  rows: readonly LicenseRow[],
  source: CertificateSource,
  now: Instant,
): Promise<LicenseRow[]> {
  return Promise.all(
    rows.map(async (row) => {
      const certificate = isSigned(row) ? await certificateOf(row, source, row.clock_now ?? now) : null;
      return certificate === null ? row : { ...row, key: certificate };
    }),
  );
}

/**
 * Batches in their order, those that `sign` signs being signed while the next one is read. So at most two are in memory, besides the one that
 * the reader has.
 * @param sign null: the batch stays as it is
 */
export async function* withSignedBatches<Row>(
  batches: AsyncIterable<Row[]>,
  sign: (batch: Row[]) => Promise<Row[]> | null,
): AsyncGenerator<Row[]> {
  let pending: Promise<Row[]> | null = null;
  for await (const batch of batches) {
    const signed = sign(batch);
    // Its error is thrown when it is awaited, which can be after a later error.
    signed?.catch(() => undefined);
    if (pending !== null) yield await pending;
    pending = signed;
    if (signed === null) yield batch;
  }
  if (pending !== null) yield await pending;
}

/** The certificate that a license has by itself, or null. */
async function certificateOf(
  row: LicenseRow,
  { url, jobs, signers }: CertificateSource,
  now: Instant,
): Promise<string | null> {
  const job = jobs.get(row.job_id);
  const signer = signers.get(row.product_id);
  if (job === undefined || signer === undefined) return null;
  const license = certifiableOf(row, job);
  if (certificateRefusal(license, { device_id: null }, now)) return null;
  const claims = certificateClaims(license, derivedTerm(license), { issuer: url, device_id: null });
  const certificate = await signer.signInThread(CERTIFICATE_TYPE, claims);
  return certificateSizeRefusal(certificate) ? null : certificate;
}

/**
 * A license as its certificate sees it. No device asks for the certificate, so none decides about it. The fields are named, because spreading
 * both rows takes as long as a signature.
 */
function certifiableOf(row: LicenseRow, job: CertifiableJob): CertifiableLicense {
  return {
    id: row.id,
    key: row.key,
    product_id: row.product_id,
    product_code: job.product_code,
    environment: row.environment,
    is_test: row.is_test,
    is_pooled: job.is_pooled,
    issued_licenses: job.issued_licenses,
    suspended_by: job.suspended_by,
    features: row.features,
    activation_limit: row.activation_limit,
    own_expiry: row.own_expiry,
    created_at: row.created_at,
    expires_at: row.expires_at,
    customer_id: row.customer_id,
    assigned_at: row.assigned_at,
    held_until: row.held_until,
    activated_at: row.activated_at,
    suspended_at: row.suspended_at,
    revoked_at: row.revoked_at,
    other_devices: 0,
    has_place: false,
  };
}

async function sourceOf(
  sql: Sql,
  rows: readonly LicenseRow[],
  { signing, url }: Issuer,
  report: (product_id: string, reason: string) => void,
): Promise<CertificateSource> {
  const jobs = await findCertifiableJobs(sql, [...new Set(rows.map(({ job_id }) => job_id))]);
  const product_ids = [...new Set(rows.map(({ product_id }) => product_id))];
  const keys = new Map((await findActiveKeys(sql, product_ids)).map((key) => [key.product_id, key]));
  const signers = new Map<string, Signer>();
  for (const product_id of product_ids) {
    const key = keys.get(product_id);
    const signer = key === undefined ? refuse('SIGNING_KEY_MISSING') : await signing.signerOf(key);
    if (isRefusal(signer)) report(product_id, `${signer.detail} Its licenses are shown by their plain keys.`);
    else signers.set(product_id, signer);
  }
  return { url, jobs: new Map(jobs.map((job) => [job.job_id, job])), signers };
}

function isSigned({ is_signed }: LicenseRow): boolean {
  return is_signed;
}
