/**
 * The shape of requests: which bodies are read, which fields are refused by name, and how large a refusal can become.
 */
import express from 'express';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readJson } from '../../api/http/body';
import { signStandard } from '../../demo/fake-billing';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract, contractBody } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { expectRefusal, wrongFieldsOf } from '../harness/expect-refusal';
import { readTableDigests } from '../harness/table-digests';

let api: TestApi;
let catalogue: TestCatalogue;

beforeAll(async () => {
  api = await startTestApi();
  catalogue = await addCatalogue(api, { features: { seats: 5 } });
});

afterAll(() => api.close());

/** Creates a contract, with a part of the body as literal text. */
function createWith(part: string): Promise<ApiAnswer> {
  return api.call('POST', '/contracts', { body: `${JSON.stringify(contractBody(catalogue)).slice(0, -1)},${part}}` });
}

describe('a number that JavaScript cannot represent', () => {
  test.each(['12345678901234567890', '9007199254740993', '1e400', '0.30000000000000001665'])(
    '%s is refused with the name of its field, in metadata and in features, and nothing is written',
    async (number) => {
      const contract = await addContract(api, catalogue);
      const { generator_id } = catalogue;
      const before = await readTableDigests(api.sql);
      const edit = (path: string, body: string) => api.call('PATCH', path, { body });
      for (const [answer, field] of [
        [await createWith(`"metadata":{"orders":[{"no":${number}}]}`), 'metadata.orders.0.no'],
        [await createWith(`"feature_overrides":{"seats":${number}}`), 'feature_overrides.seats'],
        [await edit(`/contracts/${contract.id}`, `{"metadata":{"no":${number}}}`), 'metadata.no'],
        [
          await edit(`/contracts/${contract.id}`, `{"feature_overrides":{"seats":${number}}}`),
          'feature_overrides.seats',
        ],
        [await edit(`/generators/${generator_id}`, `{"features":{"seats":${number}}}`), 'features.seats'],
      ] as const) {
        expectRefusal(answer, 422, 'VALIDATION_FAILED');
        expect(wrongFieldsOf(answer)).toEqual([field]);
        expect(answer.body.detail).toContain(number);
      }
      expect(await readTableDigests(api.sql)).toEqual(before);
    },
  );

  test('is refused in every other field too, where its rounded value would be valid', async () => {
    const contract = await addContract(api, catalogue);
    const path = `/contracts/${contract.id}/generate`;
    const answer = await api.call('POST', path, { body: '{"count":1.00000000000000000001}' });
    expectRefusal(answer, 422, 'VALIDATION_FAILED');
    expect(wrongFieldsOf(answer)).toEqual(['count']);
    // An unknown id is 404 whatever the body holds.
    expectRefusal(await api.call('PATCH', '/contracts/7', { body: '{"quota":1e400}' }), 404, 'NOT_FOUND');
  });

  test('is refused as the version of an invoice, and is ignored elsewhere in a message', async () => {
    const [secret] = api.billing.billingStandardSecrets ?? [];
    const send = (id: string, version: string, total: string) => {
      const invoice = `{"id":"in_1","due_date":"2027-01-31","version":${version},"total":${total}}`;
      const body = `{"id":"${id}","type":"invoice.open","occurred_at":"2027-01-01T00:00:00Z","contract_id":"","invoice":${invoice}}`;
      return api.call('POST', '/billing/standard/events', {
        key: null,
        body,
        headers: signStandard(body, secret as string),
      });
    };
    const refused = await send('msg_version', '7.00000000000000000001', '1');
    expectRefusal(refused, 422, 'VALIDATION_FAILED');
    expect(wrongFieldsOf(refused)).toEqual(['invoice.version']);
    expect((await send('msg_total', '7', '12345678901234567890')).status).toBe(202);
  });

  test('is not a string that looks like one, and not a number in another notation', async () => {
    const metadata = { text: '1e400', 1e21: 'key', tenth: 0.1, large: 2 ** 60, tiny: 5e-324 };
    const created = await createWith(`"metadata":${JSON.stringify(metadata)}`);
    expect([created.status, created.body.metadata]).toEqual([201, metadata]);
    expect((await createWith('"metadata":{"price":1.50,"half":5e-1}')).body.metadata).toEqual({
      price: 1.5,
      half: 0.5,
    });
  });
});

