/**
 * Signing certificates: signatures a second of the product, compared with `node:crypto` alone over the same bytes. Both run on the main thread.
 * Beside them `node:crypto` on the threads of libuv, which shows what further cores would add. Needs no server.
 */
import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { CERTIFICATE_TYPE, certificateClaims, derivedTerm } from '../domain/license/certificate';
import type { CertifiableLicense } from '../domain/license/certificate';
import { createSealer } from '../transactions/base/sealed-text';
import type { Sealer } from '../transactions/base/sealed-text';
import { createSigning } from '../transactions/catalogue/sign';
import type { Signer } from '../transactions/catalogue/sign';
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
const LICENSE: CertifiableLicense = {
  id: '167772161',
  key: 'PRO-7K2MW-9QXHD',
  product_id: PRODUCT_ID,
  product_code: 'pro',
  environment: 'production',
  features: { seats: 5, modules: ['drawing', 'rendering'] },
  activation_limit: 2,
  created_at: CREATED_AT,
  expires_at: '2028-01-01T00:00:00.000Z',
  own_expiry: null,
  is_test: false,
  is_pooled: false,
  customer_id: PRODUCT_ID,
  assigned_at: CREATED_AT,
  held_until: null,
  activated_at: null,
  suspended_at: null,
  revoked_at: null,
  other_devices: 0,
  has_place: false,
  issued_licenses: 'keep',
  suspended_by: null,
};

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
  const certify = (): string =>
    signer.sign(
      CERTIFICATE_TYPE,
      certificateClaims(LICENSE, derivedTerm(LICENSE), { issuer: 'https://licenses.test', device_id: null }),
    );
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const bytes = Buffer.from(certify().split('.').slice(0, 2).join('.'));
  const bare = (): void => void sign(null, bytes, key);

  const done = await runPairs(
    pairs,
    async () => rateOf(certify, seconds),
    async () => rateOf(bare, seconds),
  );
  const in_threads: number[] = [];
  for (let pair = 0; pair < pairs; pair++)
    in_threads.push(await rateInThreads((signed) => sign(null, bytes, key, signed), seconds));
  const ratios = done.map(({ first, second }) => first / second);
  const rows = [
    { side: 'product, main thread', rate: median(done.map(({ first }) => first)) },
    { side: 'node:crypto, main thread', rate: median(done.map(({ second }) => second)) },
    { side: 'node:crypto, threads of libuv', rate: median(in_threads) },
  ];
  const table = tableOf(
    [
      { title: `a certificate of ${certify().length} bytes`, cell: ({ side }) => side },
      { title: 'signatures/s', cell: ({ rate }) => String(Math.round(rate)) },
    ],
    rows,
  );
  const ratio = median(ratios);
  report.finish(`${table}\n\nproduct / node:crypto on the main thread: ${spanOf(ratios, 2)}`, {
    bench: 'certificates',
    ratio,
    rates: rows,
  });
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
