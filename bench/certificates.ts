/**
 * Signing certificates: signatures a second of a stream of the product, such as an export, compared with `node:crypto` alone over the same
 * bytes. Both sign on the threads of libuv, and so on all cores. Beside them both on the main thread. Needs no server.
 */
import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { EXPORT_PAGE_ROWS } from '../db/license/license';
import type { LicenseRow } from '../db/license/license';
import { CERTIFICATE_TYPE, certificateClaims, derivedTerm } from '../domain/license/certificate';
import type { CertifiableLicense } from '../domain/license/certificate';
import { createSealer } from '../transactions/base/sealed-text';
import type { Sealer } from '../transactions/base/sealed-text';
import { createSigning } from '../transactions/catalogue/sign';
import type { Signer } from '../transactions/catalogue/sign';
import { certify, withSignedBatches } from '../transactions/license/signed-keys';
import type { CertificateSource } from '../transactions/license/signed-keys';
import { median, runPairs, spanOf } from './pairs';
import { tableOf } from './report';
import type { Report } from './report';

const PAIRS = 5;
/** Signatures between two readings of the clock. */
const SIGNED_AT_ONCE = 100;
/** Signatures that wait for the threads of libuv. */
const IN_FLIGHT = 64;

const PRODUCT_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';
const CREATED_AT = '2027-01-01T00:00:00.000Z';
const ISSUER_URL = 'https://licenses.test';
const JOB = {
  job_id: PRODUCT_ID,
  product_code: 'pro',
  is_pooled: false,
  issued_licenses: 'keep' as const,
  suspended_by: null,
};
const ROW: LicenseRow = {
  id: '167772161',
  key: 'PRO-7K2MW-9QXHD',
  ordinal: 1,
  job_id: JOB.job_id,
  contract_id: PRODUCT_ID,
  contract_name: 'Fence',
  contract_customer_id: null,
  contract_customer_email: null,
  customer_email: null,
  environment: 'production',
  is_test: false,
  product_id: PRODUCT_ID,
  generator_id: PRODUCT_ID,
  features: { seats: 5, modules: ['drawing', 'rendering'] },
  is_signed: true,
  activation_limit: 2,
  own_expiry: null,
  activations: 0,
  created_at: CREATED_AT,
  imported: false,
  originally_created_at: null,
  channel: 'ui',
  clock_now: null,
  customer_id: PRODUCT_ID,
  assigned_at: CREATED_AT,
  held_until: null,
  activated_at: null,
  suspended_at: null,
  revoked_at: null,
  expires_at: '2028-01-01T00:00:00.000Z',
};
const LICENSE: CertifiableLicense = { ...ROW, ...JOB, other_devices: 0, has_place: false };
const BATCH = Array.from({ length: EXPORT_PAGE_ROWS }, () => ROW);

export interface CertificatesOptions {
  /** The duration of each side of a pair. */
  seconds: number;
  pairs: number | undefined;
}

export async function benchCertificates(
  { seconds, pairs = PAIRS }: CertificatesOptions,
  report: Report,
): Promise<void> {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const signer = await signerOf(jwk);
  const signOne = (): string =>
    signer.sign(
      CERTIFICATE_TYPE,
      certificateClaims(LICENSE, derivedTerm(LICENSE), { issuer: ISSUER_URL, device_id: null }),
    );
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const bytes = Buffer.from(signOne().split('.').slice(0, 2).join('.'));
  const source = { url: ISSUER_URL, jobs: new Map([[JOB.job_id, JOB]]), signers: new Map([[PRODUCT_ID, signer]]) };

  const done = await runPairs(
    pairs,
    () => rateOfStream(source, seconds),
    () => rateInThreads((signed) => sign(null, bytes, key, signed), seconds),
  );
  const alone = await runPairs(
    pairs,
    async () => rateOf(signOne, seconds),
    async () => rateOf(() => sign(null, bytes, key), seconds),
  );
  const ratios = done.map(({ first, second }) => first / second);
  const rows = [
    { side: 'product, stream', rate: median(done.map(({ first }) => first)) },
    { side: 'node:crypto, threads of libuv', rate: median(done.map(({ second }) => second)) },
    { side: 'product, main thread', rate: median(alone.map(({ first }) => first)) },
    { side: 'node:crypto, main thread', rate: median(alone.map(({ second }) => second)) },
  ];
  const table = tableOf(
    [
      { title: `a certificate of ${signOne().length} bytes`, cell: ({ side }) => side },
      { title: 'signatures/s', cell: ({ rate }) => String(Math.round(rate)) },
    ],
    rows,
  );
  const ratio = median(ratios);
  report.finish(`${table}\n\nproduct / node:crypto on all cores: ${spanOf(ratios, 2)}`, {
    bench: 'certificates',
    ratio,
    rates: rows,
  });
}

/** Signs batches for some seconds, as an export does, and returns how many licenses in a second. */
async function rateOfStream(source: CertificateSource, seconds: number): Promise<number> {
  const start = performance.now();
  async function* batches(): AsyncGenerator<LicenseRow[]> {
    while (performance.now() - start < seconds * 1_000) yield BATCH;
  }
  let licenses = 0;
  for await (const batch of withSignedBatches(batches(), (rows) => certify(rows, source, CREATED_AT)))
    licenses += batch.length;
  return (licenses / (performance.now() - start)) * 1_000;
}

async function signerOf({ x = '', d = '' }: { x?: string | undefined; d?: string | undefined }): Promise<Signer> {
  const sealer = createSealer([{ version: 'v1', secret: randomBytes(32) }]) as Sealer;
  const kid = randomBytes(32).toString('base64url');
  const row = { id: PRODUCT_ID, product_id: PRODUCT_ID, kid, public_key: x, created_at: CREATED_AT };
  const sealed = await sealer.seal(d, row);
  return (await createSigning(sealer).signerOf({
    ...row,
    sealed,
    verify_only_since: null,
    retired_at: null,
  })) as Signer;
}

/** Runs a function for some seconds, and returns how often in a second. */
function rateOf(run: () => unknown, seconds: number): number {
  const start = performance.now();
  let runs = 0;
  for (; performance.now() - start < seconds * 1_000; runs += SIGNED_AT_ONCE)
    for (let each = 0; each < SIGNED_AT_ONCE; each++) run();
  return (runs / (performance.now() - start)) * 1_000;
}

/** The same for signatures that other threads make. */
function rateInThreads(start_one: (signed: () => void) => void, seconds: number): Promise<number> {
  return new Promise((resolve) => {
    const start = performance.now();
    let runs = 0;
    let in_flight = 0;
    function next(): void {
      const passed_ms = performance.now() - start;
      if (passed_ms < seconds * 1_000) {
        in_flight++;
        start_one(finish);
      } else if (in_flight === 0) resolve((runs / passed_ms) * 1_000);
    }
    function finish(): void {
      in_flight--;
      runs++;
      next();
    }
    for (let each = 0; each < IN_FLIGHT; each++) next();
  });
}
