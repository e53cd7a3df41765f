/** The rate of a contract over HTTP: the fields of every answer to its API key, and the refusals (domain.md 5.6, decisions 6, 46). */
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { addContractKey } from '../harness/contract-keys';
import { controlRateClock } from '../harness/rate-clock';

let api: TestApi;
let catalogue: TestCatalogue;

beforeAll(async () => {
  api = await startTestApi();
  catalogue = await addCatalogue(api);
  await controlRateClock(api.sql, '2026-03-01T12:34:20.250Z');
});
afterAll(() => api.close());

interface Partner {
  id: string;
  generate(body: object, headers?: Record<string, string>, query?: string): Promise<ApiAnswer>;
}

/** A contract with its own API key. */
async function partner(more: Record<string, unknown>): Promise<Partner> {
  const { id } = await addContract(api, catalogue, more);
  const key = await addContractKey(api, id);
  return {
    id,
    generate: (body, headers = {}, query = '') =>
      api.call('POST', `/contracts/${id}/generate${query}`, { key, body, headers }),
  };
}

const fieldsOf = ({ headers }: ApiAnswer) => [
  headers.get('ratelimit-policy'),
  headers.get('ratelimit'),
  headers.get('retry-after'),
];

/** Reads a list of strings with integer or string parameters (RFC 9651, 4.2); throws for anything else. */
function parseList(field: string): [string, Record<string, string | number>][] {
  return field.split(/[ \t]*,[ \t]*/).map((item) => {
    const parsed =
      /^"([\x20\x21\x23-\x5b\x5d-\x7e]*)"((?:;[a-z*][a-z0-9_.*-]*=(?:\d{1,15}|"[\x20\x21\x23-\x5b\x5d-\x7e]*"))*)$/.exec(
        item,
      );
    if (!parsed) throw new Error(`not an item with parameters: ${item}`);
    const parameters = (parsed[2] ?? '')
      .split(';')
      .slice(1)
      .map((parameter) => {
        const [name, value] = parameter.split('=') as [string, string];
        return [name, value.startsWith('"') ? value.slice(1, -1) : Number(value)] as const;
      });
    return [parsed[1] ?? '', Object.fromEntries(parameters)];
  });
}

test('an answer has every limit as a policy, and what is left of the tightest window', async () => {
  const { generate } = await partner({ rate_limits: { per_minute: 2, per_day: 500, licenses: { per_hour: 100 } } });
  const answer = await generate({ count: 60 });
  expect(answer.status).toBe(201);
  expect(parseList(answer.headers.get('ratelimit-policy') ?? '')).toEqual([
    ['requests-per-minute', { q: 2, w: 60 }],
    ['requests-per-day', { q: 500, w: 86_400 }],
    ['licenses-per-hour', { q: 100, w: 3_600, qu: 'licenses' }],
  ]);
  // 40 licenses are less than one more such request, of which the minute has one left.
  expect(parseList(answer.headers.get('ratelimit') ?? '')).toEqual([['licenses-per-hour', { r: 40, t: 1_540 }]]);
});

test('a refusal by the rate is 429 with the seconds until the window ends, and names the window', async () => {
  const { id, generate } = await partner({ rate_limits: { per_minute: 1 } });
  await generate({ count: 1 });
  const answer = await generate({ count: 1 });
  expect(answer.body).toMatchObject({
    status: 429,
    code: 'RATE_LIMITED',
    metadata: {
      window: 'minute',
      unit: 'requests',
      limit: 1,
      remaining: 0,
      reset: '2026-03-01T12:35:00.000Z',
      retry_after_s: 40,
    },
  });
  expect(fieldsOf(answer)).toEqual(['"requests-per-minute";q=1;w=60', '"requests-per-minute";r=0;t=40', '40']);
  const attempts = await api.call('GET', `/contracts/${id}/refusals`);
  expect(attempts.body.data).toMatchObject([{ code: 'RATE_LIMITED', attempts: 1 }]);
});

test('more licenses than a window allows are 422, without waiting time', async () => {
  const { generate } = await partner({ rate_limits: { licenses: { per_minute: 10 } } });
  const answer = await generate({ count: 11 });
  expect(answer.body).toMatchObject({
    status: 422,
    code: 'COUNT_ABOVE_RATE_LIMIT',
    metadata: { requested: 11, limit: 10 },
  });
  expect(fieldsOf(answer).slice(1)).toEqual(['"licenses-per-minute";r=10;t=40', null]);
});

