/** Imports of existing licenses: small files by their request, large ones by a job. */
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { IMPORT_CHUNK_ROWS, IMPORT_INLINE_ROWS_MAX } from '../../domain/import/file';
import { waitFor } from '../../dev/waiting';
import { importCommand } from '../../cli/import';
import { startTestApi } from '../harness/api';
import type { TestApi } from '../harness/api';
import { addCatalogue, addContract } from '../harness/catalogue';
import type { TestCatalogue } from '../harness/catalogue';
import { makeRunDirectory } from '../harness/run-directory';
import { expectRefusal } from '../harness/expect-refusal';
import { buildImport, rowsWithKeys } from '../harness/imports';
import { SYSTEM } from '../../domain/base/actor';
import { erasePerson } from '../../transactions/access/erase-person';
import { TEST_ACTOR } from '../harness/contract-facts';
import { importChunk } from '../../transactions/import/import-chunk';
import { startJob } from '../../db/generation/job-state';
import { expectInvariants } from '../harness/invariants';

let api: TestApi;
let catalogue: TestCatalogue;
beforeAll(async () => {
  api = await startTestApi({ worker: true });
  catalogue = await addCatalogue(api, { features: { seats: 5 }, activation_limit: 2 });
});
afterEach(() => expectInvariants(api.sql));
afterAll(() => api.close());

let keys = 0;
const newKey = () => `OLD-${String(++keys).padStart(8, '0')}-${randomUUID().slice(0, 8)}`;
const contractOf = async (fields: object = {}): Promise<string> =>
  (await addContract(api, catalogue, { status: 'active', quota: 100_000, ...fields })).id;
const upload = (id: string, file: string | Uint8Array, { query = '', headers = {}, key = api.keys.admin } = {}) =>
  api.call('POST', `/contracts/${id}/licenses/import${query}`, {
    body: file,
    headers: { 'Content-Type': 'text/csv', ...headers },
    key,
  });
const pathOf = (row: { id: string; contract_id: string }) => `/contracts/${row.contract_id}/licenses/import/${row.id}`;
const readImport = async (row: { id: string; contract_id: string }) => (await api.call('GET', pathOf(row))).body;
async function ended(row: { id: string; contract_id: string }) {
  await waitFor(async () => ['SUCCEEDED', 'PARTIAL', 'FAILED', 'CANCELLED'].includes((await readImport(row)).state), {
    timeout_ms: 60_000,
    what: 'the end of the import',
  });
  return readImport(row);
}
async function reportOf(row: { id: string; contract_id: string }) {
  const { text } = await api.call('GET', `${pathOf(row)}/report.csv`);
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
}
const licenseOf = async (contract_id: string, key: string) =>
  (await api.call('GET', `/licenses?contract_id=${contract_id}&search=${key}`)).body.data[0];
const quotaOf = async (id: string) => (await api.call('GET', `/contracts/${id}`)).body.quota;
const rowsOf = (count: number) => Array.from({ length: count }, newKey);

