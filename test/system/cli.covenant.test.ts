/**
 * The command line of operators, run as they run it: a separate process with real servers.
 */
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { checkApi } from '../../cli/doctor-api';
import { parseApiKey } from '../../domain/access/api-key';
import type { ApiKey } from '../../domain/access/api-key';
import { authenticate } from '../../transactions/access/authenticate';
import { openDatabase } from '../../db/base/database';
import { findInstallationId } from '../../db/system/installation';
import { SEARCH_ATTRIBUTES } from '../../workflows/search-attributes';
import { startTestApi } from '../harness/api';
import { findWithDoctor, runCovenant, parseFindings } from '../harness/covenant-command';
import { buildEndpoint } from '../harness/webhook-rows';
import { createTestDatabase, type TestDatabase } from '../harness/database';
import { startMailServer } from '../harness/mail-server';
import { buildNotification, buildRecipient } from '../harness/notifications';
import { makeRunDirectory } from '../harness/run-directory';
import { startRefusingProxy } from '../harness/refusing-proxy';
import { connectTestTemporal, makeNamespace, uniqueTaskQueue, type TestTemporal } from '../harness/temporal';

const PEPPER = 'a pepper for the tests of the command line';

jest.setTimeout(120_000);

let directory: string;
let database: TestDatabase;
let temporal: TestTemporal;

beforeAll(async () => {
  directory = makeRunDirectory('cli');
  [database, temporal] = await Promise.all([createTestDatabase(), connectTestTemporal()]);
});
afterAll(async () => {
  await Promise.all([database.drop(), temporal.close()]);
  rmSync(directory, { recursive: true, force: true });
});

function settings(more: Record<string, string> = {}): Record<string, string> {
  return {
    DATABASE_URL: database.url,
    COVENANT_KEY_PEPPER: PEPPER,
    TEMPORAL_ADDRESS: temporal.address,
    // No server listens on this port.
    COVENANT_PUBLIC_URL: 'http://127.0.0.1:9',
    ...more,
  };
}

test('migrate creates the schema of an empty database, and finds nothing to do the second time', async () => {
  const url = new URL(database.url);
  url.pathname = `${url.pathname}_empty`;
  await database.sql.unsafe(`CREATE DATABASE ${url.pathname.slice(1)} TEMPLATE template0`);
  try {
    const first = await runCovenant(['migrate'], settings({ DATABASE_URL: url.href }));
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('Applied 001 foundation.') as string });
    const second = await runCovenant(['migrate'], settings({ DATABASE_URL: url.href }));
    expect(second).toEqual({ code: 0, stdout: 'The database already has the current schema.\n', stderr: '' });
    const migrated = openDatabase(url.href, { max: 1, application_name: 'covenant-test' });
    expect(await migrated`SELECT FROM licenses`).toHaveLength(0);
    await migrated.end();
  } finally {
    await database.sql.unsafe(`DROP DATABASE ${url.pathname.slice(1)} WITH (FORCE)`);
  }
});

test('admin create prints only the key, once, and the API accepts the key', async () => {
  const args = ['admin', 'create', '--email', 'ada@example.com', '--name', 'Ada', '--role', 'operator'];
  const ran = await runCovenant(args, settings());
  expect(ran.code).toBe(0);
  const key = ran.stdout.trim();
  expect(await authenticate(database.sql, parseApiKey(key) as ApiKey, PEPPER, new Date().toISOString())).toMatchObject({
    email: 'ada@example.com',
    name: 'Ada',
    role: 'operator',
  });
  const [secret] = key.split('_').slice(-1);
  expect(ran.stderr).not.toContain(secret);
  const audit = await database.sql<{ action: string }[]>`SELECT action FROM audit_events ORDER BY id`;
  expect(audit.map(({ action }) => action)).toEqual(['admin.created', 'admin.key_created']);
});