describe('a body', () => {
  test.each([
    ['of another charset', Buffer.from('{"name":"Müller"}', 'latin1')],
    ['cut inside a character', Buffer.from('{"name":"M\u00fc').subarray(0, 11)],
    ['with an unpaired surrogate in bytes', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ])('that is not UTF-8, %s, is 400', async (_what, body) => {
    expectRefusal(await api.call('POST', '/contracts', { body }), 400, 'MALFORMED_JSON');
    const [secret] = api.billing.billingStandardSecrets ?? [];
    const headers = signStandard(body.toString(), secret as string);
    const signed = await api.call('POST', '/billing/standard/events', { key: null, body, headers });
    expectRefusal(signed, 400, 'MALFORMED_JSON');
  });

  test('can begin with a byte order mark', async () => {
    expect(
      (await api.call('POST', '/contracts?dry_run=true', { body: `\ufeff${JSON.stringify(contractBody(catalogue))}` }))
        .status,
    ).toBe(201);
  });

  test.each([
    'application/vnd.api+json',
    'application/scim+json',
    'application/json-seq',
    'text/json',
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'application/json; charset=iso-8859-1',
  ])('of the type %s is 415, also when no body is needed', async (type) => {
    const contract = await addContract(api, catalogue);
    const headers = { 'Content-Type': type };
    const created = await api.call('POST', '/contracts', { body: JSON.stringify(contractBody(catalogue)), headers });
    expectRefusal(created, 415, 'UNSUPPORTED_MEDIA_TYPE');
    const paused = await api.call('POST', `/contracts/${contract.id}/pause`, { body: '{}', headers });
    expectRefusal(paused, 415, 'UNSUPPORTED_MEDIA_TYPE');
  });

  test.each(['application/json', 'application/json; charset=UTF-8', 'APPLICATION/JSON;charset="utf8"'])(
    'of the type %s is read',
    async (type) => {
      const body = JSON.stringify(contractBody(catalogue));
      const answer = await api.call('POST', '/contracts?dry_run=true', { body, headers: { 'Content-Type': type } });
      expect(answer.status).toBe(201);
    },
  );

  test('of a type that its route declares is read, and of another type is not', async () => {
    const app = express();
    const read = readJson(['application/scim+json']);
    app.post('/', async (request, response) => {
      await read(request, response);
      response.json(request.body);
    });
    const refuse: express.ErrorRequestHandler = (error: { problem: { code: string } }, _request, response, _next) =>
      void response.status(415).send(error.problem.code);
    app.use(refuse);
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const post = async (type: string) => {
      const answer = await fetch(url, { method: 'POST', body: '{"a":1}', headers: { 'Content-Type': type } });
      return answer.text();
    };
    try {
      expect(await post('application/scim+json')).toBe('{"a":1}');
      expect(await post('application/json')).toBe('UNSUPPORTED_MEDIA_TYPE');
    } finally {
      server.close();
    }
  });
});

describe('a refusal because of the shape', () => {
  const MAX_BYTES = 64 * 1024;

  test('of 60,000 unknown fields names the first ones and counts the others', async () => {
    const fields = Object.fromEntries(Array.from({ length: 60_000 }, (_none, index) => [`f${index}`, 0]));
    const answer = await api.call('POST', '/contracts', { body: { ...contractBody(catalogue), ...fields } });
    expectRefusal(answer, 422, 'VALIDATION_FAILED');
    const message = 'is not a field of this request';
    expect(answer.body.errors).toEqual(Array.from({ length: 20 }, (_none, index) => ({ path: `f${index}`, message })));
    expect(answer.body.metadata).toEqual({ further_errors: 59_980 });
    expect(answer.text.length).toBeLessThan(MAX_BYTES);
  });

  test.each([
    ['invalid items of a list', { modules: Array.from({ length: 400_000 }, () => 1) }],
    ['one field with a name of a megabyte', { ['🙂'.repeat(250_000)]: 1 }],
    [
      'unknown fields within a field',
      { modules: [Object.fromEntries(Array.from({ length: 60_000 }, (_none, n) => [n, n]))] },
    ],
  ])('of %s is bounded', async (_what, wrong) => {
    const answer = await api.call('POST', '/products', { body: { name: 'n', code: 'c', ...wrong } });
    expectRefusal(answer, 422, 'VALIDATION_FAILED');
    expect(answer.text.length).toBeLessThan(MAX_BYTES);
    expect(answer.text).not.toMatch(/\\ud83d/i);
  });

  test('of 100,000 numbers that cannot be represented counts those that it does not name', async () => {
    const body = `{"metadata":{"orders":[${Array.from({ length: 100_000 }, () => '1e400').join(',')}]}}`;
    const contract = await addContract(api, catalogue);
    const answer = await api.call('PATCH', `/contracts/${contract.id}`, { body });
    expectRefusal(answer, 422, 'VALIDATION_FAILED');
    expect(wrongFieldsOf(answer).slice(0, 2)).toEqual(['metadata.orders.0', 'metadata.orders.1']);
    expect(answer.body.detail).toMatch(/; and 99980 more$/);
  });
});

test('an unknown query parameter of a list is refused by name, with any name', async () => {
  for (const [query, field] of [
    ['?state=ACTIVE&stat=ACTIVE', 'stat'],
    ['?Limit=5', 'Limit'],
    ['?__proto__=1', '__proto__'],
    ['?limit[]=5', 'limit[]'],
  ] as const) {
    const answer = await api.call('GET', `/contracts${query}`);
    expectRefusal(answer, 422, 'VALIDATION_FAILED');
    expect(wrongFieldsOf(answer)).toEqual([field]);
  }
});

test.each(['0', '101', '-1', '1.0', '1e1', '0x10', '', ' 5', '25.00000000000000000001', '５'])(
  'the limit %j of a page is refused: it must be a whole number from 1 to 100 in digits',
  async (limit) => {
    const answer = await api.call('GET', `/contracts?limit=${encodeURIComponent(limit)}`);
    expectRefusal(answer, 422, 'VALIDATION_FAILED');
    expect(wrongFieldsOf(answer)).toEqual(['limit']);
  },
);

describe('a name', () => {
  const invisible = ['\u200b', '\u200b\u200d\u2060', '\u2800', '\u3164', '\u00ad', '\ufe0f', '\u{e0041}', ' \u200e '];
  const turned = ['Invoice \u202egnp.exe', '\u202a', 'a\u2066b\u2069'];
  /** Every route with a name in its body, and the other fields that it needs. */
  const named = (): [string, string, string, Record<string, unknown>][] => [
    ['POST', '/products', 'name', { code: 'named' }],
    ['POST', '/generators', 'name', { product_id: catalogue.product_id, format: { groups: 4, group_length: 5 } }],
    ['POST', '/customers', 'name', { email: 'named@covenant.test' }],
    ['POST', '/admins', 'name', { email: 'named@covenant.test', role: 'viewer' }],
    ['POST', `/admins/${api.admins.viewer.id}/api-keys`, 'label', {}],
    ['POST', '/contracts', 'name', contractBody(catalogue)],
    ['POST', '/test-clocks', 'name', { now: '2027-01-01T00:00:00.000Z' }],
    ['PATCH', `/products/${catalogue.product_id}`, 'name', {}],
    ['PATCH', `/generators/${catalogue.generator_id}`, 'name', {}],
    ['PATCH', `/admins/${api.admins.viewer.id}`, 'name', {}],
  ];

  test('without a visible character is refused in every route', async () => {
    for (const [method, path, field, body] of named()) {
      for (const name of invisible) {
        const answer = await api.call(method, path, { body: { ...body, [field]: name } });
        expectRefusal(answer, 422, 'VALIDATION_FAILED');
        expect(answer.body.errors).toEqual([{ path: field, message: 'must contain a visible character' }]);
      }
    }
  });

  test('with direction controls is refused in every route', async () => {
    for (const [method, path, field, body] of named()) {
      for (const name of turned) {
        const answer = await api.call(method, path, { body: { ...body, [field]: name } });
        expectRefusal(answer, 422, 'VALIDATION_FAILED');
        expect(wrongFieldsOf(answer)).toContain(field);
        expect(answer.body.detail).toContain('direction controls');
      }
    }
  });

  test.each(['مؤسسة', 'שלום', '👩‍👩‍👧', 'می\u200cخواهم', 'ZWJ\u200d', '\u0301a', '!'])('can be %j', async (name) => {
    const body = contractBody(catalogue, { name });
    expect((await api.call('POST', '/contracts?dry_run=true', { body })).body.name).toBe(name);
  });
});

describe('with one idempotency key', () => {
  /** Sends one request without a body and one with an empty body, each twice. */
  async function sendAll(path: string, key: string): Promise<ApiAnswer[]> {
    const answers = [];
    for (const body of [undefined, {}, '', '{ }', undefined])
      answers.push(
        await api.call('POST', path, { headers: { 'Idempotency-Key': key }, ...(body === undefined ? {} : { body }) }),
      );
    return answers;
  }

  test('no body and {} are the same request, for an optional body and for a route without one', async () => {
    const contract = await addContract(api, catalogue);
    const job = (await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 100 } })).body.job_id;
    for (const path of [`/admins/${api.admins.viewer.id}/api-keys`, `/jobs/${job}/cancel`]) {
      const answers = await sendAll(path, `key of ${path}`);
      expect([path, answers.map(({ status }) => status)]).toEqual([path, answers.map(() => answers[0]?.status)]);
      expect(answers.map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([
        null,
        'true',
        'true',
        'true',
        'true',
      ]);
    }
  });
});

