/**
 * Lists page by page: every row once, with any names, sort order and page size. Searches find a text in every Unicode normal form.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { CONTRACT_SORTS } from '../../db/contract/contract';
import { insertOutcomes } from '../../db/license/license-outcome';
import { ROUTES } from '../../api/routes';
import { signStandard } from '../../demo/fake-billing';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { buildAssignment } from '../harness/license-operations';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { codePoint } from '../harness/code-point';
import { expectRefusal, wrongFieldsOf } from '../harness/expect-refusal';
import { buildNotification, buildRecipient } from '../harness/notifications';
import { rowsOf, walkPages } from '../harness/walk-pages';
import { buildDelivery, buildEndpoint } from '../harness/webhook-rows';

const UNKNOWN_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';
const SEED = 20_261_126;
const ORDERS = ['asc', 'desc'] as const;

/** Names whose lower case, length or normalization differs between JavaScript, Unicode and Postgres. */
const HARD_NAMES = [
  'ΑΦΟΙ ΝΙΚΟΣ',
  'ΑΦΟΙ ΠΑΠΠΑΣ',
  'İzmir',
  'ızmır',
  'Straße',
  'STRASSE',
  'ﬃ',
  'caf\u00e9',
  'cafe\u0301',
  '\u212b',
  '\u03aa\u0301',
  '"quoted\\"',
  '100 %_',
];

/** The longest names: characters of four bytes, characters that case folding expands most, characters that JSON escapes. */
const LONGEST_NAMES = ['😀', '😁', '\u{1d160}', '\u0390', 'ﬃ', '"', '\\'].map((character) => character.repeat(200));

const anyName = fc.oneof(
  fc.constantFrom(...HARD_NAMES),
  fc
    .oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.string({ unit: codePoint, maxLength: 12 }))
    // eslint-disable-next-line no-control-regex -- exactly these are refused in names
    .map((text) => `${text.replace(/[\u0000-\u001f\u007f]/g, '')}·`.trim()),
);

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

/** Creates contracts with these names, of a new product. */
async function addContractsNamed(names: string[]): Promise<{ catalogue: TestCatalogue; ids: string[] }> {
  const catalogue = await addCatalogue(api, { environment: 'staging' });
  const ids: string[] = [];
  for (const [index, name] of names.entries()) {
    const more = { name, status: 'inactive', type: index % 2 ? 'pool' : 'reseller' };
    ids.push((await addContract(api, catalogue, more)).id);
  }
  return { catalogue, ids };
}

/** Sends a billing event for a contract that does not exist. */
async function sendBillingEvent(id: string): Promise<void> {
  const event = { id, type: 'invoice.open', occurred_at: '2026-11-01T00:00:00Z', contract_id: UNKNOWN_ID };
  const body = JSON.stringify({ ...event, invoice: { id: 'in_1', due_date: '2026-12-31' } });
  const headers = signStandard(body, api.billing.billingStandardSecrets?.[0] ?? '');
  expect((await api.call('POST', '/billing/standard/events', { body, headers })).status).toBe(202);
}

function uniqueText(): string {
  return randomBytes(4).toString('hex');
}

test('every contract appears once, with any names, in every sort and direction, and in pages of any size', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyName, { minLength: 1, maxLength: 6 }), fc.nat(), async (names, size) => {
      const { catalogue, ids } = await addContractsNamed(names);
      const limit = 1 + (size % names.length);
      for (const sort of CONTRACT_SORTS) {
        const list = `/contracts?environment=staging&product_id=${catalogue.product_id}&sort=${sort}&limit=${limit}`;
        const [ascending, descending] = [
          await walkPages(api, `${list}&order=asc`),
          await walkPages(api, `${list}&order=desc`),
        ];
        expect([...ascending].sort()).toEqual([...ids].sort());
        expect([...descending].reverse()).toEqual(ascending);
      }
    }),
    { seed: SEED, numRuns: 10, examples: [[HARD_NAMES, 0]] },
  );
});

test('every issued cursor is accepted, also for the longest name', async () => {
  const { catalogue, ids } = await addContractsNamed(LONGEST_NAMES);
  for (const order of ORDERS) {
    const list = `/contracts?environment=staging&product_id=${catalogue.product_id}&sort=name&order=${order}&limit=1`;
    expect((await walkPages(api, list)).sort()).toEqual([...ids].sort());
  }
});

