/**
 * Generation jobs over HTTP: read, follow, cancel and resume.
 */
import { ANONYMOUS } from '../../domain/access/caller';
import { setMaxListeners } from 'node:events';
import { followedJobs } from '../../api/generation/generation-job-presenter';
import { createProgressFeed } from '../../api/http/progress-feed';
import type { ProgressFeed } from '../../api/http/progress-feed';
import { findJob } from '../../db/generation/generation-job';
import { PROGRESS_CHANNEL } from '../../db/generation/job-state';
import { startTestApi } from '../harness/api';
import type { ApiAnswer, TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';
import { waitFor } from '../harness/stack';

/** Long enough for a busy machine. */
const WAITING = { timeout_ms: 20_000, what: 'the job to go on' };

const UNKNOWN_ID = '0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';

/** An API with a worker, and one without, whose jobs stay queued. */
let api: TestApi;
let apiWithoutWorker: TestApi;
let catalogue: TestCatalogue;
let idleCatalogue: TestCatalogue;

beforeAll(async () => {
  [api, apiWithoutWorker] = await Promise.all([startTestApi({ worker: true }), startTestApi()]);
  [catalogue, idleCatalogue] = await Promise.all([addCatalogue(api), addCatalogue(apiWithoutWorker)]);
});

afterAll(() => Promise.all([api.close(), apiWithoutWorker.close()]));

type Job = any;

async function requestJob(on: TestApi, count: number, contract: { id: string }): Promise<string> {
  const answer = await on.call('POST', `/contracts/${contract.id}/generate`, { body: { count } });
  expect(answer.status).toBe(202);
  return answer.body.job_id;
}

async function jobOf(on: TestApi, id: string): Promise<Job> {
  return (await on.call('GET', `/jobs/${id}`, { key: on.keys.operator })).body;
}

/** Follows the progress stream to its end and returns its messages. */
async function follow(on: TestApi, id: string): Promise<{ type: string; job: Job }[]> {
  const response = await fetch(`${on.url}/api/v1/jobs/${id}/progress`, {
    headers: { Authorization: `Bearer ${on.keys.operator}` },
  });
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  return messagesIn(await response.text());
}

function messagesIn(text: string): { type: string; job: Job }[] {
  return text
    .split('\n\n')
    .filter((message) => message !== '')
    .map((message) => {
      const [, type, data] = /^event: (\w+)\ndata: (.*)$/.exec(message) ?? [];
      return { type: String(type), job: JSON.parse(String(data)) };
    });
}

function quotaOf(on: TestApi, id: string): Promise<ApiAnswer> {
  return on.call('GET', `/contracts/${id}`);
}

describe('reading', () => {
  test('a finished job has every license, its times and no errors', async () => {
    const contract = await addContract(api, catalogue, { quota: 2000, name: 'Black Friday' });
    const id = await requestJob(api, 2000, contract);
    const last = (await follow(api, id)).at(-1);
    expect(last?.type).toBe('end');
    const job = await jobOf(api, id);
    // All followers of a job get the same event, whatever their permissions. An operator has no permitted action.
    const { allowed_actions, ...shown } = job;
    expect(shown).toEqual(last?.job);
    expect(allowed_actions).toEqual({ cancel: { code: 'FORBIDDEN_ROLE' }, resume: { code: 'FORBIDDEN_ROLE' } });
    expect(job).toMatchObject({
      contract_id: contract.id,
      contract_name: 'Black Friday',
      environment: 'production',
      execution: 'background',
      state: 'SUCCEEDED',
      requested: 2000,
      completed: 2000,
      failed: 0,
      percent: 100,
      eta: null,
      errors: [],
      channel: 'ui',
      actor: { type: 'user', id: api.admins.super_admin.id, name: api.admins.super_admin.name },
      workflow_id: `generation-job:${id}`,
    });
    expect(Date.parse(job.finished_at)).toBeGreaterThanOrEqual(Date.parse(job.started_at));
    const [row] = await api.sql`
      SELECT count(*)::int, min(ordinal)::int, max(ordinal)::int, count(DISTINCT ordinal)::int AS ordinals FROM issued_licenses WHERE job_id = ${id}`;
    expect({ ...row }).toEqual({ count: 2000, min: 1, max: 2000, ordinals: 2000 });
  });

  test('the list is the generation history of a contract, newest first, including inline requests', async () => {
    const contract = await addContract(apiWithoutWorker, idleCatalogue);
    await apiWithoutWorker.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 3 } });
    const queued = await requestJob(apiWithoutWorker, 100, contract);
    const list = await apiWithoutWorker.call('GET', `/jobs?contract_id=${contract.id}`, {
      key: apiWithoutWorker.keys.operator,
    });
    expect(list.body.data.map((job: Job) => [job.execution, job.state, job.requested])).toEqual([
      ['background', 'QUEUED', 100],
      ['inline', 'SUCCEEDED', 3],
    ]);
    const filtered = await apiWithoutWorker.call('GET', `/jobs?contract_id=${contract.id}&state=QUEUED`);
    expect(filtered.body.data.map((job: Job) => job.id)).toEqual([queued]);
    const first = await apiWithoutWorker.call('GET', `/jobs?contract_id=${contract.id}&limit=1`);
    const second = await apiWithoutWorker.call(
      'GET',
      `/jobs?contract_id=${contract.id}&limit=1&cursor=${first.body.next_cursor}`,
    );
    expect([first.body.data[0].id, second.body.data[0].requested, second.body.next_cursor]).toEqual([queued, 3, null]);
  });

  test('a list shows only its environment', async () => {
    const staging = await addCatalogue(apiWithoutWorker, { environment: 'staging' });
    const contract = await addContract(apiWithoutWorker, staging);
    const id = await requestJob(apiWithoutWorker, 100, contract);
    const idsIn = async (query: string) =>
      (await apiWithoutWorker.call('GET', `/jobs?limit=100${query}`)).body.data.map((job: Job) => job.id);
    expect(await idsIn('')).not.toContain(id);
    expect(await idsIn('&environment=staging')).toEqual([id]);
    expect(await idsIn(`&contract_id=${contract.id}`)).toEqual([id]);
    expect(await idsIn(`&contract_id=${contract.id}&environment=production`)).toEqual([]);
  });

  test('an unknown job is 404 on every path, and viewers cannot read jobs', async () => {
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/progress'],
      ['POST', '/cancel'],
      ['POST', '/resume'],
    ] as const) {
      expectRefusal(await apiWithoutWorker.call(method, `/jobs/${UNKNOWN_ID}${path}`), 404, 'NOT_FOUND');
      expectRefusal(
        await apiWithoutWorker.call(method, `/jobs/${UNKNOWN_ID}${path}`, { key: apiWithoutWorker.keys.viewer }),
        403,
        'FORBIDDEN_ROLE',
      );
    }
    expectRefusal(
      await apiWithoutWorker.call('GET', '/jobs', { key: apiWithoutWorker.keys.viewer }),
      403,
      'FORBIDDEN_ROLE',
    );
  });
});

