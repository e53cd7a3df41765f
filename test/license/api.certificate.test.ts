/** Certificates of licenses: what they say, for whom and when there is one, and that they verify with the public keys. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import type { Database } from '../../db/base/database';
import { CERTIFICATE_BYTES_MAX, CERTIFICATE_TYPE } from '../../domain/license/certificate';
import { parseLicenseId } from '../../domain/license/license';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { addContractKey } from '../harness/contract-keys';
import { auditOf, expectRefusal } from '../harness/expect-refusal';

const SEED = 20_261_127;
const DAY_S = 86_400;

interface License {
  id: string;
  key: string;
  contract_id: string;
  product_id: string;
}

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

async function addLicense(more: Record<string, unknown> = {}, catalogue?: TestCatalogue): Promise<License> {
  const { product_id, generator_id } = catalogue ?? (await addCatalogue(api, { features: { seats: 5 }, activation_limit: 2 }));
  const { id: contract_id } = await addContract(api, { product_id, generator_id }, more);
  const { body } = await api.call('POST', `/contracts/${contract_id}/generate`, { body: { count: 1 } });
  return { ...body.licenses[0], contract_id, product_id };
}

const issue = ({ id }: Pick<License, 'id'>, body: object = {}, key = api.keys.admin): Promise<ApiAnswer> =>
  api.call('POST', `/licenses/${id}/certificate`, { body, key });
const read = ({ id }: Pick<License, 'id'>, key = api.keys.operator): Promise<ApiAnswer> =>
  api.call('GET', `/licenses/${id}/certificate`, { key });

/** The claims of a certificate that verifies with the published keys. */
async function verified(certificate: string, product_id: string, now_s?: number): Promise<Record<string, unknown>> {
  const { body } = await api.call('GET', `/products/${product_id}/jwks.json`, { key: null });
  const { payload } = await jwtVerify(certificate, createLocalJWKSet(body), {
    algorithms: ['EdDSA'],
    audience: product_id,
    issuer: 'https://licenses.test',
    typ: CERTIFICATE_TYPE,
    ...(now_s === undefined ? {} : { currentDate: new Date(now_s * 1_000) }),
  });
  return payload;
}

test('a certificate says what the license grants, verifies with the public keys, and has one audit row', async () => {
  const license = await addLicense({ expiry: { duration: 'P1Y' } });
  const { product_id } = license;
  await api.call('POST', `/products/${product_id}/signing-keys`);
  const answer = await issue(license);
  expect(answer.status).toBe(201);
  const shown = (await api.call('GET', `/licenses/${license.id}`)).body;
  const { body: product } = await api.call('GET', `/products/${product_id}`);
  const { certificate, kid, issued_at, expires_at, device_id } = answer.body;
  expect(await verified(certificate, product_id)).toEqual({
    iss: 'https://licenses.test',
    aud: product_id,
    sub: license.id,
    jti: license.key,
    iat: Math.floor(Date.parse(issued_at) / 1_000),
    exp: Math.floor(Date.parse(shown.expires_at) / 1_000),
    product: product.code,
    environment: 'production',
    features: { seats: 5 },
    activation_limit: 2,
  });
  expect(decodeProtectedHeader(certificate)).toEqual({ alg: 'EdDSA', kid, typ: CERTIFICATE_TYPE });
  expect([expires_at, device_id]).toEqual([shown.expires_at, null]);
  const [row, ...others] = await auditOf(api, license.id);
  expect(others).toEqual([]);
  expect(row).toMatchObject({ action: 'license.certificate_issued', after: { kid, expires_at, for_device: false } });
  expect(JSON.stringify(row)).not.toContain(license.key);
});