test('admin create refuses an address that exists, in any letter case, and writes nothing', async () => {
  const create = (email: string) =>
    runCovenant(['admin', 'create', '--email', email, '--name', 'Bob', '--role', 'viewer'], settings());
  expect((await create('bob@example.com')).code).toBe(0);
  const counts = () => database.sql`
    SELECT (SELECT count(*) FROM admins) AS admins, (SELECT count(*) FROM admin_api_keys) AS keys,
           (SELECT count(*) FROM audit_events) AS audit`;
  const before = await counts();
  const again = await create('BOB@example.com');
  expect(again).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('already exists') as string,
  });
  expect(await counts()).toEqual(before);
});

test.each([
  [['admin', 'create', '--email', 'no address', '--name', 'A', '--role', 'admin'], 'e-mail address'],
  [['admin', 'create', '--email', 'a@example.com', '--name', ' ', '--role', 'admin'], '1 to 200 characters'],
  [
    ['admin', 'create', '--email', 'a@example.com', '--name', '\u200b', '--role', 'admin'],
    'at least one of them visible',
  ],
  [['admin', 'create', '--email', 'a@example.com', '--name', 'a\u202eb', '--role', 'admin'], 'direction controls'],
  [
    ['admin', 'create', '--email', 'a@example.com', '--name', 'A', '--role', 'king'],
    'super_admin, admin, operator, viewer',
  ],
  [['admin', 'create', '--name', 'A', '--role', 'admin'], '--email'],
  [['grate'], 'unknown command'],
])('covenant %j prints what is wrong with its arguments, and exits with 1', async (args, sentence) => {
  const ran = await runCovenant(args, settings());
  expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(sentence) as string });
});

test('a command without settings names each missing setting and where it can come from', async () => {
  const ran = await runCovenant(['migrate']);
  expect(ran.code).toBe(1);
  for (const part of ['DATABASE_URL is not set', 'COVENANT_KEY_PEPPER is not set', 'npm run dev']) {
    expect(ran.stderr).toContain(part);
  }
  expect(ran.stderr).not.toContain('    at ');
});

test('an unreachable database is reported as a sentence without a stack', async () => {
  const ran = await runCovenant(['migrate'], settings({ DATABASE_URL: 'postgres://user:secret@127.0.0.1:9/none' }));
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(
    /^Postgres cannot be reached \(.*\)\. Check DATABASE_URL, and check that the server runs\.\n$/,
  );
  expect(ran.stderr).not.toContain('secret');
});

test('search-attributes adds what a namespace lacks, once, and the doctor reports it', async () => {
  const namespace = await makeNamespace(temporal);
  const own = settings({
    TEMPORAL_NAMESPACE: namespace,
    TEMPORAL_TASK_QUEUE_PREFIX: uniqueTaskQueue('q').slice(0, 40),
  });

  const before = await findWithDoctor(own);
  expect(before.get('search attributes')).toMatchObject({
    verdict: 'wrong',
    detail: expect.stringContaining('JobProgress') as string,
  });
  expect(before.get('sweep')).toMatchObject({
    verdict: 'wrong',
    remedy: expect.stringContaining('covenant search-attributes') as string,
  });

  const first = await runCovenant(['search-attributes'], own);
  expect(first.code).toBe(0);
  for (const { name } of SEARCH_ATTRIBUTES) expect(first.stdout).toContain(`added the search attribute ${name}\n`);
  expect(first.stdout).toContain('added the schedule of the sweep');
  const second = await runCovenant(['search-attributes'], own);
  expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing was missing') as string });

  const after = await findWithDoctor(own);
  expect(after.get('search attributes')).toMatchObject({ verdict: 'ok' });
  expect(after.get('sweep')?.verdict).not.toBe('wrong');
});