describe('following', () => {
  test('the stream starts with the current job, sends its progress and ends with the finished job', async () => {
    const contract = await addContract(api, catalogue, { quota: 20_000 });
    const id = await requestJob(api, 20_000, contract);
    const messages = await follow(api, id);
    expect(messages.slice(0, -1).every((message) => message.type === 'progress')).toBe(true);
    expect(messages.at(-1)).toMatchObject({ type: 'end', job: { state: 'SUCCEEDED', completed: 20_000 } });
    const completed = messages.map((message) => message.job.completed as number);
    expect(completed).toEqual([...completed].sort((a, b) => a - b));
  });

  test('the stream of a finished job has only the end event', async () => {
    const contract = await addContract(api, catalogue);
    const inline = await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 1 } });
    expect(await follow(api, inline.body.job_id)).toMatchObject([
      { type: 'end', job: { state: 'SUCCEEDED', completed: 1 } },
    ]);
  });

  test('every follower gets a change, and a disconnected follower is removed', async () => {
    const contract = await addContract(apiWithoutWorker, idleCatalogue);
    const id = await requestJob(apiWithoutWorker, 100, contract);
    const leaving = new AbortController();
    const disconnected = await fetch(`${apiWithoutWorker.url}/api/v1/jobs/${id}/progress`, {
      headers: { Authorization: `Bearer ${apiWithoutWorker.keys.operator}` },
      signal: leaving.signal,
    });
    const staying = await fetch(`${apiWithoutWorker.url}/api/v1/jobs/${id}/progress`, {
      headers: { Authorization: `Bearer ${apiWithoutWorker.keys.operator}` },
    });
    const reader = staying.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect(messagesIn((await reader?.read())?.value ?? '')).toMatchObject([
      { type: 'progress', job: { state: 'QUEUED' } },
    ]);
    leaving.abort();
    await expect(disconnected.text()).rejects.toThrow();

    await apiWithoutWorker.call('POST', `/jobs/${id}/cancel`);
    // The state can be sent once more before: a new LISTEN connection causes one read of every job.
    let received = '';
    while (!received.includes('"CANCELLING"')) {
      const { value, done } = (await reader?.read()) ?? { done: true };
      if (done) break;
      received += value;
    }
    expect(messagesIn(received).at(-1)).toMatchObject({ type: 'progress', job: { state: 'CANCELLING' } });
    await reader?.cancel();
    // Disconnected followers use no connection: the pool still serves more requests than it has connections.
    const answers = await Promise.all(Array.from({ length: 30 }, () => apiWithoutWorker.call('GET', `/jobs/${id}`)));
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
  });

  describe('many followers of one job', () => {
    const FOLLOWERS = 50;

    /** A progress feed with the real database that counts the reads of the job. */
    function countingFeed(heartbeat_ms = 60_000): {
      feed: ProgressFeed;
      reads: () => number;
      listening: Promise<void>;
    } {
      let reads = 0;
      let resolveListening: () => void = () => undefined;
      const listening = new Promise<void>((resolve) => (resolveListening = resolve));
      const feed = createProgressFeed({
        ...followedJobs(apiWithoutWorker.api.db),
        listen: (channel, onNotify, onListen) =>
          apiWithoutWorker.api.db.listen(channel, onNotify, () => {
            onListen?.();
            resolveListening();
          }),
        readJob: (id) => {
          reads += 1;
          return findJob(apiWithoutWorker.api.db, id);
        },
        clock: apiWithoutWorker.api.clock,
        heartbeat_ms,
      });
      return { feed, reads: () => reads, listening };
    }

    async function nextOf(events: AsyncGenerator<string>): Promise<string> {
      return String((await events.next()).value);
    }

    test('cause one read for each change, and all get the change', async () => {
      const id = await requestJob(apiWithoutWorker, 100, await addContract(apiWithoutWorker, idleCatalogue));
      const { feed, reads, listening } = countingFeed();
      const over = new AbortController();
      setMaxListeners(FOLLOWERS, over.signal);
      const followers = Array.from({ length: FOLLOWERS }, () => feed.follow(id, over.signal, ANONYMOUS));
      const first = await Promise.all(followers.map(nextOf));
      expect(first.every((event) => event.includes('"state":"QUEUED"'))).toBe(true);
      await listening;
      await apiWithoutWorker.call('POST', `/jobs/${id}/cancel`);
      const second = await Promise.all(followers.map(nextOf));
      expect(second.every((event) => event.includes('"state":"CANCELLING"'))).toBe(true);
      // One read for the first follower, one for those who joined, one for the new connection and one for the change.
      expect(reads()).toBeLessThanOrEqual(4);
      over.abort();
      expect(await Promise.all(followers.map(async (events) => (await events.next()).done))).toEqual(
        Array.from({ length: FOLLOWERS }, () => true),
      );
    });

    test('a slow follower skips states and gets the newest one', async () => {
      const id = await requestJob(apiWithoutWorker, 100, await addContract(apiWithoutWorker, idleCatalogue));
      const { feed } = countingFeed();
      const over = new AbortController();
      const [slow, quick] = [feed.follow(id, over.signal, ANONYMOUS), feed.follow(id, over.signal, ANONYMOUS)];
      await Promise.all([slow, quick].map(nextOf));
      for (const state of ['RUNNING', 'CANCELLING']) {
        await apiWithoutWorker.sql`UPDATE generation_jobs SET state = ${state} WHERE id = ${id}`;
        await apiWithoutWorker.sql.notify(PROGRESS_CHANNEL, `${id}!`);
        expect(await nextOf(quick)).toContain(`"state":"${state}"`);
      }
      expect(await nextOf(slow)).toContain('"state":"CANCELLING"');
      over.abort();
    });

    test('a job without notifications is read again after the interval, and a comment is sent when nothing changed', async () => {
      const id = await requestJob(apiWithoutWorker, 100, await addContract(apiWithoutWorker, idleCatalogue));
      const { feed } = countingFeed(1);
      const over = new AbortController();
      const events = feed.follow(id, over.signal, ANONYMOUS);
      await nextOf(events);
      expect(await nextOf(events)).toMatch(/^: .*\n\n$/);
      await apiWithoutWorker.sql`UPDATE generation_jobs SET state = 'CANCELLING' WHERE id = ${id}`;
      for (let event = ''; !event.includes('"state":"CANCELLING"');) event = await nextOf(events);
      over.abort();
    });

    test('are all closed when the job cannot be read', async () => {
      const feed = createProgressFeed({
        ...followedJobs(apiWithoutWorker.api.db),
        listen: (channel, onNotify) => apiWithoutWorker.api.db.listen(channel, onNotify),
        readJob: () => Promise.reject(new Error('the database is gone')),
        clock: apiWithoutWorker.api.clock,
        heartbeat_ms: 60_000,
      });
      const { signal } = new AbortController();
      const followers = Array.from({ length: 2 }, () => feed.follow(UNKNOWN_ID, signal, ANONYMOUS).next());
      for (const follower of followers) await expect(follower).rejects.toThrow('the database is gone');
    });
  });

  test('HEAD of a stream responds with its headers and does not stay open', async () => {
    const contract = await addContract(apiWithoutWorker, idleCatalogue);
    const id = await requestJob(apiWithoutWorker, 100, contract);
    const response = await fetch(`${apiWithoutWorker.url}/api/v1/jobs/${id}/progress`, {
      method: 'HEAD',
      headers: { Authorization: `Bearer ${apiWithoutWorker.keys.operator}` },
    });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
  });
});

