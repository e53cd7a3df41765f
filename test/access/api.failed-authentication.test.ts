/** The limit of failed authentications from one address, over several API processes, and what is logged of them. */
import { randomFillSync } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Api } from '../../api/http/api';
import { createApp } from '../../api/http/app';
import type { LimitFailure } from '../../api/http/failed-authentication';
import { createFailureLimit } from '../../api/http/failed-authentication';
import { createFastServer } from '../../api/http/fast-server';
import { dropOldFailures, FAILURE_BUCKETS } from '../../db/access/failed-authentication';
import { newApiKey } from '../../domain/access/api-key';
import { clientNetwork } from '../../domain/access/failed-authentication';
import { createLog } from '../../log';
import type { Logger } from '../../log';
import { createFailureCounter } from '../../transactions/access/count-failures';
import { findRejection } from '../../transactions/access/find-rejection';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { expectRefusal } from '../harness/expect-refusal';

const FAILURES_MAX = 5;
const LIMIT_CODE = 'TOO_MANY_FAILED_AUTHENTICATIONS';

let api: TestApi;
let next_address = 0;
const servers: Server[] = [];

beforeAll(async () => {
  api = await startTestApi({ trustProxy: 1, failures_max: FAILURES_MAX });
  // Failures of a minute that has not begun yet are counted in it, so the minute does not end during a test.
  await api.sql`
    INSERT INTO failed_authentications (bucket, minute, failures)
    SELECT bucket, date_trunc('minute', now()) + interval '1 hour', 0 FROM generate_series(0, ${FAILURE_BUCKETS - 1}::int) AS bucket`;
});

afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await api.close();
});

/** The limit of another API process: it has a memory of its own, and shares only the database. */
function createLimit(log: Logger): LimitFailure {
  return createFailureLimit({
    counter: createFailureCounter(api.api.db),
    log,
    findRejection: (key) => findRejection(api.api.db, key, api.api.keyPepper),
    failures_max: FAILURES_MAX,
  });
}

