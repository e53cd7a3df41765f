/** Licenses over HTTP: lists, searches, and files of any length. */
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { parseLicenseId } from '../../domain/license/license';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';
import { rowsOf, walkPages } from '../harness/walk-pages';

let api: TestApi;
let catalogue: TestCatalogue;

beforeAll(async () => {
  api = await startTestApi();
  catalogue = await addCatalogue(api, { features: { seats: 5 }, activation_limit: 3 });
});

afterAll(() => api.close());

interface Made {
  id: string;
  key: string;
}

async function generate(
  contract_id: string,
  count: number,
  more: Record<string, unknown> = {},
): Promise<{ job_id: string; licenses: Made[] }> {
  const answer = await api.call('POST', `/contracts/${contract_id}/generate`, { body: { count, ...more } });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body as { job_id: string; licenses: Made[] };
}

function list(query: string, key?: string): Promise<ApiAnswer> {
  return api.call('GET', `/licenses?${query}`, key === undefined ? {} : { key });
}

function ids(licenses: Made[]): string[] {
  return licenses.map((license) => license.id);
}

/** Assigns a license to a customer. */
async function assign(license = '', customer_id = ''): Promise<void> {
  const license_id = parseLicenseId(license) ?? '';
  const facts = { license_id, customer_id, assigned_at: new Date().toISOString() };
  await api.sql`INSERT INTO license_facts ${api.sql(facts)} ON CONFLICT (license_id) DO UPDATE SET customer_id = excluded.customer_id`;
}

/** The lines of a file, without its header. */
function linesOf(text: string): string[] {
  return text.trimEnd().split('\n').slice(1);
}

test('a license shows what it grants and its origin', async () => {
  const customer = (await api.call('POST', '/customers', { body: { name: 'Buyer', email: 'buyer@example.com' } })).body;
  const contract = await addContract(api, catalogue, {
    name: 'Spring sale',
    customer_id: customer.id,
    feature_overrides: { tier: 'gold' },
    activation_limit: 'unlimited',
  });
  const { job_id, licenses } = await generate(contract.id, 2);
  const { body } = await api.call('GET', `/licenses/${licenses[1]?.id}`);
  expect(body).toEqual({
    id: licenses[1]?.id,
    key: licenses[1]?.key,
    status: 'available',
    source: 'Contract: Spring sale',
    contract_id: contract.id,
    job_id,
    ordinal: 2,
    environment: 'production',
    is_test: false,
    ...catalogue,
    customer_id: null,
    contract_customer_id: customer.id,
    features: { seats: 5, tier: 'gold' },
    activation_limit: null,
    activations: 0,
    expires_at: null,
    created_at: expect.any(String),
    imported: false,
    originally_created_at: null,
    assigned_at: null,
    held_until: null,
    activated_at: null,
    suspended_at: null,
    revoked_at: null,
    channel: 'ui',
    allowed_actions: { suspend: true, reinstate: true, revoke: true, return: true },
  });
  expect((await list(`contract_customer_id=${customer.id}&order=asc`)).body.data[1]).toEqual(body);
});

test.each(['lic_0', 'lic_1', 'lic_9223372036854775808', 'lic_01', 'lic_', '5', 'lic_1%00'])(
  '%s is not found',
  async (id) => {
    expectRefusal(await api.call('GET', `/licenses/${id}`), 404, 'NOT_FOUND');
  },
);

test('pages show every license of several jobs once, in order, while licenses are generated', async () => {
  const contract = await addContract(api, catalogue);
  const generated: Made[] = [];
  for (const count of [3, 1, 5]) generated.push(...(await generate(contract.id, count)).licenses);
  const path = `/licenses?contract_id=${contract.id}&limit=2`;
  expect(await walkPages(api, `${path}&order=asc`)).toEqual(ids(generated));
  const more = async (): Promise<void> => void (await generate(contract.id, 2));
  expect(await walkPages(api, path, 'id', more)).toEqual(ids(generated).reverse());
});