test('a small file is imported by its request, with what happened to each license', async () => {
  const id = await contractOf();
  const [available, assigned, active, expired, revoked] = rowsOf(5) as [string, string, string, string, string];
  const email = `${randomUUID()}@covenant.test`;
  const answer = await upload(
    id,
    [
      'status,key,customer,customer_name,created_at,assigned_at,activated_at,expires_at,devices',
      `available,${available},,,,,,,`,
      `assigned,${assigned},${email},"Ada, Ltd",2020-01-02T03:04:05Z,2020-02-01T00:00:00Z,,,`,
      `active,${active},${email.toUpperCase()},,,,2021-01-01T00:00:00Z,2999-01-01T00:00:00Z,one;two`,
      `expired,${expired},,,,,,2021-01-01,`,
      `revoked,${revoked},,,,,,,`,
    ].join('\r\n'),
  );
  expect(answer.status).toBe(201);
  expect(answer.body).toMatchObject({
    ...{ contract_id: id, state: 'SUCCEEDED', rows: 5, percent: 100, not_imported: [], workflow_id: null },
    counts: { imported: 5, skipped: 0, rejected: 0, pending: 0 },
    allowed_actions: { cancel: { code: 'JOB_ALREADY_FINISHED' }, resume: { code: 'IMPORT_NOT_RESUMABLE' } },
  });
  expect(await licenseOf(id, available)).toMatchObject({
    status: 'available',
    job_id: answer.body.id,
    imported: true,
    features: { seats: 5 },
  });
  const shown = await licenseOf(id, assigned);
  expect(shown).toMatchObject({
    status: 'assigned',
    assigned_at: '2020-02-01T00:00:00.000Z',
    originally_created_at: '2020-01-02T03:04:05.000Z',
  });
  expect((await api.call('GET', `/customers/${shown.customer_id}`)).body).toMatchObject({ email, name: 'Ada, Ltd' });
  expect(await licenseOf(id, active)).toMatchObject({
    ...{ status: 'active', customer_id: shown.customer_id, activations: 2, activated_at: '2021-01-01T00:00:00.000Z' },
    ...{ assigned_at: '2021-01-01T00:00:00.000Z', expires_at: '2999-01-01T00:00:00.000Z' },
  });
  expect(await licenseOf(id, expired)).toMatchObject({ status: 'expired', expires_at: '2021-01-02T00:00:00.000Z' });
  expect(await licenseOf(id, revoked)).toMatchObject({ status: 'revoked' });
  expect(await quotaOf(id)).toMatchObject({ generated: 5, reserved: 0 });

  const validate = (key: string, device_id?: string) =>
    api.call('POST', '/licenses/validate', { key: null, body: { key, ...(device_id ? { device_id } : {}) } });
  expect((await validate(available)).body).toMatchObject({ valid: true });
  expect((await validate(active, 'one')).body).toMatchObject({ valid: true });
  expect((await validate(active, 'three')).body).toMatchObject({ code: 'TOO_MANY_DEVICES' });
  const activated = await api.call('POST', '/licenses/activate', {
    key: null,
    body: { key: available, device_id: 'new' },
  });
  expect(activated.status).toBe(200);

  const { data: audit } = (await api.call('GET', `/activity?subject=${answer.body.id}`)).body;
  expect(audit.map(({ action }: any) => action)).toEqual(['import.requested']);
  const { data: events } = (await api.call('GET', `/contracts/${id}/events`)).body;
  expect(events.filter(({ type }: any) => type.startsWith('license.'))).toMatchObject([
    { type: 'license.batch_imported', data: { imported: 5 } },
  ]);
  const { data: jobs } = (await api.call('GET', `/jobs?contract_id=${id}&method=import`)).body;
  expect(jobs).toMatchObject([
    {
      ...{ id: answer.body.id, execution: 'import', method: 'import', completed: 5, workflow_id: null },
      import_path: `/api/v1${pathOf(answer.body)}`,
      report_path: `/api/v1${pathOf(answer.body)}/report.csv`,
    },
  ]);
  const metrics = (await api.call('GET', `/contracts/${id}/metrics`)).body;
  expect(JSON.stringify(metrics)).not.toContain('"inline":5');
});

