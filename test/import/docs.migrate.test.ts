/** The program of docs/migrate.md maps exports of other systems to files whose every row can be imported. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFile } from '../../api/import/file-reader';
import type { ReadChunk } from '../../db/import/chunk';

const PROGRAM = join(__dirname, '..', '..', 'docs', 'migrate', 'map.mjs');
const CONTEXT = { now: '2027-06-15T12:00:00.000Z', timezone: 'UTC', duplicates: 'reject' } as const;

/** The rows of the file that the program makes of an export. */
async function mapped(system: string, exported: string): Promise<ReadChunk> {
  const file = execFileSync(process.execPath, [PROGRAM, system], { input: exported });
  const chunks: ReadChunk[] = [];
  await readFile([file] as never, CONTEXT, async (chunk) => void chunks.push(chunk));
  return chunks[0] as ReadChunk;
}

test('an export of Keygen', async () => {
  const created = '2026-01-01T00:00:00.000Z';
  const licenses = [
    {
      license: {
        attributes: {
          key: 'C1B6DE-39A6E3',
          status: 'ACTIVE',
          suspended: false,
          created,
          expiry: '2028-01-01T00:00:00.000Z',
        },
      },
      owner: { attributes: { email: 'ada@example.com', fullName: 'Ada, Ltd' } },
      machines: [{ attributes: { fingerprint: '4d:Eq;UV', created: '2026-02-01T00:00:00.000Z' } }],
    },
    {
      license: {
        attributes: { key: 'key/eyJhIjoxfQ==.c2ln', status: 'SUSPENDED', suspended: true, created, expiry: null },
      },
    },
    { license: { attributes: { key: 'BANNED-KEY', status: 'BANNED', suspended: false, created, expiry: null } } },
  ];
  const { accepted, outcomes } = await mapped('keygen', licenses.map((one) => JSON.stringify(one)).join('\n'));
  expect(outcomes).toEqual([]);
  expect(accepted).toEqual([
    {
      ...{
        ordinal: 1,
        key: 'C1B6DE-39A6E3',
        customer: 'ada@example.com',
        customer_name: 'Ada, Ltd',
        created_at: created,
      },
      ...{ assigned_at: '2026-02-01T00:00:00.000Z', activated_at: '2026-02-01T00:00:00.000Z' },
      ...{ expires_at: '2028-01-01T00:00:00.000Z', devices: ['4d:Eq;UV'] },
    },
    { ordinal: 2, key: 'key/eyJhIjoxfQ==.c2ln', created_at: created, suspended_at: CONTEXT.now },
    { ordinal: 3, key: 'BANNED-KEY', created_at: created, revoked_at: CONTEXT.now },
  ]);
});

test('an export of LicenseSpring', async () => {
  const exported = [
    'license__license_key,product__short_code,customer__email,customer__first_name,customer__last_name,customer__company_name,license__enabled,license__validity_period',
    'GPB7-279T-6MNK-CQLK,pro,ada@example.com,Ada,Lovelace,,true,2027-12-31',
    'GPB7-279T-6MNK-CQLL,pro,,,,,false,',
  ].join('\r\n');
  const { accepted, outcomes } = await mapped('licensespring', exported);
  expect(outcomes).toEqual([]);
  expect(accepted).toEqual([
    {
      ...{ ordinal: 1, key: 'GPB7-279T-6MNK-CQLK', customer: 'ada@example.com', customer_name: 'Ada Lovelace' },
      ...{ assigned_at: CONTEXT.now, expires_at: '2028-01-01T00:00:00.000Z' },
    },
    { ordinal: 2, key: 'GPB7-279T-6MNK-CQLL', suspended_at: CONTEXT.now },
  ]);
});

test('answers of the API of Keygen, with the users and machines that they include', async () => {
  const license = (n: number, more: object = {}) => ({
    ...{ id: `l${n}`, type: 'licenses', attributes: { key: `KEYGEN-${n}`, status: 'ACTIVE', suspended: false } },
    relationships: { owner: { data: null }, machines: { meta: { count: 0 } }, ...more },
  });
  const owned = license(1, { owner: { data: { type: 'users', id: 'u1' } }, machines: { meta: { count: 1 } } });
  const included = [
    { id: 'u1', type: 'users', attributes: { email: 'ada@example.com', fullName: 'Ada' } },
    {
      ...{ id: 'm1', type: 'machines', relationships: { license: { data: { id: 'l1' } } } },
      attributes: { fingerprint: 'f1', created: '2026-02-01T00:00:00.000Z' },
    },
  ];
  const documents = [{ data: owned, included }, { data: [license(2), license(3)] }];
  const { accepted, outcomes } = await mapped('keygen', documents.map((one) => JSON.stringify(one)).join('\n\n'));
  expect(outcomes).toEqual([]);
  expect(accepted).toMatchObject([
    { key: 'KEYGEN-1', customer: 'ada@example.com', customer_name: 'Ada', devices: ['f1'] },
    { key: 'KEYGEN-2' },
    { key: 'KEYGEN-3' },
  ]);
  expect(problemOf('keygen', JSON.stringify({ data: owned }))).toContain('the license l1 does not have its owner');
  expect(problemOf('keygen', JSON.stringify({ data: owned, included: included.slice(0, 1) }))).toContain('1 machines');
});

/** What the program says about an export that it cannot map: one line, and no stack trace. */
function problemOf(system: string, exported: string): string {
  const { status, stderr } = spawnSync(process.execPath, [PROGRAM, system], { input: exported, encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^[^\n]+\n$/);
  return stderr;
}

test('an export of another form ends with what is wrong with it', () => {
  expect(problemOf('other', '')).toMatch(/^usage: node map.mjs keygen\|licensespring/);
  expect(problemOf('keygen', '\n{')).toContain('line 2 is no JSON document');
  expect(problemOf('keygen', '{"id":"l1"}')).toContain('line 1 has no license with a key');
  expect(problemOf('licensespring', 'license__license_key;customer__email\nABC-DEF;a@b.c\n')).toContain(
    'no column license__license_key',
  );
  expect(problemOf('licensespring', 'license__license_key,customer__email\nABC-DEF\n')).toContain('columns');
});

test('the lines of Keygen in docs/migrate.md can be mapped', async () => {
  const guide = readFileSync(join(PROGRAM, '..', '..', 'migrate.md'), 'utf8');
  const [, lines = ''] = /```json\n(.+?)```/s.exec(guide) ?? [];
  const { accepted, outcomes } = await mapped('keygen', lines);
  expect([...accepted, ...outcomes]).toHaveLength(2);
});