describe('rows created in the same millisecond', () => {
  const mark = uniqueText();

  async function add(path: string, body: (number: number) => Record<string, unknown>): Promise<string[]> {
    const ids: string[] = [];
    for (let number = 0; number < 4; number++) ids.push((await api.call('POST', path, { body: body(number) })).body.id);
    return ids;
  }

  /** Each noun, with the way to create rows and a list that contains only these. */
  const NOUNS: [table: string, create: (catalogue: TestCatalogue) => Promise<{ ids: string[]; list: string }>][] = [
    [
      'products',
      async () => ({
        ids: await add('/products', (n) => ({ name: mark, code: `${mark}-${n}` })),
        list: `/products?search=${mark}`,
      }),
    ],
    [
      'generators',
      async ({ product_id }) => ({
        ids: await add('/generators', () => ({ name: mark, product_id, format: { groups: 4, group_length: 5 } })),
        list: `/generators?search=${mark}&environment=staging`,
      }),
    ],
    [
      'customers',
      async () => ({
        ids: await add('/customers', (n) => ({ name: mark, email: `${mark}-${n}@covenant.test` })),
        list: `/customers?search=${mark}`,
      }),
    ],
    [
      'admins',
      async () => ({
        ids: await add('/admins', (n) => ({ name: mark, email: `${mark}-${n}@covenant.test`, role: 'viewer' })),
        list: `/admins?search=${mark}`,
      }),
    ],
    [
      'contracts',
      async () => {
        const { ids, catalogue } = await addContractsNamed(['a', 'b', 'c', 'd']);
        return { ids, list: `/contracts?environment=staging&product_id=${catalogue.product_id}` };
      },
    ],
  ];

  test.each(NOUNS)('%s that differ by microseconds each appear once', async (table, create) => {
    const { ids, list } = await create(await addCatalogue(api, { environment: 'staging' }));
    // Later ids get earlier microseconds, so that the id cannot compensate for a rounded instant.
    for (const [index, id] of ids.entries())
      await api.sql`UPDATE ${api.sql(table)} SET created_at = timestamptz '2026-11-01T00:00:00.000500Z' - ${`${index} microseconds`}::interval WHERE id = ${id}`;
    for (const limit of [1, 2, 3]) {
      expect(await walkPages(api, `${list}&limit=${limit}&order=asc`)).toEqual([...ids].reverse());
      expect(await walkPages(api, `${list}&limit=${limit}&order=desc`)).toEqual(ids);
    }
  });
});