test.each(['PERMISSION_DENIED', 'UNIMPLEMENTED'] as const)(
  'search-attributes reports what it could not do when the server responds with %s, and how to do it',
  async (refusal) => {
    const namespace = await makeNamespace(temporal);
    const hosted = await startRefusingProxy(temporal.address, refusal);
    try {
      const own = settings({ TEMPORAL_ADDRESS: hosted.address, TEMPORAL_NAMESPACE: namespace });
      const ran = await runCovenant(['search-attributes'], own);
      expect(ran).toMatchObject({ code: 1, stdout: '' });
      expect(ran.stderr).toContain(`of the namespace ${namespace} are missing, and this process may not add them`);
      for (const { name } of SEARCH_ATTRIBUTES) expect(ran.stderr).toContain(`--name ${name} --type `);
      expect(ran.stderr).toContain(
        `tcld namespace search-attributes add --namespace ${namespace} --sa "ContractId=Keyword"`,
      );
      expect(ran.stderr).not.toContain('    at ');
      expect((await findWithDoctor(own)).get('search attributes')).toMatchObject({
        verdict: 'wrong',
        remedy: expect.stringContaining('tcld namespace search-attributes add') as string,
      });
    } finally {
      await hosted.close();
    }
  },
);

test('search-attributes and the doctor report what this client has no permission to check, and both continue', async () => {
  const namespace = await makeNamespace(temporal);
  const blind = /OperatorService|DescribeNamespace|CountWorkflowExecutions/;
  const hosted = await startRefusingProxy(temporal.address, 'PERMISSION_DENIED', blind);
  try {
    const own = settings({ TEMPORAL_ADDRESS: hosted.address, TEMPORAL_NAMESPACE: namespace });
    const ran = await runCovenant(['search-attributes'], own);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain('added the schedule of the sweep');
    expect(ran.stdout).toContain('not checked, because this client has no permission to list search attributes');
    expect(ran.stdout).toContain(`create --namespace ${namespace} --name JobProgress --type Int`);
  } finally {
    await hosted.close();
  }
});

test('search-attributes and the doctor report credentials that Temporal rejects, and the settings to check', async () => {
  const hosted = await startRefusingProxy(temporal.address, 'UNAUTHENTICATED', /./);
  try {
    const own = settings({ TEMPORAL_ADDRESS: hosted.address });
    const what = 'Temporal rejects the credentials (Request unauthorized.)';
    const remedy = 'Check TEMPORAL_API_KEY, or TEMPORAL_TLS_CERT and TEMPORAL_TLS_KEY.';
    expect(await runCovenant(['search-attributes'], own)).toMatchObject({ code: 1, stderr: `${what}. ${remedy}\n` });
    const doctor = await findWithDoctor(own);
    expect(doctor.get('Temporal')).toMatchObject({ verdict: 'wrong', detail: what, remedy });
  } finally {
    await hosted.close();
  }
});

test('the doctor reports what is wrong and how to fix it, and exits with 1', async () => {
  const ran = await runCovenant(['doctor', '--json'], settings({ TEMPORAL_NAMESPACE: 'no-such-namespace' }));
  expect(ran.code).toBe(1);
  expect((JSON.parse(ran.stdout) as { well: boolean }).well).toBe(false);
  const findings = parseFindings(ran);
  expect(findings.get('namespace')).toMatchObject({
    verdict: 'wrong',
    remedy: expect.stringContaining('temporal operator namespace create no-such-namespace') as string,
  });
  expect(findings.get('admins')).toMatchObject({
    verdict: 'wrong',
    remedy: expect.stringContaining('admin create') as string,
  });
  expect(findings.get('API')).toMatchObject({ verdict: 'warning' });
  for (const check of ['Node', 'driver', 'settings', 'Postgres', 'migrations', 'overdue work', 'Temporal']) {
    expect([check, findings.get(check)?.verdict]).toEqual([check, 'ok']);
  }
  for (const { verdict, remedy } of findings.values()) expect(remedy === null).toBe(verdict === 'ok');
});