describe('cancelling', () => {
  test('a job that generated nothing returns its complete reservation', async () => {
    const contract = await addContract(api, catalogue, { quota: 1_000_000 });
    const id = await requestJob(api, 1_000_000, contract);
    const cancelled = await api.call('POST', `/jobs/${id}/cancel`, { headers: { 'X-Request-Id': 'enough' } });
    expect(cancelled.body.state).toBe('CANCELLING');
    const job = (await follow(api, id)).at(-1)?.job;
    expect(job).toMatchObject({ state: 'CANCELLED', failed: 0 });
    expect(job.completed).toBeLessThan(1_000_000);
    expect((await quotaOf(api, contract.id)).body.quota).toMatchObject({
      generated: job.completed,
      reserved: 0,
      remaining: 1_000_000 - job.completed,
    });
    const [row] = await api.sql`SELECT count(*)::int FROM issued_licenses WHERE job_id = ${id}`;
    expect(row?.['count']).toBe(job.completed);
    const [audit] =
      await api.sql`SELECT request_id, actor FROM audit_events WHERE subject_id = ${id} AND action = 'job.cancel_requested'`;
    expect(audit).toMatchObject({ request_id: 'enough', actor: { id: api.admins.super_admin.id } });
    expectRefusal(await api.call('POST', `/jobs/${id}/cancel`), 409, 'JOB_ALREADY_FINISHED');
    expectRefusal(await api.call('POST', `/jobs/${id}/resume`), 409, 'JOB_NOT_RESUMABLE');
  });

  test('cancelling twice is one cancellation, with or without a key', async () => {
    const contract = await addContract(apiWithoutWorker, idleCatalogue);
    const id = await requestJob(apiWithoutWorker, 100, contract);
    const headers = { 'Idempotency-Key': 'cancel-1' };
    const first = await apiWithoutWorker.call('POST', `/jobs/${id}/cancel`, { headers });
    const again = await apiWithoutWorker.call('POST', `/jobs/${id}/cancel`, { headers });
    expect([again.body, again.headers.get('idempotent-replayed')]).toEqual([first.body, 'true']);
    expect((await apiWithoutWorker.call('POST', `/jobs/${id}/cancel`)).body.state).toBe('CANCELLING');
    const rows =
      await apiWithoutWorker.sql`SELECT FROM audit_events WHERE subject_id = ${id} AND action = 'job.cancel_requested'`;
    expect(rows).toHaveLength(1);
    const other = await requestJob(apiWithoutWorker, 100, contract);
    expectRefusal(
      await apiWithoutWorker.call('POST', `/jobs/${other}/cancel`, { headers }),
      422,
      'IDEMPOTENCY_KEY_REUSED',
    );
  });

  test('operators can read, but not cancel or resume; a body is refused', async () => {
    const contract = await addContract(apiWithoutWorker, idleCatalogue);
    const id = await requestJob(apiWithoutWorker, 100, contract);
    for (const action of ['cancel', 'resume']) {
      expectRefusal(
        await apiWithoutWorker.call('POST', `/jobs/${id}/${action}`, { key: apiWithoutWorker.keys.operator }),
        403,
        'FORBIDDEN_ROLE',
      );
      expectRefusal(
        await apiWithoutWorker.call('POST', `/jobs/${id}/${action}`, { body: { force: true } }),
        422,
        'VALIDATION_FAILED',
      );
    }
  });
});

