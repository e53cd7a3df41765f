/** Streamed responses, which are CSV files and progress streams: how many, for how long, and for whom. */
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { startTestApi } from '../harness/api';
import type { TestAdmin, TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import { expectRefusal } from '../harness/expect-refusal';
import { waitFor } from '../harness/stack';

const HOUR_MS = 3_600_000;

/** As CSV these are 20 MB, more than all buffers between a server and a client on this machine can hold. */
const FILE_LICENSES = 4_000;
const FEATURES_BYTES = 5_000;

const WAITING = { timeout_ms: 20_000, what: 'the stream to end' };

/** An API that checks keys again only after a notification of Postgres, and one with short limits. */
let api: TestApi;
let apiWithShortLimits: TestApi;
let file: string;
/** The report of the contract of `file`, with the same licenses. */
let report: string;
let hastyFile: string;
let progress: string;
let hastyProgress: string;

beforeAll(async () => {
  const max = { export: 2, progress: 2 };
  const per_admin_max = { export: 1, progress: 1 };
  [api, apiWithShortLimits] = await Promise.all([
    startTestApi({ streamLimits: { max, per_admin_max, access_check_ms: HOUR_MS } }),
    startTestApi({ streamLimits: { max, per_admin_max, access_check_ms: 1, stall_ms: 1 } }),
  ]);
  [[file, progress, report], [hastyFile, hastyProgress]] = await Promise.all([
    addStreams(api),
    addStreams(apiWithShortLimits),
  ]);
});

afterAll(() => Promise.all([api.close(), apiWithShortLimits.close()]));

/** Adds a job with a long file and a job that stays queued. Returns the paths of their streams, and of the report of their contract. */
async function addStreams(on: TestApi): Promise<[string, string, string]> {
  const contract = await addContract(on, await addCatalogue(on), { quota: 1_000 });
  const { body } = await on.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 1 } });
  await on.sql.begin(async (tx) => {
    const [job] = await tx<{ serial: string }[]>`
      UPDATE generation_jobs SET requested = ${FILE_LICENSES}, chunk_size = ${FILE_LICENSES} WHERE id = ${body.job_id} RETURNING serial`;
    await tx`UPDATE license_terms SET features = ${tx.json({ padding: 'x'.repeat(FEATURES_BYTES) })} WHERE contract_id = ${contract.id}`;
    await tx`UPDATE generation_chunks SET licenses = ${FILE_LICENSES} WHERE job_id = ${body.job_id}`;
    await tx`INSERT INTO licenses SELECT (${job?.serial ?? null}::bigint << 24) + n, 'STREAMED-' || n FROM generate_series(2, ${FILE_LICENSES}::int) n`;
  });
  const queued = await on.call('POST', `/contracts/${contract.id}/generate`, { body: { count: 100 } });
  return [
    `/jobs/${body.job_id}/licenses.csv`,
    `/jobs/${queued.body.job_id}/progress`,
    `/contracts/${contract.id}/report.csv`,
  ];
}

/** Opens a stream without reading from it. */
async function open(on: TestApi, path: string, key: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(`${on.url}/api/v1${path}`, { agent: false, headers: { Authorization: `Bearer ${key}` } }, resolve).once(
      'error',
      reject,
    );
  });
}

/** Reads a complete file and returns its number of lines. */
async function countLines(response: IncomingMessage): Promise<number> {
  return (await textOf(response)).split('\n').length - 1;
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const piece of response as AsyncIterable<string>) text += piece;
  return text;
}

/** Opens a stream as soon as the limit allows it: the server detects a disconnected client a moment later. */
async function openWhenFree(on: TestApi, path: string, { key }: TestAdmin): Promise<IncomingMessage> {
  let response: IncomingMessage | undefined;
  await waitFor(
    async () => {
      response = await open(on, path, key);
      if (response.statusCode !== 200) response.resume();
      return response.statusCode === 200;
    },
    { ...WAITING, what: 'a place to become free' },
  );
  if (response === undefined) throw new Error('there was no response');
  return response;
}