describe('a cursor that the list did not issue', () => {
  /** Every list with more than one row, by its route. */
  let lists: Map<string, string>;
  let cursors: Map<string, string>;

  beforeAll(async () => {
    const catalogue = await addCatalogue(api, { environment: 'staging' });
    await addCatalogue(api, { environment: 'staging' });
    const contract = await addContract(api, catalogue);
    await addContract(api, catalogue);
    for (let count = 0; count < 2; count++) {
      await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 1 } });
      // Amendments need a worker, which this API does not have.
      await api.sql`
        INSERT INTO contract_amendments ${api.sql({ id: randomUUID(), contract_id: contract.id, effective_date: '2099-01-01', changes: api.sql.json({ quota_add: 1 }), status: 'pending', created_at: new Date().toISOString(), created_by: 'test' })}`;
      await api.call('PATCH', `/contracts/${contract.id}`, { body: { quota: 2000 + count } });
      await api.call('POST', '/test-clocks', { body: { now: '2027-01-01T00:00:00Z' } });
      await api.call('POST', `/products/${catalogue.product_id}/signing-keys`);
      await api.call('POST', '/customers', { body: { name: 'C', email: `${uniqueText()}@covenant.test` } });
      const body = { label: null };
      await api.call('POST', `/admins/${api.admins.viewer.id}/api-keys`, { body });
      await api.call('POST', '/session', { key: null, body: { api_key: api.keys.viewer } });
      await sendBillingEvent(`event ${count}`);
      await buildDelivery(api.sql, { endpoint_id: await buildEndpoint(api.sql) });
      await buildNotification(api.sql, { recipient_id: await buildRecipient(api.sql) });
      await api.sql`
        INSERT INTO refused_attempts (contract_id, minute, code, attempts, licenses, last_actor_id)
        VALUES (${contract.id}, date_trunc('minute', now()) - make_interval(hours => ${count}), 'QUOTA_EXCEEDED', 1, 1, 'test')`;
      await api.sql`
        INSERT INTO refused_calls (contract_id, minute, code, calls)
        VALUES (${contract.id}, date_trunc('minute', now()) - make_interval(hours => ${count}), 'QUOTA_EXCEEDED', 1)`;
    }
    const { body: generated } = await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 1 } });
    const [{ id: license, key }] = generated.licenses;
    let operation = '';
    for (const device_id of ['one', 'two']) {
      await api.call('POST', '/licenses/activate', { body: { key, device_id } });
      operation = await buildAssignment(api.sql, { ids: ['1'] });
    }
    const not_done = { unknown_id: null, outcome: 'conflict', reason: null, other_customer_id: null } as const;
    await insertOutcomes(api.sql, operation, [
      { id: '1', ...not_done },
      { id: '2', ...not_done },
    ]);
    for (const order_ref of ['one', 'two'])
      await api.sql`
        INSERT INTO pool_holds (id, contract_id, environment, order_ref, license_ids, state, held_until, created_at, fingerprint)
        VALUES (${randomUUID()}, ${contract.id}, 'staging', ${order_ref}, '{}', 'held', '2999-01-01', now(), 'f')`;
    for (const key of ['IMPORTED-1', 'IMPORTED-2'])
      await api.call('POST', `/contracts/${contract.id}/licenses/import`, {
        body: `key\n${key}`,
        headers: { 'Content-Type': 'text/csv' },
      });
    let schedule = '';
    for (const run_date of ['2027-01-01', '2027-02-01']) {
      const { body } = await api.call('POST', `/contracts/${contract.id}/schedules`, {
        body: { count: 1, every: 'P1M', from: run_date },
      });
      schedule ||= body.id;
      await api.call('POST', `/contracts/${contract.id}/report-schedules`, {
        body: { frequency: run_date === '2027-01-01' ? 'weekly' : 'monthly' },
      });
      const run = {
        schedule_id: schedule,
        run_date,
        contract_id: contract.id,
        due_at: run_date,
        executed_at: run_date,
      };
      await api.sql`INSERT INTO schedule_runs ${api.sql({ ...run, outcome: 'skipped', code: 'MISSED', requested: 1, licenses: 0, contract_state: 'ACTIVE' })}`;
    }
    for (const opened_at of ['2027-01-01', '2027-02-01']) {
      const times = {
        opened_at,
        closed_at: opened_at,
        last_refused_at: opened_at,
        noticed_at: opened_at,
        remind_at: opened_at,
      };
      const counts = {
        limit_value: 1,
        used: 1,
        demand: 2,
        largest_request: 1,
        notices: 1,
        noticed_demand: 2,
        reminders: 0,
      };
      const episode = { contract_id: contract.id, limit_name: 'quota', close_reason: 'quiet', ...times, ...counts };
      await api.sql`INSERT INTO limit_episodes ${api.sql(episode)}`;
    }
    await api.sql`
      INSERT INTO mail_recipients (address, created_at, updated_at)
      SELECT 'paged-' || n || '@covenant.test', now(), now() FROM generate_series(1, 7) AS n`;
    const contract_path = `/contracts/${contract.id}`;
    lists = new Map([
      ['/products', '/products?environment=staging'],
      ['/products/:id/signing-keys', `/products/${catalogue.product_id}/signing-keys?`],
      ['/generators', '/generators?environment=staging'],
      ['/customers', '/customers?order=asc'],
      ['/admins', '/admins?order=asc'],
      ['/sessions', '/sessions?'],
      ['/admins/:id/api-keys', `/admins/${api.admins.viewer.id}/api-keys?`],
      ...CONTRACT_SORTS.map((sort): [string, string] => [
        `/contracts by ${sort}`,
        `/contracts?environment=staging&sort=${sort}`,
      ]),
      ['/contracts/:id/activity', `${contract_path}/activity?`],
      ['/contracts/:id/holds', `${contract_path}/holds?`],
      ['/contracts/:id/events', `${contract_path}/events?`],
      ['/contracts/:id/events by number', `${contract_path}/events?after=0`],
      ['/contracts/:id/refusals', `${contract_path}/refusals?`],
      ['/api-calls', `/api-calls?contract_id=${contract.id}`],
      ['/contracts/:id/revisions', `${contract_path}/revisions?`],
      ['/contracts/:id/revisions oldest first', `${contract_path}/revisions?order=asc`],
      ['/contracts/:id/amendments', `${contract_path}/amendments?`],
      ['/contracts/:id/licenses/import', `${contract_path}/licenses/import?`],
      ['/contracts/:id/limit-episodes', `${contract_path}/limit-episodes?`],
      ['/contracts/:id/report-schedules', `${contract_path}/report-schedules?`],
      ['/contracts/:id/schedules', `${contract_path}/schedules?`],
      ['/contracts/:id/schedules/:schedule_id/runs', `${contract_path}/schedules/${schedule}/runs?`],
      ['/activity', '/activity?environment=staging'],
      ['/jobs', '/jobs?environment=staging'],
      ['/licenses', '/licenses?environment=staging'],
      ['/billing/events', '/billing/events?'],
      ['/notification-recipients', '/notification-recipients?'],
      ['/deliveries', '/deliveries?'],
      ['/notifications', '/notifications?'],
      ['/webhook-endpoints', '/webhook-endpoints?'],
      ['/test-clocks', '/test-clocks?'],
      ['/license-operations', '/license-operations?'],
      ['/license-operations/:id/outcomes', `/license-operations/${operation}/outcomes?`],
      ['/assignments', '/assignments?'],
      ['/licenses/:id/devices', `/licenses/${license}/devices?`],
    ]);
    cursors = new Map();
    for (const [name, list] of lists) {
      const { body } = await api.call('GET', `${list}&limit=1`);
      cursors.set(name, body.next_cursor);
    }
  });

  test('every list of the API is tested', () => {
    const paged = ROUTES.filter(({ query }) => query && 'cursor' in query.shape).map(({ path }) =>
      path.replace('/api/v1', ''),
    );
    expect(new Set([...lists.keys()].map((name) => name.split(' ')[0]))).toEqual(new Set(paged));
    expect([...cursors].filter(([, cursor]) => typeof cursor !== 'string')).toEqual([]);
  });

  test('is refused with 422 by every list, also the cursor of another list or sort', async () => {
    const invalid_cursors = [
      '',
      'abc',
      '%00',
      Buffer.from('{}').toString('base64url'),
      Buffer.from('[["a"]]').toString('base64url'),
    ];
    const names = [...lists.keys()];
    for (const [index, name] of names.entries()) {
      const read = (cursor: string | undefined) => api.call('GET', `${lists.get(name)}&limit=1&cursor=${cursor}`);
      expect([name, (await read(cursors.get(name))).status]).toEqual([name, 200]);
      const others = [1, 2, 3].map((next) => cursors.get(names[(index + next) % names.length] ?? ''));
      for (const cursor of [...others, invalid_cursors[index % invalid_cursors.length]]) {
        const answer = await read(cursor);
        expectRefusal(answer, 422, 'VALIDATION_FAILED');
        expect(wrongFieldsOf(answer)).toEqual(['cursor']);
      }
    }
  });

  test('never causes more than a refusal, whatever was changed in it', async () => {
    const tampered = fc
      .tuple(
        fc.nat(),
        fc.nat(),
        fc.oneof(fc.string({ unit: codePoint }), fc.constantFrom('', '0', '-1', 'infinity', '\ud800', '\u0000')),
      )
      .map(([at, part, text]) => {
        const [name, cursor] = [...cursors][at % cursors.size] as [string, string];
        const values = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as string[];
        values[1 + (part % (values.length - 1))] = text;
        return `${lists.get(name)}&cursor=${Buffer.from(JSON.stringify(values)).toString('base64url')}`;
      });
    await fc.assert(
      fc.asyncProperty(tampered, async (list) => {
        expect([200, 422]).toContain((await api.call('GET', list)).status);
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  test.each([
    '2026-02-30T00:00:00.000000Z',
    '0000-01-01T00:00:00.000000Z',
    '2026-01-01T00:00:00.000Z',
    '2026-01-01T00:00:00.0000000Z',
    'infinity',
  ])('with the instant %s is refused', async (instant) => {
    const [list_name, , id] = JSON.parse(
      Buffer.from(cursors.get('/products') ?? '', 'base64url').toString(),
    ) as string[];
    const cursor = Buffer.from(JSON.stringify([list_name, instant, id])).toString('base64url');
    expectRefusal(await api.call('GET', `/products?cursor=${cursor}`), 422, 'VALIDATION_FAILED');
  });
});

describe('searching', () => {
  async function namesFound(list: string, search: string): Promise<string[]> {
    const answer = await api.call('GET', `${list}${encodeURIComponent(search)}`);
    expect(answer.status).toBe(200);
    return rowsOf<{ name: string }>(answer).map(({ name }) => name);
  }

  test('finds any name in each normal form, and every normal form of a text finds the same names', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyName, { minLength: 1, maxLength: 4 }), anyName, async (names, text) => {
        const { catalogue } = await addContractsNamed(names);
        const list = `/contracts?environment=staging&product_id=${catalogue.product_id}&search=`;
        for (const name of names)
          for (const form of ['NFC', 'NFD'] as const)
            expect(await namesFound(list, name.normalize(form))).toContain(name);
        expect(await namesFound(list, text.normalize('NFD'))).toEqual(await namesFound(list, text.normalize('NFC')));
      }),
      { seed: SEED, numRuns: 10 },
    );
  });

  test.each([
    ['ΑΦΟΙ ΝΙΚΟΣ', ['αφοι νικος', 'αφοι νικοσ', 'ΝΙΚΟΣ']],
    ['İzmir', ['izmir', 'IZMIR', 'İZMİR', 'i̇zmir', 'I\u0307ZM']],
    ['Ταΰγετος', ['ταΰγετος', 'ΤΑΫ́ΓΕΤΟΣ', 'Ταΰγετος'.toUpperCase(), 'ΓΕΤΟΣ', 'γετοσ']],
    ['Straße', ['STRASSE', 'strasse', 'straße', 'STRAẞE']],
    ['Cafe\u0301 Zoë', ['CAFÉ', 'café zoe\u0308', 'fe\u0301 z']],
  ])('finds %s in any letter case', async (name, searches) => {
    const { catalogue } = await addContractsNamed([name]);
    const list = `/contracts?environment=staging&product_id=${catalogue.product_id}&search=`;
    for (const search of searches) expect([search, await namesFound(list, search)]).toEqual([search, [name]]);
  });

  test('has one search key for every case of every letter, alone and with a mark, and the key of a key is itself', async () => {
    // ı is the only letter whose upper case equals that of another letter (i).
    const different = await api.sql`
      SELECT text FROM (
        SELECT normalize(chr(n) || mark, NFC) AS text
        FROM generate_series(1, x'10FFFF'::int) n, unnest(ARRAY['', U&'\\0301', U&'\\0323']) mark
        WHERE n NOT BETWEEN x'D800'::int AND x'DFFF'::int AND chr(n) <> 'ı'
          AND (lower(chr(n) COLLATE pg_unicode_fast) <> chr(n) OR upper(chr(n) COLLATE pg_unicode_fast) <> chr(n))
      ) letters
      WHERE folded(text) <> folded(upper(text COLLATE pg_unicode_fast))
         OR folded(text) <> folded(lower(text COLLATE pg_unicode_fast))
         OR folded(text) <> folded(folded(text)) OR folded(text) <> folded(normalize(text, NFD))`;
    expect(different.map(({ text }) => text as string)).toEqual([]);
  });

  test('finds every noun by a name in another normal form', async () => {
    const name_text = `Café ${uniqueText()}`;
    for (const name of [name_text.normalize('NFC'), name_text.normalize('NFD')]) {
      const email = `${uniqueText()}@covenant.test`;
      const product = await api.call('POST', '/products', { body: { name, code: `P-${uniqueText()}` } });
      const product_id = product.body.id;
      const format = { groups: 4, group_length: 5 };
      const generator = await api.call('POST', '/generators', { body: { name, product_id, format } });
      await api.call('POST', '/customers', { body: { name, email } });
      await api.call('POST', '/admins', { body: { name, email, role: 'viewer' } });
      const contract = await addContract(api, { product_id, generator_id: generator.body.id }, { name });
      await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 1 } });
      const actor = api.sql.json({ type: 'user', id: uniqueText(), name });
      await api.sql`INSERT INTO audit_events (at, actor, action, subject_type, subject_id) VALUES (now(), ${actor}, 'a.b', 'contract', 'c')`;
    }
    for (const form of ['NFC', 'NFD'] as const) {
      const text = encodeURIComponent(name_text.normalize(form));
      for (const list of [
        `/products?search=${text}`,
        `/generators?search=${text}`,
        `/customers?search=${text}`,
        `/admins?search=${text}`,
        `/contracts?search=${text}`,
        `/licenses?source=${encodeURIComponent('Contract: ')}${text}`,
        `/activity?actor=${text}`,
      ])
        expect([list, (await walkPages(api, list)).length]).toEqual([list, 2]);
    }
  });
});

test('deletion accepts the name in any normal form, and no other name', async () => {
  const name = 'Café Ångström';
  const { ids } = await addContractsNamed([name.normalize('NFC'), name.normalize('NFD')]);
  for (const [index, id] of ids.entries()) {
    const remove = (confirm_name: string) => api.call('DELETE', `/contracts/${id}`, { body: { confirm_name } });
    expectRefusal(await remove('Cafe Angstrom'), 422, 'CONFIRMATION_MISMATCH');
    expect((await remove(name.normalize(index === 0 ? 'NFD' : 'NFC'))).status).toBe(204);
  }
});

test('deletion accepts the longest name in the normal form with the most characters', async () => {
  const name = '\u1f82'.repeat(200);
  const { ids } = await addContractsNamed([name]);
  const body = { confirm_name: name.normalize('NFD') };
  expect((await api.call('DELETE', `/contracts/${ids[0]}`, { body })).status).toBe(204);
});