test('the derived form is the same text at every reading, and changes with the license and with the signing key', async () => {
  const license = await addLicense();
  expectRefusal(await read(license), 409, 'SIGNING_KEY_MISSING');
  await api.call('POST', `/products/${license.product_id}/signing-keys`);
  const first = await read(license);
  expect((await read(license)).text).toBe(first.text);
  expect(decodeJwt(first.body.certificate)).not.toHaveProperty('exp');
  expect(decodeJwt(first.body.certificate).iat).toBe(Math.floor(Date.parse(first.body.issued_at) / 1_000));
  const email = 'ada@covenant.test';
  await api.call('POST', '/customers', { body: { email, name: 'Ada' } });
  await api.call('POST', '/licenses/assign', { body: { ids: [license.id], customer_email: email } });
  const assigned = await read(license);
  const { customer_id } = (await api.call('GET', `/licenses/${license.id}`)).body;
  expect(decodeJwt(assigned.body.certificate)).toEqual({ ...decodeJwt(first.body.certificate), customer: customer_id });
  expect(assigned.text).not.toContain('ada');
  await api.call('POST', `/products/${license.product_id}/signing-keys`);
  const rotated = await read(license);
  expect(rotated.body.kid).not.toBe(assigned.body.kid);
  expect(decodeJwt(rotated.body.certificate)).toEqual(decodeJwt(assigned.body.certificate));
});

test('a certificate ends with the license, after valid_for, or with the lease of its device, whichever is first', async () => {
  const license = await addLicense({ expiry: { duration: 'P10D' }, device_lease_minutes: 60 });
  const secondsOf = ({ body }: ApiAnswer) => {
    const { iat = 0, exp = 0 } = decodeJwt(body.certificate);
    return exp - iat;
  };
  expect(secondsOf(await issue(license, { valid_for: 'P2D' }))).toBe(2 * DAY_S);
  const whole = await issue(license, { valid_for: 'P30D' });
  expect(whole.body.expires_at).toBe((await api.call('GET', `/licenses/${license.id}`)).body.expires_at);
  expectRefusal(await issue(license, { device_id: 'one' }), 409, 'DEVICE_NOT_ACTIVATED');
  const used = await api.call('POST', '/licenses/activate', { key: null, body: { key: license.key, device_id: 'one' } });
  const leased = await issue(license, { valid_for: 'P2D', device_id: 'one' });
  expect(leased.body).toMatchObject({ device_id: 'one', expires_at: used.body.device.leased_until });
  expect(await verified(leased.body.certificate, license.product_id)).toMatchObject({ device_id: 'one' });
  expect(JSON.stringify(await auditOf(api, license.id))).not.toContain('"one"');
  for (const valid_for of ['PT1H', 'P0D', '-P1D', 'soon'])
    expectRefusal(await issue(license, { valid_for }), 422, 'VALIDATION_FAILED');
});