async function revokeKeysOf(on: TestApi, admin: TestAdmin): Promise<void> {
  const { body } = await on.call('GET', `/admins/${admin.id}/api-keys`);
  for (const { id } of body.data)
    expect((await on.call('DELETE', `/admins/${admin.id}/api-keys/${id}`)).status).toBe(204);
}

describe('the number of streams is limited', () => {
  test.each([
    ['export', () => file],
    ['progress', () => progress],
  ])(
    '%s: above the limit one admin gets 429, all admins together get 503, and a stream that ends makes space for another one',
    async (kind, path) => {
      const [first, second, third] = await Promise.all([0, 1, 2].map(() => api.addAdmin('operator')));
      if (!first || !second || !third) throw new Error('three admins are needed');
      const opened = await open(api, path(), first.key);
      expect(opened.statusCode).toBe(200);
      const own = await api.call('GET', path(), { key: first.key });
      expectRefusal(own, 429, 'TOO_MANY_STREAMS');
      expect([own.headers.get('retry-after'), own.body.metadata]).toEqual(['5', { kind, max: 1 }]);

      const other = await open(api, path(), second.key);
      const full = await api.call('GET', path(), { key: third.key });
      expectRefusal(full, 503, 'STREAMS_BUSY');
      expect([full.headers.get('retry-after'), full.body.metadata]).toEqual(['5', { kind, max: 2 }]);

      // A client that disconnects makes space for another stream.
      opened.destroy();
      const last = await openWhenFree(api, path(), third);
      other.destroy();
      last.destroy();
    },
  );

  test('a file that was read to its end no longer counts', async () => {
    const admin = await api.addAdmin('operator');
    for (let time = 0; time < 3; time++) {
      expect(await countLines(await openWhenFree(api, file, admin))).toBe(FILE_LICENSES + 1);
    }
  });

  test('a request that is refused, or requests only the headers, no longer counts', async () => {
    const admin = await api.addAdmin('operator');
    const unknown = '/jobs/0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f';
    for (const [headers, missing] of [
      [file, `${unknown}/licenses.csv`],
      [progress, `${unknown}/progress`],
    ] as const) {
      for (let time = 0; time < 3; time++) {
        expectRefusal(await api.call('GET', missing, { key: admin.key }), 404, 'NOT_FOUND');
        const head = await api.call('HEAD', headers, { key: admin.key });
        expect([head.status, head.text]).toEqual([200, '']);
      }
    }
  });

  test('an error in the middle of the file closes the connection, and the stream no longer counts', async () => {
    const admin = await api.addAdmin('operator');
    const response = await openWhenFree(api, file, admin);
    await api.sql`ALTER TABLE license_terms RENAME TO license_terms_away`;
    try {
      await expect(countLines(response)).rejects.toThrow('aborted');
    } finally {
      await api.sql`ALTER TABLE license_terms_away RENAME TO license_terms`;
    }
    (await openWhenFree(api, file, admin)).destroy();
  });
});