describe('resuming', () => {
  /** Changes a finished job into one whose second chunk failed. */
  async function failSecondChunk(id: string, contract_id: string): Promise<number> {
    const [job] = await api.sql<
      { serial: string; chunk_size: number }[]
    >`SELECT serial, chunk_size FROM generation_jobs WHERE id = ${id}`;
    const size = Number(job?.chunk_size);
    const first = (BigInt(job?.serial ?? 0) << 24n) + BigInt(size + 1);
    await api.sql`DELETE FROM licenses WHERE id BETWEEN ${first.toString()} AND ${(first + BigInt(size - 1)).toString()}`;
    await api.sql`DELETE FROM generation_chunks WHERE job_id = ${id} AND chunk_no = 1`;
    const errors = [{ ordinal_from: size + 1, ordinal_to: 2 * size, code: 'CHUNK_FAILED' }];
    await api.sql`UPDATE generation_jobs SET state = 'PARTIAL', errors = ${api.sql.json(errors)} WHERE id = ${id}`;
    await api.sql`UPDATE contract_quotas SET claimed = claimed - ${size}, thresholds_reached = 0 WHERE contract_id = ${contract_id}`;
    return size;
  }

  test('a partial job shows what failed, and resuming generates exactly what is missing', async () => {
    const contract = await addContract(api, catalogue, { quota: 400 });
    const id = await requestJob(api, 400, contract);
    await follow(api, id);
    const missing = await failSecondChunk(id, contract.id);
    expect(await jobOf(api, id)).toMatchObject({
      state: 'PARTIAL',
      completed: 400 - missing,
      failed: missing,
      percent: Math.floor((100 * (400 - missing)) / 400),
    });

    const kept = await api.sql`SELECT key FROM issued_licenses WHERE job_id = ${id} ORDER BY id`;
    const resumed = await api.call('POST', `/jobs/${id}/resume`);
    expect(resumed.body).toMatchObject({ state: 'QUEUED', errors: [], finished_at: null });
    expect((await quotaOf(api, contract.id)).body.quota.remaining).toBe(0);
    await waitFor(async () => (await jobOf(api, id)).state === 'SUCCEEDED', WAITING);
    const all = await api.sql`SELECT key, ordinal::int FROM issued_licenses WHERE job_id = ${id} ORDER BY id`;
    expect(all.map((row) => row['ordinal'])).toEqual(Array.from({ length: 400 }, (_none, index) => index + 1));
    const keys = new Set(all.map((row) => row['key']));
    expect(kept.every((row) => keys.has(row['key']))).toBe(true);
    expectRefusal(await api.call('POST', `/jobs/${id}/resume`), 409, 'JOB_NOT_RESUMABLE');
  });

  test('a job of a contract that has ended cannot be resumed, and keeps its state', async () => {
    const contract = await addContract(api, catalogue, { quota: 400 });
    const id = await requestJob(api, 400, contract);
    await follow(api, id);
    await failSecondChunk(id, contract.id);
    await api.call('POST', `/contracts/${contract.id}/pause`);
    const deleted = await api.call('DELETE', `/contracts/${contract.id}`, { body: { confirm_name: contract.name } });
    expect(deleted.status).toBe(204);
    expectRefusal(await api.call('POST', `/jobs/${id}/resume`), 410, 'CONTRACT_DELETED');
    expect((await jobOf(api, id)).state).toBe('PARTIAL');
  });

  test('without quota for the missing licenses it is refused, and the job does not change', async () => {
    const contract = await addContract(api, catalogue, { quota: 300 });
    const id = await requestJob(api, 300, contract);
    await follow(api, id);
    const missing = await failSecondChunk(id, contract.id);
    await api.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 1 } });
    const answer = await api.call('POST', `/jobs/${id}/resume`);
    expectRefusal(answer, 409, 'QUOTA_EXCEEDED');
    expect(answer.body.metadata).toMatchObject({ requested: missing, remaining: missing - 1 });
    expect((await jobOf(api, id)).state).toBe('PARTIAL');
  });

  test('a running job cannot be resumed', async () => {
    const contract = await addContract(apiWithoutWorker, idleCatalogue);
    const id = await requestJob(apiWithoutWorker, 100, contract);
    expectRefusal(await apiWithoutWorker.call('POST', `/jobs/${id}/resume`), 409, 'JOB_NOT_RESUMABLE');
  });
});

describe('while the contract is paused', () => {
  test('a job pauses at the next chunk, keeps its reservation, and continues when the contract resumes', async () => {
    const contract = await addContract(api, catalogue, { quota: 1_000_000 });
    const id = await requestJob(api, 200_000, contract);
    await api.call('POST', `/contracts/${contract.id}/pause`);
    await waitFor(async () => (await jobOf(api, id)).state === 'PAUSED', WAITING);
    const paused = await jobOf(api, id);
    const quota = (await quotaOf(api, contract.id)).body.quota;
    expect(quota).toMatchObject({ generated: paused.completed, reserved: 200_000 - paused.completed });
    expectRefusal(
      await api.call('DELETE', `/contracts/${contract.id}`, { body: { confirm_name: contract.name } }),
      409,
      'CONTRACT_HAS_OPEN_JOB',
    );
    expectRefusal(await api.call('POST', `/jobs/${id}/resume`), 409, 'JOB_NOT_RESUMABLE');
    await api.call('POST', `/contracts/${contract.id}/resume`);
    expect((await follow(api, id)).at(-1)?.job).toMatchObject({ state: 'SUCCEEDED', completed: 200_000 });
  });
});
