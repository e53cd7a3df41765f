/** The scope of an Idempotency-Key: one caller with any of their API keys. */
import { createHash } from 'node:crypto';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract, contractBody } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';

/** A request with an idempotency key, which can be sent repeatedly with different API keys. */
type Repeatable = (key: string) => Promise<ApiAnswer>;

interface Person {
  id: string;
  key: string;
}

let api: TestApi;
let catalogue: TestCatalogue;
let created_count = 0;

beforeAll(async () => {
  api = await startTestApi({ worker: true });
  catalogue = await addCatalogue(api);
});
afterAll(() => api.close());

async function addKey(admin_id: string): Promise<string> {
  return (await api.call('POST', `/admins/${admin_id}/api-keys`)).body.key;
}

async function apiKeyId(key: string): Promise<string> {
  return (await api.call('GET', '/me', { key })).body.api_key_id;
}

async function revoke(admin_id: string, key: string): Promise<void> {
  const answer = await api.call('DELETE', `/admins/${admin_id}/api-keys/${await apiKeyId(key)}`);
  expect(answer.status).toBe(204);
}

function repeatable(path: string, body: unknown): Repeatable {
  const headers = { 'Idempotency-Key': `repeat-${++created_count}` };
  return (key) => api.call('POST', path, { key, body, headers });
}

/** Requests whose first responses are stored in different places. Each has its own contract. */
const REPEATABLE: Record<string, () => Promise<Repeatable>> = {
  'the creation of a contract': async () => repeatable('/contracts', contractBody(catalogue)),
  'a command on a contract': async () => {
    const { id } = await addContract(api, catalogue);
    return repeatable(`/contracts/${id}/pause`, { note: 'For a while.' });
  },
  'a request for licenses': async () => {
    const { id } = await addContract(api, catalogue);
    return repeatable(`/contracts/${id}/generate`, { count: 2 });
  },
};

function isReplayed(answer: ApiAnswer): boolean {
  return answer.headers.get('idempotent-replayed') === 'true';
}

describe.each(Object.entries(REPEATABLE))('%s', (_name, prepare) => {
  let person: Person;
  let send: Repeatable;
  let first: ApiAnswer;

  beforeEach(async () => {
    person = await api.addAdmin('admin');
    send = await prepare();
    first = await send(person.key);
    expect([first.status < 300, isReplayed(first)]).toEqual([true, false]);
  });

  test('gets the first response after the caller rotates the API key, and the old key is rejected', async () => {
    const rotated = await addKey(person.id);
    await revoke(person.id, person.key);
    const again = await send(rotated);
    expect([again.status, isReplayed(again), again.body]).toEqual([first.status, true, first.body]);
    expectRefusal(await send(person.key), 401, 'INVALID_API_KEY');
  });

  test('gets no response for a caller whose role no longer allows it', async () => {
    await api.call('PATCH', `/admins/${person.id}`, { body: { role: 'operator' } });
    expectRefusal(await send(person.key), 403, 'FORBIDDEN_ROLE');
  });
});

test('the same idempotency key of another admin is another request', async () => {
  const send = repeatable('/contracts', contractBody(catalogue));
  const [one, other] = [await api.addAdmin('admin'), await api.addAdmin('admin')];
  const [first, second] = [await send(one.key), await send(other.key)];
  expect([first.status, second.status, isReplayed(second)]).toEqual([201, 201, false]);
  expect(second.body.id).not.toBe(first.body.id);
});

test('the same idempotency key of another admin is another command', async () => {
  const { id } = await addContract(api, catalogue);
  const pause = repeatable(`/contracts/${id}/pause`, {});
  const [one, other] = [await api.addAdmin('admin'), await api.addAdmin('admin')];
  await pause(one.key);
  await api.call('POST', `/contracts/${id}/resume`);
  expect(isReplayed(await pause(other.key))).toBe(false);
  expect((await api.call('GET', `/contracts/${id}`)).body.state).toBe('PAUSED');
});

describe('a response stored by an older version, with a scope for each API key', () => {
  test('is replayed for a repeated write', async () => {
    const person = await api.addAdmin('admin');
    const send = repeatable('/contracts', contractBody(catalogue));
    const first = await send(person.key);
    const scope = `${await apiKeyId(person.key)} post /api/v1/contracts`;
    const moved = await api.sql`
      UPDATE idempotency_keys SET scope = ${scope} WHERE scope = ${`admin ${person.id} createContract`}`;
    expect(moved.count).toBe(1);
    const again = await send(person.key);
    expect([again.status, isReplayed(again), again.body]).toEqual([201, true, first.body]);
  });

  test('is replayed for a repeated command', async () => {
    const person = await api.addAdmin('admin');
    const { id } = await addContract(api, catalogue);
    const send = repeatable(`/contracts/${id}/pause`, {});
    await send(person.key);
    const text = `${await apiKeyId(person.key)} post /api/v1/contracts/:id/pause repeat-${created_count}`;
    await api.sql`
      UPDATE contract_commands SET command_id = ${createHash('sha256').update(text).digest('hex')} WHERE contract_id = ${id}`;
    await api.call('POST', `/contracts/${id}/resume`);
    expect(isReplayed(await send(person.key))).toBe(true);
    expect((await api.call('GET', `/contracts/${id}`)).body.state).toBe('ACTIVE');
  });
});