test('the doctor accepts the API of its own installation and reports one of another installation', async () => {
  const api = await startTestApi();
  try {
    const apiFinding = async (more: Record<string, string>) => {
      const own = settings({ TEMPORAL_NAMESPACE: 'no-such-namespace', COVENANT_PUBLIC_URL: api.url, ...more });
      return (await findWithDoctor(own)).get('API');
    };
    expect(await apiFinding({ DATABASE_URL: api.database.url })).toEqual({
      check: 'API',
      verdict: 'ok',
      detail: `${api.url}/readyz is ready and belongs to this installation`,
      remedy: null,
    });
    const [own_id, api_id] = await Promise.all([findInstallationId(database.sql), findInstallationId(api.sql)]);
    expect(await apiFinding({})).toEqual({
      check: 'API',
      verdict: 'wrong',
      detail: `${api.url}/readyz belongs to another installation, ${api_id}; DATABASE_URL belongs to ${own_id}`,
      remedy: expect.stringContaining('Set COVENANT_PUBLIC_URL (by default http://HOST:PORT)') as string,
    });
  } finally {
    await api.close();
  }
});

test.each([
  ['is another program', 'hi', 'another program'],
  ['is a version that does not report its installation', '{"ready":true,"checks":{}}', 'unknown'],
])('the doctor warns when the program at COVENANT_PUBLIC_URL %s', async (_what, body, sentence) => {
  const server = createServer((_request, response) => response.end(body)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const publicUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await checkApi({ publicUrl }, { installation: '0123456789abcdef' })).toMatchObject({
      verdict: 'warning',
      detail: expect.stringContaining(sentence) as string,
      remedy: expect.stringMatching(/COVENANT_PUBLIC_URL|DATABASE_URL/) as string,
    });
  } finally {
    server.close();
  }
});

test('the doctor logs in to the mail server without sending, and says which mails failed', async () => {
  const own = await createTestDatabase();
  const mails = await startMailServer();
  try {
    const look = (more: Record<string, string>) => findWithDoctor(settings({ DATABASE_URL: own.url, ...more }));
    const recipient_id = await buildRecipient(own.sql);
    await buildNotification(own.sql, { recipient_id, state: 'failed', problem: 'recipient_refused' });
    await buildNotification(own.sql, { recipient_id, state: 'failed', problem: 'timeout', ended_days_ago: 2 });
    await own.sql`INSERT INTO notices (event_id, event_type, state, due_at) VALUES (uuidv7(), 'quota.granted', 'failed', NULL)`;
    const { port } = mails;
    const MAIL_FROM = 'licenses@covenant.example';
    const good = await look({ SMTP_URL: `smtp://covenant:correct%20horse%20battery@127.0.0.1:${port}`, MAIL_FROM });
    expect(good.get('mail server')).toMatchObject({ verdict: 'ok', detail: `127.0.0.1:${port} accepts the login` });
    expect(good.get('mail')).toMatchObject({
      verdict: 'warning',
      detail: 'mails failed within a day: 1 recipient_refused',
    });
    expect(good.get('mail planning')).toMatchObject({ verdict: 'warning' });
    const bad = await look({ SMTP_URL: `smtp://covenant:hunter2@127.0.0.1:${port}`, MAIL_FROM });
    expect(bad.get('mail server')).toMatchObject({
      verdict: 'wrong',
      detail: expect.stringContaining('login_refused'),
    });
    expect(bad.get('mail server')?.detail).not.toContain('hunter2');
    expect((await look({})).get('mail server')).toMatchObject({
      verdict: 'warning',
      detail: expect.stringContaining('mail is off'),
    });
    expect(mails.mails).toEqual([]);
  } finally {
    await mails.close();
    await own.drop();
  }
});

