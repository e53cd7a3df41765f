/** What every program of docs/verify-offline guarantees, whatever its language: it accepts certificates as Covenant signs them, and nothing else. */
import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../domain/base/json';
import { CERTIFICATE_TYPE } from '../../domain/license/certificate';
import { WITHDRAWALS_TYPE } from '../../domain/license/withdrawal';
import { createSealer } from '../../transactions/base/sealed-text';
import type { Sealer } from '../../transactions/base/sealed-text';
import { createSigning } from '../../transactions/catalogue/sign';
import type { Signer } from '../../transactions/catalogue/sign';

/** The outcome of a program: 0 and the claims as JSON, or another code. */
type Outcome = { code: number | null; output: string };
/** Verifies a certificate of a product with the keys in files, which are read in order. */
export type OfflineVerifier = (product_id: string, certificate: string, key_files: string[]) => Promise<Outcome>;

const PRODUCT = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';
const OTHER_PRODUCT = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e70';
const KEY = 'PRO-7K2MW-9QXHD';

interface KeyPair {
  x: string;
  d: string;
}

function newPair(): KeyPair {
  const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return { x, d };
}

interface TestKey {
  signer: Signer;
  jwk: { kid: string; x: string } & JsonObject;
}

/** A key as a product has it. */
async function newKey(kid: string, pair = newPair()): Promise<TestKey> {
  const sealer = createSealer([{ version: 'v1', secret: randomBytes(32) }]) as Sealer;
  const { x, d } = pair;
  const row = {
    id: kid,
    product_id: PRODUCT,
    kid,
    public_key: x,
    created_at: '',
    verify_only_since: null,
    retired_at: null,
  };
  const sealed = await sealer.seal(d, row);
  const signer = (await createSigning(sealer).signerOf({ ...row, sealed })) as Signer;
  return { signer, jwk: { kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' } };
}

const now_s = (): number => Math.floor(Date.now() / 1_000);
const claims = (more: JsonObject = {}): JsonObject => ({
  iss: 'https://licenses.test',
  aud: PRODUCT,
  sub: 'lic_167772161',
  jti: KEY,
  iat: now_s() - 1_000,
  exp: now_s() + 1_000,
  product: 'pro',
  features: { seats: 5 },
  activation_limit: null,
  ...more,
});
const base64url = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/** Declares the tests of a program. */
export function testOfflineVerifier(verify: OfflineVerifier): void {
  let directory: string;
  let active: TestKey;
  let former: TestKey;
  let foreign: TestKey;
  let next: TestKey;
  /** The active key under the name of the former one. */
  let misnamed: TestKey;
  let stored: string;
  let downloaded: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'verify-offline-'));
    const pair = newPair();
    [active, former, foreign, next, misnamed] = await Promise.all([
      newKey('active', pair),
      newKey('former'),
      newKey('foreign'),
      newKey('next'),
      newKey('former', pair),
    ]);
    [stored, downloaded] = [join(directory, 'stored.json'), join(directory, 'downloaded.json')];
    writeFileSync(stored, JSON.stringify({ keys: [active.jwk, former.jwk] }));
    writeFileSync(downloaded, JSON.stringify({ keys: [next.jwk, active.jwk] }));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const certificate = (more: JsonObject = {}, { signer }: TestKey = active): string =>
    signer.sign(CERTIFICATE_TYPE, claims(more));
  /** The same with another header, and a signature or none. */
  const forged = (header: JsonObject, signatureOf: (signed: string) => string): string => {
    const signed = `${base64url({ kid: 'active', typ: CERTIFICATE_TYPE, ...header })}.${base64url(claims())}`;
    return `${signed}.${signatureOf(signed)}`;
  };
  const hmac = (secret: string | Buffer) => (signed: string) =>
    createHmac('sha256', secret).update(signed).digest('base64url');

  const ACCEPTED: [what: string, make: () => string][] = [
    ['signed with the active key', () => certificate()],
    ['signed with a former key that is still published', () => certificate({}, former)],
    ['signed with a key that is newer than the stored keys', () => certificate({}, next)],
    ['without an end', () => withoutEnd()],
    ['that ended within the tolerance of clocks', () => certificate({ exp: now_s() - 20 })],
    ['issued by a clock that is a little ahead', () => certificate({ iat: now_s() + 20 })],
  ];
  const withoutEnd = (): string => {
    const { exp: _exp, ...without_end } = claims();
    return active.signer.sign(CERTIFICATE_TYPE, without_end);
  };

  const REFUSED: [what: string, make: () => string][] = [
    ['whose claims were changed', () => replacePart(certificate(), 1, base64url(claims({ features: { seats: 500 } })))],
    ['whose signature was changed', () => replacePart(certificate(), 2, Buffer.alloc(64, 1).toString('base64url'))],
    ['that ended', () => certificate({ exp: now_s() - 300 })],
    ['with alg none', () => forged({ alg: 'none' }, () => '')],
    [
      'with alg none and the signature of another',
      () => forged({ alg: 'none' }, () => certificate().split('.')[2] as string),
    ],
    [
      'with an HMAC by the bytes of the public key',
      () => forged({ alg: 'HS256' }, hmac(Buffer.from(active.jwk.x, 'base64url'))),
    ],
    ['with an HMAC by the text of the public key', () => forged({ alg: 'HS256' }, hmac(active.jwk.x))],
    ['with the kid of another key of the product', () => certificate({}, misnamed)],
    ['with an unknown kid', () => certificate({}, foreign)],
    ['without a kid', () => replacePart(certificate(), 0, base64url({ alg: 'EdDSA', typ: CERTIFICATE_TYPE }))],
    ['of another product', () => certificate({ aud: OTHER_PRODUCT })],
    ['that is a signed list', () => active.signer.sign(WITHDRAWALS_TYPE, claims())],
    ['that is no certificate', () => 'PRO-7K2MW-9QXHD'],
  ];

  test.each(ACCEPTED)('a certificate %s is accepted', async (_what, make) => {
    const { code, output } = await verify(PRODUCT, make(), [stored, downloaded]);
    expect([code, output]).toEqual([0, expect.stringContaining(KEY)]);
  });

  test.each(REFUSED)('a text %s is refused', async (_what, make) => {
    const { code, output } = await verify(PRODUCT, make(), [stored, downloaded]);
    expect([code, output]).not.toEqual([0, output]);
    // Java's logger writes lines of its own before it.
    expect(output).toMatch(/^refused: /m);
  });
}

function replacePart(certificate: string, index: number, part: string): string {
  return certificate
    .split('.')
    .map((own, at) => (at === index ? part : own))
    .join('.');
}
