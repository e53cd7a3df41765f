/** Programs ask whether a key is valid; a guesser of keys learns nothing and is limited. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../api/http/app';
import { createFastServer } from '../../api/http/fast-server';
import { ProblemError } from '../../api/http/problem';
import { WRONG_KEY_ANSWER_MS } from '../../api/license/answer-time';
import { createWrongKeyLimit } from '../../api/license/wrong-key-limit';
import { FAILURE_BUCKETS } from '../../db/access/failed-authentication';
import type { Database } from '../../db/base/database';
import { CERTIFICATE_BYTES_MAX } from '../../domain/license/certificate';
import { createFailureCounter } from '../../transactions/access/count-failures';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';

const WRONG_KEYS_MAX = 5;
const LIMIT_CODE = 'TOO_MANY_WRONG_KEYS';
const GUESSES = 10_000;
const GUESSES_AT_ONCE = 100;
const ADDRESSES = 1_000;

let api: TestApi;
let key: string;
let id: string;
let product_code: string;
let addresses = 0;
const servers: Server[] = [];

beforeAll(async () => {
  api = await startTestApi({ trustProxy: 1, wrong_keys_max: WRONG_KEYS_MAX });
  // Wrong keys of a minute that has not begun yet are counted in it, so the minute does not end during a test.
  await api.sql`
    INSERT INTO failed_authentications (bucket, minute, failures)
    SELECT bucket, date_trunc('minute', now()) + interval '1 hour', 0 FROM generate_series(0, ${FAILURE_BUCKETS - 1}::int) AS bucket`;
  const catalogue = await addCatalogue(api, { features: { seats: 5 }, activation_limit: 2 });
  product_code = (await api.call('GET', `/products/${catalogue.product_id}`)).body.code;
  const contract = await addContract(api, catalogue);
  ({ id, key } = (await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 1 } })).body.licenses[0]);
});
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await api.close();
});

/** An address that no other call uses. */
function newAddress(): string {
  addresses += 1;
  return `10.0.${addresses >> 8}.${addresses & 255}`;
}

function ask(body: object, address = newAddress(), path = 'validate'): Promise<ApiAnswer> {
  return api.call('POST', `/licenses/${path}`, { key: null, body, headers: { 'X-Forwarded-For': address } });
}

test('a valid key gets its license and its features', async () => {
  const answer = await ask({ key: ` ${key} `, product_code, environment: 'production' });
  expect([answer.status, answer.body]).toEqual([
    200,
    {
      valid: true,
      code: 'VALID',
      reasons: [],
      license: {
        id,
        status: 'available',
        product_code,
        environment: 'production',
        is_test: false,
        expires_at: null,
        activated_at: null,
        activations: 0,
        activation_limit: 2,
      },
      features: { seats: 5 },
    },
  ]);
});

test('the answer to a device without an activation says so, with the license', async () => {
  const { body } = await ask({ key, device_id: 'a' });
  expect(body).toMatchObject({ valid: false, code: 'NOT_ACTIVATED', reasons: ['NOT_ACTIVATED'], license: { id } });
});

test('many look-ups at the same time get each its own answer', async () => {
  const asked = Array.from({ length: 150 }, (_, n) => ask(n % 3 === 0 ? { key: `NONE-${n}` } : { key, device_id: `${n}` }));
  const codes = (await Promise.all(asked)).map(({ body }) => body.code);
  expect(codes).toEqual(codes.map((_, n) => (n % 3 === 0 ? 'NOT_FOUND' : 'NOT_ACTIVATED')));
});

test('unknown keys and keys of another product or environment have the same answer apart from the code', async () => {
  const answers = await Promise.all([
    ask({ key: 'NONE-1', product_code }),
    ask({ key, product_code: 'another' }),
    ask({ key, environment: 'staging' }),
  ]);
  const codes = ['NOT_FOUND', 'WRONG_PRODUCT', 'ENVIRONMENT_MISMATCH'];
  expect(answers.map(({ body }) => body)).toEqual(
    codes.map((code) => ({ valid: false, code, reasons: [code], license: null, features: null })),
  );
  const headersOf = ({ headers }: ApiAnswer) => [...headers.keys()].sort();
  expect(answers.map(headersOf)).toEqual(answers.map(() => headersOf(answers[0])));
});

test('a suspended or revoked license of another product gets the same answer as a valid one', async () => {
  const before = await ask({ key, product_code: 'another' });
  await api.call('POST', `/licenses/${id}/suspend`);
  const after = await ask({ key, product_code: 'another', device_id: 'a' });
  await api.call('POST', `/licenses/${id}/reinstate`);
  expect(after.body).toEqual(before.body);
});