describe('If-Match on generating', () => {
  function generate(id: string, revision: string, more: Record<string, unknown> = {}, query = ''): Promise<ApiAnswer> {
    const { key, ...body } = { count: 1, ...more } as { key?: string; count: number };
    const headers = { 'If-Match': revision, ...(key === undefined ? {} : { 'Idempotency-Key': key }) };
    return api.call('POST', `/contracts/${id}/generate${query}`, { body, headers });
  }

  async function edited(more: Record<string, unknown> = {}): Promise<string> {
    const contract = await addContract(api, catalogue, { quota: 500, ...more });
    expect((await generate(contract.id, '"1"', { test: more.status === 'inactive' })).status).toBe(201);
    const changed = await api.call('PATCH', `/contracts/${contract.id}`, {
      body: { metadata: { changed: true }, quota: 600 },
    });
    expect(changed.headers.get('etag')).toBe('"2"');
    return contract.id;
  }

  test.each([
    ['inline', { count: 1 }, ''],
    ['by a job', { count: 100 }, ''],
    ['as a dry run', { count: 1 }, '?dry_run=true'],
  ])('grants at the named revision and at no other one, %s', async (_how, body, query) => {
    const id = await edited();
    const { refused_attempts: none, ...before } = await readTableDigests(api.sql);
    for (const revision of ['"1"', '"3"', 'W/"1"']) {
      const stale = await generate(id, revision, body, query);
      expectRefusal(stale, 412, 'REVISION_CONFLICT');
      expect(stale.body.metadata).toMatchObject({ current: 2 });
    }
    const { refused_attempts: counted, ...after } = await readTableDigests(api.sql);
    expect(after).toEqual(before);
    // Only the refusals are counted, and not those of a dry run.
    expect(counted === none).toBe(query !== '');
    for (const revision of ['"2"', '*']) expect((await generate(id, revision, body, query)).status).toBeLessThan(300);
  });

  test('grants test licenses of a draft at the named revision and at no other one', async () => {
    const id = await edited({ status: 'inactive' });
    expectRefusal(await generate(id, '"1"', { test: true }), 412, 'REVISION_CONFLICT');
    expect((await generate(id, '"2"', { test: true })).status).toBe(201);
  });

  test('a refused request does not use its idempotency key, and a repeated request gets the first response', async () => {
    const id = await edited();
    expectRefusal(await generate(id, '"1"', { key: 'order-1' }), 412, 'REVISION_CONFLICT');
    const first = await generate(id, '"2"', { key: 'order-1' });
    expect(first.status).toBe(201);
    const again = await generate(id, '"1"', { key: 'order-1' });
    expect([again.status, again.body.licenses]).toEqual([201, first.body.licenses]);
    const [stale, fresh] = await Promise.all(
      ['"1"', '"2"'].map((revision) => generate(id, revision, { key: 'order-2' })),
    );
    expect(fresh?.status).toBe(201);
    expect([201, 412]).toContain(stale?.status);
  });
});