test('refusals by quota and state, replays and simultaneous equal requests have the fields too', async () => {
  const { id, generate } = await partner({ quota: 3, rate_limits: { per_hour: 5 } });
  const policy = '"requests-per-hour";q=5;w=3600';
  const over = await generate({ count: 4 });
  expect([over.body.code, ...fieldsOf(over)]).toEqual([
    'QUOTA_EXCEEDED',
    policy,
    '"requests-per-hour";r=4;t=1540',
    null,
  ]);
  const key = { 'Idempotency-Key': 'once' };
  const [first, equal] = await Promise.all([generate({ count: 1 }, key), generate({ count: 1 }, key)]);
  const later = await generate({ count: 1 }, key);
  for (const answer of [first, equal, later])
    expect([answer.status, ...fieldsOf(answer)]).toEqual([201, policy, '"requests-per-hour";r=3;t=1540', null]);
  expect([first, equal, later].filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(2);
  await api.sql`
    INSERT INTO contract_holds (contract_id, source, code, placed_at, placed_by)
    VALUES (${id}, 'compliance', 'COMPLIANCE', now() - interval '1 minute', 'test')`;
  await api.sql`UPDATE contracts SET state = 'SUSPENDED', may_generate = false WHERE id = ${id}`;
  await api.sql`UPDATE contract_quotas SET grantable_terms_id = NULL, open_until = NULL WHERE contract_id = ${id}`;
  const suspended = await generate({ count: 1 });
  expect([suspended.body.code, ...fieldsOf(suspended)]).toEqual([
    'CONTRACT_INACTIVE',
    policy,
    '"requests-per-hour";r=2;t=1540',
    null,
  ]);
});

test('requests of admins and of a contract without limits have no such fields and are not counted', async () => {
  const limited = await partner({ rate_limits: { per_minute: 1 } });
  const unlimited = await partner({});
  const answers = [
    await api.call('POST', `/contracts/${limited.id}/generate`, { body: { count: 1 } }),
    await api.call('POST', `/contracts/${limited.id}/generate`, { body: { count: 1 } }),
    await unlimited.generate({ count: 1 }),
  ];
  for (const answer of answers) expect([answer.status, ...fieldsOf(answer)]).toEqual([201, null, null, null]);
  expect((await limited.generate({ count: 1 })).status).toBe(201);
});

test('a dry run counts as a request and no licenses, and is refused as the request would be', async () => {
  const { id, generate } = await partner({ rate_limits: { per_minute: 4, licenses: { per_hour: 10 } } });
  const dryRun = async (count: number) => {
    const { status, body, headers } = await generate({ count }, {}, '?dry_run=true');
    return [status, body.code ?? body.dry_run, headers.get('ratelimit')];
  };
  expect(await dryRun(9)).toEqual([201, true, '"licenses-per-hour";r=10;t=1540']);
  expect((await generate({ count: 8 })).status).toBe(201);
  expect(await dryRun(3)).toEqual([429, 'RATE_LIMITED', '"licenses-per-hour";r=2;t=1540']);
  expect(await dryRun(11)).toEqual([422, 'COUNT_ABOVE_RATE_LIMIT', '"licenses-per-hour";r=2;t=1540']);
  expect(await dryRun(1)).toEqual([429, 'RATE_LIMITED', '"requests-per-minute";r=0;t=40']);
  const by_admin = await api.call('POST', `/contracts/${id}/generate?dry_run=true`, { body: { count: 1 } });
  expect([by_admin.status, by_admin.headers.get('ratelimit')]).toEqual([201, null]);
});

test('an edit holds from the next request', async () => {
  const { id, generate } = await partner({ rate_limits: { per_minute: 1 } });
  await generate({ count: 1 });
  expect((await generate({ count: 1 })).status).toBe(429);
  await api.call('PATCH', `/contracts/${id}`, { body: { rate_limits: { per_minute: 2 } } });
  expect(fieldsOf(await generate({ count: 1 }))).toEqual([
    '"requests-per-minute";q=2;w=60',
    '"requests-per-minute";r=0;t=40',
    null,
  ]);
});