test('lists filter by contract, job and test licenses', async () => {
  const draft = await addContract(api, catalogue, { status: 'inactive' });
  const other = await addContract(api, catalogue);
  const tests = await generate(draft.id, 2, { test: true });
  const real = await generate(other.id, 2);
  expect(await walkPages(api, `/licenses?job_id=${tests.job_id}&order=asc`)).toEqual(ids(tests.licenses));
  expect(await walkPages(api, `/licenses?contract_id=${draft.id}&is_test=false`)).toEqual([]);
  expect(await walkPages(api, `/licenses?contract_id=${other.id}&is_test=false&order=asc`)).toEqual(ids(real.licenses));
  expect(
    rowsOf<{ is_test: boolean }>(await list(`contract_id=${draft.id}&is_test=true`)).map((row) => row.is_test),
  ).toEqual([true, true]);
});

test('a license is expired from the exact instant in expires_at on', async () => {
  const contract = await addContract(api, catalogue, { expiry: { duration: 'P1D' } });
  const { job_id, licenses } = await generate(contract.id, 1);
  const id = licenses[0]?.id;
  const expires_at = (await api.call('GET', `/licenses/${id}`)).body.expires_at;
  const statusAt = async (now: string): Promise<string[]> => {
    api.api.clock = () => Promise.resolve(now);
    const status = String((await api.call('GET', `/licenses/${id}`)).body.status);
    return [
      status,
      ...(await walkPages(api, `/licenses?job_id=${job_id}&status=expired`)),
      ...(await walkPages(api, `/licenses?job_id=${job_id}&status=available`, 'status')),
    ];
  };
  const clock = api.api.clock;
  try {
    expect(await statusAt(new Date(Date.parse(expires_at) - 1).toISOString())).toEqual(['available', 'available']);
    expect(await statusAt(expires_at)).toEqual(['expired', id]);
  } finally {
    api.api.clock = clock;
  }
});

test('a list shows only its environment, and production is the default', async () => {
  const contract = await addContract(api, await addCatalogue(api, { environment: 'staging' }));
  const { licenses } = await generate(contract.id, 1);
  const search = `search=${licenses[0]?.key}`;
  expect(await walkPages(api, `/licenses?${search}`)).toEqual([]);
  expect(await walkPages(api, `/licenses?${search}&environment=staging`)).toEqual(ids(licenses));
  expect(await walkPages(api, `/licenses?contract_id=${contract.id}`)).toEqual(ids(licenses));
  expect(await walkPages(api, `/licenses?contract_id=${contract.id}&environment=production`)).toEqual([]);
});

describe('searching', () => {
  test('finds a complete key, a complete id and the beginning of keys, in exact letter case', async () => {
    const contract = await addContract(api, catalogue);
    const { licenses } = await generate(contract.id, 3);
    const [one] = licenses as [Made];
    for (const search of [one.key, one.id, ` ${one.key} `, one.key.slice(0, 15)]) {
      expect(await walkPages(api, `/licenses?search=${encodeURIComponent(search)}`)).toEqual([one.id]);
    }
    expect(await walkPages(api, `/licenses?contract_id=${contract.id}&search=TEST-&order=asc&limit=2`)).toEqual(
      ids(licenses),
    );
    for (const search of [
      one.key.toLowerCase(),
      one.key.slice(1),
      one.key.slice(0, 2),
      `${one.key}x`,
      '%',
      'TEST_',
      'lic_99999999999999999999',
    ]) {
      expect(await walkPages(api, `/licenses?contract_id=${contract.id}&search=${encodeURIComponent(search)}`)).toEqual(
        [],
      );
    }
  });

  test('finds the same licenses for a rare beginning and for one of more keys than are read at once', async () => {
    const contract = await addContract(api, catalogue);
    const { licenses, job_id } = await generate(contract.id, 4);
    const [{ serial } = { serial: '' }] = await api.sql<
      { serial: string }[]
    >`SELECT serial FROM generation_jobs WHERE id = ${job_id}`;
    await insertFinishedJob(contract.id, 'CROWD-', 1_200);
    await api.sql`UPDATE licenses SET key = 'CROWD-Z' || id WHERE id >> 24 = ${serial}`;
    expect(await walkPages(api, `/licenses?job_id=${job_id}&search=CROWD-&order=asc&limit=3`)).toEqual(ids(licenses));
    expect(await walkPages(api, `/licenses?job_id=${job_id}&search=CROWD-Z&limit=3`)).toEqual(ids(licenses).reverse());
    expect(await walkPages(api, `/licenses?contract_id=${contract.id}&search=CROWD-&limit=100`)).toHaveLength(1_204);
  });

  test('uses the index of keys', async () => {
    const plan = await api.sql.begin(async (tx) => {
      await tx`SET LOCAL enable_seqscan = off`;
      return tx`EXPLAIN SELECT id FROM licenses WHERE key >= ${'TEST-AB'} AND key < ${'TEST-AB\u{10ffff}'}`;
    });
    expect(JSON.stringify(plan)).toContain('license_key_unique');
  });
});