test('a key __proto__ is refused at the top level of metadata and features too', async () => {
  const contract = await addContract(api, catalogue);
  for (const field of ['metadata', 'feature_overrides']) {
    const answer = await api.call('PATCH', `/contracts/${contract.id}`, {
      body: `{"${field}":{"__proto__":{"a":1},"b":2}}`,
    });
    expectRefusal(answer, 422, 'VALIDATION_FAILED');
    expect(wrongFieldsOf(answer)).toEqual([field]);
  }
});

test.each(['\u0085', '\u009b', '\u2028', '\u2029'])(
  'a name with the control character %j is refused',
  async (character) => {
    const answer = await api.call('POST', '/contracts', { body: contractBody(catalogue, { name: `a${character}b` }) });
    expectRefusal(answer, 422, 'VALIDATION_FAILED');
    expect(wrongFieldsOf(answer)).toEqual(['name']);
  },
);

test('a non-ASCII Idempotency-Key is refused: the same text in a body would be another key', async () => {
  const { id } = await addContract(api, catalogue);
  const headers = { 'Idempotency-Key': 'Bestellung-M\u00fcller' };
  const answer = await api.call('POST', `/contracts/${id}/generate`, { body: { count: 1 }, headers });
  expectRefusal(answer, 422, 'VALIDATION_FAILED');
  expect(wrongFieldsOf(answer)).toEqual(['Idempotency-Key']);
});