test('a guesser from one address gets so many answers and then none, also for keys that exist', async () => {
  const address = newAddress();
  const codes: string[] = [];
  for (let n = 0; n < 2 * WRONG_KEYS_MAX; n++) codes.push((await ask({ key: `GUESS-${n}` }, address)).body.code);
  const expected = (code: string) => Array<string>(WRONG_KEYS_MAX).fill(code);
  expect(codes).toEqual([...expected('NOT_FOUND'), ...expected(LIMIT_CODE)]);
  const limited = await ask({ key }, address);
  expectRefusal(limited, 429, LIMIT_CODE);
  const retry_after = Number(limited.headers.get('retry-after'));
  expect(retry_after).toBeGreaterThan(0);
  expect(limited.body.metadata).toEqual({ wrong_keys_max: WRONG_KEYS_MAX, retry_after_s: retry_after });
  for (const path of ['activate', 'deactivate', 'heartbeat'])
    expectRefusal(await ask({ key, device_id: 'a' }, address, path), 429, LIMIT_CODE);
  expect((await ask({ key })).body.code).toBe('VALID');
});

test('wrong keys of activations and foreign keys count as well', async () => {
  const address = newAddress();
  for (let n = 0; n < WRONG_KEYS_MAX - 1; n++)
    expectRefusal(await ask({ key: `GUESS-${n}`, device_id: 'a' }, address, 'activate'), 404, 'NOT_FOUND');
  expect((await ask({ key, product_code: 'another' }, address)).body.code).toBe('WRONG_PRODUCT');
  expectRefusal(await ask({ key }, address), 429, LIMIT_CODE);
  const other = newAddress();
  for (let n = 0; n < WRONG_KEYS_MAX; n++)
    expect((await ask({ key, product_code: 'another', device_id: 'a' }, other, 'activate')).body.code).toBe('WRONG_PRODUCT');
  expectRefusal(await ask({ key }, other), 429, LIMIT_CODE);
});

test('a guesser from many addresses gets the same answer from each', async () => {
  const answers = await Promise.all(Array.from({ length: 100 }, () => ask({ key: 'GUESS' })));
  const bodies = new Set(answers.map(({ status, body }) => `${status} ${JSON.stringify(body)}`));
  expect([...bodies]).toEqual([
    `200 ${JSON.stringify({ valid: false, code: 'NOT_FOUND', reasons: ['NOT_FOUND'], license: null, features: null })}`,
  ]);
});

/** The answers to wrong keys, and the log lines, of a guesser who sends `guesses` keys in turn from `from` addresses. */
async function guess(guesses: number, from: number) {
  const first = (addresses += from) - from;
  const limits = createWrongKeyLimit(
    createFailureCounter(api.api.db),
    { warn: () => void logged.push(1) } as never,
    WRONG_KEYS_MAX,
  );
  const logged: number[] = [];
  const answered = { NOT_FOUND: 0, [LIMIT_CODE]: 0 };
  const ask_once = async (n: number): Promise<void> => {
    const address = `guesser ${first + (n % from)}`;
    try {
      limits.refuseLimited(address);
      const license = await api.api.lookUpLicense({ key: `GUESS-${n}`, device_id: null, now: new Date().toISOString() });
      expect(license).toBeUndefined();
      await limits.count(address, 'guess');
      answered.NOT_FOUND += 1;
    } catch (error) {
      expect(error).toBeInstanceOf(ProblemError);
      answered[LIMIT_CODE] += 1;
    }
  };
  for (let n = 0; n < guesses; n += GUESSES_AT_ONCE)
    await Promise.all(Array.from({ length: GUESSES_AT_ONCE }, (_, place) => ask_once(n + place)));
  return { answered, log_lines: logged.length };
}

test('10,000 wrong keys from one address get few answers, and others are served meanwhile', async () => {
  const [guessed, served] = await Promise.all([
    guess(GUESSES, 1),
    Promise.all(Array.from({ length: 20 }, () => ask({ key }))),
  ]);
  expect(guessed).toEqual({
    answered: { NOT_FOUND: WRONG_KEYS_MAX, [LIMIT_CODE]: GUESSES - WRONG_KEYS_MAX },
    log_lines: 1,
  });
  expect(served.map(({ body }) => body.code)).toEqual(served.map(() => 'VALID'));
});