test('bad rows stop no other row, and the report names each of them', async () => {
  const [id, other] = [await contractOf(), await contractOf()];
  const [good, twice, elsewhere, here] = rowsOf(4) as [string, string, string, string];
  await upload(other, `key\n${elsewhere}\n`);
  await upload(id, `key\n${here}\n`);
  const file = [
    'key,status,devices',
    `${good},,`,
    `${twice},,`,
    `${twice},,`,
    `${elsewhere},,`,
    `${here},,`,
    'x,,',
    `${newKey()},,1;2;3`,
    `${newKey()},`,
  ].join('\n');
  const { status, body } = await upload(id, file);
  expect(status).toBe(201);
  expect(body).toMatchObject({
    state: 'PARTIAL',
    rows: 8,
    counts: { imported: 2, skipped: 0, rejected: 6, pending: 0 },
  });
  const codes = [
    'DUPLICATE_IN_FILE',
    'KEY_EXISTS',
    'KEY_EXISTS_IN_CONTRACT',
    'KEY_INVALID',
    'TOO_MANY_DEVICES',
    'COLUMN_COUNT',
  ];
  expect(body.not_imported.map(({ row, code }: any) => [row, code])).toEqual(codes.map((code, n) => [n + 4, code]));
  const report = await reportOf(body);
  expect(report.map(([row, key, , outcome, code]) => [row, key, outcome, code]).slice(0, 3)).toEqual([
    ['2', good, 'imported', ''],
    ['3', twice, 'imported', ''],
    ['4', twice, 'rejected', 'DUPLICATE_IN_FILE'],
  ]);
  expect(report.slice(2).map(([, , , , code]) => code)).toEqual(codes);
  expect(await quotaOf(id)).toMatchObject({ generated: 3, reserved: 0 });
  const again = await upload(id, `${file}\n\n`, { query: '?duplicates=skip' });
  expect(again.body).toMatchObject({ counts: { imported: 0, skipped: 4, rejected: 4 }, state: 'PARTIAL' });
});

test('the first row that the contract permits is imported, whatever is wrong with an earlier one of the same key', async () => {
  const id = await contractOf();
  const [text, devices] = rowsOf(2);
  const { body } = await upload(
    id,
    `key,devices,status\n${text},,bad\n${text},,\n${devices},1;2;3,\n${devices},1,\n${devices},,`,
  );
  expect(body.not_imported.map(({ row, code }: any) => [row, code])).toEqual([
    [2, 'STATUS_UNKNOWN'],
    [4, 'TOO_MANY_DEVICES'],
    [6, 'DUPLICATE_IN_FILE'],
  ]);
  expect(body.counts).toMatchObject({ imported: 2 });
});

test('the same file is imported once, also by two requests at the same time', async () => {
  const id = await contractOf();
  for (const count of [10, IMPORT_INLINE_ROWS_MAX + 1]) {
    const file = `\ufeffkey\r\n${rowsOf(count).join('\r\n')}`;
    const answers = await Promise.all([
      upload(id, file),
      upload(id, gzipSync(file), { headers: { 'Content-Encoding': 'gzip' } }),
    ]);
    const [first] = answers;
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.map(({ headers }) => headers.get('idempotent-replayed')).sort()).toEqual([null, 'true']);
    expect(await ended(first.body)).toMatchObject({ state: 'SUCCEEDED', counts: { imported: count } });
    const repeated = await upload(id, file);
    expect(repeated.status).toBe(201);
    expect(repeated.body).toMatchObject({ id: first.body.id, replayed: true });
    const tried = await upload(id, file, { query: '?dry_run=true' });
    expect(tried.body).toMatchObject({ repeats: first.body.id, counts: { imported: count, rejected: 0 } });
  }
  expect((await api.call('GET', `/contracts/${id}/licenses/import`)).body.data).toHaveLength(2);
  const [left] = await api.sql`SELECT count(*)::int FROM license_imports WHERE rows IS NULL`;
  expect(left).toEqual({ count: 0 });
});