describe('filters by product, date and device', () => {
  test('select licenses in lists and files, from an instant on and before another', async () => {
    const contract = await addContract(api, catalogue);
    const { licenses } = await generate(contract.id, 2);
    const { created_at } = (await api.call('GET', `/licenses/${licenses[0]?.id}`)).body;
    const buyer = { name: 'Filtered', email: 'filtered@example.com' };
    await assign(licenses[1]?.id, (await api.call('POST', '/customers', { body: buyer })).body.id);
    const { key } = licenses[0] as Made;
    expect((await api.call('POST', '/licenses/activate', { body: { key, device_id: 'd' } })).status).toBe(200);
    const { activated_at } = (await api.call('GET', `/licenses/${licenses[0]?.id}`)).body;
    const [first, second] = ids(licenses);
    const expected: Record<string, (string | undefined)[]> = {
      [`created_from=${created_at}`]: [first, second],
      [`created_to=${created_at}`]: [],
      'assigned_from=2026-01-01T00:00:00Z&assigned_to=2999-01-01T00:00:00Z': [second],
      [`activated_from=${activated_at}`]: [first],
      [`activated_to=${activated_at}`]: [],
      'expires_to=2999-01-01T00:00:00Z': [],
      'status=active,assigned': [first, second],
      'status=active&status=held': [first],
      'has_devices=true': [first],
      'has_devices=false': [second],
      [`product_id=${catalogue.product_id}`]: [first, second],
      [`product_id=${contract.id}`]: [],
    };
    for (const [filter, found] of Object.entries(expected)) {
      const query = `contract_id=${contract.id}&${filter}`;
      expect([filter, await walkPages(api, `/licenses?order=asc&${query}`)]).toEqual([filter, found]);
      expect([filter, linesOf((await api.call('GET', `/licenses.csv?${query}`)).text).filter(Boolean)]).toEqual([
        filter,
        found.map((id) => expect.stringContaining(`,${id},`)),
      ]);
    }
  });

  test('are refused for all licenses of the installation, except that by devices', async () => {
    const instant = '2026-01-01T00:00:00Z';
    const dates = ['created', 'assigned', 'activated', 'expires'].flatMap((date) => [`${date}_from`, `${date}_to`]);
    for (const query of [`product_id=${catalogue.product_id}`, ...dates.map((name) => `${name}=${instant}`)]) {
      for (const path of [`/licenses?${query}`, `/licenses?${query}&source=Contract`, `/licenses.csv?${query}&status=active`]) {
        const refused = await api.call('GET', path);
        expectRefusal(refused, 422, 'FILTER_TOO_BROAD');
        expect(refused.body.metadata.filter).toBe(query.split('=')[0]);
      }
      expect((await list(`${query}&source=Manual`)).status).toBe(200);
    }
    expect((await list('has_devices=true')).status).toBe(200);
  });
});