/** Serves the application beside that of the harness, and returns its origin. */
async function serve(of: Api): Promise<string> {
  const server = createFastServer(createApp(of, { trustProxy: 1 }));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An address that no other test uses. */
function newAddress(): string {
  next_address += 1;
  return `198.51.100.${next_address}`;
}

function callFrom(address: string, key: string | null): Promise<ApiAnswer> {
  return api.call('GET', '/me', { key, headers: { 'X-Forwarded-For': address } });
}

/** A complete key that was never issued. */
function unknownKey(): string {
  return newApiKey('admin', randomFillSync).text;
}

/** Runs `run`, and returns the statements that it sent. */
async function statementsDuring(run: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = [];
  const { options } = api.api.db as unknown as { options: { debug: unknown } };
  options.debug = (_connection: number, statement: string) => void statements.push(statement);
  await run();
  options.debug = false;
  return statements;
}

async function times(count: number, call: () => Promise<ApiAnswer>): Promise<string[]> {
  const codes: string[] = [];
  for (let done = 0; done < count; done++) codes.push((await call()).body.code);
  return codes;
}

test('further failures of an address are 429 with the time to wait, and a valid key works from it all the time', async () => {
  const address = newAddress();
  expect(await times(FAILURES_MAX, () => callFrom(address, unknownKey()))).toEqual(
    Array(FAILURES_MAX).fill('INVALID_API_KEY'),
  );
  const limited = await callFrom(address, unknownKey());
  expectRefusal(limited, 429, LIMIT_CODE);
  const retry_after = Number(limited.headers.get('retry-after'));
  expect(retry_after).toBeGreaterThan(0);
  expect(limited.body.metadata).toEqual({ failures_max: FAILURES_MAX, retry_after_s: retry_after });
  expect((await callFrom(address, api.keys.viewer)).status).toBe(200);
  expectRefusal(await callFrom(address, 'cov_admin_short'), 429, LIMIT_CODE);
  expectRefusal(await callFrom(newAddress(), unknownKey()), 401, 'INVALID_API_KEY');
});

test('a request without any key, and one that a role refuses, are no failures', async () => {
  const address = newAddress();
  expect(new Set(await times(FAILURES_MAX + 2, () => callFrom(address, null)))).toEqual(new Set(['UNAUTHENTICATED']));
  const forbidden = () => api.call('GET', '/admins', { key: api.keys.viewer, headers: { 'X-Forwarded-For': address } });
  expect(new Set(await times(FAILURES_MAX + 2, forbidden))).toEqual(new Set(['FORBIDDEN_ROLE']));
  expectRefusal(await callFrom(address, unknownKey()), 401, 'INVALID_API_KEY');
});

test('the address is the one that the trusted proxy sends, and an IPv6 client is its network of 64 bits', async () => {
  const [address, network] = [newAddress(), '2001:db8:7:7'];
  let spoofed = 0;
  const codes = await times(FAILURES_MAX + 1, () => callFrom(`203.0.113.${spoofed++}, ${address}`, unknownKey()));
  expect(codes.at(-1)).toBe(LIMIT_CODE);
  let interface_id = 0;
  const of_network = await times(FAILURES_MAX + 1, () => callFrom(`${network}::${interface_id++}`, unknownKey()));
  expect(of_network.at(-1)).toBe(LIMIT_CODE);
  expect(clientNetwork(`${network}:1:2:3:4`)).toBe(`${network}::/64`);
  expect(clientNetwork('::ffff:192.0.2.7')).toBe('192.0.2.7');
  for (const address of ['192.0.2.7', '0.0.0.0', '255.255.255.255']) expect(clientNetwork(address)).toBe(address);
  for (const text of ['192.0.2.256', '192.0.2', '192.0.2.7.', '192.0.2.07', '1.2.3.4.5', 'x'])
    expect(clientNetwork(text)).toBe('unknown');
});

test('two API processes together answer exactly the limit in detail', async () => {
  const address = newAddress();
  const origin = await serve({ ...api.api, limitFailure: createLimit(api.api.log) });
  const failAt = async (url: string): Promise<number> => {
    const headers = { 'X-Forwarded-For': address, Authorization: `Bearer ${unknownKey()}` };
    return (await fetch(`${url}/api/v1/me`, { headers })).status;
  };
  const statuses = await Promise.all(Array.from({ length: 24 }, (_, call) => failAt(call % 2 ? origin : api.url)));
  expect(statuses.filter((status) => status === 401)).toHaveLength(FAILURES_MAX);
  expect(statuses.filter((status) => status === 429)).toHaveLength(24 - FAILURES_MAX);
});

test('the limit ends with the minute', async () => {
  const counter = createFailureCounter(api.api.db);
  const client = newAddress();
  for (let rank = 1; rank <= FAILURES_MAX; rank++) expect((await counter.count(client)).rank).toBe(rank);
  await api.sql`UPDATE failed_authentications SET minute = now() - interval '2 minutes' WHERE failures > 0`;
  const { rank, seconds_left } = await counter.count(client);
  expect(rank).toBe(1);
  expect(seconds_left).toBeGreaterThanOrEqual(1);
  expect(seconds_left).toBeLessThanOrEqual(60);
});

test('failures at the same moment share a statement, and each has its own place', async () => {
  const counter = createFailureCounter(api.api.db);
  const [first, second] = [newAddress(), newAddress()];
  let ranks: number[] = [];
  const statements = await statementsDuring(async () => {
    const calls = Array.from({ length: 200 }, (_, call) => counter.count(call % 2 ? first : second));
    ranks = (await Promise.all(calls)).map(({ rank }) => rank);
  });
  expect(statements.filter((text) => text.includes('INSERT INTO failed_authentications')).length).toBeLessThanOrEqual(
    2,
  );
  const in_order = Array.from({ length: 100 }, (_, index) => index + 1);
  for (const parity of [0, 1]) expect(ranks.filter((_, index) => index % 2 === parity)).toEqual(in_order);
});

test('a key that is not complete costs no look-up, and a client over the limit costs no statement for it', async () => {
  const address = newAddress();
  const fail = () => callFrom(address, 'cov_admin_short');
  const counting = await statementsDuring(fail);
  expect(counting).toHaveLength(1);
  expect(counting[0]).toContain('failed_authentications');
  await times(FAILURES_MAX, fail);
  expect(await statementsDuring(fail)).toEqual([]);
});

test('a failure that cannot be counted is answered as without a limit', async () => {
  const limit = createFailureLimit({
    counter: { count: () => Promise.reject(new Error('no database')), isFull: () => false },
    log: api.api.log,
    findRejection: () => Promise.reject(new Error('no database')),
  });
  const problem = { code: 'INVALID_API_KEY' } as never;
  const request = { headers: {}, socket: { remoteAddress: '192.0.2.1' }, get: () => `Bearer ${unknownKey()}` };
  expect(await limit(request as never, 'request', problem)).toBe(problem);
});

test('each failure is logged with its reason, and no line contains a key', async () => {
  const lines: string[] = [];
  const log = createLog('test', 'info', { write: (line: string) => void lines.push(line) });
  const origin = await serve({ ...api.api, log, limitFailure: createLimit(log) });
  const [revoked, disabled, other] = [
    await api.addAdmin('viewer'),
    await api.addAdmin('viewer'),
    await api.addAdmin('viewer'),
  ];
  await api.sql`UPDATE admin_api_keys SET revoked_at = now() WHERE admin_id = ${revoked.id}`;
  await api.sql`UPDATE admins SET status = 'disabled' WHERE id = ${disabled.id}`;
  const guessed = newApiKey('admin', randomFillSync);
  await api.sql`UPDATE admin_api_keys SET key_id = ${guessed.key_id} WHERE admin_id = ${other.id}`;
  const keys = {
    unknown: unknownKey(),
    wrong_secret: guessed.text,
    revoked: revoked.key,
    admin_disabled: disabled.key,
    API_KEY_TRUNCATED: api.keys.viewer.slice(0, -3),
    API_KEY_MISTYPED: api.keys.viewer.slice(0, -1) + (api.keys.viewer.endsWith('0') ? '1' : '0'),
    API_KEY_MALFORMED: 'password',
  };
  for (const key of Object.values(keys)) {
    const headers = { Authorization: `Bearer ${key}`, 'X-Forwarded-For': newAddress() };
    expect((await fetch(`${origin}/api/v1/me`, { headers })).status).toBe(401);
  }
  const refused = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'an API key was refused');
  expect(refused.map(({ reason }) => reason)).toEqual(Object.keys(keys));
  expect(refused[0]).toMatchObject({ client: expect.stringMatching(/^198\.51\.100\./), level: 40 });
  for (const key of Object.values(keys)) expect(lines.join('')).not.toContain(key);
});

test('counts of earlier hours are removed', async () => {
  await api.sql`UPDATE failed_authentications SET minute = now() - interval '2 hours' WHERE bucket < 10`;
  expect(await dropOldFailures(api.sql)).toBe(10);
});