test('a large file is imported by a job, whose report has every row', async () => {
  const id = await contractOf({ type: 'pool' });
  const lines = rowsOf(2 * IMPORT_CHUNK_ROWS + 100);
  const bad = new Set(lines.filter((_, n) => n % 100 === 51));
  const file = `key,customer\n${lines.map((key, n) => (bad.has(key) ? `${key},no address` : `${key},${n % 10 === 0 ? `a${n % 70}@covenant.test` : ''}`)).join('\n')}\n`;
  // One key is a license of another contract, so its chunk is imported in a second attempt.
  const taken = lines[61] as string;
  await upload(await contractOf(), `key\n${taken}\n`);
  const refused = lines.filter((key) => bad.has(key) || key === taken);
  const { status, headers, body } = await upload(id, file);
  expect(status).toBe(202);
  expect(headers.get('location')).toBe(`/api/v1${pathOf(body)}`);
  const done = await ended(body);
  expect(done).toMatchObject({
    ...{
      state: 'PARTIAL',
      rows: lines.length,
      percent: 100,
      counts: { imported: lines.length - refused.length, skipped: 0, rejected: refused.length, pending: 0 },
    },
  });
  const [failure] = await api.sql`SELECT data FROM domain_events WHERE type = 'job.failed' AND contract_id = ${id}`;
  expect(failure).toMatchObject({
    data: { kind: 'import', job_id: done.id, state: 'PARTIAL', requested: lines.length, failed: refused.length },
  });
  const report = await reportOf(body);
  expect(report.map(([, key]) => key)).toEqual(lines);
  expect(report.filter(([, , , outcome]) => outcome === 'rejected').map(([, key]) => key)).toEqual(refused);
  expect(report.filter(([, , , , code]) => code === 'KEY_EXISTS').map(([, key]) => key)).toEqual([taken]);
  expect(await quotaOf(id)).toMatchObject({ generated: lines.length - refused.length, reserved: 0 });
  const { pool } = (await api.call('GET', `/contracts/${id}`)).body;
  expect(pool).toMatchObject({
    assigned: lines.length / 10,
    available: lines.length - refused.length - lines.length / 10,
  });
  const grabbed = await api.call('POST', `/contracts/${id}/pool/grab`, { body: { order_ref: 'first', count: 3 } });
  expect(lines).toEqual(expect.arrayContaining(grabbed.body.licenses.map(({ key }: any) => key)));
  const progress = await api.call('GET', `${pathOf(body)}/progress`);
  expect(progress.text).toContain('event: end');
  expect((await api.call('POST', `${pathOf(body)}/resume`)).body).toMatchObject({ code: 'IMPORT_NOT_RESUMABLE' });
});

test('a file that was not imported completely is imported again, and another rule for duplicates is another request', async () => {
  const id = await contractOf();
  const [good, many] = rowsOf(2);
  const file = `key,devices\n${good},\n${many},1;2;3`;
  const first = await upload(id, file);
  expect(first.body).toMatchObject({ state: 'PARTIAL', replayed: false, counts: { imported: 1, rejected: 1 } });
  await api.call('PATCH', `/contracts/${id}`, { body: { activation_limit: 3 } });
  const expected = { counts: { imported: 1, skipped: 1, rejected: 0 } };
  const dry_run = await upload(id, file, { query: '?dry_run=true&duplicates=skip' });
  expect(dry_run.body).toMatchObject({ ...expected, repeats: null });
  const second = await upload(id, file, { query: '?duplicates=skip' });
  expect(second.body).toMatchObject({ ...expected, state: 'SUCCEEDED', replayed: false });
  expect((await upload(id, file, { query: '?duplicates=skip' })).body).toMatchObject({
    ...{ id: second.body.id, replayed: true },
  });
  const third = await upload(id, file);
  expect(third.body).toMatchObject({ state: 'FAILED', replayed: false, counts: { rejected: 2 } });
});