describe('no certificate is given', () => {
  const REFUSED: [what: string, code: string, prepare: () => Promise<License>][] = [
    ['for a revoked license', 'LICENSE_REVOKED', () => changed('revoke')],
    ['for a suspended license', 'LICENSE_SUSPENDED', () => changed('suspend')],
    [
      'for an expired license',
      'LICENSE_EXPIRED',
      async () => {
        const license = await addLicense({ expiry: { duration: 'P1D' } });
        await api.sql`UPDATE generation_jobs SET expires_at = now() - interval '1 minute' WHERE contract_id = ${license.contract_id}`;
        return license;
      },
    ],
    [
      'before the expiry is known',
      'EXPIRY_NOT_KNOWN',
      () => addLicense({ expiry: { duration: 'P1Y', basis: 'first_activation' } }),
    ],
    ['for a license of a pool that no customer has', 'LICENSE_NOT_ASSIGNED', () => addLicense({ type: 'pool' })],
    [
      'whose features do not fit',
      'CERTIFICATE_TOO_LARGE',
      async () => addLicense({}, await addCatalogue(api, { features: { text: 'x'.repeat(CERTIFICATE_BYTES_MAX) } })),
    ],
  ];

  async function changed(change: string): Promise<License> {
    const license = await addLicense();
    await api.call('POST', `/licenses/${license.id}/${change}`);
    return license;
  }

  test.each(REFUSED)('%s: %s', async (_what, code, prepare) => {
    const license = await prepare();
    await api.call('POST', `/products/${license.product_id}/signing-keys`);
    expectRefusal(await read(license), 409, code);
    expectRefusal(await issue(license), 409, code);
    expect((await auditOf(api, license.id)).map(({ action }) => action)).not.toContain('license.certificate_issued');
  });

  test('to a viewer, who may not see keys, and to the key of another contract, for which the license does not exist', async () => {
    const [license, other] = [await addLicense(), await addLicense()];
    const key = await addContractKey(api, license.contract_id);
    for (const ask of [read, (one: License, by: string) => issue(one, {}, by)]) {
      expectRefusal(await ask(license, api.keys.viewer), 403, 'FORBIDDEN_ROLE');
      expectRefusal(await ask(other, key), 404, 'NOT_FOUND');
    }
    expect((await issue(license, {}, key)).status).toBe(201);
    expect((await read(license, key)).status).toBe(200);
    expectRefusal(await issue(license, {}, api.keys.operator), 403, 'FORBIDDEN_ROLE');
  });

  test('without sealing keys', async () => {
    const license = await addLicense();
    const { signing } = api.api;
    api.api.signing = undefined;
    try {
      expectRefusal(await issue(license), 409, 'SIGNING_NOT_CONFIGURED');
    } finally {
      api.api.signing = signing;
    }
  });
});

test('simultaneous first certificates of a product are signed with the same key', async () => {
  const license = await addLicense();
  const answers = await Promise.all(Array.from({ length: 5 }, () => issue(license)));
  expect(new Set(answers.map(({ status, body }) => `${status} ${body.kid}`)).size).toBe(1);
});

test('the time of a certificate is that of the test clock of its contract', async () => {
  const clock = await api.call('POST', '/test-clocks', { body: { now: '2031-01-01T00:00:00.000Z' } });
  const catalogue = await addCatalogue(api, { environment: 'staging' });
  const license = await addLicense({ test_clock_id: clock.body.id, expiry: { duration: 'P1Y' } }, catalogue);
  const { body } = await issue(license, { valid_for: 'P1D' });
  expect(body).toMatchObject({ issued_at: '2031-01-01T00:00:00.000Z', expires_at: '2031-01-02T00:00:00.000Z' });
});

test('whatever is signed verifies until its key is retired, through any rotations, and not with a changed character', async () => {
  const steps = fc.array(fc.constantFrom('issue', 'rotate', 'retire'), { minLength: 3, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(), async (taken, at) => {
      const license = await addLicense();
      const { product_id } = license;
      const issued: { certificate: string; kid: string }[] = [];
      const keys = async () => (await api.call('GET', `/products/${product_id}/signing-keys?order=asc`)).body.data;
      for (const step of ['issue', ...taken]) {
        if (step === 'issue') issued.push((await issue(license)).body);
        if (step === 'rotate') await api.call('POST', `/products/${product_id}/signing-keys`);
        const oldest = (await keys()).find(({ state }: { state: string }) => state === 'verify_only');
        if (step === 'retire' && oldest) await api.call('POST', `/products/${product_id}/signing-keys/${oldest.kid}/retire`);
        const retired = (await keys()).filter(({ state }: any) => state === 'retired').map(({ kid }: any) => kid);
        for (const { certificate, kid } of issued) {
          const outcome = await verified(certificate, product_id).then(({ jti }) => jti, () => 'refused');
          expect(outcome).toBe(retired.includes(kid) ? 'refused' : license.key);
        }
      }
      const certificate = issued[0]?.certificate as string;
      const position = at % (certificate.length - 1);
      const changed = certificate.slice(0, position) + (certificate[position] === 'A' ? 'B' : 'A') + certificate.slice(position + 1);
      await expect(verified(changed, product_id)).rejects.toThrow();
    }),
    { seed: SEED, numRuns: 8, examples: [[['issue', 'rotate', 'issue', 'retire', 'issue', 'rotate'], 0]] },
  );
});