test('10,000 wrong keys from 1,000 addresses store only counts, as many rows as there are buckets at most', async () => {
  const stored = () => api.sql`
    SELECT (SELECT count(*)::int FROM failed_authentications) AS buckets, (SELECT count(*)::int FROM audit_events) AS audit,
           (SELECT sum(failures)::int FROM failed_authentications) AS failures, (SELECT count(*)::int FROM refused_attempts) AS attempts`;
  const [before] = await stored();
  const [{ answered, log_lines }, served] = await Promise.all([
    guess(GUESSES, ADDRESSES),
    Promise.all(Array.from({ length: 20 }, () => ask({ key }))),
  ]);
  const [after] = await stored();
  // Addresses of one bucket share its count, so a few get fewer answers.
  expect(answered.NOT_FOUND).toBeLessThanOrEqual(ADDRESSES * WRONG_KEYS_MAX);
  expect(answered.NOT_FOUND).toBeGreaterThan(0.9 * ADDRESSES * WRONG_KEYS_MAX);
  expect(answered.NOT_FOUND + answered[LIMIT_CODE]).toBe(GUESSES);
  expect(log_lines).toBeLessThanOrEqual(ADDRESSES);
  expect(after!['failures'] - before!['failures']).toBeLessThanOrEqual(GUESSES);
  expect({ ...after, failures: 0 }).toEqual({ ...before, failures: 0, buckets: FAILURE_BUCKETS });
  expect(served.map(({ body }) => body.code)).toEqual(served.map(() => 'VALID'));
});

test('an unknown and a foreign key cause the same statements, and answers that differ only in their code', async () => {
  const sent: string[] = [];
  const options = api.api.db.options as Database['options'] & { debug: unknown };
  const asked = async (body: object, code: string) => {
    sent.length = 0;
    const answer = await ask(body);
    expect(answer.body.code).toBe(code);
    return { text: answer.text.replaceAll(code, 'CODE'), statements: [...sent] };
  };
  // The process knows the minute of the limit and the time before.
  await ask({ key: 'NONE' });
  options.debug = (_: number, text: string) => sent.push(text);
  try {
    const unknown = await asked({ key: 'NONE', product_code }, 'NOT_FOUND');
    expect(unknown.statements).toHaveLength(2);
    expect(await asked({ key, product_code: 'another' }, 'WRONG_PRODUCT')).toEqual(unknown);
    expect(await asked({ key, environment: 'staging' }, 'ENVIRONMENT_MISMATCH')).toEqual(unknown);
  } finally {
    options.debug = false;
  }
});

test('the answer to an unknown and to a foreign key waits for the same time after the request', async () => {
  const requests: [string, object][] = [
    ['validate', { key: 'NONE' }],
    ['validate', { key, product_code: 'another' }],
    ['activate', { key: 'NONE', device_id: 'device' }],
    ['activate', { key, device_id: 'device', product_code: 'another' }],
    ['heartbeat', { key: 'NONE', device_id: 'device' }],
  ];
  for (const [action, body] of requests) {
    const started = performance.now();
    await api.call('POST', `/licenses/${action}`, { key: null, body });
    // The timer counts from the whole millisecond in which the turn of the event loop began.
    expect([action, body, performance.now() - started > WRONG_KEY_ANSWER_MS - 2]).toEqual([action, body, true]);
  }
});

test('two processes count the wrong keys of an address together', async () => {
  const other = {
    ...api.api,
    wrongKeys: createWrongKeyLimit(createFailureCounter(api.api.db), api.api.log, WRONG_KEYS_MAX),
  };
  const server = createFastServer(createApp(other, { trustProxy: 1 }));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const address = newAddress();
  const headers = { 'Content-Type': 'application/json', 'X-Forwarded-For': address };
  const askOther = async (body: object) => {
    const answer = await fetch(`${origin}/api/v1/licenses/validate`, { method: 'POST', headers, body: JSON.stringify(body) });
    return ((await answer.json()) as { code: string }).code;
  };
  for (let n = 0; n < WRONG_KEYS_MAX; n++) expect((await ask({ key: `GUESS-${n}` }, address)).body.code).toBe('NOT_FOUND');
  // The other process learns of the limit by the first wrong key that it counts.
  expect(await askOther({ key: 'GUESS' })).toBe(LIMIT_CODE);
  expect(await askOther({ key })).toBe(LIMIT_CODE);
});

test.each(['', 'x'.repeat(CERTIFICATE_BYTES_MAX + 1), 'a\u0000b', 5])('%j is no key', async (wrong) => {
  expectRefusal(await ask({ key: wrong }), 422, 'VALIDATION_FAILED');
});