test('covenant import sends a file, follows its job and saves the report, and says how to go on after an interruption', async () => {
  const id = await contractOf();
  const directory = makeRunDirectory('import');
  const run = async (
    file: string,
    content: string | Uint8Array,
    { more = [] as string[], key = api.keys.admin } = {},
  ) => {
    writeFileSync(join(directory, file), content);
    const settings = { COVENANT_PUBLIC_URL: api.url, COVENANT_API_KEY: key };
    return runImportCommand([id, join(directory, file), ...more], settings);
  };
  const progress = jest.spyOn(process.stderr, 'write');
  const reportLines = (file: string) => readFileSync(join(directory, file), 'utf8').trim().split('\n').slice(1);
  try {
    const count = 3 * IMPORT_CHUNK_ROWS;
    const large = gzipSync(`key\n${rowsOf(count).join('\n')}`);
    let is_stopped = false;
    progress.mockImplementation((text) => {
      if (!is_stopped && String(text).includes(` of ${count} rows`)) is_stopped = process.emit('SIGINT');
      return true;
    });
    const stopped = await run('large.csv.gz', large);
    expect(stopped.failure).toMatch(
      /^Interrupted\. The import [-0-9a-f]{36} continues without this command\. Run the same command again/,
    );
    const [, import_id] = /import (\S+) continues/.exec(stopped.failure) as unknown as [string, string];
    const followed = await run('large.csv.gz', large);
    expect(followed).toMatchObject({ failure: '', stderr: expect.stringContaining(`its import ${import_id}`) });
    expect(followed.stdout).toContain(`${count} imported, 0 skipped and 0 rejected of ${count} rows`);
    expect(reportLines('large.report.csv').filter((line) => line.includes(',imported,'))).toHaveLength(count);

    const bad = `key\n${newKey()}\nx\n`;
    const tried = await run('bad.csv', bad, { more: ['--dry-run'] });
    expect(tried.failure).toBe('1 of 2 rows would be rejected.');
    expect(tried.stdout).toMatch(
      /^Would import 1, skip 0 and reject 1 of 2 rows\. Nothing was changed\.\n {2}row 3 \(x\): KEY_INVALID: /,
    );
    const own = join(directory, 'own.csv');
    expect((await run('bad.csv', bad, { more: ['--report', own] })).failure).toMatch(/^1 of 2 rows were rejected\./);
    expect(reportLines('own.csv')).toEqual([
      expect.stringContaining(',imported,'),
      expect.stringMatching(/^3,x,,rejected,KEY_INVALID,/),
    ]);
    // A refusal is shown although it comes before the end of the file.
    const refused = await run('huge.csv', Buffer.alloc(8_000_000, 'key\n'), { key: api.keys.viewer });
    expect(refused.failure).toMatch(/\(FORBIDDEN_ROLE\)$/);
  } finally {
    progress.mockRestore();
    rmSync(directory, { recursive: true });
  }
});

/** Runs `covenant import` in this process. `failure` is the sentence with which it exits with 1. */
async function runImportCommand(args: string[], settings: Record<string, string>) {
  const env = jest.replaceProperty(process, 'env', { ...process.env, ...settings });
  const output = { stdout: '', stderr: '', failure: '' };
  const log = jest.spyOn(console, 'log').mockImplementation((line: string) => void (output.stdout += `${line}\n`));
  const error = jest.spyOn(console, 'error').mockImplementation((line: string) => void (output.stderr += `${line}\n`));
  await importCommand()
    .parseAsync(args, { from: 'user' })
    .catch((failure: Error) => (output.failure = failure.message));
  env.restore();
  log.mockRestore();
  error.mockRestore();
  return output;
}

test('imports and their reports stay readable after the contract is deleted, as its jobs do', async () => {
  const id = await contractOf({ name: 'Import goes away' });
  const { body } = await upload(id, `key\n${newKey()}\nx`);
  const before = [await readImport(body), await reportOf(body)];
  await api.call('PATCH', `/contracts/${id}`, { body: { status: 'inactive' } });
  const removed = await api.call('DELETE', `/contracts/${id}`, {
    body: { confirm_name: 'Import goes away' },
    key: api.keys.super_admin,
  });
  expect(removed.status).toBe(204);
  expect([await readImport(body), await reportOf(body)]).toEqual(before);
  const listed = await api.call('GET', `/contracts/${id}/licenses/import`);
  expect(listed.body.data).toMatchObject([{ id: body.id, counts: { imported: 1, rejected: 1 } }]);
  expectRefusal(await upload(id, `key\n${newKey()}`), 410, 'CONTRACT_DELETED');
  expectRefusal(await api.call('GET', `/contracts/${randomUUID()}/licenses/import`), 404, 'NOT_FOUND');
});