describe('viewers', () => {
  test('see masked keys, and find licenses by id only', async () => {
    const contract = await addContract(api, catalogue);
    const [one] = (await generate(contract.id, 1)).licenses as [Made];
    const key = api.keys.viewer;
    const masked = `…${one.key.slice(-4)}`;
    expect((await api.call('GET', `/licenses/${one.id}`, { key })).body.key).toBe(masked);
    const found = await list(`search=${one.id}`, key);
    expect(rowsOf<Made>(found).map((row) => row.key)).toEqual([masked]);
    expect(found.text).not.toContain(one.key);
    for (const search of [one.key, 'TEST-']) expectRefusal(await list(`search=${search}`, key), 403, 'FORBIDDEN_ROLE');
  });

  test('cannot export files', async () => {
    const contract = await addContract(api, catalogue);
    const { job_id } = await generate(contract.id, 1);
    for (const path of ['/licenses.csv', `/jobs/${job_id}/licenses.csv`, `/contracts/${contract.id}/report.csv`]) {
      expectRefusal(await api.call('GET', path, { key: api.keys.viewer }), 403, 'FORBIDDEN_ROLE');
      expect((await api.call('GET', path, { key: api.keys.operator })).status).toBe(200);
    }
  });
});

describe('after the contract is deleted', () => {
  test('its licenses, their source and its report can still be read', async () => {
    const contract = await addContract(api, catalogue, { name: 'Deleted, still shown', status: 'inactive' });
    const { licenses } = await generate(contract.id, 1, { test: true });
    expect(
      (await api.call('DELETE', `/contracts/${contract.id}`, { body: { confirm_name: 'Deleted, still shown' } })).status,
    ).toBe(204);
    const source = 'Contract: Deleted, still shown';
    expect((await api.call('GET', `/licenses/${licenses[0]?.id}`)).body.source).toBe(source);
    expect(await walkPages(api, `/licenses?source=${encodeURIComponent(source)}`)).toEqual(ids(licenses));
    for (const other of ['Manual', 'Contract: Deleted', 'Deleted, still shown'])
      expect(await walkPages(api, `/licenses?source=${encodeURIComponent(other)}`)).toEqual([]);
    expect((await api.call('GET', `/contracts/${contract.id}/report.csv`)).status).toBe(200);
  });
});