test('programs use a license with a certificate in place of its key, unless it was changed or its signing key is retired', async () => {
  const license = await addLicense();
  const { product_id } = license;
  const { certificate, kid } = (await issue(license)).body;
  const [header, claims, signature] = certificate.split('.');
  const validate = (key: string) => api.call('POST', '/licenses/validate', { key: null, body: { key } });
  const activate = (key: string) => api.call('POST', '/licenses/activate', { key: null, body: { key, device_id: 'one' } });
  const keyPath = `/products/${product_id}/signing-keys`;
  const headerOf = (more: object) =>
    Buffer.from(JSON.stringify({ alg: 'EdDSA', kid, typ: CERTIFICATE_TYPE, ...more })).toString('base64url');
  expect((await activate(certificate)).body.license).toMatchObject({ id: license.id, activations: 1 });
  await api.call('POST', keyPath);
  expect((await validate(certificate)).body).toMatchObject({ valid: true, license: { id: license.id } });
  const { list } = (await api.call('GET', `/products/${product_id}/revoked`, { key: null })).body;
  const wrong = [
    ...['eyJ', 'eyJ.eyJ.eyJ', list, `${header}.${claims}.`, `${header}.${claims}`, certificate.slice(0, -4)],
    ...[{ kid: 7 }, { kid: '\u0000' }, { kid: 'x' }, { alg: 'none' }, { alg: 'HS256' }].map(
      (more) => `${headerOf(more)}.${claims}.${signature}`,
    ),
    `${header}.${Buffer.from(JSON.stringify({ jti: license.key })).toString('base64url')}.${signature}`,
  ];
  for (const text of wrong) {
    expect((await validate(text)).body).toMatchObject({ code: 'NOT_FOUND', license: null });
    expectRefusal(await activate(text), 404, 'NOT_FOUND');
  }
  await api.call('POST', `/licenses/${license.id}/suspend`);
  expect((await validate(certificate)).body.code).toBe('SUSPENDED');
  await api.call('POST', `${keyPath}/${kid}/retire`);
  expect((await validate(certificate)).body.code).toBe('NOT_FOUND');
  expect((await validate(license.key)).body.code).toBe('SUSPENDED');
});