test('an import is cancelled, and resumed with the rows that were not decided', async () => {
  const id = await contractOf({ quota: 2 });
  const import_id = await buildImport(api.sql, id);
  const path = pathOf({ id: import_id, contract_id: id });
  await api.call('POST', `${path}/cancel`);
  expect(await ended({ id: import_id, contract_id: id })).toMatchObject({
    state: 'CANCELLED',
    counts: { imported: 0, pending: 2 },
  });
  // The file of `buildImport` has no bytes, so a small one takes its place.
  const file = `key\n${newKey()}\n`;
  await api.sql`UPDATE license_imports SET file_sha256 = encode(sha256(${Buffer.from(file)}), 'hex') WHERE id = ${import_id}`;
  for (const query of ['', '?dry_run=true']) {
    const refused = await upload(id, file, { query });
    expectRefusal(refused, 409, 'IMPORT_RESUMABLE');
    expect(refused.body.detail).toContain(`${import_id}/resume`);
  }
  expect(await quotaOf(id)).toMatchObject({ generated: 0, reserved: 0 });
  await upload(id, `key\n${newKey()}`);
  expectRefusal(await api.call('POST', `${path}/resume`), 409, 'QUOTA_EXCEEDED');
  await api.call('PATCH', `/contracts/${id}`, { body: { quota: 3 } });
  expect((await api.call('POST', `${path}/resume`)).status).toBe(200);
  await waitFor(async () => (await readImport({ id: import_id, contract_id: id })).state === 'SUCCEEDED', {
    timeout_ms: 60_000,
    what: 'the end',
  });
  expect(await readImport({ id: import_id, contract_id: id })).toMatchObject({ counts: { imported: 2, pending: 0 } });
  expect(await quotaOf(id)).toMatchObject({ generated: 3, reserved: 0 });
});

test('the rows of a person who is erased are deleted from a cancelled import, and create no customer again', async () => {
  const id = await contractOf({ quota: 3 });
  const email = `${randomUUID()}@covenant.test`;
  const { body: customer } = await api.call('POST', '/customers', { body: { name: 'Gone', email } });
  const [named, other] = rowsOf(2) as [string, string];
  const row = {
    contract_id: id,
    id: await buildImport(api.sql, id, [
      { ordinal: 1, key: named, customer: email.toUpperCase(), assigned_at: '2026-01-01T00:00:00.000Z' },
      { ordinal: 2, key: other },
    ]),
  };
  await api.call('POST', `${pathOf(row)}/cancel`);
  await ended(row);
  const act = { actor: SYSTEM, now: new Date().toISOString(), request_id: null };
  const erasure = await api.sql.begin((tx) => erasePerson(tx, customer.id, act));
  expect(erasure).toMatchObject({ outcome: 'erased', rows: { import_rows: 1 } });
  const [left] = await api.sql`SELECT count(*)::int FROM license_import_chunks WHERE payload ILIKE ${`%${email}%`}`;
  expect(left).toEqual({ count: 0 });
  await api.call('POST', `${pathOf(row)}/resume`);
  expect(await ended(row)).toMatchObject({
    ...{ state: 'PARTIAL', counts: { imported: 1, rejected: 1, pending: 0 } },
    not_imported: [{ row: 2, key: named, code: 'PERSON_ERASED' }],
  });
  expect((await api.call('GET', `/customers?search=${email}`)).body.data).toEqual([]);
});

test('an erasure while a file arrives deletes the rows that have arrived; later ones are a new customer, who can be erased', async () => {
  const id = await contractOf();
  const email = `${randomUUID()}@covenant.test`;
  const { body: customer } = await api.call('POST', '/customers', { body: { name: 'Gone', email } });
  const erase = (person: string) => {
    const act = { actor: SYSTEM, now: new Date().toISOString(), request_id: null };
    return api.sql.begin((tx) => erasePerson(tx, person, act));
  };
  const named = { customer: email, assigned_at: '2026-01-01T00:00:00.000Z' };
  const rows = rowsWithKeys(rowsOf(IMPORT_CHUNK_ROWS + 1)).map((row, n) =>
    n === 0 || n === IMPORT_CHUNK_ROWS ? { ...row, ...named } : row,
  );
  const import_id = await buildImport(api.sql, id, rows, async () => {
    expect(await erase(customer.id)).toMatchObject({ rows: { import_rows: 1 }, arriving_files: 1 });
  });
  const row = { id: import_id, contract_id: id };
  await api.api.nudger.wake({ contract_id: null, job_ids: [import_id] });
  expect(await ended(row)).toMatchObject({
    ...{ state: 'PARTIAL', counts: { imported: IMPORT_CHUNK_ROWS, rejected: 1, pending: 0 } },
    not_imported: [{ row: 2, code: 'PERSON_ERASED' }],
  });
  const [again] = (await api.call('GET', `/customers?search=${email}`)).body.data;
  expect(again.id).not.toBe(customer.id);
  expect(await erase(again.id)).toMatchObject({ outcome: 'erased', rows: { import_rows: 1 }, arriving_files: 0 });
  const [left] = await api.sql`SELECT count(*)::int FROM license_import_chunks WHERE payload ILIKE ${`%${email}%`}`;
  expect(left).toEqual({ count: 0 });
});

