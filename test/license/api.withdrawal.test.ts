/** The signed list of withdrawn licenses: complete for a program that follows it, bounded, and without keys. */
import { createLocalJWKSet, jwtVerify } from 'jose';
import type { Database } from '../../db/base/database';
import { createFailureCounter } from '../../transactions/access/count-failures';
import { createWithdrawalReadLimit } from '../../api/license/withdrawal-limit';
import { recordWithdrawals } from '../../db/license/withdrawn';
import { WITHDRAWALS_MAX, WITHDRAWALS_TYPE } from '../../domain/license/withdrawal';
import { parseLicenseId } from '../../domain/license/license';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { waitUntilBlocked } from '../harness/blocked-statement';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';

let api: TestApi;
let catalogue: TestCatalogue;
let licenses: { id: string; key: string }[];

beforeAll(async () => {
  api = await startTestApi();
});
beforeEach(async () => {
  catalogue = await addCatalogue(api);
  await api.call('POST', `/products/${catalogue.product_id}/signing-keys`);
  const { id } = await addContract(api, catalogue);
  licenses = (await api.call('POST', `/contracts/${id}/generate`, { body: { count: 4 } })).body.licenses;
});
afterAll(() => api.close());

const read = (since?: string): Promise<ApiAnswer> =>
  api.call('GET', `/products/${catalogue.product_id}/revoked${since === undefined ? '' : `?since=${since}`}`, { key: null });

/** The claims of a list, verified with the public keys, and where the next one begins. */
async function listed(since?: string): Promise<{ licenses: Record<string, string>; until: string; more: boolean }> {
  const { body } = await read(since);
  const keys = (await api.call('GET', `/products/${catalogue.product_id}/jwks.json`, { key: null })).body;
  const { payload } = await jwtVerify(body.list, createLocalJWKSet(keys), {
    algorithms: ['EdDSA'],
    audience: catalogue.product_id,
    typ: WITHDRAWALS_TYPE,
  });
  expect(payload).toMatchObject({ since: since ?? '0', until: body.until, more: body.more });
  return { licenses: payload['licenses'] as Record<string, string>, until: body.until, more: body.more };
}

test('a program that follows the list learns the latest status of each license, changed alone or with others, and no key', async () => {
  const [one, two, three, other] = licenses.map(({ id }) => id) as [string, string, string, string];
  expect(await listed()).toEqual({ licenses: {}, until: '0', more: false });
  await api.call('POST', `/licenses/${one}/revoke`);
  await api.call('POST', '/licenses/suspend', { body: { ids: [two, three] } });
  const first = await listed();
  expect(first.licenses).toEqual({ [one]: 'revoked', [two]: 'suspended', [three]: 'suspended' });
  await api.call('POST', `/licenses/${two}/reinstate`);
  await api.call('POST', '/licenses/revoke', { body: { ids: [three] } });
  const second = await listed(first.until);
  expect(second.licenses).toEqual({ [two]: 'reinstated', [three]: 'revoked' });
  expect(await listed(second.until)).toEqual({ licenses: {}, until: second.until, more: false });
  const all = await listed();
  expect(all.licenses).toEqual({ [one]: 'revoked', [two]: 'reinstated', [three]: 'revoked' });
  expect(all.licenses).not.toHaveProperty(other);
  const claims = Buffer.from((await read()).body.list.split('.')[1], 'base64url').toString();
  for (const { key } of licenses) expect(claims).not.toContain(key);
});

test('a change that is not committed yet delays later ones of the product, so a reader never skips it', async () => {
  const [one, two] = licenses.map(({ id }) => id) as [string, string];
  let later: Promise<ApiAnswer> | undefined;
  let seen = '';
  await api.sql.begin(async (tx) => {
    const id = parseLicenseId(one) as string;
    await tx`INSERT INTO license_facts (license_id, revoked_at) VALUES (${id}, now())`;
    await recordWithdrawals(tx as never, [id]);
    later = api.call('POST', `/licenses/${two}/revoke`);
    await waitUntilBlocked(api.sql);
    const early = await listed();
    expect(early.licenses).toEqual({});
    seen = early.until;
  });
  expect((await later)?.status).toBe(200);
  expect((await listed(seen)).licenses).toEqual({ [one]: 'revoked', [two]: 'revoked' });
});

test('a part has a limited number of licenses, is read by an index, and the parts together have each license once', async () => {
  const { product_id } = catalogue;
  const count = 2 * WITHDRAWALS_MAX + 1;
  await api.sql`
    INSERT INTO withdrawn_licenses (license_id, product_id, sequence, status)
    SELECT 900000000000 + n, ${product_id}, n, 'revoked' FROM generate_series(1, ${count}) n
    UNION ALL SELECT 950000000000 + n, uuidv7(), n, 'revoked' FROM generate_series(1, 20000) n`;
  await api.sql`ANALYZE withdrawn_licenses`;
  const sent: [string, unknown[]][] = [];
  const options = api.api.db.options as Database['options'] & { debug: unknown };
  options.debug = (_: number, text: string, parameters: unknown[]) => sent.push([text, parameters]);
  const sizes: number[] = [];
  const seen = new Set<string>();
  let since: string | undefined;
  for (let more = true; more; ) {
    const part = await listed(since);
    for (const id of Object.keys(part.licenses)) seen.add(id);
    sizes.push(Object.keys(part.licenses).length);
    ({ until: since, more } = part);
  }
  options.debug = false;
  expect([sizes, seen.size]).toEqual([[WITHDRAWALS_MAX, WITHDRAWALS_MAX, 1], count]);
  const [text, parameters] = sent.find(([statement]) => statement.includes('FROM withdrawn_licenses')) as [string, unknown[]];
  const plan = JSON.stringify(await api.sql.unsafe(`EXPLAIN ${text}`, parameters as never));
  expect(plan).toContain('Index Scan using withdrawn_licenses_sequence');
  expect(plan).not.toMatch(/Seq Scan|Sort/);
});

test('an address that reads too often waits, and a product that never signed has no list', async () => {
  const { withdrawalReads } = api.api;
  api.api.withdrawalReads = createWithdrawalReadLimit(createFailureCounter(api.api.db), api.api.log, 2);
  // The other tests of this minute have read from the same address.
  await api.sql`DELETE FROM failed_authentications`;
  try {
    const answers: ApiAnswer[] = [];
    // A new minute may begin after the second read.
    while (answers.length < 6 && answers.at(-1)?.status !== 429) answers.push(await read());
    expect(answers.slice(0, 2).map(({ status }) => status)).toEqual([200, 200]);
    const refused = answers.at(-1) as ApiAnswer;
    expectRefusal(refused, 429, 'TOO_MANY_LIST_READS');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  } finally {
    api.api.withdrawalReads = withdrawalReads;
  }
  catalogue = await addCatalogue(api);
  expectRefusal(await read(), 409, 'SIGNING_KEY_MISSING');
  for (const since of ['-1', 'x', '1'.repeat(19)]) expectRefusal(await read(since), 422, 'VALIDATION_FAILED');
});