describe('files', () => {
  test("the report of a contract has one line for each license, in order of generation, without test licenses", async () => {
    const customer = (
      await api.call('POST', '/customers', { body: { name: 'Reported', email: 'reported@example.com' } })
    ).body;
    const contract = await addContract(api, catalogue, {
      name: 'Report "Q1", all',
      customer_id: customer.id,
      status: 'inactive',
    });
    await generate(contract.id, 1, { test: true });
    await api.sql`UPDATE contracts SET activated_at = now(), start_date = current_date, state = 'ACTIVE', may_generate = true WHERE id = ${contract.id}`;
    const { job_id, licenses } = await generate(contract.id, 3);
    await assign(licenses[1]?.id, customer.id);
    const { assigned_at } = (await api.call('GET', `/licenses/${licenses[1]?.id}`)).body;
    const answer = await api.call('GET', `/contracts/${contract.id}/report.csv`);
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="report-${contract.id}.csv"`);
    expect(answer.text.split('\n')[0]).toBe(
      'key,status,customer,activations,created_at,features,expires_at,job,source,assigned_at,activated_at,suspended_at,revoked_at',
    );
    const { created_at } = (await api.call('GET', `/licenses/${licenses[0]?.id}`)).body;
    expect(linesOf(answer.text)).toEqual(
      licenses.map(({ key }, index) => {
        const state = index === 1 ? 'assigned,reported@example.com' : 'available,';
        return `${key},${state},0,${created_at},"{""seats"":5}",,${job_id},"Contract: Report ""Q1"", all",${index === 1 ? assigned_at : ''},,,`;
      }),
    );
  });

  test('a file begins with a byte order mark if the client asks for it', async () => {
    const contract = await addContract(api, catalogue);
    const { job_id } = await generate(contract.id, 1);
    const files = [`/contracts/${contract.id}/report.csv?`, `/jobs/${job_id}/licenses.csv?`, '/licenses.csv?', '/jobs.csv?'];
    for (const path of files) {
      const [plain, marked] = [await api.call('GET', path), await api.call('GET', `${path}bom=true`)];
      expect([path, marked.text]).toEqual([path, `\ufeff${plain.text}`]);
    }
    expectRefusal(await api.call('GET', `/contracts/${contract.id}/report.csv?bom=yes`), 422, 'VALIDATION_FAILED');
  });

  test('a file of any number of batches has every license once and in order', async () => {
    const contract = await addContract(api, catalogue);
    await insertFinishedJob(contract.id, 'MANY-', 4_500);
    const [job] = await api.sql<{ id: string }[]>`SELECT id FROM generation_jobs WHERE contract_id = ${contract.id}`;
    for (const path of [
      `/jobs/${job?.id}/licenses.csv`,
      `/licenses.csv?contract_id=${contract.id}`,
      `/licenses.csv?search=MANY-`,
    ]) {
      const keys = linesOf((await api.call('GET', path)).text).map((line) => line.split(',')[0]);
      expect(keys).toEqual(Array.from({ length: 4_500 }, (_, i) => `MANY-${i + 1}`));
    }
  });

  test('a cell that a spreadsheet would execute as a formula is escaped', async () => {
    const emails = ['=cmd@example.com', '+1@example.com', '-1@example.com'];
    const contract = await addContract(api, catalogue);
    const { licenses } = await generate(contract.id, 1);
    for (const email of emails) {
      const now = new Date().toISOString();
      const [row] = await api.sql<
        { id: string }[]
      >`INSERT INTO customers ${api.sql({ email, name: 'x', created_at: now, updated_at: now })} RETURNING id`;
      await assign(licenses[0]?.id, row?.id);
      const [line] = linesOf((await api.call('GET', `/contracts/${contract.id}/report.csv`)).text);
      expect(line?.split(',')[2]).toBe(`'${email}`);
    }
  });

  test('a file without licenses has only the header, and a file of an unknown resource is not found', async () => {
    const contract = await addContract(api, catalogue);
    expect((await api.call('GET', `/contracts/${contract.id}/report.csv`)).text).toBe(
      'key,status,customer,activations,created_at,features,expires_at,job,source,assigned_at,activated_at,suspended_at,revoked_at\n',
    );
    const unknown = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';
    expectRefusal(await api.call('GET', `/contracts/${unknown}/report.csv`), 404, 'NOT_FOUND');
    expectRefusal(await api.call('GET', `/jobs/${unknown}/licenses.csv`), 404, 'NOT_FOUND');
    expectRefusal(await api.call('GET', '/licenses.csv?status=lost'), 422, 'VALIDATION_FAILED');
  });
});

/** Inserts a finished job with `count` licenses directly into the database. */
async function insertFinishedJob(contract_id: string, prefix: string, count: number): Promise<void> {
  await generate(contract_id, 1);
  await api.sql.begin(async (tx) => {
    const [job] = await tx<
      { id: string; serial: string }[]
    >`SELECT id, serial FROM generation_jobs WHERE contract_id = ${contract_id} ORDER BY serial DESC LIMIT 1`;
    const { id, serial } = job as { id: string; serial: string };
    await tx`DELETE FROM licenses WHERE id >> 24 = ${serial}`;
    await tx`UPDATE generation_jobs SET requested = ${count}, chunk_size = ${count} WHERE id = ${id}`;
    await tx`UPDATE generation_chunks SET licenses = ${count} WHERE job_id = ${id}`;
    await tx`INSERT INTO licenses SELECT (${serial}::bigint << 24) + n, ${prefix}::text || n FROM generate_series(1, ${count}::int) n`;
  });
}