test('the events of an import that is cancelled and resumed count each row once', async () => {
  const id = await contractOf();
  const import_id = await buildImport(api.sql, id, rowsWithKeys(rowsOf(IMPORT_CHUNK_ROWS + 1)));
  const now = new Date().toISOString();
  await startJob(api.sql, { job_id: import_id, actor: TEST_ACTOR, now, request_id: null });
  await api.sql.begin((tx) => importChunk(tx, { job_id: import_id, chunk_no: 0, now, expects_new_keys: true }));
  const row = { id: import_id, contract_id: id };
  const refused = await api.call('POST', `${pathOf(row)}/resume`);
  expect(refused.body).toMatchObject({ code: 'IMPORT_NOT_RESUMABLE', detail: expect.stringContaining('/progress') });
  await api.call('POST', `${pathOf(row)}/cancel`);
  expect(await ended(row)).toMatchObject({ state: 'CANCELLED', counts: { imported: IMPORT_CHUNK_ROWS, pending: 1 } });
  await api.call('POST', `${pathOf(row)}/resume`);
  expect(await ended(row)).toMatchObject({ state: 'SUCCEEDED' });
  const { data } = (await api.call('GET', `/contracts/${id}/events`)).body;
  const events = data.filter(({ type }: any) => type === 'license.batch_imported');
  expect(events.map((event: any) => event.data.imported).sort()).toEqual([1, IMPORT_CHUNK_ROWS]);
});

test('a file that does not fit the quota, or whose contract is closed, imports nothing', async () => {
  const id = await contractOf({ quota: 3 });
  const file = `key\n${rowsOf(4).join('\n')}`;
  const refused = await upload(id, file);
  expectRefusal(refused, 409, 'QUOTA_EXCEEDED');
  expect(refused.body.metadata).toMatchObject({ requested: 4, total: 3, remaining: 3 });
  expect((await upload(id, file, { query: '?dry_run=true' })).body.code).toBe('QUOTA_EXCEEDED');
  const draft = await contractOf({ status: 'inactive' });
  expect((await upload(draft, file)).body.code).toBe('CONTRACT_INACTIVE');
  const [stored] = await api.sql`SELECT count(*)::int FROM license_imports WHERE contract_id = ANY(${[id, draft]})`;
  expect(stored).toEqual({ count: 0 });
});

test.each([3, IMPORT_INLINE_ROWS_MAX + 1])(
  'a corrected file of %s rows needs quota only for keys that do not exist',
  async (count) => {
    const id = await contractOf({ quota: count });
    const [bad, ...good] = rowsOf(count);
    const fileOf = (status: string) => `key,status\n${bad},${status}\n${good.map((key) => `${key},`).join('\n')}`;
    await ended((await upload(id, fileOf('bad'))).body);
    const query = '?duplicates=skip';
    const expected = { counts: { imported: 1, skipped: count - 1, rejected: 0 } };
    expect((await upload(id, fileOf('available'), { query: `${query}&dry_run=true` })).body).toMatchObject(expected);
    const { body } = await upload(id, fileOf('available'), { query });
    expect(await ended(body)).toMatchObject({ ...expected, state: 'SUCCEEDED' });
    expect(await quotaOf(id)).toMatchObject({ generated: count, reserved: 0 });
  },
);