describe('a stream ends when its caller loses access', () => {
  const endings: [string, (admin: TestAdmin) => Promise<unknown>][] = [
    ['the key is revoked', (admin) => revokeKeysOf(api, admin)],
    ['the admin is disabled', (admin) => api.call('PATCH', `/admins/${admin.id}`, { body: { status: 'disabled' } })],
    [
      'the admin gets a lower role that may not read it',
      (admin) => api.call('PATCH', `/admins/${admin.id}`, { body: { role: 'viewer' } }),
    ],
  ];

  test.each(endings)('at once when %s, and no other stream ends', async (_what, end) => {
    const [leaving, staying] = await Promise.all([api.addAdmin('operator'), api.addAdmin('operator')]);
    const [download, followed, other] = await Promise.all([
      openWhenFree(api, file, leaving),
      openWhenFree(api, progress, leaving),
      openWhenFree(api, progress, staying),
    ]);
    let kept = '';
    other.setEncoding('utf8').on('data', (text: string) => (kept += text));
    await waitFor(async () => kept !== '', { ...WAITING, what: 'the first event' });
    await end(leaving);
    // The progress stream ends without the `end` event. An incomplete file is an error.
    expect(await textOf(followed)).not.toContain('event: end');
    await expect(countLines(download)).rejects.toThrow('aborted');
    expect(other.readableEnded || other.destroyed).toBe(false);
    other.destroy();
  });

  test('an edit that removes no permission ends no stream', async () => {
    const admin = await api.addAdmin('operator');
    const response = await openWhenFree(api, file, admin);
    for (const edit of [{ name: 'Another' }, { role: 'admin' }])
      expect((await api.call('PATCH', `/admins/${admin.id}`, { body: edit })).status).toBe(200);
    expect(await countLines(response)).toBe(FILE_LICENSES + 1);
  });

  test('a revocation without a notification is found by the next check', async () => {
    const admin = await apiWithShortLimits.addAdmin('operator');
    (await openWhenFree(apiWithShortLimits, hastyProgress, admin)).destroy();
    // A new LISTEN connection causes one check of all streams, which is not the check that this test is about.
    await waitFor(
      async () =>
        (
          await apiWithShortLimits.sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND query = 'listen "admin_access"' AND state = 'idle'`
        ).length > 0 ||
        (
          await apiWithShortLimits.sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'listen "job_progress"%' AND state = 'idle'`
        ).length > 0,
      { ...WAITING, what: 'the process to listen' },
    );
    const response = await openWhenFree(apiWithShortLimits, hastyProgress, admin);
    await apiWithShortLimits.sql`UPDATE admin_api_keys SET revoked_at = now() WHERE admin_id = ${admin.id}`;
    expect(await textOf(response)).not.toContain('event: end');
  });
});

describe('a client that reads slowly', () => {
  test('uses no connection to Postgres, and gets the complete file in the end', async () => {
    const admin = await api.addAdmin('operator');
    const response = await openWhenFree(api, file, admin);
    await waitFor(
      async () => {
        const busy = await api.sql`
          SELECT FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'covenant-test-api' AND (state <> 'idle' OR xact_start IS NOT NULL)`;
        return busy.length === 0;
      },
      { ...WAITING, what: 'the connections to be free' },
    );
    expect(response.readableEnded).toBe(false);
    expectRefusal(await api.call('GET', file, { key: admin.key }), 429, 'TOO_MANY_STREAMS');
    expect(await countLines(response)).toBe(FILE_LICENSES + 1);
  });

  test('makes the server read no further: the report has what changed while its reader stood still', async () => {
    const admin = await api.addAdmin('operator');
    const response = await openWhenFree(api, report, admin);
    // Without back-pressure the server would read all rows while it answers these requests.
    for (let request = 0; request < 300; request++) await api.call('GET', '//livez', { key: null });
    await api.sql`UPDATE licenses SET key = 'CHANGED-' || key WHERE key = ${`STREAMED-${FILE_LICENSES}`}`;
    const lines = (await textOf(response)).trimEnd().split('\n');
    expect([lines.length, lines.at(-1)?.split(',')[0]]).toEqual([
      FILE_LICENSES + 1,
      `CHANGED-STREAMED-${FILE_LICENSES}`,
    ]);
  });

  test('is disconnected when it reads nothing for too long, and its stream no longer counts', async () => {
    const admin = await apiWithShortLimits.addAdmin('operator');
    const response = await open(apiWithShortLimits, hastyFile, admin.key);
    expect(response.statusCode).toBe(200);
    (await openWhenFree(apiWithShortLimits, hastyFile, admin)).destroy();
    await expect(countLines(response)).rejects.toThrow('aborted');
  });
});