describe('a signed generator', () => {
  const CHANGES = ['none', 'assign', 'suspend', 'revoke'] as const;
  const FORMAT = { groups: 4, group_length: 5 };
  const EMAIL = 'grace@covenant.test';
  const call = (method: string, path: string, body?: object) => api.call(method, path, body && { body });

  async function addGenerator(more: object = {}): Promise<TestCatalogue> {
    const { product_id } = await addCatalogue(api);
    const { body } = await call('POST', '/generators', { name: 'Signed', product_id, kind: 'signed', format: FORMAT, ...more });
    return { product_id, generator_id: body.id };
  }
  const keyOf = async (id: string): Promise<string> =>
    (await api.sql`SELECT key FROM licenses WHERE id = ${parseLicenseId(id)}`)[0]?.['key'];
  /** What a signed license must be shown by: its certificate, which verifies and holds its key; else its key. */
  async function expectedKey(id: string, product_id: string): Promise<string> {
    const key = await keyOf(id);
    const { status, body } = await read({ id });
    if (status !== 200) return key;
    expect(await verified(body.certificate, product_id)).toMatchObject({ jti: key, sub: id });
    return body.certificate;
  }
  const csvKeys = async (path: string, key = api.keys.operator): Promise<string[]> =>
    (await api.call('GET', path, { key })).text
      .trim()
      .split(/\r?\n/)
      .slice(1)
      .map((line) => line.split(',')[0] as string);
  const keysIn = (licenses: { key: string }[]): string[] => licenses.map(({ key }) => key);

  test('shows each license by its certificate while it has one, in every answer and file, first and repeated', async () => {
    const changes = fc.array(fc.constantFrom(...CHANGES), { minLength: 3, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(changes, async (taken) => {
        const catalogue = await addGenerator({ features: { seats: 5 } });
        const { id: contract_id } = await addContract(api, catalogue);
        const generate = () => call('POST', `/contracts/${contract_id}/generate`, { count: 3, idempotency_key: 'one' });
        const first = await generate();
        expect((await generate()).body).toEqual(first.body);
        const ids: string[] = first.body.licenses.map(({ id }: License) => id);
        const expected = () => Promise.all(ids.map((id) => expectedKey(id, catalogue.product_id)));
        expect(keysIn(first.body.licenses)).toEqual(await expected());
        expect(keysIn(first.body.licenses).every((key) => key.startsWith('eyJ'))).toBe(true);
        for (const [index, change] of taken.entries()) {
          const id = ids[index] as string;
          if (change === 'assign') await call('POST', '/licenses/assign', { ids: [id], customer_email: EMAIL });
          else if (change !== 'none') {
            const changed = await call('POST', `/licenses/${id}/${change}`);
            expect(changed.body.key).toBe(await keyOf(id));
          }
        }
        const now = await expected();
        expect(now.filter((key) => key.startsWith('eyJ'))).toHaveLength(
          taken.filter((change) => change === 'none' || change === 'assign').length,
        );
        expect(keysIn((await generate()).body.licenses)).toEqual(now);
        expect(keysIn((await call('GET', `/licenses?contract_id=${contract_id}&order=asc`)).body.data)).toEqual(now);
        expect(await Promise.all(ids.map(async (id) => (await call('GET', `/licenses/${id}`)).body.key))).toEqual(now);
        for (const file of [
          `/jobs/${first.body.job_id}/licenses.csv`,
          `/contracts/${contract_id}/report.csv`,
          `/licenses.csv?contract_id=${contract_id}`,
        ])
          expect(await csvKeys(file)).toEqual(now);
      }),
      { seed: SEED, numRuns: 3, examples: [[['suspend', 'revoke', 'assign']]] },
    );
  });

  test('an export of several batches has the same licenses in the same order, for its contract too', async () => {
    const catalogue = await addGenerator();
    const { id: contract_id } = await addContract(api, catalogue);
    for (let request = 0; request < 3; request++) await call('POST', `/contracts/${contract_id}/generate`, { count: 99 });
    const stored = await api.sql`
      SELECT l.key FROM licenses l JOIN generation_jobs j ON j.serial = l.id >> 24 WHERE j.contract_id = ${contract_id} ORDER BY l.id`;
    const exported = await csvKeys(`/contracts/${contract_id}/report.csv`);
    expect(exported.map((certificate) => decodeJwt(certificate).jti)).toEqual(stored.map(({ key }) => key));
    const key = await addContractKey(api, contract_id);
    const listed = await api.call('GET', '/licenses?order=asc&limit=5', { key });
    expect(keysIn(listed.body.data)).toEqual(exported.slice(0, 5));
  });

  test('shows licenses of holds, of orders and of no contract by their certificates as soon as a customer has them', async () => {
    const catalogue = await addGenerator();
    const { product_id } = catalogue;
    const { id: contract_id } = await addContract(api, catalogue, { type: 'pool' });
    const made = await call('POST', `/contracts/${contract_id}/generate`, { count: 3 });
    for (const { id, key } of made.body.licenses) expect(key).toBe(await keyOf(id));
    const grab = (body: object) => call('POST', `/contracts/${contract_id}/pool/grab`, { count: 1, ...body });
    const held = (await grab({ order_ref: 'held' })).body;
    expect(held.licenses[0].key).toBe(await keyOf(held.licenses[0].id));
    const assigned = (await call('POST', `/holds/${held.id}/assign`, { customer_email: EMAIL })).body;
    const sold = await grab({ order_ref: 'sold', customer_email: EMAIL });
    expect((await grab({ order_ref: 'sold', customer_email: EMAIL })).body).toEqual(sold.body);
    const direct = await call('POST', '/licenses', { ...catalogue, count: 1 });
    expect((await call('GET', `/holds/${held.id}`)).body.licenses).toEqual(assigned.licenses);
    for (const { id, key } of [...assigned.licenses, ...sold.body.licenses, ...direct.body.licenses]) {
      expect(key).toBe(await expectedKey(id, product_id));
      expect(key).toMatch(/^eyJ/);
    }
  });

  test('viewers see masked keys and no certificate', async () => {
    const catalogue = await addGenerator();
    const { id: contract_id } = await addContract(api, catalogue);
    const { body } = await call('POST', `/contracts/${contract_id}/generate`, { count: 1 });
    const [{ id }] = body.licenses;
    const masked = `…${(await keyOf(id)).slice(-4)}`;
    const view = (path: string) => api.call('GET', path, { key: api.keys.viewer });
    expect((await view(`/licenses/${id}`)).body.key).toBe(masked);
    expect(keysIn((await view(`/licenses?contract_id=${contract_id}`)).body.data)).toEqual([masked]);
    expectRefusal(await view(`/contracts/${contract_id}/report.csv`), 403, 'FORBIDDEN_ROLE');
  });

  test('an edit of its kind is a new revision and changes only new licenses', async () => {
    const catalogue = await addGenerator({ kind: 'plain' });
    const { id: contract_id } = await addContract(api, catalogue);
    const shown: string[] = [];
    for (const [revision, kind] of [['plain'], ['signed'], ['plain']].map(([kind], index) => [index + 1, kind] as const)) {
      const edited = await call('PATCH', `/generators/${catalogue.generator_id}`, { kind });
      expect(edited.body).toMatchObject({ kind, revision });
      const { body } = await call('POST', `/contracts/${contract_id}/generate`, { count: 1 });
      shown.push(...keysIn(body.licenses));
    }
    expect(shown.map((key) => key.startsWith('eyJ'))).toEqual([false, true, false]);
    expect(await csvKeys(`/contracts/${contract_id}/report.csv`)).toEqual(shown);
  });

  test('gives its product a signing key once, and is refused where nothing can be signed', async () => {
    const { product_id, generator_id } = await addGenerator();
    await call('POST', '/generators', { name: 'Second', product_id, kind: 'signed', format: FORMAT });
    expect((await auditOf(api, product_id)).map(({ action }) => action)).toEqual(['signing_key.created']);
    const other = await addGenerator({ kind: 'plain' });
    const { signing } = api.api;
    api.api.signing = undefined;
    try {
      const body = { name: randomUUID(), product_id, kind: 'signed', format: FORMAT };
      expectRefusal(await call('POST', '/generators', body), 409, 'SIGNING_NOT_CONFIGURED');
      expectRefusal(await call('PATCH', `/generators/${other.generator_id}`, { kind: 'signed' }), 409, 'SIGNING_NOT_CONFIGURED');
      expect((await call('PATCH', `/generators/${generator_id}`, { kind: 'plain' })).status).toBe(200);
    } finally {
      api.api.signing = signing;
    }
    expect((await call('GET', `/generators/${other.generator_id}`)).body.kind).toBe('plain');
    expect(await auditOf(api, other.product_id)).toEqual([]);
  });

  test('plain licenses cost no statement for signatures', async () => {
    const { id: contract_id } = await addContract(api, await addCatalogue(api));
    const sent: string[] = [];
    const options = api.api.db.options as Database['options'] & { debug: unknown };
    options.debug = (_: number, text: string) => sent.push(text);
    await call('POST', `/contracts/${contract_id}/generate`, { count: 2 });
    await call('GET', `/licenses?contract_id=${contract_id}`);
    await csvKeys(`/contracts/${contract_id}/report.csv`);
    options.debug = false;
    expect(sent.length).toBeGreaterThan(3);
    expect(sent.filter((text) => /signing_keys|is_signed$/.test(text))).toEqual([]);
  });
});