test('a dry run counts what the import would do, and changes nothing', async () => {
  const id = await contractOf();
  const [old, fresh] = rowsOf(2) as [string, string];
  await upload(id, `key\n${old}`);
  const { status, body } = await upload(id, `key\n${old}\n${fresh}\n${fresh}\nbad\n`, {
    query: '?dry_run=true&duplicates=skip',
  });
  expect(status).toBe(200);
  expect(body).toMatchObject({ dry_run: true, rows: 4, counts: { imported: 1, skipped: 2, rejected: 1, pending: 0 } });
  expect(body.not_imported.map(({ row }: any) => row)).toEqual([2, 4, 5]);
  expect(await quotaOf(id)).toMatchObject({ generated: 1 });
});

test('no way through the messages of a pool makes a license sellable that has expired', async () => {
  const id = await contractOf({ type: 'pool' });
  const [named, unnamed, revoked] = rowsOf(3) as [string, string, string];
  const { body } = await upload(
    id,
    `key,status,expires_at\n${named},expired,2020-01-01\n${unnamed},,2020-01-01\n${revoked},revoked,2020-01-01\n`,
  );
  expect(body.not_imported).toMatchObject([
    { key: named, code: 'EXPIRY_BY_CONTRACT', message: expect.stringContaining('the status revoked') },
    {
      key: unnamed,
      code: 'EXPIRY_BY_CONTRACT',
      message: expect.stringMatching(/leave it out, so that it is not sold/),
    },
  ]);
  const without_date = await upload(id, `key,status,expires_at\n${named},expired,\n`);
  expect(without_date.body.not_imported).toMatchObject([{ code: 'STATUS_CONTRADICTED' }]);
  const sale = { order_ref: randomUUID(), count: 1 };
  expect((await api.call('POST', `/contracts/${id}/pool/grab`, { body: sale })).body).toMatchObject({
    code: 'POOL_EMPTY',
  });
  expect(await licenseOf(id, revoked)).toMatchObject({ status: 'revoked' });
});

test('the longest key is found by the whole key', async () => {
  const id = await contractOf();
  const key = `${newKey()}${'K'.repeat(1_024)}`.slice(0, 1_024);
  await upload(id, `key\n${key}\n`);
  expect(await licenseOf(id, key)).toMatchObject({ key, status: 'available' });
});

test('a draft refuses an import with the remedy', async () => {
  const draft = await addContract(api, catalogue, { status: 'inactive', quota: 10 });
  const refusal = await upload(draft.id, `key\n${newKey()}\n`);
  expect(refusal.status).toBe(409);
  expect(refusal.body.detail).toMatch(/Activate it first\. .*imports none\./);
});

test.each([
  ['', 'no rows'],
  ['key\n', 'no rows'],
  ['key;status\nABCDEFGH;active\n', 'semicolons'],
  ['key,plan\nABCDEFGH,pro\n', '“plan”'],
  ['key\n"ABCDEFGH\n', 'quotation mark'],
  [`key\n${'x'.repeat(20_000)}\n`, '16384 bytes'],
  [Buffer.from('key\nABCDEF\xe4\n', 'latin1'), 'not UTF-8'],
  [Buffer.from('\ufeffkey\nABCDEFGH\n', 'utf16le'), 'UTF-16'],
] as [string | Buffer, string][])('the file %j is refused as a whole: %s', async (file, message) => {
  const answer = await upload(await contractOf(), file);
  expect(answer.status).toBe(422);
  expect(answer.body.errors).toEqual([{ path: 'file', message: expect.stringContaining(message) }]);
});

test('a file of another media type or encoding is refused before it is read', async () => {
  const id = await contractOf();
  for (const headers of [
    { 'Content-Type': 'application/json' },
    { 'Content-Encoding': 'br' },
    { 'Content-Type': 'text/csv; charset=latin1' },
  ])
    expect((await upload(id, 'key\nABCDEFGH', { headers })).status).toBe(415);
});