test('the doctor finds overdue work, and signing keys and secrets of webhooks that no sealing key opens', async () => {
  const own = await createTestDatabase();
  try {
    await own.sql`INSERT INTO products ${own.sql({ name: 'P', code: 'p', environment: 'production', status: 'active', created_at: '2026-01-01', updated_at: '2026-01-01' })}`;
    await own.sql`
      INSERT INTO signing_keys (product_id, kid, public_key, sealed, sealed_by, created_at, created_by)
      SELECT id, 'kid', 'x', 'sealed', 'v9', now(), 'x' FROM products`;
    await own.sql`
      INSERT INTO webhook_secrets (endpoint_id, sealed, sealed_by, last_four, created_at)
      VALUES (${await buildEndpoint(own.sql)}, 'sealed', 'v8', 'abcd', now())`;
    await own.sql`
      INSERT INTO generators (product_id, environment, name, format, status, created_at, updated_at)
      SELECT id, environment, 'G', '{}', 'active', created_at, updated_at FROM products`;
    await own.sql`
      INSERT INTO contracts (id, environment, name, type, product_id, generator_id, feature_overrides, metadata, timezone, revision,
                             settled_until, state, may_generate, next_boundary_at, created_at, created_by, updated_at)
      SELECT uuidv7(), g.environment, 'C', 'standard', g.product_id, g.id, '{}', '{}', 'UTC', 1,
             now() - interval '1 day', 'SCHEDULED', false, now() - interval '1 hour', now(), 'x', now() FROM generators g`;
    await own.sql`
      INSERT INTO sweep_attempts (kind, subject_id, epoch, attempts, first_at, next_try_at)
      SELECT kind, id, 'epoch-1', 5, now(), now() FROM contracts, unnest('{boundary,schedule_run,schedule_workflow}'::text[]) AS kind`;
    const ran = await runCovenant(
      ['doctor', '--json'],
      settings({ DATABASE_URL: own.url, TEMPORAL_NAMESPACE: 'no-such-namespace' }),
    );
    expect(parseFindings(ran).get('overdue work')).toMatchObject({
      verdict: 'wrong',
      detail: expect.stringContaining('1 contracts have an overdue boundary') as string,
      remedy: expect.stringContaining('docs/operations.md, "Rows that stay due"') as string,
    });
    expect(parseFindings(ran).get('signing keys')).toMatchObject({
      verdict: 'wrong',
      detail: 'those of 1 product are encrypted with v9, which COVENANT_SEALING_KEYS does not contain',
    });
    expect(parseFindings(ran).get('webhook secrets')).toMatchObject({
      verdict: 'wrong',
      detail: 'those of 1 endpoint are encrypted with v8, which COVENANT_SEALING_KEYS does not contain',
    });
    const [contract] = await own.sql<[{ id: string }]>`SELECT id FROM contracts`;
    const findings = parseFindings(ran);
    const woken = `woken at least 5 times: ${contract.id}.`;
    expect(
      ['boundary', 'schedule_run', 'schedule_workflow'].map((kind) => findings.get(`stuck (${kind})`)),
    ).toMatchObject([
      { verdict: 'warning', detail: `1 contracts with an overdue boundary, ${woken}` },
      {
        detail: `1 schedules whose overdue run is not made, ${woken} A run that is late by more than 24 hours is skipped.`,
        remedy: expect.stringContaining('--workflow-id run-schedule:<id>') as string,
      },
      { detail: expect.stringContaining(`1 schedules that Temporal does not have as they are, ${woken}`) as string },
    ]);
  } finally {
    await own.drop();
  }
});

test('without a DATABASE_URL a command uses the settings of the stack in the data directory, and prints that', async () => {
  const dataDir = join(directory, 'stack');
  mkdirSync(dataDir);
  const dev = {
    api_url: 'http://127.0.0.1:9',
    temporal_address: temporal.address,
    temporal_ui_url: 'http://127.0.0.1:9',
    database_url: database.url,
  };
  writeFileSync(join(dataDir, 'dev.json'), JSON.stringify(dev));
  writeFileSync(join(dataDir, 'secrets.json'), JSON.stringify({ key_pepper: PEPPER }));

  const args = ['admin', 'create', '--email', 'eve@example.com', '--name', 'Eve', '--role', 'viewer', '--json'];
  const ran = await runCovenant(args, { COVENANT_DATA_DIR: dataDir });
  expect(ran).toMatchObject({ code: 0, stderr: `DATABASE_URL is not set: using the stack in ${dataDir}.\n` });
  const { key } = JSON.parse(ran.stdout) as { key: string };
  expect(await authenticate(database.sql, parseApiKey(key) as ApiKey, PEPPER, new Date().toISOString())).toMatchObject({
    name: 'Eve',
  });
});
